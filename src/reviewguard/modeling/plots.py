"""Figures of an evaluation, in colours that colour-blind readers can tell apart (Okabe & Ito).

Each function gives a `matplotlib.figure.Figure` made without pyplot, so nothing is kept globally.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve

from reviewguard.modeling.calibration_error import CalibrationRow
from reviewguard.modeling.evaluation import Evaluation
from reviewguard.modeling.mistakes import UNSCORED

BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#777777"
LINES = ((BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (PURPLE, ":"))


def evaluation_figures(evaluation: Evaluation) -> Mapping[str, Figure]:
    """Every figure of one evaluation by file stem."""
    return {
        "precision_recall": precision_recall_figure(evaluation),
        "reliability": reliability_figure(evaluation),
        "confusion": confusion_figure(evaluation),
        "types": types_figure(evaluation),
    }


def precision_recall_figure(evaluation: Evaluation) -> Figure:
    """Precision over recall, a dot where the threshold lies; nothing without a violation."""
    figure, axes = blank(5.6, 4.4)
    if evaluation.positive.any():
        colour, dashes = LINES[0]
        precision, recall, _ = precision_recall_curve(evaluation.positive, evaluation.probabilities)
        label = f"{evaluation.model} (AP {evaluation.figures['average_precision'].value:.3f})"
        axes.step(recall, precision, dashes, color=colour, where="post", label=label, linewidth=1.8)
        _mark_threshold(axes, evaluation, colour)
        axes.legend(loc="lower left", frameon=False, fontsize=9)
    axes.set(xlabel="Recall", ylabel="Precision", xlim=(0, 1.02), ylim=(0, 1.02))
    axes.set_title("Precision and recall of the binary decision")
    return figure


def _mark_threshold(axes: Axes, evaluation: Evaluation, colour: str) -> None:
    recall, precision = (evaluation.figures[name].value for name in ("recall", "precision"))
    if recall is not None and precision is not None:
        axes.plot([recall], [precision], "o", color=colour, markersize=7, markeredgecolor="white")


def reliability_figure(evaluation: Evaluation) -> Figure:
    """Observed share of violations over stated probability, in bins of equal mass."""
    figure, axes = blank(5.0, 4.6)
    stated = [item.probability for item in evaluation.reliability]
    observed = [item.observed for item in evaluation.reliability]
    axes.plot([0, 1], [0, 1], "--", color=GREY, linewidth=1, label="perfectly calibrated")
    axes.plot(stated, observed, "o-", color=BLUE, clip_on=False, label=evaluation.model)
    axes.set(xlabel="Stated probability of a violation", ylabel="Observed share of violations")
    axes.set(xlim=(0, 1), ylim=(0, 1))
    ece, brier = (evaluation.figures[name].value for name in ("ece", "brier"))
    axes.set_title(f"Calibration: ECE {ece:.3f}, Brier {brier:.3f}")
    axes.legend(loc="upper left", frameon=False, fontsize=9)
    return figure


def calibration_figure(rows: Sequence[CalibrationRow]) -> Figure:
    """A reliability diagram for each probability, before and after calibration; large dots hold many messages."""
    columns = min(3, len(rows))
    lines = -(-len(rows) // columns)
    figure = Figure(figsize=(2.6 * columns, 2.5 * lines + 0.5), dpi=150, layout="constrained")
    panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, row in zip(panels, rows, strict=False):
        light(axes)
        axes.plot([0, 1], [0, 1], "--", color=GREY, linewidth=1)
        for bins, colour, name in (
            (row.bins_before, ORANGE, "raw probability"),
            (row.bins_after, BLUE, "calibrated"),
        ):
            stated, observed = ([getattr(b, side) for b in bins] for side in ("probability", "observed"))
            area = 6 + 60 * np.sqrt([b.count / sum(b.count for b in bins) for b in bins])
            axes.plot(stated, observed, color=colour, linewidth=1, alpha=0.7)
            axes.scatter(stated, observed, s=area, color=colour, alpha=0.8, label=name, clip_on=False)
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.set_title(f"{row.name}\nECE {row.ece_before:.3f} → {row.ece_after:.3f}", fontsize=9)
    for place, axes in enumerate(panels):
        axes.set_visible(place < len(rows))
        axes.label_outer()
        axes.set_xlabel("Stated probability" if place + columns >= len(rows) else "", fontsize=8)
        axes.set_ylabel("" if place % columns else "Observed share", fontsize=8)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    return figure


def confusion_figure(evaluation: Evaluation) -> Figure:
    """Labels against decisions: counts, shaded by their share of the label."""
    labels = list(evaluation.verdicts)
    counts = np.array([list(row.values()) for row in evaluation.verdicts.values()])
    decisions = list(evaluation.verdicts[labels[0]])
    shown = [i for i, name in enumerate(decisions) if name != UNSCORED or counts[:, i].any()]
    counts, decisions = counts[:, shown], [decisions[i] for i in shown]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = blank(6.0, 3.2)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        share = shares[row, column]
        axes.text(
            column,
            row,
            f"{count}\n{share:.1%}",
            ha="center",
            va="center",
            color="white" if share > 0.55 else "black",
        )
    axes.set_xticks(range(len(decisions)), decisions)
    axes.set_yticks(range(len(labels)), labels)
    axes.set(xlabel="Decision", ylabel="Label")
    axes.set_title(f"Decisions of {evaluation.model}")
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)
    return figure


def types_figure(evaluation: Evaluation) -> Figure:
    """F1 of every type that occurs, with its 95% interval and support."""
    items = [item for item in evaluation.types if item.f1.value is not None][::-1]
    figure, axes = blank(6.4, 1.2 + 0.42 * max(len(items), 1))
    values = np.array([item.f1.value for item in items], dtype=float)
    ends = [(item.f1.low, item.f1.high) for item in items]
    lows, highs = np.array(ends, dtype=float).reshape(-1, 2).T
    reach = np.nan_to_num(np.maximum([values - lows, highs - values], 0))
    axes.barh(range(len(items)), values, color=BLUE, height=0.62, alpha=0.85)
    axes.errorbar(values, range(len(items)), xerr=reach, fmt="none", ecolor="black", capsize=3)
    for row, value in enumerate(values):
        colour = "white" if value > 0.1 else "black"
        axes.text(0.01, row, f"{value:.2f}", va="center", color=colour, fontsize=9)
    axes.set_yticks(range(len(items)), [f"{item.type} (n={item.support})" for item in items])
    axes.set(xlabel="F1 (bar) with 95% interval", xlim=(0, 1.02))
    axes.set_title(f"Types found by {evaluation.model}")
    axes.grid(visible=False, axis="y")
    return figure


def slices_figure(evaluation: Evaluation, dimension: str) -> Figure:
    """Violations missed and false alarms over the parts of the data in one dimension; see `slices`."""
    items = [item for item in evaluation.slices if item.dimension == dimension][::-1]
    figure, axes = blank(6.4, 1.2 + 0.5 * max(len(items), 1))
    rows = np.arange(len(items))
    missed = [np.nan if item.recall is None else 1 - item.recall for item in items]
    alarms = [np.nan if item.false_alarm_rate is None else item.false_alarm_rate for item in items]
    axes.barh(rows + 0.19, missed, height=0.36, color=ORANGE, label="violations missed")
    axes.barh(rows - 0.19, alarms, height=0.36, color=BLUE, label="false alarms")
    axes.set_yticks(rows, [f"{item.value} (n={item.messages})" for item in items])
    axes.set(xlabel="Share of the violations, or of the compliant messages", xlim=(0, None))
    axes.set_title(f"Errors of {evaluation.model} by {dimension}")
    axes.grid(visible=False, axis="y")
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure


def blank(width: float, height: float) -> tuple[Figure, Axes]:
    """Inches in, an empty figure with light grid and no box out."""
    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    axes = figure.subplots()
    light(axes)
    return figure, axes


def light(axes: Axes) -> None:
    """A light grid and no box."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
