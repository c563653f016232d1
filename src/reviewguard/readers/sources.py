"""Files behind the inputs, and their bytes: folders, globs, gzip and Zstandard."""

from __future__ import annotations

import codecs
import glob
import gzip
import io
import os
import re
import zlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NoReturn, cast

from reviewguard.errors import InputError

HEAD = 65536
"""Bytes of a file that its format is told from."""

FREE_EXPANSION = 256 * 2**20
MAX_RATIO = 250
"""A compressed file may expand to `FREE_EXPANSION` bytes, or to `MAX_RATIO` times its size if that is more."""

_JSON = re.compile(rb"\s*(?:\{|\[\s*[\[{\"\]])")
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
COMPRESSED = (".gz", ".zst")

LABELS = ".labels.jsonl"
"""End of the names of files that `label` writes beside an export."""
REPORT = ("report.html", "findings.xlsx", "findings.jsonl")
"""What `audit` writes: the messages in it would count twice."""


def find_files(inputs: Sequence[Path | str], *, leave_out: Collection[Path] = ()) -> dict[Path, bool]:
    """Every file of the inputs, each once, in order; whether it was named (or found in a folder).

    Folders are read with all below them, linked folders too, without hidden files, earlier reports and labels; in a
    name that does not exist, `*`, `?`, `[…]` and `**` are wildcards.

    Args:
        leave_out: files that are to be written: no inputs where a folder or a pattern holds them.

    Raises:
        InputError: an input does not exist, is no file, or holds none; it is itself one to leave out; a folder
            below it cannot be read.
    """
    own = {path.resolve() for path in leave_out}
    found: dict[Path, tuple[Path, bool]] = {}
    for item in map(Path, inputs):
        for path, named in _reachable_files(item, own):
            if (real := path.resolve()) not in own:
                found.setdefault(real, (path, named))
    if not found:
        raise InputError("no input", expected="a file, a folder or a pattern such as 'exports/*.csv'")
    return dict(found.values())


def _reachable_files(item: Path, own: Collection[Path]) -> list[tuple[Path, bool]]:
    try:
        if own and item.is_file() and item.resolve() in own:
            raise InputError(
                f"{item} is an earlier output, and would be replaced",
                fix="leave it out, or choose another output",
            )
        return _files_of(item)
    except OSError as error:
        _unreadable(error)


def _files_of(path: Path) -> list[tuple[Path, bool]]:
    if path.is_dir():
        inside = [(file, False) for file in _walk(path)]
        if not inside:
            raise InputError(f"{path} holds no file", expected="a folder with files that are not hidden")
        return inside
    if path.is_file():
        return [(path, True)]
    if path.exists():
        raise InputError(f"{path} is neither a file nor a folder", fix="save it as a file first")
    matches = sorted(Path(name) for name in glob.glob(str(path), recursive=True))  # noqa: PTH207
    if not matches:
        raise InputError(f"{path} does not exist", fix="check the path")
    return [pair for match in matches for pair in _files_of(match)]


def _walk(folder: Path) -> Iterator[Path]:
    seen: set[Path] = set()
    for place, folders, files in os.walk(folder, onerror=_unreadable, followlinks=True):
        if (real := Path(place).resolve()) in seen:  # a link led here again
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if _is_read(Path(place, name), beside=folders))
        written = REPORT if set(files) >= set(REPORT) else ()
        for name in sorted(files):
            path = Path(place, name)
            own = name in written or name.endswith(LABELS)
            if not name.startswith(".") and not own and path.is_file():
                yield path


def _unreadable(error: OSError) -> NoReturn:
    """A folder left out without a word would look like one with nothing in it."""
    raise InputError(
        f"cannot read {error.filename}: {error.strerror}", fix="allow reading it, or name the files to read"
    ) from error


def _is_read(folder: Path, *, beside: Sequence[str]) -> bool:
    """Hidden folders are left out unless they are part of a Maildir; so is what a Maildir has not taken in yet."""
    if folder.name == "tmp" and "cur" in beside:
        return False
    return not folder.name.startswith(".") or (folder / "cur").is_dir()


def bare_suffix(path: Path) -> str:
    """The suffix in lower case, without `.gz` or `.zst` (".csv" of "a.CSV.gz")."""
    name = path.with_suffix("") if path.suffix.lower() in COMPRESSED else path
    return name.suffix.lower()


def begins_like_json(head: bytes) -> bool:
    """Whether a file that begins so may be a JSON object, or a list of objects, lists or texts: not "[3.11.24] Ana"."""
    return bool(_JSON.match(head_as_utf8(head)))


def is_utf16(head: bytes) -> bool:
    """Whether a file begins with UTF-16's byte order mark, as what Windows PowerShell saves does."""
    return head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def head_as_utf8(head: bytes) -> bytes:
    """The first bytes of a file in UTF-8 or, as its mark says, UTF-16: as UTF-8 without the mark."""
    if is_utf16(head):
        return head.decode("utf-16", "ignore").encode("utf-8")
    return head.removeprefix(codecs.BOM_UTF8)


def read_head(path: Path, size: int = HEAD) -> bytes:
    """The first bytes of a file, decompressed.

    Raises:
        InputError: the file cannot be opened, or is damaged at its very beginning.
    """
    head = b""
    try:
        with open_bytes(path) as stream:
            head = stream.read(size)
    except InputError:
        if not head:
            raise
    return head


def open_bytes(path: Path) -> BinaryIO:
    """The file's bytes for one pass, decompressed while they are read if they are gzip or Zstandard.

    Raises:
        InputError: the file cannot be opened; while reading: it is cut off or damaged, or expands beyond reason.
    """
    try:
        with path.open("rb") as file:
            magic, size = file.read(4), os.fstat(file.fileno()).st_size
        if magic[:2] == _GZIP:
            return _bounded(cast(BinaryIO, gzip.open(path)), path, size)
        if magic == _ZSTD:
            return _bounded(_zstd(path), path, size)
        return path.open("rb")
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist", fix="check the path") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def _zstd(path: Path) -> BinaryIO:
    import pyarrow as pa

    return cast(BinaryIO, pa.input_stream(str(path), compression="zstd"))


def _bounded(stream: BinaryIO, path: Path, size: int) -> BinaryIO:
    limit = max(FREE_EXPANSION, MAX_RATIO * size)
    return cast(BinaryIO, io.BufferedReader(_Expanding(stream, path, limit), HEAD))


class _Expanding(io.RawIOBase):
    """Decompressed bytes, up to a limit.

    At damage the bytes before it end, so that a last half line is not lost; the error follows at the next reading,
    or at the latest when the file is closed.
    """

    def __init__(self, stream: BinaryIO, path: Path, limit: int) -> None:
        self._stream, self._path, self._limit, self._given = stream, path, limit, 0
        self._damage: InputError | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._raise_damage()
        try:
            data = self._stream.read1(len(buffer))  # type: ignore[attr-defined]
        except (EOFError, OSError, zlib.error) as error:
            self._damage = InputError(f"{self._path} is cut off or damaged: {error}")
            return 0
        self._given += len(data)
        if self._given > self._limit:
            raise InputError(
                f"{self._path} expands to more than {self._limit // 2**20} MB",
                fix="decompress it yourself if you trust it",
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            super().close()
            self._raise_damage()

    def _raise_damage(self) -> None:
        damage, self._damage = self._damage, None
        if damage is not None:
            raise damage
