from collections.abc import Sequence

import numpy as np
import pytest
from tests.data.curation_helpers import message

from reviewguard.curation.likeness import likeness_by_split
from reviewguard.curation.shortcuts import (
    nearest_similarity,
    surface_auroc,
    words_auroc,
)
from reviewguard.curation.stats import (
    context_pairs,
    count_rows,
    distinct_2,
    is_indirect_ask,
    stats,
)
from reviewguard.schema import LabelledMessage

NEUTRAL = ("leave a review", "neutral_request")
GATED = ("leave a review", "selective")


def counts(*messages: LabelledMessage) -> dict[str, int]:
    return {row.name: row.count for row in count_rows(messages) if row.count}


def test_each_message_is_counted_for_what_it_is() -> None:
    long_text = "word " * 119 + "5 stars"
    assert counts(
        message("Your refund is on its way", register="insert", product="Mug"),
        message("Ships on Monday", previous="When?", register="template", product="mug"),
        message(long_text, ("5 stars", "positive_request"), register="letter"),
        message("Rate us the yellow ones", ("the yellow ones", "pressure"), register="non_native"),
        message("Light up the yellow ones", ("the yellow ones", "pressure")),
    ) == {
        "messages": 5,
        "products": 2,
        "positive_request": 1,
        "pressure": 2,
        "hard negatives": 1,
        "ordinary service": 1,
        "with previous": 1,
        "indirect asks": 1,
        "long (≥120 words)": 1,
        "short (≤8 words)": 4,
        "templates and inserts": 2,
        "non-native": 1,
        "chat": 1,
    }


def test_what_no_message_is_counts_as_none() -> None:
    rows = {row.name: row.count for row in count_rows([message("hi")])}
    assert (rows["messages"], rows["insider"], rows["context pairs"]) == (1, 0, 0)


def test_context_pairs_differ_in_label_and_count_each_message_once() -> None:
    text = "Could you leave a review?"
    one = message(text, NEUTRAL, previous="Where is it?")
    two = message(text, GATED, previous="Love it!")
    three = message(text, GATED, previous="So happy!")
    assert context_pairs([one, two]) == 1
    assert context_pairs([one, two, three]) == 1
    assert context_pairs([two, three]) == 0


def test_a_disguised_review_is_no_indirect_ask() -> None:
    assert not is_indirect_ask(message("leave a rеviеw", ("leave", "neutral_request")))
    assert is_indirect_ask(message("say it on the page", ("say it", "neutral_request")))
    assert not is_indirect_ask(message("it is on the page"))


def test_distinct_word_pairs() -> None:
    assert distinct_2(["a b a b", "a b"]) == 2 / 4
    assert distinct_2(["alone"]) == 0.0


def test_the_nearest_message_is_of_another_family() -> None:
    vectors = {"x": [1.0, 0.0], "y": [1.0, 1.0], "z": [0.0, 2.0]}

    def embed(texts: Sequence[str]) -> np.ndarray:
        return np.array([vectors[text] for text in texts])

    items = [message(text, id=text, family=f) for text, f in (("x", "f"), ("y", "f"), ("z", "g"))]
    assert nearest_similarity(items, embed) == pytest.approx([0.0, 0.5**0.5, 0.5**0.5])


def test_a_split_is_measured_within_itself_and_against_what_was_trained_on() -> None:
    vectors = {"x": [1.0, 0.0], "y": [0.6, 0.8], "z": [0.0, 1.0]}

    def embed(texts: Sequence[str]) -> np.ndarray:
        return np.array([vectors[text] for text in texts])

    x, y, z = (message(text, id=text, family=text) for text in vectors)
    train, test = likeness_by_split({"train": [x, y], "test": [z]}, embed)
    assert (train.mean, train.p95, train.train_mean) == (pytest.approx(0.6), pytest.approx(0.6), None)
    assert (test.mean, test.train_mean, test.train_p95) == (0.0, pytest.approx(0.8), pytest.approx(0.8))


def test_an_empty_split_is_left_out() -> None:
    def embed(texts: Sequence[str]) -> np.ndarray:
        return np.array([[1.0, 0.0] for _ in texts])

    x, y = message("x", id="x"), message("y", id="y")
    (train,) = likeness_by_split({"train": [x, y], "test": []}, embed)
    assert (train.split, train.messages, train.mean) == ("train", 2, 1.0)
    (test,) = likeness_by_split({"train": [], "test": [x, y]}, embed)
    assert (test.mean, test.train_mean) == (1.0, None)


@pytest.fixture(scope="module")
def guessable() -> list[LabelledMessage]:
    items = []
    for at in range(20):
        ask = f"word{at} trigger!!! leave a review"
        items.append(message(ask, GATED, id=f"bad-{at}"))
        items.append(message(f"word{at + 100} calm words only here, long enough", id=f"good-{at}"))
    return items


def test_shortcuts_are_found_where_there_are_some(guessable: list[LabelledMessage]) -> None:
    assert surface_auroc(guessable) == 1.0
    assert words_auroc(guessable) == 1.0
    assert surface_auroc(guessable[:6]) is None


def test_words_of_reviews_do_not_count_as_a_shortcut() -> None:
    items = []
    for at in range(20):
        items.append(message("leave a review rating stars", GATED, id=f"bad-{at}"))
        items.append(message("same as the other", id=f"good-{at}", family=f"good-{at}"))
    shared = [message(f"{item.text} same as the other", id=item.id) for item in items]
    labelled = [
        message(item.text, GATED, id=item.id) if item.id.startswith("bad") else item for item in shared
    ]
    assert words_auroc(labelled) == pytest.approx(0.5, abs=0.15)


def test_without_other_words_than_those_of_reviews_there_is_no_shortcut() -> None:
    asks = [message("leave a review", GATED, id=f"bad-{at}") for at in range(6)]
    assert words_auroc([*asks, *(message("happy", id=f"good-{at}") for at in range(6))]) is None


def test_stats_cover_every_message(guessable: list[LabelledMessage]) -> None:
    values = stats(guessable).to_dict()
    for table in ("registers", "channels", "lengths"):
        assert sum(n for row in values[table].values() for n in row.values()) == len(guessable)
    assert values["briefs"] == {"test": len(guessable)}
    assert 0 < values["distinct_2"] <= 1
