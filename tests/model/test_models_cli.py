"""`reviewguard models` from the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.conftest import ROOT
from tests.model.versions import make_store, make_version, silent_sync
from typer.testing import CliRunner, Result

from reviewguard.cli import app
from reviewguard.errors import InputError
from reviewguard.retraining import store as store_module
from reviewguard.retraining.store import ModelStore
from reviewguard.retraining.stored import StoredModel


@pytest.fixture
def models(tiny_model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Champion 1; challenger 2 has passed, and finds every message guilty; 3 has failed, 4 met no gate."""
    monkeypatch.setattr(store_module.ModelStore.__init__, "__kwdefaults__", {"sync": silent_sync})
    store = make_store(tiny_model_dir, tmp_path)
    for version, tags in (("3", {"gate": "failed on f1"}), ("4", {}), ("2", {"gate": "passed"})):
        bias, upper = (1.0, 0.0) if version == "2" else (0.5, 1.1)
        made = make_version(tiny_model_dir, tmp_path / version, version, bias=bias, lower=0.0, upper=upper)
        store.add(made, None, tags)
    return store.folder


def run(models: Path, *arguments: object) -> Result:
    return CliRunner().invoke(app, ["models", *map(str, arguments), "--models", str(models)])


def test_versions_are_listed_with_what_they_are(models: Path) -> None:
    done = run(models, "list")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [
        ["1", "champion"],
        ["3", lines[2].split()[1]],
        ["4", lines[3].split()[1]],
        ["2", "challenger"],
    ]
    assert "failed on f1" in lines[2]
    assert "not run" in lines[3]


@pytest.mark.parametrize("written", ["{", '{"own test split": {}}', "[]", "\x80"])
def test_figures_that_cannot_be_read_leave_the_list_whole(models: Path, written: str) -> None:
    (models / "versions" / "3" / "model" / "evaluation.json").write_text(written, "latin-1")
    done = run(models, "list")
    assert done.exit_code == 0, done.output
    f1 = {line.split()[0]: line.split()[-1] for line in done.output.splitlines()}
    assert f1["3"] == "–"
    assert len(f1) == 5 and "–" not in (f1["1"], f1["2"], f1["4"])


def test_long_reasons_of_a_gate_leave_the_version_whole(
    models: Path, tiny_model_dir: Path, tmp_path: Path
) -> None:
    version = "0.16.0-20261129T1200"
    gate = "failed on test false-alarm rate, test types' macro-F1, behaviour: negation"
    folder = make_version(tiny_model_dir, tmp_path / "long", version, bias=1.0)
    ModelStore(models).add(folder, None, {"gate": gate})
    listed = run(models, "list").output
    assert version in listed
    assert gate in listed  # whole, and in one line: it goes to no terminal


def test_an_empty_store_says_so(tmp_path: Path) -> None:
    done = run(tmp_path / "none", "list")
    assert (done.exit_code, done.output) == (0, f"no models in {tmp_path / 'none'}\n")
    for refused in (("promote", "1"), ("rollback",)):
        assert isinstance(run(tmp_path / "none", *refused).exception, InputError)
    assert not (tmp_path / "none").exists()


def test_a_version_is_shown_with_its_history(models: Path) -> None:
    assert run(models, "promote", "2", "--reason", "coupon wording").exit_code == 0
    shown = run(models, "show", "champion").output
    for words in ("champion", "model_sha256", "own test split", "auroc", "1 → 2", "coupon wording"):
        assert words in shown


def test_a_promotion_and_the_way_back(models: Path) -> None:
    done = run(models, "promote", "challenger")
    assert done.exit_code == 0, done.output
    assert "served now: 2" in done.output
    assert f"name this one: --model {models / 'default'}" in done.stderr
    assert "served now: 1" in run(models, "rollback", "--reason", "false alarms").output
    assert [e.reason for e in ModelStore(models).history().entries] == ["", "false alarms"]


@pytest.mark.parametrize(("version", "gate"), [("3", "failed on f1"), ("4", "not run")])
def test_the_gate_is_not_passed_by_but_with_force(models: Path, version: str, gate: str) -> None:
    refused = run(models, "promote", version)
    assert isinstance(refused.exception, InputError)
    assert f"{version}: gate {gate}" in str(refused.exception)
    assert ModelStore(models).history().entries == ()
    assert run(models, "promote", version, "--force").exit_code == 0
    (entry,) = ModelStore(models).history().entries
    assert (entry.forced, entry.gate, entry.to_version) == (True, gate, version)


def test_a_gate_against_another_champion_does_not_count(models: Path) -> None:
    assert run(models, "promote", "4", "--force").exit_code == 0
    refused = run(models, "promote", "2")
    assert "2: gate measured against 1, champion is 4" in str(refused.exception)
    assert run(models, "promote", "2", "--force").exit_code == 0
    entry = ModelStore(models).history().entries[-1]
    assert (entry.to_version, entry.forced, entry.gate) == ("2", True, "passed")


def test_the_champion_is_not_promoted_again(models: Path) -> None:
    for force in ((), ("--force",)):
        assert "1 is the champion already" in str(run(models, "promote", "champion", *force).exception)


def test_a_reason_in_another_encoding_is_kept_as_far_as_it_can_be_written(models: Path) -> None:
    assert run(models, "promote", "2", "--reason", "caf\udce9").exit_code == 0
    assert ModelStore(models).history().entries[-1].reason == "caf?"


def test_force_where_it_was_not_needed_is_not_logged_as_such(models: Path) -> None:
    assert run(models, "promote", "2", "--force").exit_code == 0
    assert not ModelStore(models).history().entries[0].forced


def test_problems_of_the_registry_and_of_the_log_are_told(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (models / "history.jsonl").write_text('{"id": "cut o')
    init = store_module.ModelStore.__init__
    monkeypatch.setattr(init, "__kwdefaults__", {"sync": lambda *_: ("server gone",)})
    done = run(models, "promote", "2")
    assert done.exit_code == 0
    assert "history.jsonl:1 is unfinished" in done.stderr
    assert "registry: server gone" in done.stderr
    assert "the next promotion or rollback tells it" in done.stderr


def test_what_bears_an_alias_is_registered_on_demand(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, str | None]] = []

    def sync(champion: StoredModel, challenger: StoredModel | None) -> tuple[str, ...]:
        told.append((champion.version, challenger and challenger.version))
        return () if len(told) == 1 else ("server gone",)

    monkeypatch.setattr(store_module.ModelStore.__init__, "__kwdefaults__", {"sync": sync})
    lines = [
        "registered: 1 as models:/reviewguard@champion",
        "registered: 2 as models:/reviewguard@challenger",
    ]
    assert run(models, "register").output.splitlines() == lines
    assert "server gone" in str(run(models, "register").exception)
    assert told == [("1", "2")] * 2


def test_figures_stand_side_by_side(models: Path) -> None:
    figures = models / "versions" / "2" / "model" / "evaluation.json"
    values = json.loads(figures.read_text())
    values["own test split"]["figures"]["auroc"]["value"] += 0.125
    del values["own test split"]["figures"]["ece"]
    assert "on the data of its day" not in run(models, "diff", "1", "2").output
    values["own test split"]["measured_on"] = "later"
    figures.write_text(json.dumps(values))
    assert "on the data of its day" in run(models, "diff", "1", "2").output
    lines = {line.split()[0]: line.split()[1:] for line in run(models, "diff", "1", "2").output.splitlines()}
    assert lines["auroc"][2] == "+0.125"
    assert lines["f1"][2] == "+0.000"
    assert lines["ece"][1:] == ["–"]
    figures.write_text("{")
    assert "evaluation.json is malformed" in str(run(models, "diff", "1", "2").exception)


LABELLED = ROOT / "data" / "messages" / "start-voices.jsonl"


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_messages_whose_verdict_changes_are_counted_shown_and_written(
    models: Path, tmp_path: Path, suffix: str
) -> None:
    data = tmp_path / f"messages.{suffix}"
    if suffix == "csv":
        rows = [json.loads(line) for line in LABELLED.read_text("utf-8").splitlines()[:40]]
        texts = "".join(f'{row["id"]},"{row["text"].replace(chr(34), chr(39))}"\n' for row in rows)
        data.write_text(f"id,text\n{texts}", "utf-8")
    else:
        data.write_text("".join(LABELLED.read_text("utf-8").splitlines(keepends=True)[:40]), "utf-8")
    out = tmp_path / "changed.jsonl"
    done = run(models, "diff", "3", "2", "--data", data, "--out", out, "--workers", 1, "--top", 2)
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert len(rows) == 40
    assert f"{len(rows)} of 40 verdicts change" in done.output
    assert all(row["rg_before_verdict"] != row["rg_verdict"] for row in rows)
    gaps = [abs(row["rg_probability"] - row["rg_before_probability"]) for row in rows]
    assert gaps == sorted(gaps, reverse=True)
    assert len(re.findall(r"^\S+: \d\.\d\d → ", done.output, re.MULTILINE)) == 2
    assert "needs-review → review-soliciting" in done.output
    assert rows[0]["id"] in done.output
    assert "All 40 messages were taken for the seller's" in done.stderr


def test_a_version_and_itself_differ_in_nothing(models: Path) -> None:
    done = run(models, "diff", "1", "champion", "--data", LABELLED, "--workers", 1)
    assert "0 of " in done.output
    assert "(0.0%)" in done.output


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--out", "x.jsonl"], "--out without --data"),
        (["--data", str(LABELLED), "--out", "x.csv"], "unknown format"),
        (["--data", str(LABELLED), "--out", str(LABELLED)], "is also an input"),
        (["--data", "none.csv"], "none.csv"),
        (["--data", str(LABELLED), "--out", "/dev/null/x.jsonl"], "cannot write /dev/null/x.jsonl"),
    ],
)
def test_what_cannot_be_compared_is_refused(models: Path, arguments: list[str], found: str) -> None:
    assert found in str(run(models, "diff", "1", "2", *arguments).exception)
