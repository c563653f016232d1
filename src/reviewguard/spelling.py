"""Misspelt English words, read as the common word that was meant.

A misspelt word falls into pieces the encoder knows little of, and what it says of the words around changes with it. A
longer word that neither the tokenizer holds whole nor the dictionary has is read as the common English word one edit
away (a letter too many, too few or another, or two swapped: optimal string alignment) that is likeliest: with the same
first letter, a slip of the hand before a wrong letter, and the most frequent of these. A capital within a sentence may
begin a name: it is corrected only where a letter was left out or doubled, or two swapped. Dictionary, frequencies and
search are those of SymSpell (`symspellpy`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from threading import Lock
from typing import TYPE_CHECKING

from reviewguard.text import NormalizedText, substitute

if TYPE_CHECKING:
    from symspellpy import SymSpell
    from symspellpy.suggest_item import SuggestItem

COMMON = 20_000
"""The most frequent words of the dictionary, which alone can have been meant."""
FEW, FOREIGN = 3, 1 / 3
"""A text with more strange words than so many, and than this share, is taken for foreign and left as it is …"""
ENGLISH = 0.75
"""… unless this share of its words is English once they are corrected."""

_DICTIONARY = "frequency_dictionary_en_82_765.txt"
_WORD = re.compile(r"(?<![\w'@./\\-])[A-Za-z]{5,24}(?![\w'@/\\]|[.-]\w)")
"""Short words have too many neighbours; parts of addresses and links are no words."""
_ANY_WORD = re.compile(r"(?<![\w'])[A-Za-z]{2,}")
_NEWER = frozenset((
    "abt", "airpods", "anker", "asin", "baseus", "bday", "brita", "cashapp", "cm", "colors", "crypto", "depop",
    "dewalt", "dhl", "etsy", "favorite", "favorites", "gardena", "giftcard", "giftcards", "gmail", "hdmi", "idk",
    "im", "influencer", "influencers", "insta", "interac", "iphone", "ive", "kg", "lol", "luv", "miele", "mins",
    "ml", "monzo", "msg", "ok", "omg", "payid", "pdf", "pls", "plz", "powerbank", "primark", "probs", "quora",
    "razer", "repost", "reposted", "reposting", "reposts", "rerate", "rerated", "rerates", "rerating", "revolut",
    "selfie", "shein", "skoda", "skrill", "sku", "sonos", "sry", "stihl", "tefal", "thankyou", "thanx", "thx",
    "tmrw", "twint", "txt", "tysm", "unboxing", "ur", "usb", "vape", "vapes", "venmo", "viber", "vimeo", "vitamix",
    "whatsapp", "woohoo", "xl", "yay",
))  # fmt: skip
"""Words and names that the dictionary, of books and of British spelling, lacks."""
_CONTRACTION = re.compile(
    r"(?:are|was|were?|is|has|have|had|do|does|did|could|should|would|must?|might|need)nt?"
    r"|(?:they|you|we)(?:re|ve|ll)|(?:that|there|what|here|where|today)s"
)
_FUSED = re.compile(
    r"(are|was|were|is|has|have|had|do|does|did|could|should|would|must|might|need|will)(not)", re.IGNORECASE
)
"""Denials that the tokenizer cuts elsewhere ("don", "##ot"), so that they are lost."""
_NAME = re.compile(r"(?<=[\w,;)] )[A-Z][a-z]+\b")
_DOUBLED = re.compile(r"(.)\1")


def correct_spelling(text: NormalizedText, is_token: Callable[[str], bool]) -> NormalizedText:
    """The text with misspelt words corrected, in small letters; a corrected word maps to all of the word as written.

    Foreign text stays as it is, and so does a word that has no common one near it. Never raises.

    Args:
        is_token: whether a word, in small letters, is one of the tokenizer's: such a word stays.
    """
    words = [word.lower() for word in _WORD.findall(text.text)]
    strange = {word for word in words if not (is_token(word) or is_english(word))}
    if not strange:
        return text
    corrected = substitute(text, _WORD, lambda match: _meant(match, strange))
    many = sum(word in strange for word in words) > max(FEW, FOREIGN * len(words))
    return text if many and _english_share(corrected.text) < ENGLISH else corrected


def _english_share(text: str) -> float:
    words = _ANY_WORD.findall(text.lower())
    return sum(map(is_english, words)) / len(words)


def is_english(word: str) -> bool:
    """Whether a word, in small letters, is in the dictionary, or a contraction or chat word that it lacks."""
    return word in _counts() or word in _NEWER or _CONTRACTION.fullmatch(word) is not None


def is_near_english(word: str) -> bool:
    """Whether a word, in small letters, is English or would be read as an English one."""
    return is_english(word) or _nearest(word, name=False) is not None


def _meant(match: re.Match[str], strange: set[str]) -> str:
    written = match.group()
    if written.lower() not in strange:
        return written
    if denial := _FUSED.fullmatch(written):
        return " ".join(denial.groups()).lower()
    return _nearest(written.lower(), name=bool(_NAME.match(match.string, match.start()))) or written


@lru_cache(maxsize=1)
def _counts() -> dict[str, int]:
    """How often each English word was found."""
    lines = files("symspellpy").joinpath(_DICTIONARY).read_text("utf-8-sig").splitlines()
    return {word: int(count) for word, count in map(str.split, lines)}


@lru_cache(maxsize=1)
def _common() -> SymSpell:
    from symspellpy import SymSpell

    counts, common = _counts(), SymSpell(max_dictionary_edit_distance=1)
    for word in sorted(counts, key=lambda word: -counts[word])[:COMMON]:
        common.create_dictionary_entry(word, counts[word])
    return common


_LOOKING_UP = Lock()


@lru_cache(maxsize=65_536)
def _nearest(word: str, *, name: bool) -> str | None:
    """The common word that was meant; None where there is none. First letters are seldom wrong.

    Args:
        name: whether it looks like a name.
    """
    from symspellpy import Verbosity

    with _LOOKING_UP:  # its comparer keeps its sums between calls
        near = _common().lookup(word, Verbosity.ALL, max_edit_distance=1)
    kept = [
        item for item in near if item.term[0] == word[0] and not (name and _is_other_word(word, item.term))
    ]
    return max(kept, key=lambda item: _likelihood(word, item)).term if kept else None


def _is_other_word(word: str, term: str) -> bool:
    """Whether more than a letter left out, doubled or swapped parts them."""
    doubled = _DOUBLED.sub(r"\1", word) == _DOUBLED.sub(r"\1", term)
    return len(term) <= len(word) and sorted(term) != sorted(word) and not doubled


def _likelihood(word: str, item: SuggestItem) -> tuple[bool, bool, int]:
    """The past of a verb first ("reviewd"); letters are left out, doubled and swapped more often than mistaken."""
    past = word[-1] == "d" and item.term == f"{word[:-1]}ed"
    other_letter = len(item.term) == len(word) and sorted(item.term) != sorted(word)
    return past, not other_letter, item.count
