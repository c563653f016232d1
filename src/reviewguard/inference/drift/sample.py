"""What a set of judged messages looks like, as counts that hold no words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from reviewguard.encoding import MessageEncoder
from reviewguard.inference.alike import KindCounter
from reviewguard.schema import Verdict

NUMBERS = ("score", "words", "unknown")
NAMES = ("language", "verdict", "sent")


@dataclass(frozen=True, slots=True)
class Sample:
    """Messages, counted by value; those that differ only in names, numbers, days and links count once a decision.

    Attributes:
        messages: how many there are.
        texts: how many different ones; every mapping below but `sent` adds up to it.
        score: probability of a violation, in thousandths.
        words: words of the message.
        unknown: share of its words that the model's vocabulary lacks (`MessageEncoder.word_counts`), in hundredths.
        language: ISO 639-1 code or "und".
        verdict: decision under the profile.
        sent: the same of all messages, copies included.
    """

    messages: int
    texts: int
    score: Mapping[float, int]
    words: Mapping[float, int]
    unknown: Mapping[float, int]
    language: Mapping[str, int]
    verdict: Mapping[str, int]
    sent: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: numbers as pairs of value and count, in order."""
        numbers = {name: [list(pair) for pair in sorted(getattr(self, name).items())] for name in NUMBERS}
        names = {name: dict(sorted(getattr(self, name).items())) for name in NAMES}
        return {"messages": self.messages, "texts": self.texts} | numbers | names

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read the JSON form back. References up to 0.20 lack `sent`: they hold no copies.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """

        def numbers(name: str) -> dict[float, int]:
            return {float(value): int(count) for value, count in values[name]}

        def names(name: str) -> dict[str, int]:
            return {str(key): int(count) for key, count in values.get(name, values["verdict"]).items()}

        counted: dict[str, Any] = {n: numbers(n) for n in NUMBERS} | {n: names(n) for n in NAMES}
        return cls(messages=int(values["messages"]), texts=int(values["texts"]), **counted)


def measure(verdicts: Iterable[Verdict], encoder: MessageEncoder) -> Sample:
    """Count verdicts, which hold their texts; those without a decision are left out."""
    kinds = KindCounter()
    score, words, unknown = (Counter[float]() for _ in NUMBERS)
    language, decision, sent = (Counter[str]() for _ in NAMES)
    for verdict in verdicts:
        if verdict.verdict is None or verdict.probability is None:
            continue
        sent[verdict.verdict] += 1
        if not kinds.add(verdict.text, verdict.verdict)[1]:
            continue
        known, lacking = encoder.word_counts(verdict.text)
        score[round(verdict.probability, 3)] += 1
        words[float(known)] += 1
        unknown[round(lacking / max(known, 1), 2)] += 1
        language[verdict.language] += 1
        decision[verdict.verdict] += 1
    return Sample(sent.total(), len(kinds.counts), score, words, unknown, language, decision, sent)
