"""Labelled messages made out of context pairs: the same reply, after the words of other pairs' buyers.

In a pair, a fair ask is `selective` after a buyer who is delighted and fair after one who is not. That holds as well
after the buyers of other such pairs, so the label is known, and what is learnt is the buyer's mood and not the wording.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from random import Random
from typing import NamedTuple

from reviewguard.schema import LabelledMessage

_HAPPY, _OTHER = ("selective",), ("neutral_request",)


class _Pair(NamedTuple):
    happy: LabelledMessage
    other: LabelledMessage


def crossings(messages: Sequence[LabelledMessage], count: int, seed: int) -> Iterator[LabelledMessage]:
    """Messages with the labels and marks of their side of the pair; both sides are drawn equally often.

    Args:
        messages: written ones, at least two pairs among them if `count` is not 0.
        count: how many are made.
    """
    rng = Random(seed)
    pairs = _pairs(messages)
    for number in range(count):
        one, other = rng.sample(pairs, 2)
        side = rng.randrange(2)
        yield replace(one[side], id=f"cross-{seed}-{number}", previous=other[side].previous)


def _pairs(messages: Sequence[LabelledMessage]) -> list[_Pair]:
    """Every two messages of one text, of which one is a fair ask, and unfair after the other's buyer."""
    sides: dict[str, tuple[list[LabelledMessage], list[LabelledMessage]]] = {}
    for message in messages:
        if message.previous and message.types in (_HAPPY, _OTHER):
            sides.setdefault(message.text, ([], []))[message.types == _OTHER].append(message)
    return [_Pair(happy, other) for both in sides.values() for happy, other in product(*both)]
