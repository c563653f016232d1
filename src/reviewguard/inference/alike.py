"""Puts messages that say the same together: a template sent 400 times is one finding, and one kind of message.

Method: what differs from order to order (names, numbers, days, placeholders, links) is taken out; equal remainders are
one template, and so are remainders whose Indel similarity (`rapidfuzz`) is high, provided that each letter holds the
words marked in the other: one sentence may decide a long letter that is otherwise the same. Letters without marks, as
the foreign ones that the model cannot read, are one only where their remainders are equal.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from itertools import count

from reviewguard.masking import mask
from reviewguard.text import words

ALIKE = 85.0
"""Indel similarity, 0–100, from which two remainders count as one template."""
_COMPARED = 2_000
"""Characters of a remainder that are compared."""
_CANDIDATES = 20
"""Remainders, the most similar first, whose marked words are looked for."""
_VARIABLE = re.compile(
    r"\{\{.{0,80}?\}\}|\[\[?[\w .|#-]{1,80}\]\]?|\$?\{[\w .|#-]{0,80}\}|%\d?\$?[sd]\b"
    r"|https?://[!-~]+|[!-~\d]{0,80}\d[!-~\d]*"
    r"|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b"
    r"|\b(?:January|February|March|April|June|July|August|September|October|November|December)\b"
)
"""Of what stands around a digit the ASCII alone: in Chinese or Japanese that would be the whole sentence."""
_LONGEST_SHARE = 2 * 100.0 / ALIKE - 1.0
"""How many times longer the longer of two alike remainders can be."""


def skeleton(text: str) -> str:
    """What a message says once names, numbers, days, placeholders, links, case and punctuation are taken out."""
    fixed = _VARIABLE.sub(" ", mask(text).text)
    return " ".join(words(fixed)) or " ".join(text.split()).casefold()


@dataclass(frozen=True, slots=True)
class _Letter:
    """The first with marks of a template: what it says, and its marked phrases."""

    words: str
    marked: frozenset[str]
    number: int

    def decides_alike(self, words: str, marked: frozenset[str]) -> bool:
        """Whether each of two letters holds the words marked in the other."""
        return _holds(words, self.marked) and _holds(self.words, marked)


def _holds(words: str, marked: frozenset[str]) -> bool:
    from rapidfuzz import fuzz

    return all(fuzz.partial_ratio(phrase, words, score_cutoff=ALIKE) > 0 for phrase in marked)


class TemplateIndex:
    """Gives every message the number of its template; the first of each kind stands for the others."""

    def __init__(self) -> None:
        self._by_text: dict[str, int] = {}
        self._by_skeleton: dict[str, int] = {}
        self._by_length: list[tuple[int, str, _Letter]] = []
        self._kept: set[int] = set()
        self._numbers = count()

    def number(self, text: str, marked: Iterable[str] = ()) -> int:
        """Number of the message's template, from 0 in order of appearance.

        Args:
            marked: stretches of the text that decide what it is.
        """
        phrases = frozenset(marked)
        if text not in self._by_text or (phrases and self._by_text[text] not in self._kept):
            self._by_text[text] = self._number(skeleton(text), frozenset(map(skeleton, phrases)))
        return self._by_text[text]

    def _number(self, words: str, marked: frozenset[str]) -> int:
        found = self._by_skeleton.get(words)
        if found is None and marked:
            found = self._alike(words, marked)
        if found is None:
            found = next(self._numbers)
        if marked and found not in self._kept:
            self._keep(_Letter(words, marked, found))
        self._by_skeleton[words] = found
        return found

    def _keep(self, letter: _Letter) -> None:
        self._kept.add(letter.number)
        compared = letter.words[:_COMPARED]
        insort(self._by_length, (len(compared), compared, letter), key=lambda item: item[:2])

    def _alike(self, words: str, marked: frozenset[str]) -> int | None:
        from rapidfuzz import fuzz, process

        compared = words[:_COMPARED]
        first = bisect_left(self._by_length, len(compared) / _LONGEST_SHARE, key=lambda item: item[0])
        last = bisect_right(self._by_length, len(compared) * _LONGEST_SHARE, key=lambda item: item[0])
        near = self._by_length[first:last]
        best = process.extract(
            compared, [w for _, w, _ in near], scorer=fuzz.ratio, score_cutoff=ALIKE, limit=_CANDIDATES
        )
        letters = (near[place][2] for _, _, place in best)
        return next((one.number for one in letters if one.decides_alike(words, marked)), None)


class KindCounter:
    """Counts messages by kind: what they say once names, numbers, days and links are taken out.

    Only digests of eight bytes are kept, two for each distinct text.

    Attributes:
        counts: kind → messages of it.
    """

    def __init__(self) -> None:
        self.counts: Counter[bytes] = Counter()
        self._kinds: dict[bytes, bytes] = {}

    def add(self, text: str, decision: str = "") -> tuple[bytes, bool]:
        """The message's kind, and whether it is the first of it.

        Args:
            decision: makes a kind of its own of what is decided otherwise, as after other words of the buyer.
        """
        name = _digest(text)
        said = self._kinds.get(name)
        if said is None:
            said = self._kinds[name] = _digest(skeleton(text))
        kind = said + decision.encode()
        self.counts[kind] += 1
        return kind, self.counts[kind] == 1


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
