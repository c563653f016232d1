"""Marks words of a message by their wording."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reviewguard.schema import Rationale
from reviewguard.text import normalize


def find_words(text: str, words: str, *, inside: bool = True) -> tuple[tuple[int, int], ...]:
    """Wherever these words stand, whatever their case and white space; character offsets, `end` exclusive.

    All places are given: what makes a type true must not stand elsewhere unmarked. Inside other words they are
    looked for only if they stand nowhere else, and as the model reads them, with straight quotes and without hidden
    characters, only if they are not in the text as written.

    Args:
        inside: look for them inside other words at all; single keys typed by mistake are there, too.
    """
    if found := _places(text, words, inside=inside):
        return found
    read = normalize(text)
    places = _places(read.text, normalize(words).text, inside=inside)
    return tuple(read.to_original(*place) for place in places)


def _places(text: str, words: str, *, inside: bool) -> tuple[tuple[int, int], ...]:
    parts = words.split()
    if not parts:
        return ()
    wanted = r"\s+".join(map(re.escape, parts))
    # Beside a full stop any letter may stand.
    start = r"(?<!\w)" if re.match(r"\w", parts[0]) else ""
    stop = r"(?!\w)" if re.search(r"\w\Z", parts[-1]) else ""
    whole = [m.span() for m in re.finditer(f"{start}{wanted}{stop}", text, re.IGNORECASE)]
    if whole or not inside:
        return tuple(whole)
    return tuple(m.span() for m in re.finditer(wanted, text, re.IGNORECASE))


def mark(text: str, quotes: Iterable[tuple[str, str]]) -> tuple[Rationale, ...]:
    """Rationales, in text order, for (words, type) pairs; words that are not in the text give none."""
    found = {Rationale(a, b, kind) for words, kind in quotes for a, b in find_words(text, words)}
    return tuple(sorted(found))
