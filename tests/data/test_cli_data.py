"""`reviewguard data …` from files to files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.data.curation_helpers import ROW, write_lines
from typer.testing import CliRunner

from reviewguard.cli import app
from reviewguard.curation.sources import read_messages
from reviewguard.curation.storage import read_frozen
from reviewguard.errors import InputError

DRAFT = {k: v for k, v in ROW.items() if k not in ("id", "writer_brief", "channel")} | {
    "rationale": [{"quote": "leave us 5 stars", "type": "positive_request"}]
}


def data(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["data", *map(str, arguments)])
    return done.exit_code, done.output


def refusal(*arguments: object) -> str:
    """Why `data …` refuses its input."""
    error = CliRunner().invoke(app, ["data", *map(str, arguments)]).exception
    assert isinstance(error, InputError)
    return str(error)


def rows(count: int) -> list[dict[str, Any]]:
    """Messages unlike each other, each of its own family."""
    words = ["kettle", "lamp", "rug", "chair", "desk", "mug", "bowl", "vase", "clock", "fan", "sofa", "shelf"]
    return [
        ROW
        | {
            "id": f"a-{i:04}",
            "text": f"{words[i]} {words[-1 - i] * 3} order number {i * 7919} leaves on day {i}",
            "types": [],
            "rationale": [],
            "family": f"f-{i}",
        }
        for i in range(count)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    messages = tmp_path / "messages"
    messages.mkdir()
    write_lines(messages / "a.jsonl", rows(10))
    return messages


def test_validate_lists_every_problem_with_its_place(folder: Path) -> None:
    assert data("validate", "--messages", folder) == (0, f"0 problems in {folder}\n")
    write_lines(
        folder / "b.jsonl", [ROW | {"id": "b-1", "types": ["praise"]}, ROW | {"id": "b-2", "text": 3}]
    )
    code, output = data("validate", "--messages", folder)
    assert code == 1
    assert f"{folder / 'b.jsonl'}:1" in output
    assert f"{folder / 'b.jsonl'}:2" in output


def test_build_reports_each_step_and_the_digest(folder: Path, tmp_path: Path) -> None:
    code, output = data("build", "--messages", folder, "--out", tmp_path / "built")
    assert code == 0
    assert "10 messages in 10 groups" in output
    digest = json.loads((tmp_path / "built" / "report.json").read_text())["digest"]
    assert f"digest {digest}" in output


def test_build_refuses_a_mistyped_folder_of_labels(folder: Path, tmp_path: Path) -> None:
    built = tmp_path / "built"
    said = refusal("build", "--messages", folder, "--out", built, "--labels", tmp_path / "lables")
    assert "lables is no folder" in said
    assert not built.exists()


def test_build_refuses_splits_that_are_named_and_not_there_unless_it_records_them(
    folder: Path, tmp_path: Path
) -> None:
    options = ("build", "--messages", folder, "--out", tmp_path / "built", "--splits", tmp_path / "s.json")
    assert "cannot read" in refusal(*options)
    assert not (tmp_path / "built").exists()
    assert data(*options, "--freeze")[0] == 0
    assert len(read_frozen(tmp_path / "s.json")) == 10
    assert data(*options)[0] == 0


def test_build_refuses_splits_of_other_messages_and_counts_unknown_ids(folder: Path, tmp_path: Path) -> None:
    record, target = tmp_path / "s.json", tmp_path / "built"
    options = ("build", "--messages", folder, "--out", target, "--splits", record)
    theirs = {"train": ["z-1", "z-2"], "validation": [], "test": []}
    record.write_text(json.dumps(theirs), "utf-8")
    for more in ((), ("--freeze",)):
        assert "none of its 2 ids is among those in" in refusal(*options, *more)
    assert not target.exists()
    assert json.loads(record.read_text("utf-8")) == theirs
    record.write_text(json.dumps(theirs | {"test": ["a-0003"]}), "utf-8")
    code, output = data(*options)
    assert (code, f"2 of the 3 ids recorded in {record} are not among the messages" in output) == (0, True)


def test_a_recorded_message_that_is_gone_keeps_its_place_unless_it_is_to_be_forgotten(
    folder: Path, tmp_path: Path
) -> None:
    record = tmp_path / "s.json"
    options = ("build", "--messages", folder, "--out", tmp_path / "built", "--splits", record, "--freeze")
    assert data(*options)[0] == 0
    before = read_frozen(record)
    file = next(folder.glob("*.jsonl"))
    first, *rest = file.read_text("utf-8").splitlines(keepends=True)
    gone = json.loads(first)["id"]
    file.write_text("".join(rest), "utf-8")
    assert f"1 messages that {record} records are not in this build, first {gone}" in refusal(*options)
    assert read_frozen(record) == before
    assert data(*options, "--forget")[0] == 0
    assert read_frozen(record) == {name: split for name, split in before.items() if name != gone}


def test_forgetting_without_recording_is_refused(folder: Path, tmp_path: Path) -> None:
    options = ("build", "--messages", folder, "--out", tmp_path / "built", "--forget")
    assert "--forget without --freeze" in refusal(*options)
    assert not (tmp_path / "built").exists()


def test_a_build_without_messages_for_a_split_says_so(folder: Path, tmp_path: Path) -> None:
    write_lines(folder / "a.jsonl", rows(1))
    code, output = data("build", "--messages", folder, "--out", tmp_path / "built")
    assert (code, "1 messages in 1 groups: train 1, validation 0, test 0" in output) == (0, True)


def test_stats_of_nothing_that_can_be_read_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"text": 1}\n', "utf-8")
    assert "no message that can be read" in refusal("stats", "--messages", path)


def test_stats_as_a_table_and_as_json(folder: Path) -> None:
    code, output = data("stats", "--messages", folder, "--json")
    assert code == 0
    assert {row["name"]: row["count"] for row in json.loads(output)["targets"]}["messages"] == 10
    code, output = data("stats", "--messages", folder)
    assert code == 0
    assert "| messages | 10 |" in output


def test_import_writes_messages_or_nothing(folder: Path, tmp_path: Path) -> None:
    drafts = write_lines(tmp_path / "drafts.jsonl", [DRAFT])
    options = ("--brief", "returns", "--prefix", "ret", "--messages", folder)
    code, output = data("import", drafts, *options)
    assert (code, output) == (0, f"1 messages written to {folder / 'returns.jsonl'}\n")
    assert [m.id for m in read_messages(folder / "returns.jsonl").messages] == ["ret-0001"]
    bad = write_lines(tmp_path / "bad.jsonl", [DRAFT | {"types": ["praise"]}])
    code, output = data("import", bad, "--brief", "more", "--messages", folder)
    assert code == 1
    assert "problems, nothing written" in output
    assert not (folder / "more.jsonl").exists()


def test_import_loses_no_message_of_the_brief_unless_told_to(folder: Path, tmp_path: Path) -> None:
    target = folder / "returns.jsonl"
    more = DRAFT | {"text": "Could you leave us 5 stars for the new lamp?", "family": "a-lamp"}
    first, second = (
        write_lines(tmp_path / f"{name}.jsonl", [draft]) for name, draft in (("1", DRAFT), ("2", more))
    )
    options = ("--brief", "returns", "--prefix", "ret", "--messages", folder)
    assert data("import", first, *options)[0] == 0
    before = target.read_bytes()
    told = "1 messages that the drafts would drop or change, first ret-0001"
    assert told in refusal("import", second, *options)
    assert told in refusal("import", second, first, *options)  # in the order of a record of splits by id
    assert target.read_bytes() == before
    assert data("import", first, second, *options)[0] == 0
    assert len(read_messages(target).messages) == 2
    assert data("import", second, *options, "--replace")[0] == 0
    assert [m.text for m in read_messages(target).messages] == [more["text"]]


def test_import_does_not_undo_labels_mended_by_hand(folder: Path, tmp_path: Path) -> None:
    target = folder / "returns.jsonl"
    drafts = write_lines(tmp_path / "drafts.jsonl", [DRAFT])
    options = ("import", drafts, "--brief", "returns", "--messages", folder)
    assert data(*options)[0] == 0
    mended = target.read_text("utf-8").replace("positive_request", "pressure")
    target.write_text(mended, "utf-8")
    assert "would drop or change, first returns-0001" in refusal(*options)
    assert target.read_text("utf-8") == mended
    assert data(*options, "--replace")[0] == 0


@pytest.mark.parametrize("brief", ["sub/x", "../../escaped", "", " "])
def test_a_brief_names_a_file_of_the_folder(folder: Path, tmp_path: Path, brief: str) -> None:
    drafts = write_lines(tmp_path / "drafts.jsonl", [DRAFT])
    before = sorted(tmp_path.rglob("*"))
    assert "--brief" in refusal("import", drafts, "--brief", brief, "--messages", folder)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"id": "a-0003"}, "unique"),
        ({"text": "leave us 5 stars at jo@gmail.com"}, "privacy:email"),
        ({"rationale": []}, "types"),
        ({"text": rows(1)[0]["text"] + " leave us 5 stars", "family": "other"}, "pair"),
    ],
)
def test_import_checks_drafts_as_validate_does(
    folder: Path, tmp_path: Path, wrong: dict[str, Any], rule: str
) -> None:
    if rule == "pair":
        write_lines(
            folder / "b.jsonl", [rows(1)[0] | {"id": "b-1", "text": wrong["text"], "previous": "When?"}]
        )
    drafts = write_lines(tmp_path / "drafts.jsonl", [DRAFT | wrong])
    code, output = data("import", drafts, "--brief", "returns", "--messages", folder)
    assert (code, f"[{rule}]" in output, "1 problems, nothing written" in output) == (1, True, True)
    assert not (folder / "returns.jsonl").exists()


def test_import_does_not_write_over_a_line_that_it_cannot_read(folder: Path, tmp_path: Path) -> None:
    write_lines(folder / "returns.jsonl", [ROW | {"types": ["praise"]}])
    drafts = write_lines(tmp_path / "drafts.jsonl", [DRAFT])
    assert "first line 1" in refusal("import", drafts, "--brief", "returns", "--messages", folder)


def test_agreement_prints_kappa(tmp_path: Path) -> None:
    readings = [
        {"id": "a", "first": ["selective"], "second": ["selective"]},
        {"id": "b", "first": [], "second": []},
    ]
    code, output = data("agreement", write_lines(tmp_path / "second.jsonl", readings))
    assert code == 0
    assert "| selective | 1.000 |" in output


def test_recording_keeps_labels_in_training_and_touches_nothing_where_it_refuses(
    folder: Path, tmp_path: Path
) -> None:
    labels, out, record = tmp_path / "labels", tmp_path / "built", tmp_path / "s.json"
    labels.mkdir()
    write_lines(labels / "a.jsonl", [ROW | {"id": "lab-1", "family": "lab-1", "source": "a.csv"}])
    options = (
        "build",
        "--messages",
        folder,
        "--labels",
        labels,
        "--out",
        out,
        "--splits",
        record,
        "--freeze",
    )
    code, output = data(*options)
    assert (code, "11 messages" in output) == (0, True), output
    assert "lab-1" not in read_frozen(record)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    write_lines(folder / "a.jsonl", rows(9))
    assert "are not in this build" in refusal(*options)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_what_editors_hide_beside_messages_is_not_read(folder: Path) -> None:
    (folder / ".#a.jsonl").symlink_to("nora@example.com.4711")
    (folder / "._a.jsonl").write_bytes(b"\x00\x05\x16\x07")
    assert data("validate", "--messages", folder) == (0, f"0 problems in {folder}\n")
