"""JSON: a list of messages or of conversations, or an object that holds one or more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from reviewguard.errors import InputError
from reviewguard.readers.base import ReadOptions
from reviewguard.readers.columns import Columns, names_of
from reviewguard.readers.conversations import is_conversation, message_rows, told_by
from reviewguard.readers.json_guard import json_source
from reviewguard.readers.sources import begins_like_json, open_bytes
from reviewguard.readers.table import Row, to_records
from reviewguard.readers.vocabulary import fold, load_vocabulary
from reviewguard.schema import Record

_ITEM = "item"
"""What ijson calls the members of a list in its paths."""


_VAGUE = "description"
"""Name of the text that other things than messages have, too."""

_MAX_CONVERSATION = 4 * 2**20
"""Bytes of a file that may be a single conversation; larger ones are exports, and are not held in memory."""


class JsonReader:
    """One message an object, in every list whose objects have one, or a description where no object has a message.

    Where such a list stands in objects of another one, these are read whole: they are the conversations. So is the
    file's only object where it is one itself.
    """

    name = "json"
    suffixes = (".json",)
    mappable = None

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether it begins like a JSON list or object."""
        return begins_like_json(head)

    def read(self, path: Path, options: ReadOptions) -> Iterator[Record]:
        """One record for each message of the list's members."""
        alone = _is_conversation(path, options.columns)
        prefixes = [""] if alone else _find_lists(path, names_of(options.columns, "text"))
        yield from to_records(_rows(path, prefixes, options.columns), path, options)


def _is_conversation(path: Path, given: Columns) -> bool:
    """Whether the file is a single conversation; one that breaks off is read message by message."""
    import ijson

    with open_bytes(path) as stream:
        if len(stream.read(_MAX_CONVERSATION + 1)) > _MAX_CONVERSATION:
            return False
    try:
        with open_bytes(path) as stream:
            return is_conversation(
                next(ijson.items(json_source(stream, path), "", use_float=True), None), given
            )
    except (ijson.JSONError, InputError):
        return False


def _find_lists(path: Path, given: Sequence[str]) -> list[str]:
    """The ijson paths of the lists' members; "" where the whole file is one message.

    Args:
        given: names of the message, beside the usual ones.
    """
    import ijson

    told = tuple(map(fold, given))
    names = (*told, *load_vocabulary().columns["text"])
    other: str | None = None
    within: list[str] = []
    lists: dict[str, set[str]] = {}
    try:
        with open_bytes(path) as stream:
            for prefix, event, key in ijson.parse(json_source(stream, path), use_float=True):
                _follow(within, prefix, event)
                if event == "map_key" and (found := _list_of(prefix, key, names)):
                    outermost = within[0] if found in within else found
                    if outermost == _ITEM:
                        return [_ITEM]
                    lists.setdefault(outermost, set()).add(fold(key))
                if event == "map_key" and prefix == "" and fold(key) in names:
                    other = ""
                elif other is None and prefix.endswith(_ITEM) and event in ("start_map", "string"):
                    other = prefix if event == "start_map" or prefix == _ITEM else None
    except (ijson.JSONError, InputError):
        pass  # said when the rows are read
    return _of_messages(lists, told) or [other or ""]


def _of_messages(lists: Mapping[str, set[str]], told: Sequence[str]) -> list[str]:
    """Those of the lists that hold messages, by what they call the text: products are described, too."""
    vague = {_VAGUE} - set(told)
    return [path for path, calls in lists.items() if calls != vague] or list(lists)


def _list(path: str) -> str:
    """The list whose members stand at this path."""
    return path.removesuffix(_ITEM).rstrip(".")


def _follow(within: list[str], prefix: str, event: str) -> None:
    """Keep the paths of the members of the lists that are open, the outermost first."""
    if event == "start_array":
        within.append(f"{prefix}.{_ITEM}".lstrip("."))
    elif event == "end_array":
        within.pop()


def _list_of(prefix: str, key: str, names: tuple[str, ...]) -> str | None:
    outer, item, inner = f".{prefix}".rpartition(f".{_ITEM}")
    if not item or not (inner == "" or inner.startswith(".")) or fold(f"{inner} {key}") not in names:
        return None
    return f"{outer}{item}".lstrip(".")


def _rows(path: Path, prefixes: Sequence[str], given: Columns) -> Iterator[Row]:
    import ijson

    several = len(prefixes) > 1
    for prefix in prefixes:
        told = told_by(_list(prefix), [_list(other) for other in prefixes if other != prefix])
        where = f"{_list(prefix)} item" if several else "item"
        number = 0
        try:
            with open_bytes(path) as stream:
                for number, value in enumerate(
                    ijson.items(json_source(stream, path), prefix, use_float=True), 1
                ):
                    yield from message_rows(value, f"{where} {number}", given, told)
        except ijson.JSONError as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{path} cannot be read beyond {where} {number}: {reason}") from error
