"""Tables, figures and marked messages of the notebooks show the messages' own numbers."""

from operator import attrgetter

import pytest
from tests.data.curation_helpers import message

from reviewguard.curation.shortcuts import neighbours
from reviewguard.curation.storage import label_of
from reviewguard.modeling.metrics import Figure
from reviewguard.modeling.slices import Slice
from reviewguard.notebooks.plots import counts_figure, lengths_figure, similarity_figure, together_figure
from reviewguard.notebooks.tables import (
    counts_table,
    messages_table,
    neighbours_table,
    table,
    together_table,
    types_table,
)
from reviewguard.notebooks.views import beside_html, labelled_html
from reviewguard.schema import Evidence, TypeScore, Verdict

GIFT = message(
    "Leave 5 stars & get a <mug>", ("5 stars", "positive_request"), ("get a <mug>", "incentive"), id="gift"
)
STARS = message("Leave 5 stars", ("5 stars", "positive_request"), id="stars")
ASK = message("Leave a review", ("Leave a review", "neutral_request"), id="ask", previous="Where is it?")
PLAIN = message("Your mug ships on Monday", id="plain")
MESSAGES = [GIFT, STARS, ASK, PLAIN]


def test_a_table_has_a_column_an_attribute() -> None:
    row = Slice("register", "chat", 3, 1, 0.5, None, 0.0)
    cells = table([row], "value", "f1", "recall").to_dict("records")
    assert cells == [{"value": "chat", "f1": 0.5, "recall": None}]
    assert table([GIFT], "types").iloc[0, 0] == "positive_request, incentive"
    assert list(table([], "types", "text").columns) == ["types", "text"]


def test_a_table_writes_figures_with_their_intervals() -> None:
    class Measured:
        f1 = Figure(0.5, 0.25, 0.75)

    assert table([Measured()], "f1").iloc[0, 0] == "0.500 (0.250–0.750)"


def test_messages_and_types_are_counted() -> None:
    rows = messages_table(MESSAGES)
    assert rows.loc["gift", ["verdict", "types", "words"]].tolist() == [
        "review-soliciting", "positive_request, incentive", 7,
    ]  # fmt: skip
    assert rows.loc["ask", ["verdict", "buyer before"]].tolist() == ["compliant", "Where is it?"]
    types = types_table(MESSAGES)
    assert types.loc["positive_request", ["messages", "alone"]].tolist() == [2, 1]
    together = together_table(MESSAGES)
    assert together.loc["incentive", "positive_request"] == 1
    assert together.loc["positive_request", "positive_request"] == 2
    axes = together_figure(together).axes[0]
    assert sum(int(text.get_text()) for text in axes.texts) == together.to_numpy().sum()


def test_counts_are_cut_by_verdict_the_most_first() -> None:
    counts = counts_table(
        {"chat": {"compliant": 1}, "terse": {"compliant": 2, "review-soliciting": 3}}, "register"
    )
    assert counts.loc["terse"].to_dict() == {"compliant": 2, "review-soliciting": 3, "all": 5}
    assert counts.loc["chat", "review-soliciting"] == 0
    axes = counts_figure(counts).axes[0]
    assert [bar.get_width() for bar in axes.patches] == [2, 1, 3, 0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["terse", "chat"]


def test_every_message_is_in_the_curve_of_its_length() -> None:
    figure = lengths_figure(MESSAGES)
    axes = figure.axes[0]
    heights = [max(vertices[1] for vertices in patch.get_xy()) for patch in axes.patches]
    assert heights == [1, 1]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["compliant", "review-soliciting"]


def test_neighbours_are_apart_in_what_was_asked_for() -> None:
    near = {pair.message.id: pair.other.id for pair in neighbours(MESSAGES, attrgetter("family"))}
    assert (near["gift"], near["stars"]) == ("stars", "gift")
    opposite = neighbours(MESSAGES, label_of)
    assert all(label_of(pair.message) != label_of(pair.other) for pair in opposite)
    bars = similarity_figure(opposite).axes[0].patches
    assert sum(bar.get_height() for bar in bars) == len(MESSAGES)


def test_a_message_with_none_apart_from_it_has_no_neighbour() -> None:
    assert neighbours([GIFT, STARS], label_of) == []
    assert neighbours_table([]).empty
    unlike = [message(text, id=text) for text in ("aaaa", "bbbb")]
    assert [pair.other.id for pair in neighbours(unlike, attrgetter("family"))] == ["bbbb", "aaaa"]


def test_a_pair_of_neighbours_is_shown_once() -> None:
    pairs = neighbours_table(neighbours(MESSAGES, attrgetter("family")), most=2)
    ids = pairs.index.get_level_values("id").tolist()
    assert sorted(ids[:2]) == ["gift", "stars"]
    assert len({frozenset(ids[:2]), frozenset(ids[2:])}) == 2
    similarity = pairs.index.get_level_values("similarity").tolist()
    assert similarity == sorted(similarity, reverse=True)


def test_labels_are_marked_and_escaped() -> None:
    html = labelled_html([GIFT, ASK])
    assert 'title="positive_request"' in html
    assert ">get a &lt;mug&gt;</mark>" in html
    assert "<mug>" not in html
    assert "Buyer: Where is it?" in html


def test_label_and_verdict_stand_side_by_side() -> None:
    said = Verdict(
        None, "needs-review", 0.6, (TypeScore("incentive", 0.7),), (Evidence(0, 5, "Leave", "incentive", 1.0),),
        text=GIFT.text,
    )  # fmt: skip
    html = beside_html([GIFT], [said])
    left, right = html.split("</td>")[:2]
    assert "review-soliciting: positive_request, incentive" in left
    assert "needs-review (60%): incentive" in right
    assert ">Leave</mark>" in right
    with pytest.raises(ValueError, match="shorter"):
        beside_html([GIFT, ASK], [said])
