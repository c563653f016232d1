"""Single keys from a terminal, or from a pipe."""

from __future__ import annotations

import codecs
import os
import re
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from io import StringIO

_ERASE = ("\x7f", "\b")
_PASTES_ON, _PASTES_OFF = "\x1b[?2004h", "\x1b[?2004l"
"""Makes a terminal put `_PASTE` and `_PASTED` around what is pasted, and stop doing so ("bracketed paste" of xterm)."""
_PASTE, _PASTED = b"[200~", b"\x1b[201~"


class Pasted(str):
    """Words that were pasted: one answer where words are asked for, no keys."""

    __slots__ = ()


class Keys:
    """Reads keys one by one.

    Args:
        read: gives the next character, or what was pasted at once, "" at the end.
        echo: shows what is typed into a line.
        drop: forgets keys that wait to be read.
    """

    ENTER = "\n"
    ESCAPE = "\x1b"
    END = ""
    """What a key is when there are no more."""

    def __init__(
        self,
        read: Callable[[], str],
        echo: Callable[[str], None] = lambda _: None,
        drop: Callable[[], None] = lambda: None,
    ) -> None:
        self._read = read
        self._echo = echo
        self._drop = drop

    def key(self) -> str:
        """The next key: a character, ENTER, ESCAPE or END; what is pasted is passed over."""
        while isinstance(key := self._next(), Pasted):
            pass
        return key

    def line(self, prompt: str) -> str | None:
        """A line of text without its end; None if it is given up with ESCAPE, or input ends before a line does.

        In a terminal, keys that came together with the line's end are dropped: they are the rest of a paste.
        """
        self._echo(prompt)
        typed = ""
        while (key := self._next()) not in (self.ENTER, self.ESCAPE, self.END):
            if key not in _ERASE:
                typed += key
                self._echo(key)
            elif typed:
                typed = typed[:-1]
                self._echo("\b \b")
        self._echo("\n")
        self._drop()
        return typed if key == self.ENTER or (key == self.END and typed) else None

    def _next(self) -> str:
        char = self._read()
        return {"\r": self.ENTER, "\x04": self.END}.get(char, char)


def written_keys(keys: str) -> Keys:
    """Keys written down beforehand, one a character."""
    return Keys(partial(StringIO(keys).read, 1))


@contextmanager
def standard_keys() -> Iterator[Keys]:
    """Keys from standard input; a terminal gives them without ENTER, and is as before afterwards."""
    handle = sys.stdin.fileno()
    with _single_keys(handle) as drop:
        yield Keys(_reader(handle), _echo, drop)


def _echo(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


@contextmanager
def _single_keys(handle: int) -> Iterator[Callable[[], None]]:
    """Gives a function that forgets keys that wait."""
    try:
        import termios
        import tty
    except ImportError:  # Windows: keys count once ENTER is pressed
        yield lambda: None
        return
    if not os.isatty(handle):
        yield lambda: None
        return

    def drop() -> None:
        while _waiting(handle):
            termios.tcflush(handle, termios.TCIFLUSH)

    before = termios.tcgetattr(handle)
    tty.setcbreak(handle)
    try:
        with _marked_pastes():
            yield drop
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)


@contextmanager
def _marked_pastes() -> Iterator[None]:
    if not sys.stdout.isatty():
        yield
        return
    _echo(_PASTES_ON)
    try:
        yield
    finally:
        _echo(_PASTES_OFF)


def _reader(handle: int) -> Callable[[], str]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def read() -> str:
        with suppress(KeyboardInterrupt):
            while data := os.read(handle, 1):
                char = decoder.decode(data)
                if char == Keys.ESCAPE and os.isatty(handle) and _sequence(handle) == _PASTE:
                    char = _pasted(handle)
                if char:
                    return char
        return Keys.END

    return read


def _sequence(handle: int) -> bytes:
    """An arrow key sends ESCAPE, a bracket, and on to a letter: none of them is a key of ours."""
    read = os.read(handle, 1) if _waiting(handle) else b""
    while read[:1] in (b"[", b"O") and _waiting(handle):
        read += os.read(handle, 1)
        if b"@" <= read[-1:] <= b"~":
            break
    return read


def _pasted(handle: int) -> Pasted:
    """What is pasted up to its end, white space collapsed: its line ends are no ENTER."""
    data = b""
    while not data.endswith(_PASTED) and (read := os.read(handle, 1)):
        data += read
    words = data.removesuffix(_PASTED).decode("utf-8", "replace")
    return Pasted(re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", words).strip())


def _waiting(handle: int) -> bool:
    return bool(select.select([handle], [], [], 0.02)[0])
