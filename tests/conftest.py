"""Fixtures that several test modules share."""

from __future__ import annotations

import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["CUDA_VISIBLE_DEVICES"] = ""  # as in CI
os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads only slow so small a model down
os.environ["NO_PROXY"] = "127.0.0.1,localhost"
os.environ["no_proxy"] = "127.0.0.1,localhost"
# rich obeys these.
os.environ.pop("FORCE_COLOR", None)
os.environ.pop("TTY_COMPATIBLE", None)
os.environ.pop("COLUMNS", None)

import pytest
from hypothesis import settings

from reviewguard import Classifier, load

# A busy machine is no failure; what is slow shows in `--durations`.
settings.register_profile("reviewguard", deadline=None)
settings.load_profile("reviewguard")

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "models" / "default"


@pytest.fixture(scope="session")
def shipped() -> Classifier:
    """The model in `models/default`."""
    if not (SHIPPED / "config.json").is_file():
        pytest.skip("models/default holds no model: `python train.py` writes one")
    return load(SHIPPED)


@pytest.fixture(scope="session")
def tiny_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Splits built from one small file of the written messages."""
    from reviewguard.curation.pipeline import build

    folder = tmp_path_factory.mktemp("data")
    build(ROOT / "data" / "messages" / "start-voices.jsonl", folder, seed=1)
    return folder


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory, tiny_data_dir: Path) -> Path:
    """A two-layer base model with random weights."""
    from reviewguard.curation.storage import load_splits
    from tests.tiny import write_tiny_base

    texts = [m.text for m in load_splits(tiny_data_dir)["train"]]
    return write_tiny_base(tmp_path_factory.mktemp("base"), texts)


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, tiny_data_dir: Path) -> Path:
    """A finished training run of the tiny model; its model folder is `<run>/model`."""
    from reviewguard.training import train
    from tests.tiny import tiny_config

    run = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{run / 'mlflow.db'}")
        patch.chdir(run)  # where MLflow puts the artefacts of a database store
        config = tiny_config(tiny_base, epochs=2)
        done = train(config, tiny_data_dir, run, run / "model", version="tiny", bootstrap=20)
    assert done.problems == ()
    return run


@pytest.fixture(scope="session")
def tiny_model_dir(tiny_run: Path) -> Path:
    """The tiny model's folder.

    What so small a model says of a message, and where its cuts lie, differs between machines: a test that needs a
    verdict sets the cuts (`flagging_model_dir`, `tests.model.versions.make_version`).
    """
    return tiny_run / "model"


@pytest.fixture(scope="session")
def flagging_model_dir(tmp_path_factory: pytest.TempPathFactory, tiny_model_dir: Path) -> Path:
    """The tiny model with cuts that flag every message."""
    from tests.model.versions import make_version

    return make_version(
        tiny_model_dir, tmp_path_factory.mktemp("flagging") / "model", "flagging", lower=0.0, upper=0.0
    )
