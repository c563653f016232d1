"""Sorts a curated training split for one round: what is known, what is new, what is kept for measuring."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from scipy.cluster.hierarchy import DisjointSet

from reviewguard.curation.dedup import alike_pairs
from reviewguard.curation.labels import label_version
from reviewguard.schema import LabelledMessage

LISTED = 20
"""Ids that a sentence names, at most."""


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
    measured: Collection[str] = (),
    *,
    share: float,
    least: int,
) -> RoundOfLabels:
    """Sort the training split.

    What is kept for measuring depends on the words alone, and alike messages stay together. A label that was kept
    for measuring the champion is learnt now, and newer ones are kept in its place: one that a person confirmed must
    not stay unlearnt for good.

    Args:
        labels: ids of the messages that people added.
        learnt: of those that the champion was trained on, what `label_version` says; an id alone, as older models
            have it, stands for any version of the label.
        measured: ids of those that were kept for measuring the champion.
        share, least: keep this share of the new ones that were not, once there are so many.
    """
    known = tuple(m for m in train if m.id not in labels)
    added = [(m, m.id in learnt or label_version(m) in learnt) for m in train if m.id in labels]
    earlier = tuple(m for m, old in added if old)
    new = [m for m, old in added if not old]
    fresh = sum(m.id not in measured for m in new)
    kept = _kept(new, measured, round(share * fresh) if fresh >= least else 0)
    return RoundOfLabels(
        known,
        earlier,
        tuple(m for m in new if m.id not in kept),
        tuple(m for m in new if m.id in kept),
    )


def withdrawn(learnt: Iterable[str], stored: Collection[str]) -> tuple[str, ...]:
    """Those of the labels that a model learnt whose messages have no label any more, as `learnt` names them.

    Args:
        learnt: as for `sort_labels`.
        stored: ids of the labels there are.
    """
    return tuple(sorted(version for version in learnt if _id(version) not in stored))


def told_withdrawn(versions: Sequence[str]) -> str:
    """What to know about them, and what to do, for a person."""
    ids = ", ".join(map(_id, versions[:LISTED])) + (" …" if len(versions) > LISTED else "")
    return (
        f"it learnt {len(versions)} labels that are gone: {ids}; if they were wrong, add the same messages with the "
        "right label, or go back with `reviewguard models rollback`"
    )


def _id(version: str) -> str:
    return version.rsplit("#", 1)[0]


def _kept(new: Sequence[LabelledMessage], measured: Collection[str], wanted: int) -> set[str]:
    """Whole groups of alike messages, none of them measured with before, in the order of their words' hashes."""
    kept: set[str] = set()
    if not wanted:
        return kept
    groups = [group for group in _groups(new) if not any(m.id in measured for m in group)]
    for group in sorted(groups, key=lambda group: min(map(_hash, group))):
        if len(kept) + len(group) <= wanted:
            kept |= {message.id for message in group}
    return kept


def _groups(messages: Sequence[LabelledMessage]) -> list[list[LabelledMessage]]:
    groups = DisjointSet(range(len(messages)))
    for first, later, _ in alike_pairs(messages):
        groups.merge(first, later)
    return [[messages[place] for place in group] for group in groups.subsets()]


def _hash(message: LabelledMessage) -> str:
    return hashlib.sha256(message.text.encode("utf-8", "surrogatepass")).hexdigest()
