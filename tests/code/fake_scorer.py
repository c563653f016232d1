"""A scorer that says what a test tells it to say, and six messages it judges half right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reviewguard.policy import load_policy
from reviewguard.schema import (
    Decision,
    Evidence,
    LabelledMessage,
    Message,
    Rationale,
    TypeScore,
    Verdict,
)

TYPES = tuple(load_policy().types)


@dataclass(frozen=True)
class FakeScorer:
    """Probability, types and evidence (quotes) by text; a text it does not know is compliant."""

    said: Mapping[str, tuple[float | None, Sequence[str], Sequence[str]]]
    name: str = "fake"
    threshold: float = 0.5
    type_names: tuple[str, ...] = TYPES
    type_thresholds: NDArray[np.float64] = field(default_factory=lambda: np.full(len(TYPES), 0.5))

    def predict(self, messages: Sequence[Message]) -> list[Verdict]:
        return [self._verdict(message) for message in messages]

    def predict_types(self, messages: Sequence[Message]) -> NDArray[np.float64]:
        said = [self._said(message.text)[1] for message in messages]
        return np.array([[0.9 if name in types else 0.1 for name in TYPES] for types in said])

    def _said(self, text: str) -> tuple[float | None, Sequence[str], Sequence[str]]:
        return self.said.get(text, (0.0, (), ()))

    def _verdict(self, message: Message) -> Verdict:
        text = message.text
        probability, types, quotes = self._said(text)
        evidence = tuple(Evidence(text.index(q), text.index(q) + len(q), q, types[0], 1.0) for q in quotes)
        decision: Decision | None = None
        if probability is not None:
            bands: tuple[tuple[float, Decision], ...] = (
                (0.7, "review-soliciting"),
                (0.3, "needs-review"),
                (0.0, "compliant"),
            )
            decision = next(name for least, name in bands if probability >= least)
        return Verdict(
            message.id,
            decision,
            probability,
            types=tuple(TypeScore(name, 0.9) for name in types),
            evidence=evidence,
        )


ASK = "Thanks, please tell us on the page"
BRIBE = "Get $5 for your five stars today"
MISSED = "You know what to do"
FALSE = "Please review your address"
CLEAN = "Your parcel left today"


def labelled(
    id: str,
    text: str,
    *types: str,
    quote: str = "",
    previous: str | None = None,
    register: str = "",
) -> LabelledMessage:
    start = text.find(quote)
    rationale = (Rationale(start, start + len(quote), types[0]),) if quote else ()
    return LabelledMessage(id, text, previous, types, rationale, family=id, register=register)


EXAMPLES = (
    labelled("bribe", BRIBE, "incentive", "positive_request", quote="$5 for your five stars"),
    labelled("missed", MISSED, "positive_request", quote=MISSED, register="terse"),
    labelled("false", FALSE, register="chat"),
    labelled("clean", CLEAN, register="chat"),
    labelled("neutral", ASK, "neutral_request", quote="please tell us", previous="Has it shipped?"),
    labelled("pair", ASK, "selective", quote="please tell us on the page", previous="Love it!"),
)
SCORER = FakeScorer(
    {
        BRIBE: (0.9, ("incentive",), ("for your five stars",)),
        MISSED: (0.2, (), ()),
        FALSE: (0.6, ("neutral_request",), ("review",)),
        ASK: (0.8, ("selective",), ("please tell",)),
        "Get $5   today": (0.4, (), ()),
        "Thanks,   us on the page": (0.7, ("selective",), ()),
    }
)
