"""Compares two samples measure by measure, and says in a sentence each what moved and whether to label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from statistics import fmean, median_low
from typing import Any, Literal

from reviewguard.inference.drift.sample import Sample
from reviewguard.inference.drift.statistics import (
    Stability,
    ks_2samp,
    noticeable_gap,
    psi,
    psi_of_numbers,
    share_p_value,
)
from reviewguard.schema import NEEDS_REVIEW, REVIEW_SOLICITING

Size = Literal["none", "some", "clear", "unknown"]

FEWEST = 50
"""Different texts on each side below which nothing is said: not even a shift of a third would show."""
_TESTS = 9
"""PSI and KS of three measures, and a test of three shares."""
CHANCE = 0.01 / _TESTS
"""Of each test: where nothing changed, at most one report in a hundred says that something did (Bonferroni)."""
SOME, CLEAR = 0.1, 0.25
"""PSI and KS statistic from which a measure moved, and clearly moved (Siddiqi's levels of the PSI)."""
_KNOWN_LANGUAGES = ("en", "und")
_MORE_WORK = 0.05
"""Share of the messages that go to a person in addition from which that matters."""
_MORE_SENT = 0.05
"""The same of all messages sent that are review-soliciting."""


@dataclass(frozen=True, slots=True)
class Movement:
    """How one measure differs between two samples.

    Attributes:
        measure: score, sent, words, unknown, language or needs-review.
        before, after: mean score, median words, mean share of words, or share of messages.
        psi: population stability index; of shares, over the messages that have the property and the others.
        ks: statistic of the two-sample Kolmogorov-Smirnov test, 0–1; None for shares.
        p_value: of that test, or of the z-test for shares.
        size: "unknown" where there are too few messages to tell.
    """

    measure: str
    before: float
    after: float
    psi: float
    ks: float | None
    p_value: float
    size: Size
    sentence: str

    @property
    def moved(self) -> bool:
        """Whether the measure differs by more than chance and by enough to matter."""
        return self.size in ("some", "clear")


@dataclass(frozen=True, slots=True)
class Drift:
    """Two samples compared.

    Attributes:
        against: what `before` is, for people.
        notes: what to know before reading the movements.
        advice: whether to label, in a sentence.
        label: whether to label.
    """

    against: str
    profile: str
    model: str
    before: Sample
    after: Sample
    movements: tuple[Movement, ...]
    notes: tuple[str, ...]
    advice: str
    label: bool

    @property
    def moved(self) -> bool:
        """Whether any measure moved."""
        return any(movement.moved for movement in self.movements)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        values = asdict(self) | {"before": self.before.to_dict(), "after": self.after.to_dict()}
        values["movements"] = [asdict(m) | {"moved": m.moved} for m in self.movements]
        return values | {"notes": list(self.notes), "moved": self.moved}


@dataclass(frozen=True, slots=True)
class Measure:
    """How a measure is called.

    Attributes:
        row: in a table.
        subject, figure: in a sentence: what moved, and what its figure is.
        shown: how figures are printed.
    """

    name: str
    row: str
    subject: str
    figure: str
    shown: str


_SCORE = Measure("score", "score, mean", "Scores", "the mean probability of a violation", "{:.2f}")
_SENT = Measure(
    "sent",
    "flagged, of all sent",
    "Review-soliciting messages, copies included,",
    "their share of all messages sent",
    "{:.1%}",
)
_WORDS = Measure("words", "length, median", "Length", "the median", "{:.0f} words")
_UNKNOWN = Measure(
    "unknown", "words unknown, mean", "Words that the model's vocabulary lacks", "their mean share", "{:.1%}"
)
_LANGUAGE = Measure("language", "not English", "Text that is not English", "its share", "{:.1%}")
_REVIEW = Measure("needs-review", NEEDS_REVIEW, "Messages for a person", "their share", "{:.1%}")
MEASURES: Mapping[str, Measure] = {m.name: m for m in (_SCORE, _SENT, _WORDS, _UNKNOWN, _LANGUAGE, _REVIEW)}


def compare(
    before: Sample, after: Sample, *, against: str, profile: str, model: str, notes: tuple[str, ...] = ()
) -> Drift:
    """Every measure of two samples, neither of them empty."""
    enough = min(before.texts, after.texts) >= FEWEST
    # Copies are not independent, so the test only keeps chance out; how often a text was sent is no guess.
    sent = _of_shares(_SENT, before.sent, after.sent, REVIEW_SOLICITING.__eq__, least=_MORE_SENT)
    found = (
        _of_numbers(_SCORE, before.score, after.score, _mean),
        _of_numbers(_WORDS, before.words, after.words, _median),
        _of_numbers(_UNKNOWN, before.unknown, after.unknown, _mean),
        _of_shares(_LANGUAGE, before.language, after.language, _is_foreign, least=0.02),
        _of_shares(_REVIEW, before.verdict, after.verdict, NEEDS_REVIEW.__eq__, least=_MORE_WORK),
    )
    score, *others = (m if enough else _untold(m) for m in found)
    movements = (score, sent if min(before.messages, after.messages) >= FEWEST else _untold(sent), *others)
    notes = (*notes, *_size_notes(before, after, enough))
    return Drift(against, profile, model, before, after, movements, notes, *_advice(movements, enough))


def _of_numbers(
    measure: Measure,
    before: Mapping[float, int],
    after: Mapping[float, int],
    figure: Callable[[Mapping[float, int]], float],
) -> Movement:
    test, stability = ks_2samp(before, after), psi_of_numbers(before, after)
    gap = test.statistic if test.p_value < CHANCE else 0.0
    size = _size(max(gap, _beyond_chance(stability)), SOME, CLEAR)
    figures = figure(before), figure(after)
    same_way = (figures[1] > figures[0]) if test.upwards else (figures[1] < figures[0])
    direction = "" if not (gap and same_way) else "up" if test.upwards else "down"
    sentence = _sentence(measure, size, direction, *figures, seen=test.statistic >= SOME)
    return Movement(measure.name, *figures, stability.psi, test.statistic, test.p_value, size, sentence)


def _of_shares(
    measure: Measure,
    before: Mapping[str, int],
    after: Mapping[str, int],
    has: Callable[[str], bool],
    *,
    least: float,
) -> Movement:
    """Compare the shares of what `has` a property.

    Args:
        least: the difference of two shares from which it matters; three times as much is clear.
    """
    totals = sum(before.values()), sum(after.values())
    counts = [sum(n for value, n in side.items() if has(value)) for side in (before, after)]
    first, second = counts[0] / totals[0], counts[1] / totals[1]
    p_value = share_p_value(counts[0], totals[0], counts[1], totals[1])
    stability = psi(*([c, total - c] for c, total in zip(counts, totals, strict=True)))
    gap, shift = (abs(second - first), _beyond_chance(stability)) if p_value < CHANCE else (0.0, 0.0)
    size = max(_size(gap, least, 3 * least), _size(shift, SOME, CLEAR), key=_ORDER.index)
    direction = ("up" if second > first else "down") if gap else ""
    sentence = _sentence(measure, size, direction, first, second, seen=abs(second - first) >= least)
    return Movement(measure.name, first, second, stability.psi, None, p_value, size, sentence)


def _untold(movement: Movement) -> Movement:
    measure = MEASURES[movement.measure]
    sentence = _sentence(measure, "unknown", "", movement.before, movement.after)
    return replace(movement, size="unknown", sentence=sentence)


_ORDER: tuple[Size, ...] = ("none", "some", "clear")


def _size(value: float, some: float, clear: float) -> Size:
    return "clear" if value >= clear else "some" if value >= some else "none"


def _beyond_chance(stability: Stability) -> float:
    return stability.psi if stability.psi > stability.by_chance(CHANCE) else 0.0


def _is_foreign(language: str) -> bool:
    return language not in _KNOWN_LANGUAGES


def _mean(sample: Mapping[float, int]) -> float:
    return fmean(sample, sample.values())


def _median(sample: Mapping[float, int]) -> float:
    return median_low(Counter(sample).elements())


def _sentence(
    measure: Measure, size: Size, direction: str, before: float, after: float, *, seen: bool = False
) -> str:
    """`seen`: whether there is a difference that would matter, if chance did not explain it."""
    how = {
        "none": "may have moved, but with so few messages that may be chance" if seen else "did not move",
        "some": f"moved {direction}".strip(),
        "clear": " ".join(f"moved {direction} clearly".split()),
        "unknown": "cannot be compared with so few messages",
    }[size]
    old, new = (measure.shown.format(value) for value in (before, after))
    return f"{measure.subject} {how}: {measure.figure} is {new}, before {old}."


def _size_notes(before: Sample, after: Sample, enough: bool) -> tuple[str, ...]:
    if not enough:
        return (
            f"Too few messages to tell: the number of different texts is {before.texts} before and {after.texts} now, "
            f"at least {FEWEST} are needed on each side.",
        )
    gap = noticeable_gap(before.texts, after.texts, CHANCE)
    if gap <= SOME:
        return ()
    return (f"With so few messages, the KS test would not show a shift of less than {gap:.0%} of them.",)


def _advice(movements: tuple[Movement, ...], enough: bool) -> tuple[str, bool]:
    found = {m.measure: m for m in movements if m.moved}
    foreign = found["language"].after - found["language"].before if "language" in found else 0.0
    worse = [
        m
        for m in found.values()
        # Text that is not English has other words and goes to a person: as much of a rise is no doubt of the model's.
        if (m.measure == "unknown" and m.after > m.before and foreign <= 0)
        or (m.measure == NEEDS_REVIEW and m.after - m.before - max(foreign, 0.0) >= _MORE_WORK)
    ]
    if not enough:
        return "Collect more messages before you decide whether to label.", False
    if "score" in found or worse:
        return (
            "Label some of these messages: `reviewguard suggest` picks unlike ones that the model is unsure of.",
            True,
        )
    if "sent" in found and found["sent"].after > found["sent"].before:
        return (
            "More of the messages sent break the rules, since some texts were sent often: this is no reason to label. "
            "`reviewguard audit` shows the texts, and how often each was sent.",
            False,
        )
    if "language" in found:
        return "Labels do not help here: the model reads English, and the rest goes to a person.", False
    if found:
        return (
            "What moved is no reason to label: as far as is certain, scores are as before, and hardly more work goes "
            "to people.",
            False,
        )
    return "Nothing moved for certain: this is no reason to label.", False
