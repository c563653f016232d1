"""Counts the dataset, and measures how varied and how guessable it is."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from reviewguard.curation.rules import exact_key
from reviewguard.curation.shortcuts import nearest_similarity, surface_auroc, words_auroc
from reviewguard.curation.storage import label_of
from reviewguard.curation.vocabulary import REVIEW_ISH, TRIGGER
from reviewguard.policy import NEUTRAL_REQUEST, load_policy
from reviewguard.schema import COMPLIANT, LabelledMessage
from reviewguard.text import normalize

SHORT_WORDS = 8
LONG_WORDS = 120
_LENGTHS = ((SHORT_WORDS, "≤8 words"), (40, "9–40 words"), (LONG_WORDS - 1, "41–119 words"))

_COUNTED = (
    NEUTRAL_REQUEST,
    "hard negatives",
    "ordinary service",
    "with previous",
    "context pairs",
    f"long (≥{LONG_WORDS} words)",
    f"short (≤{SHORT_WORDS} words)",
    "non-native",
    "typos, emoji, capitals",
    "templates and inserts",
    "chat",
    "indirect asks",
)


@dataclass(frozen=True, slots=True)
class CountRow:
    """How many messages are, or have, something."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class DatasetStats:
    """Size, mix, variety and guessability of a set of messages.

    Attributes:
        targets: how many messages and products there are, and messages of each kind.
        registers, channels: name → verdict → messages.
        lengths: words → verdict → messages.
        briefs: writer's brief → messages.
        long_offending: messages of 120 words or more that break a rule.
        distinct_2: distinct over all word pairs in a row, 0–1; higher is more varied.
        nearest_mean, nearest_p95: cosine similarity, 0–1, to the nearest message of another family.
        surface_auroc, words_auroc: how well length and punctuation, or words that are not about
            reviews, tell the verdict; None with too few messages.
    """

    targets: tuple[CountRow, ...]
    registers: Mapping[str, Mapping[str, int]]
    channels: Mapping[str, Mapping[str, int]]
    lengths: Mapping[str, Mapping[str, int]]
    briefs: Mapping[str, int]
    long_offending: int
    distinct_2: float
    nearest_mean: float
    nearest_p95: float
    surface_auroc: float | None
    words_auroc: float | None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)

    def to_markdown(self) -> str:
        """Counts, registers and lengths by verdict, variety and shortcuts."""
        counts = [f"| {t.name} | {t.count} |" for t in self.targets]
        measures = {
            "distinct-2": self.distinct_2,
            "similarity to the nearest other message, mean": self.nearest_mean,
            "similarity to the nearest other message, 95th percentile": self.nearest_p95,
            "AUROC of length and punctuation alone": self.surface_auroc,
            "AUROC of words that are not about reviews": self.words_auroc,
        }
        return "\n".join(
            [
                "| count | messages |\n| --- | --- |",
                *counts,
                "\n| measure | value |\n| --- | --- |",
                *(f"| {name} | {'–' if v is None else f'{v:.3f}'} |" for name, v in measures.items()),
                "",
                _by_verdict("register", self.registers),
                _by_verdict("words", self.lengths),
            ]
        )


def _by_verdict(name: str, table: Mapping[str, Mapping[str, int]]) -> str:
    verdicts = sorted({v for row in table.values() for v in row})
    lines = [
        f"| {key} | " + " | ".join(str(row.get(v, 0)) for v in verdicts) + " |" for key, row in table.items()
    ]
    return "\n".join(
        [f"| {name} | {' | '.join(verdicts)} |", "| --- |" + " --- |" * len(verdicts), *lines, ""]
    )


def stats(messages: Iterable[LabelledMessage]) -> DatasetStats:
    """Measure the messages, at least one; some seconds for thousands, with five-fold baselines."""
    messages = list(messages)
    nearest = nearest_similarity(messages)
    return DatasetStats(
        targets=count_rows(messages),
        registers=_by_label(messages, lambda message: message.register),
        channels=_by_label(messages, lambda message: message.channel),
        lengths=_by_label(messages, _length),
        briefs=dict(sorted(Counter(m.writer_brief for m in messages).items())),
        long_offending=sum(_is_long(m) and label_of(m) != COMPLIANT for m in messages),
        distinct_2=distinct_2(message.text for message in messages),
        nearest_mean=float(nearest.mean()),
        nearest_p95=float(np.quantile(nearest, 0.95)),
        surface_auroc=surface_auroc(messages),
        words_auroc=words_auroc(messages),
    )


def count_rows(messages: Sequence[LabelledMessage]) -> tuple[CountRow, ...]:
    """How many messages and products there are, and messages of each kind."""
    counts = Counter(name for message in messages for name in _kinds(message))
    counts["context pairs"] = context_pairs(messages)
    counts["messages"] = len(messages)
    counts["products"] = len({message.product.casefold() for message in messages})
    names = ("messages", "products", *load_policy().violation_types, *_COUNTED)
    return tuple(CountRow(name, counts[name]) for name in names)


def context_pairs(messages: Iterable[LabelledMessage]) -> int:
    """Pairs with the same text in which only the buyer's message changes the types.

    Each message counts in one pair at most.
    """
    labels: defaultdict[str, Counter[frozenset[str]]] = defaultdict(Counter)
    for message in messages:
        labels[exact_key(message.text)][frozenset(message.types)] += 1
    return sum(_differing_pairs(counts) for counts in labels.values())


def distinct_2(texts: Iterable[str]) -> float:
    """Distinct over all word pairs in a row (Li et al. 2016), 0–1; 0 without any."""
    pairs = [p for text in texts for p in pairwise(re.findall(r"\w+", text.casefold()))]
    return len(set(pairs)) / len(pairs) if pairs else 0.0


def is_indirect_ask(message: LabelledMessage) -> bool:
    """Whether it asks (any type at all) without a word for review, feedback, rating or star."""
    return bool(message.types) and not REVIEW_ISH.search(normalize(message.text).text)


def _differing_pairs(counts: Counter[frozenset[str]]) -> int:
    total, largest = counts.total(), max(counts.values())
    return min(total // 2, total - largest)


def _kinds(message: LabelledMessage) -> Iterator[str]:
    yield from message.types
    if not message.types:
        yield "hard negatives" if TRIGGER.search(message.text) else "ordinary service"
    if message.previous is not None:
        yield "with previous"
    if is_indirect_ask(message):
        yield "indirect asks"
    if _is_long(message):
        yield f"long (≥{LONG_WORDS} words)"
    if _words(message) <= SHORT_WORDS:
        yield f"short (≤{SHORT_WORDS} words)"
    yield _REGISTER_KINDS.get(message.register, "")


_REGISTER_KINDS = {
    "non_native": "non-native",
    "typo_emoji": "typos, emoji, capitals",
    "template": "templates and inserts",
    "insert": "templates and inserts",
    "chat": "chat",
}


def _words(message: LabelledMessage) -> int:
    return len(message.text.split())


def _is_long(message: LabelledMessage) -> bool:
    return _words(message) >= LONG_WORDS


def _length(message: LabelledMessage) -> str:
    words = _words(message)
    return next((name for limit, name in _LENGTHS if words <= limit), f"≥{LONG_WORDS} words")


def _by_label(
    messages: Iterable[LabelledMessage], name_of: Callable[[LabelledMessage], str]
) -> dict[str, dict[str, int]]:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for message in messages:
        counts[name_of(message)][label_of(message)] += 1
    return {name: dict(sorted(counts[name].items())) for name in sorted(counts)}
