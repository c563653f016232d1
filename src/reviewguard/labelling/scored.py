"""The words of a row as `score` judged them, whatever its file did to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reviewguard.inference.writers.columns import OWN_COLUMNS, unguarded
from reviewguard.schema import Cell, Record


def judged_words(record: Record) -> tuple[str, str | None]:
    """The message and the buyer's, from the columns of `score` where they are filled."""
    cells, plain = record.values, plain_cell(record.values)
    text = plain(str(cells.get("rg_text") or record.text))
    return text, plain(str(cells.get("rg_previous") or record.previous or "")) or None


def plain_cell(cells: Mapping[str, Cell]) -> Callable[[str], str]:
    """Takes the guard from a cell of a table that `score` wrote; its other formats, and other files, have none."""
    table = not OWN_COLUMNS.isdisjoint(cells) and "rg_evidence" not in cells
    return unguarded if table else str
