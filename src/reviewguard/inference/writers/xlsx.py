"""Excel workbooks, row by row in constant memory, within Excel's limits."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from reviewguard.errors import InputError
from reviewguard.inference.doubts import EXCEL_CELL
from reviewguard.inference.workspace_db import unwritable
from reviewguard.inference.writers import Table
from reviewguard.inference.writers.columns import FLAT, first_units, flat, sheet_text
from reviewguard.schema import Cell

MAX_ROWS, MAX_COLUMNS, MAX_CHARACTERS = 1_048_576, 16_384, EXCEL_CELL
"""Limits of a sheet, the header included, and of a cell (Excel specifications and limits)."""

FIRST_YEAR = 1900
MAX_INTEGER = 10**15
"""Excel keeps 15 digits of a number; what is longer is an identifier, and written as text."""

_MODIFIED = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def check(table: Table) -> None:
    """Excel opens no larger sheet.

    Raises:
        InputError: too many rows or columns.
    """
    for found, most, what in (
        (table.count + 1, MAX_ROWS, "rows"),
        (len(table.columns) + len(FLAT), MAX_COLUMNS, "columns"),
    ):
        if found > most:
            raise InputError(
                f"{found:,} {what} for a sheet",
                expected=f"at most {most:,}, which is all that Excel opens",
                fix="write CSV or Parquet, or score the export in parts",
            )


def write(table: Table, file: IO[bytes], path: Path) -> None:
    """One sheet; longer cells are cut, and end in a note that says so.

    Raises:
        InputError: there is no room for a temporary file, in which the sheet lies until it is whole.
    """
    from lxml.etree import SerialisationError
    from openpyxl import Workbook
    from openpyxl.writer.excel import ExcelWriter

    book = Workbook(write_only=True)
    sheet = book.create_sheet("messages")
    sheet.freeze_panes = "A2"
    try:
        for cells in _rows(table):
            sheet.append([_cell(cell) for cell in cells])
        sheet.close()
    except (OSError, SerialisationError) as error:
        with suppress(
            AttributeError, SerialisationError
        ):  # left open, it would fail again once it is cleared away
            sheet._writer.close()
        raise unwritable(error) from error
    with _SteadyZip(file, "w", ZIP_DEFLATED) as archive:
        ExcelWriter(book, archive).save()


def _rows(table: Table) -> Iterator[list[Cell]]:
    yield [*table.columns, *FLAT]
    for row in table.rows:
        verdict = flat(row)
        yield [*map(row.record.values.get, table.columns), *(verdict[name] for name in FLAT)]


def _cell(value: Cell) -> Cell:
    if isinstance(value, datetime):
        # A sheet has no time zones, and no days before 1900.
        return value if value.tzinfo is None and value.year >= FIRST_YEAR else value.isoformat()
    if isinstance(value, float) and not isfinite(value):
        return None
    if isinstance(value, int) and abs(value) >= MAX_INTEGER:
        return str(value)
    if not isinstance(value, str):
        return value
    text = sheet_text(value)
    if first_units(text, MAX_CHARACTERS) == text:
        return text
    note = f" … [cut: {len(value):,} characters]"
    return first_units(text, MAX_CHARACTERS - len(note)) + note


class _SteadyZip(ZipFile):
    """An archive without times, so that the same rows give the same bytes."""

    def writestr(self, name: Any, data: Any, *args: Any, **more: Any) -> None:  # type: ignore[override]
        if name == "docProps/core.xml":
            data = _MODIFIED.sub(
                rb"\g<1>1980-01-01T00:00:00Z", data if isinstance(data, bytes) else data.encode()
            )
        super().writestr(_entry(name), data)

    def write(self, filename: Any, arcname: Any = None, *args: Any, **more: Any) -> None:
        with Path(filename).open("rb") as source, self.open(_entry(str(arcname)), "w") as target:
            shutil.copyfileobj(source, target, 1 << 20)


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, _EPOCH)
    entry.compress_type = ZIP_DEFLATED
    return entry
