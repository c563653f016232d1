"""What the tests of the readers share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reviewguard.readers.registry import ReadOptions, read_records
from reviewguard.schema import Record

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"


def read(*inputs: Path | str, **options: Any) -> list[Record]:
    return list(read_records(inputs, ReadOptions(**options)))


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def texts(records: list[Record]) -> list[str]:
    return [record.text for record in records]


def errors(records: list[Record]) -> list[str | None]:
    return [record.error for record in records]
