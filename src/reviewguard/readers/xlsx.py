"""Excel workbooks, checked for what they unpack to before anything is parsed."""

from __future__ import annotations

import struct
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from reviewguard.errors import InputError, NoMessagesError
from reviewguard.readers.base import ReadOptions
from reviewguard.readers.cells import to_cells
from reviewguard.readers.columns import (
    HEADER_ROWS,
    Columns,
    find_fields,
    find_header,
    is_header,
    may_name,
    unique_names,
)
from reviewguard.readers.identifiers import find_order_id
from reviewguard.readers.merged import NumberedRows, filled, merged_down
from reviewguard.readers.table import Row, to_records
from reviewguard.readers.vocabulary import fold
from reviewguard.schema import Record

UNPACKED_LIMIT = 2 * 2**30
_HELD_IN_MEMORY = {"sharedstrings.xml": 512 * 2**20, "styles.xml": 16 * 2**20}
"""Bytes of a whole workbook, unpacked, and of its cells' strings and styles."""

MAX_RATIO, FREE_SIZE = 200, 64 * 2**20
"""A part larger than `FREE_SIZE` may not be more than `MAX_RATIO` times its packed size."""

_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, RuntimeError, ValueError, EOFError, OSError)
"""What reading a damaged archive raises."""

_MERGED = ("order_id", "thread", "asin", "subject", "sender", "date")
"""What people merge over several messages; a merged text is one message, and so is an id."""

_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_OTHER_NAMES = (
    "rename the column as in the sheets that were read, or name it, too: "
    "--map text='One column' --map text='Another'"
)
_WORDY = 5
"""Words of a cell that may be a message."""
_MOST_ROWS = 2**20
_KEPT = 15
"""Digits of a number that Excel keeps."""


class XlsxReader:
    """One message a row, in every sheet with a column for the message."""

    name = "xlsx"
    suffixes = (".xlsx", ".xlsm")
    mappable = None

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether it is an archive with a workbook in it, or an Excel file of the old kind."""
        return (head.startswith(b"PK") and b"xl/" in head) or head.startswith(_OLD_EXCEL)

    def read(self, path: Path, options: ReadOptions) -> Iterator[Record]:
        """One record for each row of each sheet that holds messages."""
        check_archive(path)
        with path.open("rb") as file:
            book = _open(file, path)
            read: set[str] = set()
            left: dict[str, _LeftOut] = {}
            for sheet, columns, rows in _message_sheets(book, path, options, left):
                read.update(map(fold, columns))
                yield from to_records(_rows(sheet, columns, rows), path, options, columns)
            book.close()
        for sheet, (columns, top, error) in left.items():
            alike = 2 * len(read.intersection(map(fold, columns))) >= len(columns)
            of_order = any(_is_of_order(cells) for _, cells in top)  # messages, or what was ordered
            named = not isinstance(error, NoMessagesError)
            if alike or of_order or named or _may_hold_messages(top[1:]):  # a legend may be wordy, too
                yield Record(str(path), f"sheet {sheet}", {}, error=_not_read(error, path), rest=alike)


def check_archive(path: Path) -> None:
    """Look at the archive without parsing it; its parsers themselves refuse XML that expands beyond reason.

    Raises:
        InputError: it is no workbook, is damaged, or unpacks to more than a workbook of messages would.
    """
    with path.open("rb") as file:
        if file.read(4) == _OLD_EXCEL:
            raise InputError(
                f"{path} is an old or encrypted Excel file, or a mail of Outlook's",
                fix="save it as .xlsx without a password, or the mail as .eml",
            )
    try:
        with zipfile.ZipFile(path) as archive:
            _check_sizes(path, archive.infolist())
            damaged = archive.testzip()
    except _DAMAGED as error:
        raise InputError(f"{path} is damaged, or no Excel workbook: {error}") from error
    if damaged:
        raise InputError(f"{path} is damaged: {damaged} is not what was packed")


def _check_sizes(path: Path, parts: Sequence[zipfile.ZipInfo]) -> None:
    """What the archive declares; `zipfile` reads no more than that of a part."""
    for part in parts:
        too_dense = part.file_size > FREE_SIZE and part.file_size > MAX_RATIO * part.compress_size
        name = part.filename.lower().rpartition("/")[2]
        if too_dense or part.file_size > _HELD_IN_MEMORY.get(name, UNPACKED_LIMIT):
            raise _bomb(path, f"{part.filename} of it", part.file_size)
    if (total := sum(part.file_size for part in parts)) > UNPACKED_LIMIT:
        raise _bomb(path, "it", total)


def _bomb(path: Path, what: str, size: int) -> InputError:
    return InputError(
        f"{path}: {what} unpacks to {size / 2**20:,.0f} MB",
        expected="a workbook of messages",
        fix="copy the sheet with the messages into a new workbook, values only, or save it as CSV",
    )


def _open(file: BinaryIO, path: Path) -> Any:
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # styles and extensions that openpyxl leaves out
        try:
            return openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except Exception as error:  # a damaged part raises whatever its parser meets
            raise InputError(f"{path} is damaged, or no Excel workbook: {error}") from error


_LeftOut = tuple[list[str], list[tuple[int, Sequence[object]]], InputError]
"""Columns and first rows of a sheet, and why it is not read."""
_Sheet = tuple[str, list[str], NumberedRows]


def _message_sheets(
    book: Any, path: Path, options: ReadOptions, left: dict[str, _LeftOut]
) -> Iterator[_Sheet]:
    """Name, columns and further rows of each sheet with a column for the message.

    Args:
        left: takes in each sheet with rows that is left out.

    Raises:
        InputError: there is none; says why the sheet with the most names in a row is not one.
    """
    found, widest, reason = False, -1, InputError(f"{path} has no sheet")
    for sheet in book.worksheets:
        rows = _cells(sheet, path)
        top = list(islice(rows, HEADER_ROWS))
        place, columns = find_header((cells for _, cells in top), options.columns)
        rows = chain(top[place + 1 :], rows)
        try:
            fields = find_fields(columns, options.columns, path)
        except InputError as error:
            names = max((_names(cells) for _, cells in top), key=len, default=[])
            if len(names) > widest:
                widest, reason = len(names), _of_sheet(error, names, options.columns, path, sheet.title)
            if next(rows, None):
                left[sheet.title] = columns, top, error
            continue
        found = True
        shared = {columns.index(fields[field]) for field in _MERGED if field in fields}
        with sheet._get_source() as source:  # read-only sheets do not tell what is merged
            spans = merged_down(source, shared)
        yield sheet.title, columns, filled(rows, spans, shared) if spans else rows
    if not found:
        raise reason


def _names(cells: Sequence[object]) -> list[str]:
    """The words of a row that may name its columns; none where one of them may not."""
    words = [str(cell).strip() for cell in cells if cell is not None]
    return unique_names(words) if all(map(may_name, words)) else []


def _of_sheet(error: InputError, names: list[str], given: Columns, path: Path, title: str) -> InputError:
    """The error for a sheet with these names, as a title may stand above them."""
    try:
        find_fields(names, given, Path(f"{path}, sheet {title!r}"))
    except InputError as told:
        return told
    return error


def _may_hold_messages(rows: Iterable[tuple[int, Sequence[object]]]) -> bool:
    """Whether a column has more than one cell of several words."""
    cells = (column for _, row in rows for column, cell in enumerate(row) if _is_wordy(cell))
    return max(Counter(cells).values(), default=0) > 1


def _is_of_order(cells: Sequence[object]) -> bool:
    """Whether a row has words that may be a message, and an order number."""
    said = list(filter(_is_wordy, cells))
    return bool(said) and find_order_id(*(cell for cell in cells if isinstance(cell, str))) is not None


def _not_read(error: InputError, path: Path) -> str:
    """Why, without the columns: the names of a sheet without a header would be a message's or a buyer's words."""
    found = error.found.removeprefix(f"{path}: ").partition(" among ")[0]
    return f"not read: {found}; {_OTHER_NAMES}"


def _is_wordy(cell: object) -> bool:
    return isinstance(cell, str) and len(cell.split()) >= _WORDY


def _cells(sheet: Any, path: Path) -> NumberedRows:
    """Number and cells of each row that is not empty, without the empty cells at its end.

    Excel writes a carriage return as `_x000D_`.
    """
    from openpyxl.utils.escape import unescape

    sheet.reset_dimensions()  # what a file says of its size may be wrong
    number = 0
    try:
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            if number > _MOST_ROWS:
                raise ValueError("no sheet has more rows")
            width = next((place for place in range(len(row), 0, -1) if row[place - 1] is not None), 0)
            if width:
                yield (
                    number,
                    [unescape(cell) if isinstance(cell, str) else _exact(cell) for cell in row[:width]],
                )
    except Exception as error:  # a damaged part raises whatever its parser meets
        raise InputError(
            f"{path}: sheet {sheet.title!r} cannot be read beyond row {number}: {error}"
        ) from error


def _exact(cell: Any) -> Any:
    """A number that Excel has rounded as Excel shows it: with zeros at its end it might be another order's."""
    if not isinstance(cell, (int, float)) or abs(cell) < 10**_KEPT or cell % 1:
        return cell
    rounded = set(str(abs(int(cell)))[_KEPT:]) == {"0"}
    return f"{cell:.{_KEPT - 1}E}" if rounded else cell


def _rows(sheet: str, columns: list[str], rows: NumberedRows) -> Iterator[Row]:
    for number, cells in rows:
        if is_header(cells, columns):
            continue
        values = dict(zip(columns, [*cells, *[None] * (len(columns) - len(cells))], strict=False))
        beyond = enumerate(cells[len(columns) :], len(columns) + 1)
        values |= {f"column {place}": cell for place, cell in beyond if cell is not None}
        error = f"{len(cells)} cells under {len(columns)} columns" if len(cells) > len(columns) else None
        yield Row(f"sheet {sheet}, row {number}", to_cells(values), error)
