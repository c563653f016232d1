"""What an explanation costs: passes counted at the encoder, and milliseconds, all methods in one run."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reviewguard.modeling.explainers.probe import Passes, Probe, counted_passes
from reviewguard.modeling.explainers.registry import Explainer
from reviewguard.modeling.explainers.words import WordedMessage


@dataclass(frozen=True, slots=True)
class Cost:
    """Means per message.

    Attributes:
        forward, backward: rows that went through the encoder; the message's own forward pass is counted.
        milliseconds: from the encoded message to the scores of its words.
    """

    forward: float
    backward: float
    milliseconds: float


def costs(
    model: Probe, messages: Sequence[WordedMessage], methods: Sequence[Explainer]
) -> Mapping[str, Cost]:
    """Cost of each method, message by message in turn, so that a busy moment of the machine hits all alike.

    The first message is explained once more beforehand: imports and compilation are no part of the cost.
    """
    for method in methods:
        method.explain(model, messages[0])
    seconds = dict.fromkeys((method.name for method in methods), 0.0)
    passes = {method.name: Passes() for method in methods}
    for message in messages:
        for method in methods:
            with counted_passes(model.model, passes[method.name]):
                start = time.perf_counter()
                method.explain(model, message)
                seconds[method.name] += time.perf_counter() - start
    count = len(messages)
    return {
        name: Cost(p.forward / count, p.backward / count, 1000 * seconds[name] / count)
        for name, p in passes.items()
    }
