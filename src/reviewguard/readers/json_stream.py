"""The objects of a JSON export one by one, in bounded memory, up to where the file is damaged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from reviewguard.readers.json_guard import LINE_SUFFIXES, json_blocks, json_source, parse_line
from reviewguard.readers.lines import decode_head, ends_line, read_lines
from reviewguard.readers.sources import bare_suffix, open_bytes, read_head
from reviewguard.readers.vocabulary import fold

MAX_LINE = 64 * 2**20
"""Characters of one line of a file with an object a line."""

MESSAGE_LISTS = ("comments", "messages", "conversations", "notes")
"""Lists of a ticket, or of a page of messages without their tickets."""

_TICKET = "ticket"
"""An object with this object in it is a ticket, and the lists beside it are the ticket's."""
_NAMES = "id display_id ticket_id ticket_number ticket_no case_id number reference uuid order_id order_number"
_OF_TICKETS = frozenset((*_NAMES.split(), "subject", "title", "created_at", "requester_id"))
"""What a ticket has, as `fold` writes it, and a page of tickets or messages has not."""
_OF_PAGES = frozenset(
    (
        *("count", "total", "total_count", "total_pages", "page", "pages", "page_size", "per_page", "limit"),
        *("next", "next_page", "next_url", "previous", "previous_page", "prev", "prev_page", "has_more"),
        *("after_cursor", "after_url", "before_cursor", "before_url", "cursor", "next_cursor", "prev_cursor"),
        *("start_time", "end_time", "end_of_stream", "meta", "object", "uri", "paging", "pagination"),
        *("links", "offset", "users", "groups", "organizations", "facets"),
    )
)
"""What a page has beside its lists, as `fold` writes it."""


@dataclass(frozen=True, slots=True)
class Damaged:
    """A stretch that is no JSON.

    Attributes:
        place: where, for people.
        reason: what is wrong there.
        rest: whether nothing can be read after it.
    """

    place: str
    reason: str
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A value with the name of the list it stands in; "" for the file's own list, its lines or its only object.

    Attributes:
        page: which object of the file's own list or lines has this list; "" where the file is one object, or several
            that nothing parts.
    """

    within: str
    value: Any
    page: str = ""


Shape = Literal["lines", "array", "page", "object"]


def read_objects(path: Path, lists: Sequence[str]) -> Iterator[Found | Damaged]:
    """Every object of an export, list after list.

    Understood are one array, objects with the named lists (such as the pages of an API: `{"tickets": […]}`), an array
    of these, a single object, and one object a line. A bad line is passed over; elsewhere nothing can be read after
    damage.

    Raises:
        InputError: the file cannot be opened, or its compression is damaged.
    """
    shape = _shape(path, lists)
    if shape == "lines":
        yield from _lines(path, lists)
        return
    within = {"array": ["item"], "object": [""]}.get(shape, [f"{name}.item" for name in lists])
    for prefix in within:
        name = prefix.removesuffix(".item") if shape == "page" else ""
        for number, found in enumerate(_items(path, prefix, name), 1):
            if isinstance(found, Damaged):
                yield found
                return
            is_page = shape == "array" and _has_page_alone(found.value, lists)
            yield from _on_page(found.value, f"item {number}", lists) if is_page else [found]


def is_one_value(path: Path) -> bool:
    """Whether a file holds one JSON value, as far as it can be read, and not several behind each other."""
    import ijson

    with open_bytes(path) as stream:
        events = ijson.parse(json_source(stream, path), use_float=True, multiple_values=True)
        starts = (
            event for prefix, event, _ in events if not prefix and event in ("start_map", "start_array")
        )
        try:
            return len(list(islice(starts, 2))) < 2
        except ijson.JSONError:
            return True


def mentioned(path: Path, names: Sequence[str]) -> tuple[str, ...]:
    """Those of the names that occur in the file between quotation marks: one quick pass, to spare slow ones."""
    missing, overlap = {name: f'"{name}"'.encode() for name in names}, b""
    with open_bytes(path) as stream:
        for block in json_blocks(stream, path):
            window = overlap + block
            missing = {name: quoted for name, quoted in missing.items() if quoted not in window}
            overlap = window[-64:]
            if not missing:
                break
    return tuple(name for name in names if name not in missing)


def has_list(path: Path, name: str, lists: Sequence[str]) -> bool:
    """Whether an object with the named lists has an entry in this one."""
    if _shape(path, lists) != "page":
        return False
    return isinstance(next(_items(path, f"{name}.item", name), None), Found)


def read_list(path: Path, name: str, lists: Sequence[str]) -> Iterator[Any]:
    """The values of one of the named lists, up to where the file is damaged."""
    paged = _shape(path, lists) in ("page", "object")
    for item in _items(path, f"{name}.item", name) if paged else read_objects(path, lists):
        if isinstance(item, Found):
            yield from [item.value] if item.within == name else _beside(item, name)


def _beside(found: Found, name: str) -> list[Any]:
    """The list of that name in an object that is given whole."""
    values = found.value.get(name) if isinstance(found.value, dict) and not found.within else None
    return values if isinstance(values, list) else []


def _items(path: Path, prefix: str, name: str) -> Iterator[Found | Damaged]:
    import ijson

    with open_bytes(path) as stream:
        try:
            for value in ijson.items(json_source(stream, path), prefix, use_float=True, multiple_values=True):
                yield Found(name, value)
        except ijson.JSONError as error:
            reason = f"the file breaks off or is no JSON from here on: {_short(error)}"
            yield Damaged(_where(name), reason, rest=True)


def _where(name: str) -> str:
    return f"end of {name}" if name else "end of file"


def _short(error: Exception) -> str:
    return str(error).strip("b'\"").partition("\n")[0].partition("\\n")[0]


def _shape(path: Path, lists: Sequence[str]) -> Shape:
    if _has_lines(path):
        return "lines"
    import ijson

    key = ""
    shape: Shape = "object"
    with open_bytes(path) as stream:
        events = ijson.parse(json_source(stream, path), use_float=True, multiple_values=True)
        try:
            for prefix, event, value in events:
                if event == "start_array" and not prefix:
                    return "array"
                if event == "start_array" and prefix == key and key in lists:
                    shape = "page"
                    if key not in MESSAGE_LISTS:
                        return shape
                elif event == "map_key" and not prefix:
                    key = value
                    if fold(key) in _OF_TICKETS:  # it may stand behind the ticket's messages
                        return "object"
                elif event == "start_map" and prefix == _TICKET:
                    return "object"
        except ijson.JSONError:
            pass
    return shape


def _has_lines(path: Path) -> bool:
    """Whether every line is an object: by suffix, or because there are several and one of the first two is."""
    if bare_suffix(path) in LINE_SUFFIXES:
        return True
    lines = decode_head(read_head(path)).strip().split("\n")
    return len(lines) > 1 and lines[0].startswith("{") and any(map(_is_object, lines[:2]))


def _is_object(line: str) -> bool:
    try:
        return isinstance(parse_line(line), dict)
    except ValueError:
        return False


def _lines(path: Path, lists: Sequence[str]) -> Iterator[Found | Damaged]:
    with open_bytes(path) as stream:
        for number, line in enumerate(_beginnings(read_lines(stream, read_head(path))), 1):
            if line.strip():
                yield from _line(line, f"line {number}", lists)


def _beginnings(pieces: Iterator[str]) -> Iterator[str]:
    """Each line, cut soon after `MAX_LINE`."""
    line, size = list[str](), 0
    for piece in pieces:
        if size < MAX_LINE:
            line.append(piece)
            size += len(piece)
        if ends_line(piece):
            yield "".join(line)
            line, size = [], 0
    yield "".join(line)


def _line(text: str, place: str, lists: Sequence[str]) -> Iterator[Found | Damaged]:
    try:
        value = parse_line(text)
    except ValueError as error:
        too_long = f"longer than {MAX_LINE:,} characters"
        yield Damaged(place, too_long if len(text) >= MAX_LINE else str(error))
        return
    yield from _on_page(value, place, lists)


def _has_page_alone(value: Any, lists: Sequence[str]) -> bool:
    """Whether an object of an array has nothing but lists and what is known of pages: it may be a ticket else."""
    return (
        isinstance(value, dict)
        and not value.keys().isdisjoint(lists)
        and all(isinstance(value[name], list) or fold(name) in _OF_PAGES for name in value)
    )


def _on_page(value: Any, place: str, lists: Sequence[str]) -> Iterator[Found]:
    """What stands in the named lists of a page; a ticket, a message or anything else as it is."""
    inside = [name for name in lists if isinstance(value, dict) and isinstance(value.get(name), list)]
    if not inside or not _OF_TICKETS.isdisjoint(map(fold, value)) or isinstance(value.get(_TICKET), dict):
        yield Found("", value)
        return
    for name in inside:
        yield from (Found(name, item, place) for item in value[name])
