"""From token evidence to the words a person is shown.

A type's marked words are those whose token evidence, as a probability, reaches the model's token threshold;
neighbours are joined to phrases. Where none does, the word that moved the type's score most is shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reviewguard.schema import Evidence

MAX_SPANS = 5
"""Phrases shown per type."""
JOIN_GAP = 2
"""Unmarked words that a phrase may bridge."""
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True, eq=False)
class TokenScores:
    """One type's evidence over a message's tokens.

    Attributes:
        offsets: character offsets of each token in the text as given, shape `(tokens, 2)`.
        probability: sigmoid of the token's evidence, 0–1, shape `(tokens,)`.
        contribution: attention times evidence, what the token adds to the type's logit, shape `(tokens,)`.
    """

    offsets: NDArray[np.int64]
    probability: NDArray[np.float64]
    contribution: NDArray[np.float64]


def evidence_spans(text: str, type_name: str, tokens: TokenScores, threshold: float) -> list[Evidence]:
    """The phrases that drove one type, in text order; weights sum to at most 1."""
    words = [match.span() for match in _WORD.finditer(text)]
    if not words or not len(tokens.offsets):
        return []
    probability, contribution = _per_word(words, tokens)
    marked = probability >= threshold
    if not marked.any():
        marked[int(contribution.argmax())] = True
    push = np.maximum(contribution, 0.0)
    total = float(push.sum()) or 1.0
    phrases = [(first, last, float(push[first : last + 1].sum()) / total) for first, last in _phrases(marked)]
    best = sorted(sorted(phrases, key=lambda p: -p[2])[:MAX_SPANS])
    return [
        _evidence(text, words[first][0], words[last][1], type_name, weight) for first, last, weight in best
    ]


def _per_word(
    words: Sequence[tuple[int, int]], tokens: TokenScores
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Highest token probability and summed contribution of every word."""
    starts = np.array([start for start, _ in words])
    owner = np.clip(np.searchsorted(starts, tokens.offsets[:, 0], side="right") - 1, 0, None)
    probability, contribution = np.zeros(len(words)), np.zeros(len(words))
    np.maximum.at(probability, owner, tokens.probability)
    np.add.at(contribution, owner, tokens.contribution)
    return probability, contribution


def _phrases(marked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last word of each run of marked words, short gaps bridged."""
    indices = np.flatnonzero(marked)
    breaks = [i for i, (a, b) in enumerate(pairwise(indices), 1) if b - a > JOIN_GAP + 1]
    return [(int(run[0]), int(run[-1])) for run in np.split(indices, breaks)]


def _evidence(text: str, start: int, end: int, type_name: str, weight: float) -> Evidence:
    stripped = text[start:end].strip(" \t\r\n.,;:!?()[]\"'“”‘’")
    if stripped:
        start += text[start:end].index(stripped)
        end = start + len(stripped)
    return Evidence(start, end, text[start:end], type_name, round(min(weight, 1.0), 4))
