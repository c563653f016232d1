"""Where a retraining keeps what it has finished, so that one that was cut off goes on."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from reviewguard.files import write_json
from reviewguard.folders import replace_folder
from reviewguard.modeling.evidence_model import EvidenceModel
from reviewguard.modeling.trainer import TrainedModel

STATE, RUN = "state.json", "run.json"


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
        return self.folder / "weights"

    @property
    def model(self) -> Path:
        """The exported model folder."""
        return self.folder / "model"

    def keep(self, trained: TrainedModel, run: Mapping[str, Any]) -> None:
        """Store a finished training; it counts as finished once `run.json` is there."""
        part = self.folder / ".weights"
        shutil.rmtree(part, ignore_errors=True)
        trained.model.save_pretrained(part)
        trained.tokenizer.save(str(part / "tokenizer.json"))
        replace_folder(part, self.weights)
        write_json(self.folder / RUN, run)

    def finished(self) -> tuple[TrainedModel, dict[str, Any]] | None:
        """The stored training and its `run.json`; None where it is still to be done."""
        run = _read(self.folder / RUN)
        if not run:
            return None
        tokenizer = Tokenizer.from_file(str(self.weights / "tokenizer.json"))
        model = EvidenceModel.from_pretrained(self.weights).eval()
        return TrainedModel(model, tokenizer, (), run["facts"]["seconds"]), run

    def clear(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}
