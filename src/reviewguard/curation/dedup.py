"""Exact and near duplicates, and the groups of alike messages that a split must not part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from scipy.cluster.hierarchy import DisjointSet

from reviewguard.curation.nearest import Pair, Shingles, jaccard, shingle_matrix, shingles, similar_pairs
from reviewguard.curation.rules import exchange_key
from reviewguard.schema import LabelledMessage

DUPLICATE = 0.8
ALIKE = 0.6


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A message left out because of one kept before it; `similarity` is a Jaccard index, 0–1."""

    id: str
    of: str
    kind: Literal["exact", "near"]
    similarity: float


@dataclass(frozen=True, slots=True)
class Deduplication:
    """What was kept, what was dropped for which other message, and which messages belong together.

    Attributes:
        groups: message id → name of its group; all of a group goes into one split.
        close: pairs of ids, of messages dropped as near duplicates too, whose texts have a similarity of at least 0.8,
            whatever the buyer wrote.
    """

    kept: tuple[LabelledMessage, ...]
    dropped: tuple[Duplicate, ...]
    groups: Mapping[str, str]
    close: tuple[tuple[str, str], ...]


def deduplicate(messages: Sequence[LabelledMessage]) -> Deduplication:
    """Drop repeated messages, keep twins, and group families that read alike.

    Exact: text and buyer's message equal but for case and white space. Near: shingles of text and
    buyer's message with a Jaccard similarity of at least 0.8; messages of one `family` may be that
    close. Families with texts at 0.6 or more (whatever the buyer wrote) form one group.
    """
    unique, repeated = _without_exact(messages)
    pairs = alike_pairs(unique)
    kept, near = _without_near(unique, pairs)
    groups = _group(unique, pairs)
    closest = tuple((unique[i].id, unique[j].id) for i, j, similarity in pairs if similarity >= DUPLICATE)
    return Deduplication(kept, (*repeated, *near), {m.id: groups[m.id] for m in kept}, closest)


def alike_pairs(messages: Iterable[LabelledMessage]) -> list[Pair]:
    """All pairs whose texts have a similarity of at least 0.6."""
    return similar_pairs(shingle_matrix([shingles(message.text) for message in messages]), ALIKE)


def _without_exact(
    messages: Iterable[LabelledMessage],
) -> tuple[list[LabelledMessage], list[Duplicate]]:
    first: dict[tuple[str, str], LabelledMessage] = {}
    repeated: list[Duplicate] = []
    for message in messages:
        other = first.setdefault(exchange_key(message), message)
        if other is not message:
            repeated.append(Duplicate(message.id, other.id, "exact", 1.0))
    return list(first.values()), repeated


def _without_near(
    messages: Sequence[LabelledMessage], pairs: Iterable[Pair]
) -> tuple[tuple[LabelledMessage, ...], list[Duplicate]]:
    dropped: dict[str, Duplicate] = {}
    for first, later, _ in sorted(pairs, key=lambda pair: (pair.later, pair.first)):
        one, other = messages[first], messages[later]
        if one.family == other.family or {one.id, other.id} & dropped.keys():
            continue
        similarity = jaccard(exchange_shingles(one), exchange_shingles(other))
        if similarity >= DUPLICATE:
            dropped[other.id] = Duplicate(other.id, one.id, "near", round(similarity, 3))
    return tuple(m for m in messages if m.id not in dropped), list(dropped.values())


def exchange_shingles(message: LabelledMessage) -> Shingles:
    """Shingles of both messages; the mark keeps the buyer's words apart from the seller's."""
    previous = {f"previous:{shingle}" for shingle in shingles(message.previous or "")}
    return shingles(message.text) | (previous if message.previous else set())


def _group(messages: Sequence[LabelledMessage], pairs: Iterable[Pair]) -> dict[str, str]:
    """Connected families; a group is named after its first family in alphabetical order."""
    families = DisjointSet(message.family for message in messages)
    for first, later, _ in pairs:
        families.merge(messages[first].family, messages[later].family)
    name = {family: min(group) for group in families.subsets() for family in group}
    return {message.id: name[message.family] for message in messages}
