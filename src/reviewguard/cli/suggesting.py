"""`suggest`: which messages of an export to label next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from reviewguard.suggesting import Suggestions

_SHOWN_CHARACTERS = 160


def suggest(
    inputs: InputsArgument,
    out: Annotated[
        Path, typer.Option(help="JSONL file to write or replace, for `reviewguard label`.")
    ] = Path("to_label.jsonl"),
    count: Annotated[int, typer.Option("-n", "--count", help="How many messages.", min=1)] = 50,
    labelled: Annotated[
        list[Path] | None,
        typer.Option(
            help="JSONL file or folder of labelled messages to keep away from (repeatable); data/messages and "
            "data/labels by default, where they exist."
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(help="The same seed gives the same choice.", min=0, max=2**32 - 1)
    ] = 13,
    profile: ProfileOption = "amazon",
    model: ModelOption = None,
    format: FormatOption = None,
    columns: MapOption = None,
    strict: StrictOption = False,
    workers: WorkersOption = 0,
    batch_tokens: BatchTokensOption = 256,
    top: Annotated[int, typer.Option(help="Chosen messages to print.", min=0)] = 5,
) -> None:
    """Choose the messages of an export whose labels would teach the model most, and say why each was chosen.

    Chosen are messages that the model is unsure of (between the thresholds, or near one), unlike each other and unlike
    what is labelled. Of messages that differ only in names, numbers, days and links there is one; text that is not
    English or cannot be read is left out. The output holds each message's own columns, its verdict and
    rg_suggest_reason. Needs the extra `train`.

    Example: reviewguard suggest data/examples/messages.csv -n 50 --out to_label.jsonl
    """
    from reviewguard.inference.batch import ScoreOptions
    from reviewguard.readers.base import ReadOptions
    from reviewguard.suggesting import SuggestJob
    from reviewguard.suggesting import suggest as choose

    reading = ReadOptions(format, column_map(columns), strict)
    job = SuggestJob(
        tuple(inputs),
        out,
        count,
        None if labelled is None else tuple(labelled),
        seed,
        model,
        ScoreOptions(reading, profile, workers, batch_tokens),
    )
    with progress_bar() as progress:
        result = choose(job, progress)
    console, _ = output_console()
    console.print("\n".join(_lines(result, job.count, out, top)))


def _lines(result: Suggestions, wanted: int, out: Path, top: int) -> list[str]:
    from reviewguard.inference.render import printable

    lines = [
        f"{result.judged:,} messages judged, {result.kinds:,} of them different; "
        f"{result.unfit:,} more left out: not English, or not readable",
        f"compared with {result.labelled:,} labelled messages",
    ]
    lines += result.notes
    for rank, item in enumerate(result.chosen[:top], 1):
        text = printable(" ".join(item.row.record.text.split()))[:_SHOWN_CHARACTERS]
        lines += ["", f"{rank}. {item.reason}", f"   {text}"]
    written = f"Written: {out}, {len(result.chosen):,} messages."
    lines += ["", f"{written} Next: reviewguard label {out}" if result.chosen else written]
    if not result.kinds:
        lines.append("Nothing to choose from: no message is English and readable.")
    elif len(result.chosen) < wanted:
        lines.append(
            f"Fewer than {wanted:,}: nothing else in the export differs enough from these or from what is labelled."
        )
    return lines
