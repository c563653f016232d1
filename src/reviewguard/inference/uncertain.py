"""The messages of an export that a model is least sure of, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from math import exp, log2

import numpy as np

from reviewguard.decision import logit
from reviewguard.inference.alike import KindCounter
from reviewguard.inference.doubts import is_judged
from reviewguard.schema import ScoredRecord
from reviewguard.settings import ProfileSettings

_Entry = tuple[float, int, bytes, ScoredRecord]
"""Uncertainty, place in the export counted downwards so that earlier ones are greater, kind, message."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A message that may be worth a label.

    Attributes:
        uncertainty: 0–1, see `uncertainty`.
        same: messages of the export that say the same, this one included.
    """

    row: ScoredRecord
    uncertainty: float
    same: int = 1

    @property
    def probability(self) -> float:
        """Of a violation, 0–1."""
        assert self.row.verdict is not None and self.row.verdict.probability is not None  # it is judged
        return self.row.verdict.probability


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The least certain messages, the least certain first.

    Attributes:
        judged: messages that were looked at.
        kinds: different ones among them.
        unfit: messages a label would not help with: not English, not readable.
    """

    kept: tuple[Candidate, ...]
    judged: int
    kinds: int
    unfit: int


def least_certain(rows: Iterable[ScoredRecord], cuts: ProfileSettings, most: int) -> Candidates:
    """Keep the `most` least certain messages, one of each kind: its least certain, the first read of equal ones.

    What the buyer said just before may decide a text, so sendings of one kind differ in how certain they are.
    """
    kinds, unfit, kept = KindCounter(), 0, _LeastCertain(most)
    for number, row in enumerate(rows):
        verdict = row.verdict
        if verdict is None or verdict.probability is None:
            continue
        if not is_judged(verdict.reasons):
            unfit += 1
            continue
        kind, _ = kinds.add(row.record.text)
        kept.offer((uncertainty(verdict.probability, cuts), -number, kind, row))
    return Candidates(
        tuple(Candidate(row, value, kinds.counts[kind]) for value, _, kind, row in kept.ranked()),
        kinds.counts.total(),
        len(kinds.counts),
        unfit,
    )


def uncertainty(probability: float, cuts: ProfileSettings) -> float:
    """How much a label would tell, 0–1.

    Between the thresholds the entropy of the probability, in bits (Settles, "Active learning literature survey", 2009);
    outside, that of the nearer threshold, which fades with the distance in logits.
    """
    nearest = min(max(probability, cuts.lower), cuts.upper)
    own, there = logit(np.array([probability, nearest]))
    return _entropy(nearest) * exp(-abs(own - there))


class _LeastCertain:
    """At most so many entries, the greatest, one of each kind."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[_Entry] = []
        self._of_kind: dict[bytes, _Entry] = {}

    def offer(self, entry: _Entry) -> None:
        """Take it in where it is greater than its kind's, and than the least of all where they are many."""
        kind = entry[2]
        before = self._of_kind.get(kind)
        least = before or (self._heap[0] if len(self._heap) == self._most else None)
        if least and least > entry:
            return
        if least:
            self._remove(least)
        self._of_kind[kind] = entry
        heappush(self._heap, entry)

    def ranked(self) -> list[_Entry]:
        """The greatest first."""
        return sorted(self._heap, reverse=True)

    def _remove(self, entry: _Entry) -> None:
        del self._of_kind[entry[2]]
        if entry is self._heap[0]:
            heappop(self._heap)
        else:
            self._heap.remove(entry)
            heapify(self._heap)


def _entropy(p: float) -> float:
    return 0.0 if p in (0.0, 1.0) else -p * log2(p) - (1 - p) * log2(1 - p)
