"""An audit in a few lines for the terminal: counts, the first findings, where the report is."""

from __future__ import annotations

from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reviewguard.inference.audit.caveats import (
    either_day,
    left_out,
    not_in_export,
    not_judged,
    not_read,
    plural,
)
from reviewguard.inference.audit.facts import heading, orderless, quote, times
from reviewguard.inference.audit.results import Audit, Finding
from reviewguard.inference.doubts import percent
from reviewguard.inference.exports import notes_on_sides
from reviewguard.inference.render import printable
from reviewguard.inference.report.folder import PAGE
from reviewguard.schema import REVIEW_SOLICITING

_REASONS = 3
"""Unreadable rows to name."""


def audit_view(audit: Audit, folder: Path, *, top: int, colour: bool) -> RenderableType:
    """What `audit` prints."""
    parts: list[RenderableType] = [_counts(audit)]
    seen = audit.overview
    notes = [not_judged(audit), not_in_export(audit), left_out(audit)]
    notes += notes_on_sides(seen.sellers, seen.buyers, seen.alone, seen.paired)
    notes += [either_day(audit), not_read(audit)]
    for said in filter(None, notes):
        parts += ["", Text(printable(said))]
    unread = seen.unreadable[:_REASONS]
    parts += [""] * bool(unread)
    parts += [
        Text(printable(f"unreadable or empty: {row.source}, {row.place}: {row.error}")) for row in unread
    ]
    if more := seen.unusable - len(unread):
        parts.append(f"and {more:,} more unreadable or empty")
    for rank, finding in enumerate(audit.findings[:top], 1):
        parts += ["", *_finding(rank, finding, colour=colour)]
    if len(audit.findings) > top:
        parts += ["", f"and {len(audit.findings) - top:,} more findings"]
    return Group(*parts, "", Text(printable(f"Report: {folder / PAGE}")))


def _counts(audit: Audit) -> Table:
    seen = audit.overview
    title = ", ".join((f"Audit, profile {audit.profile}", *audit.filters.describe()))
    table = Table(title=Text(printable(title), style="table.title"), title_justify="left")
    table.add_column("records")
    table.add_column(f"{seen.read:,}", justify="right")
    counts = (
        ("seller messages judged", seen.reviewed),
        ("  review-soliciting", seen.soliciting),
        ("  needs-review", seen.doubtful),
        *([("seller messages outside the filters", seen.outside)] if audit.filters.describe() else []),
        ("buyers' messages", seen.buyers),
        ("notices", seen.notices),
        ("unreadable or empty rows", seen.unusable),
        *([("in more than one place, counted once", seen.copies)] if seen.copies else []),
    )
    for name, count in counts:
        table.add_row(name, f"{count:,}")
    table.add_section()
    table.add_row("order rules broken", f"{audit.rules_broken:,}")
    return table


def _finding(rank: int, finding: Finding, *, colour: bool) -> list[Text]:
    chance = "" if finding.rule else f", {percent(finding.probability)}"
    style = "bold red" if finding.verdict == REVIEW_SOLICITING else "bold yellow"
    head = Text(f"{rank}. {heading(finding)}{chance}", style=style if colour else "")
    return [head, Text(f"   {printable(quote(finding))}"), Text(f"   {printable(_extent(finding))}")]


def _extent(finding: Finding) -> str:
    first, last = finding.days or (None, None)
    days = "no date" if first is None else f"{first}" if first == last else f"{first} to {last}"
    order = f"order {finding.orders[0]}" if len(finding.orders) == 1 else f"{len(finding.orders):,} orders"
    sent = plural(len(finding.sendings), "message") if finding.rule else times(finding.sendings)
    orders = (order, orderless(finding.sendings)) if finding.orders else ()
    return ", ".join(filter(None, (sent, *orders, days, f"finding {finding.id}")))
