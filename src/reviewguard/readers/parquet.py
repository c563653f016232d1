"""Parquet files, a few hundred rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reviewguard.errors import InputError
from reviewguard.readers.base import ReadOptions
from reviewguard.readers.cells import to_cells
from reviewguard.readers.columns import unique_names
from reviewguard.readers.table import Row, to_records
from reviewguard.schema import Record

_BATCH = 512


class ParquetReader:
    """One message a row."""

    name = "parquet"
    suffixes = (".parquet", ".pq")
    mappable = None

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether it begins as Parquet files do."""
        return head.startswith(b"PAR1")

    def read(self, path: Path, options: ReadOptions) -> Iterator[Record]:
        """One record for each row."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(path) as file:
                columns = unique_names(file.schema_arrow.names)
                yield from to_records(_rows(file, columns), path, options, columns)
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{path} is not a readable Parquet file: {error}") from error


def _rows(file: Any, columns: list[str]) -> Iterator[Row]:
    number = 0
    for batch in file.iter_batches(batch_size=_BATCH):
        for cells in zip(*(_plain(column).to_pylist() for column in batch.columns), strict=True):
            number += 1
            yield Row(f"row {number}", to_cells(dict(zip(columns, cells, strict=True))))


def _plain(column: Any) -> Any:
    """The column with times in microseconds, the finest that Python's own have."""
    import pyarrow as pa

    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return column
