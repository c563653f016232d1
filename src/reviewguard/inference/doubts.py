"""Why a person has to look at a message: what the model cannot judge in it, or is not sure of."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reviewguard.encoding import MAX_CHARACTERS, EncodedMessage
from reviewguard.inference.language import Language
from reviewguard.policy import Profile, load_policy
from reviewguard.schema import TypeScore

LONGEST_WORD = 120
"""Letters and digits without a space beyond which a text is no prose (base64, keys)."""
_ENDLESS = re.compile(rf"(?:[^\W_][+/=_]?+){{{LONGEST_WORD + 1}}}")

_BETWEEN = "lies between the thresholds: neither clear nor certain"


def nothing_to_read(text: str) -> str:
    """The error of a message that gives the model no token."""
    what = "an empty message" if not text.strip() else "a message without anything readable"
    return f"{what}: expected the seller's words"


def doubts(text: str, encoded: EncodedMessage, language: Language, *, asks: bool) -> tuple[str, ...]:
    """Why a person should look even where the model finds nothing.

    Args:
        asks: whether it asks for a review and is not accused, so that what the buyer said before decides.
    """
    found = []
    if language.foreign:
        found.append(f"language: {language.code}, the model reads English")
    if encoded.truncated:
        found.append(f"long: only the first {MAX_CHARACTERS:,} characters were read")
    if asks and encoded.buyer_cut:
        found.append("long: only the start of the buyer's message was read, and an ask depends on it")
    bare = re.sub(r"(?:https?://|www\.)\S+", " ", text)
    if not re.search(r"\w", bare):
        found.append("unreadable: no words, only links or symbols")
    elif _ENDLESS.search(bare):
        found.append(f"unreadable: a run of more than {LONGEST_WORD} characters without a space")
    return tuple(found)


def undecided(probability: float) -> str:
    """The reason of a message that nothing but its probability, 0–1, puts before a person."""
    return f"{percent(probability)} {_BETWEEN}"


def percent(probability: float) -> str:
    """A probability for people, which is never 0% or 100%."""
    return "over 99%" if probability > 0.99 else "under 1%" if probability < 0.01 else f"{probability:.0%}"


def is_judged(reasons: Sequence[str]) -> bool:
    """Whether the model could judge the message: there is no reason, or first of all that it is undecided."""
    return not reasons or reasons[0].endswith(_BETWEEN)


def halves(types: Sequence[TypeScore], rules: Profile) -> tuple[str, ...]:
    """Types present that break a rule of the profile only together with another type, which is not."""
    broken = rules.breaking_types([t.type for t in types])
    return tuple(
        f"{load_policy().types[t.type].title}: by itself not a rule of the {rules.name} profile"
        for t in types
        if t.type not in broken and rules.mentions(t.type)
    )
