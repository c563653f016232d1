"""The model card: every number from its arguments, and a header that Hugging Face can read."""

from dataclasses import replace
from itertools import pairwise

import pytest
from huggingface_hub import ModelCard
from tests.code.fake_scorer import EXAMPLES, SCORER

from reviewguard.modeling.card import TITLES, CardFacts, render_card
from reviewguard.modeling.evaluation import evaluate

FACTS = CardFacts(
    name="tiny-guard",
    version="9.8.7",
    base_model="some/encoder",
    run_id="run-123",
    commit="abc123-dirty",
    data_digest="d1g35t",
    messages={"train": 4321, "validation": 765},
    type_counts={"incentive": 271},
    examples={"incentive": "Review | get\na mug"},
    thresholds={"needs-review from": 0.1234, "review-soliciting from": 0.8765},
    limits={"longest message": "77777 characters"},
    versions={"torch": "5.5.5"},
    started_from={"version": "9.8.6", "data_digest": "f00d"},
    taught_by={"teacher": "some/larger", "seeds": [13, 14], "windows": 472111},
    mix={"messages replayed": 600, "new labels": 20},
)
DECISIONS = {"band": [], "profiles": [], "calibration": [], "measured_on": "d1g35t"}
EVALUATIONS = {
    "test split": evaluate(SCORER, EXAMPLES, seed=1, bootstrap=20).to_dict() | DECISIONS,
    "clean": evaluate(SCORER, EXAMPLES[2:4], seed=1, bootstrap=0).to_dict(),
}


@pytest.fixture(scope="module")
def card() -> str:
    return render_card(FACTS, EVALUATIONS)


def test_header_reads_back(card: str) -> None:
    data = ModelCard(card).data
    assert (data.license, data.language, data.base_model) == ("apache-2.0", "en", "some/encoder")
    results = {(r.dataset_name, r.metric_type): r.metric_value for r in data.eval_results}
    assert results["test split", "f1"] == pytest.approx(4 / 7, abs=1e-4)
    assert ("clean", "f1") not in results
    assert data.model_name == "tiny-guard"


@pytest.mark.parametrize(
    "fact",
    [
        "tiny-guard 9.8.7",
        "run-123",
        "abc123-dirty",
        "d1g35t",
        "| messages, train | 4321 |",
        "| weights begun from | version 9.8.6, data digest `f00d` |",
        "| taught by | some/larger, fine-tuned with seeds 13 and 14, on 472,111 windows |",
        "| retrained on | messages replayed: 600, new labels: 20 |",
        "| threshold, needs-review from | 0.1234 |",
        "| threshold, review-soliciting from | 0.8765 |",
        "longest message: 77777 characters",
        "| version of torch | 5.5.5 |",
    ],
)
def test_facts_of_the_run_stand_in_the_card(card: str, fact: str) -> None:
    assert fact in card


def test_what_taught_a_model_is_said_only_where_something_did() -> None:
    assert "| taught by |" not in render_card(replace(FACTS, taught_by=None), EVALUATIONS)
    card = render_card(replace(FACTS, taught_by={"teacher": "some/larger", "seeds": [5]}), EVALUATIONS)
    assert "| taught by | some/larger, fine-tuned with seed 5 |" in card
    earlier = {"teacher": "some/larger", "seeds": [5], "version": "0.8.0"}
    shares = [{"version": "0.17.0", "share": 0.4}]
    card = render_card(replace(FACTS, taught_by=earlier, averaged_with=shares), EVALUATIONS)
    assert "| taught by, as version 0.8.0 | some/larger, fine-tuned with seed 5 |" in card
    assert "| averaged with | version 0.17.0, which has a share of 0.4 |" in card


def test_learnt_labels_are_not_called_messages_of_this_project(card: str) -> None:
    assert "that people added" not in card
    card = render_card(replace(FACTS, labels=1234), EVALUATIONS)
    assert (
        "learnt 1,234 labels that people added, of their own messages. What follows is of the others." in card
    )
    assert "not drawn from real mail, but for labels that people added, so" in card


def test_a_promise_that_cannot_be_kept_is_marked() -> None:
    row = {"risk": 0.005, "lower": 0.2, "bound": 0.0075, "band": 0.1, "missed": 0.0, "cleared": 0.8}
    main = EVALUATIONS["test split"] | {"band": [row, row | {"risk": 0.01}], "calibration": []}
    card = render_card(FACTS, {"test split": main})
    assert "| 0.5%: cannot be promised | 0.2000 |" in card
    assert "| 1.0% | 0.2000 |" in card


def test_figures_stand_beside_their_intervals(card: str) -> None:
    f1 = EVALUATIONS["test split"]["figures"]["f1"]
    assert f"| F1 | 0.571 ({f1['low']:.3f}–{f1['high']:.3f}) | – |" in card
    assert "| register: chat | 2 | 0 | – | – | 0.500 |" in card
    assert "| review-soliciting | 1 | 0 | 2 | 0 |" in card


def test_every_table_is_whole(card: str) -> None:
    lines = card.splitlines()
    for above, line in pairwise(lines):
        if above.startswith("|") and line.startswith("|"):
            assert above.replace("\\|", "").count("|") == line.replace("\\|", "").count("|"), line
    assert "| `incentive` | offers a benefit for a review | 271 | Review \\| get a mug |" in lines
    assert "\n\n\n" not in card


def test_every_figure_has_a_title() -> None:
    assert set(EVALUATIONS["test split"]["figures"]) == set(TITLES)


def test_other_figures_give_another_card(card: str) -> None:
    assert render_card(replace(FACTS, version="1.0"), EVALUATIONS) != card
    with pytest.raises(ValueError, match="at least one evaluation"):
        render_card(FACTS, {})
