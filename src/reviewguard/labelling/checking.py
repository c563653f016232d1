"""From the rows of a file to labels that the dataset may take in."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import get_args

from reviewguard.curation.labels import BRIEF, UNKNOWN, Marker, StoredLabel, parse_label
from reviewguard.curation.privacy import find_in_labeller, private_issues
from reviewguard.curation.rules import exact_key, exchange_key
from reviewguard.curation.sources import Channel, Issue, Register
from reviewguard.inference.classifier import Classifier
from reviewguard.labelling.compare import Candidate
from reviewguard.labelling.marking import fill_marks, unmarked
from reviewguard.labelling.rows import LabelledRow, Refused
from reviewguard.labelling.scrub import scrub
from reviewguard.readers.vocabulary import fold
from reviewguard.schema import Message, Verdict


@dataclass(frozen=True, slots=True)
class Checked:
    """Rows that may be added, the verdicts on them, and those that may not.

    Attributes:
        filled: ids of rows with types that nobody had marked words for.
    """

    candidates: tuple[Candidate, ...]
    verdicts: Mapping[str, Verdict]
    refused: tuple[Refused, ...]
    scrubbed: Counter[str]
    filled: frozenset[str]


def check(rows: Sequence[LabelledRow], classifier: Classifier, who: str | None) -> Checked:
    """Take personal details out of each row, mark words where nobody did, and apply the dataset's own checks."""
    scrubbed = [scrub(row) for row in rows]
    texts = [item.row for item in scrubbed]
    verdicts = classifier.predict([Message(row.text, row.previous) for row in texts])
    marked = fill_marks(texts, verdicts, classifier)
    results = [
        _candidate(original, _values(row, who, classifier.model) | {"marked_by": _marker(bare)})
        for original, bare, row in zip(rows, texts, marked, strict=True)
    ]
    candidates = [item for item in results if isinstance(item, Candidate)]
    contradicted = _contradictions(candidates)
    return Checked(
        tuple(_marked_first([item for item in candidates if item.id not in contradicted])),
        {_id(row): verdict for row, verdict in zip(texts, verdicts, strict=True)},
        (*(item for item in results if isinstance(item, Refused)), *_both_refused(candidates, contradicted)),
        sum((item.taken for item in scrubbed), Counter[str]()),
        frozenset(_id(row) for row in texts if unmarked(row)),
    )


def _contradictions(candidates: Sequence[Candidate]) -> dict[str, str]:
    """Id → what its rows say, where one exchange has several labels: no decision by id could choose among them."""
    rows: dict[str, list[Candidate]] = {}
    for item in candidates:
        rows.setdefault(item.id, []).append(item)
    return {
        name: " and ".join(f"{i.place} says {', '.join(i.label.message.types) or 'no type'}" for i in items)
        for name, items in rows.items()
        if len({i.label.message.types for i in items}) > 1
    }


def _marked_first(candidates: Sequence[Candidate]) -> Iterator[Candidate]:
    """Of rows that say the same of the same words those that a person marked come first: the others repeat them."""
    alike: dict[object, list[Candidate]] = defaultdict(list)
    for item in candidates:
        alike[_said(item)].append(item)
    ordered = {
        said: iter(sorted(items, key=lambda item: item.label.provenance.marked_by != "person"))
        for said, items in alike.items()
    }
    return (next(ordered[_said(item)]) for item in candidates)


def _said(item: Candidate) -> object:
    return exchange_key(item.label.message), item.label.message.types


def _both_refused(candidates: Sequence[Candidate], contradicted: Mapping[str, str]) -> Iterator[Refused]:
    for item in candidates:
        if item.id in contradicted:
            yield Refused(
                item.label.file, item.place, f"{contradicted[item.id]} of the same message: keep one"
            )


def _candidate(original: LabelledRow, values: Mapping[str, object]) -> Candidate | Refused:
    label, issues = parse_label(values, original.file, 0)
    if label is not None:
        issues = tuple(_told_issues(label))
    if label is None or issues:
        reasons = dict.fromkeys(f"{issue.field}: {issue.message}{_hint(issue)}" for issue in issues)
        return Refused(original.file, original.place, "; ".join(reasons))
    before = replace(label.message, text=original.text, previous=original.previous)
    return Candidate(label, original.place, before)


def _hint(issue: Issue) -> str:
    """What the model could not mark, for which a person has to."""
    return " (write its words in `rationale`)" if issue.rule == "types" and issue.field == "rationale" else ""


def _told_issues(label: StoredLabel) -> Iterator[Issue]:
    """Personal details in what is told of a label."""
    where, told = label.located, label.provenance
    yield from private_issues(where, "source", told.source)
    yield from private_issues(where, "labelled_by", told.labelled_by or "", find_in_labeller)


def _marker(row: LabelledRow) -> Marker:
    return "model" if unmarked(row) or row.extra.get("marked_by") == "model" else "person"


def _values(row: LabelledRow, who: str | None, model: str) -> dict[str, object]:
    """The row as a line of `data/labels/`."""
    extra = row.extra
    return {
        "id": _id(row),
        "text": row.text,
        "previous": row.previous,
        "types": list(row.types),
        "rationale": [asdict(mark) for mark in row.rationale],
        "family": f"label-{_digest(exact_key(row.text))}",
        "product": extra.get("product", "item"),
        "register": _known(extra.get("register"), get_args(Register), UNKNOWN),
        "channel": _known(extra.get("channel"), get_args(Channel), "marketplace"),
        "writer_brief": BRIEF,
        "source": extra["source"],
        "labelled_by": extra.get("who") or who,
        "labelled_at": extra.get("when") or datetime.now(UTC).isoformat(timespec="seconds"),
        "model": extra.get("model") or model,
        "shown": extra.get("shown"),
    }


def _known(word: str | None, values: tuple[str, ...], default: str) -> str:
    """One of the dataset's values; a column of that name may hold the user's own, and they decide nothing."""
    folded = fold(word or "")
    return folded if folded in values else default


def _id(row: LabelledRow) -> str:
    """The same for the same exchange, so that a label added twice is found."""
    return f"lab-{_digest(row.text, row.previous or '')}"


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
