"""From token evidence to the phrases a person is shown.

A type's marked words are those whose token evidence, as a probability, reaches the model's token threshold;
neighbours are joined to phrases within a paragraph, without function words and strays of the next sentence at their
ends, and the strongest phrases are kept. Where no word reaches it, the one of most weight is shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reviewguard.decision import JOIN_GAP
from reviewguard.inference.words import load_words
from reviewguard.schema import Evidence
from reviewguard.text import without_tags

MAX_SPANS = 3
"""Phrases shown per type."""
LEAST_WEIGHT = 0.02
"""Share of a type's evidence below which a phrase is not worth showing beside a stronger one."""
STRAY = 0.05
"""Share of a phrase's weight below which a lone word beyond a sentence's end is no part of it."""
EDGES = " \t\r\n.,;:!?()[]\"'“”‘’"
"""Characters that are no part of a word at its ends."""
_WORD = re.compile(r"\S+")
_TELLING = re.compile(r"[a-z]{3}|[*$%/+]|\s")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n|\r[^\S\r\n]*\r")
_OPEN_ENTITY = re.compile(r"&#?\w{2,8}$")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*(?=\s)|[\r\n](?=\s*[A-Z])")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class WordScores:
    """One type's evidence over a message's words.

    Attributes:
        words: start and end of each word in the text as given.
        probability: the strongest of the word's tokens, 0–1, shape `(words,)`.
        weight: attention times probability, summed over the word's tokens; a share of all words' sum, 0–1, shape
            `(words,)`.
    """

    words: tuple[Span, ...]
    probability: Floats
    weight: Floats


def word_scores(text: str, offsets: Ints, evidence: Floats, attention: Floats) -> WordScores:
    """One type's evidence of a message's tokens summed up to words; no words where there is no token.

    Args:
        offsets: of each token in the text as given, shape `(tokens, 2)`.
        evidence: of each token as a probability, 0–1, shape `(tokens,)`.
        attention: each token's share of the type's logit, 0–1, shape `(tokens,)`.
    """
    words = _words(text, offsets) if len(offsets) else ()
    probability, strength = np.zeros(len(words)), np.zeros(len(words))
    if words:
        word = _word_at(words, offsets[:, 0])
        np.maximum.at(probability, word, evidence)
        np.add.at(strength, word, attention * evidence)
    return WordScores(words, probability, strength / (float(strength.sum()) or 1.0))


def word_effects(words: Sequence[Span], offsets: Ints, attribution: Floats) -> Floats:
    """What each word adds to the verdict, shape `(words,)`: the sum over its tokens' effects, `(tokens,)`."""
    effects = np.zeros(len(words))
    if len(words) and len(offsets):
        np.add.at(effects, _word_at(words, offsets[:, 0]), attribution)
    return effects


def _words(text: str, offsets: Ints) -> tuple[Span, ...]:
    """Runs of non-space characters; those read as one are one word: ⭐ ⭐ ⭐ as "3 stars", r e v i e w as "review"."""
    runs = [match.span() for match in _WORD.finditer(without_tags(text))]
    first, last = _word_at(runs, offsets[:, 0]), _word_at(runs, offsets[:, 1] - 1)
    across = last > first
    later = {run for a, b in zip(first[across], last[across], strict=True) for run in range(a + 1, b + 1)}
    words: list[Span] = []
    for index, (start, end) in enumerate(runs):
        words.append((words.pop()[0] if index in later else start, end))
    return tuple(words)


def _word_at(words: Sequence[Span], places: Ints) -> Ints:
    """The word in which each character stands."""
    starts = np.array([start for start, _ in words])
    return np.clip(np.searchsorted(starts, places, side="right") - 1, 0, None)


def evidence_spans(text: str, type_name: str, scores: WordScores, threshold: float) -> list[Evidence]:
    """The phrases that drove one type, in text order; weights sum to at most 1. None where no word has any weight."""
    if not scores.weight.any():
        return []
    marked = scores.probability >= threshold
    if not marked.any():
        marked[int(scores.weight.argmax())] = True
    found = [_trimmed(text, scores, *run) for run in _phrases(text, scores.words, marked)]
    weighed = [(first, last, float(scores.weight[first : last + 1].sum())) for first, last in found]
    ranked = sorted(weighed, key=lambda phrase: -phrase[2])
    best = ranked[:1] + [phrase for phrase in ranked[1:MAX_SPANS] if phrase[2] >= LEAST_WEIGHT]
    return [_evidence(text, scores.words, phrase, type_name) for phrase in sorted(best)]


def _phrases(text: str, words: Sequence[Span], marked: NDArray[np.bool_]) -> list[Span]:
    """First and last word of each run of marked words, short gaps bridged but no blank line."""

    def apart(a: int, b: int) -> bool:
        return b - a > JOIN_GAP + 1 or bool(_BLANK_LINE.search(text, words[a][1], words[b][0]))

    indices = np.flatnonzero(marked)
    breaks = [i for i, (a, b) in enumerate(pairwise(indices.tolist()), 1) if apart(a, b)]
    return [(int(run[0]), int(run[-1])) for run in np.split(indices, breaks)]


def _trimmed(text: str, scores: WordScores, first: int, last: int) -> Span:
    """Without function words at the ends, unless nothing else is there, and without strays."""
    inner = _without_strays(text, scores, *_content(text, scores.words, first, last))
    return _content(text, scores.words, *inner)


def _content(text: str, words: Sequence[Span], first: int, last: int) -> Span:
    def idle(index: int) -> bool:
        start, end = words[index]
        return _lone(text[start:end]) in load_words().function_words

    content = [index for index in range(first, last + 1) if not idle(index)]
    return (content[0], content[-1]) if content else (first, last)


def _without_strays(text: str, scores: WordScores, first: int, last: int) -> Span:
    """Without a word of hardly any weight that stands at an end alone in another sentence or line."""
    words, weight = scores.words, scores.weight
    least = STRAY * float(weight[first : last + 1].sum())

    def ends(index: int) -> bool:
        return bool(_SENTENCE_END.search(text, words[index][0], words[index + 1][0] + 1))

    if last - first > 1 and weight[last] < least and ends(last - 1):
        last -= 1
    if last - first > 1 and weight[first] < least and ends(first):
        first += 1
    return first, last


def says_nothing(phrase: str) -> bool:
    """Whether a phrase is one function word or pronoun, or a number or abbreviation alone, such as "PS"."""
    word, known = _lone(phrase), load_words()
    scrap = word.isascii() and not _TELLING.search(word)
    return scrap or word in known.function_words or word in known.pronouns


def _lone(word: str) -> str:
    return word.strip(EDGES).lower()


def _evidence(text: str, words: Sequence[Span], phrase: tuple[int, int, float], type_name: str) -> Evidence:
    first, last, weight = phrase
    start, end = bare(text, words[first][0], words[last][1])
    return Evidence(start, end, text[start:end], type_name, round(min(weight, 1.0), 4))


def bare(text: str, start: int, end: int) -> Span:
    """The stretch without punctuation and half a link target at its ends, unless it is nothing else.

    The end of an entity (`&#39;`) is no punctuation.
    """
    stripped = text[start:end].strip(EDGES)
    if not stripped:
        return start, end
    start += text[start:end].index(stripped)
    end = start + len(stripped)
    end += text.startswith(";", end) and _OPEN_ENTITY.search(stripped) is not None
    label_end = text.rfind("](", start, end)  # HTML links are read as `[label](target)`
    cut_off = label_end > start and ")" not in text[label_end:end]
    return start, (start + len(text[start:label_end].rstrip(EDGES)) if cut_off else end)
