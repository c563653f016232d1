"""Messages as HTML, with the words marked by label and model."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from reviewguard.curation.storage import label_of
from reviewguard.inference.render import marked_html
from reviewguard.schema import Evidence, LabelledMessage, Verdict

_CELL = 'style="vertical-align:top;text-align:left;white-space:pre-wrap;width:50%"'


def labelled_html(messages: Iterable[LabelledMessage]) -> str:
    """Messages with their labels and the words that make each type true."""
    return "<hr>".join(f'<div style="max-width:48em">{_labelled(message)}</div>' for message in messages)


def beside_html(messages: Sequence[LabelledMessage], verdicts: Sequence[Verdict]) -> str:
    """What the label says beside what the model says, message by message."""
    rows = "".join(
        f"<tr><td {_CELL}>{_labelled(message)}</td><td {_CELL}>{_judged(message, verdict)}</td></tr>"
        for message, verdict in zip(messages, verdicts, strict=True)
    )
    return f"<table><tr><th>label</th><th>model</th></tr>{rows}</table>"


def _labelled(message: LabelledMessage) -> str:
    marks = [mark.evidence(message.text) for mark in message.rationale]
    return _message(message, f"{label_of(message)}: {_names(message.types)}", marks)


def _judged(message: LabelledMessage, verdict: Verdict) -> str:
    likely = "" if verdict.probability is None else f" ({verdict.probability:.0%})"
    head = f"{verdict.verdict or 'not scored'}{likely}: {_names([item.type for item in verdict.types])}"
    return _message(message, head, verdict.evidence)


def _message(message: LabelledMessage, head: str, marks: Sequence[Evidence]) -> str:
    buyer = f"<p><i>Buyer: {html.escape(message.previous)}</i></p>" if message.previous else ""
    return f"<p><b>{html.escape(head)}</b></p>{buyer}<p>{marked_html(message.text, marks)}</p>"


def _names(types: Iterable[str]) -> str:
    return ", ".join(types) or "no type"
