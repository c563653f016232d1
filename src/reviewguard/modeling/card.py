"""The model card, in Hugging Face form, rendered from evaluations and facts of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from huggingface_hub import EvalResult, ModelCardData
from jinja2 import Environment, PackageLoader, StrictUndefined

from reviewguard.modeling.compare import figure_text, stored_text
from reviewguard.modeling.metrics import Figure
from reviewguard.policy import load_policy

TITLES: Mapping[str, str] = {
    "auroc": "AUROC",
    "average_precision": "Average precision",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "false_alarm_rate": "False alarms (share of compliant messages)",
    "needs_review": "Handed to a person (share of all messages)",
    "violations_called_compliant": "Violations called compliant",
    "compliant_called_soliciting": "Compliant called review-soliciting",
    "macro_f1": "Macro-F1 over violation types",
    "macro_f1_with_neutral": "Macro-F1 with neutral requests",
    "context_pairs_right": "Context pairs with both sides right",
    "ece": "Expected calibration error",
    "brier": "Brier score",
    "evidence_token_f1": "Evidence against rationale, word F1",
    "evidence_iou_f1": "Evidence against rationale, IOU-F1",
    "removal_turns_compliant": "Caught violations below the single cut without the marked words",
    "removal_words_taken": "Words marked (share)",
}
"""Every figure of an evaluation and its title in the card."""

INDEXED = ("auroc", "f1", "precision", "recall")
"""Figures that the card's header gives to search engines."""


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card says beside the figures.

    Attributes:
        messages: split → number of messages.
        type_counts: type → number of training messages that carry it.
        examples: type → one message of ours.
        thresholds: what each threshold is for → its value, 0–1.
        limits: name of a limit → value with unit.
        versions: package → version at training time.
        base_model: hub id of the encoder.
        missed_at_most: share of violations called compliant, 0–1, as promised with 95% confidence.
        started_from: version and data digest of the run whose weights the training began with; None for the base's.
        taught_by: of a model that larger ones taught, or that began with such a one's weights: `teacher`, `seeds` and,
            where known, `windows`; in the second case that one's `version`.
        averaged_with: the models with which its weights were averaged: `version` and `share`, 0–1.
        calibrated_on: digest of the data that calibration and thresholds are of, if not `data_digest`.
        labels: how many labels that people added it has learnt; their messages may be real mail.
        mix: of a retraining: what it was trained on instead of the whole training split, and how many messages of each.
    """

    name: str
    version: str
    base_model: str
    run_id: str
    commit: str
    data_digest: str
    messages: Mapping[str, int]
    type_counts: Mapping[str, int]
    examples: Mapping[str, str]
    thresholds: Mapping[str, float]
    missed_at_most: float = 1.0
    started_from: Mapping[str, Any] | None = None
    taught_by: Mapping[str, Any] | None = None
    averaged_with: Sequence[Mapping[str, Any]] = ()
    labels: int = 0
    mix: Mapping[str, int] | None = None
    calibrated_on: str | None = None
    limits: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


def render_card(facts: CardFacts, evaluations: Mapping[str, Mapping[str, Any]]) -> str:
    """The card as Markdown with its YAML header.

    Args:
        evaluations: data set → `Evaluation.to_dict()` of this model; the first is given in full, and has the lists of
            a `DecisionReport` and `measured_on`, the digest of its data, too.

    Raises:
        ValueError: there is no evaluation.
    """
    if not evaluations:
        raise ValueError("a model card needs at least one evaluation")
    environment = Environment(
        loader=PackageLoader("reviewguard.modeling", "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters |= {"cell": _cell, "figure": stored_text, "share": _share}
    main = next(iter(evaluations))
    return environment.get_template("card.md.j2").render(
        header=_header(facts, evaluations).to_yaml().strip(),
        facts=facts,
        policy=load_policy(),
        titles=_shown_titles(evaluations),
        evaluations=evaluations,
        main=main,
    )


def _header(facts: CardFacts, evaluations: Mapping[str, Mapping[str, Any]]) -> ModelCardData:
    return ModelCardData(
        language="en",
        license="apache-2.0",
        library_name="reviewguard",
        pipeline_tag="text-classification",
        tags=["text-classification", "compliance", "customer-reviews", "explainability", "onnx"],
        base_model=facts.base_model,
        metrics=["roc_auc", "f1", "precision", "recall"],
        model_name=facts.name,
        eval_results=[result for name, values in evaluations.items() for result in _results(name, values)],
    )


def _results(dataset: str, evaluation: Mapping[str, Any]) -> list[EvalResult]:
    kinds = {"auroc": "roc_auc"}
    return [
        EvalResult(
            task_type="text-classification",
            dataset_type=f"reviewguard/{dataset.replace(' ', '-')}",
            dataset_name=dataset,
            metric_type=kinds.get(name, name),
            metric_name=TITLES[name],
            metric_value=round(evaluation["figures"][name]["value"], 4),
        )
        for name in INDEXED
        if evaluation["figures"][name]["value"] is not None
    ]


def _shown_titles(evaluations: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Titles of the figures that some data set defines."""
    return {
        name: title
        for name, title in TITLES.items()
        if any(values["figures"][name]["value"] is not None for values in evaluations.values())
    }


def _cell(text: str) -> str:
    """Text on one line that does not end its table cell."""
    return " ".join(text.split()).replace("|", "\\|")


def _share(value: float | None) -> str:
    return figure_text(Figure(value))
