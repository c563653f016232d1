"""How far a blind second reading agrees with the labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reviewguard.curation.sources import Filled, StrictRow, TypeNames, parse_rows
from reviewguard.errors import InputError
from reviewguard.policy import load_policy
from reviewguard.schema import LabelledMessage

VERDICT = "verdict"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A message the two readings label differently."""

    id: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    verdict_differs: bool


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
    disagreements: tuple[Disagreement, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)


class SecondLabel(StrictRow):
    """One line of a second reading."""

    id: Filled
    types: TypeNames


def read_second_labels(path: Path) -> dict[str, tuple[str, ...]]:
    """Message id → types of a JSONL file of `{"id", "types"}`.

    Raises:
        InputError: the file cannot be read, a line is malformed, or an id stands twice.
    """
    parsed = parse_rows(Path(path), SecondLabel)
    problems = [str(issue) for issue in parsed.issues]
    labels: dict[str, tuple[str, ...]] = {}
    for line, row in parsed.rows:
        if row.id in labels:
            problems.append(f"{path}:{line}: id: {row.id} stands twice")
        labels[row.id] = row.types
    if problems:
        raise InputError("\n".join(problems), expected='{"id": "…", "types": ["…"]} on each line')
    return labels


def agreement(messages: Iterable[LabelledMessage], second: Mapping[str, tuple[str, ...]]) -> Agreement:
    """Compare the labels of the messages read twice; those read once are left out.

    Raises:
        InputError: the second reading names an unknown message, or none at all.
    """
    first = {message.id: message.types for message in messages}
    unknown = sorted(second.keys() - first.keys())
    if unknown or not second:
        found = f"unknown messages: {', '.join(unknown[:5])}" if unknown else "no second labels"
        raise InputError(found, fix="give labels of messages that are in the folder")
    pairs = [(name, frozenset(first[name]), frozenset(second[name])) for name in sorted(second)]
    differing = [_disagreement(name, first[name], second[name]) for name, a, b in pairs if a != b]
    types = load_policy().types
    kappa = {t: cohen_kappa([(t in a, t in b) for _, a, b in pairs]) for t in types}
    kappa[VERDICT] = cohen_kappa([(_is_broken(a), _is_broken(b)) for _, a, b in pairs])
    return Agreement(len(pairs), 1 - len(differing) / len(pairs), kappa, tuple(differing))


def cohen_kappa(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """Agreement beyond chance of two readings of one label (Cohen 1960); None where undefined."""
    total = len(pairs)
    same = sum(one == other for one, other in pairs)
    one, other = (sum(values) for values in zip(*pairs, strict=True))
    by_chance = one * other + (total - one) * (total - other)
    room = total**2 - by_chance
    return (same * total - by_chance) / room if room else None


def _is_broken(types: Iterable[str]) -> bool:
    return load_policy().profile("amazon").is_broken(frozenset(types))


def _disagreement(name: str, first: tuple[str, ...], second: tuple[str, ...]) -> Disagreement:
    return Disagreement(name, first, second, _is_broken(first) != _is_broken(second))
