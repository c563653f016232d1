"""What `score` prints: counts, and the worst messages with their words marked."""

from __future__ import annotations

from collections import Counter

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reviewguard.inference.render import verdict_view
from reviewguard.inference.scoring import ScoredExport, ScoredRow
from reviewguard.schema import COMPLIANT, NEEDS_REVIEW, REVIEW_SOLICITING, Verdict


def summary_view(scored: ScoredExport, *, worst: int, colour: bool) -> RenderableType:
    """The counts, then the worst messages in full."""
    parts: list[RenderableType] = [_counts(scored), _types(scored)]
    for rank, item in enumerate(worst_rows(scored, worst), 1):
        assert item.verdict is not None  # worst_rows keeps scored rows only
        parts += [Text(), Text(_place(scored, item, rank), style="bold" if colour else "")]
        parts.append(verdict_view(item.verdict, colour=colour))
    return Group(*parts)


def worst_rows(scored: ScoredExport, count: int) -> list[ScoredRow]:
    """The likeliest violations among the rows not found compliant."""
    flagged = [
        (r.verdict, r) for r in scored.rows if r.verdict and r.verdict.verdict not in (COMPLIANT, None)
    ]
    ranked = sorted(flagged, key=lambda pair: -_rank(pair[0]))
    return [row for _, row in ranked[:count]]


def _rank(verdict: Verdict) -> float:
    return (verdict.verdict == REVIEW_SOLICITING) + (verdict.probability or 0.0)


def _counts(scored: ScoredExport) -> Table:
    verdicts = Counter(r.verdict.verdict or "not scored" for r in scored.rows if r.verdict)
    unreadable = sum(r.row.error is not None for r in scored.rows)
    buyers = sum(r.verdict is None for r in scored.rows) - unreadable
    table = Table(title=f"{scored.export.source.name}, profile {scored.profile}", title_justify="left")
    table.add_column("rows")
    table.add_column(str(len(scored.rows)), justify="right")
    for name in (REVIEW_SOLICITING, NEEDS_REVIEW, COMPLIANT, "not scored"):
        table.add_row(name, str(verdicts[name]))
    table.add_row("buyers' messages", str(buyers))
    table.add_row("unreadable rows", str(unreadable))
    return table


def _types(scored: ScoredExport) -> Text:
    types = Counter(
        t.type
        for r in scored.rows
        if r.verdict and r.verdict.verdict == REVIEW_SOLICITING
        for t in r.verdict.types
    )
    return Text(f"types found: {', '.join(f'{n} {name}' for name, n in types.most_common()) or 'none'}")


def _place(scored: ScoredExport, item: ScoredRow, rank: int) -> str:
    fields = scored.export.fields
    known = [
        f"{f.replace('_', ' ')} {item.row.values[fields[f]]}" for f in ("order_id", "date") if f in fields
    ]
    return ", ".join([f"{rank}. line {item.row.number}", *known])
