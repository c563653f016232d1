"""Refuses JSON that would end the process: nested too deep, or with numbers of thousands of digits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from reviewguard.errors import InputError

MAX_DEPTH = 64
"""Deepest nesting that is always read. Empty pairs of brackets are taken out first, so thrice as much may pass."""
MAX_DIGITS = 1000
"""Digits of a number."""

_BRACKETS = b"[]{}"
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"0" * 9)
_TOO_LONG = b"0" * (MAX_DIGITS + 1)
_OTHERS = bytes(set(range(256)) - set(_BRACKETS))


def guarded(pieces: Iterable[bytes], path: Path) -> Iterator[bytes]:
    """The pieces of a JSON file in UTF-8, up to where it cannot be parsed.

    Raises:
        InputError: it is nested too deep there, or has too long a number.
    """
    guard = JsonGuard()
    for piece in pieces:
        if wrong := guard.take(piece):
            raise InputError(
                f"{path}: {wrong}",
                expected=f"JSON with up to {MAX_DEPTH} levels and numbers of up to {MAX_DIGITS:,} digits",
                fix="check how the file was made, and leave the value out",
            )
        yield piece


def wrong_with(line: str) -> str:
    """What is wrong with a line of JSON, or ""; those with few brackets, which are most, are told at once."""
    if line.count("[") + line.count("{") <= MAX_DEPTH:
        return ""
    return JsonGuard().take(line.encode("utf-8", "surrogatepass"))


class JsonGuard:
    """What has been seen of one JSON text, of which it counts the brackets outside of strings."""

    def __init__(self) -> None:
        self._depth, self._quoted, self._rest = 0, 0, b""

    def take(self, piece: bytes) -> str:
        """Look at the next piece; what is wrong with it, or ""."""
        bare = (self._rest + piece).replace(b"\\\\", b"").replace(b'\\"', b"")
        self._rest = b"\\" if bare.endswith(b"\\") else b""
        parts = bare.split(b'"')
        outside = b'"'.join(parts[self._quoted :: 2])
        self._quoted ^= 1 - len(parts) % 2
        if _TOO_LONG in outside.translate(_DIGITS_ALIKE):
            return f"a number has more than {MAX_DIGITS:,} digits"
        if not self._is_flat(outside.translate(None, _OTHERS)):
            return f"its lists and objects are nested more than {MAX_DEPTH} levels deep"
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
