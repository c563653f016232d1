"""The folder of a finished training: torch weights, tokenizer, configuration and facts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from reviewguard.errors import ModelError, UserError
from reviewguard.files import write_json
from reviewguard.folders import replace_folder
from reviewguard.modeling.config import TrainConfig, typed
from reviewguard.modeling.evidence_model import EvidenceModel
from reviewguard.modeling.trainer import TrainedModel

RUN, WEIGHTS, TOKENIZER = "run.json", "weights", "tokenizer.json"
_RETIRED = {"pooling", "label_smoothing", "average_last"}
"""What runs up to 0.11.0 recorded of their training and nothing reads any more."""


@dataclass(frozen=True, slots=True, eq=False)
class FinishedRun:
    """A training that came to its end.

    Attributes:
        facts: what `config.json` of its model says of it.
    """

    config: TrainConfig
    facts: Mapping[str, Any]
    trained: TrainedModel


def lineage(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a model that begins with the weights of a training must say of it, from that training's facts."""
    names = ("version", "run_id", "data_digest", "taught_by", "started_from")
    return {name: facts.get(name) for name in names}


def taught_by(facts: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The teachers of a training, or of the nearest one before it whose weights it began with; None without any.

    Of an earlier one with its `version`.
    """
    earlier: dict[str, Any] = {}
    while facts:
        if told := facts.get("taught_by"):
            return dict(told) | earlier
        facts = facts.get("started_from")
        earlier = {"version": facts["version"]} if facts else {}
    return None


def read_run(folder: Path) -> FinishedRun | None:
    """The finished training in a folder; None where there is none.

    Raises:
        ModelError: its record, weights or tokenizer are missing or damaged.
        ConfigError: it is of another version, which this one cannot read.
    """
    if not (folder / RUN).is_file():
        return None
    try:
        return _read(folder)
    except UserError:
        raise
    except Exception as error:  # tokenizers raise nothing narrower
        raise ModelError(
            f"the finished run in {folder} cannot be read: {error!r}",
            expected=f"{RUN} and {WEIGHTS}/, as `reviewguard train` wrote them",
            fix=f"name another run, or delete {folder / RUN} and train again",
        ) from error


def _read(folder: Path) -> FinishedRun:
    stored = json.loads((folder / RUN).read_text("utf-8"))
    weights, facts = folder / WEIGHTS, stored["facts"]
    model = EvidenceModel.from_pretrained(weights).eval()
    tokenizer = Tokenizer.from_file(str(weights / TOKENIZER))
    trained = TrainedModel(model, tokenizer, tuple(stored.get("history", ())), facts["seconds"])
    config = typed(
        TrainConfig, {key: value for key, value in stored["config"].items() if key not in _RETIRED}
    )
    return FinishedRun(config, facts, trained)


def write_run(folder: Path, run: FinishedRun) -> None:
    """Store a finished training; it counts as finished once `run.json` is there."""
    (folder / RUN).unlink(missing_ok=True)  # it speaks of other weights
    write_weights(run.trained, folder / WEIGHTS)
    write_json(folder / RUN, run_record(run.config, run.facts, run.trained))


def write_weights(trained: TrainedModel, folder: Path) -> None:
    """Write weights and tokenizer; the folder appears whole or not at all, and replaces an earlier one."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    trained.model.save_pretrained(part)
    trained.tokenizer.save(str(part / TOKENIZER))
    replace_folder(part, folder)


def run_record(config: TrainConfig, facts: Mapping[str, Any], trained: TrainedModel) -> dict[str, Any]:
    """What `run.json` holds."""
    return {"config": config.to_dict(), "facts": dict(facts), "history": trained.history}
