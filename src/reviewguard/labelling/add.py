"""`data add`: from a file of labelled messages to `data/labels/`, checked, scrubbed and compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from reviewguard.curation.labels import likeness_to, read_labels
from reviewguard.curation.sources import read_messages
from reviewguard.curation.storage import read_frozen
from reviewguard.errors import InputError
from reviewguard.files import jsonl_in
from reviewguard.inference.classifier import Classifier
from reviewguard.inference.model_folder import load
from reviewguard.labelling.checking import Checked, check
from reviewguard.labelling.compare import Candidate, Comparison, Conflict, compare
from reviewguard.labelling.doubtful import doubtful
from reviewguard.labelling.likes import Known
from reviewguard.labelling.results import ALL, AddReport, Decisions, Doubt
from reviewguard.labelling.rows import Refused, Rows, name_of, read_rows
from reviewguard.labelling.settling import Dataset, Settled, freed, lost, renewals, settle
from reviewguard.labelling.store import store
from reviewguard.readers.columns import Columns
from reviewguard.readers.sources import LABELS
from reviewguard.schema import Verdict


@dataclass(frozen=True, slots=True)
class AddJob:
    """What to add, and to what.

    Attributes:
        path: file of labelled messages.
        labels: folder of the labels; `name`.jsonl in it is written, by default named as `path`, and the files of labels
            that others take the place of.
        messages: the written messages, compared with, never changed.
        splits: record of which of them are for measuring; none where there is no such file.
        columns: field → column of the file, where names do not tell.
        who: labeller of rows that name none.
        model: model folder; the shipped model by default.
    """

    path: Path
    labels: Path
    messages: Path
    name: str | None = None
    columns: Columns = field(default_factory=dict)
    who: str | None = None
    model: Path | None = None
    decisions: Decisions = field(default_factory=Decisions)
    dry_run: bool = False
    splits: Path | None = None

    @property
    def target(self) -> Path:
        """The file to write.

        Raises:
            InputError: `name` would lead out of the labels folder.
        """
        name = self.name or name_of(Path(self.path.name.removesuffix(LABELS)))
        return jsonl_in(self.labels, name, "--name")


def add(job: AddJob, classifier: Classifier | None = None) -> AddReport:
    """Add labels; nothing is written while a conflict is open, and the same file twice adds nothing.

    Args:
        classifier: instead of the model of `job`.

    Raises:
        InputError: the file or the labels there cannot be read or written, or a decision fits no row.
    """
    target = job.target
    rows = read_rows(job.path, job.columns)
    stored = read_labels(job.labels)
    if stored.issues:
        raise InputError(f"{stored.issues[0]}", fix="mend the line, or take it out")
    checked = check(rows.labelled, classifier or load(job.model), job.who)
    dataset = Dataset(stored.labels, read_messages(job.messages).located)
    report = _decide(checked, job.decisions, rows, dataset)
    report = replace(report, measured=_measured(report.added, dataset, job.splits))
    if job.dry_run or report.undecided or not (report.incoming or report.outgoing):
        return report
    files = store(target, [item.label for item in report.incoming], stored, removed=report.outgoing)
    return replace(report, written=files[0] if len(files) == 1 else job.labels)


def _decide(
    checked: Checked,
    decisions: Decisions,
    rows: Rows,
    dataset: Dataset,
) -> AddReport:
    _check_names(decisions, (item.id for item in checked.candidates))
    rejected, result, settled = _settled(checked.candidates, decisions, dataset)
    renewed = renewals(result.repetitions, settled, dataset)
    lines = {id(item.new.label.message) for item in renewed}
    return AddReport(
        added=settled.added,
        removed=settled.removed,
        renewed=renewed,
        repetitions=tuple(r for r in result.repetitions if id(r.new.label.message) not in lines),
        conflicts=result.conflicts,
        doubts=_doubts(_uncontested(settled.added, result.conflicts), checked.verdicts),
        refused=(*rows.refused, *checked.refused, *map(_rejected, rejected)),
        unlabelled=rows.unlabelled,
        scrubbed=dict(sorted(checked.scrubbed.items())),
        marked=tuple(
            item
            for item in settled.added
            if item.id in checked.filled and item.label.provenance.marked_by == "model"
        ),
    )


def _settled(
    candidates: Sequence[Candidate], decisions: Decisions, dataset: Dataset
) -> tuple[list[Candidate], Comparison, Settled]:
    """Rows rejected without a conflict, the comparison of the others, and what the decisions come to.

    What contradicts only rows that a decision leaves out, or repeats a label that one takes out, is compared again,
    with what stands then.
    """
    rejected, result = _compared(candidates, dataset.known, decisions)
    while True:
        free = freed(result.conflicts)
        rest = _without(result, free)
        settled = settle(rest.fresh, rest.conflicts, dataset)
        standing = dataset.after(settled)
        if free:
            names = {id(item.label.message) for item in free}
            later = {id(c.new.label.message) for c in rest.conflicts if id(c.old.message) in names}
            standing = [known for known in standing if id(known.message) not in later]  # decided already
        elif all(conflict.decision for conflict in result.conflicts):
            free = [item.new for item in lost(result.repetitions, standing)]
            rest = _without(result, free)
        if not free:
            return rejected, result, settled
        out, again = _compared(free, standing, decisions.by_id)
        rejected += out
        result = Comparison(
            (*rest.fresh, *again.fresh),
            (*rest.repetitions, *again.repetitions),
            (*rest.conflicts, *again.conflicts),
        )


def _without(result: Comparison, rows: Iterable[Candidate]) -> Comparison:
    out = set(map(id, rows))
    return replace(
        result,
        repetitions=tuple(item for item in result.repetitions if id(item.new) not in out),
        conflicts=tuple(item for item in result.conflicts if id(item.new) not in out),
    )


def _compared(
    candidates: Sequence[Candidate], known: Sequence[Known], decisions: Decisions
) -> tuple[list[Candidate], Comparison]:
    """Rows rejected without a conflict, and the rest compared without them: what is like one repeats nothing."""
    first = compare(candidates, known)
    named = decisions.reject - {conflict.new.id for conflict in first.conflicts}
    rejected = [item for item in first.fresh if item.id in named]
    out = {item.id for item in rejected}
    result = compare([item for item in candidates if item.id not in out], known) if out else first
    conflicts = tuple(replace(c, decision=decisions.on(c.new.id)) for c in result.conflicts)
    for conflict in conflicts:
        _check_both(conflict)
    return rejected, replace(result, conflicts=conflicts)


def _rejected(item: Candidate) -> Refused:
    return Refused(Path(item.label.file).name, item.place, f"{item.id} rejected")


def _check_names(decisions: Decisions, known: Iterable[str]) -> None:
    named = decisions.accept | decisions.reject | decisions.both
    unknown = sorted(named - {ALL, *known})
    if unknown:
        raise InputError(f"no row has the id {unknown[0]}", fix="take the ids from a run without decisions")


def _check_both(conflict: Conflict) -> None:
    if conflict.decision == "both" and conflict.kind == "exact":
        raise InputError(
            f"{conflict.new.id}: the same words cannot have two labels",
            fix=f"choose --accept {conflict.new.id} or --reject {conflict.new.id}",
        )


def _measured(added: Sequence[Candidate], dataset: Dataset, splits: Path | None) -> dict[str, str]:
    """Id of a label → the validation or test message that it reads like, or overrides."""
    if not added or splits is None or not splits.is_file():
        return {}
    recorded = read_frozen(splits)
    measured = [item.message for item in dataset.written if recorded.get(item.message.id, "train") != "train"]
    likes = likeness_to([item.label for item in added], measured)
    return {item.id: like for item, like in zip(added, likes, strict=True) if like}


def _uncontested(added: Sequence[Candidate], conflicts: Iterable[Conflict]) -> list[Candidate]:
    """Without labels that contradict a known one: the model may have learnt that one."""
    contested = {conflict.new.id for conflict in conflicts}
    return [item for item in added if item.id not in contested]


def _doubts(added: Sequence[Candidate], verdicts: Mapping[str, Verdict]) -> tuple[Doubt, ...]:
    judged = [item for item in added if verdicts[item.id].probability is not None]
    probability = np.array([verdicts[item.id].probability for item in judged], dtype=np.float64)
    places = doubtful([item.label.message.types for item in judged], probability)
    return tuple(Doubt(judged[i], float(probability[i])) for i in places)
