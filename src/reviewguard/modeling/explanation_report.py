"""A study of explanations as Markdown tables and as a figure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Plot

from reviewguard.modeling.compare import stored_text
from reviewguard.modeling.explainers.registry import NO_PEERS, OURS
from reviewguard.modeling.plots import BLUE, GREY, ORANGE, light

MEASURES: Mapping[str, str] = {
    "comprehensiveness_mask": "comprehensiveness ↑, masked",
    "comprehensiveness_delete": "comprehensiveness ↑, deleted",
    "sufficiency_mask": "sufficiency ↓, masked",
    "sufficiency_delete": "sufficiency ↓, deleted",
    "agreement_mask": "τ with leave-one-out ↑, masked",
    "agreement_delete": "τ with leave-one-out ↑, deleted",
    "token_f1": "word F1 ↑",
    "iou_f1": "IOU F1 ↑",
    "auprc": "AUPRC ↑",
}
"""Every measure and its title; the arrow shows the better side."""

SHIPPED: Mapping[str, str] = {
    "token_f1": "marked words against the rationale, word F1",
    "iou_f1": "marked words against the rationale, IOU F1",
    "removal_turns_compliant": "below the single cut once the marked words are taken out",
    "removal_says_compliant": "verdict compliant once the marked words are taken out",
    "removal_words_taken": "words marked (share)",
    "removal_leaves_nothing": "no word left without the marked ones",
    "random_removal_turns_compliant": "below the single cut once as many words, drawn at random, are taken out",
    "marks_alone_flagged": "above the single cut with the marked words alone",
    "decisive_turns_compliant": "below the single cut once the decisive words are taken out",
    "decisive_says_compliant": "verdict compliant once the decisive words are taken out",
    "decisive_words_taken": "decisive words (share)",
    "unchanged_by_typos": "marked words unchanged (IOU ≥ 0.9) by typos in others",
}
"""Figures of the marked words as the shipped model shows them."""


def to_markdown(study: Mapping[str, Any]) -> str:
    """Every table of the study."""
    return "\n\n".join([*peer_tables(study), *method_tables(study), *shipped_tables(study)])


def method_tables(study: Mapping[str, Any]) -> Iterator[str]:
    """Per model and data set: faithfulness of every method, then agreement with people, and cost."""
    faithful = [name for name in MEASURES if name.endswith(("_mask", "_delete"))]
    human = [name for name in MEASURES if name not in faithful]
    costs = ("forward passes", "backward passes", "ms a message")
    for model, found in study["models"].items():
        for dataset in study["data"]:
            head = f"`{model}` on `{dataset}`"
            methods = found["methods"].items()
            rows = [[name, *_cells(item, dataset, faithful)] for name, item in methods]
            yield table([head, *(MEASURES[m] for m in faithful)], rows)
            rows = [
                [name, *_cells(item, dataset, human), *_cost_cells(item["cost"])] for name, item in methods
            ]
            yield table([head, *(MEASURES[m] for m in human), *costs], rows)


def _cells(item: Mapping[str, Any], dataset: str, measures: Sequence[str]) -> list[str]:
    return [stored_text(item["figures"][dataset][name]) for name in measures]


def peer_tables(study: Mapping[str, Any], datasets: Sequence[str] = ()) -> Iterator[str]:
    """Ours against the best peer of each measure; `datasets` all without any."""
    for model, found in study["models"].items():
        for dataset, measures in found["against_best_peer"].items():
            if not measures or (datasets and dataset not in datasets):
                continue
            rows = [
                [
                    MEASURES[name],
                    stored_text(found["methods"][OURS]["figures"][dataset][name]),
                    f"{item['peer']}: {stored_text(found['methods'][item['peer']]['figures'][dataset][name])}",
                    stored_text(item["ahead"]),
                    standing(item["ahead"]),
                ]
                for name, item in measures.items()
            ]
            yield table([f"`{model}` on `{dataset}`", "ours", "best peer", "ahead by", ""], rows)


def shipped_tables(study: Mapping[str, Any]) -> Iterator[str]:
    """The marked words as people see them."""
    if shipped := study.get("shipped"):
        rows = [[title, *(stored_text(v[name]) for v in shipped.values())] for name, title in SHIPPED.items()]
        yield table([f"`{study['shipped_model']}`", *(f"`{name}`" for name in shipped)], rows)


def standing(ahead: Mapping[str, float | None]) -> str:
    """`ahead` or `behind` where the interval leaves no doubt, else `level`."""
    low, high = ahead["low"], ahead["high"]
    if low is not None and low > 0:
        return "ahead"
    return "behind" if high is not None and high < 0 else "level"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; every column but the first is aligned to the right."""
    marks = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in (header, marks, *rows))


def _cost_cells(cost: Mapping[str, float]) -> list[str]:
    return [f"{cost['forward']:.1f}", f"{cost['backward']:.1f}", f"{cost['milliseconds']:.1f}"]


def to_plot(study: Mapping[str, Any]) -> Plot:
    """One panel a measure, one row a method: the first model on the first data set, with intervals."""
    found = next(iter(study["models"].values()))
    dataset = next(iter(study["data"]))
    names = list(found["methods"])[::-1]
    plot = Plot(figsize=(12.0, 3 * (0.8 + 0.26 * len(names))), dpi=150, layout="constrained")
    panels = plot.subplots(3, 3, sharey=True)
    for axes, (measure, title) in zip(panels.T.flat, _in_columns(), strict=True):
        figures = [found["methods"][name]["figures"][dataset][measure] for name in names]
        _panel(axes, names, figures, title)
    plot.suptitle(f"Explanations of {study['data'][dataset]['messages']} violations ({dataset})")
    return plot


def _in_columns() -> list[tuple[str, str]]:
    """Measures column by column: masked, deleted, against rationales."""
    masked = [name for name in MEASURES if name.endswith("_mask")]
    deleted = [name for name in MEASURES if name.endswith("_delete")]
    rest = [name for name in MEASURES if name not in {*masked, *deleted}]
    return [(name, MEASURES[name]) for name in (*masked, *deleted, *rest)]


def _panel(axes: Axes, names: Sequence[str], figures: Sequence[Mapping[str, Any]], title: str) -> None:
    for row, (name, figure) in enumerate(zip(names, figures, strict=True)):
        if figure["value"] is None:
            continue
        colour = BLUE if name == OURS else GREY if name in NO_PEERS else ORANGE
        if figure["low"] is not None:
            axes.plot([figure["low"], figure["high"]], [row, row], color=colour, linewidth=2)
        axes.plot([figure["value"]], [row], "o", color=colour, markersize=5)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_title(title, fontsize=9)
    axes.tick_params(axis="x", labelsize=8)
    light(axes)


def metrics(study: Mapping[str, Any]) -> dict[str, float]:
    """Values by `model/data set/method/measure`, in the letters that MLflow allows."""
    found: dict[str, Any] = {}
    for model, values in study["models"].items():
        for method, item in values["methods"].items():
            letters = method.replace("×", "x").replace(",", "").replace(" ", "_")
            name = f"{model}/{{}}/{letters}/{{}}"
            for dataset, figures in item["figures"].items():
                found |= {name.format(dataset, m): figure["value"] for m, figure in figures.items()}
            found |= {name.format("cost", kind): value for kind, value in item["cost"].items()}
    for dataset, figures in study.get("shipped", {}).items():
        found |= {f"shipped/{dataset}/{m}": figure["value"] for m, figure in figures.items()}
    return {name: float(value) for name, value in found.items() if value is not None and np.isfinite(value)}
