"""A retraining, top to bottom: curate → train → export → measure both → gate → keep → promote."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reviewguard.checkout import MODELS
from reviewguard.curation.labels import label_version
from reviewguard.errors import InputError
from reviewguard.inference.classifier import Classifier
from reviewguard.inference.model_folder import CONFIG_FILE, load
from reviewguard.modeling.behaviour_cases import load_cases
from reviewguard.modeling.provenance import git_state
from reviewguard.modeling.tracking import Tracker
from reviewguard.retraining.challenger import Start, check_owner, choose_start
from reviewguard.retraining.config import Settings
from reviewguard.retraining.data import RoundData, curate
from reviewguard.retraining.report import RetrainReport
from reviewguard.retraining.round import Clock, RetrainJob, Round, Show
from reviewguard.retraining.store import ModelStore, Promotion
from reviewguard.retraining.stored import DATA_DIGEST, GATE, MODEL_SHA256, PARENT, StoredModel, check_gate
from reviewguard.retraining.work import Work, full_disk
from reviewguard.settings import Settings as ModelSettings
from reviewguard.user import who
from reviewguard.writer import WriteLock

WORK, UNPACKED = ".retrain", "unpacked"
WAIT = 60.0
"""Seconds to wait, after the measuring, for others who write to the store."""

Add = Callable[[Path], None]
"""Adds labels; takes the folder of the champion, which judges them."""
Agree = Callable[[RetrainReport], bool]
"""Whether a challenger that passed the gate is to be promoted."""


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
    clock = Clock(show)
    store.champion()  # before locking, which makes the folder
    folder = store.folder / "versions" / WORK
    with WriteLock(folder).writing("retrain"), full_disk(folder):
        stored = store.champion()
        if job.weights:  # before labels are written, and minutes are spent
            check_owner(ModelSettings.read(stored.folder / CONFIG_FILE).version, job.weights)
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
            report = Round(job, stored, champion, start, data, suite, work, tracker, clock, commit).run()
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
        return None, f"{error}\n  to promote it: `{promote_command(store.folder, challenger.version)}`"


def promote_command(models: Path, version: str) -> str:
    """The command that promotes a version of this folder of models."""
    named = [] if models == MODELS else ["--models", str(models)]
    return shlex.join(["reviewguard", "models", "promote", version, *named])


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
