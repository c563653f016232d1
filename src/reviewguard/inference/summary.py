"""What `score` prints: counts, and the worst messages with their words marked."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reviewguard.inference.exports import notes_on_sides
from reviewguard.inference.render import printable, verdict_view
from reviewguard.inference.scoring import ScoreResult
from reviewguard.inference.writers.columns import error_of
from reviewguard.schema import COMPLIANT, NEEDS_REVIEW, REVIEW_SOLICITING, Decision, ScoredRecord


def summary_view(result: ScoreResult, *, colour: bool) -> RenderableType:
    """The counts, then the worst messages in full, then what was written."""
    counts = result.counts
    parts: list[RenderableType] = [_counts(result), _types(result)]
    parts += map(Text, notes_on_sides(counts.sellers, counts.buyers, counts.alone, counts.paired))
    parts += [Text(printable(f"not scored: {error_of(row)}")) for row in result.not_scored]
    if more := counts.not_scored - len(result.not_scored):
        parts.append(Text(f"and {more:,} more that cannot be scored"))
    parts += [Text(printable(f"unreadable: {error_of(row)}")) for row in result.unreadable]
    if more := counts.unreadable - len(result.unreadable):
        parts.append(Text(f"and {more:,} more that cannot be read"))
    for rank, row in enumerate(result.worst, 1):
        if row.verdict is not None:
            parts += [Text(), Text(printable(_place(row, rank, result)), style="bold" if colour else "")]
            parts.append(verdict_view(row.verdict, colour=colour))
    if result.written is not None:
        parts.append(
            Text(printable(f"Written: {result.job.out}, {counts.read} rows in, {result.written} rows out"))
        )
    return Group(*parts)


def _counts(result: ScoreResult) -> Table:
    counts = result.counts
    title = Text(printable(f"{_title(result)}, profile {result.job.options.profile}"), style="table.title")
    table = Table(title=title, title_justify="left")
    table.add_column("rows")
    table.add_column(f"{counts.read:,}", justify="right")
    decisions: tuple[Decision, ...] = (REVIEW_SOLICITING, NEEDS_REVIEW, COMPLIANT)
    for name, number in (
        *((decision, counts.decisions.get(decision, 0)) for decision in decisions),
        ("not scored", counts.not_scored),
        ("buyers' messages", counts.buyers),
        ("system notices", counts.system),
        ("unreadable rows", counts.unreadable),
    ):
        table.add_row(name, f"{number:,}")
    return table


def _title(result: ScoreResult) -> str:
    first, *others = result.files
    return f"{first.name} and {len(others)} more" if others else first.name


def _types(result: ScoreResult) -> Text:
    found = sorted(result.types.items(), key=lambda item: (-item[1], item[0]))
    return Text(f"types found: {', '.join(f'{n:,} {name}' for name, n in found) or 'none'}")


def _place(row: ScoredRecord, rank: int, result: ScoreResult) -> str:
    record = row.record
    place = f"{record.source}, {record.place}" if len(result.files) > 1 else record.place
    known = [f"order {record.order_id}"] if record.order_id else []
    if record.sent_at is not None:
        known.append(f"{record.sent_at:%Y-%m-%d %H:%M}")
    return ", ".join([f"{rank}. {place}", *known])
