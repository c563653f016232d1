"""A retraining, top to bottom: curate → train → export → measure both → gate → keep → promote."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from reviewguard.curation.labels import label_version
from reviewguard.errors import InputError
from reviewguard.exporting import REPORT_FILE, REPORT_TEXT_FILE, export_model
from reviewguard.files import write_json, write_text
from reviewguard.inference.classifier import Classifier
from reviewguard.inference.model_folder import CONFIG_FILE, load
from reviewguard.modeling.behaviour_cases import Case, load_cases
from reviewguard.modeling.provenance import git_state
from reviewguard.modeling.runs import FinishedRun, lineage
from reviewguard.modeling.tracking import Tracker, TrackingCallback
from reviewguard.retraining.challenger import Mix, Start, choose_start, sample, train_challenger, training_mix
from reviewguard.retraining.config import Settings
from reviewguard.retraining.data import HELD_OUT, Places, RoundData, curate
from reviewguard.retraining.doubts import doubts
from reviewguard.retraining.gate import judge
from reviewguard.retraining.measure import Answers, Questions, answer
from reviewguard.retraining.report import RetrainReport, changes
from reviewguard.retraining.store import ModelStore, Promotion
from reviewguard.retraining.stored import DATA_DIGEST, GATE, MODEL_SHA256, PARENT, StoredModel, check_gate
from reviewguard.retraining.work import Work, full_disk
from reviewguard.settings import Settings as ModelSettings
from reviewguard.training import LEARNT, TEST, describe, run_facts
from reviewguard.user import who
from reviewguard.writer import Writer

WORK, UNPACKED = ".retrain", "unpacked"
SPLIT_SEED = 13
VALIDATION = 1500
"""Validation messages that a short training is steered by; thresholds are fitted on all of them."""
WRITTEN = 600
"""Written messages that labels are held against."""
WAIT = 60.0
"""Seconds to wait, after the measuring, for others who write to the store."""

Suite = Mapping[str, tuple[Case, ...]]
Show = Callable[[str, float | None], None]
"""Takes the stage and the share of it that is done, None where that is not known."""
Add = Callable[[Path], None]
"""Adds labels; takes the folder of the champion, which judges them."""
Agree = Callable[[RetrainReport], bool]
"""Whether a challenger that passed the gate is to be promoted."""


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


@dataclass(frozen=True, slots=True, eq=False)
class RetrainResult:
    """What came of it.

    Attributes:
        challenger: as it lies in the store.
        promotion: None where the gate failed or nobody agreed.
        problems: what MLflow could not be told.
        refused: why a challenger that was to be promoted was not.
    """

    report: RetrainReport
    challenger: StoredModel
    promotion: Promotion | None
    problems: tuple[str, ...]
    refused: str = ""


def retrain(
    job: RetrainJob,
    store: ModelStore,
    *,
    agree: Agree,
    show: Show = lambda stage, share: None,
    add: Add = lambda champion: None,
) -> RetrainResult:
    """Train a challenger, hold it against the champion, and promote it if it may be.

    Cut off at any moment, it leaves the champion in its place, and the same call goes on: a finished training is not
    done again until its challenger is promoted, an unfinished one goes on from its last whole epoch, and an epoch that
    was cut off begins anew. Meanwhile others may change the store: before the training, a new champion stops the round;
    later, a challenger whose champion was replaced is kept, and not promoted.

    Args:
        agree: asked once the gate has passed.
        add: adds labels beforehand; called with the champion's folder, and only if no other retraining runs.

    Raises:
        InputError: another retraining runs, there is nothing to learn, the champion was replaced before the training,
            a disk is full, or data or behaviour suite cannot be read.
        ModelError: there is no champion.
    """
    commit = str(git_state())  # now: others may commit while this trains
    suite = load_cases(job.behaviour) if job.behaviour else {}
    clock = _Clock(show)
    store.champion()  # before locking, which makes the folder
    folder = store.folder / "versions" / WORK
    with Writer(folder).writing("retrain"), full_disk(folder):
        stored = store.champion()
        add(stored.folder)
        champion = load(stored.folder)
        with clock("curate"):
            data = curate(job.places, folder / "data", champion, job.settings.train)
        start = choose_start(
            champion,
            job.weights or stored.weights,
            job.settings,
            folder=stored.folder,
            unpack_to=folder / UNPACKED,
        )
        _check_champion(store, stored, champion)
        inputs = _inputs(stored, start, data, job.settings)
        work = Work.open(folder / "challenger", inputs, next_version(store, stored.version))
        with Tracker(run_name=f"retrain-{work.version}") as tracker:
            report = _Round(job, stored, champion, start, data, suite, work, tracker, clock, commit).run()
        with clock("keep"), store.writing("add", wait=WAIT):
            kept = store.add(work.model, work.weights, _tags(report))
        promotion, refused = None, ""
        if report.gate.passed and agree(report):
            reason = f"retrained on {len(data.labels.new)} new labels"
            promotion, refused = _promote(store, kept, reason)
            if promotion:
                work.clear()
        shutil.rmtree(folder / UNPACKED, ignore_errors=True)
    problems = (*tracker.problems, *(promotion.problems if promotion else store.sync()))
    return RetrainResult(report, kept, promotion, problems, refused)


def _check_champion(store: ModelStore, stored: StoredModel, champion: Classifier) -> None:
    """Refuse to go on where the champion was replaced while its folder was read, at several moments.

    Raises:
        InputError: it was.
    """
    now = store.champion()
    if now.version != stored.version or ModelSettings.read(now.folder / CONFIG_FILE) != champion.settings:
        raise InputError(
            f"the champion was replaced meanwhile: the round began with {stored.version}, now it is {now.version}",
            fix="run the same command again",
        )


def _promote(store: ModelStore, challenger: StoredModel, reason: str) -> tuple[Promotion | None, str]:
    """Promote, or say why not: others may have changed the champion meanwhile, or be changing it."""
    try:
        with store.writing("promote", wait=WAIT):
            try:
                check_gate(challenger, store.champion())
            except InputError as error:
                return None, str(error)
            return store.promote(challenger.version, by=who(), reason=reason), ""
    except InputError as error:
        return None, f"{error}\n  to promote it: `reviewguard models promote {challenger.version}`"


def next_version(store: ModelStore, champion: str) -> str:
    """The champion's version with the next free number: 0.3.0 → 0.3.0+1, 0.3.0+1 → 0.3.0+2."""
    root = champion.partition("+")[0]
    taken = [model.version.partition("+") for model in store.list()]
    numbers = [int(n) for own, _, n in taken if own == root and n.isdigit()]
    return f"{root}+{max(numbers, default=0) + 1}"


def _inputs(champion: StoredModel, start: Start, data: RoundData, settings: Settings) -> dict[str, Any]:
    """Everything that decides the challenger."""
    return {
        "champion": [champion.version, champion.tags.get(MODEL_SHA256)],
        "weights": str(start.weights),
        "config": start.config.to_dict(),
        "train": asdict(settings.train),
        "digest": data.curation.digest,
        "splits": {name: sorted(m.id for m in messages) for name, messages in data.splits.items()},
        "new": [label_version(m) for m in data.labels.new],
    }


def _tags(report: RetrainReport) -> dict[str, str]:
    return {
        DATA_DIGEST: report.data_digest,
        GATE: report.gate.summary,
        PARENT: report.champion,
        "run_id": report.run_id or "",
    }


class _Clock:
    """Times the stages, and shows them."""

    def __init__(self, show: Show) -> None:
        self.show = show
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
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
class _Round:
    """A challenger's way from data to report."""

    job: RetrainJob
    stored: StoredModel
    champion: Classifier
    start: Start
    data: RoundData
    suite: Suite
    work: Work
    tracker: Tracker
    clock: _Clock
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
        self._track(report, mix, run.trained.seconds)
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

    def _track(self, report: RetrainReport, mix: Mix, seconds: float) -> None:
        tracker = self.tracker
        tracker.params(self.start.config.to_dict() | {"mix": mix.counts})
        tracker.metrics({"train_seconds": seconds, "gate_passed": float(report.gate.passed)})
        for name, side in zip(("champion", "challenger"), report.answers, strict=True):
            tracker.metrics({f"{name}/{key}": figure.value for key, figure in side.test.figures.items()})
        tracker.json(report.to_dict(), REPORT_FILE)
        tracker.text(report.to_markdown(), REPORT_TEXT_FILE)
        tracker.model(self.work.model, [{"text": m.text, "previous": m.previous} for m in self.data.test[:3]])
