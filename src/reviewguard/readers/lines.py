"""Lines of text out of bytes whose encoding nobody states, with a bound on the memory of one line."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

PIECE = 4 * 2**20
"""A line longer than this comes in pieces, of which only the last ends in a line end."""

_FALLBACK = "cp1252"
_EUROPEAN = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "mac_roman"]
_OTHERS = [*_EUROPEAN, "cp932", "euc_jp", "gb18030", "big5", "cp949"]
_ENOUGH = 400
"""Bytes below which a guess at a rare encoding is worth less than the usual one."""

_WIDE = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_lines(stream: BinaryIO, head: bytes) -> Iterator[str]:
    """Every line with its end, without byte order mark and NUL characters.

    Each line is UTF-8 if it can be, or if more of its characters are than are not: a byte of it is damaged. Else it is
    in the encoding that such lines of `head` seem to be in.

    Args:
        head: the first bytes of the stream, which itself stands at its beginning.
    """
    if whole := _whole_encoding(head):
        pieces = _wide_lines(stream, whole)
    else:
        if head.startswith(codecs.BOM_UTF8):
            stream.read(len(codecs.BOM_UTF8))
        fallback = other_encoding(head)
        pieces = (_decoded(piece, fallback) for piece in _pieces(stream))
    for piece in pieces:
        yield piece.replace("\0", "")


def _wide_lines(stream: BinaryIO, encoding: str) -> Iterator[str]:
    text = io.TextIOWrapper(stream, encoding, errors="replace", newline="")
    try:
        yield from iter(lambda: text.readline(PIECE), "")
    finally:
        with suppress(ValueError):  # whoever gave up reading may have closed the stream
            text.detach()


def ends_line(piece: str) -> bool:
    """Whether a line ends with this piece of it; a very long last line without an end may be taken for unfinished."""
    return piece.endswith(("\n", "\r")) or len(piece) < PIECE // 4 - 4  # a character has up to four bytes


def decode_head(head: bytes) -> str:
    """The first bytes as text, good enough to tell a format by."""
    return "".join(read_lines(io.BytesIO(head), head))


def looks_like_text(head: bytes) -> bool:
    """Whether the bytes are text: no control characters but line ends and tabs, or UTF-16 or UTF-32."""
    return bool(_whole_encoding(head)) or not head[:4096].translate(None, _TEXT_BYTES)


_TEXT_BYTES = bytes({*range(32, 256), *b"\t\n\r\f\x1a\x1b\x01\x1f\0"} - {127})


def _whole_encoding(head: bytes) -> str | None:
    """The encoding of a file that cannot be split at the byte of a line feed."""
    for mark, encoding in _WIDE:
        if head.startswith(mark):
            return encoding
    zeros = [head[start:4096:2].count(0) for start in (0, 1)]
    if max(zeros) * 4 > min(len(head), 4096):
        return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
    if b"\r" in head and b"\n" not in head:
        return "utf-8" if _is_utf8(head, whole=False) else other_encoding(head)
    return None


def other_encoding(head: bytes) -> str:
    """What lines that are not UTF-8 are in, told by those of the first bytes."""
    from charset_normalizer import from_bytes

    odd = b"".join(line for line in head.splitlines(keepends=True)[:-1] or [head] if not _is_utf8(line))
    if len(odd) < _ENOUGH:
        return _FALLBACK
    best = from_bytes(odd, cp_isolation=_OTHERS).best()
    return best.encoding if best else _FALLBACK


def _is_utf8(line: bytes, *, whole: bool = True) -> bool:
    """Whether it is UTF-8, of which the last character may be cut off where this is not the whole of it."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(line, whole)
    except UnicodeDecodeError:
        return False
    return True


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    """Lines, and pieces of long ones that are not cut inside of a UTF-8 character."""
    rest = b""
    for line in iter(lambda: stream.readline(PIECE), b""):
        piece = rest + line
        whole = len(piece) if line.endswith(b"\n") or len(line) < PIECE else _finished(piece)
        rest = piece[whole:]
        yield piece[:whole]
    if rest:
        yield rest


def _finished(piece: bytes) -> int:
    """Length without a UTF-8 character that is cut off at the end."""
    try:
        piece.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(piece) - 3:
            return error.start
    return len(piece)


def _decoded(piece: bytes, fallback: str) -> str:
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError:
        text = piece.decode("utf-8", "replace")
    lost, odd = text.count("\ufffd"), len(text) - len(text.encode("ascii", "ignore"))
    return text if odd > 2 * lost else piece.decode(fallback, "replace")
