"""The folder of a finished training: torch weights, tokenizer, configuration and facts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from reviewguard.modeling.config import TrainConfig, config_from
from reviewguard.modeling.evidence_model import EvidenceModel
from reviewguard.modeling.trainer import TrainedModel

RUN, WEIGHTS, TOKENIZER = "run.json", "weights", "tokenizer.json"


@dataclass(frozen=True, slots=True, eq=False)
class FinishedRun:
    """A training that came to its end.

    Attributes:
        facts: what `config.json` of its model says of it.
    """

    config: TrainConfig
    facts: Mapping[str, Any]
    trained: TrainedModel

    @property
    def lineage(self) -> dict[str, Any]:
        """What a model that begins with these weights must say about them."""
        return lineage(self.facts)


def lineage(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a model that begins with the weights of a training must say of it, from that training's facts."""
    names = ("version", "run_id", "data_digest", "taught_by", "started_from")
    return {name: facts.get(name) for name in names}


def taught_by(facts: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The teachers of a training, or of the nearest one before it whose weights it began with; None without any."""
    while facts:
        if told := facts.get("taught_by"):
            return dict(told)
        facts = facts.get("started_from")
    return None


def read_run(folder: Path) -> FinishedRun | None:
    """The finished training in a folder; None where there is none."""
    if not (folder / RUN).is_file():
        return None
    stored = json.loads((folder / RUN).read_text("utf-8"))
    weights, facts = folder / WEIGHTS, stored["facts"]
    model = EvidenceModel.from_pretrained(weights).eval()
    tokenizer = Tokenizer.from_file(str(weights / TOKENIZER))
    return FinishedRun(
        config_from(stored["config"]), facts, TrainedModel(model, tokenizer, (), facts["seconds"])
    )


def write_weights(trained: TrainedModel, folder: Path) -> None:
    """Write weights and tokenizer into a folder."""
    trained.model.save_pretrained(folder)
    trained.tokenizer.save(str(folder / TOKENIZER))


def run_record(config: TrainConfig, facts: Mapping[str, Any], trained: TrainedModel) -> dict[str, Any]:
    """What `run.json` holds."""
    return {"config": config.to_dict(), "facts": dict(facts), "history": trained.history}
