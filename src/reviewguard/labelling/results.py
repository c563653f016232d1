"""What `data add` was told, and what it found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reviewguard.errors import InputError
from reviewguard.labelling.compare import Candidate, Conflict, Decision, Repetition
from reviewguard.labelling.rows import Refused

ALL = "all"


@dataclass(frozen=True, slots=True)
class Decisions:
    """What was decided on conflicts, by the id of the new label.

    "all" stands for every conflict but those that a decision brings about.

    Attributes:
        accept: the new label is taken, and what contradicts it is replaced.
        reject: the new label is left out, and no other contradicts it; so is any other row named here.
        both: the two messages do differ, so both labels stand.
    """

    accept: frozenset[str] = frozenset()
    reject: frozenset[str] = frozenset()
    both: frozenset[str] = frozenset()

    @property
    def by_id(self) -> Decisions:
        """Without those for all."""
        return Decisions(self.accept - {ALL}, self.reject - {ALL}, self.both - {ALL})

    def on(self, name: str) -> Decision | None:
        """The decision on one conflict; one by id goes before one for all."""
        choices: dict[Decision, frozenset[str]] = {
            "accept": self.accept,
            "reject": self.reject,
            "both": self.both,
        }
        for wanted in (name, ALL):
            named = [choice for choice, ids in choices.items() if wanted in ids]
            if len(named) > 1:
                raise InputError(f"{wanted}: {' and '.join(named)} at once", expected="one decision a label")
            if named:
                return named[0]
        return None


@dataclass(frozen=True, slots=True)
class Doubt:
    """A label that may be wrong: the model gives the message this probability (0–1) of breaking the rules."""

    new: Candidate
    probability: float


@dataclass(frozen=True, slots=True)
class AddReport:
    """What became of each row.

    Attributes:
        added: labels added, or to be added once nothing is open.
        removed: ids of stored labels to delete: another label was accepted instead, or the written message's own.
        repetitions: rows with a label that is known already.
        conflicts: known labels that rows contradict, with what was decided.
        doubts: added labels that may be wrong, the most doubtful first.
        refused: rows that cannot be taken in, or were rejected.
        unlabelled: rows that nobody labelled, and that are left out.
        scrubbed: placeholder → personal details it stands for.
        marked: labels whose words the model marked, and nobody has seen.
        renewed: rows whose marks take the place of the model's, on a label that is stored already.
        measured: id of an added label → the validation or test message that it reads like, for which it is not learnt.
        written: the file that took labels, or the folder where several did or labels only went; None where nothing was
            written.
    """

    added: tuple[Candidate, ...]
    repetitions: tuple[Repetition, ...]
    conflicts: tuple[Conflict, ...]
    doubts: tuple[Doubt, ...]
    refused: tuple[Refused, ...]
    scrubbed: Mapping[str, int]
    marked: tuple[Candidate, ...]
    unlabelled: int = 0
    removed: frozenset[str] = frozenset()
    renewed: tuple[Repetition, ...] = ()
    measured: Mapping[str, str] = field(default_factory=dict)
    written: Path | None = None

    @property
    def incoming(self) -> tuple[Candidate, ...]:
        """What is written: labels added, and those with new marks."""
        return (*self.added, *(item.new for item in self.renewed))

    @property
    def outgoing(self) -> frozenset[str]:
        """Ids of the stored labels that others take the place of, or that go."""
        return self.removed | {item.old.message.id for item in self.renewed}

    @property
    def undecided(self) -> tuple[Conflict, ...]:
        """Conflicts that keep everything from being written."""
        return tuple(conflict for conflict in self.conflicts if conflict.decision is None)


def rows_of(conflicts: Iterable[Conflict]) -> dict[str, list[Conflict]]:
    """Id of a new label → its conflicts, which one decision settles."""
    rows: dict[str, list[Conflict]] = {}
    for conflict in conflicts:
        rows.setdefault(conflict.new.id, []).append(conflict)
    return rows
