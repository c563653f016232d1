"""Sorts new labels into new ones, repetitions, and ones that contradict what is known."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from reviewguard.curation.labels import StoredLabel
from reviewguard.curation.nearest import Likeness
from reviewguard.labelling.likes import Known, find_likes
from reviewguard.schema import LabelledMessage
from reviewguard.text import words

Kind = Literal["exact", "near"]
Decision = Literal["accept", "reject", "both"]

_AT_ONCE = 200
"""Rows that are compared with each other, and with those before them that stand."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A new label.

    Attributes:
        place: where in its file, for people.
        original: the message before personal details were taken out.
    """

    label: StoredLabel
    place: str
    original: LabelledMessage

    @property
    def id(self) -> str:
        """The id it has in the dataset."""
        return self.label.message.id

    @property
    def known(self) -> Known:
        """What later labels are compared with."""
        return Known(self.label.message, None, self.original)


@dataclass(frozen=True, slots=True)
class Repetition:
    """A new label of a message that has the same label already; `similarity` is a Jaccard index, 0–1."""

    new: Candidate
    old: Known
    kind: Kind
    similarity: float


@dataclass(frozen=True, slots=True)
class Conflict:
    """A new label of a message that has another label already.

    A label that contradicts several is in as many conflicts, decided together.

    Attributes:
        decision: what was decided: take the new one for the old, keep the old one, or keep both; None while open.
    """

    new: Candidate
    old: Known
    kind: Kind
    similarity: float
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """New labels, sorted."""

    fresh: tuple[Candidate, ...]
    repetitions: tuple[Repetition, ...]
    conflicts: tuple[Conflict, ...]


def compare(new: Sequence[Candidate], known: Sequence[Known]) -> Comparison:
    """Compare each new label with all known ones and those before it; it has a conflict for each one it contradicts.

    The same: text and buyer's message equal but for case and white space. Near: shingles of both with a Jaccard
    similarity of at least 0.8, before or after personal details were taken out; or equal but for the names that stand
    in the place of `[name]`. A near one is new all the same if most words of one of its marks are not in the known one.
    """
    pool = [*known, *(item.known for item in new)]
    fresh: list[Candidate] = []
    repetitions: list[Repetition] = []
    conflicts: list[Conflict] = []
    standing: set[int] = set()  # places of rows that repeat nothing: only they are compared with
    likes_of = _likes_before(pool, len(known), standing)
    for place, (item, near) in enumerate(zip(new, likes_of, strict=True), len(known)):
        repeated, contradicted = _sorted(item, pool, near)
        conflicts += [Conflict(item, *found) for found in contradicted]
        if repeated and not contradicted:
            repetitions.append(Repetition(item, *repeated))
            continue
        standing.add(place)
        if not contradicted:
            fresh.append(item)
    return Comparison(tuple(fresh), tuple(repetitions), tuple(conflicts))


def _likes_before(pool: Sequence[Known], first: int, standing: Collection[int]) -> Iterator[list[Likeness]]:
    """For each row of the pool, from the first on, what it is like of the known labels and of the rows that stand.

    A template sent a thousand times is like itself a million times, so rows are compared in turns.

    Args:
        standing: places of rows, which grow while this goes on.
    """
    of_known = find_likes(pool[first:], pool[:first])
    for begin in range(first, len(pool), _AT_ONCE):
        rows = range(begin, min(begin + _AT_ONCE, len(pool)))
        places = [*sorted(standing), *rows]
        of_rows = find_likes([pool[place] for place in rows], [pool[place] for place in places])
        for place, likes in zip(rows, of_rows, strict=True):
            moved = (Likeness(places[like.index], like.similarity) for like in likes)
            yield [*of_known[place - first], *(like for like in moved if like.index in standing)]


_Found = tuple[Known, Kind, float]


def _sorted(
    item: Candidate, pool: Sequence[Known], near: Sequence[Likeness]
) -> tuple[_Found | None, list[_Found]]:
    """What the label repeats, and what it contradicts.

    What repeats a stored label can contradict rows of its own file alone: conflicts with stored labels were settled
    when that one was added.
    """
    nearest = _nearest(item, pool, near)
    repeated = None
    if nearest and _same_label(item, nearest[0]):
        repeated = _nearest(item, pool, (like for like in near if _says_it(item, pool, like)))
    if repeated and repeated[0].message.id == item.id and repeated[0].file is None:
        return repeated, []
    others = {like.index: like for like in near if not _same_label(item, pool[like.index])}
    found = (_nearest(item, pool, [like]) for _, like in sorted(others.items()))
    return repeated, [one for one in found if one and not (repeated and one[0].file)]


def _nearest(item: Candidate, pool: Sequence[Known], near: Iterable[Likeness]) -> _Found | None:
    """The same message before a like one; of the same the last, which stands for those before it.

    Of like ones the more alike first, then one with the same label.
    """

    def rank(like: Likeness) -> tuple[int, float, bool]:
        old = pool[like.index]
        return like.index if _same_words(item, old) else -1, like.similarity, _same_label(item, old)

    best = max(near, key=rank, default=None)
    if best is None:
        return None
    place, similarity, _ = rank(best)
    return pool[best.index], "near" if place < 0 else "exact", similarity


def _says_it(item: Candidate, pool: Sequence[Known], like: Likeness) -> bool:
    """Whether the known label is the same, of the same words or of some that show what this one shows."""
    old = pool[like.index]
    return _same_label(item, old) and (_same_words(item, old) or _shows_the_marks(item, old))


def _same_words(item: Candidate, old: Known) -> bool:
    return not item.known.forms.isdisjoint(old.forms)


def _shows_the_marks(item: Candidate, old: Known) -> bool:
    message = item.label.message
    known = set(words(old.message.text))
    marked = (message.text[mark.start : mark.end] for mark in message.rationale)
    return all(
        2 * len(own & known) > len(own) if (own := set(words(quote))) else quote in old.message.text
        for quote in marked
    )


def _same_label(item: Candidate, old: Known) -> bool:
    return set(item.label.message.types) == set(old.message.types)
