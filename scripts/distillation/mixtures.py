"""Unlabelled messages made out of the written ones, for a teacher to judge.

Augmentation must keep labels true; these need not, since the teacher gives them theirs: a reply after another
buyer's words, sentences of two messages in one, a sentence less, a part of the marked words less. In some of them
words are replaced by neighbours (as for TinyBERT: Jiao et al., EMNLP 2020), so that words come up that nobody wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

from neighbours import Neighbours

from reviewguard.schema import LabelledMessage
from reviewguard.text import without_spans

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_KINDS = ("previous", "previous", "splice", "splice", "splice", "drop", "erase")
_SWAPPED = (0.1, 0.3)
"""Shares of the words of a message that are replaced, the lowest and the highest."""


def mixtures(
    messages: Sequence[LabelledMessage], count: int, seed: int, neighbours: Neighbours | None = None
) -> Iterator[LabelledMessage]:
    """Messages without labels; which ones depends on the messages, the neighbours and the seed alone.

    Args:
        messages: written ones; some of them must have a previous message.
        count: how many are made; those of fewer than three words are left out.
        neighbours: of words; one half of the mixtures have some of theirs replaced, the buyer's too.
    """
    rng = Random(seed)
    buyers = [m.previous for m in messages if m.previous]
    for number in range(count):
        one, other = rng.choice(messages), rng.choice(messages)
        text, previous = _mixed(rng.choice(_KINDS), one, other, buyers, rng)
        if neighbours and rng.random() < 0.5:
            share = rng.uniform(*_SWAPPED)
            text = neighbours.swap(text, share, rng)
            previous = previous and neighbours.swap(previous, share, rng)
        if len(text.split()) > 2:
            name = f"mix-{seed}-{number}"
            yield replace(one, id=name, text=text, previous=previous, types=(), rationale=())


def _mixed(
    kind: str, one: LabelledMessage, other: LabelledMessage, buyers: Sequence[str], rng: Random
) -> tuple[str, str | None]:
    if kind == "previous":
        return one.text, rng.choice(buyers)
    if kind == "splice":
        return _splice(one, other, rng), rng.choice((one.previous, other.previous, None))
    if kind == "erase" and one.rationale:
        parts = rng.sample(one.rationale, rng.randint(1, len(one.rationale)))
        return without_spans(one.text, [(p.start, p.end) for p in parts], ""), one.previous
    sentences = _sentences(one.text)
    del sentences[rng.randrange(len(sentences))]
    return " ".join(sentences), one.previous


def _splice(one: LabelledMessage, other: LabelledMessage, rng: Random) -> str:
    """A run of sentences of each, in either order."""
    parts = []
    for message in rng.sample((one, other), 2):
        sentences = _sentences(message.text)[:12]
        first = rng.randrange(len(sentences))
        parts += sentences[first : first + rng.randint(1, 3)]
    return rng.choice((" ", " ", "\n", "\n\n")).join(parts)


def _sentences(text: str) -> list[str]:
    return [s for s in _SENTENCE_END.split(text) if s.strip()] or [text]
