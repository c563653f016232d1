"""Parquet files, a few hundred rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

from reviewguard.errors import InputError
from reviewguard.readers.base import ReadOptions
from reviewguard.readers.columns import unique_names
from reviewguard.readers.conversations import message_rows
from reviewguard.readers.table import Row, to_records
from reviewguard.schema import Record

_BATCH = 512
_Placed = tuple[str, dict[str, Any]]


class ParquetReader:
    """One message a row, or one conversation with its messages in a list."""

    name = "parquet"
    suffixes = (".parquet", ".pq")
    mappable = None

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether it begins as Parquet files do."""
        return head.startswith(b"PAR1")

    def read(self, path: Path, options: ReadOptions) -> Iterator[Record]:
        """One record for each message."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(path) as file:
                columns = unique_names(file.schema_arrow.names)
                rows = _rows(file, columns)
                nested = any(map(pa.types.is_nested, file.schema_arrow.types))  # in cells of their own
                yield from to_records(_unfolded(rows, options), path, options, None if nested else columns)
        except (
            pa.ArrowException,
            OSError,
            UnicodeDecodeError,
            OverflowError,
            ZoneInfoNotFoundError,
        ) as error:
            raise InputError(f"{path} is not a readable Parquet file: {error}") from error


def _unfolded(rows: Iterator[_Placed], options: ReadOptions) -> Iterator[Row]:
    for place, cells in rows:
        yield from message_rows(cells, place, options.columns)


def _rows(file: Any, columns: list[str]) -> Iterator[_Placed]:
    number = 0
    for batch in file.iter_batches(batch_size=_BATCH):
        for cells in zip(*(_plain(column).to_pylist() for column in batch.columns), strict=True):
            number += 1
            yield f"row {number}", dict(zip(columns, cells, strict=True))


def _plain(column: Any) -> Any:
    """The column with times in microseconds, the finest that Python's own have."""
    import pyarrow as pa

    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return column
