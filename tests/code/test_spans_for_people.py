from __future__ import annotations

import re

import numpy as np

from reviewguard.decision import deciding
from reviewguard.inference.spans import (
    WordScores,
    bare,
    evidence_spans,
    says_nothing,
    word_effects,
    word_scores,
)

TEXT = "Hello. Please leave us five stars today, thanks!"
WORDS = TEXT.split()


def scores(probability: dict[str, float]) -> WordScores:
    offsets, at = [], 0
    for word in WORDS:
        start = TEXT.index(word, at)
        at = start + len(word)
        offsets.append((start, at))
    tokens = (
        np.array(offsets),
        np.array([probability.get(w, 0.0) for w in WORDS]),
        np.ones(len(WORDS)),
    )
    return word_scores(TEXT, *tokens)


def test_neighbouring_words_become_one_phrase_and_punctuation_at_the_ends_is_left_out() -> None:
    (span,) = evidence_spans(
        TEXT, "positive_request", scores({"five": 0.9, "stars": 0.8, "today,": 0.7}), 0.5
    )
    assert span.text == "five stars today"
    assert TEXT[span.start : span.end] == span.text
    assert span.weight == 1.0


def test_entities_stay_whole_and_those_for_blanks_part_words() -> None:
    text = "Hi.&nbsp;Leave&nbsp;us &quot;5 stars&quot;;&nbsp;thanks"
    tokens = [(at, at + len(word)) for word in ("Leave", "us", "5", "stars") for at in [text.index(word)]]
    found = word_scores(text, np.array(tokens), np.array([0.9] * 4), np.ones(4))
    (span,) = evidence_spans(text, "x", found, 0.5)
    assert span.text == "Leave&nbsp;us &quot;5 stars&quot;"
    assert text[slice(*bare(text, 0, 4))] == "Hi.&"


def test_short_gaps_are_bridged_and_long_ones_are_not() -> None:
    (bridged,) = evidence_spans(TEXT, "x", scores({"leave": 0.9, "stars": 0.9}), 0.5)
    assert bridged.text == "leave us five stars"
    apart = evidence_spans(TEXT, "x", scores({"Hello.": 0.9, "stars": 0.9}), 0.5)
    assert [s.text for s in apart] == ["Hello", "stars"]
    assert [s.weight for s in apart] == [0.5, 0.5]


def test_without_a_strong_word_the_one_of_most_weight_is_shown() -> None:
    (span,) = evidence_spans(TEXT, "x", scores({"stars": 0.2, "us": 0.1}), 0.5)
    assert span.text == "stars"


def test_nothing_to_mark_in_nothing() -> None:
    empty = (np.zeros((0, 2), dtype=np.int64), np.zeros(0), np.zeros(0))
    assert evidence_spans("", "x", word_scores("", *empty), 0.5) == []


def test_function_words_at_the_ends_of_a_phrase_are_left_out() -> None:
    text = "Send it and the gift is yours for a review."
    spans = [(i, i + len(w)) for w, i in ((w, text.index(w)) for w in text.split())]
    tokens = (np.array(spans), np.array([0, 0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0, 0]), np.ones(10))
    (span,) = evidence_spans(text, "x", word_scores(text, *tokens), 0.5)
    assert span.text == "gift is yours"
    alone = (tokens[0], np.array([0, 0, 0, 0.9, *[0] * 6]), np.ones(10))
    assert [s.text for s in evidence_spans(text, "x", word_scores(text, *alone), 0.5)] == ["the"]


def test_at_most_the_three_strongest_phrases_are_shown_and_none_without_weight() -> None:
    text = " ".join(f"w{i}" for i in range(25))
    spans = np.array([m.span() for m in re.finditer(r"\S+", text)])
    strong = np.zeros(25)
    strong[::5] = 0.9
    attention = np.zeros(25)
    attention[::5] = [1, 4, 2, 3, 0.5]
    found = evidence_spans(text, "x", word_scores(text, spans, strong, attention), 0.5)
    assert [s.text for s in found] == ["w5", "w10", "w15"]
    attention[::5] = [0, 4, 0, 3, 0]
    found = evidence_spans(text, "x", word_scores(text, spans, strong, attention), 0.5)
    assert [s.text for s in found] == ["w5", "w15"]


def test_a_words_weight_is_attention_times_probability_as_a_share_and_sums_over_its_tokens() -> None:
    tokens = (np.array([(0, 2), (2, 5), (6, 8)]), np.array([0.5, 1.0, 0.25]), np.array([0.2, 0.3, 0.5]))
    found = word_scores("gifts ok", *tokens)
    assert found.words == ((0, 5), (6, 8))
    np.testing.assert_allclose(found.probability, [1.0, 0.25])
    np.testing.assert_allclose(found.weight, np.array([0.4, 0.125]) / 0.525)


def test_words_that_were_read_as_one_are_one() -> None:
    text = "Leave ⭐ ⭐ ⭐ ⭐ ⭐ now"
    stars = (6, 15)
    tokens = (np.array([(0, 5), stars, stars, (16, 19)]), np.array([0, 0.9, 0.8, 0]), np.ones(4))
    found = word_scores(text, *tokens)
    assert found.words == ((0, 5), stars, (16, 19))
    np.testing.assert_allclose(found.probability, [0, 0.9, 0])
    np.testing.assert_allclose(found.weight, [0, 1, 0])
    (span,) = evidence_spans(text, "x", found, 0.5)
    assert (span.text, span.weight) == ("⭐ ⭐ ⭐ ⭐ ⭐", 1.0)


def test_a_words_effect_is_the_sum_over_its_tokens() -> None:
    words = ((0, 5), (6, 9))
    offsets = np.array([(0, 2), (2, 5), (6, 9)])
    np.testing.assert_allclose(word_effects(words, offsets, np.array([1.0, 2.0, -1.0])), [3.0, -1.0])
    assert word_effects((), np.zeros((0, 2), dtype=np.int64), np.zeros(0)).shape == (0,)


def test_words_of_evidence_decide_first_and_among_them_those_without_which_most_is_lost() -> None:
    probability = np.array([0.1, 0.9, 0.1, 0.0, 0.9, 0.1, 0.1])
    effects = np.array([9.0, 1.0, 0.5, -3.0, 2.0, 0.0, 0.0])
    order = np.argsort(-deciding(probability, effects), kind="stable").tolist()
    assert order[:4] == [4, 1, 2, 3]  # what stands between strong words counts as they do
    np.testing.assert_allclose(
        deciding(probability, np.zeros(7)), np.sqrt([0.1, 0.9, 0.9, 0.9, 0.9, 0.1, 0.1])
    )


def marked(text: str, weights: dict[str, float]) -> list[str]:
    """Phrases of a text whose words have these attentions and are marked; the others are not."""
    spans = [m.span() for m in re.finditer(r"\S+", text)]
    attention = np.array([weights.get(text[a:b], 0.0) for a, b in spans])
    tokens = (np.array(spans), np.where(attention > 0, 0.9, 0.0), attention)
    return [e.text for e in evidence_spans(text, "x", word_scores(text, *tokens), 0.5)]


def test_no_phrase_runs_over_a_blank_line() -> None:
    for blank in ("\n\n", "\r\n\r\n", "\n \t\n"):
        assert marked(
            f"five stars{blank}gift card", dict.fromkeys(["five", "stars", "gift", "card"], 1.0)
        ) == [
            "five stars",
            "gift card",
        ]
    assert marked("five stars\r\ngift card", dict.fromkeys(["five", "stars", "gift", "card"], 1.0)) == [
        "five stars\r\ngift card"
    ]


def test_a_lone_word_of_another_sentence_is_left_out_unless_it_weighs() -> None:
    stars = {"five": 1.0, "stars": 1.0}
    assert marked("five stars\nIf not", stars | {"If": 0.01}) == ["five stars"]
    assert marked("Goodbye. five stars", stars | {"Goodbye.": 0.01}) == ["five stars"]
    assert marked("Happy? five stars", stars | {"Happy?": 1.0}) == ["Happy? five stars"]
    assert marked("our five\nstars", stars | {"our": 1.0, "stars": 0.01}) == ["our five\nstars"]


def test_a_phrase_ends_at_a_links_label() -> None:
    text = "Not happy? [Tell us first](mailto:help@shop.example). Thanks"
    for quoted in ("Tell us first](mailto:help@shop.example).", "first](mailto:help@shop.example"):
        start = text.index(quoted)
        assert text[slice(*bare(text, start, start + len(quoted)))] == quoted.partition("]")[0]
    assert text[slice(*bare(text, 0, len(text)))] == text


def test_a_function_word_or_a_scrap_says_nothing() -> None:
    said = ("your review", "stars", "5*", "⭐⭐", "$20", "5/5", "20%")
    assert [phrase for phrase in ("Your", "(the)", "PS", "2.", *said) if not says_nothing(phrase)] == [*said]
