"""`drift`: whether a new export still looks like what the model knows."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from reviewguard.cli.shared import (
    BatchTokensOption,
    FormatOption,
    InputsArgument,
    MapOption,
    ModelOption,
    ProfileOption,
    StrictOption,
    WorkersOption,
    column_map,
    output_console,
    progress_bar,
)


def drift(
    inputs: InputsArgument,
    against: Annotated[
        list[str] | None,
        typer.Option(
            help="An export to compare with (repeatable); the messages the model was calibrated on by default."
        ),
    ] = None,
    profile: ProfileOption = "amazon",
    model: ModelOption = None,
    format: FormatOption = None,
    columns: MapOption = None,
    strict: StrictOption = False,
    workers: WorkersOption = 0,
    batch_tokens: BatchTokensOption = 256,
    as_json: Annotated[bool, typer.Option("--json", help="Print every count and figure as JSON.")] = False,
    fail_on_drift: Annotated[
        bool, typer.Option("--fail-on-drift", help="Exit with 1 if anything moved.")
    ] = False,
) -> None:
    """Say whether the messages of an export have moved away from what the model knows, and whether to label some.

    Compared are scores, length, the share of words that are not in the model's vocabulary (cut into word pieces, or
    unreadable), languages and the share of needs-review. Messages that differ only in names, numbers, days and links
    count once, but for the share of review-soliciting, which is that of all messages sent. A measure moved if a test
    (of KS, of PSI or of shares) finds a difference (p below 0.01, divided among nine tests) that is large enough to
    matter: a PSI or a Kolmogorov-Smirnov statistic of 0.1, 2 points of text that is not English, 5 points of
    needs-review or of review-soliciting. The model's own reference is written messages, not mail; two exports of
    yours, an old one and a new one, tell more. Exit code: 0, or 1 by --fail-on-drift (too few messages are no drift),
    2 for a usage error or an unreadable input.

    Example: reviewguard drift data/examples/messages.csv --against data/examples/audit_export.csv

    Example: reviewguard drift data/examples/messages.csv --json --fail-on-drift
    """
    from reviewguard.inference.batch import ScoreOptions
    from reviewguard.inference.drift import find_drift
    from reviewguard.inference.drift.view import drift_view
    from reviewguard.readers.base import ReadOptions

    reading = ReadOptions(format, column_map(columns), strict)
    options = ScoreOptions(reading, profile, workers, batch_tokens)
    result = find_drift(inputs, against or (), model=model, options=options, progress=progress_bar)
    if as_json:
        print(json.dumps(result.to_dict(), indent=2))
    else:
        console, colour = output_console()
        console.print(drift_view(result, colour=colour))
    if fail_on_drift and result.moved:
        raise typer.Exit(1)
