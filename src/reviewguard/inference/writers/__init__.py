"""Scored records to a file: every original column, then the verdict's, in the order read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Protocol

from reviewguard.errors import InputError
from reviewguard.files import disk_errors
from reviewguard.inference.work_folder import WorkFolder
from reviewguard.inference.workspace import Workspace
from reviewguard.inference.writers.columns import OWN_COLUMNS
from reviewguard.schema import ScoredRecord

_MODULES = {
    ".csv": "delimited",
    ".tsv": "delimited",
    ".jsonl": "jsonl",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}
_SUFFIXES = (*_MODULES, ".csv.gz", ".tsv.gz", ".jsonl.gz")


@dataclass(frozen=True, slots=True)
class Table:
    """What a writer writes.

    Attributes:
        columns: name → kinds of cells, without columns that the verdict brings.
        rows: the scored records, in order.
        count: how many there are.
    """

    columns: dict[str, int]
    rows: Iterable[ScoredRecord]
    count: int


class Writer(Protocol):
    """A module that writes one format."""

    def write(self, table: Table, file: IO[bytes], path: Path) -> None:
        """Write the table; `path` is the output's final name."""


def suffix_of(out: Path) -> str:
    """The suffix that decides the format.

    Raises:
        InputError: there is no writer for it.
    """
    name = out.name.lower()
    for suffix in _SUFFIXES:
        if name.endswith(suffix):
            return suffix
    raise InputError(f"{out}: unknown format", expected="a name that ends in " + ", ".join(_SUFFIXES))


def check_apart(out: Path, files: Iterable[Path]) -> None:
    """Raise `InputError` where the output is one of the files that are read."""
    with disk_errors(out):
        same = out.exists() and any(path.exists() and out.samefile(path) for path in files)
    if same:
        raise InputError(f"{out} is also an input", fix="write to a file outside the inputs")


def check_output(workspace: Workspace, out: Path) -> None:
    """Raise `InputError` where the output's format cannot hold what was read: only Excel's has limits."""
    if suffix_of(out) == ".xlsx":
        from reviewguard.inference.writers import xlsx

        xlsx.check(_table(workspace))


def write_output(
    workspace: Workspace, folder: WorkFolder, progress: Callable[[int, int], None] = lambda done, total: None
) -> int:
    """Write every record, and give the output its name once it is whole.

    Args:
        progress: called now and then with the rows written and the rows in all.

    Returns:
        Rows written.
    """
    table, count = _table(workspace), 0

    def counted() -> Iterator[ScoredRecord]:
        nonlocal count
        for row in table.rows:
            yield row
            count += 1
            if count % 1000 == 0:
                progress(count, table.count)

    def write(file: IO[bytes]) -> None:
        _writer(folder.out).write(Table(table.columns, counted(), table.count), file, folder.out)
        if count != table.count:
            raise RuntimeError(f"{table.count} rows in, {count} rows out: please report this")

    folder.publish(write)
    return count


def _writer(out: Path) -> Writer:
    module = _MODULES[suffix_of(out).removesuffix(".gz")]
    return import_module(f"reviewguard.inference.writers.{module}")


def _table(workspace: Workspace) -> Table:
    columns = {name: kinds for name, kinds in workspace.columns.items() if name not in OWN_COLUMNS}
    return Table(columns, workspace.scored(), workspace.counts().read)
