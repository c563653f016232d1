"""The buyer's words before each message, where a file of labels is an export of whole conversations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reviewguard.inference.workspace import Workspace
from reviewguard.readers.columns import Columns, recognise
from reviewguard.schema import Record


def with_previous(records: Sequence[Record], given: Columns) -> list[Record]:
    """The records with the buyer's words that `score` takes into account; a column for them is left as it is.

    Args:
        given: field → column, where the names do not tell.
    """
    if all(record.role == "seller" for record in records) or _tells(records, given):
        return list(records)
    with Workspace.temporary() as workspace:
        workspace.add(records)
        previous = [row.previous for row in workspace.scored()]
    return [replace(record, previous=words) for record, words in zip(records, previous, strict=True)]


def _tells(records: Sequence[Record], given: Columns) -> bool:
    header = list(dict.fromkeys(name for record in records for name in record.values))
    return "rg_previous" in header or "previous" in recognise(header, given)
