"""One round: a challenger's way from data to report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from reviewguard.curation.labels import label_version
from reviewguard.describing import TEST, describe
from reviewguard.exporting import REPORT_FILE, REPORT_TEXT_FILE, export_model
from reviewguard.files import write_json, write_text
from reviewguard.inference.classifier import Classifier
from reviewguard.modeling.behaviour_cases import Case
from reviewguard.modeling.runs import FinishedRun, lineage
from reviewguard.modeling.tracking import Tracker, TrackingCallback
from reviewguard.retraining.challenger import Mix, Start, sample, train_challenger, training_mix
from reviewguard.retraining.config import Settings
from reviewguard.retraining.data import HELD_OUT, Places, RoundData
from reviewguard.retraining.doubts import doubts
from reviewguard.retraining.gate import judge
from reviewguard.retraining.measure import Answers, Questions, answer
from reviewguard.retraining.report import RetrainReport, changes
from reviewguard.retraining.stored import StoredModel
from reviewguard.retraining.work import Work
from reviewguard.training import LEARNT, run_facts

SPLIT_SEED = 13
VALIDATION = 1500
"""Validation messages that a short training is steered by; thresholds are fitted on all of them."""
WRITTEN = 600
"""Written messages that labels are held against."""

Suite = Mapping[str, tuple[Case, ...]]
Show = Callable[[str, float | None], None]
"""Takes the stage and the share of it that is done, None where that is not known."""


@dataclass(frozen=True, slots=True)
class RetrainJob:
    """What to retrain on, and how.

    Attributes:
        behaviour: folder of the behaviour suite; None leaves it out.
        weights: folder of the champion's torch weights, for a champion that was stored without.
        bootstrap: resamples for the intervals of each model's figures.
    """

    places: Places = field(default_factory=Places)
    settings: Settings = field(default_factory=Settings)
    behaviour: Path | None = None
    weights: Path | None = None
    bootstrap: int = 1000


class Clock:
    """Times the stages, and shows them."""

    def __init__(self, show: Show) -> None:
        self.show = show
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time what is done inside."""
        self.show(stage, None)
        started = time.monotonic()
        yield
        self.seconds[stage] = time.monotonic() - started
        self.show(stage, 1.0)


class _ShowSteps(TrainerCallback):
    def __init__(self, show: Show) -> None:
        self._show = show

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Show the share of the steps."""
        self._show("train", state.global_step / max(1, state.max_steps))


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """A challenger's way from data to report."""

    job: RetrainJob
    stored: StoredModel
    champion: Classifier
    start: Start
    data: RoundData
    suite: Suite
    work: Work
    tracker: Tracker
    clock: Clock
    commit: str

    @property
    def withdrawn(self) -> tuple[str, ...]:
        """Labels that are gone, and that the weights it begins with have learnt all the same."""
        return self.data.withdrawn if self.start.weights else ()

    def run(self) -> RetrainReport:
        """Train, export, measure both, judge; the report lies in the model folder and in MLflow."""
        start = self.start
        mix = training_mix(
            self.data.labels,
            self.job.settings.train,
            everything=start.weights is None,
            augmented=start.config.augment,
        )
        self.clock.show(f"training starts {start.words(self.stored.version)}", 1.0)
        with self.clock("train"):
            run = self.work.finished() or self._train(mix)
        self.clock.seconds["train"] = run.trained.seconds  # not those in which a finished one was read
        with self.clock("export"):
            challenger = export_model(run, self.data.validation, self.work.model)
        report = self._report(challenger, mix, run.config.keep_start)
        write_json(self.work.model / REPORT_FILE, report.to_dict())
        write_text(self.work.model / REPORT_TEXT_FILE, report.to_markdown())
        self._track(report, run)
        return report

    def _train(self, mix: Mix) -> FinishedRun:
        data, start = self.data, self.start
        validation = (
            data.validation if start.weights is None else sample(data.validation, VALIDATION, SPLIT_SEED)
        )
        callbacks = [TrackingCallback(self.tracker), _ShowSteps(self.clock.show)]
        trained = train_challenger(start, mix, validation, self.work.checkpoints, callbacks)
        learnt = map(label_version, (*data.labels.earlier, *data.labels.new))
        own = {**self.champion.settings.training, "version": self.stored.version}
        config = replace(start.config, keep_start=trained.kept)
        facts = run_facts(config, data.splits, data.splits["train"], data.curation.digest) | {
            "version": self.work.version,
            "started_from": lineage(own) if start.weights else None,
            "mix": mix.counts,
            "parent": self.stored.version,
            "run_id": self.tracker.run_id or "",
            "commit": self.commit,
            "seconds": round(trained.seconds, 1),
            LEARNT: sorted((*learnt, *self.withdrawn)),
            HELD_OUT: sorted(m.id for m in data.labels.held_out),
        }
        return self.work.keep(trained, config, facts)

    def _report(self, challenger: Classifier, mix: Mix, kept: float) -> RetrainReport:
        data, job, clock = self.data, self.job, self.clock
        questions = Questions(data.test, data.regression, data.labels.held_out, self.suite)
        before = self._answers("champion", self.champion, questions)
        after = self._answers("challenger", challenger, questions)
        written, digest = data.splits["train"], data.curation.digest
        describe(self.work.model, challenger, written, {TEST: after.test}, data.splits, measured_on=digest)
        new = (*data.labels.new, *data.labels.held_out)
        with clock("gate"):
            gate = judge(questions, before, after, job.settings.gate)
            doubted = doubts(new, sample(data.labels.known, WRITTEN, SPLIT_SEED))
            changed = changes(questions, before, after, challenger, new)
        return RetrainReport(
            champion=self.stored.version,
            challenger=self.work.version,
            start=self.start.words(self.stored.version, kept),
            data_digest=data.curation.digest,
            counts=mix.counts
            | {
                "new labels held out": len(data.labels.held_out),
                "confirmed violations": len(data.regression),
            },
            left_out=data.left_out,
            withdrawn=self.withdrawn,
            doubts=doubted,
            changes=changed,
            answers=(before, after),
            gate=gate,
            seconds=dict(clock.seconds),
            run_id=self.tracker.run_id,
        )

    def _answers(self, name: str, classifier: Classifier, questions: Questions) -> Answers:
        with self.clock(f"measure the {name}"):
            seed = self.job.settings.train.seed
            return answer(classifier, questions, seed=seed, bootstrap=self.job.bootstrap)

    def _track(self, report: RetrainReport, run: FinishedRun) -> None:
        tracker = self.tracker
        tracker.params(run.config.to_dict() | {"mix": run.facts["mix"]})
        tracker.metrics({"train_seconds": run.trained.seconds, "gate_passed": float(report.gate.passed)})
        for name, side in zip(("champion", "challenger"), report.answers, strict=True):
            tracker.metrics({f"{name}/{key}": figure.value for key, figure in side.test.figures.items()})
        tracker.json(report.to_dict(), REPORT_FILE)
        tracker.text(report.to_markdown(), REPORT_TEXT_FILE)
        tracker.model(self.work.model, [{"text": m.text, "previous": m.previous} for m in self.data.test[:3]])
