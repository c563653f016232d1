"""Conversations in JSON: messages that stand in lists inside an object, each with what the object says of all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from reviewguard.readers.cells import to_cells
from reviewguard.readers.columns import Columns, has_summary, may_be_answer, recognise
from reviewguard.readers.identifiers import find_asin, find_order_id
from reviewguard.readers.message_lists import (
    MAILBOX,
    RECEIVED,
    Cells,
    Lists,
    has_text,
    is_listed,
    last_name,
    lists_in,
    message_lists,
    side_of,
    what_of,
    without,
    writer_of,
)
from reviewguard.readers.roles import WRITER_IDS, role_columns, tells_audience, told_role
from reviewguard.readers.table import Row
from reviewguard.readers.vocabulary import fold
from reviewguard.schema import Cell, Role

_WHOLE = ("order_id", "thread")
"""What makes a mailbox's lists one conversation."""
_NOTES = ("notes", "internal_notes", "private_notes")
"""Lists whose names say who wrote what is in them."""
_COMMENTS, _MESSAGES = "comments", "messages"
_REPLIES = ("replies", "reply", "responses", "answers", "antworten")
"""Lists of messages in which bare text is the other side's."""
_OTHER_SIDE: Mapping[Role | None, Role] = {"seller": "buyer", "buyer": "seller"}
_MANY = ("conversations", "threads")
"""Those of the lists that may hold whole conversations, if nobody is named as a writer; the others hold messages."""
_OPENINGS = ("source", "conversation_message")
"""Objects with the first message of a conversation, as Intercom calls them."""
_SHARED = ("order_id", "subject", "asin")
_SELLER_ORDER = "seller_order_id"
"""What eDesk calls Amazon's number of an order, beside a number of its own."""
_OF_CONVERSATION = "conversation."
_THREAD, _OPENER = f"{_OF_CONVERSATION}id", "sender_type"


class _Message(NamedTuple):
    """A message's cells, and which of them are its conversation's, in columns that mean nothing."""

    cells: Cells
    beside: frozenset[str]


def message_rows(
    value: Any, place: str, given: Columns, told: Mapping[str, Cell] = MappingProxyType({})
) -> Iterator[Row]:
    """A row for each message of a value that stands at this place of a file; one at least.

    Args:
        told: what the list that it stands in says of it, see `told_by`.
    """
    messages = list(_unfold(value, given, _fitting(told, value, given)))
    thread = place if len(messages) > 1 and _is_one_conversation(value, given) else None
    for number, message in enumerate(messages, 1):
        yield _row(message, place if len(messages) == 1 else f"{place}, message {number}", thread)


def _row(message: Any, place: str, thread: str | None) -> Row:
    if isinstance(message, _Message):
        return Row(place, message.cells, thread=thread, beside=message.beside)
    return Row(place, {}, f"not a JSON object but a {type(message).__name__}")


def told_by(path: str, others: Collection[str]) -> Cells:
    """What the name of a list says of its messages: their order or conversation, who wrote them, that they are notes.

    Args:
        path: where it stands, names joined by points.
        others: the same of the other lists; what stands alone under "notes" may be messages, and "comments" are notes
            beside "messages" alone, if they do not say that they are public. "customer_messages" may be both sides'
            where no list beside them is the seller's.
    """
    parent, _, name = path.rpartition(".")
    if order_id := find_order_id(name) or find_order_id(parent):
        return {"order_id": order_id}
    if any(map(str.isdigit, parent)) and any(other.endswith(f".{name}") for other in others):
        return {_THREAD: parent}  # conversations by their ids
    if others and fold(name) in _NOTES:
        return {"is_note": True}
    beside = [last_name(other) for other in others if other.rpartition(".")[0] == parent]
    if fold(name) == _COMMENTS and _MESSAGES in beside:
        return {"public": False}
    writer = side_of(fold(name))
    told = writer == "seller" or fold(name) in RECEIVED or "seller" in map(side_of, beside)
    return {_OPENER: writer} if writer and told else {}


def is_conversation(value: Any, given: Columns) -> bool:
    """Whether an object says something of all messages in it, and they do not speak of different things."""
    if not isinstance(value, dict):
        return False
    lists = message_lists(value, given)
    own = to_cells(without(value, lists))
    if not lists or not (_outer(own, given) or has_text(own, given) or has_summary(own)):
        return bool(_opening(value, own, given))
    if MAILBOX.intersection(map(last_name, lists)) and recognise(tuple(own), given).keys().isdisjoint(_WHOLE):
        return False
    return _holds_one(lists, given)


def _is_one_conversation(value: Any, given: Columns) -> bool:
    lists = message_lists(value, given) if isinstance(value, dict) else {}
    return bool(lists) and _holds_one(lists, given)


def _holds_one(lists: Lists, given: Columns) -> bool:
    """Whether the lists hold the messages of one conversation."""
    if not all(map(is_listed, lists)):
        return False
    many = any(last_name(path) in _MANY for path in lists)
    entries = [entry for path in lists for entry in lists[path] if isinstance(entry, dict)]
    if many and not any(
        writer_of(cells, given) for cells in map(to_cells, entries) if has_text(cells, given)
    ):
        return False
    return not any(message_lists(entry, given) for entry in entries) and _agree(entries, given)


def _agree(entries: Iterable[Mapping[str, Any]], given: Columns) -> bool:
    """Whether messages name one thread, order, subject and ASIN at most."""
    said: dict[str, set[Cell]] = {}
    for cells in map(to_cells, entries):
        found = recognise(tuple(cells), given)
        for field in ("thread", *_SHARED):
            said.setdefault(field, set()).add(cells.get(found.get(field, "")))
    return all(len(values - {None, ""}) <= 1 for values in said.values())


def _unfold(value: Any, given: Columns, carried: Cells) -> Iterator[Any]:
    """The messages of an object, oldest first; the value as it is where it is no object.

    A message takes over the id of its conversation as the thread, its order, ASIN and subject. What has words of
    its own beside the list is a message too: the buyer's, if nothing says who wrote it and the first answer is the
    seller's. Intercom has the first message in an object of its own.
    """
    if isinstance(value, list) and value:
        for entry in value:
            yield from _unfold(entry, given, carried)
        return
    if isinstance(value, str):
        yield _shared(carried, {"text": value})
        return
    if not isinstance(value, dict):
        yield value
        return
    if carried.get("public") is False and any(map(tells_audience, value)):
        carried = _but(carried, "public")
    lists = message_lists(value, given)
    own = to_cells(without(value, lists))
    opening = _opening(value, own, given)
    if lists or opening:
        people = _people(value, lists, given) if lists else {}
        yield from _conversation(own, opening, lists, people, given, carried)
    elif _OPENER in carried and writer_of(own, given):
        yield _shared(_but(carried, _OPENER), own)
    else:
        yield _shared(carried, own)


def _conversation(
    own: Cells, opening: Cells, lists: Lists, people: Mapping[str, Role], given: Columns, carried: Cells
) -> Iterator[Any]:
    outer = _outer(opening | own, given)
    writer: Role | None = None
    if has_text(own, given):
        carried = outer | carried
        writer = writer_of(own, given) or told_role({_OPENER: carried.get(_OPENER)})
        yield _shared(carried, own | _opened_by(own, lists, given))
    else:
        carried = {**_but(carried, _THREAD), **_beside(own, outer, opening), **outer}
    if opening:
        yield _shared(carried | _dates(own, given), opening)
    carried = _but(carried, _OPENER)  # whose the conversation is does not say whose its messages are
    for path, entries in lists.items():
        told = told_by(path, lists.keys() - {path})
        for place, entry in enumerate(entries):
            replied = _replied(path, writer, first=place == 0) if isinstance(entry, str) else {}
            said = replied | _fitting(told, entry, given) | _by_id(entry, people)
            yield from _unfold(entry, given, carried | said)


def _replied(path: str, writer: Role | None, *, first: bool) -> Cells:
    """Who wrote a bare reply to a message: it cannot say so itself, and the seller may have answered the first."""
    side = _OTHER_SIDE.get(writer) if what_of(last_name(path)) in _REPLIES else None
    return {_OPENER: side} if side and (first or side == "seller") else {}


def _fitting(told: Mapping[str, Cell], value: Any, given: Columns) -> Cells:
    """What the name of a list says, without the conversation where a message names its own, or its order."""
    if _THREAD not in told or not isinstance(value, dict):
        return dict(told)
    cells = to_cells(value)
    found = recognise(tuple(cells), given)
    named = any(cells.get(found.get(field, "")) not in (None, "") for field in ("thread", "order_id"))
    return _but(dict(told), _THREAD) if named else dict(told)


def _people(value: Mapping[str, Any], lists: Lists, given: Columns) -> dict[str, Role]:
    """Who is who, where a list beside the messages says it of ids: `{"users": [{"id": 1, "type": "agent"}]}`."""
    others = (entry for path, entries in lists_in(value) if path not in lists for entry in entries)
    cells = (to_cells(entry) for entry in others if isinstance(entry, dict))
    return {str(one["id"]): role for one in cells if "id" in one and (role := writer_of(one, given))}


def _by_id(entry: Any, people: Mapping[str, Role]) -> Cells:
    if not people or not isinstance(entry, dict):
        return {}
    named = {fold(name): str(value) for name, value in entry.items()}
    role = next((people[named[name]] for name in WRITER_IDS if named.get(name) in people), None)
    return {_OPENER: role} if role else {}


def _opening(value: Mapping[str, Any], own: Cells, given: Columns) -> Cells:
    """The first message of a conversation where it stands in an object of its own and names its writer."""
    if has_text(own, given):
        return {}
    objects = (to_cells(value[name]) for name in _OPENINGS if isinstance(value.get(name), dict))
    return next((cells for cells in objects if has_text(cells, given) and writer_of(cells, given)), {})


def _dates(own: Cells, given: Columns) -> Cells:
    column = recognise(tuple(own), given).get("date")
    return {column: own[column]} if column else {}


def _opened_by(own: Cells, lists: Lists, given: Columns) -> Cells:
    answers = (entry for entries in lists.values() for entry in entries if isinstance(entry, dict))
    first = next(answers, {})
    if writer_of(own, given) is None and writer_of(to_cells(first), given) == "seller":
        return {_OPENER: "buyer"}
    return {}


def _outer(own: Cells, given: Columns) -> Cells:
    """What an object says of all messages in it, in columns that are known; an order may tell its ASIN."""
    found = recognise(tuple(own), given)
    amazons = next((name for name, cell in own.items() if cell and fold(name).endswith(_SELLER_ORDER)), "")
    order, _, _ = (amazons or found.get("order_id", "")).rpartition(".")
    items = [cell for name, cell in own.items() if name.startswith(f"{order}.") and isinstance(cell, str)]
    shared: Cells = {"asin": find_asin(*items)} if order and "asin" not in found else {}
    shared |= {found[field]: own[found[field]] for field in _SHARED if field in found}
    shared |= {"order_id": own[amazons]} if amazons else {}
    numbers = (own[found[field]] for field in ("thread", "id") if field in found)
    thread = next((number for number in numbers if number not in (None, "")), None)
    return {name: cell for name, cell in {_THREAD: thread, **shared}.items() if cell not in (None, "")}


def _beside(own: Cells, outer: Cells, opening: Cells) -> Cells:
    """What else an object says of its messages, in columns that mean nothing: for the output, or to be given."""
    first = tuple(f"{name}." for name in _OPENINGS if opening)
    others = (
        name for name in own if name not in outer and not name.startswith(first) and _is_plain(own[name])
    )
    named = {f"{_OF_CONVERSATION}{name.removeprefix(_OF_CONVERSATION)}": own[name] for name in others}
    return {name: cell for name, cell in named.items() if not _has_meaning(name)}


def _is_plain(cell: Cell) -> bool:
    return cell not in (None, "") and not str(cell).startswith(("{", "[{"))


@lru_cache(maxsize=1024)
def _has_meaning(column: str) -> bool:
    return bool(recognise((column,), {}) or role_columns((column,)) or may_be_answer(column))


def _but(carried: Cells, name: str) -> Cells:
    return {other: cell for other, cell in carried.items() if other != name}


def _shared(carried: Cells, own: Cells) -> _Message:
    """A message with the cells of its conversation where it has nothing in their place."""
    missing = {name: cell for name, cell in carried.items() if own.get(name) in (None, "")}
    beside = (name for name in missing if name.startswith(_OF_CONVERSATION) and not _has_meaning(name))
    return _Message(own | missing, frozenset(beside))
