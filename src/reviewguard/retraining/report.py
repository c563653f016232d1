"""What a retraining did and found, for people (Markdown) and machines (JSON)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reviewguard.inference.classifier import Classifier
from reviewguard.modeling.compare import ComparisonTable
from reviewguard.retraining.doubts import Doubt
from reviewguard.retraining.gate_report import GateReport
from reviewguard.retraining.labels import LISTED, told_withdrawn
from reviewguard.retraining.measure import Answers, Questions, violations
from reviewguard.schema import LabelledMessage


@dataclass(frozen=True, slots=True)
class Change:
    """A test message that one model flags and the other does not.

    Attributes:
        violation: what its label says.
        before, after: probabilities, 0–1.
        flagged: whether the challenger is the one that flags it.
        types: that the challenger names.
        new_kind: whether it names a type of the new labels. If such a message is labelled compliant, its label may
            be the one to look at: the new labels say that this kind is a violation.
    """

    id: str
    violation: bool
    before: float
    after: float
    flagged: bool
    types: tuple[str, ...]
    new_kind: bool

    @property
    def right(self) -> bool:
        """Whether the challenger is the one that agrees with the label."""
        return self.flagged == self.violation


@dataclass(frozen=True, slots=True, eq=False)
class RetrainReport:
    """A challenger beside the champion.

    Attributes:
        start: where training began, in words.
        counts: messages by their part in the round.
        left_out: place, id and rule of each label, and how many unrecorded messages, were left out.
        withdrawn: labels that the weights it began with have learnt and that are gone, as `label_version` names them.
        seconds: stage → wall time.
        run_id: MLflow's; None when tracking failed from the start.
    """

    champion: str
    challenger: str
    start: str
    data_digest: str
    counts: Mapping[str, int]
    left_out: tuple[str, ...]
    withdrawn: tuple[str, ...]
    doubts: tuple[Doubt, ...]
    changes: tuple[Change, ...]
    answers: tuple[Answers, Answers]
    gate: GateReport
    seconds: Mapping[str, float]
    run_id: str | None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: figures and ids, no sentence of the data."""
        before, after = self.answers
        return {
            "champion": before.to_dict() | {"version": self.champion},
            "challenger": after.to_dict() | {"version": self.challenger},
            "start": self.start,
            "data_digest": self.data_digest,
            "counts": dict(self.counts),
            "left_out": list(self.left_out),
            "withdrawn": list(self.withdrawn),
            "doubts": [{"id": d.message.id, "probability": d.probability} for d in self.doubts],
            "changes": [asdict(change) for change in self.changes],
            "gate": self.gate.to_dict(),
            "seconds": {name: round(value, 1) for name, value in self.seconds.items()},
            "run_id": self.run_id,
        }

    def to_markdown(self) -> str:
        """The report for people."""
        parts = (self._head(), self._figures(), self.gate.to_markdown(), self._changed(), self._doubted())
        return "\n".join(part for part in parts if part)

    def _head(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in self.counts.items())
        times = ", ".join(f"{name} {value:.0f} s" for name, value in self.seconds.items())
        notes = [f"left out: {reason}" for reason in self.left_out]
        if self.withdrawn:
            notes.append(f"labels of {self.champion}: {told_withdrawn(self.withdrawn)}")
        noted = "".join(f"\n{note}\n" for note in notes)
        return (
            f"# {self.challenger} beside {self.champion}\n\nGate: {self.gate.summary}.\n\n"
            f"Trained {self.start}. Messages: {counts} (data {self.data_digest[:12]}). Time: {times}.\n{noted}"
        )

    def _figures(self) -> str:
        before, after = (side.test for side in self.answers)
        return ComparisonTable({"test split": {self.champion: before, self.challenger: after}}).to_markdown()

    def _changed(self) -> str:
        right = [change for change in self.changes if change.right]
        wrong = [change for change in self.changes if not change.right]
        text = f"{len(right)} test messages are right now, {len(wrong)} wrong now"
        look = [c.id for c in wrong if c.new_kind and not c.violation]
        if look:
            text += (
                f"; of these {len(look)} are called what the new labels are, so look whether their own labels still "
                f"hold: {', '.join(look[:LISTED])}"
            )
        return text + ".\n"

    def _doubted(self) -> str:
        if not self.doubts:
            return ""
        return (
            f"Labels that the other labels contradict, look at them: {', '.join(map(_doubt, self.doubts))}.\n"
        )


def _doubt(item: Doubt) -> str:
    label = "a violation" if item.violation else "compliant"
    return f"{item.message.id} ({label}, yet {item.probability:.0%} likely to break the rules)"


def changes(
    questions: Questions,
    champion: Answers,
    challenger: Answers,
    classifier: Classifier,
    new: Sequence[LabelledMessage],
) -> tuple[Change, ...]:
    """The test messages that one model alone flags, the largest changes first.

    Args:
        classifier: the challenger.
        new: the new labels.
    """
    before, after = champion.test.probabilities, challenger.test.probabilities
    places = [
        i
        for i in range(len(questions.test))
        if (before[i] >= champion.threshold) != (after[i] >= challenger.threshold)
    ]
    places.sort(key=lambda i: -abs(after[i] - before[i]))
    kinds = {name for message in new for name in message.types}
    verdicts = classifier.predict([questions.test[i].message for i in places])
    labels = violations([questions.test[i] for i in places])
    found = []
    for i, verdict, violation in zip(places, verdicts, labels, strict=True):
        types = tuple(score.type for score in verdict.types)
        values = round(float(before[i]), 4), round(float(after[i]), 4)
        flagged = bool(after[i] >= challenger.threshold)
        found.append(
            Change(
                questions.test[i].id, bool(violation), *values, flagged, types, not kinds.isdisjoint(types)
            )
        )
    return tuple(found)
