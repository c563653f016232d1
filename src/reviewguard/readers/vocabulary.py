"""Names of columns and words for senders, read from `vocabulary.toml`."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import cache, lru_cache
from importlib.resources import files
from itertools import chain

from reviewguard.readers.dates import zone_named
from reviewguard.schema import Role


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How exports name things; all names as `fold` writes them.

    Attributes:
        columns: field → names of its column, the most telling first.
        words: word → who wrote the message.
        values: whole value → who wrote the message; holds `words` too.
        fillers: words that may stand beside these.
        flags: column of true and false → who wrote the message if true, and if false.
        audiences: column that says who sees a message, or whether it was sent → what it holds where no buyer sees it.
    """

    columns: Mapping[str, tuple[str, ...]]
    words: Mapping[str, Role]
    values: Mapping[str, Role]
    fillers: frozenset[str]
    flags: Mapping[str, tuple[Role | None, Role | None]]
    audiences: Mapping[str, frozenset[str]]


@cache
def load_vocabulary() -> Vocabulary:
    """The vocabulary that ships with reviewguard."""
    data = tomllib.loads(files("reviewguard.readers").joinpath("vocabulary.toml").read_text("utf-8"))
    fillers = frozenset(data["words"].pop("fillers"))
    words = {word: role for role, names in data["words"].items() for word in names}
    values = {value: role for role, names in data["values"].items() for value in names}
    flags = {
        column: (flag["when_true"] or None, flag["when_false"] or None)
        for flag in data["flags"]
        for column in flag["columns"]
    }
    columns = {field: tuple(names) for field, names in data["columns"].items()}
    audiences: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for audience in data["audiences"]:
        for column in audience["columns"]:
            audiences[column] |= frozenset(audience["hidden"])
    return Vocabulary(columns, words, words | values, fillers, flags, dict(audiences))


_POSSESSIVE = re.compile(r"(?<=\w)['’]s\b", re.IGNORECASE)
_ZONE = re.compile(
    r"(?<=\w)\s*[(\[]((?:UTC|GMT)\s?(?:[+-]\d\d?(?::?\d\d)?)?|[PMCE][SD]?T|MES?Z|[BIJ]ST|[CWE]ES?T|AE[SD]T"
    r"|[A-Z][a-z]+/[A-Z]\w+|(?i:(?:local|pacific|mountain|central|eastern)(?: time)?))[)\]]\s*$"
)
"""A time zone behind the name of a column of dates."""


@lru_cache(maxsize=4096)
def zone_behind(column: str) -> tzinfo | None:
    """The time zone of a column's dates, where its name tells it: "Sent (PT)"."""
    found = _ZONE.search(column)
    return zone_named(found[1]) if found else None


@lru_cache(maxsize=4096)
def fold(name: str) -> str:
    """A name in lower case with underscores: "Order #" → "order", "createdAt" → "created_at", "buyer's" → "buyer".

    A column's name that a data warehouse writes in one is parted as the vocabulary has it: "TEXTBODY" → "text_body". A
    time zone in brackets behind it is left out: "Sent (PT)" → "sent".
    """
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", _POSSESSIVE.sub("", _ZONE.sub("", name.strip())))
    folded = re.sub(r"[\W_]+", "_", split.lower()).strip("_")
    return _parted().get(folded, folded)


_OF_THREADS = ("ticket", "case", "conversation", "thread")


@cache
def _parted() -> Mapping[str, str]:
    """Known names of columns of several words, by what they are without underscores.

    Of threads only those so called, of tickets, cases and conversations: PARENTID or SESSIONID may be an answer's
    alone, and would part it from its question.
    """
    known = load_vocabulary()
    vague = {name for name in known.columns["thread"] if not any(word in name for word in _OF_THREADS)}
    names = {*chain(*known.columns.values()), *known.flags, *known.audiences} - vague
    return {whole: name for name in sorted(names) if (whole := name.replace("_", "")) not in names}
