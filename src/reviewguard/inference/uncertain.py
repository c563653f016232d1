"""The messages of an export that a model is least sure of, in bounded memory."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from math import exp, log, log2

from reviewguard.inference.doubts import is_judged
from reviewguard.inference.kinds import KindCounter
from reviewguard.schema import ScoredRecord, Verdict
from reviewguard.settings import ProfileSettings


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
    def text(self) -> str:
        """The seller's words."""
        return self.row.record.text

    @property
    def probability(self) -> float:
        """Of a violation, 0–1."""
        return _probability(self.row.verdict)


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
    """Keep the `most` least certain messages, one of each kind (the first read)."""
    kinds, order, unfit = KindCounter(), count(), 0
    heap: list[tuple[float, int, bytes, ScoredRecord]] = []
    for row in _judged(rows):
        if row.verdict and not is_judged(row.verdict.reasons):
            unfit += 1
            continue
        kind, first = kinds.add(row.record.text)
        if first:
            entry = (uncertainty(_probability(row.verdict), cuts), -next(order), kind, row)
            (heapq.heappush if len(heap) < most else heapq.heappushpop)(heap, entry)
    kept = tuple(
        Candidate(row, value, kinds.counts[kind]) for value, _, kind, row in sorted(heap, reverse=True)
    )
    return Candidates(kept, kinds.counts.total(), len(kinds.counts), unfit)


def uncertainty(probability: float, cuts: ProfileSettings) -> float:
    """How much a label would tell, 0–1.

    Between the thresholds the entropy of the probability, in bits (Settles, "Active learning literature survey", 2009);
    outside, that of the nearer threshold, which fades with the distance in logits.
    """
    nearest = min(max(probability, cuts.lower), cuts.upper)
    return _entropy(nearest) * exp(-abs(_logit(probability) - _logit(nearest)))


def _judged(rows: Iterable[ScoredRecord]) -> Iterator[ScoredRecord]:
    return (row for row in rows if row.verdict and row.verdict.probability is not None)


def _probability(verdict: Verdict | None) -> float:
    assert verdict is not None  # candidates are judged
    assert verdict.probability is not None
    return verdict.probability


def _entropy(p: float) -> float:
    return 0.0 if p in (0.0, 1.0) else -p * log2(p) - (1 - p) * log2(1 - p)


def _logit(p: float) -> float:
    inside = min(max(p, 1e-6), 1 - 1e-6)
    return log(inside / (1 - inside))
