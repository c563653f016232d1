"""`audit`: what in an export breaks the rules, and the facts for an appeal."""

from __future__ import annotations

from datetime import datetime
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


def audit(
    inputs: InputsArgument,
    out: Annotated[
        Path,
        typer.Option(help="Folder for report.html, findings.xlsx and findings.jsonl."),
    ],
    since: Annotated[str | None, typer.Option(help="First day, 2024-11-01; included.")] = None,
    until: Annotated[str | None, typer.Option(help="Last day, 2024-12-31; included.")] = None,
    orders: Annotated[list[str] | None, typer.Option("--order", help="Only this order (repeatable).")] = None,
    asins: Annotated[list[str] | None, typer.Option("--asin", help="Only this ASIN (repeatable).")] = None,
    agents: Annotated[
        list[str] | None, typer.Option("--agent", help="Only this agent: a name or an address (repeatable).")
    ] = None,
    profile: ProfileOption = "amazon",
    model: ModelOption = None,
    format: FormatOption = None,
    columns: MapOption = None,
    strict: StrictOption = False,
    workers: WorkersOption = 0,
    batch_tokens: BatchTokensOption = 256,
    show_personal_data: Annotated[
        bool,
        typer.Option("--show-personal-data", help="Do not mask names, addresses and numbers in messages."),
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Write into the folder although it holds other things, which stay."),
    ] = False,
    fail_on: Annotated[
        FailOn | None,
        typer.Option(
            help="Exit with 1 if any finding has this verdict or a worse one; with 2 if none does, but a file was not "
            "read to its end, or more rows could not be read than messages were judged."
        ),
    ] = None,
    top: Annotated[int, typer.Option(help="Findings to print, the likeliest first.", min=0)] = 5,
) -> None:
    """Find the messages that break the rules in an export, and write a report with the facts for an appeal.

    Messages that say the same are one finding with all orders that got it. Orders that were asked more than once, or
    more than 30 days after completion, are findings too. The filters narrow the findings; threads stay whole, and a
    message without a date is never left out because of the period. Exit code: 0, or 1 by --fail-on, 2 for a usage
    error or an unreadable input.

    Example: reviewguard audit data/examples/audit_export.csv --since 2024-11-01 --until 2024-12-31 --out audit
    """
    from reviewguard.inference.audit import AuditFilters
    from reviewguard.inference.audit import audit as find
    from reviewguard.inference.audit.run import with_proofs
    from reviewguard.inference.batch import ScoreOptions, score_records
    from reviewguard.inference.model_folder import load
    from reviewguard.inference.report.folder import check_folder, report_files, write_report
    from reviewguard.inference.report.page import IN_FULL
    from reviewguard.inference.report.terminal import audit_view
    from reviewguard.inference.workspace import Workspace
    from reviewguard.readers.registry import ReadOptions, read_records

    filters = AuditFilters.parse(
        since=since, until=until, orders=orders or (), asins=asins or (), agents=agents or ()
    )
    check_folder(out, force=force)
    noted: dict[str, None] = {}
    reading = ReadOptions(format, column_map(columns), strict, note=noted.setdefault)
    options = ScoreOptions(reading, profile, workers, batch_tokens)
    classifier = load(model)
    with Workspace.temporary() as workspace:
        with progress_bar() as progress:
            records = read_records(inputs, options.read, leave_out=report_files(out))
            score_records(records, classifier, workspace, options, progress)
        found = find(lambda: workspace.scored(order="conversation"), filters, profile=profile)
        unread, rests = workspace.unread_rows(), workspace.unread_rests()
    result = with_proofs(found, classifier.prove, IN_FULL)
    # Forced: the folder was looked at before; what came into it since is no reason to lose the report.
    shown = write_report(
        result, out, created=datetime.now().astimezone(), show_personal_data=show_personal_data, force=True
    )
    console, colour = output_console()
    console.print(audit_view(shown, out, top=top, colour=colour))
    warn(noted)
    verdicts, seen = {finding.verdict for finding in result.findings}, result.overview
    judged = (
        seen.sellers if seen.reviewed else 0
    )  # whether the filters take in an unreadable row nobody can tell
    exit_if_found(fail_on, verdicts, judged, seen.unusable, unread, rests)
