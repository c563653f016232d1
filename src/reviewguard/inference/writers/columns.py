"""The verdict's columns: flat for tables that people open, structured for programs."""

from __future__ import annotations

import re
from dataclasses import asdict
from functools import lru_cache
from math import isnan
from typing import Any

from reviewguard.inference.render import bracketed
from reviewguard.readers.columns import recognise
from reviewguard.schema import Cell, Record, ScoredRecord, Verdict

FLAT = (
    "rg_verdict",
    "rg_probability",
    "rg_types",
    "rg_marked",
    "rg_text",
    "rg_previous",
    "rg_reasons",
    "rg_model",
    "rg_error",
)
STRUCTURED = (
    "rg_verdict",
    "rg_probability",
    "rg_types",
    "rg_evidence",
    "rg_text",
    "rg_previous",
    "rg_language",
    "rg_reasons",
    "rg_profile",
    "rg_model",
    "rg_error",
)
OWN_COLUMNS = frozenset(FLAT) | frozenset(STRUCTURED)
"""Columns of an earlier run are replaced, not kept beside the new ones."""

_FORMULA = re.compile(r"[\t\r]|\s*[=+@\uff1d\uff0b\uff0d\uff20-]")
"""How a cell begins that may be a formula: programs pass over blanks before it, and read wide signs as narrow ones."""
_PLAIN = re.compile(
    r"[+-][\d\s().,/%$€£¥-]*(?:(?<=\d)E[+-]?\d+)?|- [\w\s.,:;?'\N{RIGHT SINGLE QUOTATION MARK}-]*"
)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def is_missing(cell: Cell) -> bool:
    """Whether there is nothing in it; data frames have NaN for that."""
    return cell is None or (isinstance(cell, float) and isnan(cell))


def flat(row: ScoredRecord) -> dict[str, str | float | None]:
    """The verdict as cells; None where there is nothing to say."""
    verdict = row.verdict
    if verdict is None:
        return dict.fromkeys(FLAT) | {"rg_error": error_of(row)}
    return {
        "rg_verdict": verdict.verdict,
        "rg_probability": None if verdict.probability is None else round(verdict.probability, 4),
        "rg_types": " ".join(t.type for t in verdict.types) or None,
        "rg_marked": bracketed(verdict.text, verdict.evidence) if verdict.evidence else None,
        "rg_text": _unheld(row.record),
        "rg_previous": row.previous,
        "rg_reasons": "; ".join(verdict.reasons) or None,
        "rg_model": verdict.model,
        "rg_error": verdict.error,
    }


def structured(row: ScoredRecord) -> dict[str, Any]:
    """The verdict with its lists; offsets count in the message, see `_unheld`."""
    verdict = row.verdict or Verdict(None, None, None, language="", profile="", model="", error=error_of(row))
    return {
        "rg_verdict": verdict.verdict,
        "rg_probability": verdict.probability,
        "rg_types": [asdict(t) for t in verdict.types],
        "rg_evidence": [asdict(e) for e in verdict.evidence],
        "rg_text": None if row.verdict is None else _unheld(row.record),
        "rg_previous": row.previous if row.verdict else None,
        "rg_language": verdict.language or None,
        "rg_reasons": list(verdict.reasons),
        "rg_profile": verdict.profile or None,
        "rg_model": verdict.model or None,
        "rg_error": verdict.error,
    }


def _unheld(record: Record) -> str | None:
    """The message as it was judged; None where the column that has it by its name holds just that."""
    cell = record.values.get(_text_column(tuple(record.values)))
    return None if cell == record.text else record.text


@lru_cache(maxsize=512)
def _text_column(header: tuple[str, ...]) -> str:
    return recognise(header, {}).get("text", "")


def error_of(row: ScoredRecord) -> str | None:
    """Why a row could not be read or scored, with its place: such a row may have no columns of its own."""
    record, verdict = row.record, row.verdict
    error = record.error or (verdict.error if verdict else None)
    return error and f"{record.source}, {record.place}: {error}"


def harmless(cell: str) -> str:
    """The cell, with a quote in front where a spreadsheet may run it as a formula (OWASP, "CSV injection").

    Numbers, phone numbers and a dash with plain words after it are left alone: no function, other file or program
    can be called without brackets, "!" or "|".
    """
    return f"'{cell}" if _FORMULA.match(cell) and not _PLAIN.fullmatch(cell.lstrip()) else cell


def unguarded(cell: str) -> str:
    """The cell that `harmless` made this of; any other cell as it is."""
    return cell[1:] if harmless(cell[1:]) == cell else cell


def sheet_text(text: str) -> str:
    """The text as a cell of an Excel file: harmless, and without the characters that the format cannot hold."""
    return harmless(_UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text))


def first_units(text: str, most: int) -> str:
    """The beginning of a text of `most` UTF-16 units, which Excel counts and of which an emoji has two."""
    units = text.encode("utf-16-le", "surrogatepass")
    return text if len(units) <= 2 * most else units[: 2 * most].decode("utf-16-le", "ignore")
