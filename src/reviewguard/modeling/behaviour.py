"""Runs behaviour cases with a scorer: how often does each capability fail, and where?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reviewguard.modeling.behaviour_cases import Case
from reviewguard.modeling.scorer import Scorer, scored_probabilities, version_of
from reviewguard.policy import NEUTRAL_REQUEST
from reviewguard.schema import Verdict

MARGIN = 0.01
"""The least change of probability that counts as a move."""


@dataclass(frozen=True, slots=True)
class FailedCase:
    """A case that failed, with the probability (0–1) of each of its messages."""

    id: str
    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class CapabilityResult:
    """How one capability did.

    Attributes:
        cases: how many were run.
        failed: those that failed, in file order.
        types_expected, types_found: labelled violation types, and those of them that the verdicts name.
    """

    name: str
    cases: int
    failed: tuple[FailedCase, ...]
    types_expected: int = 0
    types_found: int = 0

    @property
    def failed_ids(self) -> tuple[str, ...]:
        """Ids of the cases that failed."""
        return tuple(case.id for case in self.failed)

    @property
    def failures(self) -> int:
        """How many cases failed."""
        return len(self.failed)

    @property
    def failure_rate(self) -> float:
        """Share of cases that failed, 0–1."""
        return self.failures / self.cases

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self) | {"failures": self.failures, "failure_rate": self.failure_rate}


@dataclass(frozen=True, slots=True)
class BehaviourReport:
    """Results by capability of one model.

    Attributes:
        version: name and version, as verdicts carry them.
    """

    model: str
    version: str
    capabilities: tuple[CapabilityResult, ...]

    @property
    def overall(self) -> CapabilityResult:
        """All capabilities taken together; ids are prefixed with the capability."""
        return CapabilityResult(
            name="overall",
            cases=sum(c.cases for c in self.capabilities),
            failed=tuple(
                FailedCase(f"{c.name}:{f.id}", f.probabilities) for c in self.capabilities for f in c.failed
            ),
            types_expected=sum(c.types_expected for c in self.capabilities),
            types_found=sum(c.types_found for c in self.capabilities),
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        overall = self.overall.to_dict()
        del overall["failed"]
        return {
            "model": self.model,
            "version": self.version,
            "overall": overall,
            "capabilities": {c.name: c.to_dict() for c in self.capabilities},
        }

    def to_markdown(self) -> str:
        """A table of capabilities, and the ids of the failed cases under it."""
        lines = [
            "| capability | cases | failed | failure rate | types found |",
            "| --- | --- | --- | --- | --- |",
        ]
        lines += [_table_row(result) for result in (*self.capabilities, self.overall)]
        lines += [f"\n{c.name}: {', '.join(c.failed_ids)}" for c in self.capabilities if c.failed]
        return "\n".join(lines) + "\n"


def run_behaviour(scorer: Scorer, suite: Mapping[str, Sequence[Case]]) -> BehaviourReport:
    """Score every message of the suite once.

    A verdict is right when the probability is on its side of `scorer.threshold`; a message that could not be
    scored counts as probability 0.

    Args:
        suite: capability → its cases, none of them empty, as `load_cases` returns it.
    """
    cases = [case for capability in suite.values() for case in capability]
    scored = scorer.predict([m.message for case in cases for m in case.messages])
    verdicts = iter(scored)
    results = tuple(
        _measure(name, capability, verdicts, scorer.threshold) for name, capability in suite.items()
    )
    return BehaviourReport(scorer.name, version_of(scorer, scored), results)


def passes(case: Case, probabilities: Sequence[float], threshold: float) -> bool:
    """Whether these probabilities (one a message, 0–1) are what the case expects.

    A direction case needs a move of at least `MARGIN`.
    """
    if case.direction is None:
        return all((p >= threshold) == bad for p, bad in zip(probabilities, case.violates, strict=True))
    before, after = probabilities if case.direction == "up" else probabilities[::-1]
    return after - before >= MARGIN


def _measure(
    name: str, cases: Sequence[Case], verdicts: Iterator[Verdict], threshold: float
) -> CapabilityResult:
    """Takes from `verdicts` as many as the cases have messages."""
    failed: list[FailedCase] = []
    expected = found = 0
    for case in cases:
        said = [next(verdicts) for _ in case.messages]
        probabilities = tuple(scored_probabilities(said).tolist())
        if not passes(case, probabilities, threshold):
            failed.append(FailedCase(case.id, probabilities))
        for message, verdict in zip(case.messages, said, strict=True):
            types = set(message.types) - {NEUTRAL_REQUEST}
            expected += len(types)
            found += len(types & {score.type for score in verdict.types})
    return CapabilityResult(name, len(cases), tuple(failed), expected, found)


def _table_row(result: CapabilityResult) -> str:
    types = f"{result.types_found / result.types_expected:.1%}" if result.types_expected else "–"
    return f"| {result.name} | {result.cases} | {result.failures} | {result.failure_rate:.1%} | {types} |"
