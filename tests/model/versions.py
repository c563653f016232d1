"""Versions of the tiny model that differ in what they say."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from reviewguard.retraining.store import ModelStore
from reviewguard.retraining.stored import StoredModel

PASSED = {"gate": "passed"}


def make_version(source: Path, folder: Path, version: str, *, bias: float = 0.0, **cuts: float) -> Path:
    """A copy of a model folder under another version, with probabilities and thresholds moved."""
    shutil.copytree(source, folder)
    config = folder / "config.json"
    values = json.loads(config.read_text("utf-8"))
    values["version"] = version
    values["profiles"]["amazon"]["calibration"]["bias"] += bias
    values["profiles"]["amazon"] |= cuts
    config.write_text(json.dumps(values), "utf-8")
    return folder


def silent_sync(champion: StoredModel, challenger: StoredModel | None) -> tuple[str, ...]:
    """No registry but the store itself."""
    return ()


def make_store(source: Path, folder: Path, *others: str) -> ModelStore:
    """A store whose champion is version "1", with further versions that say other things."""
    make_version(source, folder / "models" / "default", "1")
    store = ModelStore(folder / "models", sync=silent_sync)
    for number, version in enumerate(others, 1):
        store.add(make_version(source, folder / f"made-{version}", version, bias=number), None, PASSED)
    return store
