"""Do the marked words decide? They are taken out, and what is left is scored.

    python benchmarks/removal.py --model models/default --measure-on build/data/test.parquet --out docs/removal.json

For the violations that the model catches, it writes: the share of words that people marked, that the model marks,
and that it finds to be enough; how often the verdict falls without them (below the profile's threshold, and to
"compliant"); word F1 of the marks against people's; how many verdicts fall without some of the buyer's words; how
often the marks stay where they are (IOU of at least 0.9) when unmarked words are mistyped; and processor time.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from reviewguard.classifier_scorer import ClassifierScorer
from reviewguard.files import write_json
from reviewguard.inference.classifier import Classifier
from reviewguard.inference.model_folder import load
from reviewguard.modeling.scorer import observe
from reviewguard.modeling.shipped_words import unchanged_by_typos
from reviewguard.modeling.spans import Marks, marked_words, token_f1
from reviewguard.policy import load_policy
from reviewguard.readers.labelled import read_labelled
from reviewguard.schema import LabelledMessage, Verdict

PROFILE = "amazon"
SEED = 13


def main() -> None:
    """Measure, print and write."""
    arguments = _arguments()
    found = measure(load(arguments.model), read_labelled(arguments.measure_on))
    result = {"messages": arguments.measure_on.name, **found}
    print(json.dumps(result, indent=2))
    if arguments.out:
        write_json(arguments.out, result)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=Path("models/default"))
    parser.add_argument("--measure-on", type=Path, default=Path("build/data/test.parquet"))
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def measure(classifier: Classifier, examples: Sequence[LabelledMessage]) -> dict[str, Any]:
    """All figures, on caught violations."""
    rules = load_policy().profile(PROFILE)
    broken = [m for m in examples if rules.is_broken(m.types)]
    cuts = classifier.settings.profiles[PROFILE]
    verdicts, predicting = _timed(lambda: classifier.predict([m.message for m in broken], profile=PROFILE))
    caught = [(m, v) for m, v in zip(broken, verdicts, strict=True) if (v.probability or 0) >= cuts.threshold]
    messages, verdicts = [m for m, _ in caught], [v for _, v in caught]
    proven, proving = _timed(lambda: classifier.prove([m.message for m in messages], verdicts))
    return {
        "model": classifier.model,
        "caught": len(caught),
        "milliseconds": {"verdict": predicting / len(broken), "proof": proving / len(caught)},
        "people": _marked_by_people(messages),
        "marked": _marked(messages, proven, cuts.threshold, cuts.lower),
        "enough": _enough(proven, cuts.lower),
        "buyer": _buyer(messages, proven),
        "stable": _stable(ClassifierScorer(classifier, classifier.model, PROFILE), broken),
    }


def _timed(work: Callable[[], list[Verdict]]) -> tuple[list[Verdict], float]:
    start = process_time()
    return work(), 1000 * (process_time() - start)


def _marks(text: str, spans: Iterable[Any]) -> Marks:
    return marked_words(text, [(s.start, s.end) for s in spans])


def _marked_by_people(messages: Sequence[LabelledMessage]) -> dict[str, float]:
    return {"words": _mean(_marks(m.text, m.rationale).mean() for m in messages if m.rationale)}


def _marked(
    messages: Sequence[LabelledMessage], verdicts: Sequence[Verdict], threshold: float, lower: float
) -> dict[str, float]:
    marks = [_marks(v.text, v.evidence) for v in verdicts]
    left = np.array([v.without_evidence or 0.0 for v in verdicts])
    pairs = [(marks[i], _marks(m.text, m.rationale)) for i, m in enumerate(messages) if m.rationale]
    return {
        "words": _mean(m.mean() for m in marks),
        "falls": float((left < threshold).mean()),
        "compliant": float((left < lower).mean()),
        "word_f1": _mean(token_f1(*pair) for pair in pairs),
    }


def _enough(verdicts: Sequence[Verdict], lower: float) -> dict[str, float]:
    """Where no set is enough, all marked words count as taken."""
    quotes: list[Sequence[Any]] = [v.decisive.words if v.decisive else v.evidence for v in verdicts]
    return {
        "words": _mean(_marks(v.text, words).mean() for v, words in zip(verdicts, quotes, strict=True)),
        "falls": _mean(v.decisive is not None for v in verdicts),
        "compliant": _mean(v.decisive is not None and v.decisive.probability < lower for v in verdicts),
        "count": _mean(_marks(v.text, words).sum() for v, words in zip(verdicts, quotes, strict=True)),
        "phrases": _mean(len(words) for words in quotes),
    }


def _buyer(messages: Sequence[LabelledMessage], verdicts: Sequence[Verdict]) -> dict[str, float]:
    asked = [(m.previous or "", v.buyer) for m, v in zip(messages, verdicts, strict=True) if m.previous]
    shares = [_marks(text, proof.words).mean() for text, proof in asked if proof]
    return {"answers": len(asked), "depend": len(shares), "words": _mean(shares)}


def _stable(scorer: ClassifierScorer, examples: Sequence[LabelledMessage]) -> dict[str, float]:
    """Share of messages whose marks stay as they are, as `evaluate --explanations` counts it."""
    observed = observe(scorer, examples, load_policy().profile(PROFILE))
    stay = unchanged_by_typos(scorer, observed, SEED)
    known = stay[~np.isnan(stay)]
    return {"messages": len(known), "stay": _mean(known)}


def _mean(values: Iterable[Any]) -> float:
    found = [float(value) for value in values]
    return float(np.mean(found)) if found else 0.0


if __name__ == "__main__":
    main()
