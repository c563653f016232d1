"""Words that the display of verdicts knows by name (`words.toml`); no verdict depends on them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Words:
    """Lower-case words.

    Attributes:
        function_words: left out at the ends of a marked phrase.
        pronouns: with function words, no mark of a type that is only suspected where they stand alone.
        review_words, benefit_words: explained where a compliant message holds one.
    """

    function_words: frozenset[str]
    pronouns: frozenset[str]
    review_words: frozenset[str]
    benefit_words: frozenset[str]


@cache
def load_words() -> Words:
    """The lists shipped with the package (read once)."""
    data = tomllib.loads(files("reviewguard.inference").joinpath("words.toml").read_text("utf-8"))
    return Words(**{name: frozenset(words) for name, words in data.items()})
