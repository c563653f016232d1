"""Single keys from a terminal, or from a pipe."""

from __future__ import annotations

import codecs
import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from io import StringIO

_ERASE = ("\x7f", "\b")


class Keys:
    """Reads keys one by one.

    Args:
        read: gives the next character, "" at the end.
        echo: shows what is typed into a line.
    """

    ENTER = "\n"
    ESCAPE = "\x1b"
    END = ""
    """What a key is when there are no more."""

    def __init__(self, read: Callable[[], str], echo: Callable[[str], None] = lambda _: None) -> None:
        self._read = read
        self._echo = echo

    def key(self) -> str:
        """The next key: a character, ENTER, ESCAPE or END."""
        char = self._read()
        return {"\r": self.ENTER, "\x04": self.END}.get(char, char)

    def line(self, prompt: str) -> str | None:
        """A line of text without its end; None if it is given up with ESCAPE, or input ends before a line does."""
        self._echo(prompt)
        typed = ""
        while (key := self.key()) not in (self.ENTER, self.ESCAPE, self.END):
            if key not in _ERASE:
                typed += key
                self._echo(key)
            elif typed:
                typed = typed[:-1]
                self._echo("\b \b")
        self._echo("\n")
        return typed if key == self.ENTER or (key == self.END and typed) else None


def written_keys(keys: str) -> Keys:
    """Keys written down beforehand, one a character."""
    return Keys(partial(StringIO(keys).read, 1))


@contextmanager
def standard_keys() -> Iterator[Keys]:
    """Keys from standard input; a terminal gives them without ENTER, and is as before afterwards."""
    handle = sys.stdin.fileno()
    with _single_keys(handle):
        yield Keys(_reader(handle), _echo)


def _echo(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


@contextmanager
def _single_keys(handle: int) -> Iterator[None]:
    try:
        import termios
        import tty
    except ImportError:  # Windows: keys count once ENTER is pressed
        yield
        return
    if not os.isatty(handle):
        yield
        return
    before = termios.tcgetattr(handle)
    tty.setcbreak(handle)
    try:
        yield
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)


def _reader(handle: int) -> Callable[[], str]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def read() -> str:
        with suppress(KeyboardInterrupt):
            while data := os.read(handle, 1):
                if char := decoder.decode(data):
                    if char == Keys.ESCAPE and os.isatty(handle):
                        _drop_sequence(handle)
                    return char
        return Keys.END

    return read


def _drop_sequence(handle: int) -> None:
    """An arrow key sends ESCAPE, a bracket, and on to a letter: none of them is a key of ours."""
    if _waiting(handle) and os.read(handle, 1) in b"[O":
        while _waiting(handle) and not b"@" <= os.read(handle, 1) <= b"~":
            pass


def _waiting(handle: int) -> bool:
    return bool(select.select([handle], [], [], 0.02)[0])
