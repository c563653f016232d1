"""Two versions side by side: their figures, and the messages that they judge differently."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reviewguard.errors import ModelError
from reviewguard.inference.batch import ScoreOptions
from reviewguard.inference.exports import ProgressBar, notes_on, scored_export, write_rows
from reviewguard.inference.model_folder import load
from reviewguard.retraining.stored import DATA_DIGEST, StoredModel
from reviewguard.schema import ScoredRecord, Verdict

EVALUATION = "evaluation.json"
BEFORE_VERDICT, BEFORE_PROBABILITY = "rg_before_verdict", "rg_before_probability"
"""Columns of the output that hold the first version's verdict; `rg_verdict` … are the second one's."""


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
        row: as the first version scored it.
        before: that verdict.
        after: the second one's.
    """

    row: ScoredRecord
    before: Verdict
    after: Verdict

    @property
    def direction(self) -> tuple[str, str]:
        """The first version's verdict, then the second one's; "unscored" for none."""
        return self.before.verdict or "unscored", self.after.verdict or "unscored"

    @property
    def probabilities(self) -> tuple[float, float]:
        """0–1, the first version's, then the second one's; 0 where there is none."""
        return self.before.probability or 0.0, self.after.probability or 0.0


@dataclass(frozen=True, slots=True)
class VerdictChanges:
    """What changes for an export.

    Attributes:
        judged: messages that both versions judged.
        changes: those judged differently, the largest change of probability first.
    """

    judged: int
    changes: tuple[VerdictChange, ...]
    notes: tuple[str, ...] = ()

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
    with _malformed(folder):
        return {name: _values(evaluation["figures"]) for name, evaluation in _read(folder).items()}


def measured_on(model: StoredModel) -> str:
    """Digest of the data whose test split a version's figures are of; its training's, where the figures do not tell.

    Raises:
        ModelError: the figures in the model folder cannot be read.
    """
    with _malformed(model.folder):
        told = (evaluation.get("measured_on") for evaluation in _read(model.folder).values())
        return next(filter(None, told), model.tags.get(DATA_DIGEST, ""))


def _read(folder: Path) -> dict[str, Any]:
    path = folder / EVALUATION
    datasets: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return datasets


@contextmanager
def _malformed(folder: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        path = folder / EVALUATION
        raise ModelError(f"{path} is malformed: {error!r}", fix="export the model again") from error


def _values(figures: Mapping[str, Mapping[str, Any]]) -> dict[str, float | None]:
    return {name: figure["value"] for name, figure in figures.items()}


def verdict_changes(
    inputs: Sequence[Path | str],
    before: StoredModel,
    after: StoredModel,
    *,
    options: ScoreOptions,
    progress: ProgressBar,
) -> VerdictChanges:
    """Judge an export, or labelled messages, with both versions.

    Raises:
        UserError: unusable inputs, options or models.
    """
    models = load(before.folder), load(after.folder)
    with progress() as report, scored_export(inputs, models[0], options, report) as old:
        with progress() as second, scored_export(inputs, models[1], options, second) as new:
            changes = list(_changed(old.scored(), new.scored()))
        counts = old.counts()
    changes.sort(key=lambda change: -abs(change.probabilities[1] - change.probabilities[0]))
    judged = sum(counts.decisions.values())
    return VerdictChanges(judged, tuple(changes), tuple(notes_on(counts)))


def _changed(old: Iterator[ScoredRecord], new: Iterator[ScoredRecord]) -> Iterator[VerdictChange]:
    for row, other in zip(old, new, strict=True):
        before, after = row.verdict, other.verdict
        if before and after and before.verdict != after.verdict:
            yield VerdictChange(row, before, after)


def write_changes(changes: VerdictChanges, out: Path) -> None:
    """Every changed message as JSONL: its own columns, the second version's verdict and the first one's.

    Raises:
        InputError: the file cannot be written.
    """
    write_rows([_row(change) for change in changes.changes], out)


def _row(change: VerdictChange) -> ScoredRecord:
    record, before = change.row.record, change.before
    columns = {BEFORE_VERDICT: before.verdict, BEFORE_PROBABILITY: before.probability}
    with_both = replace(record, values={**record.values, **columns})
    return replace(change.row, record=with_both, verdict=change.after)
