"""Which known texts new ones are like: exact, over all pairs, for few new ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reviewguard.curation.dedup import Shingles
from reviewguard.curation.splits import shingle_matrix

_BLOCK = 500


@dataclass(frozen=True, slots=True)
class Likeness:
    """A known text, by its place, and how like it is (Jaccard index of the shingles, 0–1)."""

    index: int
    similarity: float


def alike(new: Sequence[Shingles], known: Sequence[Shingles], threshold: float) -> list[tuple[Likeness, ...]]:
    """For each new text the known ones with at least this similarity, the most alike first."""
    if not new or not known:
        return [()] * len(new)
    wanted = frozenset[str]().union(*new)
    everything = [*known, *new]
    matrix = shingle_matrix([items & wanted for items in everything])
    sizes = np.array([len(items) for items in everything])
    others = matrix[: len(known)].T.tocsc()
    found: list[tuple[Likeness, ...]] = []
    for begin in range(len(known), matrix.shape[0], _BLOCK):
        shared = (matrix[begin : begin + _BLOCK] @ others).tocsr()
        for row in range(shared.shape[0]):
            columns = shared.indices[shared.indptr[row] : shared.indptr[row + 1]]
            counts = shared.data[shared.indptr[row] : shared.indptr[row + 1]]
            similarity = counts / (sizes[begin + row] + sizes[columns] - counts)
            near = np.flatnonzero(similarity >= threshold)  # of thousands that share a shingle
            near = near[np.lexsort((columns[near], -similarity[near]))]
            found.append(tuple(Likeness(int(columns[n]), round(float(similarity[n]), 3)) for n in near))
    return found
