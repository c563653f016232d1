"""The words that a shipped model marks: against rationales, taken out, and beside misspelt words."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from reviewguard.modeling.behaviour_text import LONGER_WORD, typos
from reviewguard.modeling.evidence_quality import (
    below_threshold,
    evidence_marks,
    evidence_spans,
    rationale_agreement,
    remove_evidence,
)
from reviewguard.modeling.metrics import Figure, estimate, families_of, weighted_mean
from reviewguard.modeling.scorer import Observed, Scorer, observe, scored_probabilities
from reviewguard.modeling.spans import Marks, Span, iou_f1, marked_words, token_f1, word_spans
from reviewguard.policy import load_policy
from reviewguard.schema import COMPLIANT, LabelledMessage, Message, Verdict
from reviewguard.text import has_words, without_spans

MISSPELT = 0.2
"""Share of the longer unmarked words that are misspelt, at least one."""
UNCHANGED = 0.9
"""IOU of marked words, before and after, from which they count as unchanged."""

Floats = NDArray[np.float64]
Prove = Callable[[Sequence[Message], Sequence[Verdict]], list[Verdict]]


def shipped_figures(
    scorer: Scorer,
    prove: Prove,
    examples: Sequence[LabelledMessage],
    *,
    seed: int,
    bootstrap: int,
) -> Mapping[str, Figure]:
    """Figures over the caught violations among these messages.

    Args:
        prove: adds the fewest words that decide to verdicts, as `Classifier.prove` does.
    """
    observed = observe(scorer, examples, load_policy().profile("amazon"))
    turned, taken = remove_evidence(scorer, observed)
    fewest_turned, fewest_cleared, fewest_taken = remove_decisive(scorer, prove, observed)
    cleared, nothing_left, sufficed = split_by_marks(scorer, observed)
    values = {
        "token_f1": rationale_agreement(observed, token_f1),
        "iou_f1": rationale_agreement(observed, iou_f1),
        "removal_turns_compliant": turned,
        "removal_says_compliant": cleared,
        "removal_words_taken": taken,
        "removal_leaves_nothing": nothing_left,
        "random_removal_turns_compliant": remove_at_random(scorer, observed, seed),
        "marks_alone_flagged": sufficed,
        "decisive_turns_compliant": fewest_turned,
        "decisive_says_compliant": fewest_cleared,
        "decisive_words_taken": fewest_taken,
        "unchanged_by_typos": unchanged_by_typos(scorer, observed, seed),
    }
    statistics = {name: weighted_mean(numbers) for name, numbers in values.items()}
    return estimate(statistics, families_of(examples), seed=seed, bootstrap=bootstrap)


def split_by_marks(scorer: Scorer, observed: Observed) -> tuple[Floats, Floats, Floats]:
    """Judge what is left of every caught violation without its marked words, and these words alone.

    Returns:
        Whether the verdict on the rest is compliant, as it is on a rest without a word, whether the rest is without a
        word, and whether the marked words alone are flagged: 1 or 0, all NaN for messages that are not caught
        violations, shape `(messages,)`.
    """
    cleared, nothing_left, sufficed = (np.full(len(observed.examples), np.nan) for _ in range(3))
    caught = np.flatnonzero(observed.caught).tolist()
    messages = [observed.examples[index].message for index in caught]
    spans = [evidence_spans(observed, index) for index in caught]
    rests = [without_spans(m.text, s) for m, s in zip(messages, spans, strict=True)]
    texts = [*rests, *(_marked_alone(m.text, s) for m, s in zip(messages, spans, strict=True))]
    verdicts = scorer.predict([replace(m, text=t) for m, t in zip(messages * 2, texts, strict=True)])
    without, alone = verdicts[: len(caught)], verdicts[len(caught) :]
    cleared[caught] = [_is_clear(verdict, rest) for verdict, rest in zip(without, rests, strict=True)]
    nothing_left[caught] = [not has_words(rest) for rest in rests]
    sufficed[caught] = scored_probabilities(alone) >= scorer.threshold
    return cleared, nothing_left, sufficed


def _is_clear(verdict: Verdict, text: str) -> bool:
    return verdict.verdict == COMPLIANT or not has_words(text)


def _marked_alone(text: str, spans: Sequence[Span]) -> str:
    """The marked words in their order, each once: types mark the same words."""
    words = zip(word_spans(text), marked_words(text, spans), strict=True)
    return " ".join(text[start:end] for (start, end), marked in words if marked)


def remove_at_random(scorer: Scorer, observed: Observed, seed: int) -> Floats:
    """What taking out words does by itself: from every caught violation as many are taken as are marked, at random.

    Returns:
        Whether the rest is below the scorer's threshold, as an empty one is: 1 or 0, NaN for messages that are not
        caught violations, shape `(messages,)`.
    """
    rng = random.Random(seed)
    rests = {}
    for index in np.flatnonzero(observed.caught).tolist():
        text, marks = observed.examples[index].text, evidence_marks(observed, index)
        drawn = sorted(rng.sample(word_spans(text), int(marks.sum())))
        rests[index] = without_spans(text, drawn)
    return below_threshold(scorer, observed, rests)


def remove_decisive(scorer: Scorer, prove: Prove, observed: Observed) -> tuple[Floats, Floats, Floats]:
    """Take the fewest words that decide out of every caught violation and judge what is left.

    Returns:
        Whether the rest is below the scorer's threshold, and whether its verdict is compliant (1 or 0; 0 where no such
        words were found), and the share of words taken (NaN there), all NaN for messages that are not caught
        violations, shape `(messages,)`.
    """
    turned, cleared, taken = (np.full(len(observed.examples), np.nan) for _ in range(3))
    caught = np.flatnonzero(observed.caught).tolist()
    turned[caught] = cleared[caught] = 0.0
    messages = [observed.examples[i].message for i in caught]
    proven = prove(messages, [observed.verdicts[i] for i in caught])
    rests: dict[int, Message] = {}
    for index, message, verdict in zip(caught, messages, proven, strict=True):
        if verdict.decisive:
            spans = [(q.start, q.end) for q in verdict.decisive.words]
            taken[index] = marked_words(message.text, spans).mean()
            rests[index] = replace(message, text=without_spans(message.text, spans))
    left = scorer.predict(list(rests.values()))
    turned[list(rests)] = scored_probabilities(left) < scorer.threshold
    cleared[list(rests)] = [_is_clear(v, m.text) for v, m in zip(left, rests.values(), strict=True)]
    return turned, cleared, taken


def unchanged_by_typos(scorer: Scorer, observed: Observed, seed: int) -> Floats:
    """Whether the same words are marked (IOU ≥ 0.9) once unmarked ones are misspelt: 1 or 0.

    NaN for messages that are not caught violations or have no longer unmarked word, shape `(messages,)`.
    """
    values = np.full(len(observed.examples), np.nan)
    changed = {}
    for index in np.flatnonzero(observed.caught).tolist():
        text = observed.examples[index].text
        misspelt = misspell_unmarked(text, evidence_marks(observed, index), seed)
        if misspelt != text:
            changed[index] = replace(observed.examples[index].message, text=misspelt)
    verdicts = scorer.predict(list(changed.values()))
    for index, message, verdict in zip(changed, changed.values(), verdicts, strict=True):
        spans = [(e.start, e.end) for e in verdict.evidence if e.type in observed.rule_types]
        after = marked_words(message.text, spans)
        values[index] = _iou(evidence_marks(observed, index), after) >= UNCHANGED
    return values


def misspell_unmarked(text: str, marks: Marks, seed: int) -> str:
    """The text with one in five of its longer unmarked words misspelt; as many words as before."""
    rng = random.Random(seed)
    unmarked = [span for span, marked in zip(word_spans(text), marks, strict=True) if not marked]
    places = [m.span() for start, end in unmarked if (m := LONGER_WORD.search(text, start, end))]
    chosen = rng.sample(places, math.ceil(MISSPELT * len(places)))
    for start, end in sorted(chosen, reverse=True):
        text = text[:start] + typos(text[start:end], rng.randrange(1000)) + text[end:]
    return text


def _iou(one: Marks, other: Marks) -> float:
    union = int((one | other).sum())
    return int((one & other).sum()) / union if union else 1.0
