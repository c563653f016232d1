"""A training run, top to bottom: configuration → data → train → export → evaluate → card → tracking."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reviewguard.curation.augment import augment
from reviewguard.curation.labels import BRIEF, label_version
from reviewguard.curation.storage import load_splits, stored_digest
from reviewguard.describing import CALIBRATED_ON, TEST, measure_and_describe
from reviewguard.errors import ConfigError, InputError
from reviewguard.exporting import CARD_FILE, check_target, exported
from reviewguard.files import write_json
from reviewguard.inference.classifier import Classifier
from reviewguard.modeling.base_model import PACKAGED
from reviewguard.modeling.checkpoints import last_checkpoint, remove_checkpoints
from reviewguard.modeling.config import TrainConfig
from reviewguard.modeling.evaluation import Evaluation
from reviewguard.modeling.limit import limit_families
from reviewguard.modeling.provenance import git_state, package_versions
from reviewguard.modeling.runs import RUN, FinishedRun, lineage, read_run, run_record, write_run
from reviewguard.modeling.tracking import Tracker, TrackingCallback
from reviewguard.modeling.trainer import fine_tune
from reviewguard.policy import load_policy
from reviewguard.schema import LabelledMessage
from reviewguard.settings import TYPE_COUNTS
from reviewguard.unpacking import unpacked_run
from reviewguard.writer import WriteLock

CHECKPOINTS = "checkpoints"
BEGUN = "begun.json"
"""Beside the checkpoints: what the training was given, until its model is exported and measured."""
TRAINED = "trained"
"""In `begun.json`: whether the weights are stored, so that only export and measuring are left."""
LEARNT = "labels"
"""Fact of a training: the labels it learnt, as `label_version` names them."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingRun:
    """What a run leaves behind.

    Attributes:
        folder: the exported model folder.
        evaluations: data set → figures of the exported model.
        run_id: MLflow's, None when tracking failed from the start.
        problems: what could not be tracked.
    """

    folder: Path
    evaluations: Mapping[str, Evaluation]
    run_id: str | None
    seconds: float
    problems: tuple[str, ...]


def train(
    config: TrainConfig,
    data_dir: Path,
    run_dir: Path,
    out: Path,
    *,
    version: str,
    measure_on: Mapping[str, Sequence[LabelledMessage]] | None = None,
    bootstrap: int = 1000,
    start_from: Path | None = None,
) -> TrainingRun:
    """Train, export and measure a model.

    Args:
        data_dir: splits written by `reviewguard data build`.
        run_dir: checkpoints and torch weights; a run that was interrupted there, in training or later, goes on.
        out: model folder to write.
        measure_on: further labelled data to report on, never trained on.
        bootstrap: resamples for the intervals.
        start_from: folder of a finished run or of a model, whose weights to begin with instead of the base model's.

    Raises:
        InputError: `start_from` holds no finished run and no model, or is `run_dir`; a model at `out` would replace
            something else; a split holds no message; or another process trains in `run_dir`.
        ModelError: no torch weights can be had from the model in `start_from`.
        ConfigError: the interrupted run in `run_dir` has another configuration, data or start; or `keep_start` is set
            without `start_from`.
    """
    _check_out(out, run_dir)
    if config.keep_start and not start_from:
        raise ConfigError(
            f"keep_start is {config.keep_start:g}, and no earlier model's weights are named",
            fix="name them by --start-from, or leave keep_start out",
        )
    if start_from and start_from.resolve() == run_dir.resolve():
        raise InputError(
            f"the run in {run_dir} would replace the weights it begins with", fix="choose another --run"
        )
    earlier = finished_run(start_from) if start_from else None
    if earlier:
        _check_start(config, earlier)
    started_from = lineage(earlier.facts) if earlier else None
    commit = str(git_state())  # now: others may commit while this trains
    splits, digest = _splits(data_dir)
    given = {"config": config.to_dict(), "data_digest": digest, "started_from": started_from}
    written = limit_families(splits["train"], config.limit, config.seed)
    with WriteLock(run_dir).writing("train"):
        run = _begin(run_dir, given)
        with Tracker(run_name=f"{config.head}-{version}") as tracker:
            tracker.params(config.to_dict())
            for name, rows in (splits | {"train": written}).items():
                context = "training" if name == "train" else name
                tracker.dataset(rows, name=name, context=context, source=str(data_dir), digest=digest)
            called = {"version": version, "run_id": tracker.run_id or ""}
            if run is None:
                trained = fine_tune(
                    config,
                    [*written, *augment(written, config.seed, config.augment)],
                    splits["validation"],
                    tuple(load_policy().types),
                    run_dir / CHECKPOINTS,
                    callbacks=[TrackingCallback(tracker)],
                    start_from=earlier.trained.model if earlier else None,
                )
                facts = run_facts(config, splits, written, digest, earlier) | {
                    **called,
                    "commit": commit,
                    "seconds": round(trained.seconds, 1),
                }
                run = FinishedRun(config, facts, trained)
                write_run(run_dir, run)
                write_json(run_dir / CHECKPOINTS / BEGUN, given | {TRAINED: True})
            else:
                run = replace(run, facts={**run.facts, **called})
                write_json(run_dir / RUN, run_record(config, run.facts, run.trained))
            remove_checkpoints(run_dir / CHECKPOINTS)
            _, evaluations = _export(
                run, splits, written, digest, out, measure_on=measure_on, bootstrap=bootstrap
            )
            log_training(tracker, out, evaluations, splits["test"], run.trained.seconds)
        (run_dir / CHECKPOINTS / BEGUN).unlink()
    return TrainingRun(out, evaluations, tracker.run_id, run.trained.seconds, tuple(tracker.problems))


def _check_out(out: Path, run_dir: Path) -> None:
    check_target(out)
    if run_dir.resolve().is_relative_to(out.resolve()):
        raise InputError(
            f"the run in {run_dir} would be replaced by the model", fix="name a new folder for the model"
        )


def _splits(data_dir: Path) -> tuple[dict[str, list[LabelledMessage]], str]:
    """The splits in a folder, none of them empty, and their digest."""
    splits = load_splits(data_dir)
    if empty := [name for name, rows in splits.items() if not rows]:
        raise InputError(
            f"{data_dir}: no message in the split {' nor in '.join(empty)}",
            expected="some to learn from, to calibrate on and to test on",
            fix="write more messages, or fewer to a family, and run `reviewguard data build`",
        )
    return splits, stored_digest(data_dir)


def _begin(run_dir: Path, given: Mapping[str, Any]) -> FinishedRun | None:
    """Write down what a training is given, or refuse to go on with another one.

    Returns:
        The training, where it came to its end and was cut off later.
    """
    record = run_dir / CHECKPOINTS / BEGUN
    before = json.loads(record.read_text("utf-8")) if record.is_file() else {}
    run = read_run(run_dir) if before.get(TRAINED) else None
    other = [name for name, value in given.items() if before and before[name] != value]
    if other and (run or last_checkpoint(record.parent)):
        raise ConfigError(
            f"{run_dir} holds an interrupted training with another {' and another '.join(other)}",
            expected="the same, to go on with it",
            fix=f"choose another --run, or delete {record.parent}",
        )
    if run is None:
        record.parent.mkdir(parents=True, exist_ok=True)
        write_json(record, given)
    return run


def finished_run(folder: Path) -> FinishedRun:
    """The training in a folder of `train`, or the unpacked one of a model folder.

    Raises:
        InputError: there is neither.
    """
    run = read_run(folder) or unpacked_run(folder)
    if run is None:
        raise InputError(
            f"{folder} holds no finished run and no model",
            expected="a folder written by `reviewguard train` or `reviewguard export`",
        )
    return run


def _check_start(config: TrainConfig, earlier: FinishedRun) -> None:
    """Refuse a configuration that the weights to begin with do not fit.

    Raises:
        ConfigError: they have another base model, another head, or other types than the policy.
    """
    head, types = earlier.trained.model.head_config, tuple(load_policy().types)
    if head.types != types:
        raise ConfigError(
            f"the weights to begin with know the types {', '.join(head.types)}",
            expected=f"those of policy.toml: {', '.join(types)}",
            fix="train from the base model, without --start-from",
        )
    found = {
        "base_model": earlier.facts.get("base_model", PACKAGED),
        "head": head.head,
        "hidden": head.hidden,
    }
    for name, value in found.items():
        if getattr(config, name) != value:
            raise ConfigError(
                f"{name} is {getattr(config, name)!r}, that of the weights to begin with is {value!r}",
                expected="the same",
                fix=f"--set {name}={value}",
            )


def run_facts(
    config: TrainConfig,
    splits: Mapping[str, Sequence[LabelledMessage]],
    written: Sequence[LabelledMessage],
    digest: str,
    earlier: FinishedRun | None = None,
) -> dict[str, Any]:
    """What `config.json` says of a training: when, from what, on which data and labels, with which versions.

    Args:
        written: what was trained on, before augmentation.
        earlier: the training whose weights it began with, and whose labels it has learnt too.
    """
    labels = {label_version(m) for m in written if m.writer_brief == BRIEF}
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "base_model": config.base_model,
        "seed": config.seed,
        "data_digest": digest,
        "messages": {name: len(rows) for name, rows in splits.items()} | {"train": len(written)},
        TYPE_COUNTS: dict(Counter(t for m in written for t in m.types)),
        LEARNT: sorted(labels.union(earlier.facts.get(LEARNT, ()) if earlier else ())),
        "started_from": lineage(earlier.facts) if earlier else None,
        "versions": package_versions(),
    }


def log_training(
    tracker: Tracker,
    folder: Path,
    evaluations: Mapping[str, Evaluation],
    test: Sequence[LabelledMessage],
    seconds: float,
) -> None:
    """Log what a training gave: figures, card and model folder; of messages that are not ours no error."""
    tracker.metrics({"train_seconds": seconds})
    for name, evaluation in evaluations.items():
        shown = evaluation if name == TEST else replace(evaluation, errors=())
        tracker.evaluation(shown, name.replace(" ", "_"))
    tracker.text((folder / CARD_FILE).read_text("utf-8"), "model_card.md")
    tracker.model(folder, [{"text": m.text, "previous": m.previous} for m in test[:3]])


def export_run(
    run_dir: Path,
    data_dir: Path,
    out: Path,
    precision: str,
    *,
    measure_on: Mapping[str, Sequence[LabelledMessage]] | None = None,
    bootstrap: int = 1000,
) -> Classifier:
    """Export the weights of a finished run, or of a model folder, once more, with figures and card.

    Raises:
        InputError: the folder holds no finished run and no model, a split holds no message, or `out` holds something
            other than a model.
        ModelError: no torch weights can be had from the model in the folder.
    """
    check_target(out)
    run = finished_run(run_dir)
    config = run.config
    splits, digest = _splits(data_dir)
    other = None if digest == run.facts["data_digest"] else digest
    run = replace(run, facts={**run.facts, CALIBRATED_ON: other})
    written = limit_families(splits["train"], config.limit, config.seed)
    classifier, _ = _export(
        run, splits, written, digest, out, precision, measure_on=measure_on, bootstrap=bootstrap
    )
    return classifier


def _export(
    run: FinishedRun,
    splits: Mapping[str, Sequence[LabelledMessage]],
    written: Sequence[LabelledMessage],
    digest: str,
    out: Path,
    precision: str = "int8",
    *,
    measure_on: Mapping[str, Sequence[LabelledMessage]] | None,
    bootstrap: int,
) -> tuple[Classifier, Mapping[str, Evaluation]]:
    """Export, measure and describe; then the folder takes its place."""
    with exported(run, splits["validation"], out, precision=precision) as (classifier, part):
        evaluations = measure_and_describe(
            classifier,
            part,
            splits,
            written,
            measure_on,
            measured_on=digest,
            seed=run.config.seed,
            bootstrap=bootstrap,
        )
    return classifier, evaluations
