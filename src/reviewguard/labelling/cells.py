"""Cells of a labelled row: lists, quotes and offsets, in whatever way people write them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reviewguard.labelling.words import mark
from reviewguard.policy import load_policy
from reviewguard.readers.vocabulary import fold
from reviewguard.schema import Cell, Rationale

_NAMED = re.compile(r"(\w[\w -]*?)\s*:\s*(.+)", re.DOTALL)
"""A quote that says its type: `incentive: get a mug`."""

_LISTED = re.compile(r"\[\s*(?:[\"{\[\]]|-?\d)")
"""How a JSON list begins; a quote may begin with a placeholder, `[name]`."""


class Unusable(ValueError):
    """What is wrong with a row, for a person."""


def list_of(cell: Cell) -> Sequence[Any]:
    """The list in a cell: JSON, or quotes with a bar or a line break between."""
    word = word_of(cell)
    if not _LISTED.match(word):
        return [part.strip().strip('"“”') for part in re.split(r"[|\n]", word) if part.strip()]
    try:
        value = json.loads(word)
    except ValueError as error:
        raise Unusable(f"{word[:60]!r} is no list: {error}") from error
    return value if isinstance(value, list) else [value]


def rationale_of(items: Sequence[Any], text: str, types: tuple[str, ...]) -> tuple[Rationale, ...]:
    """The stretches that quotes or offsets mark, in text order.

    Raises:
        Unusable: a quote is not in the text, offsets are not within it or lead to other words than stand beside them,
            or it is not clear for which type, or there is none.
    """
    if not types:
        if any(not isinstance(item, str) or re.search(r"[^\W\d_]", item) for item in items):
            raise Unusable("words are marked, but no type is given: name their type, or leave them out")
        return ()  # a dash, or a count of words
    found = [stretch for item in items for stretch in _stretches(item, text, types)]
    return tuple(sorted(set(found)))


def _stretches(item: Any, text: str, types: tuple[str, ...]) -> Iterator[Rationale]:
    if isinstance(item, str):
        named = _NAMED.fullmatch(item)
        kind = fold(named[1]) if named else ""
        names_type = kind in types or (kind in load_policy().types and item not in text)
        item = {"type": kind, "quote": named[2]} if named and names_type else {"quote": item}
    if not isinstance(item, dict):
        raise Unusable(f"the rationale holds {item!r}, expected a quote, or start, end and type")
    kind = item.get("type") or (types[0] if len(types) == 1 else "")
    if kind not in types:
        raise Unusable(
            f"the rationale is for {kind or 'no type'}: write `type: words`, of {', '.join(types)}"
        )
    if "quote" in item:
        stretches = mark(text, [(str(item["quote"]), kind)])
        if not stretches:
            raise Unusable(f"the rationale quotes {item['quote']!r}, which is not in the text")
        yield from stretches
    else:
        yield _offsets(item, kind, text)


def _offsets(item: Mapping[str, Any], kind: str, text: str) -> Rationale:
    start, end = item.get("start"), item.get("end")
    if not (isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text)):
        raise Unusable(f"the rationale is {start}–{end}, expected offsets within 0–{len(text)}")
    words = item.get("text")
    if isinstance(words, str) and words.split() != text[start:end].split():
        raise Unusable(
            f"the rationale is {start}–{end}, where {text[start:end]!r} stands, expected {words!r}: offsets count "
            "characters, an emoji as one and a line break as the file has it; or give its words as `quote`"
        )
    return Rationale(start, end, kind)


def word_of(cell: Cell) -> str:
    """The cell without spaces around it."""
    return "" if cell is None else str(cell).strip()
