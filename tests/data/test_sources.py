from pathlib import Path

import pytest
from tests.data.curation_helpers import ROW, write_lines

from reviewguard.curation.sources import read_messages, to_row, write_messages
from reviewguard.errors import InputError
from reviewguard.schema import Rationale


def test_a_row_comes_back_as_it_was_written(tmp_path: Path) -> None:
    first = read_messages(write_lines(tmp_path / "a.jsonl", [ROW])).messages
    write_messages(tmp_path / "b.jsonl", first)
    assert read_messages(tmp_path / "b.jsonl").messages == first
    assert to_row(first[0]) == ROW
    assert first[0].rationale == (Rationale(25, 48, "positive_request"),)


def test_every_bad_line_is_named_with_field_and_rule(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "a.jsonl",
        [
            "{not json",
            ROW | {"register": "shouted", "channel": "fax"},
            "",
            ROW | {"types": ["praise"]},
            ROW | {"mood": "sunny"},
            {name: ROW[name] for name in ROW if name != "family"},
            ROW | {"previous": "  "},
            ROW | {"rationale": [{"start": "3", "end": 5, "type": "incentive"}]},
            ROW | {"types": ["incentive", "incentive"]},
            '"a string"',
            ROW,
        ],
    )
    sources = read_messages(path)
    found = [(issue.line, issue.field, issue.rule) for issue in sources.issues]
    assert found == [
        (1, "", "json_invalid"),
        (2, "register", "literal_error"),
        (2, "channel", "literal_error"),
        (4, "types.0", "unknown_type"),
        (5, "mood", "extra_forbidden"),
        (6, "family", "missing"),
        (7, "previous", "blank"),
        (8, "rationale.0.start", "int_type"),
        (9, "types", "repeated"),
        (10, "", "model_type"),
    ]
    assert [item.line for item in sources.located] == [11]
    assert str(sources.issues[4]).startswith(f"{path}:5: mood: ")


def test_bytes_that_are_no_text_are_an_issue_and_hide_nothing(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [ROW])
    path.write_bytes(b'{"id": "\xff"}\n' + path.read_bytes())
    sources = read_messages(path)
    assert [issue.line for issue in sources.issues] == [1]
    assert len(sources.messages) == 1


def test_ids_are_unique_across_files(tmp_path: Path) -> None:
    first = write_lines(tmp_path / "a.jsonl", [ROW])
    write_lines(tmp_path / "b.jsonl", [ROW])
    sources = read_messages(tmp_path)
    (issue,) = sources.issues
    assert (issue.file, issue.field, issue.rule) == (str(tmp_path / "b.jsonl"), "id", "unique")
    assert f"{first}:1" in issue.message
    assert len(sources.messages) == 1


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no message file"):
        read_messages(tmp_path)
    with pytest.raises(InputError, match="cannot read"):
        read_messages(tmp_path / "absent.jsonl")
