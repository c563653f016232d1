"""JSON for its parsers: in UTF-8 whatever it is saved in, and without what would end the process.

Refused are values nested too deep and numbers of thousands of digits. What Python writes and ijson does not read, NaN
and long integers, is put in other words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from reviewguard.errors import InputError
from reviewguard.readers.lines import read_lines
from reviewguard.readers.sources import read_head

LINE_SUFFIXES = (".jsonl", ".ndjson", ".jsonlines")
"""Of files with a value a line."""

MAX_DEPTH = 64
"""Deepest nesting that is always read. Empty pairs of brackets are taken out first, so thrice as much may pass."""
MAX_DIGITS = 1000
"""Digits of a number."""

_BLOCK = 2**16
"""Characters that are parsed together."""
_BRACKETS = b"[]{}"
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"0" * 9)
_TOO_LONG = b"0" * (MAX_DIGITS + 1)
_OTHERS = bytes(set(range(256)) - set(_BRACKETS))
_WORD = b"+-.0123456789EINaefinty"
"""Of numbers, NaN and Infinity."""
_LONG = b"0" * 19
"""Digits from which an integer may have more than 64 bits."""
_ODD = re.compile(rb"-?(?:NaN|Infinity)|(?<![\d.eE+-])-?\d{19,}(?![\d.eE])")
_STRING_OR_ODD = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|' + _ODD.pattern, re.DOTALL)


def json_source(stream: BinaryIO, path: Path) -> Any:
    """The file as ijson reads it, up to where it cannot be parsed.

    Args:
        stream: the file's bytes, from its beginning.

    Raises:
        InputError: while it is read: it is nested too deep, or has too long a number; or what `open_bytes` raises.
    """
    import ijson

    return ijson.from_iter(_guarded(json_blocks(stream, path), path))


def json_blocks(stream: BinaryIO, path: Path) -> Iterator[bytes]:
    """The file's lines in UTF-8, many together; those before damage are given before it is raised."""
    block: list[str] = []
    size = 0
    try:
        for line in read_lines(stream, read_head(path)):
            block.append(line)
            size += len(line)
            if size >= _BLOCK:
                yield "".join(block).encode("utf-8")
                block, size = [], 0
    except InputError:
        if block:  # an empty one would end the file
            yield "".join(block).encode("utf-8")
        raise
    yield "".join(block).encode("utf-8")


def parse_line(line: str) -> Any:
    """The value of a line.

    Raises:
        ValueError: there is none, or none that is read; says why.
    """
    if wrong := wrong_with(line):
        raise ValueError(f"not read: {wrong}")
    try:
        return json.loads(line.removeprefix("\ufeff"))  # of files with byte order marks that were joined
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error


def _guarded(pieces: Iterable[bytes], path: Path) -> Iterator[bytes]:
    guard = JsonGuard()
    for piece in _between_words(pieces):
        if wrong := guard.take(piece):
            raise InputError(
                f"{path}: {wrong}",
                expected=f"JSON with up to {MAX_DEPTH} levels and numbers of up to {MAX_DIGITS:,} digits",
                fix="check how the file was made, and leave the value out",
            )
        yield guard.piece


def _between_words(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that end in no number, nor in NaN."""
    rest = b""
    for piece in pieces:
        whole = rest + piece
        kept = whole.rstrip(_WORD)
        rest = whole[len(kept) :] if len(whole) - len(kept) <= MAX_DIGITS else b""
        if len(whole) > len(rest):  # an empty one would end the file
            yield whole[: len(whole) - len(rest)]
    yield rest


def _readable(found: re.Match[bytes]) -> bytes:
    """A string as it is, null for what is no number, and an integer of more than 64 bits as a string: ids are such."""
    word = found[0]
    if word.startswith(b'"'):
        return word
    if not word[-1:].isdigit():
        return b"null"
    return word if -(2**63) < int(word) < 2**63 else b'"%b"' % word


def wrong_with(line: str) -> str:
    """What is wrong with a line of JSON, or ""; those with few brackets, which are most, are told at once."""
    if line.count("[") + line.count("{") <= MAX_DEPTH:
        return ""
    return JsonGuard().take(line.encode("utf-8", "surrogatepass"))


class JsonGuard:
    """What has been seen of one JSON text, of which it counts the brackets outside of strings.

    Attributes:
        piece: the last one, as ijson can read it.
    """

    def __init__(self) -> None:
        self.piece = b""
        self._depth, self._quoted, self._rest = 0, 0, b""

    def take(self, piece: bytes) -> str:
        """Look at the next piece; what is wrong with it, or ""."""
        begun = b'"' * self._quoted + self._rest
        bare = (self._rest + piece).replace(b"\\\\", b"").replace(b'\\"', b"")
        self._rest = b"\\" if bare.endswith(b"\\") else b""
        parts = bare.split(b'"')
        outside = b'"'.join(parts[self._quoted :: 2])
        self._quoted ^= 1 - len(parts) % 2
        digits = outside.translate(_DIGITS_ALIKE)
        if _TOO_LONG in digits:
            return f"a number has more than {MAX_DIGITS:,} digits"
        if not self._is_flat(outside.translate(None, _OTHERS)):
            return f"its lists and objects are nested more than {MAX_DEPTH} levels deep"
        self.piece = piece
        may_be_odd = _LONG in digits or b"N" in outside or b"I" in outside
        if may_be_odd and any(_readable(found) != found[0] for found in _ODD.finditer(outside)):
            self.piece = _STRING_OR_ODD.sub(_readable, begun + piece)[len(begun) :]
        return ""

    def _is_flat(self, brackets: bytes) -> bool:
        """Take pairs of brackets away, the innermost first, until none is left."""
        for _ in range(MAX_DEPTH + 1):
            before = len(brackets)
            brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
            if len(brackets) == before:
                break
        else:
            return False
        opened = brackets.count(b"[") + brackets.count(b"{")
        self._depth += 2 * opened - len(brackets)
        return self._depth <= MAX_DEPTH
