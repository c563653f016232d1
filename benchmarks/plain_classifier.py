"""What one would write oneself: a plain classifier on the encoder that the shipped model was fine-tuned from."""

from __future__ import annotations

import platform
from pathlib import Path


def write_pipeline_model(folder: Path) -> None:
    """The encoder with a plain classification head, one label a type."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from reviewguard.modeling.base_model import PACKAGED, resolve_base_model
    from reviewguard.policy import load_policy

    encoder = resolve_base_model(PACKAGED)
    labels = dict(enumerate(load_policy().types))
    model = AutoModelForSequenceClassification.from_pretrained(
        encoder, num_labels=len(labels), id2label=labels
    )
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(encoder).save_pretrained(folder)


def processor() -> str:
    """The processor's name, where Linux tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    return next(
        (n.partition(":")[2].strip() for n in lines if n.startswith("model name")), platform.machine()
    )
