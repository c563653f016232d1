"""Scores a stream of records into a work file: distinct texts once, long ones together, on every core."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from reviewguard.errors import InputError, StoppedError
from reviewguard.inference.backend import available_cores
from reviewguard.inference.classifier import Classifier
from reviewguard.inference.engines import Engine, Task, in_process, in_processes
from reviewguard.inference.passes import BATCH_TOKENS
from reviewguard.inference.workspace import Workspace
from reviewguard.readers.base import ReadOptions
from reviewguard.schema import Record

SMALL = 400_000
"""Characters that one process has scored before others would have loaded the model."""


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """How exports are read and scored.

    Attributes:
        workers: processes that score, one core each. 1: this process alone, on all cores. 0: the same for little work,
            else one process a core.
        batch_tokens: tokens per forward pass.
    """

    read: ReadOptions = field(default_factory=ReadOptions)
    profile: str = "amazon"
    workers: int = 0
    batch_tokens: int = BATCH_TOKENS


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        stage: what it does.
        done: records read, distinct texts scored, or rows written so far.
        share: part of the stage's work that is done, 0–1; None where the whole is not known.
    """

    stage: Literal["reading", "scoring", "writing"]
    done: int
    share: float | None = None


Report = Callable[[Progress], None]
"""Takes what a run says about its progress."""


def silent(progress: Progress, /) -> None:
    """Report nothing."""


def score_records(
    records: Iterable[Record],
    classifier: Classifier,
    workspace: Workspace,
    options: ScoreOptions | None = None,
    progress: Report = silent,
) -> None:
    """Read all records into the work file and give every seller's text its verdict; see `read` and `score`."""
    options = options or ScoreOptions()
    classifier.predict([], profile=options.profile)  # an unknown profile shows before anything is read
    read(records, workspace, progress=progress)
    score(classifier, workspace, options, progress=progress)


def read(
    records: Iterable[Record],
    workspace: Workspace,
    *,
    identity: Mapping[str, Any] | None = None,
    progress: Report = silent,
) -> None:
    """Take all records into the work file, unless an earlier run took them in.

    Args:
        identity: what the records come from, as JSON can hold it; the same again when a run goes on.

    Raises:
        InputError: an input cannot be read, or an earlier run read another.
    """
    if not workspace.complete:
        workspace.clear()
        workspace.remember(identity=identity)
        progress(Progress("reading", 0))
        workspace.add(records, lambda number: progress(Progress("reading", number)))
    elif workspace.state("identity") != identity:
        raise _changed("its inputs, or how they are read,")


def score(
    classifier: Classifier,
    workspace: Workspace,
    options: ScoreOptions,
    *,
    engine: Engine | None = None,
    progress: Report = silent,
) -> None:
    """Score what the work file holds and has no verdict for.

    The verdicts depend neither on `options.workers` and `engine` nor on interruptions.

    Args:
        engine: scores instead of `options.workers` processes.

    Raises:
        InputError: an earlier run scored with another model or profile.
        StoppedError: a worker was killed.
    """
    profile = options.profile
    settings = {
        "profile": profile,
        "model": fingerprint(classifier),
        "batch_tokens": options.batch_tokens,
    }
    for name, value in settings.items():
        if workspace.state("scoring") and workspace.state("scoring")[name] != value:
            raise _changed(f"its {name.replace('_', ' ')}")
    workspace.remember(scoring=settings, profile=profile, model=classifier.model)
    engine = engine or _engine(classifier, workspace, options)
    done, total = workspace.progress()
    scored = 0
    progress(Progress("scoring", scored, done / max(total, 1)))
    for chunk, verdicts in engine((c, workspace.messages(c)) for c in workspace.pending()):
        workspace.store(chunk, verdicts)
        done, scored = done + chunk.characters, scored + len(verdicts)
        progress(Progress("scoring", scored, done / max(total, 1)))
    if left := len(workspace.pending()):
        raise StoppedError(f"{left} chunks were not scored", fix="run again")


def _engine(classifier: Classifier, workspace: Workspace, options: ScoreOptions) -> Engine:
    profile, batch_tokens = options.profile, options.batch_tokens
    done, total = workspace.progress()
    workers = options.workers or (1 if total - done <= SMALL else available_cores())
    if workers == 1 or classifier.folder is None:
        return in_process(classifier, profile=profile, batch_tokens=batch_tokens)
    return in_processes(Task(classifier.folder, classifier.settings, profile, batch_tokens), workers)


def fingerprint(classifier: Classifier) -> str:
    """Stands for all that decides a verdict: the settings, and through their hashes the model's files."""
    return hashlib.sha256(json.dumps(asdict(classifier.settings), sort_keys=True).encode()).hexdigest()


def _changed(what: str) -> InputError:
    return InputError(
        f"cannot resume: {what} changed since the run was interrupted",
        fix="restore what changed, or begin anew with --restart",
    )
