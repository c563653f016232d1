"""What a caller gives to be judged, as messages: texts, `Message`s, and what tables hold."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from reviewguard.errors import InputError
from reviewguard.schema import Message


def as_messages(items: Iterable[Message | str | None]) -> list[Message]:
    """Messages with texts as text, and "" or None for what tables hold where there is none.

    Raises:
        InputError: it is one text or a table, or one of the items is neither text nor missing.
    """
    one = isinstance(items, str | bytes | Mapping | Message) or getattr(items, "ndim", 1) == 0
    if one or hasattr(items, "columns") or not isinstance(items, Iterable):
        raise InputError(
            f"predict was given a {type(items).__name__}",
            expected="a list of texts or Messages",
            fix="classifier(text) judges one text; of a table, give the column: predict(table['text'])",
        )
    return [_as_message(item, at) for at, item in enumerate(items)]


def _as_message(item: Message | str | None, at: int) -> Message:
    if not isinstance(item, Message):
        return Message(_text(item, at) or "")
    return Message(_text(item.text, at) or "", _text(item.previous, at, "previous of message"), _id(item.id))


def _id(value: object) -> str | None:
    """An id as text; None for what tables hold where there is none."""
    value = _cell(value)
    if value is None or isinstance(value, str):
        return value
    # Numbers of a column in which one is missing are floats.
    return str(int(value)) if isinstance(value, float | np.floating) and value.is_integer() else str(value)


def _cell(value: object) -> object:
    """A cell's value; None for what tables hold where there is none."""
    if hasattr(value, "as_py"):  # of a pyarrow column
        value = value.as_py()
    missing = isinstance(value, float | np.floating) and math.isnan(value)
    return None if missing or type(value).__name__ in ("NAType", "NaTType") else value


def _text(value: object, at: int, what: str = "message") -> str | None:
    """A text; None for what tables hold where there is none."""
    value = _cell(value)
    if value is None or isinstance(value, str):
        return value
    many = what == "message" and (isinstance(value, list | tuple) or bool(getattr(value, "ndim", 0)))
    raise InputError(
        f"{what} {at} is of type {type(value).__name__}",
        expected="text or a Message" if what == "message" else "text",
        fix="predict(texts) judges many messages, classifier(text) one" if many else "",
    )
