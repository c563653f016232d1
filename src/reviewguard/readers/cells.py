"""Values of nested or typed formats as the cells of a table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from reviewguard.schema import Cell

_DEPTH = 4


def to_cells(values: Mapping[str, Any]) -> dict[str, Cell]:
    """One cell for each value: objects inside give `outer.inner` columns, lists their JSON."""
    return dict(_flat(values, "", _DEPTH))


def _flat(values: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Cell]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value and depth:
            yield from _flat(value, f"{prefix}{name}.", depth - 1)
        else:
            yield f"{prefix}{name}", _cell(value)


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, (bool, int, float, datetime)):
        return value
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return encodable(json.dumps(value, ensure_ascii=False, default=str))


def encodable(text: str) -> str:
    """The text with surrogate pairs joined and lone ones replaced, which no file could hold."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
