"""Baseline: the list of phrases a careful seller would search for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reviewguard.policy import load_policy
from reviewguard.schema import COMPLIANT, REVIEW_SOLICITING, Evidence, Message, TypeScore, Verdict

_REVIEW = r"(?:reviews?|feedbacks?|ratings?)"
_BENEFIT = (
    r"(?:gift ?cards?|refund\w*|discounts?|coupons?|vouchers?|rewards?|cash ?back|bonus(?:es)?"
    r"|free (?:gift|item|product|replacement)|extended warranty)"
)

PHRASES: Mapping[str, tuple[str, ...]] = {
    "positive_request": (
        r"(?:5|five)[\s-]*stars?",
        r"(?:⭐|★){3,}",
        rf"\b(?:positive|good|great|nice|favou?rable|excellent)\s+{_REVIEW}\b",
    ),
    "incentive": (
        rf"\b{_BENEFIT}\b.{{0,80}}?\b{_REVIEW}\b",
        rf"\b{_REVIEW}\b.{{0,80}}?\b{_BENEFIT}\b",
        rf"\bin (?:exchange|return) for\b.{{0,40}}?\b{_REVIEW}\b",
    ),
    "change_or_remove": (
        r"\b(?:chang|updat|revis|remov|delet|edit|reconsider|amend|rais)\w*\b.{0,40}?"
        rf"\b{_REVIEW}\b",
        rf"\btak\w+ down\b.{{0,40}}?\b{_REVIEW}\b",
    ),
    "selective": (
        r"\bif you(?:'re| are| were)?\s+(?:happy|satisfied|pleased|love|like|enjoy)\w*\b.{0,80}?"
        rf"\b{_REVIEW}\b",
        rf"\bbefore (?:you )?(?:leav|post|writ|giv)\w*\b.{{0,30}}?\b{_REVIEW}\b",
    ),
    "pressure": (
        rf"\bdepends? on\b.{{0,40}}?\b{_REVIEW}\b",
        rf"\b(?:have|has)(?: still)? not (?:yet )?(?:left|reviewed|rated)\b.{{0,40}}?\b{_REVIEW}\b",
        rf"\b(?:bad|negative|low|poor) {_REVIEW}\b",
    ),
    "off_platform": (
        r"\b(?:whats ?app|telegram|facebook|messenger|paypal|venmo)\b.{0,80}?"
        rf"\b{_REVIEW}\b",
        rf"\bscreenshot\b.{{0,40}}?\b{_REVIEW}\b",
        rf"\b{_REVIEW}\b.{{0,80}}?\b(?:screenshot|whats ?app|telegram|paypal|venmo)\b",
    ),
    "insider": (
        rf"\b(?:family|friends|relatives|colleagues|employees)\b.{{0,40}}?\b{_REVIEW}\b",
        rf"\b(?:swap|exchange)\w*\s+{_REVIEW}\b",
    ),
    "neutral_request": (
        rf"\b(?:leav|writ|post|shar|giv)\w*\b.{{0,30}}?\b{_REVIEW}\b",
        r"\b(?:rate|review) (?:us|it|your (?:order|purchase)|this (?:item|product))\b",
    ),
}


@dataclass(frozen=True, slots=True)
class KeywordFilter:
    """A `Scorer` that finds a type where one of its phrases occurs; it learns nothing.

    Probabilities are 0 or 1, the evidence is the matched phrase, the buyer's message is not read.
    """

    name: str = "keyword filter"
    type_names: tuple[str, ...] = field(default_factory=lambda: tuple(load_policy().types))
    threshold: float = 0.5

    @property
    def type_thresholds(self) -> NDArray[np.float64]:
        """One half for every type, shape `(types,)`."""
        return np.full(len(self.type_names), 0.5)

    def predict(self, messages: Sequence[Message]) -> list[Verdict]:
        """One verdict a message, in order."""
        return [self._verdict(message) for message in messages]

    def predict_types(self, messages: Sequence[Message]) -> NDArray[np.float64]:
        """1 where a phrase of the type occurs, else 0, shape `(messages, types)`."""
        found = [{item.type for item in _matches(message.text)} for message in messages]
        return np.array([[float(n in types) for n in self.type_names] for types in found])

    def _verdict(self, message: Message) -> Verdict:
        evidence = _matches(message.text)
        types = tuple(name for name in self.type_names if any(e.type == name for e in evidence))
        broken = load_policy().profile("amazon").is_broken(types)
        return Verdict(
            id=message.id,
            verdict=REVIEW_SOLICITING if broken else COMPLIANT,
            probability=float(broken),
            types=tuple(TypeScore(name, 1.0) for name in types),
            evidence=evidence,
            model=self.name,
        )


def _matches(text: str) -> tuple[Evidence, ...]:
    found = [
        Evidence(*match.span(), match.group(), name, 1.0)
        for name, phrases in PHRASES.items()
        for phrase in phrases
        for match in re.finditer(phrase, text, re.IGNORECASE | re.DOTALL)
    ]
    return tuple(sorted(found, key=lambda item: item.start))
