"""The folder beside an output that holds a run's work file until the output is complete."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from reviewguard.errors import InputError
from reviewguard.files import FULL, disk_errors, mode_for
from reviewguard.inference.workspace_db import holds_verdicts

Leftover = Literal["refuse", "resume", "restart"]
"""What to do with the work of an unfinished run."""


@dataclass(frozen=True, slots=True)
class WorkFolder:
    """An output's work folder, locked by this process."""

    path: Path
    out: Path

    @property
    def work_file(self) -> Path:
        """The SQLite file."""
        return self.path / "work.sqlite"

    def publish(self, write: Callable[[IO[bytes]], None]) -> None:
        """Write the output beside the work file, then give it its final name in one step."""
        temporary = self.path / "output"
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode_for(self.out))
        temporary.replace(self.out)


def with_resume(leftover: Leftover) -> str:
    """The command that goes on with a run that was begun with `leftover`."""
    return "the same command with --resume" + (" in place of --restart" if leftover == "restart" else "")


@contextmanager
def work_folder(out: Path, leftover: Leftover = "refuse") -> Iterator[WorkFolder]:
    """A work folder for one run; it goes when the run ends well, and stays when verdicts would be lost with it.

    Raises:
        InputError: the output cannot be written, another run writes it, an unfinished run is in the way,
            or the disk is full.
    """
    from filelock import FileLock, Timeout

    out = out.resolve() if out.is_symlink() else out
    folder = WorkFolder(_make_folder(out), out)
    try:
        with FileLock(folder.path / "lock", timeout=0), _work_errors(folder.path, leftover):
            _settle(folder, leftover)
            try:
                yield folder
            except BaseException:
                if not holds_verdicts(folder.work_file):
                    shutil.rmtree(folder.path, ignore_errors=True)
                raise
            shutil.rmtree(folder.path, ignore_errors=True)  # another run may be looking into it
    except Timeout:
        raise InputError(f"another run is writing {out}", fix="wait for it, or name another --out") from None


def _make_folder(out: Path) -> Path:
    if out.is_dir():
        raise InputError(f"{out} is a folder", expected="the name of a file to write")
    folder = out.parent / f".{out.name}.rgwork"
    if folder.is_symlink():
        raise InputError(f"{folder} is a link", expected="a folder of its own", fix="remove it")
    with disk_errors(out):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)  # it holds every message
        (folder / "lock").touch()
    return folder


def _settle(folder: WorkFolder, leftover: Leftover) -> None:
    """Clear away what an earlier run left, unless that is to be gone on with."""
    if leftover != "restart" and holds_verdicts(folder.work_file):
        if leftover == "resume":
            return
        raise InputError(
            f"{folder.path} holds an unfinished run",
            fix="run the same command with --resume to go on with it, or with --restart to begin anew",
        )
    for path in folder.path.iterdir():
        if path.name != "lock" and not path.is_dir():
            path.unlink()


@contextmanager
def _work_errors(folder: Path, leftover: Leftover) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE):
            raise _full(folder, leftover) from error
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise InputError(f"{folder} is damaged: {error}", fix="begin anew with --restart") from error
        raise
    except OSError as error:
        if error.errno in FULL:
            raise _full(folder, leftover) from error
        raise


def _full(folder: Path, leftover: Leftover) -> InputError:
    return InputError(
        f"the disk that holds {folder.parent} is full",
        fix=f"make room, then run {with_resume(leftover)}; nothing was lost",
    )
