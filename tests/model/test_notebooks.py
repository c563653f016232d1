"""The notebooks run from top to bottom on small data, and leave nothing behind."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import notebooks
import pytest
from nbformat import NotebookNode
from tests.conftest import ROOT
from tests.model.versions import silent_sync
from tests.tiny import write_tiny_toml

from reviewguard.curation.storage import load_splits, write_frozen
from reviewguard.notebooks import sandbox
from reviewguard.notebooks.settings import NotebookSettings, notebook_settings
from reviewguard.retraining.store import ModelStore

Run = Callable[[str], str]

SETTINGS = """
messages = "{messages}"
splits = "splits.json"
data = "{data}"
model = "{run}/model"
export = "export.csv"
labels = "{labels}"
retraining = "retrain.toml"
run = "{run}"
"""
RETRAIN = """
[train]
full = "train.toml"
replay = 30
copies = 1
[gate]
bootstrap = 100
"""
EXPORT = """sender,body
seller,Your parcel left today.
seller,Please write five stars and get a gift card.
buyer,Thank you!
seller,We are glad. Tell your cousin to rate it too.
"""


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory, tiny_data_dir: Path, tiny_run: Path, tiny_base: Path
) -> Path:
    """Settings beside the notebooks, as an analyst has them."""
    here = tmp_path_factory.mktemp("notebooks")
    paths = {
        "messages": ROOT / "data" / "messages" / "start-voices.jsonl",
        "labels": ROOT / "notebooks" / "labels.jsonl",
        "data": tiny_data_dir,
        "run": tiny_run,
    }
    write_frozen(here / "splits.json", load_splits(tiny_data_dir))
    (here / "settings.toml").write_text(SETTINGS.format(**paths))
    (here / "retrain.toml").write_text(RETRAIN)
    write_tiny_toml(here / "train.toml", tiny_base)
    (here / "export.csv").write_text(EXPORT)
    return here


@pytest.fixture
def run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a notebook, gives what it shows, and sees to it that it leaves nothing behind."""
    for variable in ("MLFLOW_TRACKING_URI", "REVIEWGUARD_NOTEBOOKS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = contents(folder)

    def execute(name: str) -> str:
        done = notebooks.execute(notebooks.read(ROOT / "notebooks" / name), folder)
        return "\n".join(shown(cell) for cell in done.cells)

    yield execute
    assert contents(folder) == before
    assert not list(tmp_path.glob("reviewguard-notebook-*"))


def contents(folder: Path) -> dict[Path, float]:
    return {path: path.stat().st_mtime for path in folder.rglob("*")}


def shown(cell: NotebookNode) -> str:
    """Everything that a cell shows, with a word for each picture and each text on standard error."""
    parts: list[str] = []
    for output in cell.get("outputs", ()):
        data = output.get("data", {})
        texts = [output.get("text"), *(data.get(f"text/{kind}") for kind in ("html", "markdown", "plain"))]
        parts += [text for text in texts if text] + ["<figure>"] * ("image/png" in data)
        parts += ["<warning>"] * (output.get("name") == "stderr")
    return "\n".join(parts)


def test_messages(run: Run) -> None:
    text = run("01_messages.ipynb")
    assert (text.count("<figure>"), text.count("<warning>")) == (5, 0)
    assert "voi-0629" in text  # the two most alike messages of other verdicts
    assert 'title="positive_request"' in text
    assert "AUROC of length and punctuation alone" in text


def test_a_few_messages_of_ones_own_can_be_looked_at(tmp_path: Path) -> None:
    lines = (ROOT / "data" / "messages" / "start-voices.jsonl").read_text("utf-8").splitlines()
    (tmp_path / "own.jsonl").write_text("\n".join(lines[:3]), "utf-8")
    paths = {"messages": "own.jsonl", "labels": "", "data": "", "run": ""}
    (tmp_path / "settings.toml").write_text(SETTINGS.format(**paths), "utf-8")
    done = notebooks.execute(notebooks.read(ROOT / "notebooks" / "01_messages.ipynb"), tmp_path)
    assert "3 messages" in shown(done.cells[1])


def test_explanations(run: Run) -> None:
    text = run("02_explanations.ipynb")
    assert (text.count("<figure>"), text.count("<warning>")) == (7, 0)
    assert "reviewguard-tiny" in text
    assert "profile amazon" in text
    assert "ece_before" in text


def test_retraining(run: Run, tiny_model_dir: Path) -> None:
    served = (tiny_model_dir / "config.json").read_bytes()
    text = run("03_retraining.ipynb")
    assert "Warning" not in text
    assert "{'labelled': 1, 'skipped': 1, 'left': 2}" in text
    assert "not decided" in text
    assert "the known label stays" in text
    assert "1 [order-id]" in text
    assert "# tiny+1 beside tiny" in text
    assert "rollback" in text
    assert (tiny_model_dir / "config.json").read_bytes() == served


def test_what_mlflow_is_told_stays_in_the_sandbox(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://elsewhere")
    box = sandbox.open_sandbox(notebook_settings(folder / "settings.toml"))
    here = Path.cwd()
    with pytest.raises(RuntimeError), box.tracked():
        inside = (Path.cwd(), os.environ["MLFLOW_TRACKING_URI"])
        raise RuntimeError
    assert inside == (box.folder, f"sqlite:///{box.folder / 'mlflow.db'}")
    assert (Path.cwd(), os.environ["MLFLOW_TRACKING_URI"]) == (here, "http://elsewhere")
    box.close()
    assert list(tmp_path.iterdir()) == []


def test_without_a_run_a_small_model_is_trained(
    folder: Path, tmp_path: Path, tiny_run: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def train(config: Any, data: Path, run: Path, out: Path, **options: Any) -> None:
        asked.extend([config.base_model, sorted(path.name for path in data.iterdir()), options["version"]])
        shutil.copytree(tiny_run / "weights", run / "weights")
        shutil.copytree(tiny_run / "model", out)

    monkeypatch.setattr(sandbox, "train", train)
    monkeypatch.setattr(sandbox, "ModelStore", partial(ModelStore, sync=silent_sync))
    settings = notebook_settings(folder / "settings.toml")
    values = {name: getattr(settings, name) for name in NotebookSettings.__slots__ if name != "run"}
    box = sandbox.Sandbox(tmp_path, NotebookSettings(**values))
    champion = box.first_champion()
    files = ["report.json", "test.parquet", "train.parquet", "validation.parquet"]
    assert asked == [str(tiny_base), files, "notebook"]
    assert champion.aliases == ("champion",)
    assert champion.weights is not None
    assert box.job.places.labels == tmp_path / "labels"
