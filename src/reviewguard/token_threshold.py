"""How strong a token's evidence must be for its word to be marked: fitted on validation rationales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from reviewguard.inference.classifier import Classifier
from reviewguard.modeling.spans import marked_words, token_f1
from reviewguard.policy import load_policy
from reviewguard.schema import LabelledMessage

GRID = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)


def best_token_threshold(classifier: Classifier, validation: Sequence[LabelledMessage]) -> float:
    """The threshold of `GRID` whose marked words agree best with the rationales (mean word F1)."""
    rules = load_policy().profile("amazon")
    examples = [m for m in validation if m.rationale and rules.is_broken(m.types)]
    if not examples:
        return classifier.settings.token_threshold
    rationales = [marked_words(m.text, [(r.start, r.end) for r in m.rationale]) for m in examples]

    def agreement(threshold: float) -> float:
        trial = classifier.with_settings(replace(classifier.settings, token_threshold=threshold))
        verdicts = trial.predict([m.message for m in examples])
        marks = [marked_words(v.text, [(e.start, e.end) for e in v.evidence]) for v in verdicts]
        return float(np.mean([token_f1(m, r) for m, r in zip(marks, rationales, strict=True)]))

    return max(GRID, key=agreement)
