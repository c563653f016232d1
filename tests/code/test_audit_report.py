"""What an audit writes: page, spreadsheet, JSON lines, the folder they stand in."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from random import Random

import pytest
from markupsafe import escape
from openpyxl import load_workbook
from rich.console import Console
from tests.audit_rows import audited, neutral, row, sendings, small_export, soliciting
from tests.faults import full_disk

from reviewguard.errors import InputError
from reviewguard.inference.audit.facts import facts, facts_text
from reviewguard.inference.audit.masked import without_personal_data
from reviewguard.inference.audit.results import Audit
from reviewguard.inference.exports import one_sided
from reviewguard.inference.render import _STYLES, COLOURS
from reviewguard.inference.report import page
from reviewguard.inference.report.charts import Bar, bars
from reviewguard.inference.report.folder import check_folder, write_report
from reviewguard.inference.report.terminal import audit_view
from reviewguard.policy import load_policy
from reviewguard.schema import Cell, Record, ScoredRecord

CREATED = datetime(2025, 1, 7, 14, 5, tzinfo=UTC)


def html(audit: Audit, *, masked: bool = True) -> str:
    return page.render_page(audit, created=CREATED, masked=masked)


class Tags(HTMLParser):
    """The page's tags with their attributes, and its ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def values(self, name: str) -> list[str]:
        return [value for _, attrs in self.tags if (value := attrs.get(name)) is not None]


def test_the_page_loads_nothing_and_allows_its_own_style_and_script_alone() -> None:
    text = html(audited(small_export()))
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', text)
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert (
            f"{directive} &#39;sha256-{digest}&#39;" in policy or f"{directive} 'sha256-{digest}'" in policy
        )
    assert policy.startswith("default-src 'none'")
    parsed = Tags(text)
    assert parsed.values("src") == parsed.values("style") == parsed.values("onclick") == []
    assert all(value.startswith(("#", "data:")) for value in parsed.values("href"))
    assert "http" not in re.sub(r'<meta http-equiv="[^>]*>', "", text)


def test_links_lead_somewhere_and_ids_are_unique() -> None:
    parsed = Tags(html(audited(small_export())))
    ids = parsed.values("id")
    assert len(ids) == len(set(ids))
    assert {link.removeprefix("#") for link in parsed.values("href") if link.startswith("#")} <= set(ids)
    assert set(" ".join(parsed.values("aria-labelledby")).split()) <= set(ids)


def test_everything_in_a_message_is_escaped() -> None:
    evil = '<script>alert("x")</script><img src=x onerror=alert(1)>'
    rows = [
        row(1, evil, role="buyer", thread="T"),
        soliciting(
            2,
            f"{evil} five stars",
            day=0.1,
            thread="T",
            agent=evil,
            order=f"9{evil}",
            asin=evil,
            previous=evil,
            marked="five",
        ),
        row(3, error=evil, day=None),
    ]
    text = html(audited(rows))
    assert "<script>alert" not in text
    assert "<img" not in text
    assert text.count("&lt;script&gt;") >= 4
    tags = [tag for tag, _ in Tags(text).tags]
    assert tags.count("script") == 1


def test_a_finding_shows_words_rule_advice_order_and_thread() -> None:
    text = html(audited(small_export()))
    incentive = load_policy().types["incentive"]
    assert 'class="t-incentive">Leave us five stars and we send a $10 gift card</mark>' in text
    late = load_policy().order_rules["late_request"]
    for part in (
        *map(str, map(escape, (incentive.clause, incentive.advice, late.clause))),
        "Sent 6 times to 6 orders",
        "999-7000000-0000003",
    ):
        assert part in text
    assert "The lamp flickers. &lt;b&gt;Marta&lt;/b&gt; &amp; me" in text
    assert "Thread, 3 messages" in text
    assert "column Delivered At" in text


def test_messages_without_an_order_number_were_not_sent_to_the_orders_that_are_known() -> None:
    rows = sendings(10)
    rows = [r if n < 2 else replace(r, record=replace(r.record, order_id=None)) for n, r in enumerate(rows)]
    audit, out = audited(rows), io.StringIO()
    assert "<b>Sent 10 times, 2 of them to 2 orders, 8 without an order number</b>" in html(audit)
    assert "review: 10 messages, 2 of them to 2 orders, 8 without an order number" in facts_text(facts(audit))
    Console(file=out, width=200).print(audit_view(audit, Path("out"), top=1, colour=False))
    assert "sent 10 times, 2 orders, 8 without an order number, 2024-11-04 to" in out.getvalue()
    none = audited(rows[2:])
    assert "<b>Sent 8 times</b>" in html(none)
    assert "review: 8 messages, 2024-11-06" in facts_text(facts(none))


def test_one_message_that_breaks_an_orders_rule_is_one_message() -> None:
    out, late = io.StringIO(), audited([neutral(1, day=40, values={"Delivered At": "2024-11-04"})])
    Console(file=out, width=200).print(audit_view(late, Path("out"), top=1, colour=False))
    assert "   1 message, order " in out.getvalue()


def test_every_type_has_its_colour() -> None:
    assert set(COLOURS) == set(_STYLES) == set(load_policy().types)
    text = html(audited(small_export()))
    assert all(f".t-{name}{{--type:" in text for name in COLOURS)


def test_thousands_of_findings_are_capped_and_the_page_says_so() -> None:
    rng = Random(3)
    letters = "abcdefghijklmnopqrstuvwxyz"
    rows = [soliciting(i, "".join(rng.choices(letters, k=12)), order=f"999-{i}") for i in range(1, 1302)]
    audit = audited(rows)
    text = html(audit)
    total = len(audit.findings)
    assert total > page.IN_FULL + page.IN_SHORT
    assert text.count("<article") == page.IN_FULL
    assert f"The first {page.IN_FULL} of {total:,} are shown in full" in text
    assert f"{total - page.IN_FULL - page.IN_SHORT:,} more findings in findings.xlsx" in text
    assert len(text) < 3_000_000


def test_the_page_says_whether_details_are_masked() -> None:
    audit = audited(small_export())
    assert "are masked where they were recognised" in html(audit)
    assert "Personal details are not masked" in html(audit, masked=False)


@pytest.mark.parametrize("rows", [[row(1)], [row(1, day=None)]])
def test_nothing_found_is_said(rows: list[object]) -> None:
    text = html(audited(rows))
    assert "Nothing found against the rules" in text
    assert "<article" not in text


def test_of_orders_only_what_was_looked_at_is_said() -> None:
    ask = neutral(1)
    dated = neutral(1, values={"Delivered At": "2024-11-01"})
    none = "and no order to have been asked too often or too late."
    assert f"{none}</p>" in html(audited([dated]))
    undated = (
        "1 ask for which the day of the message or of its order is not known: not looked at for asking late."
    )
    assert f"{none} {undated}</p>" in html(audited([ask]))
    assert f"{none} 1 message without an order number" in html(audited([neutral(1, order=None)]))
    ftc = html(audited([ask], profile="ftc"))
    assert "break the rules. Orders asked too often or too late: not looked at under ftc.</p>" in ftc
    assert "TOO LATE\n- Not looked at under ftc.\n" in ftc
    assert none not in ftc


@pytest.mark.parametrize("filters", [{"orders": ["999-typo"]}, {"until": "2020-01-31"}])
def test_nothing_judged_is_not_nothing_found(filters: dict[str, object]) -> None:
    audit = audited(small_export()[:6], **filters)
    (narrowed,) = audit.filters.describe()
    said, out = f"No seller message was judged ({narrowed}), so nothing could be found.", io.StringIO()
    Console(file=out, width=200).print(audit_view(audit, Path("out"), top=3, colour=False))
    assert said in out.getvalue()
    text = html(audit)
    assert "<h1>No seller message was judged</h1>" in text
    assert f"<p>{said}</p>" in text
    assert said in facts_text(facts(audit))
    assert "Nothing found" not in text
    assert "was found to break" not in text
    assert "0 messages found" not in text


def test_filters_that_nothing_meets_are_named() -> None:
    asked = {
        "orders": ["999-7000000-0000000", "999-typo"],
        "asins": ["b0test0001"],
        "agents": ["nora", "Norra"],
    }
    audit, out = audited(small_export(), **asked), io.StringIO()
    said = "Not in this export: order 999-TYPO; agent norra."
    Console(file=out, width=200).print(audit_view(audit, Path("out"), top=0, colour=False))
    assert said in out.getvalue()
    assert f"<b>{said}</b></p>" in html(audit)
    assert said in facts_text(facts(audit))
    met = audited(small_export(), orders=["999-7000000-0000000"], since="2025-01-01")
    assert "Not in this export" not in facts_text(facts(met))


@pytest.mark.parametrize(
    ("asked", "untold", "name"),
    [
        ({"asins": ["B0TEST0001"]}, {"asin": None}, "ASIN"),
        ({"orders": ["999-0000001-0000001"]}, {"order": None}, "order"),
        ({"agents": ["Nora"]}, {"agent": None}, "agent"),
        ({"agents": ["Nora"], "asins": ["B0TEST0001"]}, {"agent": None, "asin": None}, "ASIN or agent"),
    ],
)
def test_messages_that_do_not_tell_what_is_asked_for_are_told_of(
    asked: dict[str, list[str]], untold: dict[str, str | None], name: str
) -> None:
    said = f"Left out by the filters: 1 seller message naming no {name}."
    untold = {"order": "999-9"} | untold
    outside = row(3, day=-9, **untold)
    rows = [row(1), soliciting(2, "Five stars for a mug?", **untold), outside]
    assert all(said in text for text in shown(audited(rows, since="2024-11-01", **asked)))
    told = shown(audited([row(1), outside], since="2024-11-01", **asked))
    assert not any("Left out" in text for text in told)


@pytest.mark.parametrize(
    ("unread", "said"),
    [
        ([("sheet Nov", True), ("sheet A, row x", False)], "2 sheets not read, or not in full."),
        ([("whole file", False), ("after line 3", True)], "2 files not read, or not in full."),
        (
            [("sheet Nov", True), ("after sheet A, row 2", True)],
            "1 sheet and 1 file not read, or not in full.",
        ),
    ],
)
def test_sheets_and_files_that_were_not_read_are_no_rows(unread: list[tuple[str, bool]], said: str) -> None:
    records = [
        Record("a.xlsx", place, {}, error=f"no column {number}", rest=rest)
        for number, (place, rest) in enumerate([("sheet A, row 7", False), *unread])
    ]
    rows = [ScoredRecord(number, record, None, None) for number, record in enumerate(records, 2)]
    page_text, text, terminal = shown(audited([row(1), *rows]))
    for part in (page_text, text, terminal):
        assert said in part
    assert "\n- 1 row unreadable or empty, so not judged." in text
    first, second, third = re.findall(r"unreadable or empty: a\.xlsx, (.*): no column \d", terminal)
    assert ([first, second], third) == ([place for place, _ in unread], "sheet A, row 7")


def test_the_terminal_names_the_first_rows_that_were_not_read() -> None:
    *_, terminal = shown(audited([row(n, error="cut in half") for n in range(1, 6)]))
    assert terminal.count("unreadable or empty: export.csv, line") == 3
    assert "and 2 more unreadable or empty" in terminal


@pytest.mark.parametrize(
    "values",
    [{}, {"Name": "Shipping"}, {"Owner": "Nora", "Text": "mail us@shop.example"}, {"From": "us@shop.example"},
     {"Reply to": "us@shop.example"}, {"Contact last": "Monday"}, {"Status": "Draft"}, {"Trigger": "Delivered"}],
)  # fmt: skip
def test_what_nothing_tells_to_have_been_sent_is_not_said_to_be(values: dict[str, Cell]) -> None:
    text = "Leave us five stars for a mug?"
    template = soliciting(1, text, day=None, order=None, values=values)
    page_text, told, terminal = shown(audited([template]))
    assert "<b>Not known to have been sent</b>" in page_text
    assert (
        "MESSAGES SENT ONCE\n- None.\n\nNOT KNOWN TO HAVE BEEN SENT (NO DATE, ORDER OR BUYER)\n- “Leave us"
        in told
    )
    assert "1 message, not known to have been sent, dates not known" in told
    assert "   not known to have been sent, no date, finding" in terminal
    assert "Sent once" not in page_text and "sent once" not in terminal
    assert "TEMPLATES TO WITHDRAW\n- Texts not known to have been sent may be templates to withdraw" in told
    _, _, terminal = shown(audited([template, replace(template, number=2)]))
    assert "not known to have been sent, in 2 places, no date" in terminal
    page_text, told, terminal = shown(
        audited([template, *(soliciting(n, text, order=f"999-{n}") for n in (2, 3))])
    )
    assert "<b>Sent 2 times to 2 orders, 1 not known to have been sent</b>" in page_text
    assert (
        "3 messages, 2 of them to 2 orders, 1 without an order number, 1 not known to have been sent" in told
    )
    assert "sent 2 times, 1 not known to have been sent, 2 orders" in terminal


@pytest.mark.parametrize(
    "known",
    [{"order": "999-1"}, {"day": 0}, {"thread": "7"}, {"previous": "Hi"}, {"values": {"Buyer": "Ana Quill"}},
     *({"values": values} for values in (
         {"To": "a1@marketplace.example"}, {"To": "ana quill <a1@marketplace.example>"},
         {"To": "a1@marketplace.example, a2@marketplace.example"}, {"Customer E-Mail": "a1@marketplace.example"},
         {"Agent": "Nora", "Status": "Sent"}, {"customer.last": "Quill"}))],
)  # fmt: skip
def test_a_date_an_order_or_a_buyer_tells_that_a_message_was_sent(known: dict[str, object]) -> None:
    sent = soliciting(1, "Five stars for a mug?", **({"day": None, "order": None} | known))
    page_text, told, _ = shown(audited([sent]))
    assert "<b>Sent once</b>" in page_text
    assert "NOT KNOWN" not in told
    assert "TEMPLATES TO WITHDRAW\n- None." in told


def shown(audit: Audit) -> tuple[str, str, str]:
    """Page, facts, and what the terminal prints."""
    out = io.StringIO()
    Console(file=out, width=200).print(audit_view(audit, Path("out"), top=3, colour=False))
    return html(audit), facts_text(facts(audit)), out.getvalue()


def test_no_message_at_all_is_said() -> None:
    assert "No seller message was judged, so nothing could be found." in html(audited([]))


def test_messages_without_a_date_are_in_the_totals() -> None:
    undated = soliciting(1, "Five stars for a mug?", day=None, order="999-1")
    audit = audited([undated, row(2, order="999-2")])
    assert audit.overview.types == {"incentive": 1}
    text = html(audit)
    assert "1 message without a date: in the totals, not in the bars." in text
    for shown in (text, html(audited([undated]))):
        assert 'by week; 1 in all"' in shown
        assert '<span class="total">1</span>' in shown
    assert "not in the bars" not in html(audited([row(2)]))


def test_an_export_of_days_shows_no_time_of_sending() -> None:
    midnight = -9.5 / 24
    asks = [soliciting(i, "Five stars for a mug?", day=midnight + i, source="days.csv") for i in (1, 2)]
    text = html(audited(asks))
    assert "<time>5\u00a0Nov\u00a02024</time>" in text
    assert "<td>6\u00a0Nov\u00a02024</td>" in text
    timed = html(audited([*asks, row(3, day=4, source="days.csv")]))
    assert "<time>5\u00a0Nov\u00a02024, 00:00</time>" in timed


def test_charts_are_drawn_to_scale_and_described() -> None:
    drawn = bars([Bar(4, "first <b>", 1), Bar(0, "second"), Bar(2, "third")], title="A & B")
    assert 'aria-label="A &amp; B"' in drawn
    assert "<title>first &lt;b&gt;</title>" in drawn
    heights = re.findall(r'class="(?:whole|part)"[^>]* height="([\d.]+)"', drawn)
    assert heights == ["40.0", "10.0", "20.0"]
    assert 'height="20.0"' in bars([Bar(4, "x")], title="t", top=8)


def test_the_spreadsheet_has_every_finding_and_no_formula(tmp_path: Path) -> None:
    formula = '=HYPERLINK("x") five stars'
    rows = [*small_export(), soliciting(90, formula, order="999-9", asin="@B0\x07", marked="five")]
    write_report(audited(rows), tmp_path / "out", created=CREATED)
    book = load_workbook(tmp_path / "out" / "findings.xlsx")
    assert book.sheetnames == ["findings", "messages", "order rules", "facts", "unreadable"]
    sheets = {name: [[c.value for c in r] for r in book[name].iter_rows()] for name in book.sheetnames}
    assert len(sheets["findings"]) == 1 + 6
    assert len(sheets["messages"]) == 1 + 6 + 2 + 2 + 1 + 1
    assert len(sheets["order rules"]) == 1 + 3
    assert sheets["unreadable"][1] == ["export.csv", "line 10", "12 cells under 10 columns"]
    cells = [c for sheet in book for r in sheet.iter_rows() for c in r]
    assert not [c.value for c in cells if c.data_type == "f"]
    values = [c.value for c in cells]
    assert '\'=HYPERLINK("x") [five|incentive] stars' in values
    assert "'@B0\ufffd" in values
    assert any("[Leave us five stars" in str(v) for v in values)


def test_words_in_the_spreadsheet_run_in_the_order_in_which_they_stand(tmp_path: Path) -> None:
    """No sign that turns writing round is left, in the marked and the buyer's words as little as in the message."""
    found = soliciting(1, "Give \u202efive stars", marked="\u202efive stars", previous="\u202eIt broke")
    write_report(audited([found]), tmp_path / "out", created=CREATED)
    header, line = load_workbook(tmp_path / "out" / "findings.xlsx")["findings"].iter_rows(values_only=True)
    cells = dict(zip(header, line, strict=True))
    assert cells["message"] == "Give [\ufffdfive stars|incentive]"
    assert (cells["marked_words"], cells["buyers_message"]) == ("\ufffdfive stars", "\ufffdIt broke")


def test_a_sheet_that_does_not_hold_all_rows_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reviewguard.inference.audit.overview._UNREADABLE_KEPT", 2)
    write_report(
        audited([row(n, error="cut in half") for n in range(1, 6)]), tmp_path / "out", created=CREATED
    )
    sheet = load_workbook(tmp_path / "out" / "findings.xlsx")["unreadable"]
    _, *lines = sheet.iter_rows(values_only=True)
    assert [line[:2] for line in lines] == [
        ("export.csv", "line 2"),
        ("export.csv", "line 3"),
        ("and 3 more", None),
    ]


def test_the_order_beside_a_message_is_its_own(tmp_path: Path) -> None:
    december = [
        neutral(1, order="999-1", day=30),
        neutral(2, "Feel free to review the lamp.", order="999-1", day=33),
    ]
    november = [neutral(3, order="999-2"), neutral(4, "Feel free to review the lamp.", order="999-2", day=3)]
    audit = audited([*december, *november])
    (finding,) = [f for f in audit.findings if f.rule]
    assert finding.orders[0] == "999-2"
    write_report(audit, tmp_path / "out", created=CREATED)
    header, *lines = load_workbook(tmp_path / "out" / "findings.xlsx")["order rules"].iter_rows(
        values_only=True
    )
    place = header.index("order_id")
    assert {line[place] for line in lines} == {"999-1"}  # whose messages are shown


def test_json_lines_hold_every_finding(tmp_path: Path) -> None:
    audit = audited([*small_export(), soliciting(90, "five \ud800 stars", order="999-9", marked="stars")])
    write_report(audit, tmp_path / "out", created=CREATED)
    lines = (tmp_path / "out" / "findings.jsonl").read_text("utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    assert [f["id"] for f in found] == [f.id for f in audit.findings]
    assert [f["rank"] for f in found] == list(range(1, 7))
    assert {(f["profile"], f["model"]) for f in found} == {(audit.profile, audit.model)}
    first = found[0]
    assert (first["count"], first["first"], first["last"]) == (6, "2024-11-04", "2024-11-09")
    assert len(first["sendings"]) == len(first["orders"]) == 6
    assert not any("people" in sent for sent in first["sendings"])
    for message in (m for f in found for m in f["messages"]):
        assert all(message["text"][e["start"] : e["end"]] == e["text"] for e in message["evidence"])


def test_personal_data_is_masked_in_all_files_unless_asked_for(tmp_path: Path) -> None:
    audit = audited(small_export())
    written = write_report(audit, tmp_path / "masked", created=CREATED)
    assert written == without_personal_data(audit)
    assert write_report(audit, tmp_path / "shown", created=CREATED, show_personal_data=True) == audit
    for name in ("report.html", "findings.jsonl"):
        masked, shown = ((tmp_path / f / name).read_text("utf-8") for f in ("masked", "shown"))
        for detail in ("Owen", "555-0117"):
            assert detail in shown
            assert detail not in masked
    book = load_workbook(tmp_path / "masked" / "findings.xlsx")
    assert not [c for s in book for r in s.iter_rows() for c in r if "Owen" in str(c.value)]


def test_an_earlier_report_is_replaced_and_other_folders_are_refused(tmp_path: Path) -> None:
    audit, out = audited(small_export()), tmp_path / "deep" / "out"
    write_report(audit, out, created=CREATED)
    write_report(audited([row(1)]), out, created=CREATED)
    assert (out / "findings.jsonl").read_text() == ""
    assert [p.name for p in out.parent.iterdir()] == ["out"]
    (out / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"notes\.txt"):
        write_report(audit, out, created=CREATED)
    assert (out / "findings.jsonl").read_text() == ""
    write_report(audit, out, created=CREATED, force=True)
    assert (out / "notes.txt").read_text() == "mine"
    assert (out / "findings.jsonl").read_text() != ""
    assert {p.name for p in out.parent.iterdir()} == {"out"}


def test_a_report_is_no_more_open_than_other_new_files(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_report(audited(small_export()), tmp_path / "out", created=CREATED)
    finally:
        os.umask(before)
    modes = {p.stat().st_mode & 0o777 for p in (tmp_path / "out").iterdir()}
    assert ((tmp_path / "out").stat().st_mode & 0o777, modes) == (0o700, {0o600})


def test_a_failure_leaves_the_earlier_report_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    write_report(audited(small_export()), out, created=CREATED)
    before = {p.name: p.read_bytes() for p in out.iterdir()}

    monkeypatch.setattr("reviewguard.inference.report.folder.write_sheets", full_disk)
    with pytest.raises(InputError, match="No space left"):
        write_report(audited([row(1)]), out, created=CREATED)
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(InputError, match="is no folder"):
        check_folder(tmp_path / "out")
    with pytest.raises(InputError, match="cannot write"):
        write_report(audited([]), tmp_path / "out" / "deeper", created=CREATED)


def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_folder(tmp_path / "deep" / "out")
    assert not (tmp_path / "deep" / "out").exists()
    assert not list(tmp_path.rglob(".*"))

    def refused(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkdtemp", refused)
    with pytest.raises(InputError, match=r"cannot write .*out: Permission denied"):
        check_folder(tmp_path / "out")


def test_the_page_says_that_no_message_covers_the_period() -> None:
    text = html(audited([row(1)], since="2023-03-01", until="2023-03-31"))
    assert "No message carries a readable date in the period asked for." in text
    assert "(31 days)" in text
    assert "Days with no message at all:" in text
    assert "No message carries a readable date." in html(audited([row(1, day=None)]))
    undated = html(audited([row(1, day=None)], since="2023-03-01", until="2023-03-31"))
    assert "Days with no dated message:" in undated
    assert "message at all" not in undated


def test_names_that_are_not_utf8_do_not_stop_a_report(tmp_path: Path) -> None:
    source = os.fsdecode(b"exp\xe9.csv")
    rows = [soliciting(1, "five stars for a mug", order=None, asin=None), row(2, error=f"{source} is empty")]
    strange = [replace(item, record=replace(item.record, source=source)) for item in rows]
    write_report(audited(strange), tmp_path / "out", created=CREATED)
    for name in ("report.html", "findings.jsonl"):
        assert "exp?.csv" in (tmp_path / "out" / name).read_text("utf-8")


def test_the_terminal_gets_counts_and_the_first_findings() -> None:
    out = io.StringIO()
    view = audit_view(audited(small_export()), Path("out"), top=2, colour=False)
    Console(file=out, width=100).print(view)
    text = out.getvalue()
    assert re.search(r"review-soliciting\s+│\s+7", text)
    assert re.search(r"1\. Offers a benefit for a review, (over )?\d\d%\n", text)
    assert "“Leave us five stars and we send a $10 gift card”" in text
    assert "sent 6 times, 6 orders, 2024-11-04 to 2024-11-09, finding message-" in text
    assert "3. " not in text
    assert "and 3 more findings" in text
    assert text.rstrip().endswith("Report: out/report.html")


def test_page_and_terminal_count_unusable_rows_in_the_same_words() -> None:
    audit, out = audited(small_export()), io.StringIO()
    text = html(audit)
    assert "<dt>unreadable or empty</dt><dd>2</dd>" in text
    assert '<th scope="row">Unreadable or empty rows</th><td>2</td>' in text
    assert ">Unreadable or empty rows</h2>" in text
    Console(file=out, width=100).print(audit_view(audit, Path("out"), top=0, colour=False))
    assert re.search(r"unreadable or empty rows\s+│\s+2 ", out.getvalue())


def test_the_terminals_counts_add_up_and_name_the_filters() -> None:
    twice = [soliciting(i, "Five stars for a mug?", order="999-9", id="A") for i in (90, 91)]
    audit, out = audited([*small_export(), *twice], since="2024-11-06", agents=["nora"]), io.StringIO()
    Console(file=out, width=100).print(audit_view(audit, Path("out"), top=0, colour=False))
    text = out.getvalue()
    counts = {name: int(n) for name, n in re.findall(r"[│┃] (\w[^│┃]*?) +[│┃] +(\d+) [│┃]", text)}
    assert "Audit, profile amazon, since 2024-11-06, agent nora" in " ".join(text.split())
    assert counts.pop("order rules broken") == 1
    assert counts["in more than one place, counted once"] == 1
    assert counts["seller messages outside the filters"] > 0
    assert counts.pop("records") == sum(counts.values()) == 19


def test_the_terminal_is_not_steered_by_a_message() -> None:
    out = io.StringIO()
    audit = audited([soliciting(1, "five\x1b[2J stars"), neutral(2, order="999-2")])
    Console(file=out, width=100).print(audit_view(audit, Path("out"), top=3, colour=False))
    assert "\x1b" not in out.getvalue()


def test_a_report_goes_into_the_folder_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = tmp_path.stat().st_ino
    for _ in range(2):
        write_report(audited(small_export()), Path(), created=CREATED)
        assert Path().stat().st_ino == tmp_path.stat().st_ino == before
        assert {p.name for p in tmp_path.iterdir()} == {"report.html", "findings.xlsx", "findings.jsonl"}


def test_what_a_killed_run_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".audit.x1").mkdir()
    write_report(audited([row(1)]), tmp_path, created=CREATED)


def test_the_terminal_is_not_steered_by_an_order_or_a_path() -> None:
    out = io.StringIO()
    audit = audited([soliciting(1, "five stars", order="1\x1b]0;pwned\x07")])
    Console(file=out, width=200).print(audit_view(audit, Path("rep[old]\x1b[31m"), top=3, colour=False))
    assert "\x1b" not in out.getvalue()
    assert "\x07" not in out.getvalue()
    assert "Report: rep[old]\N{REPLACEMENT CHARACTER}[31m/report.html" in out.getvalue()


def test_messages_of_one_side_alone_are_told_of() -> None:
    assert one_sided(3, 2) == one_sided(1, 0) == one_sided(0, 0) == ""
    assert one_sided(1200, 0).startswith("All 1,200 messages were taken for the seller's. If buyers wrote")
    assert one_sided(0, 2).startswith("All 2 messages were taken for buyers'. If the seller wrote")
    assert one_sided(10, 0, 5) and not one_sided(10, 0, 6)


def test_every_order_of_a_template_is_found_by_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "_SENDINGS", 3)
    (ids,) = Tags(html(audited(sendings(9)))).values("data-ids")
    assert "999-7000000-0000008" in ids.split()
    assert Tags(html(audited(sendings(3)))).values("data-ids") == []


@pytest.mark.parametrize("name", [".DS_Store", ".~lock.findings.xlsx#", "~$findings.xlsx", "Thumbs.db"])
def test_what_a_desktop_leaves_beside_a_report_is_not_in_the_way(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    check_folder(tmp_path)


def test_a_folder_in_the_place_of_a_file_is_told_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "findings.xlsx").mkdir()
    with pytest.raises(InputError, match=r"findings\.xlsx is a folder"):
        write_report(audited(small_export()), tmp_path, created=CREATED, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["findings.xlsx"]


def test_a_sheet_says_which_messages_broke_the_rule(tmp_path: Path) -> None:
    rows = [neutral(1), neutral(2, "Feel free to review the lamp.", day=4)]
    write_report(audited(rows), tmp_path / "out", created=CREATED)
    header, *cells = load_workbook(tmp_path / "out" / "findings.xlsx")["messages"].iter_rows(values_only=True)
    assert [row[header.index("breaks_rule")] for row in cells] == ["no", "yes"]
    (line,) = (tmp_path / "out" / "findings.jsonl").read_text("utf-8").splitlines()
    assert [sent["breaking"] for sent in json.loads(line)["sendings"]] == [False, True]


def test_a_cell_of_emoji_is_no_longer_than_excel_takes(tmp_path: Path) -> None:
    rows = [soliciting(1, "🎁" * 20_000 + " for five stars")]
    write_report(audited(rows), tmp_path / "out", created=CREATED)
    header, cells = load_workbook(tmp_path / "out" / "findings.xlsx")["findings"].iter_rows(values_only=True)
    words = str(cells[header.index("message")])
    assert len(words.encode("utf-16-le")) // 2 < 32_767


def test_sheets_can_be_read_as_they_open(tmp_path: Path) -> None:
    midnight = -9.5 / 24
    days = [
        soliciting(i, "Five stars for a mug?", day=midnight + i, source="days.csv", order=f"999-{i}")
        for i in (1, 2)
    ]
    write_report(audited([*days, soliciting(3, "A mug for stars")]), tmp_path / "out", created=CREATED)
    book = load_workbook(tmp_path / "out" / "findings.xlsx")
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == sheet.dimensions
    columns = {str(column[0].value): column[1] for column in book["findings"].iter_cols()}
    widths = {name: book["findings"].column_dimensions[c.column_letter].width for name, c in columns.items()}
    assert widths["first"] >= len("2024-11-05 09:30:00") and widths["message"] >= 60
    assert columns["message"].alignment.wrap_text and not columns["order_ids"].alignment.wrap_text
    assert columns["rank"].alignment.vertical == "top"
    assert columns["first"].number_format == "yyyy-mm-dd"
    header, *lines = book["messages"].iter_rows()
    place = [cell.value for cell in header].index("sent_at")
    assert sorted(line[place].number_format for line in lines) == [*["yyyy-mm-dd"] * 2, "yyyy-mm-dd h:mm:ss"]


def test_a_type_is_told_of_as_many_sendings_as_have_it() -> None:
    text, both = "Could you put that in a review?", {"incentive": 0.9, "selective": 0.9}
    rows = [
        soliciting(1, text, order="999-1"),
        soliciting(2, text, order="999-2", types=both, probability=0.98),
    ]
    told = "Offers a benefit for a review · asks satisfied buyers, or steers unhappy ones away in 1 of 2"
    page_text, _, terminal = shown(audited(rows))
    assert f"{told}</h3>" in page_text
    assert f"1. {told}, " in terminal
    assert "All messages of this finding, 2</summary>" in page_text


def test_the_facts_hold_words_and_no_command_line() -> None:
    page_text, told, terminal = shown(
        audited([soliciting(1, "A mug for five stars?", marked="mug for five stars")])
    )
    assert "ASIN B0TEST0001: offers a benefit for a review: “mug for five stars” (finding message-" in told
    for rows in (sendings(2), [soliciting(1, "A mug?", order=None), row(2, "Hi", role="buyer", order=None)]):
        page_text, told, terminal = shown(audited(rows))
        assert "taken for the seller's.\n" in told or "no buyer's words were read before.\n" in f"{told}\n"
        assert "--map" not in told and "--map" not in page_text
        assert "--map" in terminal


def test_thousands_are_written_alike() -> None:
    rows = [
        soliciting(n, "Five stars for a mug?", order=f"999-{n}", asin=f"B0T{n:07}") for n in range(1, 1001)
    ]
    page_text, told, terminal = shown(audited(rows))
    assert "sent 1,000 times, 1,000 orders" in terminal
    assert "<span>1,000 ASINs</span>" in page_text and "1,000 messages to 1,000 orders" in told


def test_a_long_message_has_its_marked_words_above_it() -> None:
    marked = "five stars for a mug"
    for text, times in ((f"{'On its way. ' * 100}{marked}", 1), (marked, 0)):
        assert html(audited([soliciting(1, text, marked=marked)])).count(f"<p>“{marked}”</p>") == times


def test_words_run_in_their_own_direction() -> None:
    text = html(audited([soliciting(1, "חמישה כוכבים", previous="תודה")]))
    assert text.count('class="words" dir="auto"') == text.count('class="words"') == 2


def test_a_count_of_none_is_no_alarm() -> None:
    assert "<dd>0</dd>" in html(audited([row(1)])) and 'class="bad"' not in html(audited([row(1)]))
    assert '<dd class="bad">7</dd>' in html(audited(small_export()))


def test_the_page_says_that_no_finding_is_no_proof_and_a_test_of_the_evidence_no_advice() -> None:
    assert "test that evidence and are no advice on wording" in html(audited(small_export()))
    assert "A message without a finding may break the rules all the same." in html(audited([row(1)]))
