"""Every explanation method on the same messages, measured; what was measured before is read from a work folder."""

from __future__ import annotations

import hashlib
import json
import math
import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reviewguard.errors import InputError
from reviewguard.files import write_json
from reviewguard.modeling.explainers.cost import costs
from reviewguard.modeling.explainers.probe import Probe
from reviewguard.modeling.explainers.registry import NO_PEERS, OURS, Explainer, choose
from reviewguard.modeling.explainers.sampling import LeaveOneOut
from reviewguard.modeling.explainers.single_pass import Effects
from reviewguard.modeling.explainers.words import Floats, WordedMessage, read_words
from reviewguard.modeling.faithfulness import BINS, Reference, measure, reference
from reviewguard.modeling.metrics import estimate, families_of, weighted_mean
from reviewguard.modeling.runs import FinishedRun
from reviewguard.modeling.torch_backend import weights_digest
from reviewguard.policy import load_policy
from reviewguard.schema import LabelledMessage

VERSION = 2
"""Raised when a measure or a method changes, so that nothing measured otherwise is read back."""
LESS_IS_BETTER = frozenset({"sufficiency_mask", "sufficiency_delete"})

Values = Mapping[str, Floats]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class StudyConfig:
    """What is measured.

    Attributes:
        methods: short names, see `explainers`; all when empty.
        limit: messages per data set, drawn by the seed; 0 for all.
        samples: copies that LIME and SHAP may ask about, instead of what each does by default.
        timed: messages on which cost is measured.
        bootstrap: resamples of whole families for the 95% intervals.
    """

    methods: tuple[str, ...] = ()
    limit: int = 300
    samples: int | None = None
    timed: int = 20
    seed: int = 13
    bootstrap: int = 1000


@dataclass(frozen=True, slots=True, eq=False)
class _Messages:
    """The messages of one data set that are explained."""

    messages: tuple[WordedMessage, ...]
    left_out: int
    digest: str

    @property
    def groups(self) -> list[str]:
        return families_of(m.example for m in self.messages)


def study(
    run: FinishedRun,
    datasets: Mapping[str, Sequence[LabelledMessage]],
    config: StudyConfig,
    work: Path,
    progress: Progress = lambda _: None,
) -> dict[str, Any]:
    """Measure every method on every data set.

    Args:
        run: the model's training, or the unpacked one of its folder.
        datasets: name → labelled messages; the violations with a rationale among them are explained.
        work: where scores and values are kept per model, messages and method; a second call adds what is missing.

    Returns:
        The JSON form: settings, data, the machine that costs are of, and under the name of the model's head the
        methods' settings, costs and figures, ours against the best peer.

    Raises:
        InputError: a data set has no violation with a rationale that fits into a window.
        ModelError: the tokenizer has no [MASK].
    """
    model = Probe.of(run)
    chosen = {name: _choose(model, name, rows, config) for name, rows in datasets.items()}
    found = _Bench(model, weights_digest(model.model), config, work, progress).measure(chosen)
    machine = found.pop("machine")
    return {
        "settings": asdict(config) | {"bins": list(BINS), "erasures": "words masked, words deleted"},
        "data": {name: _facts(messages) for name, messages in chosen.items()},
        "models": {found["head"]: found},
        "machine": machine,
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Bench:
    """One model under measurement."""

    model: Probe
    weights: str
    config: StudyConfig
    work: Path
    progress: Progress

    def _weights_behind(self, methods: Sequence[Explainer]) -> str:
        """What these methods' results depend on: only ours and `Effects` read the attribution head."""
        head = self.model.attribution
        if head is None or all(method.name not in (OURS, Effects.name) for method in methods):
            return self.weights
        return self.weights + weights_digest(head)

    @property
    def methods(self) -> list[Explainer]:
        config, model = self.config, self.model
        return choose(
            config.methods,
            head=model.model.head_config.head,
            attributes=model.attribution is not None,
            seed=config.seed,
            samples=config.samples,
        )

    def measure(self, datasets: Mapping[str, _Messages]) -> dict[str, Any]:
        values = {key: self._values(key, found) for key, found in datasets.items()}
        first = next(iter(datasets.values()))
        stored = self._stored(f"timed-{self.config.timed}", first, self.methods, lambda: self._cost(first))
        cost = stored["methods"]
        return {
            "machine": stored["machine"],
            "head": self.model.model.head_config.head,
            "weights": self.weights[:16],
            "methods": {
                method.name: {
                    "settings": repr(method),
                    "cost": cost[method.name],
                    "figures": {
                        key: self._figures(values[key][method.name], found) for key, found in datasets.items()
                    },
                }
                for method in self.methods
            },
            "against_best_peer": {
                key: self._against_peers(values[key], found) for key, found in datasets.items()
            },
        }

    def _values(self, key: str, data: _Messages) -> dict[str, Values]:
        known: list[Reference] = []  # computed when a method asks for it first
        result: dict[str, Values] = {}
        for method in self.methods:

            def measured(method: Explainer = method) -> dict[str, Any]:
                self.progress(f"{key}: {method.name} on {len(data.messages)} messages")
                if not known:
                    known.append(reference(self.model, data.messages))
                scores = self._scores(method, data, known[0])
                values = measure(self.model, data.messages, scores, known[0])
                return {name: [_or_none(v) for v in numbers.tolist()] for name, numbers in values.items()}

            stored = self._stored("values", data, [method], measured)
            result[method.name] = {
                name: np.array([math.nan if v is None else v for v in numbers])
                for name, numbers in stored.items()
            }
        return result

    def _scores(self, method: Explainer, data: _Messages, known: Reference) -> Sequence[Floats]:
        if isinstance(method, LeaveOneOut):
            return known.alone[method.erasure]
        return [method.explain(self.model, message) for message in data.messages]

    def _cost(self, data: _Messages) -> dict[str, Any]:
        self.progress(f"cost of {len(self.methods)} methods")
        found = costs(self.model, data.messages[: self.config.timed], self.methods)
        machine = {"cores": os.cpu_count(), "threads": torch.get_num_threads()}
        return {"machine": machine, "methods": {name: asdict(cost) for name, cost in found.items()}}

    def _stored(
        self, kind: str, data: _Messages, methods: Sequence[Explainer], compute: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """What was computed for these methods on these messages by this model, now or before."""
        read = self.model.encoder.limits
        identity = f"{VERSION} {kind} {self._weights_behind(methods)} {read!r} {data.digest} {methods!r}"
        path = self.work / f"{kind}-{hashlib.sha256(identity.encode()).hexdigest()[:24]}.json"
        if not path.is_file():
            write_json(path, compute())
        return dict(json.loads(path.read_text("utf-8")))

    def _figures(self, values: Values, data: _Messages) -> dict[str, Any]:
        statistics = {name: weighted_mean(numbers) for name, numbers in values.items()}
        found = estimate(statistics, data.groups, seed=self.config.seed, bootstrap=self.config.bootstrap)
        return {name: asdict(figure) for name, figure in found.items()}

    def _against_peers(self, values: Mapping[str, Values], data: _Messages) -> dict[str, Any]:
        """Per measure the best peer, and how far ours is ahead of it, message by message."""
        peers = [name for name in values if name not in NO_PEERS]
        if OURS not in values or not peers:
            return {}
        result = {}
        for name, ours in values[OURS].items():
            sign = -1.0 if name in LESS_IS_BETTER else 1.0
            # Agreement of leave-one-out with itself says nothing.
            rivals = [p for p in peers if not (name.startswith("agreement") and p == LeaveOneOut.name)]
            rivals = [p for p in rivals if not np.isnan(values[p][name]).all()]
            if rivals:
                best = max(rivals, key=lambda p: sign * float(np.nanmean(values[p][name])))
                ahead = self._figures({"ahead": sign * (ours - values[best][name])}, data)["ahead"]
                result[name] = {"peer": best, "ahead": ahead}
        return result


def _choose(model: Probe, name: str, examples: Sequence[LabelledMessage], config: StudyConfig) -> _Messages:
    rules = load_policy().profile("amazon")
    types = {*model.violation_types, ""}  # "": a quote of one of several types
    wanted = [e for e in examples if rules.is_broken(e.types) and any(r.type in types for r in e.rationale)]
    fitting = read_words(wanted, model.encoder)
    if not fitting:
        raise InputError(
            f"{name}: no violation with a rationale that fits into one window", expected="at least one"
        )
    order = random.Random(config.seed).sample(fitting, len(fitting))
    kept = tuple(order[: config.limit or None])
    texts = json.dumps([asdict(m.example) for m in kept], sort_keys=True)
    return _Messages(kept, len(wanted) - len(fitting), hashlib.sha256(texts.encode()).hexdigest())


def _facts(data: _Messages) -> dict[str, Any]:
    types = load_policy().violation_types
    return {
        "messages": len(data.messages),
        "longer_left_out": data.left_out,
        "words": float(np.mean([len(m.words) for m in data.messages])),
        "rationale_share": float(np.mean([m.rationale(types).mean() for m in data.messages])),
    }


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
