"""Several scorers on several data sets, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reviewguard.errors import InputError
from reviewguard.modeling.evaluation import Evaluation, evaluate
from reviewguard.modeling.metrics import Figure
from reviewguard.modeling.scorer import Scorer
from reviewguard.schema import LabelledMessage

FIGURES = {
    "auroc": "AUROC",
    "f1": "F1",
    "false_alarm_rate": "false alarms",
    "macro_f1": "macro-F1",
    "ece": "ECE",
    "context_pairs_right": "pairs right",
    "evidence_token_f1": "evidence F1",
    "removal_turns_compliant": "removal turns",
}
"""The figures compared, and their column titles."""
_PRINTED = {"auroc": "AUROC", "f1": "F1", "precision": "precision", "recall": "recall"} | FIGURES
_COUNTS = ("messages", "violations")
FEWEST = 10
"""Messages of either label below which figures say little: one more or less moves recall by ten points."""


@dataclass(frozen=True, slots=True)
class ComparisonTable:
    """Evaluations by data set and model.

    Attributes:
        evaluations: data set → model → evaluation; every data set holds the same models.
    """

    evaluations: Mapping[str, Mapping[str, Evaluation]]

    def to_markdown(self) -> str:
        """A table a data set, without figures that no model has; intervals in brackets, "–" where undefined.

        Precision and recall stand there too, and how many messages they are of.
        """
        return "\n".join(_markdown_table(dataset, models) for dataset, models in self.evaluations.items())

    def unscored(self) -> list[str]:
        """Says of each data set and model how many messages could not be scored."""
        return [
            f"{dataset}: {model} could not score {found.counts['unscored']:,} of {found.counts['messages']:,} "
            "messages, which count as compliant"
            for dataset, models in self.evaluations.items()
            for model, found in models.items()
            if found.counts["unscored"]
        ]

    def errors(self) -> Iterator[dict[str, Any]]:
        """Every misclassified message, by data set and model, the most confident mistakes first."""
        for dataset, models in self.evaluations.items():
            for model, evaluation in models.items():
                yield from ({"data": dataset, "model": model} | asdict(error) for error in evaluation.errors)

    def cautions(self) -> list[str]:
        """Says of each data set with fewer than `FEWEST` messages of either label that its figures say little."""
        said = []
        for dataset, models in self.evaluations.items():
            counts = next(iter(models.values())).counts
            violations, compliant = counts["violations"], counts["messages"] - counts["violations"]
            if min(violations, compliant) < FEWEST:
                said.append(
                    f"{dataset}: violations {violations:,}, compliant messages {compliant:,}. Figures of so few say "
                    f"little, whatever their intervals: label at least {FEWEST} of each, better a hundred."
                )
        return said

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: data set → model → evaluation."""
        return {
            dataset: {model: evaluation.to_dict() for model, evaluation in models.items()}
            for dataset, models in self.evaluations.items()
        }


def compare(
    scorers: Sequence[Scorer],
    datasets: Mapping[str, Sequence[LabelledMessage]],
    *,
    seed: int,
    bootstrap: int = 1000,
) -> ComparisonTable:
    """Evaluate every scorer on every data set, with the same resamples for all.

    Raises:
        InputError: two scorers bear the same name, or a data set is empty.
    """
    names = [scorer.name for scorer in scorers]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"two models are called {twice[0]}", fix="give them different names")
    return ComparisonTable(
        {
            dataset: {
                scorer.name: evaluate(scorer, examples, seed=seed, bootstrap=bootstrap) for scorer in scorers
            }
            for dataset, examples in datasets.items()
        }
    )


def _markdown_table(dataset: str, models: Mapping[str, Evaluation]) -> str:
    figures = [f for f in _PRINTED if any(e.figures[f].value is not None for e in models.values())]
    rows = [
        (dataset, *(_PRINTED[name] for name in figures), *_COUNTS),
        ("---",) * (1 + len(figures) + len(_COUNTS)),
    ]
    for model, evaluation in models.items():
        cells = (figure_text(evaluation.figures[name]) for name in figures)
        rows.append((model, *cells, *(f"{evaluation.counts[name]:,}" for name in _COUNTS)))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def figure_text(figure: Figure) -> str:
    """`0.923 (0.901–0.944)`, without brackets where there is no interval, "–" where undefined."""
    if figure.value is None:
        return "–"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3f}"
    return f"{figure.value:.3f} ({figure.low:.3f}–{figure.high:.3f})"


def stored_text(values: Mapping[str, Any]) -> str:
    """`figure_text` of a figure's JSON form."""
    return figure_text(Figure(**values))
