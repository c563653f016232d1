"""Orders asked more than once or too late, and which date that was counted from."""

from __future__ import annotations

import pytest
from tests.audit_rows import audited, neutral, row, soliciting

from reviewguard.inference.audit.results import Finding
from reviewguard.schema import NEEDS_REVIEW, REVIEW_SOLICITING, Cell, ScoredRecord

OTHER_ASK = "Shoppers read what buyers write, so feel free to review the lamp."


def rules(rows: list[ScoredRecord], **options: object) -> list[Finding]:
    return [f for f in audited(rows, **options).findings if f.rule]


def test_two_asks_to_one_order_stand_side_by_side() -> None:
    (finding,) = rules([neutral(1), row(2, day=1), neutral(3, OTHER_ASK, day=4, agent="Tobias")])
    assert (finding.rule, finding.verdict) == ("repeat_request", REVIEW_SOLICITING)
    assert [m.number for m in finding.shown] == [1, 3]
    assert finding.reasons == ("2 messages to this order ask for a review",)
    assert finding.agents == ("Nora", "Tobias")


def test_asks_in_two_threads_of_one_order_count_together() -> None:
    assert len(rules([neutral(1, thread="A"), neutral(2, OTHER_ASK, thread="B", day=2)])) == 1


def test_one_ask_an_order_is_no_repeat() -> None:
    assert rules([neutral(1, order="999-1"), neutral(2, order="999-2"), neutral(3, order=None)]) == []


def test_a_message_exported_twice_is_sent_once() -> None:
    assert rules([neutral(1, id="A"), neutral(2, id="A")]) == []
    assert rules([neutral(1, day=None, id="A"), neutral(2, day=None, id="A")]) == []
    assert len(rules([neutral(1, day=None, id="A"), neutral(2, day=None, id="B")])) == 1


def test_a_violation_counts_as_an_ask() -> None:
    (finding,) = rules([neutral(1), soliciting(2, "Five stars for a refund?", day=2)])
    assert [m.number for m in finding.shown] == [1, 2]


def test_a_repeat_that_rests_on_doubt_is_for_a_person() -> None:
    doubt = {"verdict": NEEDS_REVIEW, "probability": 0.6, "types": {"selective": 0.6}}
    (finding,) = rules([neutral(1), row(2, "Did you like it?", day=2, **doubt)])
    assert finding.verdict == NEEDS_REVIEW
    assert "for certain" in finding.reasons[0]


def test_orders_that_got_the_same_two_messages_are_one_finding() -> None:
    rows = [
        ask
        for i in range(5)
        for ask in (
            neutral(10 * i, order=f"999-{i}"),
            neutral(10 * i + 1, OTHER_ASK, order=f"999-{i}", day=3),
        )
    ]
    (finding,) = rules(rows)
    assert len(finding.orders) == 5
    assert len(finding.sendings) == 10
    assert finding.reasons[1] == "4 more orders got the same messages; shown is order 999-0"


def test_the_later_message_decides_whether_a_repeat_lies_in_the_period() -> None:
    rows = [neutral(1, day=0), neutral(2, OTHER_ASK, day=20)]
    assert rules(rows, until="2024-11-10") == []
    assert len(rules(rows, since="2024-11-20")) == 1


@pytest.mark.parametrize(
    ("values", "verdict", "basis"),
    [
        (
            {"Delivered At": "2024-11-08"},
            REVIEW_SOLICITING,
            "31 days after the order was delivered (2024-11-08, column Delivered At)",
        ),
        (
            {"order_completed": "08.11.2024"},
            REVIEW_SOLICITING,
            "31 days after the order was completed (2024-11-08, column order_completed)",
        ),
        (
            {"Ship Date": "Nov 1, 2024"},
            NEEDS_REVIEW,
            "38 days after the order was shipped (2024-11-01, column Ship Date)",
        ),
        (
            {"purchase_date": "2024-10-20", "Delivered At": ""},
            NEEDS_REVIEW,
            "50 days after the order was placed (2024-10-20, column purchase_date)",
        ),
    ],
)
def test_an_ask_is_late_after_thirty_days(values: dict[str, Cell], verdict: str, basis: str) -> None:
    (finding,) = rules([neutral(1, day=35, values=values)])
    assert (finding.rule, finding.verdict) == ("late_request", verdict)
    assert basis in finding.reasons[0]


@pytest.mark.parametrize(
    "values",
    [
        {"Delivered At": "2024-11-09"},
        {"Order Date": "2024-10-20", "Delivered At": "2024-11-20"},
        {"Delivered At": "soon"},
        {},
    ],
)
def test_an_ask_in_time_or_without_a_known_date_is_not_late(values: dict[str, Cell]) -> None:
    assert rules([neutral(1, day=35, values=values)]) == []


def test_a_notice_tells_the_delivery() -> None:
    delivered = row(1, "The package for order 999-0000001-0000001 was delivered.", role="system")
    (finding,) = rules([delivered, neutral(2, day=31)])
    assert "31 days after the order was delivered (2024-11-04, a notice, line 2)" in finding.reasons[0]
    waiting = row(1, "The package could not be delivered and was returned.", role="system")
    assert rules([waiting, neutral(2, day=31)]) == []


def test_day_and_month_are_told_apart_by_the_whole_column() -> None:
    rows = [
        neutral(i, order=f"999-{i}", day=40, values={"delivered": f"{d}/11/2024"})
        for i, d in enumerate((5, 6, 13, 28))
    ]
    assert {f.orders for f in rules(rows)} == {("999-0", "999-1", "999-2")}


def test_profiles_decide_which_order_rules_hold() -> None:
    rows = [neutral(1), neutral(2, OTHER_ASK, day=2)]
    assert rules(rows, profile="ftc") == []
    assert len(rules(rows, profile="strict")) == 1
