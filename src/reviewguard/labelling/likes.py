"""Which exchanges are alike, whichever of them had personal details taken out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from reviewguard.curation.dedup import DUPLICATE, exchange_shingles
from reviewguard.curation.nearest import Likeness, alike
from reviewguard.curation.rules import exchange_key
from reviewguard.schema import LabelledMessage

_NAME = "[name]"
_WORD = r"[\w'’.-]*"
_ANY_NAME = rf"[^\W\d_a-z]{_WORD}(?: [^\W\d_]{_WORD}){{0,3}}"


@dataclass(frozen=True, slots=True)
class Known:
    """A message that has a label already.

    Attributes:
        file: where it stands; None for a new one, further up in the same file.
        original: of a new one, the message before personal details were taken out.
    """

    message: LabelledMessage
    file: str | None
    original: LabelledMessage | None = None

    @property
    def forms(self) -> set[tuple[str, str]]:
        """What shows that another message is the same."""
        return {exchange_key(form) for form in (self.message, self.original) if form}


def find_likes(new: Sequence[Known], pool: Sequence[Known]) -> list[list[Likeness]]:
    """For each new exchange those of the pool that it is like, in any form; one may be found more than once."""
    scrubbed = [item.message for item in new]
    originals = [item.original or item.message for item in new]
    stored = {place: item.message for place, item in enumerate(pool)}
    before = {place: item.original for place, item in enumerate(pool) if item.original}
    named = {place: message for place, message in stored.items() if _NAME in _words(message)}
    patterns = {place: _with_any_name(message) for place, message in named.items()}
    either = _alike([*scrubbed, *originals], stored)
    found = (
        either[: len(new)],
        either[len(new) :],
        _alike(originals, before),
        _alike(list(map(_without_names, scrubbed)), {p: _without_names(m) for p, m in named.items()}),
        [_alike_but_for_names(words, patterns) for words in map(_words, originals)],
    )
    return [list(chain.from_iterable(each)) for each in zip(*found, strict=True)]


def _alike(new: Sequence[LabelledMessage], known: Mapping[int, LabelledMessage]) -> list[list[Likeness]]:
    places = list(known)
    found = alike(list(map(exchange_shingles, new)), map(exchange_shingles, known.values()), DUPLICATE)
    return [[Likeness(places[like.index], like.similarity) for like in likes] for likes in found]


def _alike_but_for_names(words: str, patterns: Mapping[int, re.Pattern[str]]) -> list[Likeness]:
    """The same words with a name in the place of `[name]`: few words are not alike by their shingles then."""
    return [Likeness(place, 1.0) for place, pattern in patterns.items() if pattern.fullmatch(words)]


def _with_any_name(message: LabelledMessage) -> re.Pattern[str]:
    between = (f"(?i:{re.escape(part)})" for part in _words(message).split(_NAME))
    return re.compile(_ANY_NAME.join(between))


def _words(message: LabelledMessage) -> str:
    return "\0".join(" ".join((text or "").split()) for text in (message.text, message.previous))


def _without_names(message: LabelledMessage) -> LabelledMessage:
    previous = (message.previous or "").replace(_NAME, "") or None
    return replace(message, text=message.text.replace(_NAME, ""), previous=previous)
