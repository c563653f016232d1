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
import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from reviewguard.inference.classifier import Classifier
from reviewguard.inference.model_folder import load
from reviewguard.modeling.spans import Marks, marked_words, token_f1
from reviewguard.policy import load_policy
from reviewguard.readers.labelled import read_labelled
from reviewguard.schema import LabelledMessage, Message, Verdict

PROFILE = "amazon"
STABLE = 0.9
_MISTYPED = re.compile(r"[^\W\d_]{4,}")


def main() -> None:
    """Measure, print and write."""
    arguments = _arguments()
    result = measure(load(arguments.model), read_labelled(arguments.measure_on))
    text = json.dumps({"messages": arguments.measure_on.name, **result}, indent=2) + "\n"
    print(text)
    if arguments.out:
        arguments.out.write_text(text, "utf-8")


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
        "stable": _stable(classifier, messages, proven),
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


def _stable(
    classifier: Classifier, messages: Sequence[LabelledMessage], verdicts: Sequence[Verdict]
) -> dict[str, float]:
    rng = random.Random(1)
    typed = [_mistyped(m, v, rng) for m, v in zip(messages, verdicts, strict=True)]
    changed = [(message, v) for message, v in zip(typed, verdicts, strict=True) if message]
    again = classifier.predict([message for message, _ in changed], profile=PROFILE)
    overlaps = [_overlap(v, w) for (_, v), w in zip(changed, again, strict=True)]
    return {"messages": len(changed), "stay": _mean(overlap >= STABLE for overlap in overlaps)}


def _mistyped(message: LabelledMessage, verdict: Verdict, rng: random.Random) -> Message | None:
    """Two letters swapped in one of twelve words, unmarked ones alone; None where all are marked."""
    text = message.text
    free = [m for m in _MISTYPED.finditer(text) if not _touches(m.span(), verdict.evidence)]
    for word in rng.sample(free, min(len(free), 1 + len(text.split()) // 12)):
        at = rng.randrange(word.start(), word.end() - 1)
        text = f"{text[:at]}{text[at + 1]}{text[at]}{text[at + 2 :]}"
    return None if text == message.text else replace(message.message, text=text)


def _touches(span: tuple[int, int], marks: Iterable[Any]) -> bool:
    return any(mark.start < span[1] and mark.end > span[0] for mark in marks)


def _overlap(first: Verdict, second: Verdict) -> float:
    """Shared part of two verdicts' marks on texts of the same words, 0–1."""
    ours, theirs = (_marks(v.text, v.evidence) for v in (first, second))
    return float((ours & theirs).sum() / max((ours | theirs).sum(), 1))


def _mean(values: Iterable[Any]) -> float:
    found = [float(value) for value in values]
    return float(np.mean(found)) if found else 0.0


if __name__ == "__main__":
    main()
