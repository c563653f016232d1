"""CSV in every dialect, and broken in every way: rows in are rows out."""

from __future__ import annotations

import csv
import gc
import io
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.code.reading import EXAMPLES, errors, read, texts, written

from reviewguard.errors import InputError
from reviewguard.readers.delimited import ROW_LIMIT, TOO_LONG, split_rows
from reviewguard.readers.table import CELL_LIMIT


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "\x1f"])
def test_any_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    rows = 'id,body,note\n1,"Hi, it\'s 5; ok\nbye",x\n'.replace(",", delimiter).replace(
        "Hi" + delimiter, "Hi,"
    )
    record = read(written(tmp_path, "a.csv", rows))[0]
    assert (record.id, record.text, record.values["note"]) == ("1", "Hi, it's 5; ok\nbye", "x")


def test_a_separator_line_of_excel_is_followed(tmp_path: Path) -> None:
    record = read(written(tmp_path, "a.csv", "sep=;\nid;body\n1;Hi, there\n"))[0]
    assert (record.text, record.place) == ("Hi, there", "line 3")


@pytest.mark.parametrize("title", ["Messages export", "Messages export;;", "\n;;\nNovember, all of it;;\n"])
def test_titles_above_the_header_are_passed_over(tmp_path: Path, title: str) -> None:
    path = written(tmp_path, "a.csv", f"{title}\nOrder ID;Message;Date\n7;Hi, Jo;05.11.2024\n")
    for options in ({}, {"columns": {"text": "Message"}}):
        record = read(path, **options)[0]
        assert (record.order_id, record.text) == ("7", "Hi, Jo")
        assert record.place == f"line {title.count(chr(10)) + 3}"


def test_a_row_of_words_is_no_header_and_one_header_may_have_two_lines(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column with the messages among 'id', 'x'"):
        read(written(tmp_path, "a.csv", "id,x\nid,message\n"))
    record = read(written(tmp_path, "b.csv", '"Order\nID",Message,Date\n7,Hi,05.11.2024\n'))[0]
    assert (record.order_id, record.text, record.place) == ("7", "Hi", "line 3")


@pytest.mark.parametrize("above", ["", 'Stands of 5"\n\n'])
@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
def test_the_delimiter_of_a_header_of_two_lines_is_found(tmp_path: Path, name: str, above: str) -> None:
    table = f'{above}"Bestell-\nnummer";Nachricht;Datum\n7;Hi;05.11.2024\n'
    (record,) = read(written(tmp_path, name, table), format="csv" if above else None)
    assert list(record.values) == ["Bestell-\nnummer", "Nachricht", "Datum"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encoding_byte_order_mark_and_line_ends_do_not_matter(
    tmp_path: Path, encoding: str, end: str
) -> None:
    rows = f"id,body{end}1,“Café” for Zoë{end}2,ok{end}".encode(encoding)
    records = read(written(tmp_path, "a.csv", rows))
    assert texts(records) == ["“Café” for Zoë", "ok"]
    assert list(records[0].values) == ["id", "body"]


@pytest.mark.parametrize("last", ["ok", "Danke schön", "Thank you 😊", "Thank you 😊!"])
def test_lines_that_end_in_carriage_returns_are_utf_8_whatever_the_last_one_holds(
    tmp_path: Path, last: str
) -> None:
    records = read(written(tmp_path, "a.csv", f"id,body\r1,Zoë\r2,{last}\r"))
    assert texts(records) == ["Zoë", last]


def test_a_longer_text_in_another_alphabet_is_detected(tmp_path: Path) -> None:
    line = "Здравствуйте! Ваш заказ отправлен сегодня утром и будет доставлен в пятницу"
    rows = "id,body\n" + "".join(f"{number},{line}\n" for number in range(20))
    assert set(texts(read(written(tmp_path, "a.csv", rows.encode("cp1251"))))) == {line}


def test_lines_in_different_encodings_are_each_read_in_their_own(tmp_path: Path) -> None:
    lines = [b"id,body", "1,café".encode(), "2,café – “ok”".encode("cp1252"), "3,ｏｋ é".encode()]
    assert texts(read(written(tmp_path, "a.csv", b"\n".join(lines)))) == ["café", "café – “ok”", "ｏｋ é"]


def test_nul_bytes_are_left_out(tmp_path: Path) -> None:
    records = read(written(tmp_path, "a.csv", b"id,body\n1,a\0b\n\0\0\n2,c\n"))
    assert texts(records) == ["ab", "c"]
    assert errors(records) == [None, None]


def test_a_quote_that_is_never_closed_costs_one_row(tmp_path: Path) -> None:
    rows = 'id,body,x\n1,"Hello\n2,"World, ok",y\n3,fine,z\n4,"multi\nline",z\n5,"cut,x\n6,end,x\n'
    records = read(written(tmp_path, "a.csv", rows))
    assert [(r.place, r.id, r.error is None) for r in records] == [
        ("line 2", "1", False),
        ("line 3", "2", True),
        ("line 4", "3", True),
        ("line 5", "4", True),
        ("line 7", "5", False),
        ("line 8", "6", True),
    ]
    assert records[0].text == "Hello"
    assert records[3].text == "multi\nline"


def test_a_lost_quote_before_many_lines_without_one_does_not_swallow_them(tmp_path: Path) -> None:
    count = 600
    line = f"2,{'hello there and a few words more ' * 300},b\n"
    path = written(tmp_path, "a.csv", 'id,body,x\n1,"oops,a\n' + line * count)
    assert len(line) * count > ROW_LIMIT
    found = Counter(record.error is None for record in read(path))
    assert found == {False: 1, True: count}


def test_quotes_inside_of_words_are_kept(tmp_path: Path) -> None:
    rows = (
        'id,body,x\n1,"He said "hi" to me",a\n2,Need a 5" pot,b\n3,"5"" pot",c\n'
        '4,"Hi,\nthe "best" kettle\nBye",d\n5,"Great" she said,e\n'
    )
    records = read(written(tmp_path, "a.csv", rows))
    assert texts(records) == [
        'He said "hi" to me',
        'Need a 5" pot',
        '5" pot',
        'Hi,\nthe "best" kettle\nBye',
        '"Great" she said',
    ]
    assert set(errors(records)) == {None}


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (r'"He said \"late\", sorry"', 'He said "late", sorry'),
        (r'"She wrote \"great\""', 'She wrote "great"'),
        (r'"A 5\", thanks"', 'A 5", thanks'),
        (r'"A pot of 5\""', 'A pot of 5"'),
        ('"He said \\"late\\".\nSorry, Tom"', 'He said "late".\nSorry, Tom'),
        ('"Hi,\n\na \\"late, no?\\"\nBye"', 'Hi,\n\na "late, no?"\nBye'),
        (r'"Hi,\nhe said \"late\" in C:\\"', 'Hi,\\nhe said "late" in C:\\'),
        (r'"In C:\new\"', "In C:\\new\\"),
    ],
)
def test_quotes_that_a_backslash_escapes_end_no_cell(tmp_path: Path, cell: str, text: str) -> None:
    for rows, count in ((f"1,{cell}\n2,ok\n", 2), (f'1,"cut\n2,{cell}\n3,"ok"\n', 3)):
        records = read(written(tmp_path, "a.csv", f"id,body\n{rows}"))
        assert texts(records)[-2:] == [text, "ok"]
        assert errors(records)[-2:] == [None, None]
        assert len(records) == count


def test_a_quote_escaped_in_a_row_that_never_ends_costs_one_row(tmp_path: Path) -> None:
    rows = "".join(f"{number},{'hello there ' * 80}\n" for number in range(200))
    for begun in ("", "so " * 30_000):  # before the end of what is looked at, and beyond
        records = read(written(tmp_path, "a.csv", f'id,body\n1,"a \\"late, {begun}\n{rows}'))
        assert [record.error is None for record in records] == [False, *[True] * 200]


def test_a_quote_that_begins_a_cell_where_none_is_quoted_swallows_no_rows(tmp_path: Path) -> None:
    rows = '1\t"Order shipped\n2\tLeave 5 stars\n3\tYour stand is 5"\n4\t"Hi,\nBye"\n'
    records = read(written(tmp_path, "a.tsv", f"id\tbody\n{rows}"))
    assert texts(records) == ["Order shipped", "Leave 5 stars", 'Your stand is 5"', "Hi,\nBye"]
    assert [record.error is None for record in records] == [False, True, True, True]


_PROSE = "hello, world; " * 700


@pytest.mark.parametrize(
    "cell", [_PROSE, f"{_PROSE}\n", f'say ""hi"" to ""me"", {_PROSE}\n'], ids=["line", "lines", "quotes"]
)
def test_a_huge_cell_is_cut_and_the_rows_around_it_are_read_in_bounded_memory(
    tmp_path: Path, cell: str
) -> None:
    path = tmp_path / "a.csv"
    with path.open("w") as file:
        file.write('id,body,order\n1,before,a\n2,"')
        for _ in range(30_000_000 // len(cell)):
            file.write(cell)
        file.write('",999-1234567-7654321\n3,after,b\n')
    tracemalloc.start()
    records = read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [r.id for r in records] == ["1", "2", "3"]
    assert errors(records) == [None, TOO_LONG, None]
    assert len(records[1].text) == CELL_LIMIT
    assert peak < 80_000_000


@pytest.mark.parametrize("header", ["body", "order,body"])
def test_lines_of_a_huge_cell_are_no_rows(tmp_path: Path, header: str) -> None:
    order = "999-1234567-7654321," * (header != "body")
    picture = f"{'A' * 76}\n" * (ROW_LIMIT // 70)
    cell = f'"Hi Ana, thanks.\n{picture}Bye, and thanks.\n"'
    records = read(written(tmp_path, "a.csv", f"{header}\n{order}before\n{order}{cell}\n{order}after\n"))
    assert errors(records) == [None, TOO_LONG, None]
    assert texts(records)[2] == "after"


def test_a_quote_in_a_huge_cell_that_stands_in_none_swallows_no_rows(tmp_path: Path) -> None:
    cell = f'a 5" nail {"A" * 3 * ROW_LIMIT}'
    records = read(written(tmp_path, "a.tsv", f'id\tbody\n1\tbefore\n2\t{cell}\n3\tafter\n4\t"Hi"\n'))
    assert errors(records) == [None, TOO_LONG, None, None]
    assert texts(records)[2:] == ["after", "Hi"]


@pytest.mark.parametrize("text", ["Thanks, Ana; all the best", "5\tstars | please"])
def test_the_messages_of_a_table_with_one_column_hold_any_delimiter(tmp_path: Path, text: str) -> None:
    records = read(written(tmp_path, "a.csv", f'Message\n{text}\n"Hi,\nAna"\n'))
    assert (texts(records), errors(records)) == ([text, "Hi,\nAna"], [None, None])


def test_too_many_and_too_few_cells(tmp_path: Path) -> None:
    records = read(written(tmp_path, "a.csv", "id,body,x\n1,a,b,c,d\n2,a,b,,\n3,a\n4\n,,\n"))
    assert [r.error for r in records] == [
        "5 cells under 3 columns",
        None,
        None,
        "only 1 cells under 3 columns",
        None,
    ]
    assert records[0].values["cells beyond the header"] == "c | d"
    assert records[2].values == {"id": "3", "body": "a", "x": ""}


def test_repeated_headers_keep_all_their_cells(tmp_path: Path) -> None:
    record = read(written(tmp_path, "a.csv", "body,body,,id,body\n1,2,3,4,5\n"))[0]
    assert record.values == {"body": "1", "body (2)": "2", "column 3": "3", "id": "4", "body (3)": "5"}
    assert record.text == "1"


def test_an_empty_file_is_said_and_a_header_alone_holds_no_rows(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is empty"):
        read(written(tmp_path, "a.csv", ""))
    with pytest.raises(InputError, match="is empty"):
        read(written(tmp_path, "a.csv", "\n \n"))
    assert read(written(tmp_path, "a.csv", "id,body\n")) == []
    with pytest.raises(InputError, match="no column with the messages"):
        read(written(tmp_path, "a.csv", "id,number\n1,2\n"))


def test_a_carriage_return_above_the_header_is_read_over_and_one_amid_it_refused(tmp_path: Path) -> None:
    above = "Report\rof March\nid,body\n1,hi\n"
    assert [r.text for r in read(written(tmp_path, "a.csv", above))] == ["hi"]
    for amid in ("id,body\r1,hi\n2,ho\n", "sep=,\rid,body\n1,hi\n"):
        with pytest.raises(InputError, match="carriage return"):
            read(written(tmp_path, "a.csv", amid))


def test_reading_that_was_given_up_leaves_no_second_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column"):
        read(written(tmp_path, "a.csv", "Subject,Who\rhello,me\r"))
    gc.collect()  # what is raised while it is cleared away is a failure


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("Wer, wann, wo|Was (kurz, lang)\nAna|Hi\n", "Was (kurz, lang)"),
        ("Message, if any^Words ^Sent, at\nx^Hi^y\n", "Words"),
    ],
)
def test_a_given_column_tells_the_delimiter(tmp_path: Path, table: str, text: str) -> None:
    assert texts(read(written(tmp_path, "a.csv", table), columns={"text": text})) == ["Hi"]


def test_a_header_repeated_between_pasted_exports_is_no_row(tmp_path: Path) -> None:
    export = "\ufeffMessage ,From,From\nHi,Agent,a\n"
    records = read(written(tmp_path, "a.csv", export * 2 + "Message,Agent,a\n"))
    assert [(r.text, r.place) for r in records] == [("Hi", "line 2"), ("Hi", "line 4"), ("Message", "line 5")]
    one_column = written(tmp_path, "b.csv", "Message\nHi\nMessage\n")
    assert texts(read(one_column, format="csv")) == ["Hi", "Message"]


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "What,Who,Order #\nhi,Buyer,7\n")
    record = read(path, columns={"text": "What", "sender": "Who"})[0]
    assert (record.text, record.role, record.order_id) == ("hi", "buyer", "7")


def test_mark_up_and_quoted_mail_are_taken_off_the_text_but_kept_in_the_cell(tmp_path: Path) -> None:
    html = "<p>Hello&nbsp;Jo,</p><p>all <b>good</b>?</p>"
    quoted = (
        "All good.\n\nOn Mon, Nov 4, 2024 at 9:12 AM Jo <jo@example.com> wrote:\n> leave a review\n> please"
    )
    path = written(tmp_path, "a.csv", f'subject,body\nHi,{html.replace(",", "")}\nRe: Hi,"{quoted}"\n')
    records = read(path)
    assert "<" not in records[0].text
    assert "good" in records[0].text
    assert records[1].text == "All good."
    assert records[1].values["body"] == quoted


def test_the_shipped_export_is_read_word_for_word() -> None:
    records = read(EXAMPLES / "messages.csv", strict=True)
    assert Counter(r.role for r in records).keys() == {"seller", "buyer"}
    assert [r for r in records if r.text != r.values["body"]] == []
    assert all(r.id and r.order_id and r.asin and r.sent_at for r in records)


_CELLS = st.lists(
    st.sampled_from(["a", " ", '"', '""', ",", ";", "\n", "\r\n", "é", "\t", "'"]), max_size=8
).map("".join)
_TABLES = st.integers(2, 5).flatmap(
    lambda width: st.lists(st.lists(_CELLS, min_size=width, max_size=width), min_size=1, max_size=6)
)


@given(_TABLES, st.sampled_from(",;\t"), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
@settings(max_examples=100, deadline=None)
def test_what_is_written_well_is_read_back(table: list[list[str]], delimiter: str, quoting: Any) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=quoting).writerows([["h"] * len(table[0]), *table])
    lines = [f"{line}\n" for line in text.getvalue().split("\n")[:-1]]
    rows = list(split_rows(iter(lines), delimiter))
    assert [row.cells for row in rows[1:]] == table
    assert {row.error for row in rows} == {None}
