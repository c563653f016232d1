"""Label rules: what a message's types, rationale and twins must agree on."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from reviewguard.curation.sources import Issue, Located
from reviewguard.policy import NEUTRAL_REQUEST
from reviewguard.schema import LabelledMessage, Rationale
from reviewguard.text import without_spans

PLACEHOLDER = re.compile(r"\[[a-z-]+\]")


def check_rules(located: Sequence[Located]) -> list[Issue]:
    """Every broken label rule, message by message first, then between messages."""
    single = [issue for item in located for issue in _check_one(item)]
    return [*single, *_conflicts(located), *_split_pairs(located)]


def exact_key(text: str | None) -> str:
    """What two texts share when only case and white space tell them apart.

    Hidden characters, homoglyphs, emoji and punctuation stay: messages differ by them on purpose.
    """
    return " ".join((text or "").casefold().split())


def exchange_key(message: LabelledMessage) -> tuple[str, str]:
    """What two exchanges share when only case and white space tell them apart."""
    return exact_key(message.text), exact_key(message.previous)


def _check_one(item: Located) -> Iterator[Issue]:
    misplaced = list(_check_offsets(item))
    yield from misplaced
    yield from _check_types(item)
    if not misplaced:
        yield from _check_neutral(item)
        yield from _check_removal(item)


def _check_types(item: Located) -> Iterator[Issue]:
    marked = {stretch.type for stretch in item.message.rationale}
    unmarked = [name for name in item.message.types if name not in marked]
    unlabelled = sorted(marked - set(item.message.types))
    if unmarked:
        yield item.issue("rationale", "types", f"marks nothing for {', '.join(unmarked)}")
    if unlabelled:
        yield item.issue("types", "types", f"lacks {', '.join(unlabelled)}, which is marked")


def _check_offsets(item: Located) -> Iterator[Issue]:
    text = item.message.text
    seen: set[Rationale] = set()
    for index, stretch in enumerate(item.message.rationale):
        issue = partial(item.issue, f"rationale.{index}")
        if not 0 <= stretch.start < stretch.end <= len(text):
            place = f"{stretch.start}–{stretch.end}"
            yield issue("offsets", f"{place} is empty or outside 0–{len(text)}")
        elif not text[stretch.start : stretch.end].strip():
            yield issue("blank", "marks white space only")
        elif stretch in seen:
            yield issue("repeated", "marks the same stretch for the same type twice")
        seen.add(stretch)


def _check_neutral(item: Located) -> Iterator[Issue]:
    """A neutral ask beside a violation must be a second ask, in other words."""
    stretches = item.message.rationale
    broken = [s for s in stretches if s.type != NEUTRAL_REQUEST]
    for index, stretch in enumerate(stretches):
        if stretch.type == NEUTRAL_REQUEST and any(overlap(stretch, other) for other in broken):
            yield item.issue(
                f"rationale.{index}",
                "verdict",
                "the same words are neutral and a violation",
            )


def overlap(one: Rationale, other: Rationale) -> bool:
    """Whether two stretches have characters in common."""
    return one.start < other.end and other.start < one.end


def _check_removal(item: Located) -> Iterator[Issue]:
    """What marks a violation must not stand elsewhere too, or removing it would not cure it.

    A placeholder alone may: it stood for something else there.
    """
    rest = remainder(item.message).casefold()
    for index, stretch in enumerate(item.message.rationale):
        quote = item.message.text[stretch.start : stretch.end].strip().casefold()
        again = re.search(rf"(?<!\w){re.escape(quote)}(?!\w)", rest)
        if stretch.type != NEUTRAL_REQUEST and again and not PLACEHOLDER.fullmatch(quote):
            yield item.issue(f"rationale.{index}", "removal", f"{quote!r} stands elsewhere too")


def remainder(message: LabelledMessage) -> str:
    """The text without its rationale; a space stands where a stretch was."""
    return without_spans(message.text, [(r.start, r.end) for r in message.rationale])


def _conflicts(located: Iterable[Located]) -> Iterator[Issue]:
    """The same words after the same buyer's message cannot have two labels."""
    same: defaultdict[tuple[str, str], list[Located]] = defaultdict(list)
    for item in located:
        same[exchange_key(item.message)].append(item)
    for group in same.values():
        if len({frozenset(item.message.types) for item in group}) > 1:
            ids = ", ".join(item.message.id for item in group)
            for item in group:
                yield item.issue("types", "conflict", f"same message, different types: {ids}")


def _split_pairs(located: Iterable[Located]) -> Iterator[Issue]:
    """The same words after another buyer's message are a context pair, so one family."""
    first: dict[str, Located] = {}
    for item in located:
        other = first.setdefault(exact_key(item.message.text), item).message
        same_previous = exact_key(item.message.previous) == exact_key(other.previous)
        if item.message.family != other.family and not same_previous:
            yield item.issue("family", "pair", f"same text as {other.id}, of family {other.family}")
