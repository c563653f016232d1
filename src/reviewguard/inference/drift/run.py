"""One run of `drift`: score an export, measure it, compare."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reviewguard.inference.batch import ScoreOptions
from reviewguard.inference.drift.movements import Drift, compare
from reviewguard.inference.drift.reference import read_reference
from reviewguard.inference.drift.sample import Sample, measure
from reviewguard.inference.exports import ProgressBar, notes_on, scored_export
from reviewguard.inference.model_folder import load, shipped_model

WRITTEN = (
    "The reference is messages written for training, not mail: real exports differ from it. "
    "Two exports of your own, compared by --against, tell more."
)

Inputs = Sequence[Path | str]


def find_drift(
    inputs: Inputs,
    against: Inputs,
    *,
    model: Path | None,
    options: ScoreOptions,
    progress: ProgressBar,
) -> Drift:
    """Compare an export with another one, or with the model's reference where `against` is empty.

    Args:
        model: model folder; the shipped one where None.

    Raises:
        UserError: unusable inputs, options or model; a missing reference shows before anything is scored.
    """
    folder = model or shipped_model()
    classifier = load(folder)
    notes = [] if against else [WRITTEN]

    def sample(export: Inputs) -> Sample:
        with progress() as report, scored_export(export, classifier, options, report) as workspace:
            said = notes_on(workspace.counts())
            notes.extend(f"{', '.join(map(str, export))}: {note}" for note in said)
            return measure((row.verdict for row in workspace.scored() if row.verdict), classifier.encoder)

    before = sample(against) if against else read_reference(folder, classifier.settings, options.profile)
    after = sample(inputs)
    return compare(
        before,
        after,
        against=", ".join(map(str, against)) if against else f"the reference of {classifier.model}",
        profile=options.profile,
        model=classifier.model,
        notes=tuple(dict.fromkeys(notes)),  # an export may be held against itself
    )
