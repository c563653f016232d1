"""What is to be labelled: the flagged and doubtful messages of a scored file, or of an export scored on the fly."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from reviewguard.errors import InputError
from reviewguard.inference.alike import TemplateIndex
from reviewguard.inference.render import bracketed, printable
from reviewguard.labelling.scored import judged_words, plain_cell
from reviewguard.people import NOTHING, Details, People
from reviewguard.policy import load_policy
from reviewguard.readers.registry import ReadOptions, read_records
from reviewguard.schema import COMPLIANT, Cell, Evidence, Record, ScoredRecord, Verdict

_MARKED = re.compile(r"\[(?P<words>[^\[\]]+)\|(?P<types>[a-z_+]+)\]")


@dataclass(frozen=True, slots=True)
class Item:
    """One exchange to label.

    Attributes:
        shown: the model's verdict, None where it gave none; with `probability` (0–1), types, marks, reasons, model.
        source: file and place.
        details: what columns of its conversation's rows tell of people.
        suggested: whether `suggest` chose it.
    """

    text: str
    previous: str | None
    source: str
    shown: str | None
    probability: float | None
    types: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    reasons: tuple[str, ...]
    model: str
    details: Details = NOTHING
    suggested: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others: the words of both."""
        return self.text, self.previous or ""


def read_items(
    path: Path,
    options: ReadOptions,
    *,
    model: Path | None = None,
    everything: bool = False,
    sample: int | None = None,
    seed: int = 0,
    note: Callable[[str], None] | None = None,
) -> list[Item]:
    """The messages to label, in file order, each exchange once, and of a template sent many times the first.

    Args:
        path: what `score` wrote (then its verdicts are shown), or any export (then it is scored here).
        everything: also messages called compliant; those that `suggest` chose always are there.
        sample: as many of all messages, copies of a template too, each as likely as any other, in random order, so that
            the first ones are such a choice, too; `seed` decides which.
        note: told how many rows cannot be read, and how many copies are left out, if any.

    Raises:
        InputError: the file cannot be read, or holds verdicts although a model is named.
    """
    first = next((record for record in read_records([path], options) if not record.error), None)
    scored = first is not None and "rg_verdict" in first.values
    if scored and model is not None:
        raise InputError(
            f"{path} holds verdicts, so {model} would not be read",
            fix="leave --model away, or score the export with it first",
        )
    found, unreadable = _scored_before(path, options) if scored else _scored_now(path, options, model)
    if note and unreadable:
        from reviewguard.inference.exports import unreadable_rows

        note(unreadable_rows(unreadable))
    readable = (item for item in found if item.text.strip())
    every = everything or sample is not None
    wanted = (item for item in readable if every or item.suggested or item.shown != COMPLIANT)
    different: dict[tuple[str, str], Item] = {}
    for item in wanted:
        different.setdefault(item.key, item)
    items = list(different.values())
    if sample is not None:
        return Random(seed).sample(items, min(sample, len(items)))
    asked = _of_each_template(items)
    if note and (copies := len(items) - len(asked)):
        note(
            f"copies left out: {copies:,}; what differs only in names, numbers and the like is asked about once"
        )
    return asked


def _of_each_template(items: Iterable[Item]) -> list[Item]:
    """The first of the messages that say the same after the same words of the buyer, and are judged alike.

    What `suggest` chose is chosen already.
    """
    index, first = TemplateIndex(), dict[Any, Item]()
    for item in items:
        number = index.number(item.text, (found.text for found in item.evidence))
        first.setdefault(item.key if item.suggested else (number, item.previous, item.shown), item)
    return list(first.values())


def _scored_before(path: Path, options: ReadOptions) -> tuple[list[Item], int]:
    """The items, and how many rows cannot be read."""
    people, found, unreadable = People.among(read_records([path], options)), list[Item](), 0
    for record in read_records([path], options):
        if record.error or (record.values.get("rg_error") and not record.values.get("rg_verdict")):
            unreadable += 1
        elif record.values.get("rg_verdict"):
            item = _from_columns(record, people)
            unreadable += not item.text.strip()
            found.append(item)
    return found, unreadable


def _scored_now(path: Path, options: ReadOptions, model: Path | None) -> tuple[list[Item], int]:
    """The items, and how many rows cannot be read."""
    from reviewguard.inference.batch import score_records
    from reviewguard.inference.model_folder import load
    from reviewguard.inference.workspace import Workspace

    with Workspace.temporary() as workspace:
        score_records(read_records([path], options), load(model), workspace)
        people = People.among(row.record for row in workspace.scored())
        found = [_from_verdict(row, row.verdict, people) for row in workspace.scored() if row.verdict]
        return found, workspace.counts().unreadable


def _from_verdict(row: ScoredRecord, verdict: Verdict, people: People) -> Item:
    return Item(
        row.record.text,
        row.previous,
        _source(row.record),
        verdict.verdict,
        verdict.probability,
        tuple(item.type for item in verdict.types),
        verdict.evidence,
        (*verdict.reasons, *filter(None, [verdict.error])),
        verdict.model,
        people.of(row.record),
    )


def _from_columns(record: Record, people: People) -> Item:
    cells = record.values
    text, previous = judged_words(record)
    return Item(
        text,
        previous,
        _source(record),
        str(cells["rg_verdict"]),
        _probability(cells.get("rg_probability")),
        tuple(_types(cells.get("rg_types"))),
        tuple(_evidence(cells, text)),
        tuple(_reasons(cells.get("rg_reasons"))),
        str(cells.get("rg_model") or ""),
        people.of(record),
        suggested=bool(cells.get("rg_suggest_reason")),
    )


def _probability(cell: Cell) -> float | None:
    """Spreadsheets of some countries write a decimal comma; what is no number is not shown."""
    try:
        return float(str(cell).replace(",", "."))
    except ValueError:
        return None


def _source(record: Record) -> str:
    return f"{Path(record.source).name}, {record.place}"


def _types(cell: Any) -> Iterator[str]:
    """Names, as JSON objects or with spaces between; what a hand made of them may be neither."""
    listed = _json(cell)
    items = str(cell or "").split() if listed is None else listed
    names = (item.get("type") if isinstance(item, dict) else item for item in items)
    yield from (name for name in names if isinstance(name, str) and name in load_policy().types)


def _reasons(cell: Any) -> Iterable[str]:
    listed = _json(cell)
    return filter(None, str(cell or "").split("; ")) if listed is None else map(str, listed)


def _evidence(cells: Mapping[str, Any], text: str) -> Iterator[Evidence]:
    listed = _json(cells.get("rg_evidence"))
    if listed is not None:
        yield from filter(None, (_from_json(item, text) for item in listed))
    else:
        yield from _from_brackets(plain_cell(cells)(str(cells.get("rg_marked") or "")), text)


def _from_json(item: Any, text: str) -> Evidence | None:
    try:
        found = Evidence(**item)
        return (
            found
            if found.type in load_policy().types and text[found.start : found.end] == found.text
            else None
        )
    except TypeError:  # edited by hand: no object, or fields missing or of another kind
        return None


def _from_brackets(marked: str, text: str) -> Iterator[Evidence]:
    """The inverse of `render.bracketed`; nothing where the text has brackets of its own that spoil it."""
    found: list[Evidence] = []
    shift = 0
    for match in _MARKED.finditer(marked):
        start = match.start() - shift
        end = start + len(match["words"])
        shift += len(match.group()) - len(match["words"])
        for kind in match["types"].split("+"):
            before = next((e for e in found if e.type == kind and e.end == start), None)
            if before:
                found.remove(before)
            first = before.start if before else start
            found.append(Evidence(first, end, text[first:end], kind, 1.0))
    found.sort(key=lambda e: (e.start, e.end))
    if printable(text) == _MARKED.sub(r"\g<words>", marked) and bracketed(text, found) == marked:
        yield from found


def _json(cell: Any) -> list[Any] | None:
    if not isinstance(cell, str) or not cell.startswith("["):
        return None
    try:
        value = json.loads(cell)
    except ValueError:
        return None
    return value if isinstance(value, list) else None
