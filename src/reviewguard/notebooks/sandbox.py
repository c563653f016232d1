"""A folder that is gone afterwards, in which a notebook labels, trains and promotes as one would in earnest."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path

from transformers.utils.logging import disable_progress_bar

from reviewguard.curation.pipeline import build
from reviewguard.curation.storage import read_frozen
from reviewguard.modeling.config import load_config
from reviewguard.modeling.runs import WEIGHTS
from reviewguard.notebooks.settings import NotebookSettings
from reviewguard.retraining.config import load_settings
from reviewguard.retraining.data import Places
from reviewguard.retraining.report import RetrainReport
from reviewguard.retraining.round import SPLIT_SEED, RetrainJob
from reviewguard.retraining.store import ModelStore
from reviewguard.retraining.stored import StoredModel
from reviewguard.training import train

VERSION = "notebook"
BOOTSTRAP = 200
"""Resamples for the intervals of each model's figures."""
_ADDRESS = "MLFLOW_TRACKING_URI"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Models, labels and an MLflow store of its own; the files that the settings name are only read.

    Attributes:
        folder: holds everything.
    """

    folder: Path
    settings: NotebookSettings

    @property
    def store(self) -> ModelStore:
        """The versions of the model."""
        return ModelStore(self.folder / "models")

    @property
    def labels(self) -> Path:
        """Where `add` puts labels."""
        return self.folder / "labels"

    @property
    def journal(self) -> Path:
        """Where `label` writes what a person decides."""
        return self.folder / "decisions.jsonl"

    @property
    def job(self) -> RetrainJob:
        """A retraining on the settings' messages and the labels added here."""
        places = Places(self.settings.messages, self.labels, self.settings.splits)
        return RetrainJob(places, load_settings(self.settings.retraining), bootstrap=BOOTSTRAP)

    @contextmanager
    def tracked(self) -> Iterator[None]:
        """Keep what MLflow is told in this folder, for as long as this lasts."""
        before = os.environ.get(_ADDRESS)
        os.environ[_ADDRESS] = f"sqlite:///{self.folder / 'mlflow.db'}"
        try:
            with chdir(self.folder):  # where MLflow puts the files of such a store
                yield
        finally:
            del os.environ[_ADDRESS]
            if before is not None:
                os.environ[_ADDRESS] = before

    def first_champion(self) -> StoredModel:
        """Serve the settings' run; without one, train a small model as `retraining` says in `full`."""
        with self.tracked():
            run = self.settings.run or self._train()
            model = self.store.add(run / "model", run / WEIGHTS, {})
            return self.store.promote(model.version, by="notebook", reason="the first model").champion

    def _train(self) -> Path:
        run, data = self.folder / "run", self.folder / "data"
        build(self.settings.messages, data, SPLIT_SEED, read_frozen(self.settings.splits))
        config = load_config(load_settings(self.settings.retraining).full)
        train(config, data, run, run / "model", version=VERSION, bootstrap=BOOTSTRAP)
        return run

    def close(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder)


def open_sandbox(settings: NotebookSettings) -> Sandbox:
    """A new sandbox; from now on libraries show no bars and report problems only."""
    disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    return Sandbox(Path(tempfile.mkdtemp(prefix="reviewguard-notebook-")), settings)


def nobody(report: RetrainReport) -> bool:
    """Agrees to no promotion: the report is read first."""
    return False
