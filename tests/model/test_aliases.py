"""MLflow's aliases follow the store: in a database, on a real server, and after a server that was away."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pytest
from tests.mlflow_server import free_port, mlflow_server
from tests.model.versions import PASSED, make_version

from reviewguard.retraining.store import ModelStore
from reviewguard.settings import Settings


@dataclass(frozen=True)
class Registry:
    """Where MLflow keeps its models."""

    uri: str

    def aliases(self) -> dict[str, dict[str, str]]:
        """Alias → tags of the version that bears it."""
        client = mlflow.MlflowClient(self.uri, self.uri)
        model = client.get_registered_model("reviewguard")
        return {
            alias: client.get_model_version("reviewguard", number).tags
            for alias, number in model.aliases.items()
        }

    def served(self, alias: str) -> str:
        """What the model that bears an alias calls itself."""
        folder = mlflow.artifacts.download_artifacts(f"models:/reviewguard@{alias}", tracking_uri=self.uri)
        return Settings.read(next(Path(folder).rglob("config.json"))).version

    def versions(self) -> int:
        return len(mlflow.MlflowClient(self.uri, self.uri).search_model_versions("name='reviewguard'"))


@pytest.fixture(params=["sqlite", "server"])
def registry(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Registry]:
    folder = tmp_path_factory.mktemp("mlflow")
    monkeypatch.chdir(folder)  # where MLflow puts the artefacts of a database store
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "120")  # a busy machine is no failure
    if request.param == "sqlite":
        monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield Registry("sqlite:///mlflow.db")
        return
    with mlflow_server(folder) as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
        yield Registry(server.url)


def test_aliases_and_tags_follow(
    registry: Registry, tiny_model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_version(tiny_model_dir, tmp_path / "models" / "default", "1")
    store = ModelStore(tmp_path / "models")
    store.add(make_version(tiny_model_dir, tmp_path / "made", "2", bias=1), None, PASSED | {"note": "n"})
    assert store.sync() == ()
    found = registry.aliases()
    assert {alias: tags["version"] for alias, tags in found.items()} == {"champion": "1", "challenger": "2"}
    assert [registry.served(alias) for alias in found] == [tags["version"] for tags in found.values()]
    tags = found["challenger"]
    expected = store.get("2").tags
    assert (tags["gate"], tags["parent"], tags["note"]) == ("passed", "1", "n")
    assert (tags["data_digest"], tags["model_sha256"]) == (
        expected["data_digest"],
        expected["model_sha256"],
    )

    assert store.promote("challenger", by="Sam", reason="better").problems == ()
    assert {alias: tags["version"] for alias, tags in registry.aliases().items()} == {"champion": "2"}

    with monkeypatch.context() as away:
        away.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
        away.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
        back = store.rollback(by="Sam", reason="worse")
    assert back.champion.version == "1"
    assert any("could not set the aliases in MLflow" in problem for problem in back.problems)
    assert registry.aliases()["champion"]["version"] == "2"
    assert store.sync() == ()
    assert {alias: tags["version"] for alias, tags in registry.aliases().items()} == {"champion": "1"}
    assert registry.versions() == 2

    make_version(tiny_model_dir, tmp_path / "elsewhere" / "default", "other")
    assert ModelStore(tmp_path / "elsewhere").sync() == ()
    assert (
        registry.served("champion") == "other"
    )  # folders on one server share the model; the last one counts


@pytest.mark.parametrize("told", ["MLflow is not installed, ", "MLflow's registry was not told: "])
def test_without_mlflow_or_the_libraries_of_training_a_promotion_still_works(
    tiny_model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    if "installed" in told:
        monkeypatch.setattr("reviewguard.retraining.store.find_spec", lambda _: None)
    else:
        monkeypatch.setitem(
            sys.modules, "reviewguard.modeling.aliases", None
        )  # importing it raises ImportError
    make_version(tiny_model_dir, tmp_path / "models" / "default", "1")
    store = ModelStore(tmp_path / "models")
    store.add(make_version(tiny_model_dir, tmp_path / "made", "2", bias=1), None, PASSED)
    (problem,) = store.promote("2", by="Sam", reason="").problems
    assert problem.startswith(told)
    assert store.champion().version == "2"
