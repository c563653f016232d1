"""Splits messages into train, validation and test by whole groups, all labels in like shares."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reviewguard.curation.dedup import DUPLICATE, Shingles, shingles
from reviewguard.schema import LabelledMessage

SHARES: Mapping[str, float] = {"train": 0.70, "validation": 0.15, "test": 0.15}
_BLOCK = 500
_BOUND = DUPLICATE - 1e-9
"""A little less, so that rounding leaves no pair out."""
_RARE = 12
"""Rare shingles that a pair must share to be compared."""


@dataclass(frozen=True, slots=True)
class _Group:
    name: str
    counts: Counter[str]


def assign_splits(
    messages: Iterable[LabelledMessage],
    groups: Mapping[str, str],
    seed: int,
    frozen: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Message id → "train", "validation" or "test", whole groups together.

    Iterative stratification (Sechidis, Tsoumakas, Vlahavas 2011) with groups in place of examples:
    the label with the fewest unassigned messages goes first, its largest group first, to the split
    that still lacks most of that label. The result depends on the set of messages and the seed, not
    on their order.

    Args:
        groups: message id → group, for every message.
        frozen: message id → split decided earlier; such messages stay there. The others of their group go there
            too; where it has them in several splits, to the one that must stay unseen: test before validation before
            train.
    """
    messages = list(messages)
    frozen = frozen or {}
    decided: dict[str, str] = {}
    for message in messages:
        if split := frozen.get(message.id):
            group = groups[message.id]
            decided[group] = max(split, decided.get(group, split), key=tuple(SHARES).index)
    assigned = _Assignment(_collect(messages, groups), seed).run(decided)
    return {message.id: frozen.get(message.id, assigned[groups[message.id]]) for message in messages}


def strata(message: LabelledMessage) -> tuple[str, ...]:
    """What must be spread evenly: types (or none), register, having a buyer's message, all."""
    types = message.types or ("none",)
    context = ("previous",) if message.previous is not None else ()
    return (*types, f"register:{message.register}", *context, "all")


def _collect(messages: Iterable[LabelledMessage], groups: Mapping[str, str]) -> list[_Group]:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for message in messages:
        counts[groups[message.id]].update(strata(message))
    return [_Group(name, counts[name]) for name in sorted(counts)]


class _Assignment:
    """One run of the greedy assignment: what each split still wants, what is still to be given."""

    def __init__(self, groups: Sequence[_Group], seed: int) -> None:
        self.open = list(groups)
        Random(seed).shuffle(self.open)
        self.left = sum((group.counts for group in groups), Counter[str]())
        self.wanted = {
            split: {label: share * n for label, n in self.left.items()} for split, share in SHARES.items()
        }

    def run(self, decided: Mapping[str, str]) -> dict[str, str]:
        """Group name → split, with some groups decided already."""
        result: dict[str, str] = {g.name: decided[g.name] for g in self.open if g.name in decided}
        for group in (g for g in self.open if g.name in decided):
            self._take(group, decided[group.name])
        self.open = [group for group in self.open if group.name not in decided]
        while self.open:
            label = min((n, name) for name, n in self.left.items() if n > 0)[1]
            for group in self._with_label(label):
                result[group.name] = self._give(group, label)
        return result

    def _with_label(self, label: str) -> list[_Group]:
        """Takes the groups that hold the label out, largest first, ties in the seeded order."""
        found = sorted((g for g in self.open if label in g.counts), key=lambda g: -g.counts[label])
        self.open = [group for group in self.open if label not in group.counts]
        return found

    def _give(self, group: _Group, label: str) -> str:
        split = max(self.wanted, key=lambda s: (self.wanted[s][label], self.wanted[s]["all"]))
        self._take(group, split)
        return split

    def _take(self, group: _Group, split: str) -> None:
        for name, n in group.counts.items():
            self.wanted[split][name] -= n
            self.left[name] -= n


def find_leaks(messages: Sequence[LabelledMessage], splits: Mapping[str, str]) -> list[tuple[str, str]]:
    """Ids of every pair of messages in different splits whose texts have a Jaccard similarity of at least 0.8.

    Exact and over all pairs, so it does not share the hashing's blind spots.
    """
    matrix = shingle_matrix([shingles(message.text) for message in messages])
    side = [splits[message.id] for message in messages]
    return [(messages[i].id, messages[j].id) for i, j in _similar_pairs(matrix) if side[i] != side[j]]


def shingle_matrix(sets: Sequence[Shingles]) -> sparse.csr_array:
    """Shape `(messages, shingles)`, one where the message has the shingle."""
    names = {shingle: at for at, shingle in enumerate(sorted(frozenset().union(*sets)))}
    columns = [names[shingle] for items in sets for shingle in items]
    ends = np.cumsum([0, *map(len, sets)])
    values = np.ones(len(columns), dtype=np.int32)
    return sparse.csr_array((values, columns, ends), shape=(len(sets), len(names)))


def _similar_pairs(matrix: sparse.csr_array) -> list[tuple[int, int]]:
    """Index pairs, the earlier first; in blocks, to bound the memory.

    Two sets that are alike share some of their rarest shingles, so that only pairs that do are compared (prefix
    filtering: Chaudhuri, Ganti & Kaushik, "A primitive operator for similarity joins", ICDE 2006; with several
    shared ones: Wang, Li & Feng, "Can we beat the prefix filtering?", SIGMOD 2012).
    """
    sizes = np.asarray(matrix.sum(axis=1))
    rare = _rarest(matrix, sizes)
    others = rare.T.tocsr()
    pairs: list[tuple[int, int]] = []
    for begin in range(0, matrix.shape[0], _BLOCK):
        met = (rare[begin : begin + _BLOCK] @ others).tocoo()
        rows, columns = met.row.astype(np.int64) + begin, met.col.astype(np.int64)
        least, most = np.minimum(sizes[rows], sizes[columns]), np.maximum(sizes[rows], sizes[columns])
        needed = np.minimum(_RARE, np.ceil(_BOUND * most))
        close = (rows < columns) & (least >= _BOUND * most) & (met.data >= needed)
        rows, columns = rows[close], columns[close]
        shared = np.asarray(matrix[rows].multiply(matrix[columns]).sum(axis=1))
        similarity = shared / (sizes[rows] + sizes[columns] - shared)
        alike = similarity >= DUPLICATE
        pairs += zip(rows[alike].tolist(), columns[alike].tolist(), strict=True)
    return pairs


def _rarest(matrix: sparse.csr_array, sizes: NDArray[np.int64]) -> sparse.csr_array:
    """Of each row of n ones the n - ⌈0.8 n⌉ + _RARE in the rarest columns."""
    frequency = np.bincount(matrix.indices, minlength=matrix.shape[1])
    rank = np.empty(len(frequency), dtype=np.int64)
    rank[np.argsort(frequency, kind="stable")] = np.arange(len(frequency))
    row = np.repeat(np.arange(matrix.shape[0]), sizes)
    order = np.lexsort((rank[matrix.indices], row))
    place = np.arange(len(row)) - np.repeat(matrix.indptr[:-1], sizes)
    wanted = sizes - np.ceil(_BOUND * sizes) + _RARE
    kept = place < wanted[row]
    columns, rows = matrix.indices[order][kept], row[kept]
    return sparse.csr_array((np.ones(len(rows), dtype=np.int32), (rows, columns)), shape=matrix.shape)
