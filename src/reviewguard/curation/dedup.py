"""Exact and near duplicates, and the groups of alike messages that a split must not part.

Method: MinHash signatures with banded locality-sensitive hashing propose pairs (Broder 1997;
`datasketch`), the exact Jaccard similarity of their character shingles decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from datasketch import MinHash, MinHashLSH
from scipy.cluster.hierarchy import DisjointSet

from reviewguard.curation.rules import exact_key, exchange_key
from reviewguard.schema import LabelledMessage
from reviewguard.text import words

DUPLICATE = 0.8
ALIKE = 0.6
_SHINGLE = 5
_PERMUTATIONS = 128
# Below ALIKE, so that the hashing misses few of the pairs the exact figure is to decide: with its 25 bands of 5 rows
# 13 in 100 at a similarity of 0.6, 5 at 0.65, 1 at 0.7 and none in 10,000 at 0.8. `find_leaks` looks at all pairs.
_LSH_THRESHOLD = 0.5

Shingles = frozenset[str]


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
    """

    kept: tuple[LabelledMessage, ...]
    dropped: tuple[Duplicate, ...]
    groups: Mapping[str, str]


def deduplicate(messages: Sequence[LabelledMessage]) -> Deduplication:
    """Drop repeated messages, keep twins, and group families that read alike.

    Exact: text and buyer's message equal but for case and white space. Near: shingles of text and
    buyer's message with a Jaccard similarity of at least 0.8; messages of one `family` may be that
    close. Families with texts at 0.6 or more (whatever the buyer wrote) form one group.
    """
    unique, repeated = _without_exact(messages)
    pairs = alike_pairs(unique)
    kept, close = _without_near(unique, pairs)
    groups = _group(unique, pairs)
    return Deduplication(kept, (*repeated, *close), {m.id: groups[m.id] for m in kept})


def shingles(text: str) -> Shingles:
    """Every five characters in a row of the normalised words; the text itself if it has none."""
    joined = " ".join(words(text)) or exact_key(text)
    return frozenset(joined[at : at + _SHINGLE] for at in range(max(1, len(joined) - _SHINGLE + 1)))


def jaccard(one: Shingles, other: Shingles) -> float:
    """Shared over all shingles, 0–1."""
    return len(one & other) / len(one | other)


def alike_pairs(messages: Sequence[LabelledMessage]) -> list[tuple[int, int]]:
    """Index pairs, the earlier first, whose texts have a similarity of at least 0.6; few pairs near that are missed."""
    sets = [shingles(message.text) for message in messages]
    index = MinHashLSH(threshold=_LSH_THRESHOLD, num_perm=_PERMUTATIONS)
    pairs: list[tuple[int, int]] = []
    for later, signature in enumerate(_signatures(sets)):
        found = sorted(index.query(signature))
        pairs += [(first, later) for first in found if jaccard(sets[first], sets[later]) >= ALIKE]
        index.insert(later, signature, check_duplication=False)
    return pairs


def _signatures(sets: Iterable[Shingles]) -> list[MinHash]:
    encoded = [[shingle.encode("utf-8", "surrogatepass") for shingle in items] for items in sets]
    signatures: list[MinHash] = MinHash.bulk(encoded, num_perm=_PERMUTATIONS)
    return signatures


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
    messages: Sequence[LabelledMessage], pairs: Iterable[tuple[int, int]]
) -> tuple[tuple[LabelledMessage, ...], list[Duplicate]]:
    dropped: dict[str, Duplicate] = {}
    for first, later in sorted(pairs, key=lambda pair: (pair[1], pair[0])):
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


def _group(messages: Sequence[LabelledMessage], pairs: Iterable[tuple[int, int]]) -> dict[str, str]:
    """Connected families; a group is named after its first family in alphabetical order."""
    families = DisjointSet(message.family for message in messages)
    for first, later in pairs:
        families.merge(messages[first].family, messages[later].family)
    name = {family: min(group) for group in families.subsets() for family in group}
    return {message.id: name[message.family] for message in messages}
