"""Transcripts of chats: one text with the words of both sides."""

from __future__ import annotations

import re
from itertools import groupby, pairwise

from reviewguard.readers.cell_values import has_digit
from reviewguard.readers.roles import role_of_value
from reviewguard.schema import Role

REFUSED = "a chat's transcript holds both sides' words: export the chats, message by message"

_CHAT_LINE = re.compile(r"^\(\d{1,2}:\d\d:\d\d(?: ?[AP]M)?\) ([^:\n*]{1,80}): ", re.MULTILINE | re.IGNORECASE)
_DAY, _CLOCK = r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}", r"\d{1,2}:\d\d(?::\d\d)?(?: ?[AP]M)?"
_DATED_LINE = re.compile(
    rf"^(?:[(\[](?:{_DAY},?[ T])?{_CLOCK}[)\]]|{_DAY}(?:,? |T){_CLOCK}(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?(?: [-–|])?)[ ]"
    r"([^\W\d_][^:\n*]{0,79}|\+\d[\d ]{5,20}): ",
    re.MULTILINE | re.IGNORECASE,
)
"""The same with less in brackets, as a parcel's journey or a film's chapters are written, too."""
_HEADING = re.compile(
    r"\A\s*(?:(?:live )?chat (?:started|transcript|log|history)|conversation|transcript)\b.*\s*",
    re.IGNORECASE,
)
_MOMENT = r"(?:[\[(]?\d[\d:./, -]{3,20}(?:[AaPp][Mm])?[\])]?)"
_LABEL = re.compile(
    rf"^[ \t*]*(?:{_MOMENT}[ \t]*[-–|]?[ \t]*)?"
    rf"([^\W\d_][^\n:\[]{{0,40}}?)[ \t*]{{0,5}}{_MOMENT}?[ \t*]{{0,5}}:(?=\s|\*|\Z)",
    re.MULTILINE,
)
"""Who speaks, at the beginning of a line, with the time before or behind."""
_NAMED = re.compile(r"(\w+)(?: [A-Z\d#][\w.'-]*){1,2}")
_FEWEST = 3
"""Words of a buyer's that would be taken for the seller's."""
_SURELY_TURNS = 3
_EMPTY_LINE = re.compile(r"\n[^\S\n]*\n")


def is_chat(text: str) -> bool:
    """Whether lines begin with a time and the name of who wrote, and there is more than one name.

    Unless the times are to the second and in brackets, the first line is such a one, or the names take turns.
    """
    lines = _DATED_LINE.findall(text)
    turns = [name for name, _ in groupby(lines)]
    talk = _DATED_LINE.match(text) or len(turns) > len(set(lines))
    return len(set(_CHAT_LINE.findall(text))) > 1 or bool(len(turns) > 1 and talk)


def holds_both_sides(text: str) -> bool:
    """Whether it is a chat, or begins with one side's label ("Customer:", "Agent Tom:") and the sides take turns.

    A seller's message may name both sides, too, above an empty line as the head of an order does, or below other words.
    """
    text = _HEADING.sub("", text.lstrip())
    first = _LABEL.match(text)
    if first is None or _side(first[1]) is None:
        return is_chat(text)
    labels = list(_LABEL.finditer(text))
    ends = [*(after.start() for _, after in pairwise(labels)), len(text)]
    said = [(_side(label[1]), text[label.end() : end]) for label, end in zip(labels, ends, strict=True)]
    words = sum(len(part.split()) for side, part in said if side == "buyer")
    turns = [side for side, _ in groupby(side for side, _ in said if side)]
    talk = len(turns) >= _SURELY_TURNS or (
        len(turns) > 1 and (not _EMPTY_LINE.search(text) or has_digit(first[0]))
    )
    return words >= _FEWEST and talk


def _side(label: str) -> Role | None:
    """Whose label it is; of one with a name, "Agent Tom", the first word tells."""
    named = _NAMED.fullmatch(label.strip())
    role = role_of_value(label) or (role_of_value(named[1]) if named else None)
    return None if role == "system" else role
