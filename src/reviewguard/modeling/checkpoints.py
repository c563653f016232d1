"""The Trainer's checkpoints: found whole or not at all, and deleted in one step each.

The Trainer writes a checkpoint file by file, `trainer_state.json` last, and deletes file by file. A process killed
meanwhile leaves a folder that looks like a checkpoint and that no training can go on from.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

WEIGHTS = "model.safetensors"
_NAME = re.compile(r"checkpoint-(\d+)")
_STATE = "trainer_state.json"
_NEEDED = (WEIGHTS, "optimizer.pt", "scheduler.pt", "rng_state*.pth")
_REMOVED = ".removed-"


def last_checkpoint(folder: Path) -> Path | None:
    """The latest checkpoint that training can go on from; what a killed process left broken is deleted."""
    for remains in folder.glob(f"{_REMOVED}*"):
        shutil.rmtree(remains)
    checkpoints = latest_first(folder)
    whole = [checkpoint for checkpoint in checkpoints if _is_whole(checkpoint)]
    for checkpoint in checkpoints:
        if checkpoint not in whole:
            _remove(checkpoint)
    return whole[0] if whole else None


def remove_checkpoints(folder: Path) -> None:
    """Delete all checkpoints, the latest first: after a kill, training goes on from an earlier one to the same end."""
    for checkpoint in latest_first(folder):
        _remove(checkpoint)


def latest_first(folder: Path) -> list[Path]:
    """All checkpoints, broken ones too."""
    steps = {path: int(m[1]) for path in folder.glob("checkpoint-*") if (m := _NAME.fullmatch(path.name))}
    return sorted(steps, key=lambda path: steps[path], reverse=True)


def _is_whole(checkpoint: Path) -> bool:
    try:
        json.loads((checkpoint / _STATE).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return all(any(file.stat().st_size for file in checkpoint.glob(name)) for name in _NEEDED)


def _remove(checkpoint: Path) -> None:
    """Under another name first, so that no half-deleted folder is taken for a checkpoint."""
    doomed = checkpoint.with_name(f"{_REMOVED}{checkpoint.name}")
    shutil.rmtree(doomed, ignore_errors=True)
    checkpoint.rename(doomed)
    shutil.rmtree(doomed)
