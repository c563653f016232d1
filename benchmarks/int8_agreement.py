"""Does the shipped int8 model say what the trained torch model says?

    python benchmarks/int8_agreement.py runs/0.1.0 --model models/default --data build/data

Prints, for the test split: the share of messages with the same verdict, the correlation of token evidence (over
all types and messages), and how far a message's probability moves with the batch it is in
(dynamic quantisation scales activations by batch).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from reviewguard.curation.storage import load_splits
from reviewguard.inference.classifier import Classifier
from reviewguard.inference.model_folder import TOKENIZER_FILE, from_parts, load
from reviewguard.modeling.evidence_model import EvidenceModel
from reviewguard.modeling.torch_backend import TorchBackend
from reviewguard.schema import Message
from reviewguard.training import WEIGHTS


def main() -> None:
    """Measure and print as JSON."""
    arguments = _arguments()
    int8 = load(arguments.model)
    weights = EvidenceModel.from_pretrained(arguments.run / WEIGHTS)
    fp32 = from_parts(TorchBackend(weights), arguments.model / TOKENIZER_FILE, int8.settings)
    messages = [m.message for m in load_splits(arguments.data)["test"]]
    ours, theirs = int8.predict(messages), fp32.predict(messages)
    same = [a.verdict == b.verdict for a, b in zip(ours, theirs, strict=True)]
    alone = np.array([int8.predict([m])[0].probability for m in messages[:200]], dtype=np.float64)
    together = np.array([v.probability for v in ours[:200]], dtype=np.float64)
    figures = {
        "messages": len(messages),
        "same_verdict": round(float(np.mean(same)), 4),
        "evidence_correlation": round(_evidence_correlation(int8, fp32, messages), 4),
        "probability_moved_by_batch_max": round(float(np.abs(alone - together).max()), 4),
        "probability_moved_by_batch_mean": round(float(np.abs(alone - together).mean()), 5),
    }
    print(json.dumps(figures, indent=2))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder of the training run, with its torch weights")
    parser.add_argument("--model", type=Path, default=Path("models/default"))
    parser.add_argument("--data", type=Path, default=Path("build/data"))
    return parser.parse_args()


def _evidence_correlation(int8: Classifier, fp32: Classifier, messages: list[Message]) -> float:
    """Pearson correlation of all token evidence, every type, over all messages."""
    pairs = zip(int8.token_evidence(messages), fp32.token_evidence(messages), strict=True)
    ours, theirs = zip(*[(a.ravel(), b.ravel()) for a, b in pairs], strict=True)
    return float(np.corrcoef(np.concatenate(ours), np.concatenate(theirs))[0, 1])


if __name__ == "__main__":
    main()
