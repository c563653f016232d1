"""Gradient methods over the word vectors, by captum; they explain the log-odds of any violation.

Gradient × input: Shrikumar et al., "Not just a black box", 2016. Integrated gradients: Sundararajan, Taly & Yan,
"Axiomatic attribution for deep networks", ICML 2017.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from captum.attr import LayerGradientXActivation, LayerIntegratedGradients
from torch import Tensor, nn

from reviewguard.encoding import Window, collate
from reviewguard.modeling.evidence_model import EvidenceModel
from reviewguard.modeling.explainers.any_violation import log_odds
from reviewguard.modeling.explainers.probe import Probe
from reviewguard.modeling.explainers.words import Floats, WordedMessage
from reviewguard.modeling.torch_backend import tensors


@dataclass(frozen=True, slots=True)
class GradientTimesInput:
    """The gradient at the message, times the word vectors: one forward and one backward pass."""

    name: ClassVar[str] = "gradient × input"

    def explain(self, model: Probe, message: WordedMessage) -> Floats:
        """Each word's product of gradient and word vector, summed over its tokens."""
        window = message.window
        method = LayerGradientXActivation(_score(model.model), _word_vectors(model.model))
        found = method.attribute(_row(window.ids), additional_forward_args=_rest(window))
        return message.per_word(_token_sums(found))


@dataclass(frozen=True, slots=True)
class IntegratedGradients:
    """Gradients along the straight way from the message of [MASK]s, buyer's words kept, to the message.

    Attributes:
        steps: points on the way (Gauss-Legendre), as many as captum's default.
    """

    steps: int = 50
    name: ClassVar[str] = "integrated gradients"

    def explain(self, model: Probe, message: WordedMessage) -> Floats:
        """Word scores that sum to what the words change in the log-odds, up to the steps' error."""
        every = np.ones(len(message.words), dtype=np.bool_)
        baseline = message.erased(every, "mask", model.mask_id)
        method = LayerIntegratedGradients(_score(model.model), _word_vectors(model.model))
        found = method.attribute(
            _row(message.window.ids),
            baselines=_row(baseline.ids),
            additional_forward_args=_rest(message.window),
            n_steps=self.steps,
            method="gausslegendre",
            internal_batch_size=self.steps,
        )
        return message.per_word(_token_sums(found))


def _score(model: EvidenceModel) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    def score(ids: Tensor, kinds: Tensor, seller: Tensor) -> Tensor:
        return log_odds(model(ids, None, kinds, seller).logits)

    return score


def _word_vectors(model: EvidenceModel) -> nn.Module:
    return model.encoder.get_input_embeddings()


def _row(values: Sequence[int]) -> Tensor:
    return torch.tensor([values], dtype=torch.long)


def _rest(window: Window) -> tuple[Tensor, Tensor]:
    """Segments and the seller's mask, which are not attributed to."""
    batch = tensors(collate([window], pad_id=0))
    return batch["token_type_ids"], batch["seller_mask"]


def _token_sums(found: Tensor) -> Floats:
    """Attributions `(1, tokens, width)` as one number a token."""
    return np.asarray(found[0].sum(dim=-1).detach().double().numpy())
