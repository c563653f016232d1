"""Scores the rows of an export and writes them back with their verdicts."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reviewguard.files import atomic_write
from reviewguard.inference.classifier import Classifier
from reviewguard.inference.render import bracketed
from reviewguard.readers.export import Export, ExportRow
from reviewguard.schema import Verdict

VERDICT_COLUMNS = (
    "rg_verdict",
    "rg_probability",
    "rg_types",
    "rg_marked",
    "rg_reasons",
    "rg_model",
    "rg_error",
)


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """A row and its verdict; None for a buyer's message or a row that could not be read."""

    row: ExportRow
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class ScoredExport:
    """An export with verdicts, in file order."""

    export: Export
    profile: str
    rows: tuple[ScoredRow, ...]


def score_export(classifier: Classifier, export: Export, *, profile: str = "amazon") -> ScoredExport:
    """Score every seller message; identical ones once."""
    sellers = [row for row in export.rows if row.message is not None]
    verdicts = classifier.predict([r.message for r in sellers if r.message], profile=profile)
    by_line = {row.number: verdict for row, verdict in zip(sellers, verdicts, strict=True)}
    return ScoredExport(
        export, profile, tuple(ScoredRow(row, by_line.get(row.number)) for row in export.rows)
    )


def write_scored(scored: ScoredExport, path: Path) -> None:
    """Write CSV: every row and column of the export, in order, and the verdict columns. Atomic."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*scored.export.columns, *VERDICT_COLUMNS])
    for item in scored.rows:
        cells = [item.row.values.get(column, "") for column in scored.export.columns]
        verdict = verdict_cells(item)
        writer.writerow([*map(harmless, cells), *(harmless(verdict[name]) for name in VERDICT_COLUMNS)])
    with atomic_write(path) as file:
        file.write(buffer.getvalue().encode("utf-8", "backslashreplace"))


def verdict_cells(item: ScoredRow) -> Mapping[str, str]:
    """The verdict columns of one row."""
    verdict = item.verdict
    if verdict is None:
        return dict.fromkeys(VERDICT_COLUMNS, "") | {"rg_error": item.row.error or ""}
    return {
        "rg_verdict": verdict.verdict or "",
        "rg_probability": "" if verdict.probability is None else f"{verdict.probability:.4f}",
        "rg_types": " ".join(t.type for t in verdict.types),
        "rg_marked": bracketed(verdict.text, verdict.evidence) if verdict.evidence else "",
        "rg_reasons": "; ".join(verdict.reasons),
        "rg_model": verdict.model,
        "rg_error": verdict.error or "",
    }


def harmless(cell: str) -> str:
    """The cell, with a quote in front where a spreadsheet would run it as a formula (OWASP, "CSV injection")."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
