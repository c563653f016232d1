"""Labelled messages made out of written ones: a fair ask, after the words of other buyers.

A fair ask is `selective` after a buyer who is pleased and fair after one who is not, whatever the buyer wrote about. So
the label is known, and what is learnt is the buyer's mood and the ask, and not which reply was written for whom.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import NamedTuple

from reviewguard.files import read_jsonl
from reviewguard.schema import LabelledMessage

_FAIR, _SELECTIVE = "neutral_request", "selective"


class Buyers(NamedTuple):
    """What buyers wrote: those who are pleased with what they bought or how they were served, and others."""

    pleased: list[str]
    others: list[str]


def read_buyers(path: Path) -> Buyers:
    """Written buyers of JSON Lines with `text` and `pleased`."""
    buyers = Buyers([], [])
    for _, row in read_jsonl(path):
        buyers[not row["pleased"]].append(row["text"])
    return buyers


def crossings(
    messages: Sequence[LabelledMessage], count: int, seed: int, more: Buyers | None = None
) -> Iterator[LabelledMessage]:
    """Fair asks with their marks, one half after pleased buyers, who make them `selective`.

    Args:
        messages: written ones, at least one context pair among them if `count` is not 0.
        count: how many are made.
        more: buyers besides those of the messages.
    """
    rng = Random(seed)
    asks = [m for m in messages if m.types == (_FAIR,)]
    buyers = _buyers(messages, asks)
    if more:
        buyers = Buyers(buyers.pleased + more.pleased, buyers.others + more.others)
    for number in range(count):
        ask, pleased = rng.choice(asks), rng.random() < 0.5
        name, kind = f"cross-{seed}-{number}", _SELECTIVE if pleased else _FAIR
        yield replace(
            ask,
            id=name,
            previous=rng.choice(buyers.pleased if pleased else buyers.others),
            types=(kind,),
            rationale=tuple(replace(mark, type=kind) for mark in ask.rationale),
        )


def _buyers(messages: Sequence[LabelledMessage], asks: Sequence[LabelledMessage]) -> Buyers:
    """The buyers before asks that are fair in themselves: pleased are those who alone made one `selective`."""
    fair = {m.text for m in asks}
    pleased = {m.previous for m in messages if m.previous and m.types == (_SELECTIVE,) and m.text in fair}
    others = {m.previous for m in asks if m.previous}
    return Buyers(sorted(pleased - others), sorted(others - pleased))
