"""Labels that people added (`data/labels/*.jsonl`): rows of the dataset with who labelled them and when."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from reviewguard.curation.dedup import ALIKE
from reviewguard.curation.nearest import alike, shingles
from reviewguard.curation.privacy import check_privacy
from reviewguard.curation.rules import check_rules, exchange_key
from reviewguard.curation.sources import (
    ExchangeRow,
    Filled,
    Issue,
    Located,
    Register,
    parse_rows,
    row_issues,
    to_row,
    unique_ids,
)
from reviewguard.files import jsonl_files, write_jsonl
from reviewguard.schema import LabelledMessage

BRIEF = "labels"
"""Brief of the messages that people labelled."""
UNKNOWN = "unknown"
"""Register of a message whose row does not tell it."""

Marker = Literal["person", "model"]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a label comes from.

    Attributes:
        source: file and place it was read from.
        labelled_by, labelled_at: who, and when (ISO 8601).
        model: version of the model whose verdict was on show.
        shown: that verdict.
        marked_by: who marked the words; "model" also where a person took its marks over as they were.
        replaces: ids of written messages with another label, which this one overrides.
    """

    source: str
    labelled_by: str | None = None
    labelled_at: str | None = None
    model: str | None = None
    shown: str | None = None
    marked_by: Marker = "person"
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Label:
    """A labelled message and where its label comes from."""

    message: LabelledMessage
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class StoredLabel(Label):
    """A label and the line it stands in."""

    file: str
    line: int

    @property
    def located(self) -> Located:
        """The message and its place."""
        return Located(self.file, self.line, self.message)


class LabelRow(ExchangeRow):
    """One line of `data/labels/*.jsonl`."""

    register_: Register | Literal["unknown"] = Field(alias="register")
    source: Filled
    labelled_by: str | None = None
    labelled_at: str | None = None
    model: str | None = None
    shown: str | None = None
    marked_by: Marker = "person"
    replaces: tuple[Filled, ...] = ()

    def to_label(self, file: str, line: int) -> StoredLabel:
        """The value the rest of the system uses."""
        provenance = Provenance(**{name: getattr(self, name) for name in Provenance.__slots__})
        return StoredLabel(self.to_message(), provenance, file, line)


@dataclass(frozen=True, slots=True)
class Labels:
    """What could be read, in file and line order, and why other lines could not."""

    labels: tuple[StoredLabel, ...]
    issues: tuple[Issue, ...]

    @property
    def located(self) -> tuple[Located, ...]:
        """The messages and their places."""
        return tuple(label.located for label in self.labels)

    def without(self, issues: Iterable[Issue]) -> list[StoredLabel]:
        """The labels that none of these is about."""
        refused = {issue.place for issue in issues}
        return [label for label in self.labels if label.located.place not in refused]


def read_labels(folder: Path) -> Labels:
    """Every label in a folder, in file and line order; none where there is no such folder.

    Raises:
        InputError: a file cannot be opened.
    """
    labels: list[StoredLabel] = []
    issues: list[Issue] = []
    for path in jsonl_files(Path(folder)):
        parsed = parse_rows(path, LabelRow)
        issues += parsed.issues
        labels += [row.to_label(str(path), line) for line, row in parsed.rows]
    again = unique_ids((label.located for label in labels), ()).issues
    return Labels(tuple(labels), (*issues, *again))


def write_labels(path: Path, labels: Iterable[Label]) -> None:
    """Write labels in the form `read_labels` reads, atomically.

    Raises:
        InputError: the folder cannot be written.
    """
    write_jsonl(Path(path), map(_row, labels))


def _row(label: Label) -> dict[str, Any]:
    provenance = asdict(label.provenance)
    return to_row(label.message) | provenance | {"replaces": list(label.provenance.replaces)}


def parse_label(
    values: Mapping[str, object], file: str, line: int
) -> tuple[StoredLabel | None, tuple[Issue, ...]]:
    """The label that one line makes, or everything wrong with it: schema, label rules, privacy."""
    try:
        label = LabelRow.model_validate_json(json.dumps(values)).to_label(file, line)
    except ValidationError as error:
        return None, tuple(row_issues(file, line, error))
    issues = (*check_rules([label.located]), *check_privacy([label.located]))
    return (None if issues else label), issues


def label_version(message: LabelledMessage) -> str:
    """The id, which tells the words, with a hash of what is said about them."""
    said = [sorted(message.types), sorted(json.dumps(asdict(mark)) for mark in message.rationale)]
    return f"{message.id}#{hashlib.sha256(json.dumps(said).encode()).hexdigest()[:12]}"


def held_out(labels: Sequence[StoredLabel], measured: Sequence[LabelledMessage]) -> list[Issue]:
    """An issue for each label that training must not see: it reads like a validation or test message or is its kin."""
    likes = likeness_to(labels, measured)
    families = {message.family: message.id for message in measured}
    issues: list[Issue] = []
    for item, like in zip((label.located for label in labels), likes, strict=True):
        if like:
            issues.append(item.issue("text", "held_out", f"reads like {like}, which is for measuring"))
        elif kin := families.get(item.message.family):
            issues.append(item.issue("family", "held_out", f"is that of {kin}, which is for measuring"))
    return issues


def likeness_to(labels: Sequence[Label], measured: Sequence[LabelledMessage]) -> list[str | None]:
    """For each label the id of a message for measuring that it reads like, or overrides; None where there is none.

    Like: texts with a similarity of at least 0.6, over all pairs, whatever the buyer wrote. What a label overrides it
    read like before personal details were taken out of it.
    """
    ids = {message.id for message in measured}
    texts = [label.message.text for label in labels]
    likes = alike(list(map(shingles, texts)), (shingles(m.text) for m in measured), ALIKE)
    overridden = [next((name for name in label.provenance.replaces if name in ids), None) for label in labels]
    return [
        name or (measured[near[0].index].id if near else None)
        for name, near in zip(overridden, likes, strict=True)
    ]


def repeated(labels: Iterable[Located], written: Sequence[LabelledMessage]) -> list[Issue]:
    """An issue for each label with the id of a written message, or in the same words as one or as a label before it."""
    ids = {message.id for message in written}
    known = {exchange_key(message): message.id for message in written}
    issues: list[Issue] = []
    for item in labels:
        name = item.message.id
        if name in ids:
            issues.append(item.issue("id", "unique", f"{name} is also a written message"))
        elif (other := known.setdefault(exchange_key(item.message), name)) != name:
            issues.append(item.issue("text", "duplicate:exact", f"the same words as {other}"))
    return issues
