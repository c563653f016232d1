from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from reviewguard.errors import InputError
from reviewguard.files import atomic_write, read_jsonl, write_jsonl, write_text
from reviewguard.schema import Evidence, Proof, Quote, TypeScore, Verdict

VERDICT = Verdict(
    "a", "review-soliciting", 0.9, (TypeScore("incentive", 0.8),), (Evidence(0, 4, "gift", "incentive", 1.0),)
)


def test_the_json_form_has_exactly_the_documented_fields_and_reads_back() -> None:
    values = json.loads(VERDICT.to_json())
    assert list(values) == [
        "id", "verdict", "probability", "types", "evidence", "language", "reasons", "profile", "model", "error",
        "without_evidence", "decisive", "buyer", "clear_because",
    ]  # fmt: skip
    assert Verdict.from_dict(values) == VERDICT


def test_proofs_and_reasons_read_back() -> None:
    proof = Proof((Quote(0, 4, "gift"),), 0.1)
    proven = replace(VERDICT, decisive=proof, buyer=replace(proof, probability=0.2), clear_because=("why",))
    values = json.loads(proven.to_json())
    assert values["decisive"] == {"words": [{"start": 0, "end": 4, "text": "gift"}], "probability": 0.1}
    assert values["buyer"]["probability"] == 0.2
    assert Verdict.from_dict(values) == proven


def test_a_verdict_kept_by_an_older_or_a_newer_version_reads_back() -> None:
    values = json.loads(VERDICT.to_json())
    first = {
        name: value for name, value in values.items() if name not in ("decisive", "buyer", "clear_because")
    }
    assert Verdict.from_dict(first) == VERDICT
    assert Verdict.from_dict(values | {"of_a_later_version": 1}) == VERDICT


@pytest.mark.parametrize(
    "spoilt",
    [
        {"id": None},
        {"types": [{"name": "incentive"}]},
        {"types": 3},
        {"verdict": "foo"},
        {"probability": "x"},
        {"probability": 2.0},
    ],
)
def test_what_is_no_verdict_is_refused(spoilt: dict[str, object]) -> None:
    values = VERDICT.to_dict() | spoilt
    if spoilt == {"id": None}:
        del values["verdict"]
    with pytest.raises(InputError, match="no verdict"):
        Verdict.from_dict(values)


def test_a_verdict_read_back_shows_its_words_with_and_without_the_text() -> None:
    values = VERDICT.to_dict()
    assert "gift</mark>" in Verdict.from_dict(values, text="gift for you")._repr_html_()
    assert "“gift”" in Verdict.from_dict(values)._repr_html_()
    with pytest.raises(InputError, match="do not stand in the text"):
        Verdict.from_dict(values, text="a gift for you")


def test_lone_surrogates_do_not_break_the_json() -> None:
    text = Verdict("x", None, None, error="bad \ud800").to_json()
    assert json.loads(text.encode("utf-8"))["error"] == "bad \ud800"


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), atomic_write(target) as file:
        file.write(b"half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_that_is_written_anew_keeps_its_permissions(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    write_text(target, "old")
    target.chmod(0o600)
    write_text(target, "new")
    assert (target.read_text("utf-8"), target.stat().st_mode & 0o777) == ("new", 0o600)


def test_a_link_stays_and_what_it_names_is_written(tmp_path: Path) -> None:
    target, link = tmp_path / "elsewhere" / "target.txt", tmp_path / "link.txt"
    target.parent.mkdir()
    link.symlink_to(target)
    write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text("utf-8") == "new"
    assert [path.name for path in target.parent.iterdir()] == ["target.txt"]


def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"), atomic_write(tmp_path / "file" / "x"):
        pass


@contextmanager
def files_of_a_kilobyte() -> Iterator[None]:
    """Files may not grow beyond it, as on a full disk; not even what pytest writes meanwhile."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [2000, 200_000], ids=["at the end", "while it is written"])
def test_a_disk_that_refuses_is_told_and_leaves_the_old_file(tmp_path: Path, size: int) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")
    told = r"cannot write .*out\.txt: File too large"
    with pytest.raises(InputError, match=told), files_of_a_kilobyte():
        write_text(target, "x" * size)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_an_error_of_the_code_that_writes_stays_its_own(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "out.txt") as file:
        file.write((tmp_path / "missing.txt").read_bytes())
    assert list(tmp_path.iterdir()) == []


def test_json_lines_round_trip(tmp_path: Path) -> None:
    rows = [{"a": "é"}, {"b": [1]}]
    write_jsonl(tmp_path / "x.jsonl", rows)
    assert list(read_jsonl(tmp_path / "x.jsonl")) == list(enumerate(rows, 1))
    (tmp_path / "bom.jsonl").write_text('{"a": 1}\n', "utf-8-sig")
    assert list(read_jsonl(tmp_path / "bom.jsonl")) == [(1, {"a": 1})]


def test_a_folder_is_no_json_lines(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*: Is a directory"):
        list(read_jsonl(tmp_path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "x.jsonl:1"),
        ("[]", "a list"),
        (b"\xff", "not UTF-8"),
        pytest.param("[" * 100_000, "x.jsonl:1: not JSON", id="deep"),
        pytest.param("9" * 6_000, "x.jsonl:1: not JSON", id="digits"),
    ],
)
def test_what_is_not_json_lines_is_refused_with_its_place(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=message):
        list(read_jsonl(path))
