"""The file that `label` writes: a line for each decision, on disk before the next one is asked for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from reviewguard.errors import InputError
from reviewguard.files import atomic_write, read_jsonl, write_jsonl

Row = dict[str, Any]

KEYS = frozenset({"text", "previous", "types", "rationale", "verdict", "who", "when", "shown"})
"""What every line of a journal holds, whatever version wrote it; no export does."""
_BEGINNING = b'{"text": "'


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
            # A buffer would write the rest of a line that was taken back, once the file is closed.
            with self.path.open("ab", buffering=0) as file:
                size = file.tell()
                try:
                    _write_all(file, line)
                    os.fsync(file.fileno())
                except OSError:
                    file.truncate(size)
                    raise
        except OSError as error:
            raise InputError(
                f"cannot write {self.path}: {error.strerror}", fix="free space; labels so far are safe"
            ) from error
        self.rows.append(row)

    def undo(self) -> Row:
        """Take the last line back; the file is replaced as a whole."""
        write_jsonl(self.path, self.rows[:-1], errors="replace")
        return self.rows.pop()


def _write_all(file: FileIO, line: bytes) -> None:
    """A disk that fills up takes part of a line, and refuses the next part."""
    while line:
        line = line[file.write(line) :]


@contextmanager
def open_journal(path: Path, source: Path | None = None) -> Iterator[Journal]:
    """A journal, made where there is none; a last line that a killed process left unfinished is dropped.

    Args:
        source: the file that is labelled, which cannot be the journal.

    Raises:
        InputError: someone else is labelling into it, it cannot be written, or it is something else; there is no
            such source.
    """
    if source is not None and not source.exists():
        raise InputError(f"{source} does not exist", fix="check the path")
    if source is not None and path.exists() and path.samefile(source):
        raise InputError(
            f"{path} is the file to label",
            expected="another file for the labels",
            fix="name another one with --out, or leave --out away",
        )
    lock = path.with_name(f".{path.name}.lock")
    held = FileLock(lock, timeout=0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held.acquire()
    except Timeout as error:
        raise InputError(
            f"{path} is in use by another `reviewguard label`", fix="close it, or write elsewhere with --out"
        ) from error
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        yield _mended(path)
    finally:
        lock.unlink(missing_ok=True)  # while it is held, so nobody else can hold it
        held.release()


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(f"cannot write {path}: {error.strerror}", fix="choose another file with --out")


def _mended(path: Path) -> Journal:
    try:
        data = path.read_bytes() if path.exists() else b""
        whole = data[: data.rfind(b"\n") + 1]
        last = data[len(whole) :]
        _check(path, whole, last)
        if last:
            with atomic_write(path) as file:
                file.write(data + b"\n" if _is_row(last) else whole)
        return Journal(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def _check(path: Path, whole: bytes, last: bytes) -> None:
    """Refuse a file that is no journal, before anything is taken from it."""
    rows = (line for line in whole.split(b"\n") if line.strip())
    if not (_is_row(last) or _is_begun(last)) or not all(map(_is_row, rows)):
        raise InputError(
            f"{path} holds something other than labels",
            expected="one JSON object a line, as `reviewguard label` writes them",
            fix="choose another file with --out",
        )


def _is_row(line: bytes) -> bool:
    value = _parsed(line)
    return isinstance(value, dict) and value.keys() >= KEYS


def _is_begun(line: bytes) -> bool:
    """Whether it may be the beginning of a label that a killed process was writing."""
    return line.startswith(_BEGINNING[: len(line)]) and _parsed(line) is None


def _parsed(line: bytes) -> Any:
    """None for what is no JSON."""
    try:
        return json.loads(line.decode("utf-8"))
    except ValueError:
        return None
