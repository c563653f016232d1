"""The data of a round: curated anew, labels taken in, splits as they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reviewguard.curation.labels import read_labels
from reviewguard.curation.pipeline import CurationReport, build
from reviewguard.curation.storage import load_splits, read_frozen
from reviewguard.errors import InputError
from reviewguard.inference.classifier import Classifier
from reviewguard.retraining.config import RetrainConfig
from reviewguard.retraining.labels import RoundOfLabels, sort_labels
from reviewguard.retraining.regression import regression_set
from reviewguard.schema import LabelledMessage

LEARNT = "labels"
"""Fact of a training: the labels it learnt, as `label_version` names them."""
HELD_OUT = "held_out_labels"
"""Fact of a training: ids of the new labels that were kept for measuring it."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the data lies.

    Attributes:
        splits: record of the splits of earlier builds; written messages that are not in it are for training only.
    """

    messages: Path = Path("data/messages")
    labels: Path = Path("data/labels")
    splits: Path = Path("data/splits.json")


@dataclass(frozen=True, slots=True)
class RoundData:
    """What a round trains and measures with."""

    curation: CurationReport
    labels: RoundOfLabels
    validation: tuple[LabelledMessage, ...]
    test: tuple[LabelledMessage, ...]
    regression: tuple[LabelledMessage, ...]

    @property
    def splits(self) -> Mapping[str, tuple[LabelledMessage, ...]]:
        """The splits as trained on: without what is held out."""
        parts = self.labels
        train = (*parts.known, *parts.earlier, *parts.new)
        return {"train": train, "validation": self.validation, "test": self.test}


def curate(places: Places, out: Path, champion: Classifier, config: RetrainConfig) -> RoundData:
    """Build the dataset into `out`, and sort it.

    Raises:
        InputError: nothing to read, no record of the splits or one of other messages, or no label that the champion
            has not learnt already.
    """
    folder = places.labels if places.labels.is_dir() else None
    frozen = read_frozen(places.splits)
    report = build(places.messages, out, frozen=frozen, labels_dir=folder, record=places.splits, spread=False)
    splits = load_splits(out)
    stored = read_labels(places.labels)
    facts = champion.settings.training
    sorted_ = sort_labels(
        splits["train"],
        {label.message.id for label in stored.labels},
        set(facts.get(LEARNT, ())),
        set(facts.get(HELD_OUT, ())),
        share=config.held_out,
        least=config.held_out_from,
    )
    if not sorted_.new:
        raise InputError(
            f"nothing to learn: {places.labels} holds no label that is new to {champion.model}",
            fix="add labels first, with `reviewguard data add` or --with; new written messages are learnt by "
            "`reviewguard train --start-from`",
        )
    test, validation = tuple(splits["test"]), tuple(splits["validation"])
    return RoundData(report, sorted_, validation, test, regression_set(stored))
