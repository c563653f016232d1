"""The tiny model trained against a real MLflow server: read back, served over HTTP, and without its server."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
from tests.mlflow_server import Server, free_port, mlflow_server, model_server
from tests.tiny import tiny_config
from typer.testing import CliRunner

import reviewguard
from reviewguard.cli import app
from reviewguard.curation.storage import stored_digest
from reviewguard.modeling.tracking import TrackingCallback
from reviewguard.training import TrainingRun, train

TEST = "own_test_split"
ADDRESS = "models:/reviewguard/1"
ROWS: list[dict[str, str | None]] = [
    {"text": "Leave us five stars and we refund you by PayPal.", "previous": None},
    {"text": "Your parcel left this morning.", "previous": "Has it been sent?"},
    {"text": "", "previous": None},
]


@dataclass(frozen=True)
class Tracked:
    """A training run and the server that holds it."""

    server: Server
    training: TrainingRun

    @property
    def client(self) -> mlflow.MlflowClient:
        return mlflow.MlflowClient(self.server.url)


@pytest.fixture(scope="module")
def tracked(
    tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, tiny_data_dir: Path
) -> Iterator[Tracked]:
    folder = tmp_path_factory.mktemp("tracked")
    with mlflow_server(folder) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", server.url)
        patch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "120")  # a busy machine is no failure
        patch.setattr(sys, "path", [*sys.path])  # MLflow puts a loaded model's code there
        config = tiny_config(tiny_base, epochs=2)
        run = train(config, tiny_data_dir, folder / "run", folder / "model", version="tiny", bootstrap=20)
        yield Tracked(server, run)


def test_parameters_metrics_and_data_are_read_back(tracked: Tracked, tiny_data_dir: Path) -> None:
    training = tracked.training
    assert training.problems == ()
    run = tracked.client.get_run(training.run_id)
    assert run.info.status == "FINISHED"
    assert (run.data.params["epochs"], run.data.params["head"]) == ("2", "evidence")
    f1 = training.evaluations["own test split"].figures["f1"].value
    assert run.data.metrics[f"{TEST}/f1"] == pytest.approx(f1)
    assert len(tracked.client.get_metric_history(training.run_id, "eval_loss")) == 2
    losses = tracked.client.get_metric_history(training.run_id, "loss")
    assert len({item.step for item in losses}) == len(losses) > 2
    digest = stored_digest(tiny_data_dir)
    inputs = {item.tags[0].value: item.dataset for item in run.inputs.dataset_inputs}
    assert {context: data.name for context, data in inputs.items()} == {
        "training": "train",
        "validation": "validation",
        "test": "test",
    }
    assert all(digest.startswith(data.digest) for data in inputs.values())
    assert run.data.tags["digest.train"] == digest


def test_curves_card_and_errors_are_read_back(tracked: Tracked, tmp_path: Path) -> None:
    stored = Path(tracked.client.download_artifacts(tracked.training.run_id, "", str(tmp_path)))
    assert (stored / "model_card.md").read_text() == (tracked.training.folder / "README.md").read_text()
    names = {path.name for path in (stored / TEST).iterdir()}
    curves = {"precision_recall.png", "reliability.png", "confusion.png", "types.png"}
    assert names == curves | {"evaluation.json", "errors.json", "errors.csv"}
    errors = training_errors(tracked.training)
    assert list(pd.read_csv(stored / TEST / "errors.csv")["id"]) == errors
    assert errors


def training_errors(training: TrainingRun) -> list[str]:
    return [mistake.id for mistake in training.evaluations["own test split"].errors]


def test_the_registered_model_answers_like_the_folder_here_and_over_http(
    tracked: Tracked, tmp_path: Path
) -> None:
    guard = reviewguard.load(tracked.training.folder)
    expected = guard.predict([reviewguard.Message(str(row["text"]), row["previous"]) for row in ROWS])
    mlflow.set_tracking_uri(tracked.server.url)
    loaded = mlflow.pyfunc.load_model(ADDRESS, dst_path=str(tmp_path))
    here = loaded.predict(pd.DataFrame(ROWS)).to_dict("records")
    ask = pd.DataFrame({"text": ["Please leave a review.", None]})
    strict = loaded.predict(ask, params={"profile": "strict"}).to_dict("records")
    assert_same(strict[0], guard("Please leave a review.", profile="strict"))
    assert "empty" in strict[1]["error"]
    with model_server(ADDRESS, tmp_path) as service:
        served = invoke(service.url, ROWS)
        alone = invoke(service.url, [{"text": ROWS[0]["text"]}])
    for answers in (here, served):
        for answer, verdict in zip(answers, expected, strict=True):
            assert_same(answer, verdict)
    assert_same(alone[0], guard(str(ROWS[0]["text"])))


def invoke(url: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    request = urllib.request.Request(
        f"{url}/invocations",
        data=json.dumps({"dataframe_records": rows}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as response:
        answer: list[dict[str, Any]] = json.load(response)["predictions"]
        return answer


def assert_same(answer: dict[str, Any], verdict: reviewguard.Verdict) -> None:
    whole = verdict.to_dict()
    # A missing value is null over HTTP and NaN in a frame.
    answer = {name: None if pd.isna(value) else value for name, value in answer.items()}
    assert answer["verdict"] == verdict.verdict
    assert json.loads(answer["types"]) == whole["types"]
    assert json.loads(answer["evidence"]) == whole["evidence"]
    assert json.loads(answer["reasons"]) == whole["reasons"]
    assert (answer["profile"], answer["model"]) == (verdict.profile, verdict.model)
    assert answer["error"] == verdict.error
    assert answer["probability"] == pytest.approx(verdict.probability)


def test_the_registered_model_says_what_it_takes_and_gives(tracked: Tracked) -> None:
    (registered,) = tracked.client.search_model_versions("name='reviewguard'")
    assert registered.run_id == tracked.training.run_id
    signature = mlflow.models.get_model_info(registered.source).signature
    assert [(item.name, item.required) for item in signature.inputs] == [("text", True), ("previous", False)]
    assert {item.name: item.default for item in signature.params} == {"profile": "amazon"}
    outputs = ["verdict", "probability", "types", "evidence", "error", "profile", "model", "reasons"]
    assert signature.outputs.input_names() == outputs
    optional = [item.name for item in signature.outputs if not item.required]
    assert optional == ["verdict", "probability", "error"]


def test_a_server_that_dies_neither_stops_nor_loses_the_training(
    tracked: Tracked, tiny_base: Path, tiny_data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last to use the server."""
    log = TrackingCallback.on_log

    def log_and_kill(self: TrackingCallback, *args: Any, **kwargs: Any) -> None:
        log(self, *args, **kwargs)
        tracked.server.stop()

    monkeypatch.setattr(TrackingCallback, "on_log", log_and_kill)
    config = tiny_config(tiny_base)
    run = train(config, tiny_data_dir, tmp_path / "run", tmp_path / "model", version="1", bootstrap=5)
    assert run.run_id is not None
    assert any(problem.startswith("could not log metrics") for problem in run.problems)
    assert any(problem.startswith("gave up tracking") for problem in run.problems)
    assert reviewguard.load(run.folder)("Leave a review, please.").verdict


def test_a_server_that_was_never_there_is_reported_after_the_training(
    tiny_base: Path, tiny_data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
    values = tiny_config(tiny_base).to_dict()
    sets = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
    run = ["--data", str(tiny_data_dir), "--run", str(tmp_path), "--bootstrap", "5"]
    done = CliRunner().invoke(app, ["train", *sets, *run])
    assert done.exit_code == 0, done.output
    assert "tracking: could not start a run" in done.output
    assert reviewguard.load(tmp_path / "model")("Leave a review, please.").verdict
