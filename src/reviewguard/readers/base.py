"""What a reader is: the interface between the registry and each format."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from reviewguard.readers.columns import Columns
from reviewguard.readers.mailboxes import Mailboxes
from reviewguard.schema import Record

WHOLE_FILE = "whole file"
"""The place of what stands for a file of which nothing could be read."""
FOLDER = "folder"
"""The place of a note on files of a folder that are left out."""
_ROW_OF_SHEET = re.compile(r", row \d+\Z")


def _unheard(columns: Sequence[str]) -> None:
    """Nobody asks for a table's columns, or for notes."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How inputs are read.

    Attributes:
        format: name of the reader to use; None picks one by suffix and content.
        columns: field → column of a table, where its header does not tell (`--map text=Body`); or several, of which the
            first that a table has is taken. Where it has none of them the usual names tell, as for other fields.
        strict: raise at the first row that cannot be read, instead of giving it an `error`.
        heading: called with the columns of each table, which may have no rows.
        mailboxes: what the mails of all inputs tell together.
        note: called with what is worth knowing of how an input was read, and is no error.
    """

    format: str | None = None
    columns: Columns = field(default_factory=dict)
    strict: bool = False
    heading: Callable[[Sequence[str]], object] = field(default=_unheard, repr=False, compare=False)
    mailboxes: Mailboxes = field(default_factory=Mailboxes, repr=False, compare=False)
    note: Callable[[str], object] = field(default=_unheard, repr=False, compare=False)


class Reader(Protocol):
    """One input format.

    Attributes:
        name: what `--format` calls it.
        suffixes: file names it is made for, in lower case and without `.gz` or `.zst`.
        mappable: fields that `options.columns` may name; None for all, as in tables.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def suffixes(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def mappable(self) -> frozenset[str] | None: ...  # noqa: D102

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether the content is of this format; `head` is its beginning, decompressed."""

    def read(self, path: Path, options: ReadOptions) -> Iterator[Record]:
        """One record for each row, in file order.

        A row that cannot be read is a record with `error`; readers need not look at `options.strict`.

        Raises:
            InputError: the file cannot be read, or not any further.
        """


def part_of(record: Record) -> str:
    """What a record that could not be read stands for, if for more than a row: a sheet, or a file or its rest."""
    if record.place.startswith("sheet ") and not _ROW_OF_SHEET.search(record.place):
        return "sheet"
    return "file" if record.rest or record.place in (WHOLE_FILE, FOLDER) else ""
