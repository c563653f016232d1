"""Atomic writes, hashes and JSON lines."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BufferedWriter, FileIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from reviewguard.errors import InputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a disk without room refuses by."""


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """A full disk, or a place without rights, in the user's words.

    Raises:
        InputError: the disk refused.
    """
    try:
        yield
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {error.strerror or error}",
            fix="free space, or choose a folder you may write to",
        ) from error


class _TemporaryFile(FileIO):
    """Tells the errors of writing from those of the code that writes, which may read other files."""

    def __init__(self, handle: int, path: Path) -> None:
        super().__init__(handle, "wb")
        self._path = path

    def write(self, data: ReadableBuffer, /) -> int:
        """As `FileIO` does; raises `InputError`."""
        with disk_errors(self._path):
            return super().write(data)


def umask() -> int:
    """The permissions that new files shall not have."""
    found = os.umask(0)
    os.umask(found)
    return found


def mode_for(path: Path) -> int:
    """The permissions of a file that is written anew: those of the file there, else what new files get."""
    return path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~umask()


@contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that appears under `path` whole or not at all; a link stays, and what it names is written.

    Raises:
        InputError: the folder cannot be written, or the disk is full.
    """
    path = Path(os.path.realpath(path))
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with BufferedWriter(_TemporaryFile(handle, path)) as file:
            yield file
            with disk_errors(path):
                file.flush()
                os.fsync(file.fileno())
                file.close()
        with disk_errors(path):
            temporary.chmod(mode_for(path))
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def check_writable(path: Path) -> None:
    """Refuse a file that `atomic_write` could not write, before the work for it is done.

    Raises:
        InputError: it is a folder, or lies where nothing can be written.
    """
    with disk_errors(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        there = next(folder for folder in path.absolute().parents if folder.exists())
        tempfile.TemporaryFile(dir=there).close()


def write_text(path: Path, text: str, *, errors: str = "strict") -> None:
    """Write UTF-8 text atomically.

    Args:
        errors: what becomes of a lone surrogate, which has no UTF-8 form; see `str.encode`.
    """
    with atomic_write(path) as file:
        file.write(text.encode("utf-8", errors))


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON atomically."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def sha256(path: Path) -> str:
    """The file's SHA-256 as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def jsonl_in(folder: Path, name: str, option: str) -> Path:
    """The file `name`.jsonl of a folder.

    Args:
        option: what gave the name.

    Raises:
        InputError: the name is blank, would lead out of the folder, or begins with a dot: `jsonl_files` skips those.
    """
    if not name.strip() or Path(name).name != name or name.startswith("."):
        raise InputError(
            f"{option} {name!r}",
            expected="a file name without a folder and without a dot in front",
            fix=f"{option} notice-17",
        )
    return folder / f"{name}.jsonl"


def jsonl_files(folder: Path) -> list[Path]:
    """The `.jsonl` files of a folder, by name; none that an editor or a file system hides there."""
    return sorted(path for path in folder.glob("*.jsonl") if not path.name.startswith("."))


def read_jsonl(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number (from 1) and object of each non-empty line.

    Raises:
        InputError: the file cannot be read, is not UTF-8, or a line is no JSON object.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, _parse_object(path, number, line)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist", fix="check the path") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}", fix="check the path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8: {error}", fix="save it as UTF-8") from error


def _parse_object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}:{number}: not JSON: {error}", expected="one JSON object a line") from error
    if not isinstance(value, dict):
        raise InputError(f"{path}:{number}: a {type(value).__name__}", expected="one JSON object a line")
    return value


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]], *, errors: str = "strict") -> None:
    """Write one compact JSON object a line, atomically; `errors` as for `write_text`."""
    with atomic_write(path) as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False).encode("utf-8", errors) + b"\n")
