"""Figures of a set of labelled messages; those of an evaluation are in `modeling.plots`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from reviewguard.curation.shortcuts import Neighbour
from reviewguard.curation.storage import label_of
from reviewguard.modeling.plots import BLUE, ORANGE, blank
from reviewguard.schema import COMPLIANT, REVIEW_SOLICITING, LabelledMessage

_COLOURS = {COMPLIANT: BLUE, REVIEW_SOLICITING: ORANGE}


def counts_figure(counts: pd.DataFrame) -> Figure:
    """Bars of a `counts_table`, cut by verdict."""
    figure, axes = blank(6.4, 1.2 + 0.34 * len(counts))
    left = np.zeros(len(counts))
    for verdict, colour in _COLOURS.items():
        if verdict in counts:
            values = counts[verdict].to_numpy()
            axes.barh(range(len(counts)), values, left=left, color=colour, height=0.7, label=verdict)
            left = left + values
    axes.set_yticks(range(len(counts)), list(counts.index))
    axes.invert_yaxis()
    axes.set(xlabel="Messages", ylabel=counts.index.name)
    axes.grid(visible=False, axis="y")
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure


def lengths_figure(messages: Sequence[LabelledMessage]) -> Figure:
    """How many words messages have, by verdict, on a logarithmic axis."""
    figure, axes = blank(6.4, 3.4)
    words = {
        verdict: [len(m.text.split()) for m in messages if label_of(m) == verdict] for verdict in _COLOURS
    }
    longest = max(max(values, default=1) for values in words.values())
    edges = np.geomspace(1, longest + 1, 25)
    for verdict, values in words.items():
        axes.hist(
            values, edges.tolist(), color=_COLOURS[verdict], histtype="step", linewidth=1.8, label=verdict
        )
    axes.set_xscale("log")
    axes.set_xticks([x for x in (1, 2, 5, 10, 20, 50, 100, 200, 500) if x <= longest])
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlabel="Words", ylabel="Messages")
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure


def together_figure(together: pd.DataFrame) -> Figure:
    """Which types come together: a `together_table` as a map, shaded by the share of the row's messages."""
    counts = together.to_numpy()
    shares = counts / np.maximum(counts.diagonal()[:, None], 1)
    figure, axes = blank(6.8, 5.4)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > 0.55 else "black"
        axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=8)
    axes.set_xticks(range(len(counts)), list(together.columns), rotation=45, ha="right")
    axes.set_yticks(range(len(counts)), list(together.index))
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)
    return figure


def similarity_figure(neighbours: Sequence[Neighbour]) -> Figure:
    """How alike each message and its nearest neighbour are."""
    figure, axes = blank(6.4, 3.2)
    axes.hist([pair.similarity for pair in neighbours], np.linspace(0, 1, 41).tolist(), color=BLUE)
    axes.set(xlabel="Similarity to the nearest message", ylabel="Messages", xlim=(0, 1))
    return figure
