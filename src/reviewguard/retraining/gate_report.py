"""What the gate says: a line a comparison, and the verdict."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class GateLine:
    """One comparison.

    Attributes:
        champion, challenger: their figures, counts as int; None where undefined.
        difference: challenger less champion, with its paired bootstrap interval where there is one.
        allowed: what the challenger may lose, in words.
        why: what decided, for a person.
        decides: whether a line that fails stops the promotion.
        detail: one of many like it, which a summary names only where it fails.
    """

    name: str
    allowed: str
    passed: bool
    why: str
    champion: float | None = None
    challenger: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    decides: bool = True
    detail: bool = False

    @property
    def fails(self) -> bool:
        """Whether this line stops the promotion."""
        return self.decides and not self.passed


@dataclass(frozen=True, slots=True)
class GateReport:
    """Every line, and the verdict.

    Attributes:
        note: what to bear in mind when reading the lines.
    """

    lines: tuple[GateLine, ...]
    note: str = ""

    @property
    def failures(self) -> tuple[GateLine, ...]:
        """The lines that stop the promotion."""
        return tuple(line for line in self.lines if line.fails)

    @property
    def passed(self) -> bool:
        """Whether the challenger may become the champion."""
        return not self.failures

    @property
    def summary(self) -> str:
        """`passed`, or `failed` with the names of the lines."""
        if self.passed:
            return "passed"
        return f"failed on {', '.join(line.name for line in self.failures)}"

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {"passed": self.passed, "lines": [asdict(line) for line in self.lines], "note": self.note}

    def to_markdown(self) -> str:
        """A table of the lines; of slices and capabilities those that fail."""
        shown = [line for line in self.lines if line.fails or not line.detail]
        hidden = len(self.lines) - len(shown)
        rest = f"\n{hidden} more lines (slices, capabilities) passed.\n" if hidden else ""
        note = f"\n{self.note}\n" if self.note else ""
        return "\n".join([_HEAD, *map(_row, shown)]) + "\n" + rest + note


_HEAD = "| line | champion | challenger | difference | allowed | |\n| --- | --- | --- | --- | --- | --- |"


def _row(line: GateLine) -> str:
    mark = "passed" if line.passed else "**failed**" if line.decides else "noted"
    mark = mark if line.champion is not None or line.decides else "not measured"
    interval = "" if line.low is None or line.high is None else f" ({line.low:+.3f} to {line.high:+.3f})"
    difference = "–" if line.difference is None else f"{_number(line.difference, '+')}{interval}"
    cells = (line.name, _number(line.champion), _number(line.challenger), difference, line.allowed)
    return f"| {' | '.join(cells)} | {mark}: {line.why} |"


def _number(value: float | None, sign: str = "") -> str:
    if value is None:
        return "–"
    return f"{value:{sign}d}" if isinstance(value, int) else f"{value:{sign}.3f}"
