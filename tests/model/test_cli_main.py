"""What the command line says and exits with when something goes wrong, or an option would have no effect."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import reviewguard
from reviewguard import cli
from reviewguard.cli.inference import EXIT_CODES
from reviewguard.cli.shared import column_map, output_console
from reviewguard.errors import StoppedError, UserError
from reviewguard.inference import scoring
from reviewguard.inference.scoring import ScoreJob, run_job
from reviewguard.inference.work_folder import Leftover, with_resume


def leave(monkeypatch: pytest.MonkeyPatch, error: Exception) -> object:
    def fail() -> None:
        raise error

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as left:
        cli.main()
    return left.value.code


def test_a_crash_does_not_read_as_a_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = leave(monkeypatch, RuntimeError("broken"))
    assert code == cli.CRASHED
    assert code not in EXIT_CODES.values()
    assert "RuntimeError: broken" in capsys.readouterr().err


def test_what_the_user_can_mend_is_no_crash(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leave(monkeypatch, UserError("no such file: \x1b[31mred.csv")) == 2
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert "red.csv" in told and "\x1b" not in told


def test_train_py_builds_the_data_first_and_stops_where_that_fails(tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "train.py"
    done, helped = (
        subprocess.run(
            [sys.executable, script, *more], capture_output=True, text=True, cwd=tmp_path, check=False
        )
        for more in ((), ("--help",))
    )
    assert (done.returncode, "Error: cannot read data/messages" in done.stderr) == (2, True), done.stderr
    assert (helped.returncode, "--start-from" in helped.stdout) == (0, True)


def test_train_py_that_is_stopped_leaves_no_build_behind(tmp_path: Path) -> None:
    (tmp_path / "data" / "messages").mkdir(parents=True)
    pipe = tmp_path / "data" / "messages" / "a.jsonl"
    os.mkfifo(pipe)
    script = Path(__file__).parents[2] / "train.py"
    with subprocess.Popen([sys.executable, script], cwd=tmp_path) as process, pipe.open("w"):
        process.terminate()
        assert process.wait(60) == 128 + signal.SIGTERM


def test_the_console_prints_a_text_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    output_console()[0].print("[b]:star: 5/5[/b]")
    assert capsys.readouterr().out == "[b]:star: 5/5[/b]\n"


def test_a_terminal_without_colour_breaks_lines_between_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "20")
    console, colour = output_console()
    console.print("your parcel is on its way")
    assert not colour
    assert capsys.readouterr().out.split("\n")[0].rstrip() == "your parcel is on"


def test_a_library_that_is_not_installed_is_no_crash(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)  # as after `make run`
    error = ModuleNotFoundError("No module named 'sklearn.cluster'", name="sklearn.cluster")
    assert leave(monkeypatch, error) == 2
    told = capsys.readouterr().err
    assert "Error: this command needs sklearn, which is not installed" in told
    assert "`make test`, or `pip install '.[train]'`" in told
    assert "Traceback" not in told


@pytest.mark.parametrize("name", ["reviewguard.nowhere", "numpy.nowhere", None])
def test_a_missing_part_of_what_is_installed_is_a_crash(
    name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert leave(monkeypatch, ModuleNotFoundError("No module", name=name)) == cli.CRASHED


@pytest.mark.parametrize(
    "app",
    ["cli.app", "lambda: print('on its way')", "lambda: output_console()[0].print('on its way')"],
    ids=["typer", "print", "rich"],
)
def test_a_pipe_that_nobody_reads_ends_it_silently(app: str) -> None:
    imports = "from reviewguard import cli; from reviewguard.cli.shared import output_console"
    code = f"{imports}; cli.app = {app}; cli.main()"
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-c", code, "--help"], stdout=pipe, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (cli.PIPE_CLOSED, b"")
    assert done.returncode not in EXIT_CODES.values()


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["check", "--file", "a.txt", "--previous", "Hello"], "--previous"),
        (["check", "Thank you", "--fail-on", "review-soliciting"], "--fail-on"),
        (["score", "a.csv", "--resume"], "--out"),
        (["score", "a.csv", "--restart"], "--out"),
        (["score", "a.csv", "--ray-address", "auto"], "--ray-address"),
        (["score", "a.csv", "--map", "Body"], "--map"),
    ],
)
def test_an_option_without_effect_is_refused(arguments: list[str], option: str) -> None:
    done = CliRunner().invoke(cli.app, arguments)
    assert done.exit_code == 2
    assert f"Invalid value for {option}" in done.output


def test_every_address_of_the_seller_and_every_column_of_a_field_counts() -> None:
    given = ["seller=a@shop.example", "text=Body", "seller=Lena Berg"]
    assert column_map(given) == {"seller": "a@shop.example,Lena Berg", "text": "Body"}
    assert column_map(["text=We wrote", "date=Day", "text=Our answer"]) == {
        "text": ("We wrote", "Our answer"),
        "date": "Day",
    }


def test_the_versions_are_printed() -> None:
    done = CliRunner().invoke(cli.app, ["--version"])
    assert done.exit_code == 0
    assert done.output.startswith(f"reviewguard {reviewguard.__version__}, shipped model ")


@pytest.fixture
def killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScoreJob:
    """A job whose scoring breaks off."""

    def stop(*_: object, **__: object) -> None:
        raise StoppedError("a process was killed", fix="run again with fewer --workers")

    monkeypatch.setattr(scoring, "score", stop)
    source = tmp_path / "export.csv"
    source.write_text("id,body\n1,Thank you\n", "utf-8")
    return ScoreJob((str(source),))


def test_resume_is_advised_only_where_it_works(killed: ScoreJob) -> None:
    with pytest.raises(StoppedError) as plain:
        run_job(killed)
    assert "--resume" not in str(plain.value)


@pytest.mark.parametrize("leftover", ["refuse", "resume", "restart"])
def test_a_run_with_an_output_says_how_to_go_on(killed: ScoreJob, tmp_path: Path, leftover: Leftover) -> None:
    with pytest.raises(StoppedError) as kept:
        run_job(replace(killed, out=tmp_path / "scored.csv", leftover=leftover))
    assert f"run again with fewer --workers, by {with_resume(leftover)}" in str(kept.value)
    assert ("in place of --restart" in str(kept.value)) == (leftover == "restart")


def test_a_full_disk_behind_the_output_is_no_verdict() -> None:
    code = "from reviewguard import cli; cli.app = lambda: print('on its way'); cli.main()"
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == cli.CRASHED
    assert b"No space left" in done.stderr
