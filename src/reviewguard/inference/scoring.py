"""One run of `score`, from the inputs to the output file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reviewguard.errors import StoppedError
from reviewguard.inference.batch import Progress, Report, ScoreOptions, read, score, silent
from reviewguard.inference.engines import Engine, Task
from reviewguard.inference.model_folder import load, shipped_model
from reviewguard.inference.work_folder import Leftover, WorkFolder, with_resume, work_folder
from reviewguard.inference.workspace import Workspace
from reviewguard.inference.workspace_counts import Counts
from reviewguard.inference.writers import check_apart, check_output, suffix_of, write_output
from reviewguard.policy import load_policy
from reviewguard.readers.columns import names_of
from reviewguard.readers.registry import read_records
from reviewguard.readers.sources import find_files
from reviewguard.schema import ScoredRecord
from reviewguard.settings import Settings

_REASONS = 3
"""Unreadable rows to name, and rows that were not scored."""


_FORM = 2
"""Of the work file: one of another form, which an earlier version left, is not gone on with."""


@dataclass(frozen=True, slots=True)
class ScoreJob:
    """What to score, and how.

    Attributes:
        inputs: files, folders, patterns.
        out: the file to write; None only counts.
        model: model folder; the shipped one where None.
        ray: score on Ray Data, on the cluster at `ray_address` if that is given.
        leftover: what to do with an unfinished run over the same output.
        worst: messages to return in full.
    """

    inputs: tuple[str, ...]
    out: Path | None = None
    options: ScoreOptions = field(default_factory=ScoreOptions)
    model: Path | None = None
    ray: bool = False
    ray_address: str | None = None
    leftover: Leftover = "refuse"
    worst: int = 3


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """What a run read, found and wrote.

    Attributes:
        files: inputs, in order.
        types: sellers' records called review-soliciting, by type.
        worst: the likeliest violations.
        not_scored: the first messages that were given no verdict.
        unreadable: the first rows that could not be read.
        unread: how many there are; files and sheets are none of them.
        rests: those that stand for a file, the rest of one, or a sheet.
        written: rows in the output; None without one.
    """

    job: ScoreJob
    files: tuple[Path, ...]
    counts: Counts
    types: Mapping[str, int]
    worst: tuple[ScoredRecord, ...]
    not_scored: tuple[ScoredRecord, ...]
    unreadable: tuple[ScoredRecord, ...]
    unread: int
    rests: tuple[ScoredRecord, ...]
    written: int | None


def run_job(job: ScoreJob, progress: Report = silent) -> ScoreResult:
    """Read, score, write.

    Raises:
        UserError: unusable inputs, options, model or output; all that can be told beforehand is, before scoring.
    """
    load_policy().profile(job.options.profile)
    files = tuple(find_files(job.inputs))
    if job.out:
        suffix_of(job.out)
        check_apart(job.out, files)
    with _resumable(job), _workspace(job) as (workspace, folder):
        classifier = load(job.model)
        records = read_records(job.inputs, replace(job.options.read, heading=workspace.expect))
        read(records, workspace, identity=_identity(job, files), progress=progress)
        if folder:
            check_output(workspace, folder.out)
        engine = _engine(job, classifier.settings)
        score(classifier, workspace, job.options, engine=engine, progress=progress)
        return _finish(job, files, workspace, folder, progress)


@contextmanager
def _resumable(job: ScoreJob) -> Iterator[None]:
    try:
        yield
    except StoppedError as error:
        if job.out is None:
            raise
        raise StoppedError(error.found, fix=f"{error.fix}, by {with_resume(job.leftover)}") from error


@contextmanager
def _workspace(job: ScoreJob) -> Iterator[tuple[Workspace, WorkFolder | None]]:
    if job.out is None:
        with Workspace.temporary() as workspace:
            yield workspace, None
    else:
        with work_folder(job.out, job.leftover) as folder, Workspace(folder.work_file) as workspace:
            yield workspace, folder


def _identity(job: ScoreJob, files: tuple[Path, ...]) -> dict[str, Any]:
    stats, options = [(str(path.resolve()), path.stat()) for path in files], job.options.read
    return {
        "form": _FORM,
        "files": [[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats],
        "format": options.format,
        "columns": {field: list(names_of(options.columns, field)) for field in options.columns},
        "strict": options.strict,
    }


def _engine(job: ScoreJob, settings: Settings) -> Engine | None:
    if not job.ray:
        return None
    from reviewguard.inference.ray_engine import on_ray

    options, folder = job.options, (job.model or shipped_model()).resolve()
    task = Task(folder, settings, options.profile, options.batch_tokens)
    return on_ray(task, workers=options.workers, address=job.ray_address)


def _finish(
    job: ScoreJob, files: tuple[Path, ...], workspace: Workspace, folder: WorkFolder | None, progress: Report
) -> ScoreResult:
    written = None
    if folder:
        written = write_output(
            workspace, folder, lambda done, total: progress(Progress("writing", done, done / total))
        )
    return ScoreResult(
        job,
        files,
        workspace.counts(),
        workspace.types(),
        tuple(workspace.worst(job.worst)),
        tuple(workspace.not_scored(_REASONS)),
        tuple(workspace.unreadable(_REASONS)),
        workspace.unread_rows(),
        tuple(workspace.unread_rests()),
        written,
    )
