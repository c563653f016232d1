"""Tracking into a real store, and into stores that fail: it records, and never stops the caller."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import mlflow
import pandas as pd
import pytest
from matplotlib.figure import Figure
from tests.code.fake_scorer import EXAMPLES, SCORER
from tests.mlflow_server import free_port

from reviewguard.describing import TEST
from reviewguard.exporting import CARD_FILE
from reviewguard.modeling.evaluation import evaluate
from reviewguard.modeling.provenance import git_state, package_versions
from reviewguard.modeling.tracking import GIVE_UP_AFTER, Tracker, TrackingCallback
from reviewguard.training import log_training


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def client(store_folder: Path, monkeypatch: pytest.MonkeyPatch) -> mlflow.MlflowClient:
    uri = f"sqlite:///{store_folder}/tracking.db"
    monkeypatch.chdir(store_folder)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    return mlflow.MlflowClient(uri)


@pytest.fixture
def run(client: mlflow.MlflowClient) -> Iterator[tuple[Tracker, mlflow.MlflowClient]]:
    with Tracker("a run") as tracker:
        yield tracker, client


Run = tuple[Tracker, mlflow.MlflowClient]


def test_parameters_are_flat_and_cut_and_may_be_many(run: Run) -> None:
    tracker, client = run
    many = {f"p{i}": i for i in range(150)}
    tracker.params({"head": {"width": 192, "note": "x" * 9000}, "n" * 300: 1, **many})
    params = client.get_run(tracker.run_id).data.params
    assert tracker.problems == []
    assert params["head.width"] == "192"
    assert params["p149"] == "149"
    assert len(params["head.note"]) == 6000
    assert params["n" * 250] == "1"


def test_metrics_keep_their_step_and_only_finite_numbers(run: Run) -> None:
    tracker, client = run
    for step in (1, 2):
        tracker.metrics({"loss": 1 / step, "gone": float("nan"), "none": None, "name": "x"}, step=step)
    history = client.get_metric_history(tracker.run_id, "loss")
    assert [(item.step, item.value) for item in history] == [(1, 1.0), (2, 0.5)]
    assert set(client.get_run(tracker.run_id).data.metrics) == {"loss"}


def test_callback_logs_under_the_global_step(run: Run) -> None:
    tracker, client = run
    TrackingCallback(tracker).on_log(None, SimpleNamespace(global_step=7), None, {"eval_loss": 0.25})
    (item,) = client.get_metric_history(tracker.run_id, "eval_loss")
    assert (item.step, item.value) == (7, 0.25)


def test_datasets_carry_their_digest(run: Run) -> None:
    tracker, client = run
    digest = "0123456789abcdef" * 4
    tracker.dataset(EXAMPLES, name="train", context="training", source="data/built", digest=digest)
    found = client.get_run(tracker.run_id)
    (entry,) = found.inputs.dataset_inputs
    assert (entry.dataset.name, entry.dataset.digest) == ("train", digest[:36])
    assert entry.tags[0].value == "training"
    assert found.data.tags["digest.train"] == digest
    assert json.loads(entry.dataset.profile)["num_rows"] == len(EXAMPLES)
    assert tracker.problems == []


def test_provenance_stands_in_tags(run: Run) -> None:
    tracker, client = run
    tags = client.get_run(tracker.run_id).data.tags
    assert tags["mlflow.source.git.commit"] == git_state().commit
    assert tags["git.dirty"] in ("true", "false")
    assert tags["version.torch"] == package_versions()["torch"]
    assert tags["mlflow.runName"] == "a run"


def test_an_evaluation_leaves_metrics_tables_and_plots(run: Run, tmp_path: Path) -> None:
    tracker, client = run
    tracker.evaluation(evaluate(SCORER, EXAMPLES, seed=1, bootstrap=5), "test")
    tracker.text("# card", "card.md")
    tracker.figure(Figure(), "plots/empty.png")
    assert tracker.problems == []
    assert client.get_run(tracker.run_id).data.metrics["test/f1"] == pytest.approx(4 / 7)
    stored = Path(client.download_artifacts(tracker.run_id, "test", str(tmp_path)))
    assert {path.name for path in stored.iterdir()} == {
        "evaluation.json",
        "errors.json",
        "errors.csv",
        "precision_recall.png",
        "reliability.png",
        "confusion.png",
        "types.png",
    }
    assert list(pd.read_csv(stored / "errors.csv")["id"]) == ["neutral", "missed", "false"]
    assert {item.path for item in client.list_artifacts(tracker.run_id)} >= {"card.md", "plots"}


def test_a_training_tracks_errors_of_our_own_messages_alone(
    client: mlflow.MlflowClient, tmp_path: Path
) -> None:
    """Other files hold people's own mail, and errors quote it."""
    (tmp_path / CARD_FILE).write_text("card")
    measured = evaluate(SCORER, EXAMPLES, seed=1, bootstrap=0)
    assert measured.errors
    with Tracker() as tracker:
        log_training(tracker, tmp_path, {TEST: measured, "mine": measured}, [], 1.0)
    stored = {
        folder: {Path(item.path).name for item in client.list_artifacts(tracker.run_id, folder)}
        for folder in (TEST.replace(" ", "_"), "mine")
    }
    assert {"errors.csv", "errors.json"} <= stored[TEST.replace(" ", "_")]
    assert "evaluation.json" in stored["mine"] and not stored["mine"] & {"errors.csv", "errors.json"}


def test_a_run_ends_as_the_block_did(client: mlflow.MlflowClient) -> None:
    with pytest.raises(ZeroDivisionError), Tracker() as tracker:
        raise ZeroDivisionError
    assert client.get_run(tracker.run_id).info.status == "FAILED"
    with Tracker() as tracker:
        tracker.metrics({"loss": 1.0})
    assert client.get_run(tracker.run_id).info.status == "FINISHED"
    assert tracker.problems == []


def settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("MLFLOW_")}


def test_settings_are_put_back(client: mlflow.MlflowClient) -> None:
    before = settings()
    with Tracker() as tracker:
        assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "1"
    assert settings() == before
    assert mlflow.active_run() is None
    assert tracker.problems == []


def test_the_users_own_settings_win(client: mlflow.MlflowClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "4")
    with Tracker():
        assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "4"


DEFAULT = """
import os
import mlflow
from reviewguard.modeling.tracking import Tracker
with Tracker():
    assert mlflow.get_tracking_uri() == "sqlite:///mlflow.db"
assert "MLFLOW_TRACKING_URI" not in os.environ
"""


def test_the_default_store_is_a_local_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    # MLflow keeps the database that a process first opened by an address, whatever folder it goes to afterwards.
    subprocess.run([sys.executable, "-c", DEFAULT], cwd=tmp_path, check=True)
    assert (tmp_path / "mlflow.db").is_file()


def test_a_refused_value_is_reported_once_and_the_rest_is_logged(run: Run) -> None:
    tracker, client = run
    for step in range(5):
        tracker.metrics({"../what": 1.0}, step=step)
        tracker.metrics({"loss": 1.0}, step=step)
    assert len(tracker.problems) == 1
    assert tracker.problems[0].startswith("could not log metrics: MlflowException: ")
    assert len(client.get_metric_history(tracker.run_id, "loss")) == 5


def test_a_store_that_keeps_failing_is_given_up(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    tracker, _ = run
    calls = []

    def fail(*args: object, **kwargs: object) -> None:
        calls.append(1)
        raise OSError(f"disk full {len(calls)}")

    monkeypatch.setattr(mlflow, "log_metrics", fail)
    for step in range(20):
        tracker.metrics({"loss": 1.0}, step=step)
    assert len(calls) == GIVE_UP_AFTER
    assert tracker.problems[0] == "could not log metrics: OSError: disk full 1"
    assert tracker.problems[-1] == f"gave up tracking after {GIVE_UP_AFTER} failures in a row"
    monkeypatch.setattr("reviewguard.modeling.tracking.log_model_folder", fail)
    tracker.model(Path("nowhere"), [{"text": "Hello", "previous": None}])
    assert len(calls) == GIVE_UP_AFTER


def test_a_missing_server_costs_seconds_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
    start = time.monotonic()
    with Tracker() as tracker:
        tracker.params({"a": 1})
        tracker.evaluation(evaluate(SCORER, EXAMPLES, seed=1, bootstrap=0), "test")
    assert time.monotonic() - start < 60
    assert tracker.run_id is None
    assert len(tracker.problems) == 1
    assert tracker.problems[0].startswith("could not start a run: ")


def test_a_server_that_never_answers_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{silent.getsockname()[1]}")
        start = time.monotonic()
        with Tracker() as tracker:
            tracker.metrics({"loss": 1.0})
        assert time.monotonic() - start < 60
    assert tracker.problems[0].startswith("could not start a run: ")


def test_metrics_of_a_data_set_with_any_name_are_kept(client: mlflow.MlflowClient) -> None:
    with Tracker() as tracker:
        tracker.metrics({"my export (1)/f1": 0.5, "größe/f1": 0.25})
    assert tracker.problems == [] and tracker.run_id is not None
    kept = client.get_run(tracker.run_id).data.metrics
    assert {"my export _1_/f1": 0.5, "größe/f1": 0.25}.items() <= kept.items()


def test_git_state_outside_a_repository(tmp_path: Path) -> None:
    assert str(git_state(tmp_path)) == "unknown"


def test_git_state_of_a_package_installed_in_someone_elses_repository(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, capture_output=True)

    (tmp_path / "theirs.txt").write_text("theirs")
    installed = tmp_path / ".venv" / "reviewguard"
    installed.mkdir(parents=True)
    (installed / "provenance.py").write_text("ours")
    git("init")
    git("add", "theirs.txt")
    git("-c", "user.name=Sam", "-c", "user.email=sam@example.org", "commit", "-m", "theirs")
    assert len(git_state(tmp_path).commit) == 40
    assert str(git_state(installed)) == "unknown"
