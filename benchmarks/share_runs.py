"""Trains `train.toml` with some values changed, for benchmarks that keep their finished runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reviewguard.curation.storage import stored_digest
from reviewguard.modeling.config import TrainConfig, load_config
from reviewguard.modeling.runs import read_run


def train_once(run: Path, data: Path, values: Mapping[str, Any]) -> Path:
    """The model folder of a run; trained now unless it is there.

    Args:
        values: configuration keys that differ from `train.toml`.

    Raises:
        SystemExit: the run that is there is of another configuration or of other data.
    """
    if (run / "model" / "config.json").is_file():
        _check(
            run, data, load_config(Path("train.toml"), [f"{key}={value}" for key, value in values.items()])
        )
    else:
        sets = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
        where = ["--config", "train.toml", "--data", str(data), "--run", str(run), "--bootstrap", "0"]
        subprocess.run([sys.executable, "-m", "reviewguard", "train", *where, *sets], check=True)
    return run / "model"


def _check(run: Path, data: Path, config: TrainConfig) -> None:
    found = read_run(run)
    if found is None or (found.config, found.facts["data_digest"]) != (config, stored_digest(data)):
        sys.exit(f"{run} was trained otherwise, or on other data: move it away, or take other --runs")
