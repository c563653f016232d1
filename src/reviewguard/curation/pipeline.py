"""Builds the dataset: messages → schema, rules, privacy, duplicates, splits → Parquet."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from reviewguard.curation.dedup import Deduplication, Duplicate, deduplicate
from reviewguard.curation.labels import Label, Labels, held_out, repeated
from reviewguard.curation.privacy import check_privacy
from reviewguard.curation.rules import check_rules
from reviewguard.curation.sources import Issue, Located, Sources, read_messages, to_row
from reviewguard.curation.splits import SHARES, assign_splits, find_leaks, strata
from reviewguard.curation.storage import REPORT, write_splits
from reviewguard.errors import InputError
from reviewguard.files import write_json
from reviewguard.schema import LabelledMessage

UNRECORDED, LABELS = "unrecorded", "labels"
"""Steps that only some builds have."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A line left out.

    Attributes:
        place: `file:line`.
        step: the step that refused it: schema, rules, privacy, duplicates, unrecorded or labels.
        rule: short name of the broken rule.
        id: the message's; "" where the line cannot be read.
        reason: what was wrong, for a person; it may quote the message.
    """

    place: str
    step: str
    rule: str
    id: str
    reason: str

    @property
    def unquoted(self) -> str:
        """What was left out and by which rule, without a word of it."""
        return f"{self.place}: {self.id or 'line'} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class Step:
    """How many messages one step left, and how many it took out."""

    name: str
    kept: int
    dropped: int


@dataclass(frozen=True, slots=True)
class CurationReport:
    """What became of the messages.

    Attributes:
        kept: messages in the dataset.
        splits: split → label (types, "none", "register:…", "previous", "all") → messages.
        groups: number of groups that splits keep whole.
        digest: SHA-256 over the kept messages, whatever their order and split.
        files: file name → SHA-256 of each Parquet file.
        unknown: number of recorded ids that are not among the messages.
    """

    kept: int
    dropped: tuple[Dropped, ...]
    steps: tuple[Step, ...]
    splits: Mapping[str, Mapping[str, int]]
    groups: int
    seed: int
    digest: str
    files: Mapping[str, str]
    unknown: int

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, as stored in `report.json`."""
        return asdict(self)


def validate(messages_dir: Path) -> list[Issue]:
    """Everything wrong with a folder or file of messages: schema, labels, privacy, duplicates.

    Raises:
        InputError: there is nothing to read.
    """
    sources = read_messages(messages_dir)
    checked = [issue for check in _CHECKS.values() for issue in check(sources.located)]
    duplicates = _duplicate_issues(sources.located, deduplicate(sources.messages).dropped)
    return [*sources.issues, *checked, *duplicates]


def build(
    messages_dir: Path,
    out_dir: Path,
    seed: int = 0,
    frozen: Mapping[str, str] | None = None,
    labels: Labels | None = None,
    *,
    record: Path | None = None,
    spread: bool = True,
) -> CurationReport:
    """Write `train.parquet`, `validation.parquet`, `test.parquet` and `report.json` to `out_dir`.

    Lines with an issue are left out and reported; the messages themselves are never changed. The
    same messages and seed give the same bytes. `datasets.load_dataset(str(out_dir))` opens them.

    Args:
        frozen: message id → split of an earlier build, see `read_frozen`. These messages stay there.
        labels: those that people added, all for training. They move no message, and one that reads like a validation or
            test message is left out.
        record: the file of `frozen`, refused where it names none of the messages; None takes any.
        spread: whether messages that are not in `frozen` are spread by `seed`; else they are left out.

    Raises:
        InputError: nothing to read, nothing left, a record of other messages, near-duplicates or a family across
            splits, or no place to write.
    """
    frozen = frozen or {}
    sources = read_messages(messages_dir)
    unknown = frozen.keys() - {message.id for message in sources.messages}
    if record is not None and len(unknown) == len(frozen):
        raise _other_messages(record, frozen, messages_dir)
    selection = _select(sources, frozen)
    if not spread:
        selection = _recorded(selection, sources, frozen)
    splits = _split(selection.unique, seed, frozen)
    if labels is not None:
        selection, splits = _with_labels(selection, splits, labels)
    files = write_splits(Path(out_dir), splits, selection.unique.groups)
    report = _report(selection, splits, seed, files, len(unknown))
    write_json(Path(out_dir) / REPORT, report.to_dict())
    return report


def data_digest(messages: Iterable[LabelledMessage]) -> str:
    """SHA-256 over the messages' canonical JSON in sorted order, so file layout does not matter."""
    rows = (json.dumps(to_row(m), sort_keys=True, ensure_ascii=True) for m in messages)
    return hashlib.sha256("\n".join(sorted(rows)).encode("ascii")).hexdigest()


_CHECKS: Mapping[str, Callable[[Sequence[Located]], list[Issue]]] = {
    "rules": check_rules,
    "privacy": check_privacy,
}


@dataclass(frozen=True, slots=True)
class _Selection:
    unique: Deduplication
    steps: tuple[Step, ...]
    dropped: tuple[Dropped, ...]


def _other_messages(record: Path, frozen: Mapping[str, str], messages: Path) -> InputError:
    return InputError(
        f"{record} belongs to other messages: none of its {len(frozen)} ids is among those in {messages}",
        expected="the record of the splits of earlier builds of these messages",
        fix="name theirs with --splits, or their folder with --messages",
    )


def _select(sources: Sources, frozen: Mapping[str, str]) -> _Selection:
    """What passes the checks; of two messages alike, the one in `frozen`, else the first."""
    dropped = list(_dropped("schema", sources.issues))
    located: Sequence[Located] = sorted(sources.located, key=lambda item: item.message.id not in frozen)
    steps = [Step("schema", len(located), len({item.place for item in dropped}))]
    for name, check in _CHECKS.items():
        issues = _standing(check, located, frozen)
        located, before = _without(located, issues), len(located)
        steps.append(Step(name, len(located), before - len(located)))
        dropped += _dropped(name, issues, sources.located)
    unique = deduplicate([item.message for item in located])
    steps.append(Step("duplicates", len(unique.kept), len(unique.dropped)))
    dropped += _dropped("duplicates", _duplicate_issues(located, unique.dropped), located)
    return _Selection(unique, tuple(steps), tuple(dropped))


def _standing(
    check: Callable[[Sequence[Located]], list[Issue]], located: Sequence[Located], frozen: Mapping[str, str]
) -> list[Issue]:
    """What a check finds; of what contradicts a recorded message, only the newer one is at fault."""
    issues = check(located)
    recorded = [item for item in located if item.message.id in frozen]
    places = {item.place for item in recorded}
    others = [issue for issue in issues if issue.place not in places]
    if len(recorded) == len(located) or len(others) == len(issues):
        return issues
    return [*check(recorded), *others]


def _recorded(selection: _Selection, sources: Sources, frozen: Mapping[str, str]) -> _Selection:
    """Without the messages that are not in `frozen`."""
    unique = selection.unique
    out = unique.groups.keys() - frozen.keys()
    issues = [
        item.issue("id", UNRECORDED, f"{item.message.id} is in no recorded split")
        for item in sources.located
        if item.message.id in out
    ]
    kept = tuple(m for m in unique.kept if m.id in frozen)
    groups = {m.id: unique.groups[m.id] for m in kept}
    steps = (*selection.steps, Step(UNRECORDED, len(kept), len(out)))
    dropped = (*selection.dropped, *_dropped(UNRECORDED, issues, sources.located))
    return _Selection(replace(unique, kept=kept, groups=groups), steps, dropped)


def _dropped(step: str, issues: Iterable[Issue], located: Iterable[Located] = ()) -> list[Dropped]:
    ids = {item.place: item.message.id for item in located}
    return [Dropped(issue.place, step, issue.rule, ids.get(issue.place, ""), str(issue)) for issue in issues]


def _without(located: Iterable[Located], issues: Iterable[Issue]) -> list[Located]:
    refused = {issue.place for issue in issues}
    return [item for item in located if item.place not in refused]


def _duplicate_issues(located: Iterable[Located], dropped: Iterable[Duplicate]) -> list[Issue]:
    place = {item.message.id: item for item in located}
    return [
        place[item.id].issue("text", f"duplicate:{item.kind}", f"{item.similarity:.2f} like {item.of}")
        for item in dropped
    ]


def _split(unique: Deduplication, seed: int, frozen: Mapping[str, str]) -> dict[str, list[LabelledMessage]]:
    if not unique.kept:
        raise InputError("no message is left", fix="see what `reviewguard data validate` reports")
    assigned = assign_splits(unique.kept, unique.groups, seed, frozen)
    first = {message.family: message.id for message in reversed(unique.kept)}
    kin = ((first[message.family], message.id) for message in unique.kept)
    leaks = find_leaks(chain(unique.close, kin), assigned)
    if leaks:
        one, other = leaks[0]
        raise InputError(
            f"{len(leaks)} near-duplicates, or messages of one family, stand in different splits, first {one} and "
            f"{other}",
            expected="none",
            fix="reword the newer one, and where it is no twin of the other give it a family of its own",
        )
    ordered = sorted(unique.kept, key=lambda message: message.id)
    return {split: [m for m in ordered if assigned[m.id] == split] for split in SHARES}


def _with_labels(
    selection: _Selection, splits: Mapping[str, list[LabelledMessage]], read: Labels
) -> tuple[_Selection, dict[str, list[LabelledMessage]]]:
    """The training split with the labels, without the messages of it that they replace."""
    issues = [*read.issues, *(issue for check in _CHECKS.values() for issue in check(read.located))]
    measured = [*splits["validation"], *splits["test"]]
    issues += held_out(read.labels, measured)
    written = _unreplaced(splits["train"], read.without(issues))
    while again := repeated([label.located for label in read.without(issues)], [*written, *measured]):
        issues += again
        written = _unreplaced(splits["train"], read.without(issues))  # what is refused replaces nothing
    labels = [label.message for label in read.without(issues)]
    train = sorted([*written, *labels], key=lambda message: message.id)
    result = dict(splits) | {"train": train}
    step = Step(LABELS, len(labels), len({issue.place for issue in issues}))
    groups = {**selection.unique.groups, **{m.id: m.family for m in labels}}
    unique = replace(selection.unique, kept=tuple(chain.from_iterable(result.values())), groups=groups)
    dropped = (*selection.dropped, *_dropped(LABELS, issues, read.located))
    return _Selection(unique, (*selection.steps, step), dropped), result


def _unreplaced(written: Iterable[LabelledMessage], labels: Iterable[Label]) -> list[LabelledMessage]:
    replaced = {name for label in labels for name in label.provenance.replaces}
    return [message for message in written if message.id not in replaced]


def _report(
    selection: _Selection,
    splits: Mapping[str, Sequence[LabelledMessage]],
    seed: int,
    files: Mapping[str, str],
    unknown: int,
) -> CurationReport:
    kept = selection.unique.kept
    counts = {split: _count(messages) for split, messages in splits.items()}
    return CurationReport(
        kept=len(kept),
        dropped=selection.dropped,
        steps=selection.steps,
        splits=counts,
        groups=len({selection.unique.groups[m.id] for m in kept}),
        seed=seed,
        digest=data_digest(kept),
        files=files,
        unknown=unknown,
    )


def _count(messages: Iterable[LabelledMessage]) -> dict[str, int]:
    return dict(sorted(Counter(name for m in messages for name in strata(m)).items()))
