"""Measures an exported model, and writes figures, reliability diagrams and card into its folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from reviewguard.classifier_scorer import ClassifierScorer
from reviewguard.curation.labels import BRIEF
from reviewguard.decision_report import decision_report
from reviewguard.exporting import CARD_FILE, DIAGRAM_FILE, FIGURES_FILE
from reviewguard.files import write_json, write_text
from reviewguard.inference.classifier import Classifier
from reviewguard.modeling.base_model import PACKAGED
from reviewguard.modeling.card import CardFacts, render_card
from reviewguard.modeling.evaluation import Evaluation, evaluate
from reviewguard.modeling.plots import calibration_figure
from reviewguard.modeling.runs import taught_by
from reviewguard.schema import LabelledMessage
from reviewguard.settings import TYPE_COUNTS

TEST = "own test split"
CALIBRATED_ON = "calibrated_on"
MEASURED_ON = "measured_on"
"""Beside the figures of the test split: the digest of the data it is of."""
PACKAGED_FROM = "sentence-transformers/all-MiniLM-L6-v2"
"""Hub id of the encoder that comes as a package."""


def measure_and_describe(
    classifier: Classifier,
    folder: Path,
    splits: Mapping[str, Sequence[LabelledMessage]],
    written: Sequence[LabelledMessage],
    measure_on: Mapping[str, Sequence[LabelledMessage]] | None = None,
    *,
    measured_on: str,
    seed: int = 13,
    bootstrap: int = 1000,
) -> Mapping[str, Evaluation]:
    """Measure an exported model, and write figures and card into its folder.

    Args:
        written: what it was trained on, before augmentation.
        measure_on: further labelled data to report on.
        measured_on: digest of the data that `splits` are.
    """
    scorer = ClassifierScorer(classifier)
    datasets = {TEST: splits["test"]} | dict(measure_on or {})
    found = {
        name: evaluate(scorer, examples, seed=seed, bootstrap=bootstrap)
        for name, examples in datasets.items()
    }
    # The scorer's classifier remembers what it read.
    describe(folder, scorer.classifier, written, found, splits, measured_on=measured_on)
    return found


def describe(
    folder: Path,
    classifier: Classifier,
    written: Sequence[LabelledMessage],
    evaluations: Mapping[str, Evaluation],
    splits: Mapping[str, Sequence[LabelledMessage]],
    *,
    measured_on: str,
) -> None:
    """Write figures, reliability diagrams and card into a model folder.

    Args:
        measured_on: digest of the data whose test split was measured.
    """
    figures = {name: evaluation.to_dict() for name, evaluation in evaluations.items()}
    decisions = decision_report(classifier, splits["validation"], splits["test"])
    figures[TEST] |= asdict(decisions) | {MEASURED_ON: measured_on}
    write_json(folder / FIGURES_FILE, figures)
    calibration_figure(decisions.calibration).savefig(folder / DIAGRAM_FILE)
    write_text(folder / CARD_FILE, render_card(card_facts(classifier, written), figures))


def card_facts(classifier: Classifier, written: Sequence[LabelledMessage]) -> CardFacts:
    """What the card says beside the figures, from the model's own configuration."""
    settings, training = classifier.settings, classifier.settings.training
    amazon, limits = settings.profiles["amazon"], settings.limits
    return CardFacts(
        name=settings.name,
        version=settings.version,
        base_model=_base_model(training),
        run_id=training["run_id"],
        commit=training["commit"],
        data_digest=training["data_digest"],
        messages=training["messages"],
        type_counts=training[TYPE_COUNTS],
        examples={t: _example(written, t) for t in settings.types},
        thresholds={
            f"{name}, {use}": value
            for name, profile in settings.profiles.items()
            for use, value in (
                ("review-soliciting from", profile.upper),
                ("compliant below", profile.lower),
                ("single cut for precision, recall and F1", profile.threshold),
            )
        }
        | {"token evidence marked from": settings.token_threshold},
        missed_at_most=amazon.missed_at_most,
        started_from=training.get("started_from"),
        taught_by=taught_by(training),
        averaged_with=training.get("averaged_with", ()),
        labels=len(training.get("labels", ())),
        mix=training.get("mix"),
        calibrated_on=training.get(CALIBRATED_ON),
        limits={
            "longest window": f"{limits.window} tokens",
            "shared by neighbouring windows": f"{limits.stride} tokens at most",
            "of the buyer's message": f"the first {limits.previous} tokens",
            "misspelt words": "read as what was meant" if limits.spelling else "read as written",
        },
        versions=training["versions"],
    )


def _base_model(training: Mapping[str, Any]) -> str:
    """Hub id of the encoder, or the folder it was read from."""
    name = str(training.get("base_model", PACKAGED))
    return PACKAGED_FROM if name == PACKAGED else name


def _example(written: Sequence[LabelledMessage], type_name: str) -> str:
    """The shortest written message of at least eight words with this type alone; people's own mail is not quoted."""
    alone = [
        m.text
        for m in written
        if m.types == (type_name,) and len(m.text.split()) >= 8 and not m.previous and m.writer_brief != BRIEF
    ]
    return min(alone, key=lambda text: (len(text), text), default="")
