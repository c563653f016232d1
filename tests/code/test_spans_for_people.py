from __future__ import annotations

import numpy as np

from reviewguard.inference.spans import TokenScores, evidence_spans

TEXT = "Hello. Please leave us five stars today, thanks!"
WORDS = TEXT.split()


def scores(probability: dict[str, float], contribution: dict[str, float] | None = None) -> TokenScores:
    offsets, at = [], 0
    for word in WORDS:
        start = TEXT.index(word, at)
        at = start + len(word)
        offsets.append((start, at))
    pick = contribution or probability
    return TokenScores(
        np.array(offsets),
        np.array([probability.get(w, 0.0) for w in WORDS]),
        np.array([pick.get(w, 0.0) for w in WORDS]),
    )


def test_neighbouring_words_become_one_phrase_and_punctuation_at_the_ends_is_left_out() -> None:
    (span,) = evidence_spans(
        TEXT, "positive_request", scores({"five": 0.9, "stars": 0.8, "today,": 0.7}), 0.5
    )
    assert span.text == "five stars today"
    assert TEXT[span.start : span.end] == span.text
    assert span.weight == 1.0


def test_short_gaps_are_bridged_and_long_ones_are_not() -> None:
    (bridged,) = evidence_spans(TEXT, "x", scores({"leave": 0.9, "stars": 0.9}), 0.5)
    assert bridged.text == "leave us five stars"
    apart = evidence_spans(TEXT, "x", scores({"Hello.": 0.9, "stars": 0.9}), 0.5)
    assert [s.text for s in apart] == ["Hello", "stars"]
    assert [s.weight for s in apart] == [0.5, 0.5]


def test_without_a_strong_word_the_one_that_moved_the_score_most_is_shown() -> None:
    (span,) = evidence_spans(TEXT, "x", scores({}, {"stars": 0.2, "us": 0.1}), 0.5)
    assert span.text == "stars"


def test_nothing_to_mark_in_nothing() -> None:
    empty = TokenScores(np.zeros((0, 2), dtype=np.int64), np.zeros(0), np.zeros(0))
    assert evidence_spans("", "x", empty, 0.5) == []
