"""Which messages of an export to label next: unsure ones, unlike each other and unlike what is labelled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

from reviewguard.checkout import LABELS, MESSAGES
from reviewguard.curation.details import remover
from reviewguard.errors import ConfigError, InputError
from reviewguard.files import jsonl_files, read_jsonl
from reviewguard.inference.batch import Report, ScoreOptions, silent
from reviewguard.inference.exports import check_out, notes_on, scored_export, write_rows
from reviewguard.inference.model_folder import load
from reviewguard.inference.uncertain import Candidate, Candidates, least_certain
from reviewguard.people import Details, People, details_in
from reviewguard.schema import Message, ScoredRecord
from reviewguard.settings import ProfileSettings

REASON = "rg_suggest_reason"
"""Column of the output that says why a message was chosen."""
LABELLED = (MESSAGES, LABELS)
PER_PICK = 10
"""Least certain messages to choose from, for each that is wanted (as in Zhdanov 2019)."""
WIDER = 4
"""Times as many are looked at where these are too much alike."""
UNLIKE = 0.2
"""Similarity to the nearest labelled message below which none is like it; unrelated ones have about 0.13."""


@dataclass(frozen=True, slots=True)
class SuggestJob:
    """What to choose from, and how many.

    Attributes:
        inputs: files, folders, patterns.
        out: the `.jsonl` file to write.
        labelled: JSONL files, or folders of them, of what has labels already; where None, `LABELLED` if there.
        model: model folder; the shipped one where None.
    """

    inputs: tuple[str, ...]
    out: Path
    count: int = 50
    labelled: tuple[Path, ...] | None = None
    seed: int = 13
    model: Path | None = None
    options: ScoreOptions = field(default_factory=ScoreOptions)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A message to label, and why."""

    row: ScoredRecord
    reason: str


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What was chosen, the most useful first.

    Attributes:
        judged, kinds: messages of the export, and different ones among them.
        unfit: messages that are not English or cannot be judged.
        labelled: labelled messages that the choice keeps away from.
        notes: what to know of how the export was read.
    """

    chosen: tuple[Suggestion, ...]
    judged: int
    kinds: int
    unfit: int
    labelled: int
    notes: tuple[str, ...]


def suggest(job: SuggestJob, progress: Report = silent) -> Suggestions:
    """Score the export, choose, and write the chosen messages with their verdicts, ready for `reviewguard label`.

    Raises:
        ConfigError: scikit-learn is not installed.
        UserError: unusable inputs, options, model, labels or output.
    """
    if find_spec("sklearn") is None:
        raise ConfigError("scikit-learn is not installed", fix="pip install '.[train]'")
    check_out(job.out, job.inputs)
    _check_apart(job)
    labelled = list(_labelled(job.labelled))
    classifier = load(job.model)
    with scored_export(job.inputs, classifier, job.options, progress) as workspace:
        cuts = classifier.settings.profiles[job.options.profile]
        notes, looked_at = tuple(notes_on(workspace.counts())), PER_PICK * job.count
        while True:
            found = least_certain(workspace.scored(), cuts, looked_at)
            talks = {candidate.row.record.conversation for candidate in found.kept}
            records = (row.record for row in workspace.scored())
            people = People.among(record for record in records if record.conversation in talks)
            chosen = _choose(found, people, labelled, cuts, job)
            if len(chosen) == job.count or len(found.kept) == found.kinds:
                break
            looked_at *= WIDER  # the least certain are too much alike
    write_rows([_explained(item, people) for item in chosen], job.out)
    return Suggestions(chosen, found.judged, found.kinds, found.unfit, len(labelled), notes)


def _check_apart(job: SuggestJob) -> None:
    for path in _labelled_paths(job.labelled):
        if job.out.resolve().is_relative_to(path.resolve()):
            raise InputError(f"{job.out} is among the labels of {path}", fix="write to a file outside them")


def _labelled_paths(given: Sequence[Path] | None) -> Sequence[Path]:
    return [path for path in LABELLED if path.exists()] if given is None else given


def _labelled(paths: Sequence[Path] | None) -> Iterator[Message]:
    for path in _labelled_paths(paths):
        for file in jsonl_files(path) if path.is_dir() else [path]:
            for number, row in read_jsonl(file):
                if not isinstance(row.get("text"), str):
                    raise InputError(f"{file}:{number}: no `text`", expected="labelled messages")
                previous = row.get("previous")
                message = Message(row["text"], previous if isinstance(previous, str) else None)
                # The dataset's own files hold no details; what `label` wrote does.
                yield message if path in LABELLED else _without_details(message, details_in(row))


def _choose(
    found: Candidates, people: People, labelled: Sequence[Message], cuts: ProfileSettings, job: SuggestJob
) -> tuple[Suggestion, ...]:
    from reviewguard.modeling.diversity import pick_diverse

    messages, weights = [_as_stored(c, people) for c in found.kept], [c.uncertainty for c in found.kept]
    picks = pick_diverse(messages, weights, labelled, job.count, seed=job.seed)
    return tuple(
        Suggestion(
            found.kept[pick.index].row,
            _reason(found.kept[pick.index], pick.nearest, pick.alike, cuts),
        )
        for pick in picks
    )


def _as_stored(candidate: Candidate, people: People) -> Message:
    """The message without personal details, since labels are stored so: a name would make it unlike its own label."""
    return _without_details(
        Message(candidate.row.record.text, candidate.row.previous), people.of(candidate.row.record)
    )


def _without_details(message: Message, told: Details) -> Message:
    previous = message.previous or ""
    bare = remover(told, message.text, previous)
    return Message(bare(message.text)[-1].text, bare(previous)[-1].text or None)


def _reason(candidate: Candidate, nearest: float | None, alike: int, cuts: ProfileSettings) -> str:
    parts = [_doubt(candidate.probability, cuts)]
    if nearest is not None and nearest < UNLIKE:
        parts.append("none like it among the labelled")
    elif nearest is not None:
        parts.append(f"the nearest labelled message is {nearest:.0%} alike")
    if candidate.same > 1:
        parts.append(f"sent {candidate.same:,} times")
    if alike > 1:
        parts.append(f"one of a group of {alike:,}")
    return "; ".join(parts)


def _doubt(probability: float, cuts: ProfileSettings) -> str:
    if cuts.lower <= probability < cuts.upper:
        return f"between the thresholds, {probability:.2f}"
    if probability >= cuts.upper:
        return f"above the upper threshold of {cuts.upper:.2f}, {probability:.2f}"
    return f"below the lower threshold of {cuts.lower:.2f}, {probability:.2f}"


def _explained(item: Suggestion, people: People) -> ScoredRecord:
    """The row with the reason, and with what the rows of its conversation that are left out tell of people."""
    record = item.row.record
    values = {**record.values, REASON: item.reason, **people.of(record).cells}
    return replace(item.row, record=replace(record, values=values))
