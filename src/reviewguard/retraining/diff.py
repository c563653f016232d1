"""Two versions side by side: their figures, and the messages that they judge differently."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reviewguard.errors import InputError, ModelError
from reviewguard.files import atomic_write
from reviewguard.inference.batch import Report
from reviewguard.inference.exports import ScoreOptions, scored_export
from reviewguard.inference.model_folder import load
from reviewguard.inference.writers import Table, jsonl
from reviewguard.readers.sources import find_files
from reviewguard.retraining.stored import StoredModel
from reviewguard.schema import ScoredRecord, Verdict

EVALUATION = "evaluation.json"
BEFORE_VERDICT, BEFORE_PROBABILITY = "rg_before_verdict", "rg_before_probability"
"""Columns of the output that hold the first version's verdict; `rg_verdict` … are the second one's."""

Progress = Callable[[], AbstractContextManager[Report]]


@dataclass(frozen=True, slots=True)
class FigureChange:
    """One figure on one data set; None where a version was not measured, or the figure is undefined."""

    dataset: str
    figure: str
    before: float | None
    after: float | None

    @property
    def difference(self) -> float | None:
        """What was gained, in the figure's own unit."""
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """A message that two versions judge differently.

    Attributes:
        before: its row with the first version's verdict.
        after: the second one's.
    """

    before: ScoredRecord
    after: Verdict

    @property
    def direction(self) -> tuple[str, str]:
        """The first version's verdict, then the second one's; "unscored" for none."""
        first = self.before.verdict.verdict if self.before.verdict else None
        return first or "unscored", self.after.verdict or "unscored"

    @property
    def probabilities(self) -> tuple[float, float]:
        """0–1, the first version's, then the second one's; 0 where there is none."""
        first = self.before.verdict.probability if self.before.verdict else None
        return first or 0.0, self.after.probability or 0.0


@dataclass(frozen=True, slots=True)
class VerdictChanges:
    """What changes for an export.

    Attributes:
        judged: messages that both versions judged.
        changes: those judged differently, the largest change of probability first.
    """

    judged: int
    changes: tuple[VerdictChange, ...]

    @property
    def directions(self) -> dict[tuple[str, str], int]:
        """How many changed from what to what, the most first."""
        return dict(Counter(change.direction for change in self.changes).most_common())


def figure_changes(before: StoredModel, after: StoredModel) -> tuple[FigureChange, ...]:
    """Every figure that one of the two was measured by.

    Raises:
        ModelError: the figures in a model folder cannot be read.
    """
    old, new = read_figures(before.folder), read_figures(after.folder)
    return tuple(
        FigureChange(dataset, figure, old.get(dataset, {}).get(figure), new.get(dataset, {}).get(figure))
        for dataset in old | new
        for figure in old.get(dataset, {}) | new.get(dataset, {})
    )


def read_figures(folder: Path) -> dict[str, dict[str, float | None]]:
    """Data set → figure → value, from the folder's `evaluation.json`; empty where there is none.

    Raises:
        ModelError: it is something else.
    """
    path = folder / EVALUATION
    if not path.exists():
        return {}
    try:
        datasets = json.loads(path.read_text("utf-8"))
        return {name: _values(evaluation["figures"]) for name, evaluation in datasets.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} is malformed: {error!r}", fix="export the model again") from error


def _values(figures: Mapping[str, Mapping[str, Any]]) -> dict[str, float | None]:
    return {name: figure["value"] for name, figure in figures.items()}


def verdict_changes(
    inputs: Sequence[Path | str],
    before: StoredModel,
    after: StoredModel,
    *,
    options: ScoreOptions,
    progress: Progress,
) -> VerdictChanges:
    """Judge an export, or labelled messages, with both versions.

    Args:
        progress: a progress bar for each version.

    Raises:
        UserError: unusable inputs, options or models.
    """
    models = load(before.folder), load(after.folder)
    with progress() as report, scored_export(inputs, models[0], options, report) as old:
        with progress() as second, scored_export(inputs, models[1], options, second) as new:
            pairs = _judged(old.scored(), new.scored())
            changes = [VerdictChange(row, verdict) for row, verdict in pairs if _differs(row, verdict)]
        judged = sum(old.counts().decisions.values())
    changes.sort(key=lambda change: -abs(change.probabilities[1] - change.probabilities[0]))
    return VerdictChanges(judged, tuple(changes))


def _judged(
    old: Iterator[ScoredRecord], new: Iterator[ScoredRecord]
) -> Iterator[tuple[ScoredRecord, Verdict]]:
    for row, other in zip(old, new, strict=True):
        if row.verdict is not None and other.verdict is not None:
            yield row, other.verdict


def _differs(row: ScoredRecord, verdict: Verdict) -> bool:
    return row.verdict is not None and row.verdict.verdict != verdict.verdict


def check_out(out: Path, inputs: Sequence[Path | str]) -> None:
    """Refuse an output before anything is scored.

    Raises:
        InputError: no JSONL, one of the inputs, or nothing to write there.
    """
    if not inputs:
        raise InputError("--out without --data", expected="messages to judge")
    if out.suffix.lower() != ".jsonl":
        raise InputError(f"{out}: unknown format", expected="a name that ends in .jsonl")
    if out.exists() and any(out.samefile(path) for path in find_files(inputs)):
        raise InputError(f"{out} is also an input", fix="write to a file outside the inputs")


def write_changes(changes: VerdictChanges, out: Path) -> None:
    """Every changed message as JSONL: its own columns, the second version's verdict and the first one's.

    Raises:
        InputError: the file cannot be written.
    """
    rows = [_row(change) for change in changes.changes]
    with atomic_write(out) as file:
        jsonl.write(Table({}, rows, len(rows)), file, out)


def _row(change: VerdictChange) -> ScoredRecord:
    record, verdict = change.before.record, change.before.verdict
    columns = {
        BEFORE_VERDICT: verdict.verdict if verdict else None,
        BEFORE_PROBABILITY: verdict.probability if verdict else None,
    }
    with_both = replace(record, values={**record.values, **columns})
    return replace(change.before, record=with_both, verdict=change.after)
