"""`reviewguard score` as its users run it: rows in are rows out, whoever kills it, however many cores work."""

from __future__ import annotations

import csv
import gzip
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import psutil
import pyarrow.parquet as pq
import pytest
from tests.conftest import ROOT
from tests.model.versions import make_version
from typer.testing import CliRunner, Result

from reviewguard.cli import app
from reviewguard.cli.scoring import INTERRUPTED
from reviewguard.errors import InputError
from reviewguard.inference import conversations
from reviewguard.inference.batch import ScoreOptions
from reviewguard.inference.scoring import ScoreJob, run_job
from reviewguard.inference.work_folder import work_folder

RUN = CliRunner()
USAGE = 2
EXPORT = """id,order_id,sent_at,sender,body
1,999-1234567-0000001,2024-11-02,buyer,I love the kettle!
2,999-1234567-0000001,2024-11-03,seller,"Leave us five stars, please"
3,999-1234567-0000002,2024-11-01,seller,=HYPERLINK("x")
4,999-1234567-0000002,2024-11-04,seller,
"""
SMALL_CHUNKS = "from reviewguard.inference import conversations; conversations.CHUNK_MESSAGES = 8\n"
KILLED_AT = {
    "reading": "from reviewguard.inference.workspace import Workspace as c; name = '_insert'; at = 1",
    "the first verdicts": "from reviewguard.inference.workspace import Workspace as c; name = 'store'; at = 1",
    "later verdicts": "from reviewguard.inference.workspace import Workspace as c; name = 'store'; at = 5",
    "writing": "from reviewguard.inference.writers import delimited as c; name = 'flat'; at = 30",
    "naming the output": "from pathlib import Path as c; name = 'replace'; at = 1",
    "tidying up": "import shutil as c; name = 'rmtree'; at = 1",
}
KILL = """
import os, signal
original, calls = getattr(c, name), 0
def dying(*args, **more):
    global calls
    calls += 1
    if calls == at: os.kill(os.getpid(), signal.SIGKILL)
    return original(*args, **more)
setattr(c, name, dying)
"""
MAIN = "from reviewguard.cli import main; main()"


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some hundred rows, with repeats and buyers."""
    path = tmp_path_factory.mktemp("export") / "export.csv"
    lines = (ROOT / "data" / "messages" / "start-voices.jsonl").read_text("utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines[:70]]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "ticket_id", "sender", "body"])
        for i, text in enumerate([*texts, *texts[:20], *texts[30:50]]):
            writer.writerow([i, i // 3, "buyer" if i % 5 == 0 else "seller", text])
    return path


@pytest.fixture(scope="module")
def expected(export: Path, tiny_model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The output of an uninterrupted run in one process."""
    out = tmp_path_factory.mktemp("expected") / "scored.csv"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conversations, "CHUNK_MESSAGES", 8)
        run_job(ScoreJob((str(export),), out, ScoreOptions(workers=1), tiny_model_dir))
    return out.read_bytes()


def start(code: str, *arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", code, "score", *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(*arguments: object, code: str = SMALL_CHUNKS + MAIN) -> tuple[int, bytes, bytes]:
    with start(code, *arguments) as process:
        out, err = process.communicate(timeout=300)
    assert b"Traceback" not in err
    return process.returncode, out, err


def test_every_row_is_kept_and_gets_its_verdict(tiny_model_dir: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "export.csv", tmp_path / "scored.csv"
    source.write_text(EXPORT, "utf-8")
    code, printed, err = run(source, "--out", out, "--model", tiny_model_dir)
    assert code == 0, err
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["id"] for r in rows] == ["1", "2", "3", "4"]
    assert [bool(r["rg_verdict"]) for r in rows] == [False, True, True, False]
    assert rows[1]["rg_previous"] == "I love the kettle!"
    assert rows[2]["body"].startswith("'=")
    assert "empty message" in rows[3]["rg_error"]
    assert b"4 rows in, 4 rows out" in printed
    assert err == b""
    assert sorted(p.name for p in tmp_path.iterdir()) == ["export.csv", "scored.csv"]


@pytest.mark.parametrize("name", ["scored.csv", "scored.parquet"])
def test_an_export_without_rows_keeps_its_columns(name: str, tiny_model_dir: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "export.csv", tmp_path / name
    source.write_text("id,order_id,body,rg_verdict\n", "utf-8")
    assert run_job(ScoreJob((str(source),), out, model=tiny_model_dir)).written == 0
    columns = (
        pq.read_schema(out).names if name.endswith("parquet") else out.read_text("utf-8").strip().split(",")
    )
    assert columns[:4] == ["id", "order_id", "body", "rg_verdict"]
    assert len(columns) == len(set(columns))


def test_a_missing_column_is_asked_for(tiny_model_dir: Path, tmp_path: Path) -> None:
    source = tmp_path / "export.csv"
    source.write_text("a;b\n1;Leave a review\n2;Thank you\n")
    done = RUN.invoke(app, ["score", str(source), "--model", str(tiny_model_dir)])
    assert "--map text=" in str(done.exception)
    done = RUN.invoke(app, ["score", str(source), "--map", "text=b", "--model", str(tiny_model_dir)])
    assert done.exit_code == 0, done.output


def test_of_several_files_the_worst_messages_say_in_which_they_stand(
    flagging_model_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("body\n5 stars for a gift card!\n")
    (tmp_path / "b.csv").write_text("body\nWould your cousin rate the lamp as well?\n")
    done = RUN.invoke(app, ["score", str(tmp_path), "--model", str(flagging_model_dir), "--workers", "1"])
    assert done.exit_code == 0, done.output
    assert all(f"{name}, line 2" in done.output.replace("\n", "") for name in ("a.csv", "b.csv"))


def test_the_first_unreadable_rows_are_named_and_those_that_were_not_scored(
    tiny_model_dir: Path, tmp_path: Path
) -> None:
    source = tmp_path / "export.csv"
    source.write_text("id,body\n1,Thank you\n2,a,b\n3,a,b\n4,a,b\n5,a,b\n6,<p></p>\n7,\n8,\n9,\n")
    done = RUN.invoke(app, ["score", str(source), "--model", str(tiny_model_dir), "--workers", "1"])
    assert done.exit_code == 0, done.output
    said = [line for line in done.output.splitlines() if line.startswith("unreadable: ")]
    assert [f"line {n}: 3 cells under 2 columns" in line for n, line in enumerate(said, 3)] == [True] * 3
    assert "and 1 more that cannot be read" in done.output
    said = [line for line in done.output.splitlines() if line.startswith("not scored: ")]
    assert [f"export.csv, line {n}: an empty message" in line for n, line in enumerate(said, 7)] == [True] * 3
    assert "and 1 more that cannot be scored" in done.output


def test_scoring_an_output_again_replaces_its_verdicts(tiny_model_dir: Path, tmp_path: Path) -> None:
    source, once, twice = tmp_path / "export.csv", tmp_path / "once.csv", tmp_path / "twice.csv"
    source.write_text(EXPORT.replace('=HYPERLINK("x")', "Thank you"), "utf-8")
    run_job(ScoreJob((str(source),), once, model=tiny_model_dir))
    run_job(ScoreJob((str(once),), twice, model=tiny_model_dir))
    assert twice.read_text("utf-8").splitlines()[0] == once.read_text("utf-8").splitlines()[0]


def test_any_number_of_workers_gives_the_same_bytes(
    export: Path, expected: bytes, tiny_model_dir: Path, tmp_path: Path
) -> None:
    out = tmp_path / "scored.csv"
    code, _, err = run(export, "--out", out, "--model", tiny_model_dir, "--workers", 3)
    assert code == 0, err
    assert out.read_bytes() == expected


@pytest.mark.parametrize("point", KILLED_AT)
def test_a_run_killed_at_any_point_goes_on_to_the_same_bytes(
    export: Path, expected: bytes, tiny_model_dir: Path, tmp_path: Path, point: str
) -> None:
    out = tmp_path / "scored.csv"
    arguments = (export, "--out", out, "--model", tiny_model_dir, "--workers", 1)
    code, _, _ = run(*arguments, code=SMALL_CHUNKS + KILLED_AT[point] + KILL + MAIN)
    assert code == -signal.SIGKILL
    assert out.exists() == (point == "tidying up")
    if point not in ("reading", "the first verdicts"):
        code, _, err = run(*arguments)
        assert code == USAGE
        assert b"--resume" in err
        assert b"--restart" in err
    code, _, err = run(*arguments, "--resume")
    assert code == 0, err
    assert out.read_bytes() == expected
    assert list(tmp_path.iterdir()) == [out]


def test_kills_at_random_leave_no_process_behind_and_cost_nothing(
    export: Path, expected: bytes, tiny_model_dir: Path, tmp_path: Path
) -> None:
    out = tmp_path / "scored.csv"
    arguments = (export, "--out", out, "--model", tiny_model_dir, "--workers", 2, "--resume")
    chance = random.Random(4)
    for _ in range(2):
        with start(SMALL_CHUNKS + MAIN, *arguments) as process:
            mother, until = psutil.Process(process.pid), time.monotonic() + 120
            while len(mother.children(recursive=True)) < 2:
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.02)
            time.sleep(chance.uniform(0.0, 1.0))
            family = mother.children(recursive=True)
            assert family
            process.kill()
            _, alive = psutil.wait_procs(family, timeout=20)
            assert alive == []
    code, _, err = run(*arguments)
    assert code == 0, err
    assert out.read_bytes() == expected


def test_ctrl_c_says_how_to_go_on(export: Path, tiny_model_dir: Path, tmp_path: Path) -> None:
    interrupt = KILL.replace("signal.SIGKILL", "signal.SIGINT")
    code = SMALL_CHUNKS + KILLED_AT["later verdicts"] + interrupt + MAIN
    code, _, err = run(export, "--out", tmp_path / "scored.csv", "--model", tiny_model_dir, code=code)
    assert code == INTERRUPTED
    assert b"--resume" in err


@pytest.mark.parametrize(("told", "code"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_run_without_an_output_leaves_nothing_when_it_is_told_to_end(
    export: Path, tiny_model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, code: int
) -> None:
    if signal.getsignal(signal.Signals[told]) is signal.SIG_IGN:
        pytest.skip("the tests run under nohup")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    end = KILL.replace("signal.SIGKILL", f"signal.{told}")
    ending = SMALL_CHUNKS + KILLED_AT["later verdicts"] + end + MAIN
    assert run(export, "--model", tiny_model_dir, "--workers", 1, code=ending)[0] == code
    assert list(tmp_path.glob("reviewguard-*")) == []


@pytest.fixture
def interrupted(export: Path, tiny_model_dir: Path, tmp_path: Path) -> tuple[Path, ScoreJob]:
    """A copy of the export, and a job over it that was killed while scoring."""
    source = tmp_path / "export.csv"
    source.write_bytes(export.read_bytes())
    out = tmp_path / "scored.csv"
    code = SMALL_CHUNKS + KILLED_AT["later verdicts"] + KILL + MAIN
    assert run(source, "--out", out, "--model", tiny_model_dir, "--workers", 1, code=code)[0] < 0
    return source, ScoreJob((str(source),), out, model=tiny_model_dir, leftover="resume")


def test_a_run_does_not_go_on_over_something_else(
    interrupted: tuple[Path, ScoreJob], expected: bytes
) -> None:
    from dataclasses import replace

    source, job = interrupted
    with pytest.raises(InputError, match="profile changed"):
        run_job(replace(job, options=ScoreOptions(profile="strict")))
    source.write_bytes(source.read_bytes() + b"999,1,seller,One more\n")
    with pytest.raises(InputError, match="inputs"):
        run_job(job)
    assert run_job(replace(job, leftover="restart")).counts.read == 111


def test_a_run_does_not_go_on_with_another_model(
    interrupted: tuple[Path, ScoreJob], tmp_path_factory: pytest.TempPathFactory
) -> None:
    _, job = interrupted
    assert job.model is not None
    other = tmp_path_factory.mktemp("model") / "other"
    copytree(job.model, other)
    config = json.loads((other / "config.json").read_text("utf-8"))
    config["token_threshold"] = 0.25
    (other / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(InputError, match="model changed"):
        run_job(replace(job, model=other))


def test_a_run_that_fails_before_it_scored_leaves_nothing(tiny_model_dir: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "export.csv", tmp_path / "scored.csv"
    source.write_text("a;b\n1;Leave a review\n2;Thank you\n")
    with pytest.raises(InputError, match="--map text"):
        run_job(ScoreJob((str(source),), out, model=tiny_model_dir))
    assert list(tmp_path.iterdir()) == [source]


def test_of_two_runs_over_one_output_the_second_is_refused(
    export: Path, tiny_model_dir: Path, tmp_path: Path
) -> None:
    out = tmp_path / "scored.csv"
    with work_folder(out):
        code, _, err = run(export, "--out", out, "--model", tiny_model_dir, "--resume")
    assert code == USAGE
    assert b"another run is writing" in err


@pytest.mark.parametrize(
    ("name", "message"),
    [("file/scored.csv", b"cannot write"), ("folder.csv", b"is a folder"), ("scored.doc", b"unknown format")],
)
def test_an_output_that_cannot_be_written_is_refused_before_reading(
    tmp_path: Path, name: str, message: bytes
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.csv").mkdir()
    source = tmp_path / "export.csv"
    source.write_text(EXPORT)
    code, _, err = run(source, "--out", tmp_path / name, "--model", "/nowhere")
    assert code == USAGE
    assert message in err
    assert b"nowhere" not in err


def test_nobody_else_may_read_the_work_and_the_output_keeps_its_permissions(
    tiny_model_dir: Path, tmp_path: Path
) -> None:
    source, out = tmp_path / "export.csv", tmp_path / "scored.csv"
    source.write_text(EXPORT, "utf-8")
    out.write_text("old")
    out.chmod(0o600)
    with work_folder(out) as folder:
        assert folder.path.stat().st_mode & 0o777 == 0o700
    run_job(ScoreJob((str(source),), out, model=tiny_model_dir))
    assert "rg_verdict" in out.read_text("utf-8")
    assert out.stat().st_mode & 0o777 == 0o600


def test_an_input_is_not_overwritten(tmp_path: Path) -> None:
    source = tmp_path / "export.csv"
    source.write_text(EXPORT)
    with pytest.raises(InputError, match="also an input"):
        run_job(ScoreJob((str(tmp_path),), source))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 96 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small file system")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_told_and_the_run_goes_on_once_there_is_room(
    export: Path, flagging_model_dir: Path, small_disk: Path, tmp_path: Path
) -> None:
    assert run(export, "--out", tmp_path / "scored.csv", "--model", flagging_model_dir)[0] == 0
    out = small_disk / "scored.csv"
    arguments = (export, "--out", out, "--model", flagging_model_dir)
    code, _, err = run(*arguments)
    assert code == USAGE
    assert b"is full" in err
    assert b"--resume" in err
    assert not out.exists()
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    code, _, err = run(*arguments, "--resume")
    assert code == 0, err
    assert out.read_bytes() == (tmp_path / "scored.csv").read_bytes()


@pytest.mark.parametrize("command", ["score", "audit"])
@pytest.mark.parametrize(
    ("cuts", "fail_on", "code"),
    [
        ({"lower": 0.0, "upper": 0.0}, "review-soliciting", 1),
        ({"lower": 0.0, "upper": 0.0}, "needs-review", 1),
        ({"lower": 0.0, "upper": 1.1}, "review-soliciting", 0),
        ({"lower": 0.0, "upper": 1.1}, "needs-review", 1),
        ({"lower": 1.1, "upper": 1.1}, "needs-review", 0),
    ],
    ids=[
        "all soliciting",
        "all soliciting, doubts asked for",
        "all doubtful",
        "doubts asked for",
        "all clear",
    ],
)
def test_a_pipeline_can_fail_on_what_was_found(
    tiny_model_dir: Path, tmp_path: Path, command: str, cuts: dict[str, float], fail_on: str, code: int
) -> None:
    model = make_version(tiny_model_dir, tmp_path / "model", "1", **cuts)
    export, out = tmp_path / "export.csv", tmp_path / "out.jsonl"
    export.write_text(
        "id,body\n1,Your parcel left our house today.\n2,Please write to us if it is late.\n", "utf-8"
    )
    options = ["--out", str(out), "--fail-on", fail_on, "--model", str(model), "--workers", "1"]
    done = RUN.invoke(app, [command, str(export), *options])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    assert done.exit_code == code
    assert out.exists()


@pytest.mark.parametrize("command", ["score", "audit"])
def test_rows_that_nobody_judged_are_said_where_a_pipeline_passes(
    command: str, tiny_model_dir: Path, tmp_path: Path
) -> None:
    model = make_version(tiny_model_dir, tmp_path / "model", "1", lower=1.1, upper=1.1)
    export = tmp_path / "export.csv"
    export.write_text("id,body\n1,Your parcel left our house today.\n2,<p></p>\n", "utf-8")
    options = ["--out", str(tmp_path / "out.csv"), "--model", str(model), "--workers", "1"]
    done = RUN.invoke(app, [command, str(export), *options, "--fail-on", "needs-review"])
    assert done.exit_code == 0
    assert "--fail-on: rows not judged: 1" in done.stderr


@pytest.mark.parametrize("command", ["score", "audit"])
def test_what_is_worth_knowing_of_how_an_export_was_read_is_said(
    command: str, tiny_model_dir: Path, tmp_path: Path
) -> None:
    export = tmp_path / "export.csv"
    export.write_text("order_id,body\n111-1234567-1234567,Your parcel left our house today.\n", "utf-8")
    options = ["--out", str(tmp_path / "out.csv"), "--model", str(tiny_model_dir), "--workers", "1"]
    done = RUN.invoke(app, [command, str(export), *options])
    assert done.stderr.startswith(f"{export}: no column with dates is known")


@pytest.mark.parametrize("command", ["score", "audit"])
def test_an_export_of_which_little_could_be_read_cannot_pass(
    command: str, tiny_model_dir: Path, tmp_path: Path
) -> None:
    export, good = tmp_path / "export.jsonl", '{"text": "Your parcel left our house today."}\n'

    def outcome(name: str, content: str, cut: float) -> Result:
        model = make_version(tiny_model_dir, tmp_path / f"model {name}", "1", lower=cut, upper=cut)
        export.write_text(content)
        more = ["--out", str(tmp_path / f"{name}.csv"), "--model", str(model), "--workers", "1"]
        return RUN.invoke(app, [command, str(export), *more, "--fail-on", "needs-review"])

    refused = outcome("clear", good + "{broken\n" * 5, 1.1)
    assert isinstance(refused.exception, InputError)
    assert "messages judged: 1, rows not read: 5" in str(refused.exception)
    assert outcome("found", good + "{broken\n" * 5, 0.0).exit_code == 1
    assert outcome("enough", good * 5 + "{broken\n" * 5, 1.1).exit_code == 0


@pytest.mark.parametrize("command", ["score", "audit"])
def test_an_export_that_was_not_read_to_its_end_cannot_pass(
    command: str, tiny_model_dir: Path, tmp_path: Path
) -> None:
    rows = "".join(f"{number},Your parcel left our house today.\n" for number in range(9))
    (tmp_path / "a.csv").write_text(f"id,body\n1,a,b\n2,a,b\n3,a,b\n{rows}", "utf-8")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(f"id,body\n{rows}".encode(), mtime=0)[:-8])

    def outcome(name: str, cut: float, *options: str) -> Result:
        model = make_version(tiny_model_dir, tmp_path / f"model {name}", "1", lower=cut, upper=cut)
        exports = [str(tmp_path / export) for export in ("a.csv", "b.csv.gz")]
        more = ["--out", str(tmp_path / f"{name}.csv"), "--model", str(model), "--workers", "1"]
        return RUN.invoke(app, [command, *exports, *more, *options])

    passed = outcome("without", 1.1)
    assert passed.exit_code == 0
    unreadable = [line for line in passed.stdout.splitlines() if line.startswith("unreadable: ")]
    assert command == "audit" or "after line 10" in unreadable[0]
    assert outcome("found", 0.0, "--fail-on", "needs-review").exit_code == 1
    refused = outcome("clear", 1.1, "--fail-on", "needs-review")
    assert isinstance(refused.exception, InputError)
    assert re.search(
        r"--fail-on: not all was read.*b\.csv\.gz, after line 10: .*cut off", str(refused.exception)
    )
    assert "--fail-on: rows not judged: 4" in refused.stderr


def test_files_of_a_folder_that_are_no_exports_do_not_keep_a_pipeline_from_passing(
    tiny_model_dir: Path, tmp_path: Path
) -> None:
    model = make_version(tiny_model_dir, tmp_path / "model", "1", lower=1.1, upper=1.1)
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "a.csv").write_text("id,body\n1,Your parcel left our house today.\n", "utf-8")
    (folder / "orders.csv").write_text("order,price\n1,2\n", "utf-8")
    (folder / "empty.csv").write_text("", "utf-8")
    options = ["--model", str(model), "--workers", "1", "--fail-on", "needs-review"]
    assert RUN.invoke(app, ["score", str(folder), "--out", str(tmp_path / "a.csv"), *options]).exit_code == 0
    named = [str(path) for path in sorted(folder.iterdir())]
    refused = RUN.invoke(app, ["score", *named, "--out", str(tmp_path / "b.csv"), *options]).exception
    assert isinstance(refused, InputError)
    assert "not all was read" in str(refused)


def test_an_output_that_is_a_link_is_written_where_it_leads(tiny_model_dir: Path, tmp_path: Path) -> None:
    target, link, export = tmp_path / "target.csv", tmp_path / "link.csv", tmp_path / "export.csv"
    target.write_text("old", "utf-8")
    link.symlink_to(target)
    export.write_text("id,body\n1,Your parcel left our house today.\n", "utf-8")
    options = ["--out", str(link), "--model", str(tiny_model_dir), "--workers", "1"]
    assert RUN.invoke(app, ["score", str(export), *options]).exit_code == 0
    assert link.is_symlink()
    assert "parcel" in target.read_text("utf-8")


@pytest.mark.parametrize("command", ["score", "audit"])
def test_an_export_of_which_nothing_was_judged_cannot_pass(
    command: str, tiny_model_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "buyers.csv").write_text("sender,message\nbuyer,Where is my lamp?\nbuyer,Thank you\n")
    arguments = [command, str(tmp_path / "buyers.csv"), "--model", str(tiny_model_dir), "--out"]
    out = [str(tmp_path / ("out" if command == "audit" else "out.csv"))]
    assert RUN.invoke(app, [*arguments, *out]).exit_code == 0
    out = [str(tmp_path / ("again" if command == "audit" else "again.csv"))]
    refused = RUN.invoke(app, [*arguments, *out, "--fail-on", "review-soliciting"]).exception
    assert isinstance(refused, InputError)
    assert "nothing can pass" in str(refused)
    assert Path(out[0]).exists()
