"""A made-up export of seller messages: the length, the repetition and the share of violations of a helpdesk's."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator
from pathlib import Path

from reviewguard.curation.sources import read_messages
from reviewguard.schema import LabelledMessage

MESSAGES = Path(__file__).parents[1] / "data" / "messages"
MEDIAN_TOKENS, SPREAD, SHORTEST, LONGEST = 60, 0.75, 8, 600
VIOLATIONS = 0.08
REPEATS = 0.4
TOKENS_PER_WORD = 1.3


def texts(rows: int, *, repeats: float = REPEATS) -> list[str]:
    """Messages built from sentences of the written ones, in a random order.

    Args:
        repeats: share of rows that repeat an earlier one letter for letter, 0–1.
    """
    rng = random.Random(0)
    made = _distinct(rng)
    distinct = dict.fromkeys(next(made) for _ in range(round(rows * (1 - repeats))))
    once = list(distinct)
    # Few templates are sent very often, most of them a few times.
    again = rng.choices(once, weights=[1 / (1 + i) for i in range(len(once))], k=rows - len(once))
    result = once + again
    rng.shuffle(result)
    return result


def _distinct(rng: random.Random) -> Iterator[str]:
    written = read_messages(MESSAGES).messages
    harmless = [s for m in written if not m.types for s in _sentences(m)]
    breaking = [m.text for m in written if set(m.types) - {"neutral_request"} and len(m.text) < 400]
    while True:
        words = rng.lognormvariate(math.log(MEDIAN_TOKENS), SPREAD) / TOKENS_PER_WORD
        words = min(max(words, SHORTEST / TOKENS_PER_WORD), LONGEST / TOKENS_PER_WORD)
        parts = [rng.choice(breaking)] if rng.random() < VIOLATIONS else []
        while sum(len(part.split()) for part in parts) < words:
            parts.append(rng.choice(harmless))
        rng.shuffle(parts)
        yield " ".join(parts)


def _sentences(message: LabelledMessage) -> list[str]:
    return [s for s in re.split(r"(?<=[.!?])\s+", message.text) if s]
