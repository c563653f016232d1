"""`evaluate --explanations`: ours beside the explanation methods of the field."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reviewguard.cli.shared import warn
from reviewguard.schema import LabelledMessage


def explanations(
    runs: Mapping[str, Path],
    datasets: Mapping[str, Sequence[LabelledMessage]],
    model: Path | None,
    *,
    methods: str,
    limit: int,
    samples: int | None,
    seed: int,
    bootstrap: int,
    work: Path,
    out: Path | None,
    plot: Path | None,
) -> None:
    """Measure, print the tables, log them to MLflow, write JSON and plot.

    Args:
        runs: name → training run, or model folder, whose weights are explained; `model` is the folder that ships.
        methods: short names joined by commas; all when empty.
        work: where finished methods are kept, so that a second call adds what is missing.
    """
    from reviewguard.classifier_scorer import ClassifierScorer
    from reviewguard.files import atomic_write, write_json
    from reviewguard.inference.model_folder import load
    from reviewguard.modeling.explanation_report import to_markdown, to_plot
    from reviewguard.modeling.explanation_study import StudyConfig, study
    from reviewguard.modeling.shipped_words import shipped_figures
    from reviewguard.training import finished_run

    names = tuple(name.strip() for name in methods.split(",") if name.strip())
    config = StudyConfig(names, limit=limit, samples=samples, seed=seed, bootstrap=bootstrap)
    trainings = {name: finished_run(folder) for name, folder in runs.items()}
    found = study(trainings, datasets, config, work, lambda line: print(line, file=sys.stderr))
    scorer = ClassifierScorer(load(model))
    found |= _machine() | {
        "shipped_model": scorer.classifier.model,
        "shipped": {
            name: _plain(
                shipped_figures(scorer, scorer.classifier.prove, rows, seed=seed, bootstrap=bootstrap)
            )
            for name, rows in datasets.items()
        },
    }
    print(to_markdown(found))
    if out is not None:
        write_json(out, found)
    if plot is not None:
        with atomic_write(plot) as file:
            to_plot(found).savefig(file, format="png")
    _track(found)


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


def _machine() -> dict[str, Any]:
    import os

    import torch

    return {"machine": {"cores": os.cpu_count(), "threads": torch.get_num_threads()}}


def _plain(figures: Mapping[str, Any]) -> dict[str, Any]:
    from dataclasses import asdict

    return {name: asdict(figure) for name, figure in figures.items()}
