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

from reviewguard.errors import InputError
from reviewguard.inference import doubts
from reviewguard.labelling.cells import list_of
from reviewguard.masking import column_names, mask
from reviewguard.names import names_in
from reviewguard.readers.columns import unique_names
from reviewguard.readers.correspondents import is_reply_subject
from reviewguard.readers.markup import html_to_text
from reviewguard.readers.merged import merged_spans
from reviewguard.readers.mime import parse_mail
from reviewguard.readers.registry import ReadOptions, read_records
from reviewguard.readers.skim import MOST_CELLS, skim_row
from reviewguard.readers.wording import passed_on, wording
from reviewguard.text import normalize

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
    "text",
    ["2024/1/1 x" + " <@" * 30_000, "Am x" + " schrieb x" * 30_000 + ":", "x" * 900 + " <a@b.c" * 30_000],
)
def test_hostile_lines_above_a_quote(text: str) -> None:
    with soon():
        found = wording(f"{text}\nHello, thank you.\n\n> a\n> b\n> c", is_reply=False)
    assert "Hello, thank you." in found.own
    assert text.strip() in found.own


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
    "read",
    [
        lambda: doubts._LINK.sub(" ", "Hello " + "-" * 200_000),
        lambda: names_in("~" * 100_000),
        lambda: names_in("Hi\n" + "—" * 100_000),
        lambda: names_in("- Ana @" + " " * 200_000 + "\nx"),
        lambda: list_of("x" + " " * 200_000 + "x"),
        lambda: is_reply_subject("re" + " " * 200_000 + "x"),
        lambda: passed_on("-----Begin message" + " " * 200_000 + "x"),
        lambda: unique_names(["a"] * 30_000),
        lambda: column_names({"ship" + "_" * 60_000: "x"}),
        lambda: normalize("é" + MARKS * 100_000),
        lambda: mask("a@b.co 111-1111111-1111111 " * 5_000),
        lambda: merged_spans(BytesIO(b"mergeCell " * 100_000), {1}),
    ],
)
def test_hostile_texts(read: Callable[[], object]) -> None:
    with soon():
        read()


def test_columns_of_one_name_are_numbered() -> None:
    assert unique_names(["a", "a", "a (2)", "a"]) == ["a", "a (2)", "a (2) (2)", "a (3)"]


def test_a_row_of_endless_cells_is_cut() -> None:
    row = skim_row(["a,b," + "c," * 100_000 + "d\n"], ",")
    assert (len(row.cells), row.cut, row.closed) == (MOST_CELLS, True, True)
    assert row.cells[:3] == ["a", "b", "c"]
    assert row.cells[-1] == "c"


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


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_workbook_packed_as_excel_never_does_is_refused(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w", method) as book:
        book.writestr("[Content_Types].xml", "x")
        book.writestr("xl/workbook.xml", "x" * 1000)
    with pytest.raises(InputError, match="packed as Excel never does"):
        list(read_records([tmp_path / "b.xlsx"], ReadOptions()))


def test_entities_behind_a_long_comment_are_seen(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "c.xlsx", "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", "x")
        book.writestr("xl/workbook.xml", f"<!--{'x' * (2**20 - 9)}--><!DOCTYPE a>")
    with pytest.raises(InputError, match="defines XML entities"):
        list(read_records([tmp_path / "c.xlsx"], ReadOptions()))


def test_a_time_zone_that_is_nowhere_is_the_files_fault(tmp_path: Path) -> None:
    table = pa.table({"text": ["Hi"], "date": pa.array([0], pa.timestamp("us", "Nowhere/Land"))})
    pq.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(InputError, match="not a readable Parquet file"):
        list(read_records([tmp_path / "x.parquet"], ReadOptions()))


def test_a_small_file_of_endless_cells_is_read_in_little_memory(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.csv.gz", "wb") as file:
        file.write(b"text,from\n" + b"b," * 3_000_000)
    with soon():
        (record,) = read_records([tmp_path / "a.csv.gz"], ReadOptions())
    assert record.error
