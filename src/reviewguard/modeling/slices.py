"""The same figures over parts of the data, to see whom a model serves badly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from reviewguard.modeling.metrics import f1, false_alarm_rate, recall
from reviewguard.modeling.scorer import Observed
from reviewguard.modeling.spans import word_spans
from reviewguard.schema import LabelledMessage

LENGTHS = (("<=8", 8), ("9-40", 40), ("41-119", 119), (">=120", math.inf))


@dataclass(frozen=True, slots=True)
class Slice:
    """Figures over the messages with one value in one dimension; None where undefined.

    Attributes:
        dimension: register, channel, length (words), type or previous.
    """

    dimension: str
    value: str
    messages: int
    violations: int
    f1: float | None
    recall: float | None
    false_alarm_rate: float | None


def members_of(examples: Sequence[LabelledMessage]) -> dict[tuple[str, str], list[int]]:
    """(dimension, value) → places of its messages, for every slice that holds one, in a stable order."""
    members: dict[tuple[str, str], list[int]] = {}
    for index, example in enumerate(examples):
        for place in _places(example):
            members.setdefault(place, []).append(index)
    return {place: members[place] for place in sorted(members, key=_position)}


def slices(observed: Observed) -> tuple[Slice, ...]:
    """Every slice that holds a message, in a stable order."""
    members = members_of(observed.examples)
    places = list(members)
    inside = np.zeros((len(places), len(observed.examples)))
    for row, place in enumerate(places):
        inside[row, members[place]] = 1.0
    # Membership is just another weighting of the messages, so one call serves all slices.
    figures = [f(observed.positive, observed.flagged)(inside) for f in (f1, recall, false_alarm_rate)]
    violations = inside @ observed.positive.astype(float)
    return tuple(
        Slice(*place, len(members[place]), int(violations[row]), *(_known(f[row]) for f in figures))
        for row, place in enumerate(places)
    )


def _places(example: LabelledMessage) -> Iterator[tuple[str, str]]:
    yield "register", example.register or "unknown"
    yield "channel", example.channel or "unknown"
    yield "length", length_bucket(example.text)
    for name in example.types or ("none",):
        yield "type", name
    yield "previous", "with" if example.previous else "without"


def length_bucket(text: str) -> str:
    """The text's length class in words."""
    words = len(word_spans(text))
    return next(name for name, most in LENGTHS if words <= most)


def _position(place: tuple[str, str]) -> tuple[str, int, str]:
    lengths = [name for name, _ in LENGTHS]
    dimension, value = place
    return dimension, lengths.index(value) if dimension == "length" else 0, value


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def context_pairs(observed: Observed) -> NDArray[np.bool_]:
    """For every minimal context pair whether both sides were judged right, shape `(pairs,)`.

    A pair is one text after two different buyer's messages, a violation after one of them only.
    """
    right = observed.positive == observed.flagged
    same_text: dict[str, list[int]] = {}
    for index, example in enumerate(observed.examples):
        same_text.setdefault(example.text, []).append(index)
    return np.array(
        [
            right[a] and right[b]
            for group in same_text.values()
            for a, b in combinations(group, 2)
            if observed.positive[a] != observed.positive[b]
            and observed.examples[a].previous != observed.examples[b].previous
        ],
        dtype=np.bool_,
    )
