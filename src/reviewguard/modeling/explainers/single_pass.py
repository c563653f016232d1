"""Methods that read one forward pass or none: ours, attention, and the floor and the reference of the comparison."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from reviewguard.decision import deciding, sigmoid
from reviewguard.encoding import Forward, collate
from reviewguard.modeling.evidence_model import attending
from reviewguard.modeling.explainers.any_violation import type_weights
from reviewguard.modeling.explainers.probe import Probe
from reviewguard.modeling.explainers.words import Floats, WordedMessage
from reviewguard.modeling.torch_backend import tensors


@dataclass(frozen=True, slots=True)
class Evidence:
    """Ours, by which the fewest words that decide are looked for: see `deciding`, here over all words and types.

    A model without an attribution head, such as a training run, has its attention times evidence as a probability.
    """

    name: ClassVar[str] = "evidence"

    def explain(self, model: Probe, message: WordedMessage) -> Floats:
        """How much each word decides."""
        output = model.forward(message.window)
        chance = sigmoid(output.evidence[0].astype(np.float64))
        if output.attribution is not None:
            effects = message.per_word(output.attribution[0].astype(np.float64))
            return deciding(message.best_per_word(chance[:, :-1].max(axis=1)), effects)
        return message.per_word(_weighted(output, chance * output.attention[0]))


@dataclass(frozen=True, slots=True)
class Effects:
    """What each word adds to the verdict, as the attribution head says: the part of `Evidence` fitted to copies.

    For models with an attribution head.
    """

    name: ClassVar[str] = "evidence, effects alone"

    def explain(self, model: Probe, message: WordedMessage) -> Floats:
        """Each word's effect on the log-odds of any violation."""
        found = model.forward(message.window).attribution
        assert found is not None  # `choose` offers it to no other model
        return message.per_word(found[0].astype(np.float64))


@dataclass(frozen=True, slots=True)
class EvidenceTerms:
    """Ours as it is summed: attention times evidence, the very terms that a type's logit consists of."""

    name: ClassVar[str] = "evidence, terms of the sum"

    def explain(self, model: Probe, message: WordedMessage) -> Floats:
        """Each word's terms, weighted as their types move the log-odds; below 0 where it speaks against a violation."""
        output = model.forward(message.window)
        return message.per_word(_weighted(output, output.evidence[0] * output.attention[0]))


@dataclass(frozen=True, slots=True)
class Attention:
    """The head's attention weights; for the plain head the last layer's, from [CLS], mean over heads."""

    name: ClassVar[str] = "attention"

    def explain(self, model: Probe, message: WordedMessage) -> Floats:
        """Attention that falls on each word."""
        if model.model.head_config.head == "plain":
            return message.per_word(_last_layer(model, message))
        output = model.forward(message.window)
        return message.per_word(_weighted(output, output.attention[0]))


def _weighted(output: Forward, scores: np.ndarray) -> Floats:
    """Scores `(tokens, types)` as one score a token."""
    return np.asarray(scores.astype(np.float64) @ type_weights(output.logits[0].astype(np.float64)))


def _last_layer(model: Probe, message: WordedMessage) -> Floats:
    batch = tensors(collate([message.window], model.encoder.pad_id))
    del batch["seller_mask"]
    encoder = model.model.encoder
    with torch.inference_mode(), attending(encoder, "eager"):  # the fused kernels do not give the weights
        layers = encoder(**batch, output_attentions=True).attentions
    return np.asarray(layers[-1][0, :, 0].mean(dim=0).double().numpy())


@dataclass(frozen=True, slots=True)
class Random:
    """The floor: numbers drawn by the message and a seed."""

    seed: int = 13
    name: ClassVar[str] = "random"

    def explain(self, model: Probe, message: WordedMessage) -> Floats:
        """Uniform on 0–1, the same at every call."""
        text = zlib.crc32(message.example.text.encode("utf-8", "surrogatepass"))
        return np.random.default_rng([self.seed, text]).random(len(message.words))


@dataclass(frozen=True, slots=True)
class Oracle:
    """The reference: 1 for each word that the labels mark, else 0."""

    name: ClassVar[str] = "oracle"

    def explain(self, model: Probe, message: WordedMessage) -> Floats:
        """The rationale of every violation."""
        return message.rationale(model.violation_types).astype(np.float64)
