"""The search for the fewest words: against rules that say which words decide."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from reviewguard.inference.proof import LONGEST, decisive_clauses, decisive_words, fewest
from reviewguard.schema import Evidence, Message

Left = Callable[[Sequence[Sequence[int]]], NDArray[np.float64]]


def needs(*decide: int) -> tuple[Left, list[int]]:
    """Scores under which a set decides once it holds all of these, and the sizes of batches asked for."""
    asked: list[int] = []

    def left(sets: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        asked.append(len(sets))
        return np.array([0.1 if set(decide) <= set(s) else 0.9 for s in sets])

    return left, asked


@pytest.mark.parametrize("decide", [*combinations(range(6), 1), *combinations(range(6), 2)])
def test_no_needless_word_is_left(decide: tuple[int, ...]) -> None:
    left, asked = needs(*decide)
    assert fewest(range(6), left, 0.5) == (list(decide), 0.1)
    assert len(asked) <= 3


def test_few_passes_are_taken_for_many_words() -> None:
    left, asked = needs(3, 40, 90)
    found = fewest(range(120), left, 0.5)
    assert found is not None
    assert {3, 40, 90} <= set(found[0])
    assert sum(asked) < 60


def test_words_that_decide_only_together_are_kept_together() -> None:
    """Either of 1 and 2 can be put back, not both."""

    def left(sets: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        return np.array([0.1 if 0 in s and (1 in s or 2 in s) else 0.9 for s in sets])

    found = fewest([1, 2, 0], left, 0.5)
    assert found is not None
    assert (len(found[0]), 0 in found[0]) == (2, True)


def test_what_cannot_be_spared_together_is_tried_again() -> None:
    """One of 1, 2 and 3 can be spared; once it is, 4 and 5 can."""

    def left(sets: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        return np.array([0.1 if 0 in s and len({1, 2, 3} & set(s)) >= 2 else 0.9 for s in sets])

    found = fewest([4, 5, 1, 2, 3, 0], left, 0.5)
    assert found is not None and len(found[0]) == 3


def test_nothing_is_claimed_where_nothing_decides() -> None:
    left, _ = needs(7)
    assert fewest(range(5), left, 0.5) is None
    assert fewest([], left, 0.5) is None


def probability(messages: Sequence[Message]) -> NDArray[np.float64]:
    """Broken by a gift for stars, or by a review asked of a buyer who is glad."""
    return np.array(
        [
            0.9
            if ("gift" in m.text and "stars" in m.text)
            or ("review" in m.text and "glad" in (m.previous or ""))
            else 0.2
            for m in messages
        ]
    )


def weighed(text: str, **weights: float) -> tuple[list[tuple[int, int]], NDArray[np.float64]]:
    words = [w.strip(",.") for w in text.split()]
    starts = [text.index(w) for w in words]
    spans = [(s, s + len(w)) for s, w in zip(starts, words, strict=True)]
    return spans, np.array([weights.get(w, 0.0) for w in words])


TEXT = "A gift is yours, we want stars."
WEIGHTS = weighed(TEXT, gift=0.5, stars=0.9, yours=0.6)


def marked(words: str) -> list[Evidence]:
    start = TEXT.index(words)
    return [Evidence(start, start + len(words), words, "incentive", 1.0)]


def test_the_deciding_words_are_marked_ones_where_these_make_it_compliant() -> None:
    proof = decisive_words(Message(TEXT), marked("gift is yours"), *WEIGHTS, probability, 0.5, 0.3)
    assert proof is not None
    assert [(q.start, q.text) for q in proof.words] == [(2, "gift")]
    assert proof.probability == 0.2


def test_other_words_are_taken_where_the_marked_ones_do_not_make_it_compliant() -> None:
    proof = decisive_words(Message(TEXT), marked("yours"), *WEIGHTS, probability, 0.5, 0.3)
    assert proof is not None
    assert [q.text for q in proof.words] == ["stars"]


def test_marked_words_that_leave_a_doubt_decide_where_nothing_makes_it_compliant() -> None:
    proof = decisive_words(Message(TEXT), marked("gift is yours"), *WEIGHTS, probability, 0.5, 0.1)
    assert proof is not None
    assert [q.text for q in proof.words] == ["gift"]
    assert decisive_words(Message(TEXT), marked("yours"), *WEIGHTS, probability, 0.5, 0.1) is None


def test_most_of_a_message_is_never_taken_for_its_unmarked_words() -> None:
    def by_length(messages: Sequence[Message]) -> NDArray[np.float64]:
        return np.array([len(re.findall(r"\w+", m.text)) / 10 for m in messages])

    assert decisive_words(Message(TEXT), marked("yours"), *WEIGHTS, by_length, 0.35, 0.35) is None
    proof = decisive_words(Message(TEXT), marked("yours"), *WEIGHTS, by_length, 0.65, 0.45)
    assert proof is not None
    assert [q.text for q in proof.words] == ["gift", "yours", "stars"]


def test_without_all_of_its_words_a_message_proves_nothing() -> None:
    text = "Stars, gift!"
    both = [Evidence(0, len(text), text, "incentive", 1.0)]
    alone = weighed("Stars, gift", Stars=0.9, gift=0.5)

    def whole(messages: Sequence[Message]) -> NDArray[np.float64]:
        return np.array([0.9 if re.search("Stars|gift", m.text) else 0.0 for m in messages])

    assert decisive_words(Message(text), both, *alone, whole, 0.5, 0.3) is None
    more = Message(f"{text} Ok")
    assert decisive_words(more, both, *alone, whole, 0.5, 0.3) is not None


def test_the_buyers_clause_is_found() -> None:
    previous = "Hi Edda, I am so glad! Where is the invoice?"
    proof = decisive_clauses(Message("A review?", previous), probability, 0.5)
    assert proof is not None
    assert [q.text for q in proof.words] == ["I am so glad"]
    assert all(previous[q.start : q.end] == q.text for q in proof.words)


@pytest.mark.parametrize("previous", [None, "", "?!", " \n"])
def test_a_buyer_who_said_nothing_decides_nothing(previous: str | None) -> None:
    assert decisive_clauses(Message("A gift for stars", previous), probability, 0.5) is None


def test_nothing_is_looked_for_beside_a_long_letter() -> None:
    text = "A review? " + "Thanks. " * (LONGEST // 8)
    assert decisive_clauses(Message(text, "I am so glad!"), probability, 0.5) is None


def test_emoji_that_are_left_still_speak() -> None:
    def glad(messages: Sequence[Message]) -> NDArray[np.float64]:
        return np.array([0.9 if "😍" in (m.previous or "") else 0.2 for m in messages])

    proof = decisive_clauses(Message("A review?", "It came. 😍😍😍"), glad, 0.5)
    assert proof is not None
    assert [q.text for q in proof.words] == ["😍😍😍"]
