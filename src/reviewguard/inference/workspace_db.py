"""The SQLite file under a work file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from reviewguard.errors import InputError

# The cache counts in KiB. A commit outlives the process that made it; it need not outlive a power cut.
_PRAGMAS = ("cache_size = -65536", "synchronous = normal", "journal_mode = truncate")

_DISK = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is gone afterwards.

    Raises:
        InputError: there is no room for it, or no folder for temporary files.
    """
    try:
        folder = TemporaryDirectory(prefix="reviewguard-")
    except OSError as error:
        raise unwritable(error) from error
    with folder:
        yield Path(folder.name)


@contextmanager
def temporary_file() -> Iterator[Path]:
    """Where a work file can be made that is gone afterwards.

    Raises:
        InputError: there is no room for it, or no folder for temporary files.
    """
    with temporary_folder() as folder:
        try:
            yield folder / "work.sqlite"
        except sqlite3.OperationalError as error:
            if (
                getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DISK
            ):  # an extended code ends with the plain one
                raise
            raise unwritable(error) from error


def unwritable(error: object) -> InputError:
    """Says that the disk of temporary files, which may be another than the output's, did not take one."""
    return InputError(
        f"cannot write temporary files: {error}",
        fix="make room, or name another folder in the environment variable TMPDIR",
    )


def connect(path: Path) -> sqlite3.Connection:
    """Open a work file, made anew where there is none."""
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in _PRAGMAS:
        db.execute(f"pragma {pragma}")
    if not _has_tables(db):
        make_tables(db)
    return db


def make_tables(db: sqlite3.Connection) -> None:
    """Empty tables in place of what there was."""
    tables = [name for (name,) in db.execute("select name from sqlite_master where type = 'table'")]
    schema = files("reviewguard.inference").joinpath("workspace.sql").read_text("utf-8")
    with transaction(db):
        for table in tables:
            db.execute(f"drop table {table}")
        for statement in schema.split(";"):
            db.execute(statement)


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing."""
    db.execute("begin immediate")
    try:
        yield
        db.execute("commit")
    except BaseException:
        if db.in_transaction:
            db.execute("rollback")
        raise


def holds_verdicts(path: Path) -> bool:
    """Whether there is a work file with anything that would have to be computed again."""
    if not path.exists():
        return False
    with closing(sqlite3.connect(path)) as db:
        return _has_tables(db) and db.execute("select 1 from chunks where done").fetchone() is not None


def _has_tables(db: sqlite3.Connection) -> bool:
    return db.execute("select 1 from sqlite_master where name = 'chunks'").fetchone() is not None
