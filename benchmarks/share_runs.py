"""Trains `train.toml` with some values changed, for benchmarks that keep their finished runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def train_once(run: Path, data: Path, values: Mapping[str, Any]) -> Path:
    """The model folder of a run; trained now unless it is there.

    Args:
        values: configuration keys that differ from `train.toml`.
    """
    if not (run / "model" / "config.json").is_file():
        sets = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
        where = ["--config", "train.toml", "--data", str(data), "--run", str(run), "--bootstrap", "0"]
        subprocess.run([sys.executable, "-m", "reviewguard", "train", *where, *sets], check=True)
    return run / "model"
