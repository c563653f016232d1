"""The whole comparison on a tiny run: the command, its files, and what a second call does not do again."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from reviewguard.cli import app
from reviewguard.curation.storage import load_splits
from reviewguard.errors import InputError
from reviewguard.files import sha256, write_jsonl
from reviewguard.inference.model_folder import CONFIG_FILE, MODEL_FILE, load
from reviewguard.modeling.attribution import attach, read_attribution
from reviewguard.modeling.explainers.single_pass import Evidence
from reviewguard.modeling.explanation_report import SHIPPED, metrics, standing, to_markdown, to_plot
from reviewguard.modeling.explanation_study import StudyConfig, _Bench, _Messages, study
from reviewguard.schema import LabelledMessage
from reviewguard.training import finished_run

METHODS = ("evidence", "attention", "loo", "random", "oracle")


@pytest.fixture(scope="module")
def violations(tiny_data_dir: Path) -> list[LabelledMessage]:
    found = [
        m for m in load_splits(tiny_data_dir)["train"] if m.rationale and m.types != ("neutral_request",)
    ]
    return sorted(found, key=lambda m: len(m.text))[:4]


def test_a_second_call_measures_only_what_is_missing(
    tiny_run: Path, violations: list[LabelledMessage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*methods: str) -> tuple[dict, list[str]]:
        config = StudyConfig(methods, timed=1, bootstrap=20)
        lines: list[str] = []
        return study(finished_run(tiny_run), {"few": violations}, config, tmp_path, lines.append), lines

    first, _ = run("evidence", "random")
    monkeypatch.setattr(Evidence, "explain", None)  # may not be called again, except for its cost
    with pytest.raises(TypeError):
        run("evidence", "random", "oracle")
    monkeypatch.undo()
    threads = first["machine"]["threads"]
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads + 1)
    assert run("evidence", "random")[0]["machine"] == first["machine"]  # that of the times it shows
    second, lines = run("evidence", "random", "oracle")
    assert [line.split(" on ")[0] for line in lines] == ["cost of 3 methods"]
    figures = [found["models"]["evidence"]["methods"]["evidence"]["figures"] for found in (first, second)]
    assert figures[0] == figures[1]
    assert second["models"]["evidence"]["against_best_peer"] == {"few": {}}
    assert second["machine"]["threads"] == threads + 1


def test_a_method_without_a_figure_is_no_rival(violations: list[LabelledMessage], tmp_path: Path) -> None:
    bench = _Bench(None, "", StudyConfig(bootstrap=0), tmp_path, lambda _: None)
    nothing, something = np.full(4, np.nan), np.full(4, 0.25)
    values = {"evidence": something, "attention": nothing, "LIME": something / 2}
    messages = _Messages(tuple(SimpleNamespace(example=m) for m in violations), 0, "")
    found = bench._against_peers({k: {"auprc": v} for k, v in values.items()}, messages)
    assert found["auprc"]["peer"] == "LIME"


def test_another_attribution_head_leaves_what_peers_were_measured_at(
    tiny_run: Path, violations: list[LabelledMessage], tmp_path: Path
) -> None:
    """What a model folder explains with its head is measured again; the others explain the scores alone."""
    lines: list[str] = []
    config = StudyConfig(("evidence", "effects", "attention"), timed=1, bootstrap=20)
    folder = tmp_path / "model"
    shutil.copytree(tiny_run / "model", folder)
    study(finished_run(folder), {"few": violations}, config, tmp_path / "work", lines.append)
    head = read_attribution(folder / MODEL_FILE)
    assert head is not None
    with torch.no_grad():
        head.effect.weight.neg_()
    attach(head, folder / MODEL_FILE)
    settings = load(tiny_run / "model").settings
    files = {**settings.files, MODEL_FILE: sha256(folder / MODEL_FILE)}
    replace(settings, files=files).save(folder / CONFIG_FILE)
    lines.clear()
    study(finished_run(folder), {"few": violations}, config, tmp_path / "work", lines.append)
    assert [line.split(" on ")[0] for line in lines] == [
        "few: evidence",
        "few: evidence, effects alone",
        "cost of 3 methods",
    ]


def test_the_command_writes_tables_plot_and_json(
    tiny_run: Path, violations: list[LabelledMessage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.chdir(tmp_path)
    write_jsonl(tmp_path / "few.jsonl", [asdict(message) for message in violations])
    options = {
        "--data": "few.jsonl",
        "--model": tiny_run / "model",
        "--splits": "data",
        "--methods": ",".join(METHODS),
        "--out": "found.json",
        "--plot": "found.png",
        "--bootstrap": "20",
    }
    given = [str(part) for pair in options.items() for part in pair]
    result = CliRunner().invoke(app, ["evaluate", "--explanations", *given])
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert found["data"]["few"]["messages"] == len(violations)
    method = found["models"]["evidence"]["methods"]["evidence"]
    assert method["cost"]["forward"] == 1 and method["cost"]["backward"] == 0
    oracle = found["models"]["evidence"]["methods"]["oracle"]["figures"]["few"]
    assert oracle["auprc"]["value"] == 1
    peer = found["models"]["evidence"]["against_best_peer"]["few"]
    assert peer["agreement_mask"]["peer"] == "attention"  # never leave-one-out itself
    assert (tmp_path / "found.png").read_bytes().startswith(b"\x89PNG")
    assert "tracking:" not in result.output
    assert "| evidence |" in to_markdown(found) and "word F1" in to_markdown(found)
    assert metrics(found)["evidence/few/oracle/auprc"] == 1
    assert len(to_plot(found).axes) == 9
    assert found["shipped"]["few"].keys() == SHIPPED.keys()
    given[given.index("--model")] = "--run"
    given[given.index(str(tiny_run / "model"))] = str(tiny_run)
    of_run = CliRunner().invoke(app, ["evaluate", "--explanations", *given])
    assert of_run.exit_code == 0, of_run.output
    trained = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert "shipped" not in trained  # a run shows nobody any words
    assert trained["models"]["evidence"]["weights"] != found["models"]["evidence"]["weights"]


def test_a_violation_of_several_types_whose_marks_name_none_is_explained_too(
    tiny_run: Path, violations: list[LabelledMessage], tmp_path: Path
) -> None:
    """Quotes in a labelled file belong to no one type where there are several: see `read_labelled`."""
    quoted = [replace(m, rationale=tuple(replace(r, type="") for r in m.rationale)) for m in violations]
    config = StudyConfig(("oracle",), timed=1, bootstrap=0)
    found = study(finished_run(tiny_run), {"few": quoted}, config, tmp_path)
    assert found["data"]["few"]["messages"] == len(violations)
    assert found["models"]["evidence"]["methods"]["oracle"]["figures"]["few"]["auprc"]["value"] == 1


def test_messages_without_a_violation_are_refused(tiny_run: Path, tmp_path: Path) -> None:
    clear = [LabelledMessage("c", "Your order is on its way.", None, ())]
    with pytest.raises(InputError, match="no violation with a rationale"):
        study(finished_run(tiny_run), {"clear": clear}, StudyConfig(), tmp_path)


def test_ahead_and_behind_need_an_interval_beside_zero() -> None:
    assert standing({"value": 0.1, "low": 0.01, "high": 0.2}) == "ahead"
    assert standing({"value": 0.1, "low": -0.01, "high": 0.2}) == "level"
    assert standing({"value": -0.1, "low": -0.2, "high": -0.01}) == "behind"
    assert standing({"value": None, "low": None, "high": None}) == "level"
