"""Which texts are alike, by the Jaccard index of their shingles; exact, over all pairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reviewguard.curation.rules import exact_key
from reviewguard.text import words

_SHINGLE = 5
_BLOCK = 150
_AT_ONCE = 10_000
"""Pairs whose shingles are compared at once: letters that differ in a word are all close."""
_SLACK = 1e-9
"""So much below the threshold, so that rounding leaves no pair out."""
_RARE = 12
"""Rare shingles that a pair must share to be compared."""

Shingles = frozenset[str]


class Pair(NamedTuple):
    """Two texts by their places, the earlier first, and their Jaccard index, 0–1."""

    first: int
    later: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Likeness:
    """A known text, by its place, and how like it is (Jaccard index of the shingles, 0–1)."""

    index: int
    similarity: float


def shingles(text: str) -> Shingles:
    """Every five characters in a row of the normalised words; the text itself if it has none."""
    joined = " ".join(words(text)) or exact_key(text)
    return frozenset(joined[at : at + _SHINGLE] for at in range(max(1, len(joined) - _SHINGLE + 1)))


def jaccard(one: Shingles, other: Shingles) -> float:
    """Shared over all shingles, 0–1."""
    return len(one & other) / len(one | other)


def shingle_matrix(sets: Sequence[Shingles]) -> sparse.csr_array:
    """Shape `(messages, shingles)`, one where the message has the shingle."""
    names = {shingle: at for at, shingle in enumerate(sorted(frozenset().union(*sets)))}
    columns = [names[shingle] for items in sets for shingle in items]
    ends = np.cumsum([0, *map(len, sets)])
    values = np.ones(len(columns), dtype=np.int32)
    return sparse.csr_array((values, columns, ends), shape=(len(sets), len(names)))


def similar_pairs(matrix: sparse.csr_array, threshold: float) -> list[Pair]:
    """All pairs of rows with at least this Jaccard index, above 0; in blocks, to bound the memory.

    Two sets that are alike share some of their rarest shingles, so that only pairs that do are compared (prefix
    filtering: Chaudhuri, Ganti & Kaushik, "A primitive operator for similarity joins", ICDE 2006; with several
    shared ones: Wang, Li & Feng, "Can we beat the prefix filtering?", SIGMOD 2012).
    """
    sizes = np.asarray(matrix.sum(axis=1))
    bound = threshold - _SLACK
    rare = _rarest(matrix, sizes, bound)
    others = rare.T.tocsr()
    pairs: list[Pair] = []
    for begin in range(0, matrix.shape[0], _BLOCK):
        met = (rare[begin : begin + _BLOCK] @ others).tocoo()
        rows, columns = met.row.astype(np.int64) + begin, met.col.astype(np.int64)
        least, most = np.minimum(sizes[rows], sizes[columns]), np.maximum(sizes[rows], sizes[columns])
        needed = np.minimum(_RARE, np.ceil(bound * most))
        close = (rows < columns) & (least >= bound * most) & (met.data >= needed)
        rows, columns = rows[close], columns[close]
        parts = (slice(at, at + _AT_ONCE) for at in range(0, max(len(rows), 1), _AT_ONCE))
        shared = np.concatenate([matrix[rows[p]].multiply(matrix[columns[p]]).sum(axis=1) for p in parts])
        similarity = shared / (sizes[rows] + sizes[columns] - shared)
        alike = similarity >= threshold
        pairs += map(Pair, rows[alike].tolist(), columns[alike].tolist(), similarity[alike].tolist())
    return pairs


def _rarest(matrix: sparse.csr_array, sizes: NDArray[np.int64], bound: float) -> sparse.csr_array:
    """Of each row of n ones the n - ⌈bound n⌉ + _RARE in the rarest columns."""
    frequency = np.bincount(matrix.indices, minlength=matrix.shape[1])
    rank = np.empty(len(frequency), dtype=np.int64)
    rank[np.argsort(frequency, kind="stable")] = np.arange(len(frequency))
    row = np.repeat(np.arange(matrix.shape[0]), sizes)
    order = np.lexsort((rank[matrix.indices], row))
    place = np.arange(len(row)) - np.repeat(matrix.indptr[:-1], sizes)
    wanted = sizes - np.ceil(bound * sizes) + _RARE
    kept = place < wanted[row]
    columns, rows = matrix.indices[order][kept], row[kept]
    return sparse.csr_array((np.ones(len(rows), dtype=np.int32), (rows, columns)), shape=matrix.shape)


def alike(new: Sequence[Shingles], known: Iterable[Shingles], threshold: float) -> list[tuple[Likeness, ...]]:
    """For each of a few new texts the known ones with at least this similarity, the most alike first.

    Args:
        known: taken one by one; only the shingles that a new text has, too, are kept in memory.
    """
    if not new:
        return []
    wanted = frozenset[str]().union(*new)
    cut = [(len(items), items & wanted) for items in chain(known, new)]
    matrix = shingle_matrix([items for _, items in cut])
    sizes = np.array([size for size, _ in cut])
    count = len(cut) - len(new)
    others = matrix[:count].T.tocsc()
    found: list[tuple[Likeness, ...]] = []
    for begin in range(count, len(cut), _BLOCK):
        shared = (matrix[begin : begin + _BLOCK] @ others).tocsr()
        for row in range(shared.shape[0]):
            columns = shared.indices[shared.indptr[row] : shared.indptr[row + 1]]
            counts = shared.data[shared.indptr[row] : shared.indptr[row + 1]]
            similarity = counts / (sizes[begin + row] + sizes[columns] - counts)
            near = np.flatnonzero(similarity >= threshold)  # of thousands that share a shingle
            near = near[np.lexsort((columns[near], -similarity[near]))]
            found.append(tuple(Likeness(int(columns[n]), round(float(similarity[n]), 3)) for n in near))
    return found
