"""The fewest words that decide: words are taken out, and what is left is scored.

A verdict's marked phrases are what a person would mark, often most of a short message. Few of their words carry the
verdict; these are found by removal, so that they are proven and not only claimed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from reviewguard.inference.spans import bare
from reviewguard.schema import Evidence, Message, Proof, Quote
from reviewguard.text import has_words, without_spans

LONGEST = 4_000
"""Characters of a message beyond which nothing that decides is looked for: each try would take several passes."""
MOST_CLAUSES = 16
"""Clauses of the buyer's message that are tried; the model reads no more."""
FIRM = 0.25
"""Probability, 0–1, to get under where no words make the verdict compliant: just under the cut would prove little."""
MOST_UNMARKED = 0.5
"""Share of a message's words, unmarked ones among them, that are taken out at most: without most of it any is clear."""
SPARED = 24
"""Words of a deciding set, the least likely, that are tried for being put back."""
ROUNDS = 3
"""Tries to put some back: of words that can be spared one by one, not all can be spared together."""
_CLAUSE = re.compile(r"[^\s.!?;,:\n][^.!?;,:\n]*")

Floats = NDArray[np.float64]
Span = tuple[int, int]
Left = Callable[[Sequence[Message]], Floats]
"""Gives the probability, 0–1, that each message breaks the rules."""


def decisive_words(
    message: Message,
    evidence: Sequence[Evidence],
    words: Sequence[Span],
    weight: Floats,
    left: Left,
    below: float,
    clear: float,
) -> Proof | None:
    """The fewest words found without which the verdict is compliant, else no violation; others are always left.

    They are marked ones where these suffice. Where no words, marked or not, make the verdict compliant, marked ones get
    the probability under `FIRM`, else under `below`.

    Args:
        words: all of the message.
        weight: how much each decides; words of more are tried first.
        below: the single cut.
        clear: the threshold under which a verdict is compliant.
    """
    if len(message.text) > LONGEST:
        return None
    likeliest = sorted(range(len(words)), key=lambda i: -weight[i])
    marked = [i for i in likeliest if any(e.start < words[i][1] and e.end > words[i][0] for e in evidence)]
    more = list(dict.fromkeys((*marked, *likeliest)))[: int(MOST_UNMARKED * len(words))]

    def without(chosen: Collection[int]) -> Message:
        return replace(message, text=without_spans(message.text, _joined(message.text, words, chosen)))

    def tried(sets: Sequence[Sequence[int]]) -> Floats:
        rests = [without(s) for s in sets]
        readable = [has_words(rest.text) for rest in rests]  # of nothing there is nothing to say
        return np.where(readable, left(rests), 1.0)

    aims = ((marked, clear), (more, clear), (marked, min(FIRM, below)), (marked, below))
    found = next(filter(None, (fewest(order, tried, aim) for order, aim in aims)), None)
    return found and _proof(message.text, words, *found)


def decisive_clauses(message: Message, left: Left, below: float) -> Proof | None:
    """The fewest clauses of the buyer's message without which the probability is under `below`."""
    if len(message.text) > LONGEST:
        return None
    previous = message.previous or ""
    clauses = [bare(previous, *match.span()) for match in _CLAUSE.finditer(previous)][:MOST_CLAUSES]

    def without(chosen: Collection[int]) -> Message:
        rest = without_spans(previous, _joined(previous, clauses, chosen))
        return replace(message, previous=rest if has_words(rest) else None)

    alone = left([without([i]) for i in range(len(clauses))])
    order = sorted(range(len(clauses)), key=lambda i: alone[i])
    found = fewest(order, lambda sets: left([without(s) for s in sets]), below)
    return found and _proof(previous, clauses, *found)


def fewest(
    order: Sequence[int], left: Callable[[Sequence[Sequence[int]]], Floats], below: float
) -> tuple[list[int], float] | None:
    """A small set that decides: the shortest start of `order` that does, less what can be put back.

    Takes one batch, and two for each round of putting back.

    Args:
        order: the likeliest to decide first.
        left: probability once each set is taken out, shape `(sets,)`.

    Returns:
        The set and the probability without it; None where none decides.
    """
    chosen = _first([list(order[:size]) for size in _sizes(len(order))], left, below)
    spare: Sequence[int] = chosen[0][-SPARED:] if chosen else ()
    for _ in range(ROUNDS):
        if chosen is None or not spare or len(chosen[0]) == 1:
            break
        words = chosen[0]
        tries = left([[w for w in words if w != put_back] for put_back in spare])
        needless = [w for value, w in sorted(zip(tries.tolist(), spare, strict=True)) if value < below]
        sizes = reversed(list(_sizes(min(len(needless), len(words) - 1))))
        chosen = (
            _first([[w for w in words if w not in needless[:size]] for size in sizes], left, below) or chosen
        )
        spare = [w for w in needless if w in chosen[0]]
    return chosen


def _first(
    sets: Sequence[list[int]], left: Callable[[Sequence[Sequence[int]]], Floats], below: float
) -> tuple[list[int], float] | None:
    """The first of the sets that decides."""
    values = left(sets).tolist() if sets else []
    return next(((s, value) for s, value in zip(sets, values, strict=True) if value < below), None)


def _sizes(whole: int) -> Iterator[int]:
    """1, 2, 3, 4, 6, 9, 13 … and the whole."""
    size = 1
    while size < whole:
        yield size
        size = max(size + 1, size * 3 // 2)
    if whole:
        yield whole


def _joined(text: str, units: Sequence[Span], chosen: Iterable[int]) -> list[Span]:
    """Where the chosen units stand, neighbours as one stretch, without punctuation at their ends."""
    runs: list[list[int]] = []
    for index in sorted(chosen):
        if runs and index == runs[-1][1] + 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return [bare(text, units[first][0], units[last][1]) for first, last in runs]


def _proof(text: str, units: Sequence[Span], chosen: Iterable[int], probability: float) -> Proof:
    quotes = (Quote(start, end, text[start:end]) for start, end in _joined(text, units, chosen))
    return Proof(tuple(quotes), round(probability, 6))
