"""Small messages for the curation tests."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reviewguard.curation.sources import Located
from reviewguard.schema import LabelledMessage, Rationale

ROW: dict[str, Any] = {
    "id": "a-0001",
    "text": "Your kettle ships today. Please leave us 5 stars.",
    "previous": None,
    "types": ["positive_request"],
    "rationale": [{"start": 25, "end": 48, "type": "positive_request"}],
    "family": "a-kettle",
    "product": "kettle",
    "register": "terse",
    "channel": "marketplace",
    "writer_brief": "a",
}


def message(text: str, *quotes: tuple[str, str], **fields: Any) -> LabelledMessage:
    """A message whose rationale is given as (quote, type) pairs; types follow from them."""
    rationale = tuple(
        Rationale(text.index(quote), text.index(quote) + len(quote), name) for quote, name in quotes
    )
    values: dict[str, Any] = {
        "id": "m-1",
        "previous": None,
        "types": tuple(dict.fromkeys(name for _, name in quotes)),
        "rationale": rationale,
        "family": fields.get("id", "m-1"),
        "product": "kettle",
        "register": "chat",
        "channel": "chat",
        "writer_brief": "test",
    }
    return LabelledMessage(text=text, **(values | fields))


def quoted(item: LabelledMessage) -> list[str]:
    """The words each stretch marks."""
    return [item.text[stretch.start : stretch.end] for stretch in item.rationale]


def located(*messages: LabelledMessage) -> list[Located]:
    """The messages as lines of one file."""
    return [Located("file.jsonl", line, item) for line, item in enumerate(messages, 1)]


def write_lines(path: Path, lines: Iterable[dict[str, Any] | str]) -> Path:
    """A JSONL file; strings are written as they are."""
    text = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("\n".join(text) + "\n", "utf-8")
    return path
