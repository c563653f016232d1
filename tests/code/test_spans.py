"""Marked words and texts with stretches taken out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewguard.modeling.spans import (
    iou_f1,
    mark_runs,
    marked_words,
    token_f1,
)
from reviewguard.text import without_spans


def marks(pattern: str) -> np.ndarray:
    return np.array([letter == "x" for letter in pattern])


def test_a_word_is_marked_when_a_span_touches_it() -> None:
    text = "give us  five-star love"
    assert marked_words(text, [(10, 12)]).tolist() == [False, False, True, False]
    assert marked_words(text, [(7, 9)]).tolist() == [False] * 4
    assert marked_words(text, [(0, 5), (17, 21)]).tolist() == [True, False, True, True]
    assert marked_words("", [(0, 1)]).tolist() == []


@pytest.mark.parametrize(
    ("found", "rationale", "token", "iou"),
    [
        ("xx..", "xx..", 1.0, 1.0),
        ("xxx.", "xx..", 4 / 5, 1.0),
        ("xxxx", "x...", 2 / 5, 0.0),
        ("x..x", "x...", 2 / 3, 2 / 3),
        ("....", "x...", 0.0, 0.0),
        ("..x.", "x...", 0.0, 0.0),
    ],
)
def test_agreement_by_hand(found: str, rationale: str, token: float, iou: float) -> None:
    assert token_f1(marks(found), marks(rationale)) == pytest.approx(token)
    assert iou_f1(marks(found), marks(rationale)) == pytest.approx(iou)


def test_runs() -> None:
    assert mark_runs(marks("xx.x")) == [(0, 2), (3, 4)]
    assert mark_runs(marks("")) == []


def test_overlapping_stretches_are_taken_out_once() -> None:
    assert without_spans("abcdefgh", [(4, 6), (1, 3), (2, 5)], "") == "agh"
    assert without_spans("abcdefgh", [(4, 6), (1, 3), (2, 5)]).split() == ["a", "gh"]
    assert without_spans("abcdefgh", [(1, 7), (2, 3)], "") == "ah"
    assert without_spans("abc", []) == "abc"


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30))))
def test_what_remains_is_what_no_span_covers(text: str, spans: list[tuple[int, int]]) -> None:
    kept = [c for i, c in enumerate(text) if not any(start <= i < end for start, end in spans)]
    assert without_spans(text, [s for s in spans if s[0] <= s[1]], "") == "".join(kept)
