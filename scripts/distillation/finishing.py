"""From a student's weights to the folder of a finished run, which `reviewguard export` takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models import load_weights
from windows import TYPES

from reviewguard.curation.storage import load_splits, stored_digest
from reviewguard.modeling.base_model import resolve_base_model
from reviewguard.modeling.config import TrainConfig
from reviewguard.modeling.evidence_model import EvidenceModel
from reviewguard.modeling.provenance import git_state
from reviewguard.modeling.runs import FinishedRun, write_run
from reviewguard.modeling.trainer import TrainedModel, load_tokenizer
from reviewguard.training import finished_run, run_facts

TEACHER = {
    "teacher": "sentence-transformers/all-mpnet-base-v2",
    "teacher_sha256": "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
}


def finish(
    weights: Path,
    config: TrainConfig,
    data_dir: Path,
    out: Path,
    *,
    version: str,
    seconds: float,
    taught_by: Mapping[str, Any] | None,
    started_from: Path | None = None,
) -> None:
    """Write the folder of a finished run.

    Args:
        weights: file of the student's weights without word vectors, in any precision.
        config: of the base model, which gives the word vectors, and of the head.
        data_dir: splits that the student was trained on.
        out: folder to write.
        taught_by: what is said of the teachers beside their base; None where no larger model taught.
        started_from: folder of a model, or of a run, whose weights the student began with; None for the base's.
        seconds: that it was trained for.

    Raises:
        ModelError: the weights are not those of such a model.
    """
    model = EvidenceModel.from_base(resolve_base_model(config.base_model), config.head_config(TYPES))
    load_weights(model, weights)
    trained = TrainedModel(model.eval(), load_tokenizer(config.base_model), (), seconds)
    splits = load_splits(data_dir)
    earlier = finished_run(started_from) if started_from else None
    facts = run_facts(config, splits, splits["train"], stored_digest(data_dir), earlier) | {
        "version": version,
        "run_id": "",
        "commit": str(git_state()),
        "seconds": trained.seconds,
        "taught_by": {**TEACHER, **taught_by} if taught_by else None,
    }
    write_run(out, FinishedRun(config, facts, trained))
