"""Where a retraining keeps what it has finished, so that one that was cut off goes on."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from reviewguard.errors import InputError
from reviewguard.files import FULL, write_json
from reviewguard.modeling.checkpoints import remove_checkpoints
from reviewguard.modeling.config import TrainConfig
from reviewguard.modeling.runs import WEIGHTS, FinishedRun, read_run, write_run
from reviewguard.modeling.trainer import TrainedModel

STATE = "state.json"
_NOT_WRITTEN = ("Error while serializing", "PytorchStreamWriter", "unexpected pos")
"""What safetensors and torch say where they could not write; their errors have no number."""


@dataclass(frozen=True, slots=True)
class Work:
    """The folder of one challenger.

    Attributes:
        version: what the challenger is called, from the first start on.
    """

    folder: Path
    version: str

    @classmethod
    def open(cls, folder: Path, inputs: Mapping[str, Any], version: str) -> Work:
        """Take up the work on these inputs, or clear the folder for a new one.

        Args:
            inputs: everything that decides the challenger, as JSON.
            version: of a new challenger.
        """
        text = json.dumps(inputs, sort_keys=True, default=str)
        fingerprint = hashlib.sha256(text.encode()).hexdigest()
        known = _read(folder / STATE)
        if known.get("inputs") == fingerprint:
            return cls(folder, known["version"])
        # First, so that what a kill leaves of the rest counts for nothing.
        (folder / STATE).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        write_json(folder / STATE, {"inputs": fingerprint, "version": version})
        return cls(folder, version)

    @property
    def checkpoints(self) -> Path:
        """The Trainer's folder."""
        return self.folder / "checkpoints"

    @property
    def weights(self) -> Path:
        """Torch weights and tokenizer of a finished training; `run.json` lies beside it."""
        return self.folder / WEIGHTS

    @property
    def model(self) -> Path:
        """The exported model folder."""
        return self.folder / "model"

    def keep(self, trained: TrainedModel, config: TrainConfig, facts: Mapping[str, Any]) -> FinishedRun:
        """Store a finished training; it counts as finished once `run.json` is there."""
        run = FinishedRun(config, facts, trained)
        write_run(self.folder, run)
        remove_checkpoints(self.checkpoints)
        return run

    def finished(self) -> FinishedRun | None:
        """The stored training; None where it is still to be done."""
        return read_run(self.folder)

    def clear(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """A full disk in the user's words; other errors, such as those of a base model that is missing, stay theirs.

    Raises:
        InputError: the disk is full.
    """
    try:
        yield
    except (OSError, SafetensorError, RuntimeError) as error:
        if getattr(error, "errno", None) not in FULL and not any(s in str(error) for s in _NOT_WRITTEN):
            raise
        raise InputError(
            f"the disk of {folder}, or that of temporary files in {tempfile.gettempdir()}, is full",
            fix="free space, and run the same command again, which goes on",
        ) from error


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}
