"""`models …`: the versions of the model, and which one is served."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reviewguard.checkout import MODELS
from reviewguard.cli.shared import (
    FormatOption,
    MapOption,
    ProfileOption,
    WorkersOption,
    column_map,
    output_console,
    progress_bar,
    warn,
)
from reviewguard.errors import InputError, ModelError
from reviewguard.user import who

if TYPE_CHECKING:
    from reviewguard.retraining.store import ModelStore, Promotion
    from reviewguard.retraining.stored import StoredModel

app = typer.Typer(
    help="List, compare, promote and roll back versions of the model.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

ModelsOption = Annotated[Path, typer.Option("--models", help="Folder of models; its `default` is served.")]
VersionArgument = Annotated[str, typer.Argument(help="Version, or champion, challenger or previous.")]
_WIDE = 1_000
"""Columns of a table that goes into a file or to another program: nothing of it is cut."""
ReasonOption = Annotated[str, typer.Option(help="Why, for the log.")]


@app.command("list")
def list_models(models: ModelsOption = MODELS) -> None:
    """List the versions: which one is served, which one wants to be, and which one a rollback goes to.

    Example: reviewguard models list
    """
    from reviewguard.retraining.view import list_view

    store = _open(models)
    found = store.list()
    console, _ = output_console()
    if not console.is_terminal:
        console.width = _WIDE
    console.print(list_view(found) if found else f"no models in {models}")


@app.command()
def show(version: VersionArgument, models: ModelsOption = MODELS) -> None:
    """Show one version: where it lies, its tags and figures, and its lines of the log.

    Example: reviewguard models show champion
    """
    from reviewguard.retraining.view import show_view

    store = _open(models)
    console, _ = output_console()
    console.print(show_view(store.get(version), store.history().entries))


@app.command()
def diff(
    a: Annotated[str, typer.Argument(help="Version or alias before.")],
    b: Annotated[str, typer.Argument(help="Version or alias after.")],
    data: Annotated[
        list[str] | None, typer.Option(help="Export or labelled JSONL to judge with both (repeatable).")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="JSONL file for every changed message.")] = None,
    top: Annotated[
        int, typer.Option(help="Changed messages to print, the largest changes first.", min=0)
    ] = 10,
    profile: ProfileOption = "amazon",
    format: FormatOption = None,
    columns: MapOption = None,
    workers: WorkersOption = 0,
    models: ModelsOption = MODELS,
) -> None:
    """Compare two versions: their figures, and with --data the messages whose verdict changes.

    The figures are those that each version was exported with. The output holds each message's own columns, the verdict
    of B in rg_verdict and its like, and that of A in rg_before_verdict and rg_before_probability.

    Example: reviewguard models diff champion champion --data data/examples/messages.csv
    """
    from reviewguard.inference.batch import ScoreOptions
    from reviewguard.inference.exports import check_out
    from reviewguard.readers.base import ReadOptions
    from reviewguard.retraining.diff import figure_changes, verdict_changes, write_changes
    from reviewguard.retraining.view import changes_view, figures_view

    if out is not None:
        if not data:
            raise InputError("--out without --data", expected="messages to judge")
        check_out(out, data)
    store = _open(models)
    before, after = store.get(a), store.get(b)
    console, _ = output_console()
    console.print(figures_view(figure_changes(before, after), before, after))
    if not data:
        return
    options = ScoreOptions(ReadOptions(format, column_map(columns)), profile, workers)
    changes = verdict_changes(data, before, after, options=options, progress=progress_bar)
    console.print("", changes_view(changes, top), sep="\n")
    warn(changes.notes)
    if out is not None:
        write_changes(changes, out)
        print(f"\nWritten: {out}, {len(changes.changes):,} messages.")


@app.command()
def promote(
    version: VersionArgument,
    reason: ReasonOption = "",
    force: Annotated[
        bool, typer.Option("--force", help="Although the gate does not vouch for it; the log says so.")
    ] = False,
    models: ModelsOption = MODELS,
) -> None:
    """Serve another version from now on. Scorers that run keep the model they loaded.

    Refused where the gate of `reviewguard retrain` failed, never ran, or ran against another champion. The folder is
    exchanged in one step, the change is written to history.jsonl, and MLflow's aliases follow.

    Example: reviewguard models promote challenger --reason "catches the coupon wording"
    """
    store = _open(models)
    store.get(version)  # before locking, which makes the folder
    with store.writing("promote"):
        model = store.get(version)
        forced = _needs_force(store, model, force=force)
        promotion = store.promote(model.version, by=who(), reason=reason, forced=forced)
    _report(promotion)


@app.command()
def rollback(reason: ReasonOption = "", models: ModelsOption = MODELS) -> None:
    """Serve the champion before this one again; once more, the one before that.

    Example: reviewguard models rollback --reason "false alarms on delivery notes"
    """
    _report(_open(models).rollback(by=who(), reason=reason))


@app.command()
def register(models: ModelsOption = MODELS) -> None:
    """Register the champion, and the challenger if there is one, in MLflow, with their aliases.

    Retraining, promotions and rollbacks do the same. This is for a model that nothing was done with yet, such as the
    shipped one, and for a registry that was out of reach.

    Example: reviewguard models register
    """
    from reviewguard.retraining.stored import CHALLENGER, CHAMPION

    store = _open(models)
    store.get(CHAMPION)
    with store.writing("register"):
        problems = store.sync()
    if problems:
        raise ModelError("; ".join(problems))
    for model in store.list():
        for alias in {CHAMPION, CHALLENGER}.intersection(model.aliases):
            print(f"registered: {model.version} as models:/reviewguard@{alias}")


def _needs_force(store: ModelStore, model: StoredModel, *, force: bool) -> bool:
    """Whether the gate does not vouch for a version; without `force` that is refused."""
    from reviewguard.retraining.stored import CHAMPION, check_gate

    champion = next((known for known in store.list() if CHAMPION in known.aliases), None)
    if champion and champion.version == model.version:
        return False  # `promote` says that it is the champion already
    try:
        check_gate(model, champion)
    except InputError:
        if not force:
            raise
        return True
    return False


def _open(models: Path) -> ModelStore:
    from reviewguard.retraining.store import ModelStore

    store = ModelStore(models)
    warn((*store.recovered, *store.history().problems))
    return store


def _report(promotion: Promotion) -> None:
    from reviewguard.inference.model_folder import shipped_model
    from reviewguard.retraining.view import history_line

    print(history_line(promotion.entry))
    served = promotion.champion.folder
    print(f"served now: {promotion.champion.version} in {served}")
    if served.resolve() != shipped_model().resolve():
        warn([f"commands without --model use {shipped_model()}; name this one: --model {served}"])
    warn(f"registry: {problem}" for problem in promotion.problems)
    if promotion.problems:
        warn(["registry: the next promotion or rollback tells it"])
