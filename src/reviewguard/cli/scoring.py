"""`score`: every message of an export, and the export again with verdicts."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from reviewguard.cli.shared import (
    BatchTokensOption,
    FailOn,
    FormatOption,
    InputsArgument,
    MapOption,
    ModelOption,
    ProfileOption,
    StrictOption,
    WorkersOption,
    column_map,
    exit_if_found,
    output_console,
    progress_bar,
    warn,
)

INTERRUPTED = 130
"""128 and the number of SIGINT, as shells count."""


class EngineName(StrEnum):
    """What scores."""

    LOCAL = "local"
    RAY = "ray"


def score(
    inputs: InputsArgument,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Output, replaced if it is there: .csv, .tsv, .jsonl (each also .gz), .parquet or .xlsx; all "
            "columns and the verdict's."
        ),
    ] = None,
    format: FormatOption = None,
    columns: MapOption = None,
    strict: StrictOption = False,
    profile: ProfileOption = "amazon",
    model: ModelOption = None,
    workers: WorkersOption = 0,
    batch_tokens: BatchTokensOption = 256,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted run, or begin where there is none.")
    ] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Discard an interrupted run.")] = False,
    engine: Annotated[EngineName, typer.Option(help="This machine's cores, or Ray Data.")] = EngineName.LOCAL,
    ray_address: Annotated[str | None, typer.Option(help="Address of a running Ray cluster.")] = None,
    fail_on: Annotated[
        FailOn | None,
        typer.Option(
            help="Exit with 1 if any message gets this verdict or a worse one; with 2 if none does, but a file was not "
            "read to its end, or more rows could not be read than messages were judged."
        ),
    ] = None,
    worst: Annotated[int, typer.Option(help="Messages to show in full, the worst first.", min=0)] = 3,
) -> None:
    """Score every seller message of an export, and print a summary and the worst messages.

    An interrupted run goes on with --resume and ends with the same output. Exit code: 0, or 1 by --fail-on,
    2 for a usage error or an unreadable input, 70 if reviewguard itself fails.

    Example: reviewguard score data/examples/messages.csv --out scored.csv

    Example: reviewguard score exports/ 'mail/*.mbox' --out scored.parquet --fail-on review-soliciting
    """
    from reviewguard.inference.batch import ScoreOptions
    from reviewguard.inference.scoring import ScoreJob, run_job
    from reviewguard.inference.summary import summary_view
    from reviewguard.inference.work_folder import with_resume
    from reviewguard.readers.base import ReadOptions

    if resume and restart:
        raise typer.BadParameter("choose --resume or --restart", param_hint="--restart")
    if (resume or restart) and out is None:
        raise typer.BadParameter(
            "only a run with --out can be interrupted and gone on with", param_hint="--out"
        )
    if ray_address and engine is not EngineName.RAY:
        raise typer.BadParameter("only with --engine ray", param_hint="--ray-address")
    noted: dict[str, None] = {}
    reading = ReadOptions(format, column_map(columns), strict, note=noted.setdefault)
    job = ScoreJob(
        tuple(inputs),
        out,
        ScoreOptions(reading, profile, workers, batch_tokens),
        model=model,
        ray=engine is EngineName.RAY,
        ray_address=ray_address,
        leftover="resume" if resume else "restart" if restart else "refuse",
        worst=worst,
    )
    try:
        with progress_bar() as progress:
            result = run_job(job, progress)
    except KeyboardInterrupt:
        hint = f" To go on, run {with_resume(job.leftover)}." if out else ""
        print(f"Stopped.{hint}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    console, colour = output_console()
    console.print(summary_view(result, colour=colour))
    warn(noted)
    counts = result.counts
    left_out = counts.not_scored + counts.unreadable
    exit_if_found(
        fail_on, counts.decisions, sum(counts.decisions.values()), left_out, result.unread, result.rests
    )
