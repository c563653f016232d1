"""`retrain`: a challenger from new labels, and its way past the gate."""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from reviewguard.checkout import LABELS, MESSAGES, MODELS, SPLITS
from reviewguard.cli.shared import output_console, warn
from reviewguard.errors import InputError
from reviewguard.user import who

if TYPE_CHECKING:
    from rich.progress import TaskID

    from reviewguard.retraining.data import Places
    from reviewguard.retraining.report import RetrainReport
    from reviewguard.retraining.retrain import RetrainResult

BEHAVIOUR = Path("tests/model/behaviour")
_THEN = "then run `reviewguard retrain` without --with"


def retrain(
    with_: Annotated[
        Path | None, typer.Option("--with", help="Labels to add first, as `data add` does.", metavar="LABELS")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Promote without asking, if the gate passes.")] = False,
    config: Annotated[
        Path | None,
        typer.Option(help="How to train and what the gate asks; retrain.toml where there is one."),
    ] = None,
    models: Annotated[Path, typer.Option(help="Folder of the model versions.")] = MODELS,
    messages: Annotated[Path, typer.Option(help="Folder of written messages.")] = MESSAGES,
    labels: Annotated[Path, typer.Option(help="Folder of labels that people added.")] = LABELS,
    splits: Annotated[Path, typer.Option(help="Splits of earlier builds, which stay as they are.")] = SPLITS,
    weights: Annotated[
        Path | None, typer.Option(help="The champion's torch weights, instead of the store's: RUN/weights.")
    ] = None,
    behaviour: Annotated[
        Path | None, typer.Option(help="Behaviour suite; that of the repository where it is there.")
    ] = None,
    bootstrap: Annotated[int, typer.Option(help="Resamples for the models' intervals.", min=0)] = 1000,
) -> None:
    """Train a challenger with the new labels, and promote it if it passes the gate.

    Champion and challenger answer the same questions: the frozen test split, the behaviour suite, new labels kept for
    measuring, and every violation that a person ever confirmed. A challenger that misses one of these, or loses more
    than retrain.toml allows or, on the whole test split, than chance explains, is kept with its report, and the
    champion goes on serving. Promotion is asked for at a terminal; without one, and without --yes, the report is all.
    Cut off, the same command goes on: a finished training is not done again, an epoch that was cut off is, and so is
    all of a training of one epoch, as in retrain.toml.

    Exit code: 0 when the gate passes; 1 when it fails, when a promotion that was agreed to is refused, or when labels
    are in conflict or refused; 2 when it cannot run.

    Example: reviewguard retrain --with notices.csv --yes

    Example: reviewguard retrain --weights runs/0.3.0/weights
    """
    from transformers.utils import logging

    from reviewguard.retraining.config import load_settings
    from reviewguard.retraining.data import Places
    from reviewguard.retraining.retrain import retrain as run
    from reviewguard.retraining.round import RetrainJob
    from reviewguard.retraining.store import ModelStore

    settings = load_settings(config)
    store = ModelStore(models)
    warn(store.recovered)
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    suite = behaviour or (BEHAVIOUR if BEHAVIOUR.is_dir() else None)
    job = RetrainJob(Places(messages, labels, splits), settings, suite, weights, bootstrap=bootstrap)
    with _Stages() as stages:
        result = run(
            job,
            store,
            agree=lambda report: yes or _asked(report, stages),
            show=stages.show,
            add=lambda champion: _add(with_, job.places, champion) if with_ else None,
        )
    _tell(result, models, stages.asked)
    raise typer.Exit(0 if result.report.gate.passed and not result.refused else 1)


def _add(path: Path, places: Places, model: Path) -> None:
    from reviewguard.labelling.add import AddJob, add
    from reviewguard.labelling.report import report_view

    job = AddJob(path, places.labels, places.messages, who=who(), model=model, splits=places.splits)
    try:
        report = add(job)
    except InputError as error:
        if "--map" not in error.fix:
            raise
        fix = f"{error.fix}, in `{_data_add(path, places, model)} --map …`; {_THEN}"
        raise InputError(error.found, expected=error.expected, fix=fix) from error
    console, _ = output_console()
    console.print(report_view(report, job.target))
    if report.undecided:
        print(
            f"not retrained: settle this with `{_data_add(path, places, model)}` first, {_THEN}",
            file=sys.stderr,
        )
        raise typer.Exit(1)
    if report.refused:
        print(
            f"not retrained: {len(report.refused)} rows of {path} were refused. Mend them and run this again, or go on "
            f"without them: the other rows are in {places.labels}, `reviewguard retrain` without --with learns them",
            file=sys.stderr,
        )
        raise typer.Exit(1)


def _data_add(path: Path, places: Places, model: Path) -> str:
    """The command that adds labels to the same places, compared with the same messages and judged by the same model."""
    from reviewguard.inference.model_folder import shipped_model
    from reviewguard.retraining.data import Places

    options = dict(sorted(asdict(places).items() - asdict(Places()).items()))
    if model.resolve() != shipped_model().resolve():
        options["model"] = model
    named = (part for name, value in options.items() for part in (f"--{name}", str(value)))
    return shlex.join(["reviewguard", "data", "add", str(path), *named])


class _Stages:
    """A bar a stage on standard error, on a terminal only."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        shown = sys.stderr.isatty()
        self._bars = Progress(*columns, console=Console(stderr=True), disable=not shown)
        self._tasks: dict[str, TaskID] = {}
        self.asked = False

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Leave the bars as they are."""
        self._bars.stop()

    def show(self, stage: str, share: float | None) -> None:
        """Show how far a stage is."""
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=None)
        self._bars.update(self._tasks[stage], total=None if share is None else 1.0, completed=share or 0.0)


def _asked(report: RetrainReport, stages: _Stages) -> bool:
    """Ask at a terminal; elsewhere nobody can agree."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    stages.stop()
    stages.asked = True
    _print(report)
    try:
        return typer.confirm(f"Serve {report.challenger} in place of {report.champion}?")
    except typer.Abort:  # by Ctrl-C or Ctrl-D; the challenger is kept, and that is said
        print()
        return False


def _print(report: RetrainReport) -> None:
    from rich.markdown import Markdown

    console, colour = output_console()
    text = report.to_markdown()
    console.print(Markdown(text) if colour else text)


def _tell(result: RetrainResult, models: Path, asked: bool) -> None:
    from reviewguard.retraining.retrain import promote_command

    report, kept = result.report, result.challenger
    if not asked:
        _print(report)
    warn(f"tracking: {problem}" for problem in result.problems)
    print(f"{kept.version} is kept in {kept.folder}")
    if result.promotion is not None:
        print(f"promoted: {kept.version} serves in place of {report.champion}")
    elif result.refused:
        print(f"not promoted: {result.refused}")
    elif report.gate.passed:
        command = promote_command(models, kept.version)
        print(f"not promoted: {report.champion} goes on serving; `{command}`")
    else:
        print(f"not promoted: {report.champion} goes on serving, since the gate failed on")
        for line in report.gate.failures:
            print(f"  {line.name}: {line.why}")
