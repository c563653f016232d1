"""Reads a row of delimited text in bounded memory, however long its cells are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from reviewguard.readers.table import CELL_LIMIT

ROW_ROOM = 8 * CELL_LIMIT
MOST_CELLS = 20_000
"""Characters and cells of one row that are kept."""


@dataclass(frozen=True, slots=True)
class SkimmedRow:
    """What was kept of a row.

    Attributes:
        cells: its cells, each up to `CELL_LIMIT` characters.
        cut: whether something was left out.
        closed: whether its quotes match.
    """

    cells: list[str]
    cut: bool
    closed: bool


def skim_row(pieces: Iterable[str], delimiter: str) -> SkimmedRow:
    """Take pieces up to the one that ends the row."""
    skimmer = _Skimmer(delimiter)
    for piece in pieces:
        if skimmer.take(piece):
            break
    return skimmer.row()


class _State(Enum):
    START = auto()
    PLAIN = auto()
    QUOTED = auto()
    QUOTE_SEEN = auto()


class _Skimmer:
    """One row while it is read: all cells but the last are done."""

    def __init__(self, delimiter: str) -> None:
        self._stop = re.compile(f"[{re.escape(delimiter)}\n]")
        self._state = _State.START
        self._cells: list[list[str]] = [[]]
        self._kept_of_cell, self._kept, self._cut = 0, 0, False

    def take(self, piece: str) -> bool:
        """Read on; whether the row is at its end."""
        at = 0
        while at < len(piece):
            if self._state is _State.QUOTED:
                at = self._quoted(piece, at)
            elif piece[at] == '"' and self._state in (_State.START, _State.QUOTE_SEEN):
                self._keep('"' if self._state is _State.QUOTE_SEEN else "")
                self._state, at = _State.QUOTED, at + 1
            else:
                at = self._plain(piece, at)
                if at and piece[at - 1] == "\n" and self._state is _State.PLAIN:
                    return True
        return False

    def row(self) -> SkimmedRow:
        cells = ["".join(parts) for parts in self._cells]
        cells[-1] = cells[-1].removesuffix("\r")
        return SkimmedRow(cells, self._cut, closed=self._state is not _State.QUOTED)

    def _quoted(self, piece: str, at: int) -> int:
        end = piece.find('"', at)
        if end < 0:
            self._keep(piece[at:])
            return len(piece)
        self._keep(piece[at:end])
        self._state = _State.QUOTE_SEEN
        return end + 1

    def _plain(self, piece: str, at: int) -> int:
        stop = self._stop.search(piece, at)
        self._state = _State.PLAIN
        self._keep(piece[at : stop.start() if stop else len(piece)])
        if stop and stop[0] != "\n":
            self._state = _State.START
            if len(self._cells) < MOST_CELLS:
                self._cells.append([])
                self._kept_of_cell = 0
            else:
                self._kept_of_cell, self._cut = CELL_LIMIT, True
        return stop.end() if stop else len(piece)

    def _keep(self, part: str) -> None:
        room = min(CELL_LIMIT - self._kept_of_cell, ROW_ROOM - self._kept)
        self._cut = self._cut or len(part) > room
        if part and room > 0:
            kept = part[:room]
            self._cells[-1].append(kept)
            self._kept_of_cell += len(kept)
            self._kept += len(kept)
