"""The file that `label` writes: a line for each decision, on disk before the next one is asked for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from reviewguard.errors import InputError
from reviewguard.files import read_jsonl, write_jsonl, write_text

Row = dict[str, Any]


class Journal:
    """Labels in the order they were given. Get one from `open_journal`, which keeps others from writing to it.

    Attributes:
        rows: its lines.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[Row] = [row for _, row in read_jsonl(path)] if path.exists() else []

    def append(self, row: Row) -> None:
        """Add a line and wait until the disk has it; a line that does not fit is taken back.

        Raises:
            InputError: the disk is full, say.
        """
        line = json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        try:
            with self.path.open("ab") as file:
                size = file.tell()
                try:
                    file.write(line)
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    os.truncate(self.path, size)
                    raise
        except OSError as error:
            raise InputError(
                f"cannot write {self.path}: {error.strerror}", fix="free space; labels so far are safe"
            ) from error
        self.rows.append(row)

    def undo(self) -> Row:
        """Take the last line back; the file is replaced as a whole."""
        write_jsonl(self.path, self.rows[:-1])
        return self.rows.pop()


@contextmanager
def open_journal(path: Path) -> Iterator[Journal]:
    """A journal, made where there is none; a last line that a killed process left unfinished is dropped.

    Raises:
        InputError: someone else is labelling into it, it cannot be written, or it is something else.
    """
    lock = path.with_name(f".{path.name}.lock")
    held = FileLock(lock, timeout=0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held.acquire()
        _mend(path)
    except Timeout as error:
        raise InputError(
            f"{path} is in use by another `reviewguard label`", fix="close it, or write elsewhere with --out"
        ) from error
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {error.strerror}", fix="choose another file with --out"
        ) from error
    try:
        yield Journal(path)
    finally:
        lock.unlink(missing_ok=True)  # while it is held, so nobody else can hold it
        held.release()


def _mend(path: Path) -> None:
    data = path.read_bytes() if path.exists() else b""
    if data and not data.endswith(b"\n"):
        whole, _, last = data.rpartition(b"\n")
        kept = data if _is_row(last) else whole
        write_text(path, kept.decode("utf-8") + "\n" if kept else "")


def _is_row(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
