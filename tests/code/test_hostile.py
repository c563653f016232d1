"""What a stranger may put into a message or a file so that reading it never ends, or ends the run."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from time import process_time

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from inscriptis.model.html_document_state import HtmlDocumentState

from reviewguard.cli.shared import warn
from reviewguard.errors import InputError
from reviewguard.inference.audit.copies import Sendings
from reviewguard.inference.language import foreign_part
from reviewguard.labelling.cells import list_of
from reviewguard.masking import column_names, mask
from reviewguard.names import names_in
from reviewguard.readers import mail
from reviewguard.readers.columns import unique_names
from reviewguard.readers.correspondents import is_reply_subject
from reviewguard.readers.markup import html_to_text
from reviewguard.readers.merged import merged_down
from reviewguard.readers.mime import parse_mail
from reviewguard.readers.registry import ReadOptions, read_records
from reviewguard.readers.wording import passed_on, wording
from reviewguard.text import LINK, normalize

SECONDS = 10
MARKS = "\u0301\u0316"


@contextmanager
def soon() -> Iterator[None]:
    begun = process_time()
    yield
    assert process_time() - begun < SECONDS


@pytest.mark.parametrize(
    "html",
    [
        f'<p style="margin-top:{"9" * 310}em">Hi</p>',
        '<p style="color:red;margin-top:99999em">Hi</p>' + '<p style="margin-bottom:1e9px"> </p>' * 2000,
        '<div style="padding-left:99999em">' * 10 + "<pre>Hi" + "\n" * 2000,
        "<table><tr><td>Hi" + "a" * 20_000 + "</td></tr>" + "<tr><td>b</td></tr>" * 8000,
        '<blockquote type="cite">' * 400 + "Hi<br>" * 5000,
        "<p>Hi</p>" + "<span>" * 3000 + "<![x[ y>",
        "<p></p>" + "<a " * 100_000 + ">Hi",
        "<p></p><![x[ y>Hi" + "<!-- " * 50_000 + "<script" * 50_000,
        "<table><tr><td>Hi" + "<br>" * 25_000 + "</td><td>" + "a" * 100_000 + "</td></tr></table>",
        "<table><tr><td><pre>Hi" + "\n" * 25_000 + "</td><td>" + "a" * 100_000 + "</td></tr></table>",
        '<div style="-webkit-padding-start:99999em"><pre>Hi' + "\n" * 10_000,
        "<ul>" * 800 + "<pre>Hi" + "\n" * 300_000,
        "<table><tr><td>Hi" + '<p style="margin-top:999em">x</p>' * 800 + "</td><td>" + "a" * 100_000,
        "<table><tr><td>Hi" + "<h1>a</h1>" * 25_000 + "</td><td>" + "a" * 100_000,
        "<table><tr><td>Hi" + "<br>" * 25_000 + f'</td><td><img alt="{"a" * 100_000}">',
        "<table><tr><td><xmp>Hi" + "\n" * 25_000 + "</xmp></td><td>" + "a" * 100_000,
        "<table><tr><td>Hi" + "<br>" * 25_000 + f"</td><td>{'a' * 100_000}</table>" + "<span>" * 3000,
    ],
)
def test_hostile_markup(html: str) -> None:
    with soon():
        text = html_to_text(html)
    assert "Hi" in text
    assert len(text) < 20 * len(html)


def test_markup_that_cannot_be_laid_out_keeps_words_and_lines() -> None:
    deep = "<span>" * 3000
    text = html_to_text(f"<style>p {{}}</style><p>On<b>ly</b> &amp; a</p><!-- no > words --><p>Review{deep}")
    assert text == "Only & a\n\nReview"


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>Thanks! We <3 you, leave 5 stars for $20</p>", "Thanks! We <3 you, leave 5 stars for $20"),
        ("<style><style></style><p>Leave 5 stars</p>", "Leave 5 stars"),
        ('<script>"<script"</script><p>Leave 5 stars</p>', "Leave 5 stars"),
        ('<p>Hi</p><p title="<style>">Leave 5 stars</p>', "Hi\n\nLeave 5 stars"),
        ("<style>/*<!--*/</style><p>Leave 5 stars</p><!-- x -->", "Leave 5 stars"),
        ("<p>Leave<!-- a > b --> 5 stars</p><!-- open", "Leave 5 stars"),
    ],
)
def test_no_words_are_hidden_in_what_cannot_be_laid_out(html: str, words: str) -> None:
    assert html_to_text(html + "<span>" * 3000) == words


def test_cells_of_a_table_too_wide_do_not_run_together() -> None:
    cells = '<td style="display:inline-block">5</td><td style="display:inline-block">stars</td>'
    wide = f"<td>{'a' * 5000}</td></tr>" + "<tr><td></td><td></td><td>b</td></tr>" * 4000
    text = html_to_text(f"<table><tr>{cells}{wide}</table>")
    assert text.split()[:2] == ["5", "stars"]
    assert len(text) < 50_000


def test_cells_stand_side_by_side_at_the_top() -> None:
    top, sum_ = '<td style="vertical-align:top">Order</td>', "<td>Lamp<br>Kettle<br>Sum</td>"
    assert html_to_text(f"<table><tr>{top}{sum_}</tr></table>").split("\n")[0].split() == ["Order", "Lamp"]


def test_words_behind_a_quote_are_no_part_of_it() -> None:
    quoted = '<blockquote type="cite"><p>I love it!</p></blockquote>'
    assert html_to_text(f"{quoted}Share that in a review?") == "> I love it!\nShare that in a review?"
    assert (
        html_to_text(f'<blockquote type="cite">{quoted}So do I.</blockquote>') == "> > I love it!\n> So do I."
    )


def test_another_thread_does_not_write_into_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = HtmlDocumentState.apply_starttag_layout

    def interrupted(state: HtmlDocumentState, tag: str, attributes: dict[str, str]) -> None:
        monkeypatch.undo()
        assert html_to_text("<p>Another's words.</p>") == "Another's words."
        begin(state, tag, attributes)

    monkeypatch.setattr(HtmlDocumentState, "apply_starttag_layout", interrupted)
    assert html_to_text("<ol><li>Own words.</ol>") == "1. Own words."


def test_a_list_is_no_mails_header() -> None:
    items = "<ul><li>From: help@acme.example</li><li>Subject: your lamp</li></ul>"
    text = html_to_text(f"<p>Hi Ana,</p>{items}<p>If it makes you happy, let the world know on its page.</p>")
    assert wording(text, is_reply=False, is_sellers=True).own.endswith("on its page.")


def test_a_table_with_many_rows_keeps_links_and_quotes() -> None:
    rows = "".join(f"<tr>{'<td>a cell with some words of text</td>' * 6}</tr>" for _ in range(350))
    link, quote = "<a href='https://shop.example/r'>here</a>", "<div class='gmail_quote'><blockquote>Where?"
    text = html_to_text(f"<table>{rows}</table><p>Click {link}</p>{quote}")
    assert text.count("a cell with some words of text") == 2100
    assert "Click [here](https://shop.example/r)" in text
    assert text.endswith("> Where?")


def test_margins_in_reason_are_kept() -> None:
    assert html_to_text('<div style="margin-bottom:1em">Hi Ana</div><div>Thanks</div>') == "Hi Ana\n\nThanks"
    for html in (
        "<center>Thanks</center><center>Bye</center>",
        "Thanks<hr>Bye",
        "<dl><dt>Thanks<dd>Bye</dl>",
    ):
        assert html_to_text(html) == "Thanks\nBye"
    assert (
        html_to_text('<p style="margin:0;margin-bottom:.0001pt;margin-top:0em">a</p><div>b</div>') == "a\nb"
    )


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(["2024/1/1 x" + " <@" * 329] * 300),
        "2024/1/1 x" + " <@" * 30_000,
        "Am x" + " schrieb x" * 30_000 + ":",
        "\n".join(["At 2024 x" + " <@" * 329] * 300),
        "-" * 100_000 + " x",
        "x" * 900 + " <a@b.c" * 30_000,
    ],
)
def test_hostile_lines_above_a_quote(text: str) -> None:
    with soon():
        found = wording(f"{text}\nHello, thank you.\n\n> a\n> b\n> c", is_reply=False)
    assert "Hello, thank you." in found.own
    assert text.strip() in found.own


def test_what_stands_for_a_long_line_cannot_be_written() -> None:
    above = "On Mon, 4 Nov 2024 at 10:00, B <a@b.c> wrote:\n> x"
    text = "A" * 100_000 + "\n" + "\ue0000\ue001\n" * 300 + above
    with soon():
        assert wording(text, is_reply=True).own == text


def test_a_quote_below_a_long_paragraph_is_still_found() -> None:
    own, above = "Thank you. " * 300, "On Mon, 4 Nov 2024 at 10:00, Buyer <a1@marketplace.amazon.com> wrote:"
    found = wording(f"{own.strip()}\n\n{above}\n> {'Where is it? ' * 200}\n> Ana", is_reply=True)
    assert found.own == own.strip()
    assert "Where is it?" in found.quoted


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Type: text/plain; charset*0=utf-8; charset*=x",
        b"Content-Disposition: attachment; filename*=idna''x",
        b"Content-Type: text/plain; charset*=\"a\0b''utf-8\"",
        b"Content-Type: text/plain" + b";" * 1_000_000,
        b"Subject: " + b"=?a?q?x" * 100_000,
        b"X-A: " + b"=?punycode?q?" + b"a" * 1_000_000 + b"?=",
        b"\n".join([b"X-A: b"] * 100_000),
    ],
)
def test_hostile_headers(header: bytes) -> None:
    with soon():
        mail = parse_mail(b"From: a@b.c\nTo: d@e.f\n" + header + b"\n\nHi there\n")
    assert mail.text == "Hi there" or mail.attachments
    assert mail.addresses("from") == ("a@b.c",)


@pytest.mark.parametrize(
    "hostile",
    [
        b"image/png\nContent-Disposition: attachment; filename*=idna''x",
        b"multipart/mixed; boundary*=idna''x",
        b"multipart/mixed; charset*=utf-8''x\nContent-Transfer-Encoding: 8bit",
    ],
)
def test_a_hostile_part_leaves_the_words_of_another_readable(hostile: bytes) -> None:
    part = b"--b\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\nSGkgdGhlcmU=\n"
    other = b"--b\nContent-Type: " + hostile + b"\n\n\xe9\n--b--\n"
    mail = parse_mail(b"From: a@b.c\nContent-Type: multipart/mixed; boundary=b\n\n" + part + other)
    assert mail.text.startswith("Hi there")
    assert "Content-Type" not in mail.text


@pytest.mark.parametrize("name", ["a.eml", "a.mbox"])
def test_a_mail_of_endless_lines_is_cut(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "MAX_LINES", 1000)
    first = b"From a Mon Nov  4 10:00:00 2024\n" if name.endswith("mbox") else b""
    (tmp_path / name).write_bytes(first + b"From: a@b.c\nTo: d@e.f\nSubject: Hi\n\n" + b"a\n" * 5000)
    (record,) = read_records([tmp_path / name], ReadOptions())
    assert 900 < record.text.count("a") < 1000


@pytest.mark.parametrize(
    "read",
    [
        lambda: LINK.sub(" ", "Hello " + "-" * 200_000),
        lambda: LINK.sub(" ", "ab." * 100_000),
        lambda: names_in("~" * 100_000),
        lambda: names_in("Hi\n" + "—" * 100_000),
        lambda: names_in("- Ana @" + " " * 200_000 + "\nx"),
        lambda: list_of("x" + " " * 200_000 + "x"),
        lambda: is_reply_subject("re" + " " * 200_000 + "x"),
        lambda: passed_on("-----Begin message" + " " * 200_000 + "x"),
        lambda: unique_names(["a"] * 30_000),
        lambda: column_names({"ship" + "_" * 60_000: "x"}),
        lambda: normalize("é" + MARKS * 100_000),
        lambda: normalize("\U0001f44d\u200d" * 50_000),
        lambda: normalize("a-" * 50_000).prose("a-" * 50_000),
        lambda: normalize("x@a." * 25_000).prose("x@a." * 25_000),
        lambda: foreign_part("Hello " * 20_000 + "م " * 20_000),
        lambda: foreign_part("\n" * 100_000 + "Hi " + "م" * 100_000),
        lambda: foreign_part("Hi. " + "!?" * 49_000 + "a"),
        lambda: mask("a@b.co 111-1111111-1111111 " * 5_000),
        lambda: [one.number(1, file, "d") for one in [Sendings()] for file in "ab" for _ in range(40_000)],
        lambda: merged_down(BytesIO(b"mergeCell " * 100_000), {1}),
    ],
)
def test_hostile_texts(read: Callable[[], object]) -> None:
    with soon():
        read()


def test_a_files_name_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    warn(["a\x1b]0;x\x07.csv: no dates"])
    assert capsys.readouterr().err == "a\ufffd]0;x\ufffd.csv: no dates\n"


def test_columns_of_one_name_are_numbered() -> None:
    assert unique_names(["a", "a", "a (2)", "a"]) == ["a", "a (2)", "a (2) (2)", "a (3)"]


def test_a_cell_far_to_the_right_is_one_value(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["text", "date"])
    sheet.append(["Hello"])
    sheet.cell(2, 16_000, "far")
    book.save(tmp_path / "a.xlsx")
    (record,) = read_records([tmp_path / "a.xlsx"], ReadOptions())
    assert dict(record.values) == {"text": "Hello", "date": None, "column 16000": "far"}
    assert record.error == "16000 cells under 2 columns"


def test_entities_that_expand_without_end_are_refused(tmp_path: Path) -> None:
    levels = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    book = openpyxl.Workbook()
    book.worksheets[0].append(["text"])
    book.worksheets[0].append(["WORDS"])
    book.save(tmp_path / "d.xlsx")
    for part in ("xl/workbook.xml", "xl/worksheets/sheet1.xml"):
        with zipfile.ZipFile(tmp_path / "d.xlsx") as old, zipfile.ZipFile(tmp_path / "c.xlsx", "w") as new:
            for name in old.namelist():
                xml = old.read(name).decode()
                if name == part:
                    xml = xml.replace("WORDS", "&a11;").replace("</workbook>", "<x>&a11;</x></workbook>")
                    xml = f'<!DOCTYPE x [<!ENTITY a0 "lol">{levels}]>{xml}'
                new.writestr(name, xml)
        with soon(), pytest.raises(InputError, match="amplification"):
            list(read_records([tmp_path / "c.xlsx"], ReadOptions()))


def test_a_document_type_inside_a_cell_is_text(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["text"])
    book.worksheets[0].append(["WORDS"])
    book.save(tmp_path / "d.xlsx")
    with zipfile.ZipFile(tmp_path / "d.xlsx") as old, zipfile.ZipFile(tmp_path / "e.xlsx", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"WORDS", b"<![CDATA[<!DOCTYPE html>Hi]]>"))
    (record,) = read_records([tmp_path / "e.xlsx"], ReadOptions())
    assert "Hi" in record.text


def test_a_time_zone_that_is_nowhere_is_the_files_fault(tmp_path: Path) -> None:
    table = pa.table({"text": ["Hi"], "date": pa.array([0], pa.timestamp("us", "Nowhere/Land"))})
    pq.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(InputError, match="not a readable Parquet file"):
        list(read_records([tmp_path / "x.parquet"], ReadOptions()))


def test_a_small_file_of_endless_cells_is_one_row_that_is_cut(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.csv.gz", "wb") as file:
        file.write(b"text,from\n" + b"b," * 3_000_000)
    with soon():
        (record,) = read_records([tmp_path / "a.csv.gz"], ReadOptions())
    assert record.error
    assert len(record.values) == 3
