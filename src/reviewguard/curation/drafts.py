"""Turns what a writer writes (rationale as quotes) into dataset messages (rationale as offsets)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import Field

from reviewguard.curation.privacy import check_privacy
from reviewguard.curation.rules import check_rules
from reviewguard.curation.sources import (
    Channel,
    Filled,
    Issue,
    Located,
    Register,
    Sources,
    StrictRow,
    TypeName,
    TypeNames,
    parse_rows,
    unique_ids,
)
from reviewguard.policy import load_policy
from reviewguard.schema import LabelledMessage, Rationale

_CHANNEL_OF_REGISTER: dict[str, Channel] = {
    "insert": "insert",
    "button": "app",
    "chat": "chat",
}


class QuoteRow(StrictRow):
    """A stretch of the text that makes a type true, copied character by character."""

    quote: Filled
    type: TypeName


class DraftRow(StrictRow):
    """One line as a writer writes it; `id` and `channel` may be left out."""

    text: Filled
    previous: Filled | None
    types: TypeNames
    rationale: tuple[QuoteRow, ...]
    family: Filled
    product: Filled
    register_: Register = Field(alias="register")  # pydantic models have a method of that name
    channel: Channel | None = None
    id: Filled | None = None


def import_drafts(paths: Iterable[Path], brief: str, prefix: str | None = None) -> Sources:
    """Read drafts of one brief.

    Args:
        paths: draft files, numbered on from one to the next.
        brief: what the messages were written to; their `writer_brief`.
        prefix: ids are `<prefix>-0001` and so on, unless a draft has its own; the brief by default.

    Returns:
        The messages, and an issue for each line that is malformed or whose quote does not occur
        exactly once. Do not write the messages while there are issues: numbers would shift.

    Raises:
        InputError: a file cannot be opened.
    """
    parsed = [(str(path), parse_rows(path, DraftRow)) for path in paths]
    drafts = [(file, line, row) for file, result in parsed for line, row in result.rows]
    issues = [issue for _, result in parsed for issue in result.issues]
    located: list[Located] = []
    for number, (file, line, row) in enumerate(drafts, 1):
        wrong = [Issue(file, line, field, "quote", message) for field, message in _wrong_quotes(row)]
        issues += wrong
        if not wrong:
            located.append(Located(file, line, _to_message(row, brief, f"{prefix or brief}-{number:04}")))
    return unique_ids(located, issues)


def issues_beside(drafts: Sources, others: Sequence[Located]) -> list[Issue]:
    """Everything wrong with drafts that were read, by themselves and beside other messages; as `validate` finds it.

    Duplicates are none: of two alike, `build` leaves one out.
    """
    together = (*others, *drafts.located)
    found = (*unique_ids(together, ()).issues, *check_rules(together), *check_privacy(drafts.located))
    new = {item.place for item in drafts.located}
    return [*drafts.issues, *(issue for issue in found if issue.place in new)]


def _wrong_quotes(row: DraftRow) -> Iterator[tuple[str, str]]:
    """Field and what is wrong with it."""
    for index, item in enumerate(row.rationale):
        count = len(occurrences(row.text, item.quote))
        if count != 1:
            yield f"rationale.{index}.quote", f"occurs {count} times, expected once: {item.quote!r}"


def occurrences(text: str, phrase: str) -> list[int]:
    """Where the phrase starts, overlapping ones too (`str.count` leaves those out)."""
    return [at for at in range(len(text) - len(phrase) + 1) if text.startswith(phrase, at)]


def _to_message(row: DraftRow, brief: str, number: str) -> LabelledMessage:
    return LabelledMessage(
        id=row.id or number,
        text=row.text,
        previous=row.previous,
        types=load_policy().ordered(row.types),
        rationale=tuple(sorted(_to_offsets(row.text, q) for q in row.rationale)),
        family=row.family,
        product=row.product,
        register=row.register_,
        channel=row.channel or _CHANNEL_OF_REGISTER.get(row.register_, "marketplace"),
        writer_brief=brief,
    )


def _to_offsets(text: str, item: QuoteRow) -> Rationale:
    start = text.index(item.quote)
    return Rationale(start, start + len(item.quote), item.type)
