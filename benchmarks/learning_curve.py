"""Would more messages still help? Trains on a quarter, half and all of them, each the same number of steps; resumes.

    reviewguard data build
    python benchmarks/learning_curve.py --measure-on ../shared/realworld/dev.jsonl

A share holds whole families, and the smaller one is part of the larger. With equal steps, what a larger share gains
comes from its messages and not from longer training. Finished runs are kept in `--runs`. About a quarter of an hour a
share on two cores.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from matplotlib.figure import Figure
from share_runs import train_once

from reviewguard.classifier_scorer import ClassifierScorer
from reviewguard.cli.models import read_datasets
from reviewguard.curation.storage import load_splits, stored_digest
from reviewguard.files import write_json
from reviewguard.inference.model_folder import load
from reviewguard.modeling.compare import compare
from reviewguard.modeling.limit import limit_families

FIGURES = ("auroc", "f1", "false_alarm_rate", "macro_f1", "context_pairs_right")


def main(
    data: Path = Path("build/data"),
    shares: Annotated[list[float], typer.Option("--share", help="Above 0, at most 1.")] = [0.25, 0.5, 1.0],  # noqa: B006
    epochs: Annotated[int, typer.Option(help="Passes over all messages; smaller shares take more.")] = 1,
    seed: int = 13,
    measure_on: Annotated[list[Path] | None, typer.Option(help="Labelled JSONL.")] = None,
    runs: Path = Path("runs/curve"),
    out: Path = Path("docs/learning_curve.json"),
    plot: Path = Path("docs/learning_curve.png"),
    bootstrap: int = 1000,
) -> None:
    """Train what is missing, measure all, write the figures and the plot."""
    folders = [_train(share, round(epochs / share), seed, data, runs) for share in shares]
    splits = load_splits(data)
    sizes = [len(limit_families(splits["train"], share, seed)) for share in shares]
    datasets = {"test": splits["test"]} | read_datasets(measure_on or [], test="test")
    scorers = [ClassifierScorer(load(folder), str(size)) for folder, size in zip(folders, sizes, strict=True)]
    table = compare(scorers, datasets, seed=seed, bootstrap=bootstrap).to_dict()
    points = [
        {"messages": size, "share": share, "figures": _figures(table, str(size))}
        for size, share in zip(sizes, shares, strict=True)
    ]
    write_json(out, {"digest": stored_digest(data), "seed": seed, "epochs": epochs, "points": points})
    _plot(points, list(datasets), plot)


def _train(share: float, epochs: int, seed: int, data: Path, runs: Path) -> Path:
    values = {"limit": share, "epochs": epochs, "seed": seed, "augment": 0}
    return train_once(runs / f"{share:g}-{seed}", data, values)


def _figures(table: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    return {d: {f: models[name]["figures"][f] for f in FIGURES} for d, models in table.items()}


def _plot(points: Sequence[dict[str, Any]], datasets: Sequence[str], path: Path) -> None:
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots(1, 2)
    sizes = [point["messages"] for point in points]
    for axis, (name, title) in zip(axes, (("auroc", "AUROC"), ("f1", "F1")), strict=True):
        for dataset in datasets:
            found = [point["figures"][dataset][name] for point in points]
            values = [f["value"] for f in found]
            reach = [[v - f["low"] for v, f in zip(values, found, strict=True)],
                     [f["high"] - v for v, f in zip(values, found, strict=True)]]  # fmt: skip
            axis.errorbar(sizes, values, yerr=reach, marker="o", capsize=3, label=dataset)
        axis.set(title=title, xlabel="training messages", xscale="log", xticks=sizes)
        axis.set_xticklabels([f"{size:,}" for size in sizes])
        axis.minorticks_off()
        axis.legend()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    typer.run(main)
