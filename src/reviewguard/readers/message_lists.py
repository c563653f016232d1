"""Which lists in a JSON object hold messages, told by their names, their writers and their words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reviewguard.readers.cells import to_cells
from reviewguard.readers.columns import Columns, has_summary, present, recognise
from reviewguard.readers.roles import role_names, role_of_value, told_role
from reviewguard.readers.vocabulary import fold, load_vocabulary
from reviewguard.schema import Cell, Role

_SENT = ("sent", "outbox", "outgoing", "outbound", "sent_messages", "gesendet", "postausgang")
RECEIVED = ("received", "inbox", "incoming", "inbound", "received_messages", "empfangen", "posteingang")
MAILBOX = frozenset((*_SENT, *RECEIVED))
_SAID_NAMES = (
    "messages message comments comment replies reply responses answers emails mails nachrichten antworten"
)
_SAID = frozenset(_SAID_NAMES.split())
"""Lists of which each entry is a message, bare text too; a word before it may say whose: "seller_messages"."""
_MAILS = ("emails", "mails")
"""Those of them in which bare text is an address."""
_NAMES = "conversation conversations conversation_parts thread threads notes posts chat transcript"
_LISTS = MAILBOX.union(_NAMES.split())
"""Lists, as `fold` writes them, that hold messages even where nobody is named as their writer."""
_EARLIER = ("previous", "quoted")
"""How lists begin that repeat other messages beside a message."""

Cells = dict[str, Cell]
Lists = dict[str, list[Any]]


def message_lists(value: Mapping[str, Any], given: Columns) -> Lists:
    """The lists with messages; where neither a list nor the object is known to have any, those with some text."""
    lists = dict(lists_in(value))
    telling = {path: entries for path, entries in lists.items() if _tells(path, entries, given)}
    rest = to_cells(without(value, telling)) if lists else {}
    if not lists or "text" in recognise(tuple(rest), given):
        return {
            path: entries for path, entries in telling.items() if not last_name(path).startswith(_EARLIER)
        }
    return telling or {path: entries for path, entries in lists.items() if _any_text(entries, given)}


def lists_in(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Path and entries of each list in an object that has an object or bare messages in it."""
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from lists_in(inner, f"{prefix}{name}.")
        elif isinstance(inner, list) and any(isinstance(e, dict) or _is_bare(name, e) for e in inner):
            yield f"{prefix}{name}", inner


def _is_bare(name: str, entry: Any) -> bool:
    """Whether an entry of a list is a message as bare text; single words are ids, addresses or tags."""
    if not isinstance(entry, str) or len(entry.split()) < 2:
        return False
    return _is_said(fold(name)) and what_of(fold(name)) not in _MAILS


def _tells(path: str, entries: list[Any], given: Columns) -> bool:
    """Whether a list is one of messages by its name or their writers, or has such lists inside."""
    objects = [entry for entry in entries if isinstance(entry, dict)]
    by_name = is_listed(path)
    if not objects or any(_is_message(to_cells(entry), given, by_name=by_name) for entry in objects):
        return True
    return any(_tells(name, inner, given) for entry in objects for name, inner in lists_in(entry))


def _is_message(cells: Cells, given: Columns, *, by_name: bool) -> bool:
    """Whether an entry of a list is a message, or the summary of one, which is said where it is read."""
    if has_text(cells, given):
        return by_name or writer_of(cells, given) in ("buyer", "seller")
    return by_name and has_summary(cells) and bool(writer_of(cells, given))


def _any_text(entries: Iterable[Any], given: Columns) -> bool:
    return any(isinstance(entry, dict) and has_text(to_cells(entry), given) for entry in entries)


def is_listed(path: str) -> bool:
    """Whether a list is one of messages by its name."""
    return last_name(path) in _LISTS or _is_said(last_name(path))


def _is_said(name: str) -> bool:
    """Whether a name is that of messages, alone or behind words that are known: not "suggested_replies"."""
    before, _, what = name.rpartition("_")
    known = not before or side_of(name) or load_vocabulary().fillers.issuperset(before.split("_"))
    return what in _SAID and bool(known)


def side_of(name: str) -> Role | None:
    """Which side wrote what is in a list, by its name."""
    if name in MAILBOX:
        return "buyer" if name in RECEIVED else "seller"
    whose, _, what = name.rpartition("_")
    role = role_of_value(whose) if what in _SAID else None
    return role if role in ("buyer", "seller") else None


def what_of(name: str) -> str:
    """The last word of a list's name: "replies" of "support_replies"."""
    return name.rpartition("_")[2]


def last_name(path: str) -> str:
    """The name of a list without where it stands, as `fold` writes it."""
    return fold(path.rpartition(".")[2])


def has_text(cells: Cells, given: Columns) -> bool:
    """Whether the column for the message holds anything."""
    column = recognise(tuple(cells), given).get("text")
    return column is not None and cells[column] not in (None, "")


def writer_of(cells: Cells, given: Columns) -> Role | None:
    """Who wrote it, where a cell tells that."""
    names = role_names(cells, present(given, cells).get("sender"))
    return told_role({name: cells[column] for column, name in names.items() if column in cells})


def without(value: Mapping[str, Any], lists: Iterable[str], prefix: str = "") -> dict[str, Any]:
    """The object without the lists at these paths."""
    lists = set(lists)
    if not lists:
        return dict(value)
    return {
        name: without(inner, lists, f"{prefix}{name}.") if isinstance(inner, dict) else inner
        for name, inner in value.items()
        if f"{prefix}{name}" not in lists
    }
