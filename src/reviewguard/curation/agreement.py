"""How far a blind second reading agrees with the labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sklearn.metrics import cohen_kappa_score

from reviewguard.curation.sources import Filled, StrictRow, TypeNames, parse_rows
from reviewguard.errors import InputError
from reviewguard.policy import load_policy

VERDICT = "verdict"


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of two readings.

    Attributes:
        messages: how many were read twice.
        same: share with exactly the same types, 0–1.
        kappa: type, and "verdict" under Amazon's rules → Cohen's kappa, at most 1; None where both
            readings give the label to no message, or to every one, and kappa is undefined.
    """

    messages: int
    same: float
    kappa: Mapping[str, float | None]

    def to_markdown(self) -> str:
        """Kappa per label as a table."""
        rows = [f"| {name} | {'–' if k is None else f'{k:.3f}'} |" for name, k in self.kappa.items()]
        head = f"{self.messages} messages read twice, {self.same:.1%} with exactly the same types\n"
        return "\n".join([head, "| label | Cohen's kappa |", "| --- | --- |", *rows])


class Reading(StrictRow):
    """One line of a second reading: both labels as they were then, before anything was settled."""

    id: Filled
    first: TypeNames
    second: TypeNames


def read_readings(path: Path) -> list[Reading]:
    """The lines of a JSONL file of `{"id", "first", "second"}`.

    Raises:
        InputError: the file cannot be read or is empty, a line is malformed, or an id stands twice.
    """
    parsed = parse_rows(Path(path), Reading)
    problems = [str(issue) for issue in parsed.issues]
    seen: set[str] = set()
    for line, row in parsed.rows:
        if row.id in seen:
            problems.append(f"{path}:{line}: id: {row.id} stands twice")
        seen.add(row.id)
    if problems or not seen:
        raise InputError(
            "\n".join(problems) or f"{path} is empty",
            expected='{"id": "…", "first": ["…"], "second": ["…"]} on each line',
        )
    return [row for _, row in parsed.rows]


def agreement(readings: Sequence[Reading]) -> Agreement:
    """Compare the two labels of every message that was read twice."""
    pairs = [(frozenset(row.first), frozenset(row.second)) for row in readings]
    same = sum(a == b for a, b in pairs) / len(pairs)
    types = load_policy().types
    kappa = {t: _kappa([(t in a, t in b) for a, b in pairs]) for t in types}
    broken = load_policy().profile("amazon").is_broken
    kappa[VERDICT] = _kappa([(broken(a), broken(b)) for a, b in pairs])
    return Agreement(len(pairs), same, kappa)


def _kappa(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """Cohen's kappa of two readings of one label; None where both give it to no message, or to every one."""
    one, other = zip(*pairs, strict=True)
    return None if len({*one, *other}) == 1 else float(cohen_kappa_score(one, other))
