from dataclasses import replace

import pytest
from tests.data.curation_helpers import located, message

from reviewguard.curation.rules import check_rules
from reviewguard.schema import LabelledMessage, Rationale

ASK = message("Ships today. Please leave us 5 stars.", ("leave us 5 stars", "positive_request"))


def broken(*items: LabelledMessage) -> list[tuple[int, str, str]]:
    return [(issue.line, issue.field, issue.rule) for issue in check_rules(located(*items))]


def test_a_well_labelled_message_breaks_nothing() -> None:
    assert broken(ASK, message("Ships today.", id="m-2")) == []


@pytest.mark.parametrize(
    ("rationale", "field", "rule"),
    [
        ((), "rationale", "types"),
        ((Rationale(0, 5, "positive_request"), Rationale(6, 9, "pressure")), "types", "types"),
        ((Rationale(30, 99, "positive_request"),), "rationale.0", "offsets"),
        ((Rationale(5, 5, "positive_request"),), "rationale.0", "offsets"),
        ((Rationale(5, 6, "positive_request"),), "rationale.0", "blank"),
        ((Rationale(0, 5, "positive_request"),) * 2, "rationale.1", "repeated"),
    ],
)
def test_rationale_and_types_agree(rationale: tuple[Rationale, ...], field: str, rule: str) -> None:
    assert broken(replace(ASK, rationale=rationale)) == [(1, field, rule)]


def test_the_same_words_are_not_neutral_and_a_violation() -> None:
    both = message("Leave us 5 stars", ("Leave us 5 stars", "positive_request"), ("Leave", "neutral_request"))
    apart = message(
        "Give 5 stars. Or review it.",
        ("5 stars", "positive_request"),
        ("review", "neutral_request"),
    )
    assert broken(both) == [(1, "rationale.1", "verdict")]
    assert broken(apart) == []


def test_the_marked_words_may_not_stand_elsewhere_too() -> None:
    twice = message("5 stars please. Yes, 5 STARS!", ("5 stars", "positive_request"))
    inside = message("Rate us. We pirate us nothing.", ("Rate us", "positive_request"))
    assert broken(twice) == [(1, "rationale.0", "removal")]
    assert broken(inside) == []


def test_one_message_has_one_label() -> None:
    other = message("ships today.  please LEAVE us 5 stars.", id="m-2")
    assert broken(ASK, other) == [(1, "types", "conflict"), (2, "types", "conflict")]
    assert broken(ASK, replace(other, previous="Love it!", family="m-1")) == []


def test_context_pairs_share_a_family() -> None:
    twin = replace(ASK, id="m-2", previous="Where is it?", family="other")
    assert broken(ASK, twin) == [(2, "family", "pair")]
    assert broken(ASK, replace(twin, family=ASK.family)) == []
