"""Orders asked more than once or too late, and which date that was counted from."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest
from tests.audit_rows import audited, neutral, row, soliciting

from reviewguard.inference.audit.facts import facts, facts_text
from reviewguard.inference.audit.results import Finding
from reviewguard.schema import NEEDS_REVIEW, REVIEW_SOLICITING, Cell, ScoredRecord

OTHER_ASK = "Shoppers read what buyers write, so feel free to review the lamp."
DOUBT = {"verdict": NEEDS_REVIEW, "probability": 0.6, "types": {"selective": 0.6}}


def sent(moment: str, ask: ScoredRecord) -> ScoredRecord:
    """The ask as sent at that moment."""
    return replace(ask, record=replace(ask.record, sent_at=datetime.fromisoformat(moment)))


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


def test_ids_tell_two_sendings_of_one_day_apart() -> None:
    (finding,) = rules([neutral(1, id="A"), neutral(2, id="B")])
    assert [m.number for m in finding.shown] == [1, 2]


def test_a_copy_in_another_file_has_an_id_of_its_own() -> None:
    copy, one, two = (
        neutral(1, id="X", source="tickets.csv"),
        neutral(2, id="A"),
        neutral(3, id="B"),
    )
    assert rules([copy, one]) == []
    for rows in ([copy, one, two], [one, two, copy], [one, copy, two]):
        (finding,) = rules(rows)
        assert {m.number for m in finding.shown} == {2, 3}


def test_without_an_id_the_date_decides() -> None:
    rows = [neutral(i) for i in (1, 2, 3)]
    for i in (0, 2):
        rows[i] = replace(rows[i], record=replace(rows[i].record, id=None))
    assert rules(rows) == []


def test_a_violation_counts_as_an_ask() -> None:
    (finding,) = rules([neutral(1), soliciting(2, "Five stars for a refund?", day=2)])
    assert [m.number for m in finding.shown] == [1, 2]


@pytest.mark.parametrize("kind", ["change_or_remove", "insider", "pressure"])
def test_a_message_that_asks_for_no_review_is_no_ask(kind: str) -> None:
    other = soliciting(2, "Please take the review down.", day=35, types={kind: 0.9})
    values: dict[str, Cell] = {"Delivered At": "2024-11-04"}
    assert rules([neutral(1, values=values), other]) == []
    mixed = replace(other, verdict=soliciting(2, "", types={kind: 0.9, "selective": 0.9}).verdict)
    assert {f.rule for f in rules([neutral(1, values=values), mixed])} == {"repeat_request", "late_request"}


@pytest.mark.parametrize("kind", ["incentive", "off_platform"])
def test_a_removal_that_is_paid_for_is_no_ask(kind: str) -> None:
    removal = soliciting(2, "We pay you $20 to delete it.", day=2, types={"change_or_remove": 0.9, kind: 0.9})
    assert rules([neutral(1), removal]) == []
    doubt = {"verdict": NEEDS_REVIEW, "types": {"change_or_remove": 0.2, kind: 0.9}}
    assert len(rules([neutral(1), soliciting(2, "We pay you $20.", day=2, **doubt)])) == 1


def test_a_repeat_that_rests_on_doubt_is_for_a_person() -> None:
    (finding,) = rules([neutral(1), row(2, "Did you like it?", day=2, **DOUBT)])
    assert finding.verdict == NEEDS_REVIEW
    assert "for certain" in finding.reasons[0]


def test_a_doubtful_ask_is_no_further_one_for_certain() -> None:
    asks = [neutral(1), neutral(2, OTHER_ASK, day=9), row(3, "Did you like it?", day=35, **DOUBT)]
    (finding,) = rules(asks)
    assert finding.verdict == REVIEW_SOLICITING
    assert [m.number for m in finding.shown] == [1, 2, 3]
    assert [s.number for s in finding.breaking] == [2]
    assert finding.reasons == ("2 messages to this order ask for a review; 1 more may",)
    assert "1 order asked more than once (1 further ask), 2024-11-13." in facts_text(facts(audited(asks)))
    (finding,) = rules(asks, since="2024-12-01")
    assert finding.verdict == NEEDS_REVIEW
    assert [s.number for s in finding.breaking] == [3]
    assert "none that the filters take in for certain" in finding.reasons[0]


def test_a_sure_ask_after_a_doubtful_one_may_be_the_first() -> None:
    asks = [row(1, "Did you like it?", **DOUBT), neutral(2, day=2), neutral(3, OTHER_ASK, day=9)]
    assert [f.verdict for f in rules(asks[:2])] == [NEEDS_REVIEW]
    (finding,) = rules(asks)
    assert (finding.verdict, [s.number for s in finding.breaking]) == (REVIEW_SOLICITING, [3])


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
        *(
            (
                {column: "2024-11-08"},
                REVIEW_SOLICITING,
                f"31 days after the order was {milestone} (2024-11-08, column {column})",
            )
            for column, milestone in (
                ("Completed Date", "completed"),
                ("Order Delivery Date", "delivered"),
                ("Order Delivered Date", "delivered"),
                ("Delivered Time", "delivered"),
            )
        ),
        (
            {"Order Ship Date": "Nov 1, 2024"},
            NEEDS_REVIEW,
            "38 days after the order was shipped (2024-11-01, column Order Ship Date)",
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
    ("asked", "delivered", "late"),
    [
        ("2024-12-02T00:10:00+00:00", "2024-11-01T23:30:00-08:00", 0),
        ("2024-12-02T08:10:00+09:00", "2024-11-01T23:30:00Z", 0),
        ("2024-12-02T23:50:00+00:00", "2024-11-01T23:30:00-08:00", 1),
    ],
)
def test_days_are_counted_by_the_clock_that_shows_fewer(asked: str, delivered: str, late: int) -> None:
    ask = neutral(1, values={"Delivered At": delivered})
    ask = replace(ask, record=replace(ask.record, sent_at=datetime.fromisoformat(asked)))
    assert len(rules([ask])) == late


def test_a_doubtful_late_ask_stands_beside_the_sure_one() -> None:
    values: dict[str, Cell] = {"Delivered At": "2024-11-01"}
    asks = [neutral(1, day=35, values=values), row(2, "Did you like it?", day=42, **DOUBT)]
    late = [f for f in rules(asks) if f.rule == "late_request"]
    assert [(f.verdict, [s.number for s in f.breaking]) for f in late] == [(REVIEW_SOLICITING, [1])]
    assert "asked 38 days after the order was delivered" in late[0].reasons[0]
    assert late[0].reasons[0].endswith("; perhaps also after 45 days")
    text = facts_text(facts(audited(asks)))
    assert "1 message to 1 order, 2024-12-09." in text


def test_a_late_ask_whose_own_date_can_be_read_both_ways_is_to_check() -> None:
    ask = neutral(1, day=35, values={"Delivered At": "2024-11-01"})
    (sure,) = rules([ask])
    (unsure,) = rules([replace(ask, record=replace(ask.record, other_day=date(2024, 11, 12)))])
    assert (sure.verdict, unsure.verdict) == (REVIEW_SOLICITING, NEEDS_REVIEW)
    assert "the other way round, so check this one" in unsure.reasons[0]


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


def test_a_parcel_that_is_shipped_after_the_delivery_is_waited_for() -> None:
    first = row(1, values={"Ship Date": "2024-10-01", "Delivered At": "2024-10-03"})
    for day, found in ((6, []), (38, [NEEDS_REVIEW])):
        second = neutral(2, day=day, values={"Ship Date": "2024-11-01", "Delivered At": ""})
        for rows in ([first, second], [second, first]):
            assert [f.verdict for f in rules(rows)] == found
    (finding,) = rules(rows)
    assert "41 days after the order was shipped (2024-11-01, column Ship Date)" in finding.reasons[0]


def test_an_order_that_is_complete_before_its_delivery_counts_from_that() -> None:
    both = neutral(3, day=40, values={"completed_at": "2024-10-01", "delivered_at": "2024-10-20"})
    assert "delivered (2024-10-20, column delivered_at)" in rules([both])[0].reasons[0]


def test_day_and_month_are_told_apart_by_the_whole_column() -> None:
    rows = [
        neutral(i, order=f"999-{i}", day=40, values={"delivered": f"{d}/11/2024"})
        for i, d in enumerate((5, 6, 13, 28))
    ]
    assert {f.orders for f in rules(rows)} == {("999-0", "999-1", "999-2")}


def test_dates_of_the_same_file_tell_day_and_month_apart() -> None:
    delivered = [{"Delivered At": "05/11/2024", "Sent At": f"{day}/12/2024 10:00"} for day in ("04", "18")]
    rows = [neutral(i, order=f"999-{i}", day=14, values=values) for i, values in enumerate(delivered)]
    assert rules(rows) == []


def test_another_file_does_not_tell_day_and_month_apart() -> None:
    american = [
        neutral(i, order=f"999-{i}", values={"Delivered At": f"11/{20 + i}/2024"}, source="us.csv")
        for i in range(3)
    ]
    british = neutral(9, day=14, values={"Delivered At": "05/11/2024", "Date": "18/11/2024"}, source="uk.csv")
    assert rules([*american, british]) == []


def test_a_date_that_may_be_read_two_ways_is_for_a_person_and_counts_from_the_nearer() -> None:
    (finding,) = rules([neutral(1, day=40, values={"Delivered At": "05/11/2024"})])
    assert finding.verdict == NEEDS_REVIEW
    assert "asked 39 days after the order was delivered (2024-05-11 or 2024-11-05" in finding.reasons[0]
    assert rules([neutral(1, day=14, values={"Delivered At": "05/11/2024"})]) == []
    (finding,) = rules([neutral(1, day=40, values={"Delivered At": "11/11/2023"})])
    assert finding.verdict == REVIEW_SOLICITING


def test_the_last_parcel_of_an_order_completes_it() -> None:
    last, first = {"Delivered At": "2024-11-20"}, {"Delivered At": "2024-10-20"}
    for one, other in ((last, first), (first, last)):
        assert rules([neutral(1, day=30, values=one), row(2, day=31, values=other)]) == []
    (finding,) = rules([neutral(1, day=50, values=last), row(2, day=51, values=first)])
    assert "(2024-11-20, column Delivered At)" in finding.reasons[0]


def test_profiles_decide_which_order_rules_hold() -> None:
    rows = [neutral(1), neutral(2, OTHER_ASK, day=2)]
    assert rules(rows, profile="ftc") == []
    assert len(rules(rows, profile="strict")) == 1


def test_another_file_may_tell_the_day_alone_or_another_second() -> None:
    first = neutral(1, id="A", source="mail.mbox")
    for day in (-9.5 / 24, 7 / 86_400):  # midnight, and seven seconds later
        copy = neutral(2, id="7", source="tickets.csv", day=day)
        assert rules([first, copy]) == rules([copy, first]) == []
        assert audited([first, copy]).overview.copies == 1
        again = neutral(3, id="B", source="mail.mbox", day=0.1)
        (finding,) = rules([first, copy, again])
        assert [m.number for m in finding.shown] == [1, 3]


def test_two_sendings_of_a_day_without_ids_are_two() -> None:
    nameless = [replace(r, record=replace(r.record, id=None)) for r in (neutral(1), neutral(2, day=0.1))]
    assert len(rules(nameless)) == 1


def test_mail_that_breaks_its_lines_is_the_message_of_the_helpdesk() -> None:
    wrapped = "You can leave a\r\nreview if you like. \n"
    assert rules([neutral(1), neutral(2, wrapped, source="box.eml")]) == []


def test_a_copy_without_a_day_makes_a_repeat_doubtful() -> None:
    (finding,) = rules([neutral(1), neutral(2, day=None, source="other.csv")])
    assert finding.verdict == NEEDS_REVIEW
    assert "may be one" in finding.reasons[0]
    months = [neutral(1), neutral(2, day=9, source="next_month.csv")]
    assert [f.verdict for f in rules(months)] == [REVIEW_SOLICITING]


def test_of_two_copies_the_one_that_names_the_agent_counts() -> None:
    rows = [
        neutral(1, OTHER_ASK),
        neutral(2, day=3, agent=None, source="box.csv"),
        neutral(3, day=3, source="desk.csv"),
    ]
    for order in (rows, [rows[0], rows[2], rows[1]]):
        assert len(rules(order, agents=["Nora"])) == 1


def test_every_order_that_was_asked_late_says_from_when_on() -> None:
    rows = [
        neutral(n, order=f"999-{n}", day=day, values={"delivery date": "2024-09-01"})
        for n, day in ((1, 0), (2, 20))
    ]
    (finding,) = [f for f in rules(rows) if f.rule == "late_request"]
    bases = [sending.basis or "" for sending in finding.sendings]
    assert ["64 days" in bases[0], "84 days" in bases[1]] == [True, True]


@pytest.mark.parametrize(
    "desk", ["2024-11-04T18:30+00:00", "2024-11-05T02:30+00:00", "2024-11-05T03:30+01:00"]
)
def test_a_file_without_the_zone_holds_the_same_message(desk: str) -> None:
    asks = [
        sent(desk, neutral(1, source="desk.csv")),
        sent("2024-11-04T18:30-08:00", neutral(2, source="box.mbox")),
    ]
    next_day = sent("2024-11-05T18:30-08:00", neutral(3, source="box.mbox"))
    for rows in (asks, asks[::-1]):
        assert rules(rows) == []
        assert audited(rows).overview.copies == 1
        assert len(rules([*rows, next_day])[0].sendings) == 2


def test_two_days_in_two_files_are_two_sendings_by_any_clock() -> None:
    mails = [sent(f"2024-11-0{day}T18:30-08:00", neutral(day, source="box.mbox")) for day in (4, 5)]
    for zone in ("+00:00", "-08:00"):
        desk = [sent(f"2024-11-0{day}T18:30{zone}", neutral(10 + day, source="desk.csv")) for day in (4, 5)]
        for rows in (
            [*mails, *desk],
            [*desk, *mails],
            sorted([*mails, *desk], key=lambda r: r.record.sent_at),
        ):
            (finding,) = rules(rows)
            assert (finding.verdict, len(finding.sendings)) == (REVIEW_SOLICITING, 2)
            assert audited(rows).overview.copies == 2


def test_clocks_of_two_files_that_may_show_one_moment_make_a_repeat_doubtful() -> None:
    first = sent("2024-11-04T18:30+00:00", neutral(1, source="desk.csv"))
    for moment, verdict in (
        ("2024-11-05T08:30+01:00", NEEDS_REVIEW),
        ("2024-11-06T08:30+01:00", REVIEW_SOLICITING),
    ):
        (finding,) = rules([first, sent(moment, neutral(2, source="box.mbox"))])
        assert (finding.verdict, "may be one" in finding.reasons[0]) == (verdict, verdict == NEEDS_REVIEW)
        (finding,) = rules([first, sent(moment, neutral(2, source="desk.csv"))])
        assert finding.verdict == REVIEW_SOLICITING
    (finding,) = rules([first, sent("2024-11-05T08:30+01:00", neutral(2, OTHER_ASK, source="box.mbox"))])
    assert finding.verdict == REVIEW_SOLICITING


def test_a_subject_above_the_text_makes_no_other_message() -> None:
    ask, subject = neutral(1, source="desk.json"), "Could you leave a review?"
    mail = neutral(2, f"{subject}\n\n{ask.record.text}", source="box.mbox")
    mail = replace(mail, record=replace(mail.record, subject=subject))
    assert rules([ask, mail]) == rules([mail, ask]) == []
    assert audited([ask, mail]).overview.copies == 1


def test_a_row_for_each_item_makes_a_repeat_doubtful() -> None:
    (finding,) = rules([neutral(1, id="1"), neutral(2, id="2", asin="B0TEST1234")])
    assert finding.verdict == NEEDS_REVIEW
    assert "may be one" in finding.reasons[0]
    day = -9.5 / 24  # midnight: the day alone is told
    (finding,) = rules([neutral(1, id="1", day=day), neutral(2, id="2", day=day, asin="B0TEST1234")])
    assert finding.verdict == NEEDS_REVIEW
    for apart in ({"day": day}, {"day": 1 / 1440}):
        first = neutral(1, id="1", day=min(0, apart["day"]))
        assert rules([first, neutral(2, id="2", **apart)])[0].verdict == REVIEW_SOLICITING


def test_a_filter_finds_the_ask_by_any_of_its_items() -> None:
    asks = [neutral(1, OTHER_ASK, day=-3), neutral(2, id="A"), neutral(3, id="A", asin="B0TEST1234")]
    for asin in ("B0TEST0001", "B0TEST1234"):
        (finding,) = rules(asks, asins=[asin])
        assert finding.breaking


def test_asks_whose_lateness_nothing_tells_are_counted() -> None:
    delivered: dict[str, Cell] = {"Delivered At": "2024-11-01"}
    rows = [
        neutral(1, order="999-1"),
        neutral(2, order="999-2", values=delivered),
        neutral(3, order="999-3", day=None, values=delivered),
        neutral(4, order="999-4", id="twice"),
        neutral(5, order="999-4", id="twice"),
        row(6, order="999-5"),
    ]
    assert audited(rows).undated_asks == 3
    assert audited(rows, orders=["999-1", "999-2"]).undated_asks == 1
    assert audited(rows, profile="ftc").undated_asks == 0
    text = facts_text(facts(audited(rows)))
    assert "LATE\n- None of those looked at: see what is not covered." in text
    assert (
        "3 asks for which the day of the message or of its order is not known: not looked at for asking"
        in text
    )
    told = facts_text(facts(audited(rows[1:2])))
    assert "LATE\n- None.\n" in told
    assert "not looked at" not in told
