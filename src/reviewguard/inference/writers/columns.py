"""The verdict's columns: flat for tables that people open, structured for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from reviewguard.inference.render import bracketed
from reviewguard.schema import ScoredRecord, Verdict

FLAT = (
    "rg_verdict",
    "rg_probability",
    "rg_types",
    "rg_marked",
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
        "rg_previous": row.previous,
        "rg_reasons": "; ".join(verdict.reasons) or None,
        "rg_model": verdict.model,
        "rg_error": verdict.error,
    }


def structured(row: ScoredRecord) -> dict[str, Any]:
    """The verdict with its lists; `rg_text` holds what offsets count in, where no column does."""
    verdict = row.verdict or Verdict(None, None, None, language="", profile="", model="", error=error_of(row))
    text = row.record.text
    return {
        "rg_verdict": verdict.verdict,
        "rg_probability": verdict.probability,
        "rg_types": [asdict(t) for t in verdict.types],
        "rg_evidence": [asdict(e) for e in verdict.evidence],
        "rg_text": None if text in row.record.values.values() or row.verdict is None else text,
        "rg_previous": row.previous if row.verdict else None,
        "rg_language": verdict.language or None,
        "rg_reasons": list(verdict.reasons),
        "rg_profile": verdict.profile or None,
        "rg_model": verdict.model or None,
        "rg_error": verdict.error,
    }


def error_of(row: ScoredRecord) -> str | None:
    """Why a row could not be read, with its place: such a row may have no columns of its own."""
    record = row.record
    return record.error and f"{record.source}, {record.place}: {record.error}"


def harmless(cell: str) -> str:
    """The cell, with a quote in front where a spreadsheet would run it as a formula (OWASP, "CSV injection")."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
