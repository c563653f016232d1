"""What several commands have in common: options, the console, the progress bar."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reviewguard.errors import InputError
from reviewguard.schema import NEEDS_REVIEW, REVIEW_SOLICITING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from reviewguard.inference.batch import Progress as RunProgress
    from reviewguard.inference.batch import Report
    from reviewguard.schema import ScoredRecord


def warn(notes: Iterable[str]) -> None:
    """Say what went beside the result, on standard error."""
    from reviewguard.inference.render import printable  # imports rich

    for note in notes:
        print(printable(note), file=sys.stderr)


class FailOn(StrEnum):
    """The mildest verdict that makes a command exit with 1."""

    REVIEW_SOLICITING = REVIEW_SOLICITING
    NEEDS_REVIEW = NEEDS_REVIEW


ProfileOption = Annotated[str, typer.Option(help="Rules to apply: amazon, strict or ftc.")]
ModelOption = Annotated[Path | None, typer.Option(help="Model folder; the shipped model by default.")]
InputsArgument = Annotated[
    list[str], typer.Argument(help="Exports: files, folders or patterns such as 'mail/*.mbox'.")
]
FormatOption = Annotated[
    str | None, typer.Option("--format", help="Format of the inputs; told from name and content by default.")
]
MapOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        help="Where a field is found: text=Body, order_id='Order #' (repeatable; of several columns for one field the "
        "first that a table has is taken, and the usual ones where it has none). Fields: text, previous, sender, "
        "order_id, thread, id, date, asin, agent, subject, channel; and seller=ADDRESS,NAME for who the seller is.",
    ),
]
StrictOption = Annotated[
    bool, typer.Option("--strict", help="Stop at the first row that cannot be read; not the profile strict.")
]
WorkersOption = Annotated[
    int,
    typer.Option(
        help="Processes that score: 0 is one a core, or this one for little work; 1 is this one, on all cores.",
        min=0,
    ),
]
BatchTokensOption = Annotated[int, typer.Option(help="Tokens per forward pass.", min=1)]


def column_map(items: Sequence[str] | None) -> dict[str, str | tuple[str, ...]]:
    """Field → column of `--map`, or columns of which a table has one; of the seller's names, all.

    Raises:
        typer.BadParameter: no NAME=COLUMN.
    """
    from reviewguard.readers.columns import MAIL_FIELD

    found: dict[str, list[str]] = {}
    for item in items or ():
        name, separator, column = (part.strip() for part in item.partition("="))
        if not separator:
            raise typer.BadParameter("expected NAME=COLUMN, for example --map text=Body", param_hint="--map")
        found.setdefault(name, []).append(column)
    own = {MAIL_FIELD: ",".join(found.pop(MAIL_FIELD))} if MAIL_FIELD in found else {}
    return {
        name: columns[0] if len(columns) == 1 else tuple(columns) for name, columns in found.items()
    } | own


def exit_if_found(
    fail_on: FailOn | None,
    verdicts: Collection[str],
    judged: int,
    not_judged: int = 0,
    unread: int = 0,
    rests: Sequence[ScoredRecord] = (),
) -> None:
    """Exit with 1 where an export holds what `--fail-on` names; say on standard error how many nobody judged.

    Args:
        judged, not_judged: seller messages, and rows that may have been some but could not be judged.
        unread, rests: see `Workspace.unread_rows` and `Workspace.unread_rests`.

    Raises:
        typer.Exit: one of the verdicts is this one or a worse one.
        InputError: no message was judged, so that none can pass; none was found, but more than a row is unread, or
            more rows are unread than were judged.
    """
    if fail_on is None:
        return
    if not judged:
        raise InputError(
            "--fail-on: no seller message was judged, so nothing can pass",
            expected="at least one",
            fix="see the counts above; name the columns with --map",
        )
    if not_judged:
        warn([f"--fail-on: rows not judged: {not_judged:,}; see the counts above"])
    if REVIEW_SOLICITING in verdicts or fail_on in verdicts:
        raise typer.Exit(1)
    if unread > judged:
        raise InputError(
            f"--fail-on: messages judged: {judged:,}, rows not read: {unread:,}, so it cannot pass",
            expected="no more rows that cannot be read than messages judged",
            fix="see above why; export it again, or leave it out",
        )
    if rests:
        from reviewguard.inference.writers.columns import error_of

        more = f", and {len(rests) - 1:,} more" if len(rests) > 1 else ""
        raise InputError(
            f"--fail-on: not all was read, so it cannot pass: {error_of(rests[0])}{more}",
            expected="every input to be read to its end",
            fix="see what is said of it; export it again, or leave it out",
        )


def output_console() -> tuple[Console, bool]:
    """A console on standard output that prints texts as they are, and whether to colour."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    console = Console(soft_wrap=not terminal, highlight=False, markup=False, emoji=False)
    return console, terminal and "NO_COLOR" not in os.environ


@contextmanager
def progress_bar() -> Iterator[Report]:
    """A bar on standard error with rate and time left, on a terminal only; elsewhere nothing is shown."""
    from reviewguard.inference.batch import silent

    if not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[done]:,} ({task.fields[rate]:,.0f}/s)"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        yield _shown_on(bars)


def _shown_on(bars: Bars) -> Report:
    tasks: dict[str, TaskID] = {}

    def show(progress: RunProgress, /) -> None:
        if progress.stage not in tasks:
            for earlier in tasks.values():
                bars.update(earlier, total=1.0, completed=1.0)
            tasks[progress.stage] = bars.add_task(progress.stage, total=1.0, done=0, rate=0.0)
        task = tasks[progress.stage]
        elapsed = bars.tasks[task].elapsed or 0.0
        total = None if progress.share is None else 1.0
        bars.update(
            task,
            total=total,
            completed=progress.share or 0.0,
            done=progress.done,
            rate=progress.done / elapsed if elapsed else 0.0,
        )

    return show
