"""The tiny model on a real MLflow server: logged, registered, read back, and served over HTTP."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
from tests.mlflow_server import mlflow_server, model_server

import reviewguard
from reviewguard.modeling.tracking import Tracker

# MLflow's own imports warn (sqlalchemy, pandas, pydantic); ours must not.
pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.filterwarnings("error:::reviewguard"),
]

ROWS: list[dict[str, str | None]] = [
    {"text": "Leave us five stars and we refund you by PayPal.", "previous": None},
    {"text": "Your parcel left this morning.", "previous": "Has it been sent?"},
    {"text": "", "previous": None},
]
ADDRESS = "models:/reviewguard/1"


def test_the_logged_model_answers_like_the_folder_here_and_over_http(
    tiny_model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = reviewguard.load(tiny_model_dir)
    expected = guard.predict([reviewguard.Message(str(row["text"]), row["previous"]) for row in ROWS])
    with mlflow_server(tmp_path) as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
        with Tracker("tiny") as tracker:
            address = tracker.model(tiny_model_dir, ROWS)
        assert tracker.problems == []
        assert address is not None
        here = mlflow.pyfunc.load_model(ADDRESS).predict(pd.DataFrame(ROWS))
        with model_server(ADDRESS, tmp_path) as service:
            served = invoke(service.url, ROWS)
            alone = invoke(service.url, [{"text": ROWS[0]["text"]}])
    for answers in (here.to_dict("records"), served):
        for answer, verdict in zip(answers, expected, strict=True):
            assert_same(answer, verdict)
    assert_same(alone[0], guard(str(ROWS[0]["text"])))


def invoke(url: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    request = urllib.request.Request(
        f"{url}/invocations",
        data=json.dumps({"dataframe_records": rows}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        answer: list[dict[str, Any]] = json.load(response)["predictions"]
        return answer


def assert_same(answer: dict[str, Any], verdict: reviewguard.Verdict) -> None:
    whole = verdict.to_dict()
    # A missing value is null over HTTP and NaN in a frame.
    answer = {name: None if pd.isna(value) else value for name, value in answer.items()}
    assert answer["verdict"] == verdict.verdict
    assert json.loads(answer["types"]) == whole["types"]
    assert json.loads(answer["evidence"]) == whole["evidence"]
    assert answer["error"] == verdict.error
    assert answer["probability"] == pytest.approx(verdict.probability)
