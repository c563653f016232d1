"""Which files are read, by what, and what becomes of those that cannot be."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from tests.code.reading import EXAMPLES, errors, read, texts, written

from reviewguard.errors import InputError, UserError
from reviewguard.inference.report.folder import check_folder
from reviewguard.inference.writers import check_apart
from reviewguard.readers import registry, sources
from reviewguard.readers.registry import READERS, ReadOptions

ROWS = "id,body\n" + "".join(f"{number},hello {number}\n" for number in range(500))


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


def test_folders_patterns_and_files_are_read_once_each_in_order(tmp_path: Path) -> None:
    written(tmp_path, "b.csv", "body\nb\n")
    written(tmp_path, "a.tsv", "id\tbody\n1\ta\n")
    written(tmp_path, "deep/er/c.jsonl", '{"text": "c"}\n')
    written(tmp_path, ".hidden.csv", "body\nno\n")
    written(tmp_path, ".git/d.csv", "body\nno\n")
    assert texts(read(tmp_path)) == ["a", "b", "c"]
    assert texts(read(str(tmp_path / "*.csv"), tmp_path)) == ["b", "a", "c"]
    assert texts(read(f"{tmp_path}/**/*.jsonl")) == ["c"]


def test_linked_folders_are_read_and_a_circle_of_them_ends(tmp_path: Path) -> None:
    elsewhere = written(tmp_path, "elsewhere/a.csv", "body\na\n").parent
    export = written(tmp_path, "exports/b.csv", "body\nb\n").parent
    (export / "linked").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(export)
    assert texts(read(export)) == ["b", "a"]


def test_earlier_reports_and_labels_in_a_folder_are_no_messages(tmp_path: Path) -> None:
    written(tmp_path, "a.csv", "body\na\n")
    label = written(tmp_path, "a.labels.jsonl", '{"text": "a"}\n')
    for name in ("report.html", "findings.xlsx"):
        written(tmp_path, f"report/{name}", "")
    lines = written(tmp_path, "report/findings.jsonl", '{"text": "a"}\n')
    assert texts(read(tmp_path)) == ["a"]
    assert texts(read(label)) == texts(read(lines)) == ["a"]  # where they are named


def test_earlier_outputs_in_a_folder_are_no_exports(tmp_path: Path) -> None:
    written(tmp_path, "new.csv", "id,body\n1,a\n")
    outputs = [
        written(tmp_path, "2024-11-04.csv", "id,body,rg_verdict\n1,a,compliant\n"),
        written(tmp_path, "scored.jsonl", '{"body": "a", "rg_verdict": "compliant"}\n'),
    ]
    record, left_out = read(tmp_path)
    assert (record.text, left_out.rest) == ("a", False)
    assert str(left_out.error).startswith("left out 2024-11-04.csv, scored.jsonl, which an earlier run wrote")
    assert texts(read(tmp_path / "new.csv", *outputs)) == ["a", "a", "a"]  # where they are named
    written(tmp_path, "new.csv", "id,body\n")
    assert [r.place for r in read(tmp_path)] == ["folder"]  # nothing is new
    written(tmp_path, "new.csv", "")
    assert [r.text for r in read(tmp_path) if r.error is None] == ["a", "a"]  # where nothing else can be read
    (tmp_path / "new.csv").unlink()
    assert texts(read(tmp_path)) == ["a", "a"]


def test_earlier_outputs_that_are_left_out_leave_no_columns_and_are_said_where_all_must_be_read(
    tmp_path: Path,
) -> None:
    written(tmp_path, "new.csv", "id,body\n1,a\n")
    output = written(tmp_path, "old.csv", "id,body,mood,rg_verdict\n1,a,good,compliant\n")
    headings: list[Sequence[str]] = []
    record, left_out = read(tmp_path, heading=headings.append, strict=True)
    assert (record.text, str(left_out.error)[:17]) == ("a", "left out old.csv,")
    assert headings == [["id", "body"]]
    read(output, heading=headings.append)
    assert headings[1:] == [["id", "body", "mood", "rg_verdict"]]


def test_every_list_of_messages_in_a_json_file_is_read(tmp_path: Path) -> None:
    lists = {
        "received": [{"body": "a"}],
        "sent": [{"body": "b"}, {"body": "c"}],
        "users": [{"name": "Ana", "note": "no message"}],
    }
    records = read(written(tmp_path, "lists.json", json.dumps(lists)))
    assert texts(records) == ["a", "b", "c"]
    assert [r.place for r in records] == ["received item 1", "sent item 1", "sent item 2"]


def test_lists_of_messages_are_read_whatever_they_call_the_text(tmp_path: Path) -> None:
    lists: dict[str, Any] = {
        "products": [{"description": "no message"}],
        "received": [{"body": "a"}, {"body": "b", "direction": "outbound"}],
        "sent": [{"message": "c"}],
    }
    records = read(written(tmp_path, "lists.json", json.dumps(lists, indent=2)))
    assert texts(records) == ["a", "b", "c"]
    assert [r.role for r in records] == ["buyer", "seller", "seller"]
    nested = {"tickets": [{"id": 1, "messages": [{"body": "a"}]}], "notes": [{"text": "b"}]}
    found = [(r.text, r.role) for r in read(written(tmp_path, "nested.json", json.dumps(nested)))]
    assert found == [("a", "seller"), ("b", "system")]


def test_whose_a_mailbox_is_does_not_say_who_wrote_in_its_threads(tmp_path: Path) -> None:
    inbox = {"inbox": [{"id": 1, "messages": [{"body": "a", "from": "Lumio"}]}]}
    assert [r.role for r in read(written(tmp_path, "a.json", json.dumps(inbox)))] == ["seller"]
    mailbox = {"id": "me", "received": [{"body": "a"}], "sent": [{"body": "b"}]}
    for order, threads in (({}, [None, None]), ({"order_id": "A1"}, ["me", "me"])):
        records = read(written(tmp_path, "b.json", json.dumps(mailbox | order)))
        assert [(r.role, r.thread) for r in records] == list(zip(("buyer", "seller"), threads, strict=True))


def test_notes_beside_a_conversations_messages_are_the_systems(tmp_path: Path) -> None:
    author = {"sender_type": "agent"}
    ticket = {
        "id": 7,
        "messages": [{"body": "a"} | author],
        "notes": [{"body": "b"} | author, {"body": "c"}],
    }
    found = [(r.text, r.role) for r in read(written(tmp_path, "a.json", json.dumps([ticket])))]
    assert found == [("a", "seller"), ("b", "system"), ("c", "system")]
    del ticket["messages"]
    assert [r.role for r in read(written(tmp_path, "b.json", json.dumps([ticket])))] == ["seller", "seller"]


def test_lists_of_messages_named_after_their_orders(tmp_path: Path) -> None:
    orders = ["999-1234567-1234567", "999-1234567-1234568"]
    lists = {order: [{"text": "a"}, {"text": "b"}] for order in orders}
    records = read(written(tmp_path, "orders.json", json.dumps(lists)))
    assert [r.order_id for r in records] == [orders[0], orders[0], orders[1], orders[1]]


def test_a_file_is_read_once_whatever_ways_lead_to_it(tmp_path: Path) -> None:
    export = written(tmp_path, "a.csv", "body\na\n")
    (tmp_path / "sub").mkdir()
    again = tmp_path / "sub" / ".." / "a.csv"
    assert texts(list(registry.read_records([export, again], ReadOptions()))) == ["a"]


def test_a_name_that_no_file_can_have_is_an_error_for_people(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 300)
    with pytest.raises(InputError, match=r"cannot read .*name too long"):
        list(registry.read_records([long], ReadOptions()))
    with pytest.raises(InputError, match="name too long"):
        check_apart(long, [])
    with pytest.raises(InputError, match="name too long"):
        check_folder(long)


def test_an_output_among_the_inputs_is_left_out_and_refused_by_name(tmp_path: Path) -> None:
    export = written(tmp_path, "a.csv", "body\na\n")
    output = written(tmp_path, "out/findings.csv", "body\nb\n")
    (tmp_path / "linked").symlink_to(output.parent)
    for inputs in (
        [tmp_path],
        [f"{tmp_path}/**/*.csv"],
        [export, output.parent],
        [tmp_path / "linked", export],
    ):
        records = registry.read_records(inputs, ReadOptions(), leave_out=[output])
        assert texts(list(records)) == ["a"]
    for named in (output, tmp_path / "linked" / "findings.csv"):
        with pytest.raises(InputError, match="earlier output"):
            registry.read_records([export, named], ReadOptions(), leave_out=[output])


@pytest.mark.parametrize(
    "header",
    [
        '"id","requester_id","assignee_id","public_text"',
        '"id","requester_id","description_text","public_text"',
        '"id","from_agent","stripped_text","public_text"',
        '"id","messages","sales_order_id","public_text"',
    ],
)
def test_a_quoted_table_with_a_helpdesks_names_is_a_table(tmp_path: Path, header: str) -> None:
    export = written(tmp_path, "tickets.csv", f'{header}\n"1","2","3","hello"\n')
    assert texts(read(export, columns={"text": "public_text"})) == ["hello"]


def test_what_holds_no_input_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for given, message in (
        (tmp_path / "none.csv", "does not exist"),
        (tmp_path / "*.csv", "does not exist"),
        (tmp_path / "empty", "holds no file\n  expected: a folder with files"),
        (tmp_path / "pipe", "neither a file nor a folder"),
    ):
        with pytest.raises(InputError, match=message):
            read(given)
    with pytest.raises(InputError, match="no input"):
        read()


def test_the_format_is_told_by_content_where_the_name_does_not(tmp_path: Path) -> None:
    assert texts(read(written(tmp_path, "export.txt", "order\tbody\n1\thi\n"))) == ["hi"]
    assert texts(read(written(tmp_path, "export", '[{"text": "hi"}]'))) == ["hi"]
    assert texts(read(written(tmp_path, "lines.json", '{"text": "a"}\n{"text": "b"}\n'))) == ["a", "b"]
    for words in ("Just a few words.\n", "[03.11.24, 16:05:10] Ana: Hi\n"):
        with pytest.raises(InputError, match="unknown format"):
            read(written(tmp_path, "notes.txt", words))
    with pytest.raises(InputError, match=r"unknown format\n.*\n.*unpack it"):
        read(written(tmp_path, "export.zip", b"PK\x03\x04" + bytes(30)))


def test_a_format_can_be_given_and_must_be_known(tmp_path: Path) -> None:
    path = written(tmp_path, "notes.txt", '{"text": "hi"}')
    assert texts(read(path, format="jsonl")) == ["hi"]
    with pytest.raises(UserError) as caught:
        read(path, format="excel")
    assert all(reader.name in caught.value.expected for reader in READERS)


def test_names_of_readers_are_unique() -> None:
    names = [reader.name for reader in READERS]
    assert len(names) == len(set(names))
    assert all(
        suffix.startswith(".") and suffix.islower() for reader in READERS for suffix in reader.suffixes
    )


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.zst", "a.csv"])
def test_compressed_files_are_read_whatever_their_name(tmp_path: Path, name: str) -> None:
    data = zstd(ROWS.encode()) if "zst" in name else gzip.compress(ROWS.encode())
    assert len(read(written(tmp_path, name, data), strict=True)) == 500


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_a_cut_archive_keeps_the_rows_before_the_cut(tmp_path: Path, pack: object) -> None:
    rng = Random(7)  # the same bytes each time: a cut within a row's number would give a short row too
    rows = "id,body\n" + "".join(f"{number},{rng.randbytes(200).hex()}\n" for number in range(3000))
    data = pack(rows.encode())
    path = written(tmp_path, "a.csv.gz", data[: len(data) // 2])
    records = read(path)
    assert 500 < len(records) < 3000
    assert errors(records[:-1]) == [None] * (len(records) - 1)
    assert "cut off or damaged" in str(records[-1].error)
    assert records[-1].place == f"after {records[-2].place}"
    assert [record.rest for record in records] == [False] * (len(records) - 1) + [True]
    with pytest.raises(InputError, match="cut off or damaged"):
        read(path, strict=True)


def test_an_archive_that_expands_beyond_reason_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "FREE_EXPANSION", 2**20)
    bomb = written(tmp_path, "a.csv.gz", gzip.compress(b"id,body\n" + (b"1," + b"x" * 9000 + b"\n") * 900))
    assert bomb.stat().st_size * sources.MAX_RATIO < 900 * 9000
    records = read(bomb)
    assert 100 < len(records) < 900
    assert "expands to more than" in str(records[-1].error)
    honest = written(tmp_path, "b.csv.gz", gzip.compress(b"id,body\n" + b"1,abc\n" * 5))
    assert len(read(honest)) == 5


def test_one_bad_file_among_others_is_a_row_with_an_error(tmp_path: Path) -> None:
    written(tmp_path, "a.csv", "body\nfirst\n")
    written(tmp_path, "b.csv", "")
    written(tmp_path, "c.csv", "a,b\n1,2\n")
    written(tmp_path, "d.xlsx", b"no workbook")
    written(tmp_path, "e.csv", "body\nlast\n")
    written(tmp_path, "picture.png", b"\x89PNG\r\n\x1a\n\0\0")
    named = read(tmp_path / "picture.png", tmp_path / "a.csv")
    assert [(r.place, r.error is None) for r in named] == [("whole file", False), ("line 2", True)]
    assert [r.rest for r in named] == [True, False]
    records = read(tmp_path)
    assert [Path(r.source).name for r in records if r.error is None] == ["a.csv", "e.csv"]
    said = [str(r.error) for r in records if r.error]
    assert len(said) == 4
    for part, error in zip(
        ("is empty", "no column with the messages", "d.xlsx", "picture.png"), said, strict=True
    ):
        assert part in error
    rests = [Path(record.source).name for record in records if record.rest]
    assert rests == ["d.xlsx"]  # the others may be no exports of messages
    named = read(*(tmp_path / name for name in ("a.csv", "b.csv", "c.csv")))
    assert [record.rest for record in named] == [False, True, True]
    with pytest.raises(InputError, match="is empty"):
        read(tmp_path, strict=True)


def test_inputs_none_of_which_can_be_read_are_an_error(tmp_path: Path) -> None:
    for name in ("b1.csv", "b2.csv"):
        written(tmp_path, name, "a,b\n1,2\n")
    with pytest.raises(InputError, match=r"none of the inputs can be read; the first: .*b1\.csv"):
        read(tmp_path / "b1.csv", tmp_path / "b2.csv")
    written(tmp_path, "notes.txt", "Just a few words.\n")
    with pytest.raises(InputError, match="none of the inputs"):
        read(tmp_path)
    written(tmp_path, "b3.csv", "sender,body\nbuyer,Where is it?\n")
    assert errors(read(tmp_path)).count(None) == 1


def test_a_map_without_effect_is_refused_where_the_input_stands_alone(tmp_path: Path) -> None:
    ticket = {"id": 1, "via": {"channel": "email"}, "requester_id": 7, "description": "Hi", "comments": []}
    tickets = written(tmp_path, "tickets.json", json.dumps({"tickets": [ticket]}))
    mail = written(tmp_path, "a.eml", "From: ana@example.com\nTo: shop@example.org\nSubject: Hi\n\nHello\n")
    assert len(read(tickets, format="zendesk")) == 1
    with pytest.raises(InputError, match="--map text=… has no effect on zendesk"):
        read(tickets, format="zendesk", columns={"text": "Body"})
    with pytest.raises(InputError, match="--map agent=… has no effect on eml"):
        read(mail, columns={"seller": "example.org", "agent": "From"})
    assert len(read(mail, columns={"seller": "example.org"})) == 1
    assert len(read(mail, written(tmp_path, "b.csv", "Words\nhi\n"), columns={"text": "Words"})) == 2


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, "a.csv", "body\nhi\n")
    locked = written(tmp_path, "locked/b.csv", "body\nhi\n").parent
    scandir = os.scandir

    def refusing(path: str) -> object:
        if Path(path) == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(InputError, match=r"cannot read .*locked: Permission denied"):
        read(tmp_path)


def test_strict_raises_at_the_first_bad_row_and_names_it(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "id,body\n1,ok\n2,a,b\n3,ok\n")
    assert len(read(path)) == 3
    with pytest.raises(InputError, match=r"a\.csv, line 3: 3 cells under 2 columns"):
        read(path, strict=True)


def test_the_reader_of_the_contributing_guide_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = (EXAMPLES.parents[1] / "CONTRIBUTING.md").read_text("utf-8")
    code = guide.partition("### Add a reader")[2].partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(code, names)
    monkeypatch.setattr(registry, "READERS", (names["ChatLogReader"](), *READERS))
    path = written(
        tmp_path, "a.log", "2024-11-03 16:05 | buyer | Where is it?\n\n11/4/2024 | agent | On its way!\n"
    )
    records = read(path)
    assert [(r.role, r.text, r.error is None) for r in records] == [
        ("buyer", "Where is it?", True),
        ("seller", "", False),
        ("seller", "On its way!", True),
    ]
    assert records[2].sent_at == datetime(2024, 11, 4, tzinfo=UTC)
