"""The log of promotions: nothing is lost, whatever a killed process left; a rollback knows its way back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewguard.errors import InputError
from reviewguard.retraining.history import HistoryEntry, append_history, champions, read_history


def entry(before: str | None, after: str, action: str = "promote", number: int = 0) -> HistoryEntry:
    return HistoryEntry(
        id=f"{before}-{after}-{number}",
        when="2024-05-01T10:00:00+00:00",
        action=action,
        by="Sam",
        reason="Grüße",
        from_version=before,
        to_version=after,
        gate="passed",
        forced=False,
        data_digest="d",
        model_sha256="m",
    )


def test_lines_come_back_in_order(tmp_path: Path) -> None:
    log = tmp_path / "history.jsonl"
    entries = (entry(None, "1"), entry("1", "2"))
    for item in entries:
        append_history(log, item)
    assert read_history(log).entries == entries
    assert read_history(log).problems == ()
    assert read_history(tmp_path / "none").entries == ()


@given(cut=st.integers(1, 200))
def test_an_unfinished_line_is_reported_kept_and_spoils_no_other(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    log = tmp_path_factory.mktemp("log") / "history.jsonl"
    first, second, third = entry(None, "1"), entry("1", "2"), entry("1", "3")
    append_history(log, first)
    part = json.dumps(second.to_dict()).encode()[:cut]
    with log.open("ab") as file:
        file.write(part)
    (problem,) = read_history(log).problems
    assert "history.jsonl:2" in problem
    before = log.read_bytes()
    append_history(log, third)
    assert log.read_bytes().startswith(before)
    assert read_history(log).entries == (first, third)
    assert len(read_history(log).problems) == 1


def test_a_last_line_that_lacks_only_its_end_counts(tmp_path: Path) -> None:
    log = tmp_path / "history.jsonl"
    first, second = entry(None, "1"), entry("1", "2")
    log.write_text(json.dumps(first.to_dict()))
    append_history(log, second)
    assert read_history(log).entries == (first, second)


@pytest.mark.parametrize(
    "line", [b"[]", b"{}", b'{"id": 1}', b"\xff", b"null"], ids=["list", "empty", "short", "bytes", "null"]
)
def test_a_line_that_is_no_entry_is_a_problem(tmp_path: Path, line: bytes) -> None:
    log = tmp_path / "history.jsonl"
    log.write_bytes(line + b"\n")
    append_history(log, entry(None, "1"))
    history = read_history(log)
    assert (len(history.entries), len(history.problems)) == (1, 1)


@pytest.mark.parametrize(
    ("steps", "champion", "expected"),
    [
        ([], None, ()),
        ([], "1", ("1",)),
        (["1>2", "2>3"], "3", ("1", "2", "3")),
        (["1>2", "2>3", "3<2"], "2", ("1", "2")),
        (["1>2", "2>3", "3<2", "2<1"], "1", ("1",)),
        (["1>2", "2<1", "1>2"], "2", ("1", "2")),
        (["1>2", "2>1"], "1", ("1", "2", "1")),
        (["1>2", "2>1", "1<2"], "2", ("1", "2")),
        (["1>2"], "x", ("1", "2", "x")),
        (["1>2", "x>3"], "3", ("1", "2", "x", "3")),
        (["1>2", "x<2"], "2", ("1", "2")),
    ],
)
def test_the_way_back(steps: list[str], champion: str | None, expected: tuple[str, ...]) -> None:
    entries = [
        entry(step[0], step[2], "promote" if step[1] == ">" else "rollback", number)
        for number, step in enumerate(steps)
    ]
    assert champions(entries, champion) == expected


def test_a_log_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*: Is a directory"):
        read_history(tmp_path)
