"""Sorts a curated training split for one round: what is known, what is new, what is kept for measuring."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from reviewguard.curation.dedup import ALIKE, shingles
from reviewguard.curation.nearest import alike
from reviewguard.schema import LabelledMessage


@dataclass(frozen=True, slots=True)
class RoundOfLabels:
    """The messages of one round, each in one place.

    Attributes:
        known: written messages of the training split.
        earlier: labels that the champion was trained on.
        new: labels that it was not.
        held_out: new ones kept for measuring, which no model of this round sees.
    """

    known: tuple[LabelledMessage, ...]
    earlier: tuple[LabelledMessage, ...]
    new: tuple[LabelledMessage, ...]
    held_out: tuple[LabelledMessage, ...]


def sort_labels(
    train: Sequence[LabelledMessage],
    labels: Collection[str],
    learnt: Collection[str],
    *,
    share: float,
    least: int,
) -> RoundOfLabels:
    """Sort the training split.

    What is kept for measuring depends on the words alone, and alike messages stay together. A label kept in one
    round is learnt in the next, when newer ones are kept in its place: one that a person confirmed must not stay
    unlearnt for good.

    Args:
        labels: ids of the messages that people added.
        learnt: ids of those that the champion was trained on.
        share, least: keep this share of the new ones for measuring, once there are so many.
    """
    known = tuple(m for m in train if m.id not in labels)
    earlier = tuple(m for m in train if m.id in labels and m.id in learnt)
    new = [m for m in train if m.id in labels and m.id not in learnt]
    kept = _kept(new, round(share * len(new)) if len(new) >= least else 0)
    return RoundOfLabels(
        known,
        earlier,
        tuple(m for m in new if m.id not in kept),
        tuple(m for m in new if m.id in kept),
    )


def _kept(new: Sequence[LabelledMessage], wanted: int) -> set[str]:
    """Whole groups of alike messages, in the order of their words' hashes."""
    kept: set[str] = set()
    if not wanted:
        return kept
    for group in sorted(_groups(new), key=lambda group: min(map(_hash, group))):
        if len(kept) + len(group) <= wanted:
            kept |= {message.id for message in group}
    return kept


def _groups(messages: Sequence[LabelledMessage]) -> list[list[LabelledMessage]]:
    sets = [shingles(m.text) for m in messages]
    pairs = [(i, like.index) for i, near in enumerate(alike(sets, sets, ALIKE)) for like in near]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    edges = csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(messages), len(messages)))
    groups: defaultdict[int, list[LabelledMessage]] = defaultdict(list)
    for message, group in zip(messages, connected_components(edges, directed=False)[1], strict=True):
        groups[int(group)].append(message)
    return list(groups.values())


def _hash(message: LabelledMessage) -> str:
    return hashlib.sha256(message.text.encode("utf-8", "surrogatepass")).hexdigest()
