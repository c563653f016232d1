"""Parquet: columns keep their types where all their cells agree; types and evidence are lists of records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from reviewguard.inference.workspace_rows import BOOLEAN, DATE, FLOAT, INTEGER, LONG_INTEGER, NAIVE_DATE
from reviewguard.inference.writers import Table
from reviewguard.inference.writers.columns import STRUCTURED, is_missing, structured
from reviewguard.schema import Cell

if TYPE_CHECKING:
    import pyarrow as pa

GROUP_ROWS, GROUP_CHARACTERS = 10_000, 16_000_000
"""The most that is held in memory and written together."""

_TYPE_NAMES = {
    INTEGER: "int64",
    LONG_INTEGER: "int64",
    INTEGER | LONG_INTEGER: "int64",
    FLOAT: "float64",
    INTEGER | FLOAT: "float64",
    BOOLEAN: "bool",
    DATE: "date",
    NAIVE_DATE: "naive",
}


def write(table: Table, file: IO[bytes], path: Path) -> None:
    """Zstandard-compressed; the bytes depend on the rows alone."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [*((_clean(name), _type(kinds)) for name, kinds in table.columns.items()), *_verdict_fields()]
    )
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for group in _groups(table):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))


def _groups(table: Table) -> Iterator[list[dict[str, Any]]]:
    casts = {name: _CASTS[_type_name(kinds)] for name, kinds in table.columns.items()}
    group, size = [], 0
    for row in table.rows:
        own = {_clean(n): casts[n](cell) for n, cell in row.record.values.items() if n in casts}
        group.append(own | {name: _clean(value) for name, value in structured(row).items()})
        size += row.record.size
        if len(group) == GROUP_ROWS or size > GROUP_CHARACTERS:
            yield group
            group, size = [], 0
    if group:
        yield group


def _type_name(kinds: int) -> str:
    return _TYPE_NAMES.get(kinds, "string")


def _type(kinds: int) -> pa.DataType:
    import pyarrow as pa

    dates = {"date": pa.timestamp("us", "UTC"), "naive": pa.timestamp("us")}
    return dates.get(_type_name(kinds)) or pa.type_for_alias(_type_name(kinds))


def _verdict_fields() -> list[tuple[str, pa.DataType]]:
    import pyarrow as pa

    kind = [("type", pa.string()), ("probability", pa.float64())]
    place = [("start", pa.int64()), ("end", pa.int64()), ("text", pa.string())]
    special = {
        "rg_probability": pa.float64(),
        "rg_types": pa.list_(pa.struct(kind)),
        "rg_evidence": pa.list_(pa.struct([*place, ("type", pa.string()), ("weight", pa.float64())])),
        "rg_reasons": pa.list_(pa.string()),
    }
    return [(name, special.get(name, pa.string())) for name in STRUCTURED]


def _text(cell: Cell) -> str | None:
    if is_missing(cell):
        return None
    return cell.isoformat() if isinstance(cell, datetime) else _clean(str(cell))


def _float(cell: Any) -> float | None:
    return None if cell is None else float(cell)


def _same(cell: Any) -> Any:
    return cell


def _clean(value: Any) -> Any:
    """Parquet holds no lone surrogates."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return {name: _clean(item) for name, item in value.items()} if isinstance(value, dict) else value


_CASTS = dict.fromkeys(_TYPE_NAMES.values(), _same) | {"string": _text, "float64": _float}
