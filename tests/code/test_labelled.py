"""The reader of labelled messages: three forms in, one form out, and errors that name the line."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewguard.errors import InputError
from reviewguard.readers.labelled import chosen_by_flags, read_labelled
from reviewguard.schema import Rationale

OWN = {
    "id": "m1",
    "text": "Five stars please",
    "previous": None,
    "types": ["positive_request"],
    "rationale": [{"start": 0, "end": 10, "type": "positive_request"}],
    "family": "f1",
    "product": "lamp",
    "register": "chat",
    "channel": "email",
    "writer_brief": "b",
}


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_own_format_keeps_every_field(tmp_path: Path) -> None:
    (message,) = read_labelled(write(tmp_path / "a.jsonl", OWN))
    assert message.rationale == (Rationale(0, 10, "positive_request"),)
    assert (message.id, message.family, message.register, message.channel) == (
        "m1",
        "f1",
        "chat",
        "email",
    )
    assert message.previous is None


def test_marks_that_a_model_made_measure_no_model(tmp_path: Path) -> None:
    rows = (OWN | {"marked_by": marker} for marker in ("model", "person"))
    assert [len(m.rationale) for m in read_labelled(write(tmp_path / "a.jsonl", *rows))] == [0, 1]


@pytest.mark.parametrize(
    ("shown", "flagged"),
    [
        (("needs-review", "review-soliciting"), True),
        (("needs-review", "compliant"), False),
        (("needs-review", None), False),
    ],
)
def test_rows_chosen_because_the_model_flagged_them(
    tmp_path: Path, shown: tuple[str | None, ...], flagged: bool
) -> None:
    assert chosen_by_flags(write(tmp_path / "a.jsonl", *(OWN | {"shown": s} for s in shown))) == flagged


def test_parquet_split_reads_like_the_lines_it_was_made_from(tmp_path: Path) -> None:
    lines = write(tmp_path / "a.jsonl", OWN)
    pq.write_table(pa.Table.from_pylist([OWN | {"label": "review-soliciting"}]), tmp_path / "a.parquet")
    assert read_labelled(tmp_path / "a.parquet") == read_labelled(lines)


def test_quotes_become_offsets_of_every_occurrence(tmp_path: Path) -> None:
    row = {"text": "rate us, do rate us", "types": ["neutral_request"], "rationale": ["rate us"]}
    (message,) = read_labelled(write(tmp_path / "a.jsonl", row))
    assert message.rationale == (
        Rationale(0, 7, "neutral_request"),
        Rationale(12, 19, "neutral_request"),
    )
    assert message.id == "a-1"


def test_a_quote_under_several_types_has_no_type(tmp_path: Path) -> None:
    row = {
        "text": "5 stars for $5",
        "types": ["incentive", "positive_request"],
        "rationale": ["for $5"],
    }
    (message,) = read_labelled(write(tmp_path / "a.jsonl", row))
    assert message.rationale == (Rationale(8, 14, ""),)


def test_ambiguous_rows_are_left_out_and_missing_rationale_is_empty(tmp_path: Path) -> None:
    plain = {"id": "x", "text": "Hello", "label": "compliant", "types": []}
    path = write(tmp_path / "a.jsonl", {**plain, "ambiguous": True}, {**plain, "ambiguous": False})
    (message,) = read_labelled(path)
    assert message.rationale == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"text": None}, "`text` is missing"),
        ({"text": 3}, "`text` is a int"),
        ({"types": "incentive"}, "`types` is a str"),
        ({"types": ["bribe"]}, "'bribe'"),
        ({"types": [["incentive"]]}, "['incentive']"),
        ({"label": "compliant"}, "`label` is 'compliant'"),
        ({"rationale": ["six stars"]}, "'six stars'"),
        ({"rationale": [""]}, "quotes ''"),
        ({"rationale": [{"start": 0, "end": 99, "type": "positive_request"}]}, "outside the text"),
        ({"rationale": [{"start": 0, "end": 4, "type": "insider"}]}, "'insider'"),
        ({"rationale": [{"start": 0, "stop": 4}]}, "`rationale` holds"),
        ({"rationale": [7]}, "`rationale` holds 7"),
    ],
)
def test_a_broken_row_is_named_by_file_line_and_field(
    tmp_path: Path, change: dict[str, object], told: str
) -> None:
    path = write(tmp_path / "bad.jsonl", OWN, OWN | change)
    with pytest.raises(InputError) as caught:
        read_labelled(path)
    assert f"{path}:2: " in str(caught.value)
    assert told in str(caught.value)


def test_files_that_are_missing_or_not_parquet(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_labelled(tmp_path / "no.parquet")
    (tmp_path / "text.parquet").write_text("no parquet")
    with pytest.raises(InputError, match="not a Parquet file"):
        read_labelled(tmp_path / "text.parquet")
