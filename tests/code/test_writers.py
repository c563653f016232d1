"""Outputs: every row and column kept, formulas harmless, limits told, the same bytes from the same rows."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self
from zipfile import ZipFile

import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook

from reviewguard.errors import InputError
from reviewguard.inference.work_folder import work_folder
from reviewguard.inference.workspace import Workspace
from reviewguard.inference.writers import Table, check_output, suffix_of, write_output, xlsx
from reviewguard.inference.writers.columns import FLAT, STRUCTURED, harmless, unguarded
from reviewguard.schema import Evidence, Record, TypeScore, Verdict

SUFFIXES = [".csv", ".csv.gz", ".tsv", ".jsonl", ".jsonl.gz", ".parquet", ".xlsx"]
TEXT = "=cmd|' /C calc'!A0 Leave five stars \U0001f31f"
MOMENT = datetime(2024, 11, 2, 8, 30, tzinfo=UTC)


class Later(datetime):
    """A clock that is a day ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + timedelta(days=1)


def rows() -> list[Record]:
    values = {
        "id": 1,
        "rg_verdict": "from an earlier run",
        "body": TEXT,
        "price": 2.5,
        "sent": MOMENT,
        "open": True,
    }
    return [
        Record("a.csv", "line 2", values, TEXT, id="1", previous="@buyer"),
        Record("a.csv", "line 3", {"id": 2, "body": "+A1", "note": "a\r\nb"}, "hello", "buyer"),
        Record("a.csv", "line 4", {"id": None, "body": "\ud83d \x00 lone"}, "\ud83d \x00 lone"),
        Record("b.mbox", "message 9", {}, error="cut in half"),
    ]


def verdict(text: str) -> Verdict:
    evidence = (Evidence(0, 4, text[:4], "incentive", 1.0),) if "stars" in text else ()
    return Verdict(None, "needs-review", 0.123456, (TypeScore("incentive", 0.9),), evidence, "en", ("why",))


def written(path: Path, records: Sequence[Record]) -> bytes:
    with work_folder(path) as folder, Workspace(folder.work_file) as workspace:
        workspace.add(records)
        workspace.remember(profile="amazon", model="fake-1")
        for chunk in workspace.pending():
            workspace.store(chunk, [verdict(m.text) for m in workspace.messages(chunk)])
        check_output(workspace, path)
        assert write_output(workspace, folder) == len(records)
    return path.read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_rows_give_the_same_bytes_whenever_written(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = written(tmp_path / f"a{suffix}", rows())
    later = time.time() + 86_400
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setattr("datetime.datetime", Later)  # the clock that openpyxl reads
    assert written(tmp_path / f"b{suffix}", rows()) == first
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"a{suffix}", f"b{suffix}"]


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_a_lone_carriage_return_stays_in_its_cell(tmp_path: Path, suffix: str) -> None:
    text = "Hi Ana\rLeave us 5 stars\rThanks"
    data = written(tmp_path / f"out{suffix}", [Record("a.xlsx", "row 2", {"body": text, "id": 7}, text)])
    table = io.StringIO(data.decode("utf-8"), newline="")
    (row,) = csv.DictReader(table, delimiter="\t" if suffix == ".tsv" else ",")
    assert (row["body"], row["id"], row["rg_verdict"]) == (text, "7", "needs-review")


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".tsv"])
def test_tables_keep_columns_and_neutralise_formulas(tmp_path: Path, suffix: str) -> None:
    data = written(tmp_path / f"out{suffix}", rows())
    text = (gzip.decompress(data) if suffix.endswith("gz") else data).decode("utf-8")
    table = list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t" if suffix == ".tsv" else ","))
    assert list(table[0]) == ["id", "body", "price", "sent", "open", "note", *FLAT]
    assert [r["id"] for r in table] == ["1", "2", "", ""]
    assert table[0]["body"] == f"'{TEXT}"
    assert table[0]["rg_marked"].startswith("'[") or table[0]["rg_marked"].startswith("[=cmd|incentive]")
    assert table[0]["rg_previous"] == "'@buyer"
    assert table[0]["rg_verdict"] == "needs-review"
    assert (table[0]["price"], table[0]["open"], table[0]["sent"]) == ("2.5", "true", MOMENT.isoformat())
    assert (table[1]["body"], table[1]["note"], table[1]["rg_verdict"]) == ("'+A1", "a\r\nb", "")
    assert table[2]["body"].startswith("\\ud83d")
    assert table[3]["rg_error"] == "b.mbox, message 9: cut in half"


@pytest.mark.parametrize(
    "cell",
    [
        "-12.50",
        "-$12.50",
        "-12,50 €",
        "-5%",
        "-1.5E-05",
        "+49 170 555-0123",
        "+1 (212) 555-0117",
        "-",
        "- Your parcel left.\n- It's on its way",
        " - Your parcel left.\n - It's on its way",
    ],
)
def test_numbers_phones_and_lists_come_back_as_they_were(cell: str) -> None:
    assert harmless(cell) == cell
    assert unguarded(cell) == cell
    assert unguarded(f"'{cell}") == f"'{cell}"


@pytest.mark.parametrize(
    "cell",
    [
        "=1",
        "@a",
        "\t=1",
        "+A1",
        "+E5",
        "-$E5",
        "-1+cmd|' /C calc'!A0",
        "- cmd|' /C calc'!A0",
        " =1",
        "\n@a",
        "\uff1d1",
        "\uff0dSUM(1)",
        '- HYPERLINK("x")',
        "-SUM(1)",
    ],
)
def test_what_may_run_is_quoted(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert unguarded(f"'{cell}") == cell


def test_jsonl_keeps_each_rows_own_columns_and_evidence_with_offsets(tmp_path: Path) -> None:
    objects = [json.loads(line) for line in written(tmp_path / "out.jsonl", rows()).splitlines()]
    assert list(objects[0]) == ["id", "body", "price", "sent", "open", *STRUCTURED]
    assert objects[0]["body"] == TEXT
    [mark] = objects[0]["rg_evidence"]
    assert TEXT[mark["start"] : mark["end"]] == mark["text"] == "=cmd"
    assert objects[0]["rg_text"] is None
    assert objects[0]["rg_types"] == [{"type": "incentive", "probability": 0.9}]
    assert objects[2]["body"] == "\ud83d \x00 lone"
    assert objects[3]["rg_error"] == "b.mbox, message 9: cut in half"


def test_the_judged_text_is_given_where_no_column_holds_it(tmp_path: Path) -> None:
    html = Record("a.eml", "mail 1", {"body": "<p>Leave five stars</p>"}, "Leave five stars")
    [row] = [json.loads(line) for line in written(tmp_path / "out.jsonl", [html]).splitlines()]
    assert row["rg_text"] == "Leave five stars"


def test_parquet_keeps_types_and_structure(tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    written(path, rows())
    table = pq.read_table(path)
    assert table.column_names == ["id", "body", "price", "sent", "open", "note", *STRUCTURED]
    assert [str(table.schema.field(n).type) for n in ("id", "price", "open")] == ["int64", "double", "bool"]
    first = table.to_pylist()[0]
    assert (first["sent"], first["body"], first["rg_evidence"][0]["text"]) == (MOMENT, TEXT, "=cmd")
    assert first["rg_probability"] == 0.123456


def test_parquet_writes_columns_of_mixed_kinds(tmp_path: Path) -> None:
    cells = [1, 2.5, None, 2**70, "x", True]
    path = tmp_path / "out.parquet"
    mixed = [
        Record("a", str(i), {"mixed": c, "number": c if i < 2 else None, "none": None})
        for i, c in enumerate(cells)
    ]
    written(path, mixed)
    table = pq.read_table(path).to_pydict()
    assert table["mixed"] == ["1", "2.5", None, str(2**70), "x", "True"]
    assert table["number"] == [1.0, 2.5, None, None, None, None]
    assert table["none"] == [None] * 6


def test_long_ids_keep_their_digits_beside_other_numbers_and_nan_is_no_word(tmp_path: Path) -> None:
    cells = [2**53 + 1, 1.5, math.nan]
    mixed = [Record("a", str(i), {"id": cell, "body": "x"}, "x") for i, cell in enumerate(cells)]
    written(tmp_path / "out.parquet", mixed)
    assert pq.read_table(tmp_path / "out.parquet")["id"].to_pylist() == [str(2**53 + 1), "1.5", None]
    written(tmp_path / "long.parquet", [mixed[0], Record("a", "9", {"id": 7, "body": "x"}, "x")])
    assert pq.read_table(tmp_path / "long.parquet")["id"].to_pylist() == [2**53 + 1, 7]
    written(tmp_path / "out.csv", mixed)
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [line["id"] for line in csv.DictReader(file)] == [str(2**53 + 1), "1.5", ""]


def test_a_workbook_holds_values_not_formulas(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    written(path, rows())
    sheet = load_workbook(path).active
    table = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert table[0] == ["id", "body", "price", "sent", "open", "note", *FLAT]
    assert len(table) == 5
    assert table[1][:5] == [1, f"'{TEXT}", 2.5, MOMENT.isoformat(), True]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "b", "inlineStr"}
    with ZipFile(path) as archive:
        assert archive.testzip() is None


def test_cells_beyond_excels_limit_are_cut_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    written(path, [Record("a", "1", {"body": "x" * 40_000, "order": 9991234567765432100}, "x")])
    row = [cell.value for cell in list(load_workbook(path).active.iter_rows())[1]]
    assert len(row[0]) == xlsx.MAX_CHARACTERS
    assert row[0].endswith("[cut: 40,000 characters]")
    assert row[1] == "9991234567765432100"


def test_excel_counts_an_emoji_as_two_characters_and_has_no_day_before_1900(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    written(path, [Record("a", "1", {"body": "😀" * 20_000, "sent": datetime(1, 1, 1)}, "x")])
    body, sent, *_ = (cell.value for cell in list(load_workbook(path).active.iter_rows())[1])
    assert len(body.encode("utf-16-le")) <= 2 * xlsx.MAX_CHARACTERS
    assert body.endswith("😀 … [cut: 20,000 characters]")
    assert sent == "0001-01-01T00:00:00"


@pytest.mark.parametrize(("columns", "count"), [(1, 1_048_576), (16_384, 1)])
def test_what_excel_cannot_open_is_refused(columns: int, count: int) -> None:
    with pytest.raises(InputError, match="at most"):
        xlsx.check(Table({str(i): 1 for i in range(columns)}, (), count))


def test_an_unknown_suffix_is_refused() -> None:
    with pytest.raises(InputError, match=r"\.parquet"):
        suffix_of(Path("out.docx"))


def test_the_judged_text_stays_where_an_earlier_run_gave_it(tmp_path: Path) -> None:
    text = "Leave five stars"
    again = Record("a.jsonl", "line 1", {"text": "<p>Leave five stars</p>", "rg_text": text}, text)
    [row] = [json.loads(line) for line in written(tmp_path / "out.jsonl", [again]).splitlines()]
    assert row["rg_text"] == text


@pytest.mark.parametrize(("name", "tabs"), [("o.tsv.csv", False), ("o.csv.tsv", True), ("O.TSV", True)])
def test_the_last_suffix_decides_in_any_case(tmp_path: Path, name: str, tabs: bool) -> None:
    header = written(tmp_path / name, rows()).splitlines()[0]
    assert (b"\t" in header, b"," in header) == (tabs, not tabs)
