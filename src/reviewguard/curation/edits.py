"""Changes to a message's text that carry its rationale along."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reviewguard.schema import LabelledMessage, Rationale


@dataclass(frozen=True, slots=True)
class Edit:
    """Put `new` in place of `text[start:end]`; an insertion where `start == end`."""

    start: int
    end: int
    new: str

    @property
    def growth(self) -> int:
        """Characters gained."""
        return len(self.new) - (self.end - self.start)


def apply_edits(message: LabelledMessage, edits: Iterable[Edit]) -> LabelledMessage:
    """The message with its text changed and its rationale on the same words.

    What is inserted at the edge of a stretch stays outside it; a stretch that begins or ends within
    a replaced part takes in all of the replacement, unless that is as long as what it replaces.

    Args:
        edits: in any order; they must not overlap.
    """
    ordered = sorted(edits, key=lambda edit: (edit.start, edit.end))
    moved = tuple(
        Rationale(_new_start(item.start, ordered), _new_end(item.end, ordered), item.type)
        for item in message.rationale
    )
    return replace(message, text=edit_text(message.text, ordered), rationale=moved)


def edit_text(text: str, edits: Sequence[Edit]) -> str:
    """The text with edits, given in order, applied."""
    pieces: list[str] = []
    position = 0
    for edit in edits:
        pieces += (text[position : edit.start], edit.new)
        position = edit.end
    return "".join([*pieces, text[position:]])


def _new_start(offset: int, edits: Sequence[Edit]) -> int:
    growth = sum(edit.growth for edit in edits if edit.end <= offset)
    cut = _edit_across(offset, edits)
    return (cut.start if cut else offset) + growth


def _new_end(offset: int, edits: Sequence[Edit]) -> int:
    before = (e for e in edits if e.end <= offset and (e.start, e.end) != (offset, offset))
    growth = sum(edit.growth for edit in before)
    cut = _edit_across(offset, edits)
    return (cut.end + cut.growth if cut else offset) + growth


def _edit_across(offset: int, edits: Sequence[Edit]) -> Edit | None:
    """The edit the offset lies strictly inside of, if it shifts what is inside."""
    return next((e for e in edits if e.start < offset < e.end and e.growth), None)
