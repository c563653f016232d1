"""The figures show the evaluation's own numbers, and need no display and no global state."""

import io

import matplotlib._pylab_helpers as pylab
import numpy as np
import pytest
from tests.code.fake_scorer import EXAMPLES, SCORER

from reviewguard.modeling.calibration_error import calibration_row
from reviewguard.modeling.evaluation import evaluate
from reviewguard.modeling.plots import (
    calibration_figure,
    confusion_figure,
    evaluation_figures,
    precision_recall_figure,
    reliability_figure,
    slices_figure,
    types_figure,
)

EVALUATION = evaluate(SCORER, EXAMPLES, seed=1, bootstrap=20)
ONLY_CLEAN = evaluate(SCORER, EXAMPLES[2:4], seed=1, bootstrap=0)


@pytest.mark.parametrize("evaluation", [EVALUATION, ONLY_CLEAN], ids=["both", "only clean"])
def test_every_figure_is_drawn_without_pyplot(evaluation: object) -> None:
    figures = evaluation_figures(evaluation)
    assert set(figures) == {"precision_recall", "reliability", "confusion", "types"}
    for figure in figures.values():
        file = io.BytesIO()
        figure.savefig(file, format="png")
        assert file.getvalue().startswith(b"\x89PNG")
    assert not pylab.Gcf.figs


def test_the_dot_stands_at_the_threshold() -> None:
    line, dot = precision_recall_figure(EVALUATION).axes[0].lines
    assert line.get_label() == "fake (AP 0.756)"
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == pytest.approx((2 / 3, 1 / 2))


def test_reliability_plots_the_bins() -> None:
    line = reliability_figure(EVALUATION).axes[0].lines[1]
    assert list(line.get_xdata()) == [item.probability for item in EVALUATION.reliability]


@pytest.mark.parametrize("count", [1, 4, 9])
def test_calibration_has_a_panel_for_each_probability(count: int) -> None:
    positive, before = np.array([False, True, True]), np.array([0.2, 0.24, 1.0])
    rows = [calibration_row(f"type {i}", positive, before, positive.astype(float)) for i in range(count)]
    figure = calibration_figure(rows)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title().split("\n")[0] for axes in shown] == [row.name for row in rows]
    for axes in shown:
        _, raw, calibrated = axes.lines
        assert raw.get_xydata() == pytest.approx(np.array([[0.22, 0.5], [1.0, 1.0]]))
        assert calibrated.get_xydata() == pytest.approx(np.array([[0.0, 0.0], [1.0, 1.0]]))


def test_confusion_shows_counts_and_leaves_out_an_empty_unscored_column() -> None:
    axes = confusion_figure(EVALUATION).axes[0]
    assert [text.get_text() for text in axes.texts] == [
        "1\n33.3%",
        "0\n0.0%",
        "2\n66.7%",
        "1\n33.3%",
        "1\n33.3%",
        "1\n33.3%",
    ]


def test_types_without_support_have_no_bar() -> None:
    axes = types_figure(EVALUATION).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "neutral_request (n=1)",
        "selective (n=1)",
        "incentive (n=1)",
        "positive_request (n=2)",
    ]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([0, 2 / 3, 1, 0])


def test_slices_show_what_was_missed_and_what_was_flagged_for_nothing() -> None:
    axes = slices_figure(EVALUATION, "register").axes[0]
    parts = [item for item in EVALUATION.slices if item.dimension == "register"][::-1]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        f"{p.value} (n={p.messages})" for p in parts
    ]
    widths = [bar.get_width() for bar in axes.patches]
    missed, alarms = widths[: len(parts)], widths[len(parts) :]
    terse, chat = (next(i for i, p in enumerate(parts) if p.value == name) for name in ("terse", "chat"))
    assert missed[terse] == 1.0
    assert alarms[chat] == 0.5
