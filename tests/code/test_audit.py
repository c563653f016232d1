"""What an audit finds, how it ranks it, and what it counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from io import StringIO
from itertools import chain
from pathlib import Path

import pytest
from rich.console import Console
from tests.audit_rows import (
    START,
    TEMPLATE,
    audited,
    evidence,
    neutral,
    row,
    sendings,
    small_export,
    soliciting,
)

from reviewguard.errors import ConfigError
from reviewguard.inference.alike import TemplateIndex, skeleton
from reviewguard.inference.audit import AuditFilters, overview
from reviewguard.inference.audit.facts import facts, facts_text, quote
from reviewguard.inference.audit.filters import shown_agent
from reviewguard.inference.audit.masked import without_personal_data
from reviewguard.inference.report.terminal import audit_view
from reviewguard.schema import NEEDS_REVIEW, REVIEW_SOLICITING, Decision, ScoredRecord


def test_a_template_is_one_finding_with_every_order() -> None:
    (finding,) = audited(sendings(412)).findings
    assert len(finding.sendings) == len(finding.orders) == 412
    assert finding.days == (date(2024, 11, 4), date(2025, 12, 20))
    assert finding.probability == pytest.approx(0.95 + 411 / 10_000)  # of the likeliest
    assert finding.shown[0].number == 511


def test_templates_with_small_edits_are_one_and_other_messages_are_not() -> None:
    index, marked = TemplateIndex(), ["Leave us five stars"]
    one = index.number(TEMPLATE.format(name="Ana", order="999-1234567-7654321"), marked)
    assert index.number(TEMPLATE.format(name="{{first_name}}", order="[order]"), marked) == one
    edited = TEMPLATE.format(name="Bo", order="{0}").replace("$10 gift card", "$20 voucher")
    assert index.number(edited, marked) == one
    assert index.number("Please delete your review of the lamp, and we refund the price.") != one
    assert index.number("") == index.number(" ")


BODY = (
    "Thank you for choosing our kettle. Rinse it twice with fresh water and throw the first boil away. "
    "The lid opens with the button on the handle, and the filter behind the spout comes out for cleaning. "
    "Descale it once a month with vinegar. Keep the invoice; spare lids can be ordered from us at any time."
)


def test_one_sentence_that_decides_makes_a_letter_another_template() -> None:
    index = TemplateIndex()
    ask, offer = "Please leave us a five star review.", "Delete your bad review for a gift card."
    one = index.number(f"{BODY} {ask}", [ask])
    assert index.number(f"{BODY} {offer}", [offer]) != one
    assert index.number(f"Dear friend! {BODY} {ask}", ["a five star review"]) == one


def test_a_letter_first_seen_without_marks_is_compared_once_it_has_them() -> None:
    index, ask = TemplateIndex(), "Please leave us a five star review."
    one = index.number(f"{BODY} {ask}")
    assert index.number(f"{BODY} {ask}", [ask]) == one
    assert index.number(f"Dear friend! {BODY} {ask}", [ask]) == one
    other = index.number(f"Hi Ana,\n{BODY * 2} {ask}")
    assert index.number(f"Hi Jonas,\n{BODY * 2} {ask}", [ask]) == other
    assert index.number(f"Dear friend! {BODY * 2} {ask}", [ask]) == other


def test_letters_that_differ_after_their_first_pages_are_two() -> None:
    index, pages = TemplateIndex(), " ".join([BODY] * 9)
    ask, offer = "Please leave us a five star review.", "Delete your bad review for a gift card."
    assert index.number(f"{pages} {ask}", [ask]) != index.number(f"{pages} {offer}", [offer])


def test_letters_without_marks_are_one_only_where_they_say_the_same() -> None:
    """As those in a language that the model does not read."""
    index = TemplateIndex()
    letter = (
        "Liebe Ana,\nvielen Dank für Ihre Bestellung. Spülen Sie den Wasserkocher vor dem ersten Gebrauch zweimal aus "
        "und gießen Sie das Wasser weg. Der Deckel öffnet mit dem Knopf am Griff, und das Sieb hinter der Tülle lässt "
        "sich zum Reinigen herausnehmen. Heben Sie die Rechnung auf, Ersatzdeckel gibt es bei uns jederzeit."
    )
    one = index.number(letter)
    assert index.number(letter.replace("Ana", "Jonas")) == one
    assert index.number(f"{letter} Fünf Sterne bringen Ihnen zehn Euro.") != one
    pages = " ".join([letter] * 9)
    assert index.number(pages) != index.number(f"{pages} Fünf Sterne bringen Ihnen zehn Euro.")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("您好 请给我们5星好评，我们返现20元", "您好 您的包裹3天后到"),
        ("こんにちは ５つ星で評価して", "こんにちは 明日３時に届けます"),
        ("您好 https://example.com/a请给我们好评", "您好 https://example.com/b谢谢惠顾"),
    ],
)
def test_a_number_in_a_text_without_blanks_does_not_take_its_words_away(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)
    found = audited([soliciting(1, one, order="999-1"), soliciting(2, other, order="999-2")]).findings
    assert [len(f.sendings) for f in found] == [1, 1]


def test_letters_of_one_body_are_found_each_with_its_own_order() -> None:
    ask, offer = "Please leave us a five star review.", "Delete your bad review for a gift card."
    rows = [
        soliciting(1, f"{BODY} {ask}", order="999-1", marked=ask, types={"positive_request": 0.95}),
        soliciting(2, f"{BODY} {offer}", order="999-2", marked=offer, types={"change_or_remove": 0.96}),
    ]
    findings = audited(rows).findings
    assert {(f.names, f.orders) for f in findings} == {
        (("positive_request",), ("999-1",)),
        (("change_or_remove",), ("999-2",)),
    }


def test_doubtful_sendings_of_a_template_are_a_finding_of_their_own() -> None:
    doubt = {"verdict": NEEDS_REVIEW, "probability": 0.3}
    rows = [
        soliciting(i, "Five stars for a mug?", order=f"999-{i}", **(doubt if i else {})) for i in range(28)
    ]
    result = audited(rows)
    assert [(f.verdict, len(f.sendings)) for f in result.findings] == [
        (REVIEW_SOLICITING, 1),
        (NEEDS_REVIEW, 27),
    ]
    assert "offers a benefit for a review: 1 message to 1 order" in facts_text(facts(result))
    assert (result.overview.soliciting, result.overview.doubtful) == (1, 27)


def test_the_facts_count_a_type_where_it_was_found() -> None:
    """The same words break another rule after a happy buyer."""
    ask = "Please leave us a good review."
    rows = [
        soliciting(
            i, ask, order=f"999-{i}", types={"positive_request": 0.9} | ({} if i else {"selective": 0.9})
        )
        for i in range(3)
    ]
    rows[0] = replace(rows[0], verdict=replace(rows[0].verdict, probability=0.99))
    result = audited(rows)
    assert len(result.findings) == 1
    said = facts_text(facts(result))
    assert "asks for a positive review: 3 messages to 3 orders" in said
    assert "asks satisfied buyers, or steers unhappy ones away: 1 message to 1 order" in said
    assert (
        "(asks for a positive review, asks satisfied buyers, or steers unhappy ones away in 1 of 3; 3 mess"
        in said
    )


def test_a_message_is_dated_by_the_day_for_which_the_period_takes_it() -> None:
    (found,) = [soliciting(1, "A gift for a review.")]
    march = START.replace(year=2024, month=3, day=4)
    either = replace(found, record=replace(found.record, sent_at=march, other_day=date(2024, 4, 3)))
    result = audited([either], since="2024-04-01", until="2024-04-30")
    assert result.findings[0].days == (date(2024, 4, 3), date(2024, 4, 3))
    assert result.overview.either_day == 1
    assert audited([either]).findings[0].days == (date(2024, 3, 4), date(2024, 3, 4))


def test_skeletons_hold_no_names_numbers_days_or_links() -> None:
    text = "Hi Ana,\norder 999-1234567-7654321 comes on Monday: https://example.com/a?b=1\nBest,\nNora"
    assert skeleton(text) == "hi order comes on best"


def test_a_skeleton_of_an_endless_word_is_found_at_once() -> None:
    assert skeleton("a" * 200_000 + " now").endswith("a now")


def test_the_likeliest_violation_is_first_and_order_rules_stand_before_doubt() -> None:
    findings = audited(small_export()).findings
    assert [f.rule or f.types[0].type for f in findings] == [
        "incentive",
        "change_or_remove",
        "repeat_request",
        "late_request",
        "selective",
    ]
    assert [f.verdict for f in findings] == [REVIEW_SOLICITING] * 4 + [NEEDS_REVIEW]


def test_within_a_tenth_the_message_sent_more_often_is_first() -> None:
    single = soliciting(
        1, "Delete the review for a refund of the price, please.", probability=0.999, order="999-1"
    )
    less = soliciting(
        2, "Which colour did your sister want again? Five stars!", probability=0.7, order="999-2"
    )
    findings = audited([less, single, *sendings(3)]).findings
    assert [len(f.sendings) for f in findings] == [3, 1, 1]
    assert [round(f.probability, 3) for f in findings] == [0.95, 0.999, 0.7]


def test_ids_stay_the_same_and_differ() -> None:
    findings, again = (audited(small_export()).findings for _ in range(2))
    assert [f.id for f in findings] == [f.id for f in again]
    assert len({f.id for f in findings}) == len(findings)


def test_a_finding_shows_the_buyers_words_and_the_thread() -> None:
    finding = audited(small_export()).findings[1]
    assert finding.previous == "The lamp flickers. <b>Marta</b> & me"
    assert [m.role for m in finding.thread] == ["buyer", "seller", "buyer"]
    assert finding.left_out == 0
    assert finding.shown[0].verdict.evidence[0].text == "if you delete the review"


def test_a_long_thread_is_shown_around_the_message() -> None:
    before = [row(i, f"Note {i}", day=i / 100, role="buyer") for i in range(1, 41)]
    after = [row(i, f"Note {i}", day=i / 100, role="buyer") for i in range(50, 90)]
    (finding,) = audited([*before, soliciting(45, "Five stars for a refund?", day=0.45), *after]).findings
    assert [finding.thread[0].number, finding.thread[-1].number] == [21, 59]
    assert finding.left_out == 81 - len(finding.thread)


def test_messages_of_a_thread_share_its_order() -> None:
    rows = [
        row(1, "Where is it?", role="buyer", order=None, asin=None, thread="T1"),
        soliciting(2, "Five stars and the refund comes", order=None, asin=None, thread="T1", day=0.1),
        row(3, "Order 999-1234567-7654321", role="buyer", order="999-1234567-7654321", thread="T1", day=0.2),
    ]
    (finding,) = audited(rows).findings
    assert finding.orders == ("999-1234567-7654321",)
    assert finding.asins == ("B0TEST0001",)


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({"since": "2024-11-05", "until": "2024-11-06"}, {101, 102, 2}),
        ({"since": "2024-11-06", "until": "2024-11-06"}, {102, 2}),
        ({"orders": ["999-1111111-1111111"]}, {2}),
        ({"orders": ["999 1111111 1111111 "]}, {2}),
        ({"agents": ["TOBIAS"]}, {2, 4, 5}),
        ({"asins": ["b0test0001"], "until": "2024-11-04"}, {100}),
        ({"asins": ["B0TEST9999"]}, set()),
    ],
)
def test_filters_narrow_the_findings(filters: dict[str, object], numbers: set[int]) -> None:
    findings = audited(small_export(), **filters).findings
    assert {s.number for f in findings for s in f.sendings} == numbers


def test_a_filtered_finding_keeps_its_thread() -> None:
    (finding,) = audited(small_export(), since="2024-11-06", until="2024-11-06", agents=["tobias"]).findings
    assert [m.number for m in finding.thread] == [1, 2, 3]


def test_a_message_without_a_date_is_never_left_out_by_the_period() -> None:
    rows = [soliciting(1, "Five stars for a refund?", day=None)]
    assert len(audited(rows, since="2020-01-01", until="2020-01-02").findings) == 1


def test_a_date_that_can_be_read_both_ways_is_left_out_only_if_neither_day_is_in_the_period() -> None:
    found = soliciting(1, "Five stars for a refund?", day=3)
    either = replace(found, record=replace(found.record, other_day=date(2024, 3, 11)))
    march, april = (audited([either], since=f"2024-{m}-01", until=f"2024-{m}-30") for m in ("03", "04"))
    assert len(march.findings) == 1 and march.overview.soliciting == 1
    assert march.overview.first == date(2024, 3, 11)
    assert sum(bucket.sellers for bucket in march.overview.buckets) == 1
    assert not april.findings
    said, told = "1 message with a date that may begin with the day", "only if neither day is in it."
    assert "taken for March 4, or for April 3 where that day alone is in the period. The" in facts_text(
        facts(march)
    )
    assert "taken for March 4." in facts_text(facts(audited([either])))
    assert said in (text := facts_text(facts(march))) and told in text
    assert said in (text := facts_text(facts(audited([either])))) and told not in text
    assert said not in facts_text(facts(audited([found])))
    shown = Console(width=200, record=True, file=StringIO())
    shown.print(audit_view(march, Path("out"), top=1, colour=False))
    assert said in shown.export_text()


def test_an_order_is_found_with_and_without_hyphens() -> None:
    rows = [soliciting(n, "Stars?", order=o) for n, o in enumerate(("999-1111111-1111111", "X1"), 1)]
    for asked in ("999-1111111-1111111", "99911111111111111", "999 1111111 1111111"):
        result = audited(rows, orders=[asked])
        assert (result.overview.soliciting, result.overview.unmet) == (1, ())
    assert audited(rows, orders=["x1"]).overview.soliciting == 1


@pytest.mark.parametrize("value", ["2024-13-01", "yesterday", "01.11.2024", ""])
def test_a_day_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(ConfigError, match="--since"):
        AuditFilters.parse(since=value)


@pytest.mark.parametrize("name", ["orders", "asins", "agents"])
def test_a_filter_without_a_value_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="empty"):
        AuditFilters.parse(**{name: ["X1", " "]})


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ConfigError, match="before it begins"):
        AuditFilters.parse(since="2024-12-01", until="2024-11-30")


def test_the_overview_counts_everything_once() -> None:
    seen = audited(small_export()).overview
    assert (seen.read, seen.sellers, seen.buyers, seen.notices, seen.unread) == (17, 12, 2, 1, 1)
    assert seen.sellers + seen.buyers + seen.notices + seen.unusable == seen.read
    assert (seen.reviewed, seen.soliciting, seen.doubtful, seen.not_scored, seen.undated) == (12, 7, 1, 1, 1)
    assert seen.sources == {"export.csv": 17}
    assert [(u.number, u.error) for u in seen.unreadable] == [
        (9, "12 cells under 10 columns"),
        (10, "an empty message"),
    ]
    assert [(a.name, a.sellers, a.soliciting) for a in seen.agents] == [("Nora", 10, 6), ("Tobias", 2, 1)]


def test_a_blank_row_is_no_message() -> None:
    blank = row(2, "", day=None, order=None, asin=None, agent=None, unscored="an empty message")
    result = audited([row(1), blank])
    seen, text = result.overview, facts_text(facts(result))
    assert (seen.sellers, seen.not_scored, seen.unusable, seen.undated) == (1, 1, 1, 0)
    assert "2 records read: 1 message of the seller" in text
    assert "1 row unreadable or empty, so not judged." in text
    assert "without a date" not in text
    assert "without an order number" not in text
    orderless = [row(1, order=None)]
    assert "1 message without an order number" in facts_text(facts(audited(orderless)))
    assert "without an order number" not in facts_text(facts(audited(orderless, profile="ftc")))


def test_weeks_and_gaps() -> None:
    seen = audited(small_export(), since="2024-11-01", until="2024-12-31").overview
    assert (seen.first, seen.last) == (date(2024, 11, 4), date(2024, 12, 24))
    assert seen.gaps == (
        (date(2024, 11, 1), date(2024, 11, 3)),
        (date(2024, 11, 10), date(2024, 11, 12)),  # a blank row is no message
        (date(2024, 11, 14), date(2024, 12, 23)),
        (date(2024, 12, 25), date(2024, 12, 31)),
    )
    assert (seen.unit, len(seen.buckets)) == ("week", 8)
    first = seen.buckets[0]
    assert (first.start, first.end, first.sellers, first.soliciting) == (
        date(2024, 11, 4),
        date(2024, 11, 10),
        9,
        7,
    )
    assert first.types == {"incentive": 7, "change_or_remove": 1, "neutral_request": 1}
    assert sum(b.sellers for b in seen.buckets) == seen.reviewed - 1  # one has no date


def test_a_period_that_no_message_covers_is_a_gap() -> None:
    result = audited([row(1)], since="2023-03-01", until="2023-03-31")
    assert result.overview.gaps == ((date(2023, 3, 1), date(2023, 3, 31)),)
    assert "No message at all on 31 days: 2023-03-01 to 2023-03-31." in facts_text(facts(result))
    open_ended = audited([row(1)], since="2025-01-01")
    assert open_ended.overview.gaps == ()
    assert "No message at all since 2025-01-01." in facts_text(facts(open_ended))
    early = facts_text(facts(audited([row(1)], until="2020-01-31")))
    assert "No message at all until 2020-01-31." in early


def test_of_unreadable_rows_the_first_of_the_input_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "_UNREADABLE_KEPT", 3)
    rows = [row(n, error="cut in half") for n in (9, 2, 7, 1, 8, 4)]
    seen = audited(rows).overview
    assert [u.number for u in seen.unreadable] == [1, 2, 4]
    assert seen.unusable == 6


def test_a_day_without_a_message_is_no_such_day_where_a_message_has_no_date() -> None:
    undated = row(1, day=None)
    text = facts_text(facts(audited([undated], since="2024-11-01", until="2024-12-31")))
    assert "No dated message on 61 days: 2024-11-01 to 2024-12-31." in text
    assert "No dated message since 2024-11-01." in facts_text(facts(audited([undated], since="2024-11-01")))
    rows = [row(n, day=2 * n) for n in range(1, 25)]
    between = facts_text(facts(audited([*rows, undated])))
    assert "No dated message on 1 day: 2024-11-07." in between
    assert "No dated message on 3 more stretches of days." in between
    assert "No message at all on 3 more stretches of days." in facts_text(facts(audited(rows)))


def test_a_blank_row_fills_no_day() -> None:
    rows = [row(1), row(2, "", day=2, unscored="an empty message"), row(3, day=4)]
    assert audited(rows).overview.gaps == ((date(2024, 11, 5), date(2024, 11, 7)),)
    seen = audited(rows[1:2]).overview
    assert (seen.first, seen.last) == (None, None)


@pytest.mark.parametrize(
    ("days", "unit", "buckets"), [(300, "week", 43), (2000, "month", 66), (6000, "year", 18)]
)
def test_long_periods_get_wider_buckets(days: int, unit: str, buckets: int) -> None:
    seen = audited([row(1), row(2, day=days)]).overview
    assert (seen.unit, len(seen.buckets)) == (unit, buckets)


def test_an_empty_input_gives_an_empty_audit() -> None:
    result = audited([])
    assert result.findings == ()
    assert (result.overview.read, result.overview.first, result.overview.gaps) == (0, None, ())
    assert "None." in facts_text(facts(result))


def test_facts_are_facts() -> None:
    text = facts_text(facts(audited(small_export(), since="2024-11-01", until="2024-12-31")))
    assert "Period asked for: 2024-11-01 to 2024-12-31." in text
    assert "17 records read: 12 messages of the seller, 2 of buyers, 1 notice, 2 unreadable or empty." in text
    assert "7 messages found review-soliciting, 1 message left for a person to decide." in text
    assert "offers a benefit for a review: 7 messages to 7 orders, 2024-11-04 to 2024-11-09." in text
    assert "“Leave us five stars and we send a $10 gift card”" in text
    assert "2024-11-06, order 999-1111111-1111111, ASIN B0TEST0001: asks to change or remove a review" in text
    assert "asks the same order more than once: 999-2222222-2222222" in text
    assert "No dated message on 3 days: 2024-11-10 to 2024-11-12." in text
    assert not {"we will", "promise", "in future", "sorry", "apolog"} & set(text.lower().split())


def test_facts_count_the_further_asks_of_an_order_and_those_in_the_period() -> None:
    other = "Other shoppers would like to read your review."
    rows = [neutral(1, day=0), neutral(2, other, day=3), neutral(3, f"{other} Thanks.", day=9)]
    both = facts_text(facts(audited(rows)))
    assert "1 order asked more than once (2 further asks), 2024-11-07 to 2024-11-13." in both
    last = facts_text(facts(audited(rows, since="2024-11-10", until="2024-11-30")))
    assert "1 order asked more than once (1 further ask), 2024-11-13." in last


def test_an_order_rules_messages_are_not_called_clear() -> None:
    late = neutral(1, day=50, values={"Delivered At": "2024-11-05"})
    answer = row(2, "Yes, it is cotton.", day=51)
    reason = ("asks neutrally for a review, which the rules permit once per order",)
    rows = [replace(r, verdict=replace(r.verdict, clear_because=reason)) for r in (late, answer) if r.verdict]
    (finding,) = audited(rows).findings
    assert [m.verdict.clear_because for m in finding.shown] == [()]
    assert [m.verdict.clear_because for m in finding.thread] == [(), reason]


def test_facts_tell_the_neutral_requests_that_only_the_strict_profile_reports() -> None:
    reported = neutral(1, order="999-1", verdict=REVIEW_SOLICITING, probability=0.9)
    rows = [reported, soliciting(2, "Five stars for a mug?", order="999-2")]
    text = facts_text(facts(audited(rows, profile="strict")))
    assert "2 messages found review-soliciting" in text
    assert "1 is a neutral request, permitted once per order, that only the strict profile reports." in text
    assert "neutral request" not in facts_text(facts(audited(rows[1:])))


def test_the_quote_joins_overlapping_marks() -> None:
    finding = audited(sendings(1)).findings[0]
    text = finding.shown[0].text
    marks = tuple(
        evidence(text, w, "incentive") for w in ("Leave us five stars", "five stars and we", "gift card")
    )
    verdict = replace(finding.shown[0].verdict, evidence=marks)
    finding = replace(finding, shown=(replace(finding.shown[0], verdict=verdict),))
    assert quote(finding) == "“Leave us five stars and we … gift card”"


def test_masking_takes_names_and_numbers_out_and_keeps_the_marks() -> None:
    masked = without_personal_data(audited(small_export()))
    template, single = masked.findings[:2]
    assert template.shown[0].text.startswith("Hi [name], thank you for your order 999-7000000-0000005!")
    assert template.shown[0].text.endswith("Kind regards,\n[name]")
    assert (
        single.shown[0].text
        == "Hi [name], if you delete the review we refund you. Call me on [phone].\n[name]"
    )
    for message in (m for f in masked.findings for m in chain(f.shown, f.thread)):
        assert all(message.text[e.start : e.end] == e.text for e in message.verdict.evidence)
    assert single.shown[0].verdict.evidence[0].text == "if you delete the review"
    assert single.orders == ("999-1111111-1111111",)


def test_a_name_known_from_one_message_is_masked_in_the_others() -> None:
    rows = [
        row(1, "hello, this is about the lamp.\nThanks, Winifred", role="buyer"),
        soliciting(2, "We refund Winifred once the review is gone.", day=0.1, agent="nora@example.com"),
        row(3, "I asked Ottoline too", role="buyer", day=0.2, values={"Buyer Name": "Ottoline Marsh"}),
    ]
    (finding,) = without_personal_data(audited(rows)).findings
    assert finding.shown[0].text == "We refund [name] once the review is gone."
    assert finding.thread[2].text == "I asked [name] too"
    assert finding.agents == ("nora@…",)


def test_a_name_from_the_beginning_of_a_long_conversation_is_masked() -> None:
    rows = [row(1, "hello there", role="buyer", values={"buyer_name": "Ottoline Marsh"})]
    rows += [row(i, f"more of it {i}", role="buyer") for i in range(2, 40)]
    rows += [soliciting(40, "Your parcel, Ottoline, is late. A gift for a review.")]
    (finding,) = without_personal_data(audited(rows)).findings
    assert finding.left_out
    assert finding.shown[0].text == "Your parcel, [name], is late. A gift for a review."


def test_a_name_from_another_conversation_of_the_order_is_masked() -> None:
    rows = [
        neutral(1, "Ottoline, please leave a review.", thread="a"),
        row(2, "hi", role="buyer", thread="a", values={"From": "Ottoline Marsh <o@example.com>"}),
        neutral(3, "Please do leave a review.", thread="b", day=2),
    ]
    (finding,) = without_personal_data(audited(rows)).findings
    assert finding.rule == "repeat_request"
    assert "Ottoline" not in repr(finding)


def test_ids_and_errors_are_masked() -> None:
    rows = [
        soliciting(1, "A gift for a review.", id="<o.marsh@example.com>", source="Ana Quill.csv"),
        row(
            2, error="cannot read 'Ana Quill'", values={"Customer Name": "Ana Quill"}, source="Ana Quill.csv"
        ),
    ]
    masked = without_personal_data(audited(rows))
    assert "marsh" not in repr(masked)
    assert "Quill" not in repr(masked)


@pytest.mark.parametrize(
    ("id", "shown"),
    [
        ("+4915112345678", "[phone]"),
        ("ana.marsh%40example.com", "[e-mail]"),
        ("015112345678", "015112345678"),
        ("M-77", "M-77"),
        (None, "M1"),
    ],
)
def test_an_id_that_is_a_phone_or_an_address_is_masked(id: str | None, shown: str) -> None:
    (finding,) = without_personal_data(audited([soliciting(1, "A gift for a review.", id=id)])).findings
    assert [finding.sendings[0].id, finding.shown[0].verdict.id] == [shown, shown]


def test_an_error_names_no_buyer_whom_a_saved_mail_is_called_after() -> None:
    saved = "Re_Inquiry_from_Amazon_customer_Ottoline_Marsh.eml"
    masked = without_personal_data(audited([row(1, error=f"{saved} is empty", source=saved)]))
    assert masked.overview.unreadable[0].error == "Re_Inquiry_from_Amazon_customer_[name].eml is empty"
    assert "Marsh" not in repr(masked)


def placed(found: ScoredRecord, place: str, name: str = "") -> ScoredRecord:
    return replace(found, record=replace(found.record, place=place, values={"Buyer": name} if name else {}))


def test_a_place_called_after_a_buyer_is_masked() -> None:
    rows = [
        placed(soliciting(n, "A gift for a review.", order=f"999-{n}"), f"sheet {name}, row 3", name)
        for n, name in enumerate(("Ottoline Marsh", "Fern Hollow", "Winifred Quill"), 1)
    ]
    rows.append(placed(soliciting(4, "A gift for a review."), "winifred@example.com item 1"))
    rows += [placed(neutral(n), "line 5", "Ottoline Marsh") for n in range(5, 30)]
    rows.append(placed(row(30, error="12 cells"), "sheet Ada Finch, row 2", "Ada Finch"))
    masked = without_personal_data(audited(rows))
    (finding,) = (f for f in masked.findings if not f.rule)
    assert {s.place for s in finding.sendings} == {"sheet [name], row 3", "[e-mail] item 1"}
    assert masked.overview.unreadable[0].place == "sheet [name], row 2"
    assert not any(word in repr(masked) for word in ("Marsh", "Hollow", "Quill", "Finch", "winifred"))


def test_an_id_of_ten_digits_is_no_phone_number() -> None:
    (finding,) = without_personal_data(
        audited([soliciting(1, "A gift for a review.", id="2155551234")])
    ).findings
    assert [s.id for s in finding.sendings] == [m.verdict.id for m in finding.shown] == ["2155551234"]


def test_agents_of_one_shown_name_are_one() -> None:
    names = ("Tobias", "Nora <nora@example.com>", "Nora", "Tobias", "nora@example.com")
    rows = [soliciting(n, "A gift for a review.", agent=name) for n, name in enumerate(names, 1)]
    agents = without_personal_data(audited([*rows, row(6, agent="Nora")])).overview.agents
    assert [(a.name, a.sellers, a.soliciting) for a in agents] == [
        ("Nora", 3, 2),
        ("Tobias", 2, 2),
        ("nora@…", 1, 1),
    ]


def test_files_of_one_masked_name_have_times_where_one_of_them_has() -> None:
    midnight = soliciting(1, "A gift for a review.", source="Hi Ana.eml")
    midnight = replace(midnight, record=replace(midnight.record, sent_at=START.replace(hour=0, minute=0)))
    timed = soliciting(2, "Five stars for a mug?", source="Hi Bob.eml", order="999-2")
    overview = audited([midnight, timed]).overview
    assert overview.day_only == {"Hi Ana.eml"}
    masked = without_personal_data(audited([midnight, timed])).overview
    assert (set(masked.sources), masked.day_only) == ({"Hi [name].eml"}, frozenset())


def test_a_name_known_from_the_buyers_words_in_a_column_is_masked() -> None:
    asked = soliciting(1, "We refund Winifred once the review is gone.")
    asked = replace(asked, previous="I love it!\nThanks, Winifred")
    (finding,) = without_personal_data(audited([asked])).findings
    assert "Winifred" not in f"{finding.previous} {finding.shown[0].text}"


@pytest.mark.parametrize(
    ("agent", "shown"),
    [
        ("Nora <nora@example.com>", "Nora"),
        ("nora@example.com", "nora@…"),
        ('"nora@example.com" <nora@example.com>', "nora@…"),
        ("Nora <nora@example.com>, Max <max@example.com>", "max@…"),
    ],
)
def test_an_agents_address_is_never_shown(agent: str, shown: str) -> None:
    assert shown_agent(agent) == shown


def test_a_buyer_whom_a_file_is_named_after_is_masked() -> None:
    saved = "mail/Re_ Inquiry from Amazon customer Ottoline Marsh (Order_ 999-1234567-1234567).eml"
    rows = [soliciting(1, "A gift for a review.", source=saved), neutral(2, source="inbox/2024-11.csv")]
    rows.append(replace(rows[0], number=3, record=replace(rows[0].record, error="cut in half"), verdict=None))
    masked = without_personal_data(audited(rows))
    assert "Marsh" not in repr(masked)
    assert "inbox/2024-11.csv" in masked.overview.sources
    assert sum(masked.overview.sources.values()) == sum(audited(rows).overview.sources.values())


@pytest.mark.parametrize(
    "saved",
    [
        *("mail/Ottoline Marsh.eml", "mail/lamp_Ottoline_Marsh_2.eml", "Marsh lamp.csv"),
        *("mail/re-ottoline-marsh-lamp.eml", "ottoline-marsh/2.eml", "ottoline.marsh.csv"),
    ],
)
def test_a_file_named_after_a_buyer_of_its_rows_is_masked(saved: str) -> None:
    """Also where nothing in it is a finding, and where the name alone tells no program's subject."""
    row = soliciting(1, "A gift for a review.", source=saved)
    record = replace(row.record, values={"Customer Name": "Ottoline Marsh"})
    found, clear = replace(row, record=record), neutral(2, source="other.csv")
    masked = without_personal_data(audited([found, clear]))
    assert "marsh" not in repr(masked).lower()
    alone = without_personal_data(audited([clear, replace(found, verdict=clear.verdict)]))
    assert "marsh" not in repr(alone.overview).lower()
    assert "other.csv" in alone.overview.sources


def test_an_agents_address_asked_for_is_masked() -> None:
    rows = [soliciting(1, "Leave us five stars", agent="nora@example.com")]
    masked = without_personal_data(audited(rows, agents=["nora@example.com", "tom@example.com"]))
    said = " ".join([*masked.filters.describe(), *masked.overview.unmet])
    assert "nora@…" in said
    assert "tom@…" in said
    assert "example.com" not in said


@pytest.mark.parametrize("column", ["Ship To", "shipping_address", "Lieferadresse"])
@pytest.mark.parametrize(
    ("street", "town"), [("Rue du Lac 5", "1204 Genève"), ("12 The Esplanade", "Perth WA 6000")]
)
def test_an_address_that_a_column_holds_is_masked_in_messages(column: str, street: str, town: str) -> None:
    cell = f"Ottoline Marsh\n{street}, {town}, Somewhere"
    words = f"for order 999-1234567-7654321 of 2024: {street}, {town}.\nOr in {town}, 6000 lumen."
    rows = [
        row(1, "The lamp is broken", role="buyer", values={column: cell}),
        soliciting(2, f"We refund Ottoline, {words}", day=0.1),
    ]
    (finding,) = without_personal_data(audited(rows)).findings
    assert finding.shown[0].text == (
        "We refund [name], for order 999-1234567-7654321 of 2024: [address].\nOr in [address], 6000 lumen."
    )


@pytest.mark.parametrize("cell", ["Ottoline Marsh", "Ottoline Marsh <o.marsh@example.com>"])
@pytest.mark.parametrize("column", ["From", "Sender", "sender_name"])
def test_the_buyers_name_as_the_sender_is_masked_and_the_agents_is_not(column: str, cell: str) -> None:
    rows = [
        row(1, "The lamp is broken", role="buyer", values={column: cell}),
        row(2, "It is broken", role="buyer", day=0.05, values={column: "Amazon Customer"}),
        soliciting(3, "We refund Ottoline, says Fern.", day=0.1, values={column: "Fern Hollow"}),
    ]
    (finding,) = without_personal_data(audited(rows)).findings
    assert finding.shown[0].text == "We refund [name], says Fern."


def test_doubt_is_no_request() -> None:
    doubt = {"verdict": NEEDS_REVIEW, "probability": 0.1, "types": {"selective": 0.1}}
    rows = [row(1, "How is the lamp?", **doubt), row(2, "And the shade?", day=3, **doubt), neutral(3, day=5)]
    assert [f.rule for f in audited(rows).findings] == [None, None]


def test_a_message_of_two_overlapping_files_counts_once() -> None:
    rows = [
        soliciting(1, "Five stars for a mug?", id="77", source="october.csv"),
        soliciting(2, "Five stars for a mug?", id="1077", source="november.csv"),
        row(3, order="999-2", source="november.csv"),
    ]
    result = audited(rows)
    (finding,) = result.findings
    assert [s.number for s in finding.sendings] == [m.number for m in finding.thread] == [1]
    seen = result.overview
    assert (seen.read, seen.sellers, seen.copies, seen.soliciting) == (3, 2, 1, 1)
    assert "0 unreadable or empty, 1 in more than one place, counted once." in facts_text(facts(result))


def test_a_row_that_stands_twice_in_one_file_counts_once() -> None:
    twice = [soliciting(i, "Five stars for a mug?", id="A") for i in (1, 2)]
    other = soliciting(3, "Five stars for a mug?", id="X", source="november.csv")
    nameless = [replace(r, record=replace(r.record, id=None)) for r in twice]
    for rows in (twice, nameless, [*twice, other], [other, *twice]):
        result = audited(rows)
        assert (result.overview.soliciting, len(result.findings[0].sendings)) == (1, 1)
        assert result.overview.copies == len(rows) - 1
    undated = [replace(r, record=replace(r.record, sent_at=None)) for r in nameless]
    assert audited(undated).overview.soliciting == 2


def test_a_row_of_no_conversation_that_stands_twice_in_one_file_counts_once() -> None:
    alone = {"order": None, "id": "A", "values": {"To": "a@example.com"}}
    twice = [soliciting(i, "Five stars for a mug?", **alone) for i in (1, 2)]
    other = soliciting(3, "Five stars for a mug?", **(alone | {"values": {"To": "b@example.com"}}))
    again = soliciting(4, "Five stars for a mug?", source="november.csv", **alone)
    for rows, sent in ((twice, 1), ([*twice, other], 2), ([*twice, again], 1), ([again, *twice], 1)):
        seen = audited(rows).overview
        assert (seen.soliciting, seen.copies) == (sent, len(rows) - sent)


def test_a_message_with_a_row_for_each_item_counts_once_with_all_asins() -> None:
    rows = [soliciting(1, "Five stars?", id="A"), soliciting(2, "Five stars?", id="A", asin="B0TEST1234")]
    for narrowed in ({}, {"asins": ["b0test0001"]}, {"asins": ["B0TEST1234"]}):
        result = audited(rows, **narrowed)
        assert (result.overview.soliciting, result.overview.copies, result.overview.unmet) == (1, 1, ())
        (finding,) = result.findings
        assert (len(finding.sendings), finding.asins) == (1, ("B0TEST0001", "B0TEST1234"))


def test_what_one_of_two_files_shows_to_be_a_violation_is_no_copy_of_the_other() -> None:
    subject = "Five stars for a mug?"
    desk = row(1, "Write to us.", source="desk.json")
    mail = soliciting(2, f"{subject}\n\n{desk.record.text}", source="box.mbox")
    mail = replace(mail, record=replace(mail.record, subject=subject))
    for rows in ([desk, mail], [mail, desk]):
        assert audited(rows).overview.soliciting == len(audited(rows).findings) == 1
        assert (audited(rows).overview.sellers, audited(rows).overview.copies) == (1, 1)


@pytest.mark.parametrize("hours", [0, 14])
@pytest.mark.parametrize("threads", [(None, None), ("T1", "T2")])
def test_of_two_files_verdicts_on_one_message_the_worst_counts(
    threads: tuple[str | None, str | None], hours: int
) -> None:
    def sent(number: int, source: str, verdict: Decision) -> ScoredRecord:
        thread = threads[source == "box.mbox"]
        made = row(number, "Love it? Tell all.", source=source, verdict=verdict, thread=thread)
        zone = timezone(timedelta(hours=hours))
        return replace(
            made, record=replace(made.record, sent_at=(START + timedelta(hours=3)).astimezone(zone))
        )

    desk = sent(1, "desk.csv", NEEDS_REVIEW)
    mail, other = (sent(number, "box.mbox", REVIEW_SOLICITING) for number in (2, 3))
    for rows in ([desk, mail], [mail, desk]):
        result = audited(rows)
        assert (result.overview.sellers, result.overview.copies, result.overview.doubtful) == (1, 1, 0)
        assert [s.number for f in result.findings for s in f.sendings] == [2]
    twice = audited([desk, sent(4, "desk.csv", NEEDS_REVIEW), mail]).overview
    assert (twice.sellers, twice.copies, twice.soliciting, twice.doubtful) == (2, 1, 1, 1)
    worse = audited([desk, mail, other]).overview
    assert (worse.sellers, worse.copies, worse.soliciting, worse.doubtful) == (2, 1, 2, 0)
    both = audited([desk, sent(4, "desk.csv", REVIEW_SOLICITING), mail, sent(5, "box.mbox", NEEDS_REVIEW)])
    assert (both.overview.soliciting, both.overview.doubtful, both.overview.copies) == (1, 1, 2)


def test_a_worse_copy_of_two_days_stands_for_one_message() -> None:
    def sent(number: int, moment: datetime, source: str, verdict: Decision) -> ScoredRecord:
        made = row(number, "Love it? Tell all.", source=source, verdict=verdict)
        return replace(made, record=replace(made.record, sent_at=moment))

    pacific = datetime(2024, 11, 4, 20, tzinfo=timezone(timedelta(hours=-8)))
    mail = sent(1, pacific, "box.mbox", REVIEW_SOLICITING)
    days = [sent(day, datetime(2024, 11, day, tzinfo=UTC), "desk.csv", NEEDS_REVIEW) for day in (4, 5)]
    for rows in ([mail, *days], [*days, mail]):
        seen = audited(rows).overview
        assert (seen.sellers, seen.copies, seen.soliciting, seen.doubtful) == (2, 1, 1, 1)


def test_a_message_sent_twice_in_one_file_counts_twice() -> None:
    twice = [soliciting(i, "Five stars for a mug?") for i in (1, 2)]
    other = soliciting(3, "Five stars for a mug?", source="november.csv")
    for rows in (twice, [*twice, other], [other, *twice]):
        assert audited(rows).overview.soliciting == 2
    elsewhere = soliciting(4, "Five stars for a mug?", order="999-2", source="november.csv")
    assert audited([twice[0], elsewhere]).overview.soliciting == 2


@pytest.mark.parametrize("asked", ["Nora", "NORA@shop.example.com", "Nora <nora@shop.example.com>"])
def test_an_agent_is_found_by_cell_name_or_address(asked: str) -> None:
    agent = "Nora <nora@shop.example.com>"
    assert audited([row(1, agent=agent)], agents=[asked]).overview.reviewed == 1


def test_an_agent_that_is_not_there_is_told_who_is() -> None:
    rows = [row(1, agent="Nora <nora@example.com>"), row(2, agent="Tobias")]
    text = facts_text(facts(without_personal_data(audited(rows, agents=["Maud"]))))
    assert "(agent maud), so nothing could be found. Agents there are: Nora, Tobias." in text


def test_a_period_may_be_all_time() -> None:
    seen = audited([row(1)], since="0001-01-01", until="9999-12-31").overview
    assert seen.gaps == (
        (date.min, date(2024, 11, 3)),
        (date(2024, 11, 5), date.max),
    )


def test_what_two_files_hold_without_order_and_conversation_is_counted_once() -> None:
    alone = {"order": None, "asin": None, "id": "M7"}
    twice = audited([soliciting(1, TEMPLATE, **alone), soliciting(2, TEMPLATE, source="again.csv", **alone)])
    assert (twice.overview.copies, twice.overview.soliciting) == (1, 1)


@pytest.mark.parametrize("first", [0, 1])
def test_a_filter_finds_what_only_one_of_two_files_tells(first: int) -> None:
    rows = [
        soliciting(1, TEMPLATE, agent=None, asin=None, source="box.csv"),
        soliciting(2, TEMPLATE, source="desk.csv"),
    ]
    rows = [rows[first], rows[1 - first]]
    assert audited(rows).overview.copies == 1
    (finding,) = audited(rows, agents=["nora"]).findings
    assert finding.agents == ("Nora",)
    assert len(audited(rows, asins=["b0test0001"]).findings) == 1


def test_filters_know_names_and_numbers_however_they_are_typed() -> None:
    rows = [soliciting(1, TEMPLATE, agent="Jos\u00e9\u00a0Gil", asin="0306406152")]
    assert len(audited(rows, agents=["Jose\u0301 Gil"]).findings) == 1
    assert len(audited(rows, asins=["306406152"]).findings) == 1


def test_a_conversation_without_end_keeps_its_order() -> None:
    rows = [row(n, thread="T", order="999-1" if n == 1 else None, role="buyer") for n in range(1, 2001)]
    (finding,) = audited([*rows, soliciting(2001, TEMPLATE, thread="T", order=None)]).findings
    assert finding.orders == ("999-1",)


def test_an_order_that_may_be_asked_too_late_is_to_check_and_not_broken() -> None:
    late = row(1, day=60, types={"neutral_request": 0.9}, values={"Purchase Date": "2024-11-04"})
    result = audited([late])
    assert [f.verdict for f in result.findings if f.rule] == ["needs-review"]
    assert result.rules_broken == 0
    assert "to check: 999-0000001-0000001" in facts_text(facts(result))


def test_sellers_messages_of_no_thread_beside_buyers_are_said_to_stand_alone() -> None:
    rows = [row(1, "I love it", role="buyer", order=None), row(2, order=None), row(3)]
    assert "1 message of the seller's is of no order or thread" in facts_text(facts(audited(rows)))
    assert "of no order or thread" not in facts_text(facts(audited(rows[1:])))
    assert "of no order or thread" not in facts_text(facts(audited(rows, orders=["999-0000001-0000001"])))
