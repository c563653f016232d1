"""`evaluate --explanations`: ours beside the explanation methods of the field."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from reviewguard.cli.shared import warn
from reviewguard.schema import LabelledMessage


def explanations(
    model: Path | None,
    run: Path | None,
    datasets: Mapping[str, Sequence[LabelledMessage]],
    *,
    methods: str | None,
    limit: int | None,
    samples: int | None,
    seed: int,
    bootstrap: int,
    work: Path,
    out: Path | None,
    plot: Path | None,
) -> None:
    """Measure, print the tables, log them to MLflow, write JSON and plot.

    Args:
        model: folder whose weights are explained, and whose marked words are measured as people see them.
        run: training run that is explained instead; it shows nobody any words.
        methods: short names joined by commas; all without.
        limit: as in `StudyConfig`; its default without.
        work: where finished methods are kept, so that a second call adds what is missing.
    """
    from reviewguard.files import atomic_write, write_json
    from reviewguard.inference.model_folder import shipped_model
    from reviewguard.modeling.explanation_report import to_markdown, to_plot
    from reviewguard.modeling.explanation_study import StudyConfig, study
    from reviewguard.training import finished_run

    names = tuple(name.strip() for name in (methods or "").split(",") if name.strip())
    config = StudyConfig(names, samples=samples, seed=seed, bootstrap=bootstrap)
    if limit is not None:
        config = replace(config, limit=limit)
    explained = finished_run(run or model or shipped_model())
    found = study(explained, datasets, config, work, lambda line: print(line, file=sys.stderr))
    if run is None:
        found |= _shipped(model, datasets, seed=seed, bootstrap=bootstrap)
    print(to_markdown(found))
    if out is not None:
        write_json(out, found)
    if plot is not None:
        with atomic_write(plot) as file:
            to_plot(found).savefig(file, format="png")
    _track(found)


def _shipped(
    model: Path | None, datasets: Mapping[str, Sequence[LabelledMessage]], *, seed: int, bootstrap: int
) -> dict[str, Any]:
    """The marked words of a model folder as people see them."""
    from dataclasses import asdict

    from reviewguard.classifier_scorer import ClassifierScorer
    from reviewguard.inference.model_folder import load
    from reviewguard.modeling.shipped_words import shipped_figures

    scorer = ClassifierScorer(load(model))
    figures = {
        name: shipped_figures(scorer, scorer.classifier.prove, rows, seed=seed, bootstrap=bootstrap)
        for name, rows in datasets.items()
    }
    return {
        "shipped_model": scorer.classifier.model,
        "shipped": {name: {n: asdict(f) for n, f in found.items()} for name, found in figures.items()},
    }


def _track(found: Mapping[str, Any]) -> None:
    from reviewguard.modeling.explanation_report import metrics, to_markdown, to_plot
    from reviewguard.modeling.tracking import Tracker

    with Tracker("explanations") as tracker:
        tracker.params(found["settings"])
        tracker.metrics(metrics(found))
        tracker.json(found, "explanations/explanations.json")
        tracker.text(to_markdown(found), "explanations/explanations.md")
        tracker.figure(to_plot(found), "explanations/explanations.png")
    warn(f"tracking: {problem}" for problem in tracker.problems)
