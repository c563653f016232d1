"""Measures of explanations, on a model whose answers are known without an encoder."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from tests.code.fake_scorer import FakeScorer

from reviewguard.encoding import Window
from reviewguard.modeling.explainers.probe import Probe
from reviewguard.modeling.explainers.words import WordedMessage
from reviewguard.modeling.faithfulness import (
    BINS,
    Reference,
    agreement,
    best_words,
    faithfulness,
    plausibility,
    reference,
)
from reviewguard.modeling.scorer import observe
from reviewguard.modeling.shipped_words import (
    misspell_unmarked,
    remove_at_random,
    shipped_figures,
    split_by_marks,
)
from reviewguard.modeling.spans import marked_words, word_spans
from reviewguard.policy import load_policy
from reviewguard.schema import LabelledMessage, Proof, Quote, Rationale

GIFT, MASK = 7, 99


class GiftModel:
    """A violation, with probability 0.9, exactly while the word GIFT is there; else 0.1."""

    mask_id = MASK
    violation_types = ("incentive",)

    def probabilities(self, windows: list[Window]) -> np.ndarray:
        return np.array([0.9 if GIFT in window.ids else 0.1 for window in windows])

    def kept_log_odds(self, message: WordedMessage, kept: np.ndarray, how: Any) -> np.ndarray:
        windows = [message.erased(~row, how, MASK) for row in kept]
        chance = self.probabilities(windows)
        return np.log(chance / (1 - chance))


MODEL = cast(Probe, GiftModel())


def worded(text: str, gift: str, *marked: str) -> WordedMessage:
    """A message of one token a word, the word `gift` being GIFT."""
    words = word_spans(text)
    ids = (1, *(GIFT if text[s:e] == gift else 10 + i for i, (s, e) in enumerate(words)), 2)
    window = Window(ids, (0,) * len(ids), (1, len(ids) - 1), tuple(words))
    parts = tuple(Rationale(text.index(m), text.index(m) + len(m), "incentive") for m in marked)
    example = LabelledMessage("m", text, None, ("incentive",), parts)
    return WordedMessage(example, window, tuple(words), np.array([-1, *range(len(words)), -1]))


@pytest.fixture
def message() -> WordedMessage:
    return worded("Dear Ana the lamp is sent and a card waits for stars", "card", "card waits for stars")


@pytest.mark.parametrize("erasure", ["mask", "delete"])
def test_the_deciding_word_first_is_comprehensive_and_sufficient(
    message: WordedMessage, erasure: Any
) -> None:
    right = np.array([w == 8 for w in range(len(message.words))], dtype=float)
    found = faithfulness(MODEL, [message, message], [right, -right], erasure)
    assert found["comprehensiveness"] == pytest.approx([0.8, 0.0])
    assert found["sufficiency"] == pytest.approx([0.0, 0.8])


def test_a_word_found_late_counts_for_the_larger_shares_only(message: WordedMessage) -> None:
    third = -np.abs(np.arange(12) - 8.0)  # 8, 7, 9 …
    third[8] = -1.5
    found = faithfulness(MODEL, [message], [third], "mask")
    taken = [max(1, math.ceil(share * 12)) for share in BINS]
    assert found["comprehensiveness"][0] == pytest.approx(0.8 * np.mean([n >= 3 for n in taken]))


def test_selection_rounds_up_and_breaks_ties_by_place() -> None:
    assert best_words(np.array([0.0, 1.0, 1.0, 0.0]), 0.26).tolist() == [False, True, True, False]
    assert best_words(np.zeros(3), 0.01).tolist() == [True, False, False]
    assert best_words(np.zeros(10), 0.2).sum() == 2


def test_agreement_is_kendalls_tau_and_nan_without_an_order() -> None:
    found = agreement([np.array([1.0, 2, 3]), np.ones(3)], [np.array([1.0, 3, 2]), np.arange(3.0)])
    assert found[0] == pytest.approx(1 / 3) and math.isnan(found[1])


def test_leave_one_out_of_the_reference_names_the_word(message: WordedMessage) -> None:
    known = reference(MODEL, [message])
    assert known.share == pytest.approx(4 / 12)
    for alone in known.alone.values():
        assert np.flatnonzero(alone[0]).tolist() == [8]
        assert alone[0][8] == pytest.approx(2 * math.log(9))


def test_plausibility_of_the_rationale_itself_is_perfect(message: WordedMessage) -> None:
    marks = message.rationale(("incentive",))
    known = Reference((marks,), float(marks.mean()), {})
    perfect = plausibility([marks.astype(float)], known)
    assert [values[0] for values in perfect.values()] == [1, 1, 1]
    wrong = plausibility([-marks.astype(float)], known)
    assert wrong["token_f1"][0] == 0 and wrong["iou_f1"][0] == 0 and wrong["auprc"][0] < 0.5


def test_every_method_may_select_as_many_words(message: WordedMessage) -> None:
    half = np.array([w in (8, 9, 0, 1) for w in range(12)], dtype=float)
    marks = message.rationale(("incentive",))
    found = plausibility([half], Reference((marks,), float(marks.mean()), {}))
    assert found["token_f1"][0] == pytest.approx(0.5)  # two of four each way
    assert found["iou_f1"][0] == pytest.approx(2 * 0.5 * 1 / 1.5)  # one of two runs overlaps by half


def test_typos_stay_off_the_marked_words() -> None:
    text = "Dear customer, please write five stars tomorrow {{customer_name}} www.example.com"
    marks = marked_words(text, [(text.index("write"), text.index(" tomorrow"))])
    changed = misspell_unmarked(text, marks, seed=1)
    before, after = text.split(), changed.split()
    assert len(after) == len(before)
    different = [b for b, a in zip(before, after, strict=True) if a != b]
    assert len(different) == 1 and different[0] in ("customer,", "please", "tomorrow")
    assert misspell_unmarked(text, np.ones(len(before), dtype=bool), seed=1) == text


class AlwaysSure(FakeScorer):
    """Flags whatever has a word, and marks all of it or the gift."""

    def _said(self, text: str) -> tuple[float | None, list[str], list[str]]:
        return 0.9, ["incentive"], [text if "gift" not in text else "gift"]


def test_words_drawn_at_random_are_taken_out_for_comparison() -> None:
    examples = [
        LabelledMessage(f"m{i}", text, None, ("incentive",), (Rationale(0, 4, "incentive"),))
        for i, text in enumerate(("gift for two stars", "two stars", "one star, one gift"))
    ]
    scorer = AlwaysSure({})
    observed = observe(scorer, examples, load_policy().profile("amazon"))
    turned = remove_at_random(scorer, observed, seed=1)
    assert turned.tolist() == [0, 1, 0]  # of the second, which is marked as a whole, no word is left
    assert split_by_marks(scorer, observed)[1].tolist() == [0, 1, 0]


def test_a_rest_of_emoji_is_not_clear_because_it_has_no_letters() -> None:
    text = "gift for ⭐⭐⭐⭐⭐"
    said = {text: (0.9, ["incentive"], ["gift for"]), "  ⭐⭐⭐⭐⭐": (0.8, ["incentive"], [])}
    example = LabelledMessage("m", text, None, ("incentive",), (Rationale(0, 8, "incentive"),))
    scorer = FakeScorer(said)
    observed = observe(scorer, [example], load_policy().profile("amazon"))
    cleared, nothing_left, _ = split_by_marks(scorer, observed)
    assert (cleared.tolist(), nothing_left.tolist()) == ([0], [0])


def test_shipped_words_are_taken_out_proven_and_disturbed() -> None:
    text = "Thank you kindly, a gift card for stars waits"
    marks = "a gift card for stars"
    said = {text: (0.9, ["incentive"], [marks, "for stars"]), marks: (0.8, ["incentive"], [])}
    example = LabelledMessage("m", text, None, ("incentive",), (Rationale(18, 39, "incentive"),))

    def prove(messages: Any, verdicts: Any) -> list[Any]:
        words = Proof((Quote(20, 29, "gift card"),), 0.1)
        return [SimpleNamespace(decisive=words) for _ in verdicts]

    found = shipped_figures(FakeScorer(said), prove, [example], seed=1, bootstrap=0)
    values = {name: figure.value for name, figure in found.items()}
    assert values["token_f1"] == 1 and values["iou_f1"] == 1
    assert values["removal_turns_compliant"] == 1 and values["removal_words_taken"] == pytest.approx(5 / 9)
    assert values["removal_says_compliant"] == 1 and values["marks_alone_flagged"] == 1
    assert values["decisive_turns_compliant"] == values["decisive_says_compliant"] == 1
    assert values["decisive_words_taken"] == pytest.approx(2 / 9)
    assert values["removal_leaves_nothing"] == 0 and values["random_removal_turns_compliant"] == 1
    assert values["unchanged_by_typos"] == 0  # the fake knows no misspelt text, so nothing is marked there
