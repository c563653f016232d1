"""The data of a round: curated anew, labels taken in, splits as they were."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from reviewguard import checkout
from reviewguard.curation.labels import Labels, read_labels
from reviewguard.curation.pipeline import LABELS, UNRECORDED, CurationReport, build
from reviewguard.curation.rules import check_rules
from reviewguard.curation.sources import unique_ids
from reviewguard.curation.storage import load_splits, read_frozen
from reviewguard.errors import InputError
from reviewguard.inference.classifier import Classifier
from reviewguard.policy import load_policy
from reviewguard.retraining.config import RetrainConfig
from reviewguard.retraining.labels import RoundOfLabels, sort_labels, told_withdrawn, withdrawn
from reviewguard.retraining.measure import PROFILE, violations
from reviewguard.schema import LabelledMessage
from reviewguard.training import LEARNT
from reviewguard.writer import WriteLock

HELD_OUT = "held_out_labels"
"""Fact of a training: ids of the new labels that were kept for measuring it."""
WAIT = 60.0
"""Seconds to wait for a `data add` that is writing."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the data lies.

    Attributes:
        splits: record of the splits of earlier builds; written messages that are not in it are left out.
    """

    messages: Path = checkout.MESSAGES
    labels: Path = checkout.LABELS
    splits: Path = checkout.SPLITS


@dataclass(frozen=True, slots=True)
class RoundData:
    """What a round trains and measures with.

    Attributes:
        withdrawn: labels that the champion learnt and that are gone, as `label_version` names them.
    """

    curation: CurationReport
    labels: RoundOfLabels
    validation: tuple[LabelledMessage, ...]
    test: tuple[LabelledMessage, ...]
    regression: tuple[LabelledMessage, ...]
    withdrawn: tuple[str, ...] = ()

    @property
    def splits(self) -> Mapping[str, tuple[LabelledMessage, ...]]:
        """The splits as trained on: without what is held out."""
        parts = self.labels
        train = (*parts.known, *parts.earlier, *parts.new)
        return {"train": train, "validation": self.validation, "test": self.test}

    @property
    def left_out(self) -> tuple[str, ...]:
        """Labels left out, by place, id and rule, and what becomes of the written messages that are not recorded."""
        dropped = self.curation.dropped
        told = [item.unquoted for item in dropped if item.step == LABELS]
        unrecorded = [item.reason for item in dropped if item.step == UNRECORDED]
        if unrecorded:
            told.append(
                f"{len(unrecorded)} written messages, first {unrecorded[0]}; record them with "
                "`reviewguard data build --freeze`, then `reviewguard train --start-from`"
            )
        return tuple(told)


def curate(places: Places, out: Path, champion: Classifier, config: RetrainConfig) -> RoundData:
    """Build the dataset into `out`, and sort it.

    Raises:
        InputError: nothing to read, no record of the splits, one of other messages or one whose validation or test
            messages are not all there or too few to measure with, no label that the champion has not learnt already, or
            labels that another process is writing.
    """
    frozen = read_frozen(places.splits)
    stored = _read(places.labels)
    report = build(places.messages, out, frozen=frozen, labels=stored, record=places.splits, spread=False)
    splits = load_splits(out)
    _check_measured(places, frozen, splits)
    _check_measurable(places, splits)
    ids = {label.message.id for label in stored.labels}
    facts = champion.settings.training
    learnt = set(facts.get(LEARNT, ()))
    gone = withdrawn(learnt, ids)
    sorted_ = sort_labels(
        splits["train"],
        ids,
        learnt,
        set(facts.get(HELD_OUT, ())),
        share=config.held_out,
        least=config.held_out_from,
    )
    if not sorted_.new:
        left = [item.unquoted for item in report.dropped if item.step == LABELS]
        but = f" but those left out: {', '.join(left[:5])}{' …' if len(left) > 5 else ''}" if left else ""
        also = f"; {told_withdrawn(gone)}" if gone else ""
        raise InputError(
            f"nothing to learn: {places.labels} holds no label that is new to {champion.model}{but}{also}",
            fix="add labels first, with `reviewguard data add` or --with; new written messages are "
            "recorded by `reviewguard data build --freeze` and learnt by `reviewguard train --start-from`",
        )
    test, validation = tuple(splits["test"]), tuple(splits["validation"])
    return RoundData(report, sorted_, validation, test, regression_set(stored), gone)


def _read(folder: Path) -> Labels:
    """The labels, while nobody moves one from file to file. Nobody can in a folder that may not be written."""
    free = not folder.is_dir() or not os.access(folder, os.W_OK)
    with nullcontext() if free else WriteLock(folder).writing("retrain", wait=WAIT):
        return read_labels(folder)


def _check_measured(
    places: Places, frozen: Mapping[str, str], splits: Mapping[str, Sequence[LabelledMessage]]
) -> None:
    """Refuse to measure on a part of what is recorded for measuring."""
    found = {message.id: name for name, messages in splits.items() for message in messages}
    gone = [name for name, split in frozen.items() if split != "train" and found.get(name) != split]
    if gone:
        raise InputError(
            f"{len(gone)} messages that {places.splits} records for validation or test are not in their split, first "
            f"{gone[0]}",
            expected="all of them, so that models of different times are measured on the same messages",
            fix=f"put them back into {places.messages}, or mend what `reviewguard data validate` says of them; where "
            "they are gone for good, `reviewguard data build --freeze --forget` records the splits without them",
        )


def _check_measurable(places: Places, splits: Mapping[str, Sequence[LabelledMessage]]) -> None:
    """Refuse, before the training, splits on which the gate would have nothing to compare."""
    test = violations(splits["test"])
    if not splits["validation"] or test.all() or not test.any():
        raise InputError(
            f"{places.splits} records {len(splits['validation'])} messages for validation and {len(test)} for test, of "
            f"which {test.sum()} break the rules",
            expected="some for validation, and for test some that break the rules and some that do not",
            fix=f"write more of both kinds into {places.messages}, and record them with "
            "`reviewguard data build --freeze`",
        )


def regression_set(labels: Labels) -> tuple[LabelledMessage, ...]:
    """The labels that break the rules, by id, so that files may be added, renamed and put together.

    Those that training must not see (they read like a test message), or that were kept for measuring, count too. As in
    training, of several labels of one id the first counts, and none whose words have another label with other types.
    """
    rules = load_policy().profile(PROFILE)
    undisputed = labels.without(issue for issue in check_rules(labels.located) if issue.rule == "conflict")
    known = unique_ids((label.located for label in undisputed), ()).located
    confirmed = (item.message for item in known if rules.is_broken(item.message.types))
    return tuple(sorted(confirmed, key=lambda message: message.id))
