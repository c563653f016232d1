"""Findings as a spreadsheet; no cell of it is run as a formula."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from datetime import date, datetime
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING

from reviewguard.files import atomic_write
from reviewguard.inference.audit.facts import facts
from reviewguard.inference.audit.results import Audit, Finding, Overview, Sending, ShownMessage
from reviewguard.inference.render import bracketed, printable
from reviewguard.inference.writers.columns import first_units, sheet_text
from reviewguard.policy import load_policy

if TYPE_CHECKING:
    from openpyxl import Workbook

_Value = str | int | float | date | None
_LONGEST_CELL = 32_000
"""UTF-16 units, of which an emoji has two; Excel takes 32,767."""
_MOST_ROWS = 1_000_000

_FINDINGS = """
    rank id verdict probability rule_or_types title sent first last orders order_ids asins agents marked_words
    message buyers_message clause source advice reasons
"""
_MESSAGES = (
    "finding rank verdict probability order_id asin sent_at agent record id file place breaks_rule basis"
)
_ORDER_RULES = "finding rank rule verdict basis orders order_id ask sent_at agent message"
_PROSE = frozenset(
    "title marked_words message buyers_message clause source advice reasons basis fact why".split()  # noqa: SIM905
)
"""Columns that are wide, with their words wrapped."""


def write_sheets(audit: Audit, path: Path) -> None:
    """Write the sheets findings, messages, order rules, facts and unreadable.

    Raises:
        InputError: the file cannot be written.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    _sheet(book, "findings", _FINDINGS, starmap(_finding_row, enumerate(audit.findings, 1)))
    _sheet(book, "messages", _MESSAGES, _message_rows(audit))
    _sheet(book, "order rules", _ORDER_RULES, _order_rule_rows(audit))
    _sheet(book, "facts", "heading fact", ((s.title, line) for s in facts(audit) for line in s.lines))
    _sheet(book, "unreadable", "file place why", _unreadable_rows(audit.overview))
    with atomic_write(path) as file:
        book.save(file)


def _sheet(book: Workbook, title: str, header: str, rows: Iterable[Sequence[_Value]]) -> None:
    """A sheet of readable rows: wide columns wrap, the header stays in sight and filters."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment
    from openpyxl.utils import get_column_letter

    names, number = header.split(), 0
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for place, name in enumerate(names, 1):
        sheet.column_dimensions[get_column_letter(place)].width = 60 if name in _PROSE else 20
    sheet.append(names)
    samples = [WriteOnlyCell(sheet) for _ in names]
    for name, sample in zip(names, samples, strict=True):
        sample.alignment = Alignment(vertical="top", wrap_text=name in _PROSE)
    for number, row in enumerate(rows, 1):
        if number > _MOST_ROWS:
            sheet.append(["more rows than a sheet takes; findings.jsonl holds all"])
            break
        cells = []
        for sample, value in zip(samples, row, strict=False):
            cells.append(cell := WriteOnlyCell(sheet))
            # Five times as fast as an alignment of its own.
            cell._style = copy(sample._style)  # type: ignore[attr-defined]
            cell.value = _cell(value)
        sheet.append(cells)
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(names))}{number + 1}"


def _cell(value: _Value) -> _Value:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if not isinstance(value, str):
        return value
    text = sheet_text(value)
    kept = first_units(text, _LONGEST_CELL)
    return text if kept == text else f"{kept} […]"


def _finding_row(rank: int, finding: Finding) -> Sequence[_Value]:
    entries = [load_policy().entry(name) for name in finding.names]
    first, last = finding.days or (None, None)
    return (
        *(rank, finding.id, finding.verdict, finding.probability, " ".join(finding.names)),
        "; ".join(entry.title for entry in entries),
        *(len(finding.sendings), first, last, len(finding.orders)),
        *(" ".join(finding.orders), " ".join(finding.asins), ", ".join(finding.agents)),
        "; ".join(printable(e.text) for m in finding.shown for e in m.verdict.evidence),
        "\n\n".join(bracketed(m.text, m.verdict.evidence) for m in finding.shown),
        finding.previous and printable(finding.previous),
        "\n".join(entry.clause for entry in entries),
        "\n".join(entry.source for entry in entries),
        "\n".join(entry.advice for entry in entries),
        "; ".join(finding.reasons),
    )


def _message_rows(audit: Audit) -> Iterator[Sequence[_Value]]:
    for rank, finding in enumerate(audit.findings, 1):
        for s in finding.sendings:
            told = (s.verdict, s.probability, s.order_id, s.asin, _sent(s, audit), s.agent)
            place = (s.number, s.id, s.source, s.place, "yes" if s.breaking else "no", s.basis)
            yield (finding.id, rank, *told, *place)


def _sent(message: Sending | ShownMessage, audit: Audit) -> date | None:
    """The moment, or only the day where that is all its file tells."""
    at = message.sent_at
    return at.date() if at and message.source in audit.overview.day_only else at


def _unreadable_rows(seen: Overview) -> Iterator[Sequence[_Value]]:
    yield from ((u.source, u.place, u.error) for u in seen.unreadable)
    if more := seen.unusable - len(seen.unreadable):
        yield (f"and {more:,} more",)


def _order_rule_rows(audit: Audit) -> Iterator[Sequence[_Value]]:
    for rank, finding in enumerate(audit.findings, 1):
        if finding.rule is None:
            continue
        case = (finding.id, rank, finding.rule, finding.verdict, finding.reasons[0], len(finding.orders))
        order_of = {sending.number: sending.order_id for sending in finding.sendings}
        for ask, message in enumerate(finding.shown, 1):
            words = bracketed(message.text, message.verdict.evidence)
            yield (*case, order_of.get(message.number), ask, _sent(message, audit), message.agent, words)
