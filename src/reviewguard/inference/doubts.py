"""Why a person has to look at a message: what the model cannot judge in it, or is not sure of."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reviewguard.encoding import MAX_CHARACTERS, EncodedMessage
from reviewguard.inference.language import Languages
from reviewguard.policy import Profile, load_policy
from reviewguard.schema import TypeScore
from reviewguard.settings import ProfileSettings
from reviewguard.text import LINK

LONGEST_WORD = 100
"""Letters and digits without a space beyond which a tokenizer reads no word; most are no prose (base64, keys)."""
EXCEL_CELL = 32_767
"""UTF-16 units, of which an emoji has two, that a cell of Excel holds; what is longer was cut when it was written."""
_ENDLESS = re.compile(rf"(?:[^\W_][+/=_]?+){{{LONGEST_WORD + 1}}}")
_TAG = re.compile(r"</?[a-z][^<>]{0,500}>|&#?\w{1,8};", re.IGNORECASE)

_UNDECIDED = "undecided:"
_READS = "the model reads English"


def nothing_to_read(text: str) -> str:
    """The error of a message that gives the model no token."""
    what = "an empty message" if not text.strip() else "a message without anything readable"
    return f"{what}: expected the seller's words"


def doubts(
    text: str, encoded: EncodedMessage, languages: Languages, *, asks: bool, unsure: str
) -> tuple[str, ...]:
    """Why a person should look even where the model finds nothing.

    Args:
        asks: whether it asks for a review and is not accused, so that what the buyer said before decides.
        unsure: see `undecided`, "" where it is not; told where the model can judge the text.
    """
    found = _of_text(text, encoded, languages) or [unsure] * bool(unsure)
    if asks and languages.buyer.foreign:
        found.append(f"language: the buyer wrote {languages.buyer.code}, {_READS}, and an ask depends on it")
    if asks and encoded.buyer_cut:
        found.append("long: only the start of the buyer's message was read, and an ask depends on it")
    return tuple(found)


def _of_text(text: str, encoded: EncodedMessage, languages: Languages) -> list[str]:
    found = []
    if languages.whole.foreign:
        found.append(f"language: {languages.whole.code}, {_READS}")
    elif languages.part:
        found.append(f"language: partly {languages.part.code}, {_READS}")
    if encoded.truncated:
        found.append(f"long: only the first {MAX_CHARACTERS:,} characters were read")
    elif _fills_a_cell(text):
        found.append("long: it fills a cell of Excel, which cuts what is longer")
    bare = LINK.sub(" ", _TAG.sub(" ", text))
    if not re.search(r"[^\W\d_]", bare):
        found.append("unreadable: no words, only links, numbers or symbols")
    elif _ENDLESS.search(bare) or _ENDLESS.search(encoded.text):
        found.append(f"unreadable: a run of more than {LONGEST_WORD} characters without a space")
    return found


def _fills_a_cell(text: str) -> bool:
    """Whether no more fits into a cell; an emoji at its end may leave one unit."""
    long = EXCEL_CELL // 2 <= len(text) <= EXCEL_CELL
    return long and len(text.encode("utf-16-le", "surrogatepass")) // 2 in (EXCEL_CELL - 1, EXCEL_CELL)


def undecided(probability: float, cuts: ProfileSettings) -> str:
    """The reason of a message that its probability, 0–1, puts before a person."""
    numbers = (cuts.lower, probability, cuts.upper)
    low, own, high = map(percent, numbers)
    for digits in range(1, 5):  # a number beside its cut is told in full
        if own in (low, high):
            low, own, high = (f"{number:.{digits}%}" for number in numbers)
    return f"{_UNDECIDED} {own} lies between {low} (clear below it) and {high} (flagged from there on)"


def percent(probability: float) -> str:
    """A probability for people, which is never 0% or 100%."""
    if probability < 0.01:
        return "under 0.1%" if probability < 0.001 else f"{probability:.1%}"
    return "over 99%" if probability > 0.99 else f"{probability:.0%}"


def is_judged(reasons: Sequence[str]) -> bool:
    """Whether the model could judge the message: there is no reason, or first of all that it is undecided."""
    return not reasons or reasons[0].startswith(_UNDECIDED)


def halves(types: Sequence[TypeScore], rules: Profile) -> tuple[str, ...]:
    """Types present that break a rule of the profile only together with another type, which is not.

    Where none breaks one, those too that the profile permits.
    """
    broken = rules.breaking_types([t.type for t in types])
    return tuple(
        f"permitted: {load_policy().types[t.type].title}: by itself no breach of the {rules.name} rules"
        for t in types
        if t.type not in broken and (rules.mentions(t.type) or not broken)
    )
