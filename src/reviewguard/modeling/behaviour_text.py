"""Changes of form that must not change a verdict, and long letters."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping

LETTER_WORDS = 2000
"""A letter takes paragraphs until it has this many words."""

Paragraphs = tuple[str, ...]


def typos(text: str, seed: int) -> str:
    """One in three of the longer words (at least one) misspelt: two inner letters swapped, one dropped or doubled."""
    rng = random.Random(seed)
    words = list(LONGER_WORD.finditer(text))
    for match in sorted(rng.sample(words, -(-len(words) // 3)), key=re.Match.start, reverse=True):
        text = text[: match.start()] + _misspell(match.group(), rng) + text[match.end() :]
    return text


LONGER_WORD = re.compile(r"(?<![\w{\[<%/.@])[A-Za-z]{5,}")
"""Not the names of placeholders, nor what is part of a link or an address."""


def _misspell(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word) - 2)
    one, two = word[at], word[at + 1]
    return word[:at] + rng.choice((two + one, two, one + one + two)) + word[at + 2 :]


def no_punctuation(text: str, seed: int) -> str:
    """Without full stops, commas, exclamation marks, quotes and apostrophes between or after words."""
    return re.sub(r"[.,!;:'\"’]+(?=\s|$|[a-z])", "", text)


TRANSFORMS: Mapping[str, Callable[[str, int], str]] = {
    "upper": lambda text, seed: text.upper(),
    "lower": lambda text, seed: text.lower(),
    "typos": typos,
    "no_punctuation": no_punctuation,
}
"""Changes of form that a variant can ask for by name; each takes the text and a seed."""


def letter(paragraphs: Paragraphs, seed: int) -> Paragraphs:
    """Paragraphs in an order drawn by the seed, as many as make up `LETTER_WORDS` words.

    Raises:
        ValueError: there are not enough of them.
    """
    order = random.Random(seed).sample(paragraphs, len(paragraphs))
    words = 0
    for count, paragraph in enumerate(order, 1):
        words += len(paragraph.split())
        if words >= LETTER_WORDS:
            return tuple(order[:count])
    raise ValueError(f"the paragraphs have {words} words, a letter needs {LETTER_WORDS}")
