"""Why a compliant message that speaks of reviews or of gifts is clear: what the model measured at each such word."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence

from reviewguard.inference.doubts import percent
from reviewguard.inference.spans import WordScores
from reviewguard.inference.words import load_words
from reviewguard.policy import NEUTRAL_REQUEST, REPEAT_REQUEST, load_policy
from reviewguard.schema import TypeScore
from reviewguard.text import without_tags

_WORD = re.compile(r"[^\W_]+")


def trigger_words(text: str) -> dict[str, list[int]]:
    """Words about reviews, or what is given for them, in a text, lower-case, with the offsets at which each begins."""
    words, found = load_words(), dict[str, list[int]]()
    known = words.review_words | words.benefit_words
    for match in _WORD.finditer(without_tags(text)):
        if (word := match.group().lower()) in known:
            found.setdefault(word, []).append(match.start())
    return found


def clear_because(
    places: Mapping[str, Sequence[int]],
    scores: Mapping[str, WordScores],
    present: Sequence[TypeScore],
    threshold: float,
    profile: str,
) -> tuple[str, ...]:
    """Reasons for a compliant verdict: types found that are permitted, then words that ask for nothing.

    Args:
        places: the words to explain; see `trigger_words`.
        scores: type → evidence of the message's words.
        present: types found.
        threshold: token probability from which a word is evidence.
    """
    quiet: dict[str, float] = {}
    weak: list[str] = []
    for word, starts in places.items():
        kind, value = max(((k, _strongest(s, starts)) for k, s in scores.items()), key=lambda item: item[1])
        if value < threshold:
            quiet[word] = value
        elif kind not in {t.type for t in present}:
            title = load_policy().types[kind].title
            weak.append(f"'{word}' here: too little for a rule (evidence {_value(value)}, {title})")
    benefits = {word: value for word, value in quiet.items() if word in load_words().benefit_words}
    # Beside an ask, "no ask" would deny it.
    others = {} if present else {word: value for word, value in quiet.items() if word not in benefits}
    return (
        *(_permitted(item, profile) for item in present),
        *weak,
        *_quiet(others, "no ask"),
        *_quiet(benefits, "tied to no review"),
    )


def _strongest(scores: WordScores, places: Sequence[int]) -> float:
    """The most evidence of a word that holds one of the places; 0 where none does."""
    starts = [start for start, _ in scores.words]
    words = ((bisect_right(starts, place) - 1, place) for place in places)
    return max(
        (float(scores.probability[w]) for w, at in words if w >= 0 and at < scores.words[w][1]), default=0.0
    )


def _permitted(item: TypeScore, profile: str) -> str:
    kind = load_policy().types[item.type]
    once = item.type == NEUTRAL_REQUEST and REPEAT_REQUEST in load_policy().profile(profile).order_rules
    how_often = " once per order" if once else ""
    return f"{kind.title} ({percent(item.probability)}), which the {profile} rules permit{how_often}"


def _quiet(words: Mapping[str, float], why: str) -> tuple[str, ...]:
    if not words:
        return ()
    named = ", ".join(f"'{word}'" for word in words)
    return (f"{named} here: {why} (evidence {_value(max(words.values()))})",)


def _value(evidence: float) -> str:
    return "under 0.01" if evidence < 0.01 else f"{evidence:.2f}"
