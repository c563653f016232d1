"""`data add`: labelled messages into the dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reviewguard import user
from reviewguard.checkout import LABELS, MESSAGES, SPLITS
from reviewguard.cli.shared import MapOption, ModelOption, column_map, output_console


def add(
    file: Annotated[Path, typer.Argument(help="Labelled messages: .csv, .jsonl or .xlsx.", metavar="LABELS")],
    accept: Annotated[
        list[str] | None, typer.Option(help="Conflict to settle for the new label, or all (repeatable).")
    ] = None,
    reject: Annotated[
        list[str] | None, typer.Option(help="Conflict to settle for the known label, or row to leave out.")
    ] = None,
    both: Annotated[
        list[str] | None,
        typer.Option(help="Conflict that is none: both labels stay, since the messages do differ."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing, only report.")] = False,
    name: Annotated[str | None, typer.Option(help="Write NAME.jsonl; by default named as the file.")] = None,
    who: Annotated[str | None, typer.Option(help="Labeller, where the rows name none; default: you.")] = None,
    columns: MapOption = None,
    labels: Annotated[Path, typer.Option("--labels", help="Folder of labels.")] = LABELS,
    messages: Annotated[Path, typer.Option("--messages", help="Folder of written messages.")] = MESSAGES,
    splits: Annotated[
        Path, typer.Option("--splits", help="Record of the splits, to tell labels that are never learnt.")
    ] = SPLITS,
    model: ModelOption = None,
) -> None:
    """Add labelled messages to data/labels, checked as the dataset is, without personal details.

    A row has `text`; `types` (names, with spaces or commas between) or a `verdict` of compliant; where known
    `previous`, and `rationale` (quotes, in one cell with | or a line break between, or start, end and type). Names,
    addresses, phones, e-mail, links and order ids become placeholders as far as they are found: a name in the middle of
    a sentence may stay. Rows that are known already add nothing. A row that contradicts a known label is shown beside
    it, and nothing is written until every such conflict is decided. Labels that the model doubts are listed. Rows that
    nobody labelled are left out, and counted. --map takes types, verdict, rationale, who and when, too.

    Exit code: 0 when all labels are in or known; 1 for refused rows or open conflicts; 2 for an unreadable file.

    Example: reviewguard data add scored.labels.jsonl

    Example: reviewguard data add notices.csv --map text=Message --map types=Why --accept ID
    """
    from reviewguard.labelling.add import AddJob
    from reviewguard.labelling.add import add as add_labels
    from reviewguard.labelling.report import report_view
    from reviewguard.labelling.results import Decisions

    decisions = Decisions(*(frozenset(ids or ()) for ids in (accept, reject, both)))
    job = AddJob(
        file,
        labels,
        messages,
        name,
        column_map(columns),
        who or user.who(),
        model,
        decisions,
        dry_run,
        splits,
    )
    report = add_labels(job)
    console, _ = output_console()
    console.print(report_view(report, job.target))
    raise typer.Exit(1 if report.refused or report.undecided else 0)
