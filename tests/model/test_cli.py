from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from reviewguard.cli import app, main
from reviewguard.errors import InputError
from reviewguard.files import read_jsonl
from reviewguard.schema import Evidence, Verdict

RUN = CliRunner()
CLEAN, FLAGGED, BAND, USAGE = 0, 1, 3, 2


def cli(
    *arguments: str, stdin: bytes | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "reviewguard", *arguments],
        input=stdin,
        stdin=None if stdin is not None else subprocess.DEVNULL,
        capture_output=True,
        env=os.environ | (env or {}),
        check=False,
    )


def test_json_carries_the_documented_fields_and_the_exit_code_the_verdict(tiny_model_dir: Path) -> None:
    done = cli("check", "Leave five stars and get a gift.", "--json", "--model", str(tiny_model_dir))
    verdict = json.loads(done.stdout)
    assert (
        done.returncode
        == {"compliant": CLEAN, "review-soliciting": FLAGGED, "needs-review": BAND}[verdict["verdict"]]
    )
    assert {
        "id",
        "verdict",
        "probability",
        "types",
        "evidence",
        "language",
        "reasons",
        "profile",
        "model",
        "error",
    } <= set(verdict)


def test_a_mark_before_standard_input_is_none_of_its_words(tiny_model_dir: Path) -> None:
    told = [
        cli("check", "-", "--json", "--model", str(tiny_model_dir), stdin=mark + b"Leave us 5 stars").stdout
        for mark in (b"", b"\xef\xbb\xbf")
    ]
    assert told[0] == told[1]


@pytest.mark.parametrize("arguments", [["-"], []])
def test_standard_input_is_read(tiny_model_dir: Path, arguments: list[str]) -> None:
    done = cli(
        "check", *arguments, "--json", "--model", str(tiny_model_dir), stdin="caf\u00e9 \u2b50 text".encode()
    )
    assert json.loads(done.stdout)["error"] is None


def test_bytes_that_are_no_text_do_not_crash(tiny_model_dir: Path) -> None:
    done = cli("check", "--json", "--model", str(tiny_model_dir), stdin=b"\xff\xfe\x00 hello \x9d review")
    assert json.loads(done.stdout)["verdict"]
    assert b"Traceback" not in done.stderr


def test_without_a_terminal_words_are_marked_by_brackets_and_nothing_is_coloured(
    tiny_model_dir: Path,
) -> None:
    done = cli("check", "Leave us five stars please", "--model", str(tiny_model_dir))
    assert b"\x1b[" not in done.stdout


def test_a_narrow_encoding_of_the_terminal_does_not_crash(tiny_model_dir: Path) -> None:
    text, narrow = "Your parcel left today \U0001f60a thanks", {"PYTHONIOENCODING": "ascii"}
    done = cli("check", text, "--model", str(tiny_model_dir), env=narrow)
    assert (done.returncode in (CLEAN, FLAGGED, BAND), done.stderr) == (True, b"")
    assert b"parcel" in done.stdout
    files = cli("check", "--file", "/tmp/\u2b50", env=narrow)
    assert (files.returncode, b"does not exist" in files.stderr) == (USAGE, True)


def test_json_stays_json_in_a_narrow_encoding() -> None:
    verdict = Verdict(None, "compliant", 0.1, evidence=(Evidence(0, 1, "\U0001f60a\xe9", "incentive", 1.0),))
    line = verdict.to_json("ascii")
    assert line.isascii()
    assert json.loads(line) == json.loads(verdict.to_json())
    assert "\xe9" in verdict.to_json()


def test_an_empty_message_is_an_error_with_exit_code_2(tiny_model_dir: Path) -> None:
    done = cli("check", "  ", "--model", str(tiny_model_dir))
    assert done.returncode == USAGE
    assert b"not scored: an empty message" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "hi", "--model", "/nowhere"], "config.json"),
        (["check", "hi", "--profile", "ebay"], "amazon or strict or ftc"),
        (["score", "/nowhere.csv"], "does not exist"),
        (["evaluate", "--data", "/nowhere.jsonl"], "/nowhere.jsonl"),
        (["train", "--set", "epoch=1"], "unknown keys"),
        (["evaluate", "--behaviour", ".", "--compare"], "not with --behaviour"),
        (["evaluate", "--explanations", "--with", "new=a"], "not with --explanations"),
        (["evaluate", "--explanations", "--run", "runs/a"], "not with --run"),
        (["evaluate", "--out", "/"], "cannot write /: Is a directory"),
        (["evaluate", "--out", "/dev/null/figures.json"], "cannot write /dev/null/figures.json"),
        (["evaluate", "--data", "/dev/null"], "no labelled messages in /dev/null"),
        (["evaluate", "--data", "/dev/null", "--out", "/dev/null"], "/dev/null is also an input"),
        (["evaluate", "--data", "/nowhere.jsonl", "--out", "/dev/null"], "/nowhere.jsonl does not exist"),
        (["evaluate", "--out", "a.json", "--errors", "./a.json"], "another output has the same name"),
        (["evaluate", "--explanations", "--out", "a", "--plot", "a"], "another output has the same name"),
        (["evaluate", "--plot", "study.png"], "only with --explanations"),
        (["evaluate", "--limit", "0"], "only with --explanations"),
    ],
)
def test_what_cannot_be_used_is_explained_on_stderr(
    tiny_model_dir: Path,
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if arguments[0] in ("check", "score", "evaluate") and "--model" not in arguments:
        arguments = [*arguments, "--model", str(tiny_model_dir)]
    monkeypatch.setattr(sys, "argv", ["reviewguard", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    told = capsys.readouterr().err
    assert left.value.code == USAGE
    assert message in told
    assert "Traceback" not in told


def test_the_test_split_is_not_written_over(tiny_model_dir: Path, tmp_path: Path) -> None:
    split = tmp_path / "test.parquet"
    split.write_text("labelled")
    done = cli("evaluate", "--splits", str(tmp_path), "--out", str(split), "--model", str(tiny_model_dir))
    assert (done.returncode, split.read_text()) == (USAGE, "labelled")
    assert b"is also an input" in done.stderr
    assert b"Traceback" not in done.stderr


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=80).filter(lambda text: not os.path.exists(text)))  # noqa: PTH110 - a path, "/" say, is refused
def test_any_text_gets_a_verdict_or_an_error(tiny_model_dir: Path, text: str) -> None:
    result = RUN.invoke(app, ["check", "--json", "--model", str(tiny_model_dir), "--", text])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code in (CLEAN, FLAGGED, USAGE, BAND)
    verdict = json.loads(result.stdout)
    assert (verdict["verdict"] is None) == (verdict["error"] is not None)


def test_check_imports_none_of_the_learning_libraries(tiny_model_dir: Path) -> None:
    code = (
        "import sys; from reviewguard.cli import app; import typer.testing;"
        f"done = typer.testing.CliRunner().invoke(app, ['check', 'hi there', '--model', {str(tiny_model_dir)!r}]);"
        "print(done.exit_code, *(m for m in ('torch', 'transformers', 'datasets', 'mlflow', 'sklearn', 'pandas')"
        " if m in sys.modules)); assert 'likely to break' in done.output"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in {str(CLEAN), str(FLAGGED), str(BAND)}


def test_evaluate_measures_beside_the_baselines_and_writes_every_figure(
    tiny_model_dir: Path, tiny_data_dir: Path, tmp_path: Path
) -> None:
    out = tmp_path / "figures.json"
    options = ["--model", tiny_model_dir, "--splits", tiny_data_dir, "--bootstrap", "0", "--out", out]
    wrong = tmp_path / "wrong.jsonl"
    compared = ["--compare", "--with", f"again={tiny_model_dir}", "--errors", str(wrong)]
    arguments = ["evaluate", *compared, *map(str, options)]
    done = RUN.invoke(app, arguments)
    assert done.exit_code == 0, done.output
    models = set(json.loads(out.read_text())["test"])
    assert {"again", "evidence (int8)"} < models
    assert len(models) == 5
    assert all(name in done.output for name in models)
    assert {(row["data"], row["model"]) for _, row in read_jsonl(wrong)} <= {
        ("test", name) for name in models
    }
    refused = RUN.invoke(app, ["evaluate", "--with", "nothing", *map(str, options)])
    assert "NAME=DIR" in str(refused.exception)


def test_evaluate_on_labels_of_flagged_messages_warns_of_what_they_cannot_show(
    tiny_model_dir: Path, tmp_path: Path
) -> None:
    data = tmp_path / "own.jsonl"
    row = {"text": "Your kettle left today.", "types": [], "shown": "needs-review"}
    data.write_text(json.dumps(row))
    done = RUN.invoke(app, ["evaluate", "--data", str(data), "--model", str(tiny_model_dir)])
    assert done.exit_code == 0, done.output
    assert "own: violations 0, compliant messages 1." in done.stderr
    assert f"{data}: the model called none of these messages compliant" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (
            "evaluate --data a/mail.jsonl --data b/mail.jsonl",
            "data sets are called mail: a/mail.jsonl and b/",
        ),
        ("evaluate --with new=a --with new=b", "models are called new: a and b"),
        (
            "export runs/a --out m --measure-on a/mail.jsonl --measure-on b/mail.parquet",
            "data sets are called mail",
        ),
        ("train --measure-on a/mail.jsonl --measure-on b/mail.jsonl", "data sets are called mail"),
    ],
)
def test_what_would_be_left_out_for_its_name_is_refused(arguments: str, found: str) -> None:
    done = RUN.invoke(app, arguments.split())
    assert isinstance(done.exception, InputError)
    assert found in done.exception.found and done.exception.fix


def test_export_writes_the_run_again(tiny_run: Path, tiny_data_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "again"
    options = ["--data", tiny_data_dir, "--out", out, "--bootstrap", "0", "--precision", "fp32"]
    done = RUN.invoke(app, ["export", str(tiny_run), *map(str, options)])
    assert done.exit_code == 0, done.output
    assert json.loads((out / "config.json").read_text())["files"]
