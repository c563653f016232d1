"""Does the shipped int8 model say what the trained torch model says?

    python benchmarks/int8_agreement.py runs/0.1.0 --model models/default --measure-on messages.jsonl

Prints, for the test split and each further file of labelled messages: the share with the same verdict, of three;
both models' AUROC; the correlation of token evidence (over all types and messages); and how far a message's
probability moves with the batch it is in, which must be nought.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from reviewguard.inference.classifier import Classifier
from reviewguard.inference.model_folder import TOKENIZER_FILE, from_parts, load
from reviewguard.modeling.evidence_model import EvidenceModel
from reviewguard.modeling.runs import WEIGHTS
from reviewguard.modeling.scorer import broken, scored_probabilities
from reviewguard.modeling.torch_backend import TorchBackend
from reviewguard.policy import load_policy
from reviewguard.readers.labelled import read_labelled
from reviewguard.schema import LabelledMessage, Message

ALONE = 200
"""Messages that are also scored one by one."""


def main() -> None:
    """Measure and print as JSON."""
    arguments = _arguments()
    int8 = load(arguments.model)
    weights = EvidenceModel.from_pretrained(arguments.run / WEIGHTS)
    fp32 = from_parts(TorchBackend(weights), arguments.model / TOKENIZER_FILE, int8.settings)
    files = [arguments.data / "test.parquet", *arguments.measure_on]
    print(json.dumps({file.stem: _compare(int8, fp32, read_labelled(file)) for file in files}, indent=2))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder of the training run, with its torch weights")
    parser.add_argument("--model", type=Path, default=Path("models/default"))
    parser.add_argument("--data", type=Path, default=Path("build/data"))
    parser.add_argument("--measure-on", type=Path, action="append", default=[], help="labelled messages")
    return parser.parse_args()


def _compare(int8: Classifier, fp32: Classifier, examples: list[LabelledMessage]) -> dict[str, float]:
    messages = [m.message for m in examples]
    ours, theirs = int8.predict(messages), fp32.predict(messages)
    violations = broken(load_policy().profile("amazon"), examples)
    probability = scored_probabilities(ours)
    alone = scored_probabilities([int8.predict([m])[0] for m in messages[:ALONE]])
    return {
        "messages": len(messages),
        "same_verdict": round(
            float(np.mean([a.verdict == b.verdict for a, b in zip(ours, theirs, strict=True)])), 4
        ),
        "auroc_int8": round(float(roc_auc_score(violations, probability)), 4),
        "auroc_fp32": round(float(roc_auc_score(violations, scored_probabilities(theirs))), 4),
        "evidence_correlation": round(_evidence_correlation(int8, fp32, messages), 4),
        "probability_moved_by_batch_max": round(float(np.abs(alone - probability[:ALONE]).max()), 6),
    }


def _evidence_correlation(int8: Classifier, fp32: Classifier, messages: list[Message]) -> float:
    """Pearson correlation of all token evidence, every type, over all messages."""
    pairs = zip(int8.token_evidence(messages), fp32.token_evidence(messages), strict=True)
    ours, theirs = zip(*[(a.ravel(), b.ravel()) for a, b in pairs], strict=True)
    return float(np.corrcoef(np.concatenate(ours), np.concatenate(theirs))[0, 1])


if __name__ == "__main__":
    main()
