"""A torch model opened for explanation methods: scores of erased messages, and passes counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from reviewguard.encoding import Forward, MessageEncoder, Window, collate
from reviewguard.modeling.attribution import AttributionHead
from reviewguard.modeling.evidence_model import EvidenceModel
from reviewguard.modeling.explainers.any_violation import log_odds, probabilities
from reviewguard.modeling.explainers.words import Erasure, Floats, WordedMessage
from reviewguard.modeling.runs import FinishedRun
from reviewguard.modeling.spans import Marks
from reviewguard.modeling.torch_backend import TorchBackend

BATCH_TOKENS = 2048
NOTHING_TO_READ = -20.0
"""Every type's logit where no word of the seller is left, as `Classifier.predict_logits` has it."""


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A model with the encoder that makes its windows; holds no state between calls.

    Attributes:
        attribution: the head that says what each token does, where the model has one.
    """

    model: EvidenceModel
    encoder: MessageEncoder
    attribution: AttributionHead | None = None

    @classmethod
    def of(cls, run: FinishedRun) -> Probe:
        """The model and window sizes of a training, or of the unpacked one of a model folder."""
        trained = run.trained
        encoder = MessageEncoder(trained.tokenizer, run.config.limits)
        return cls(trained.model, encoder, trained.attribution)

    @property
    def mask_id(self) -> int:
        """What stands for a word that was taken out; see `MessageEncoder.mask_id`."""
        return self.encoder.mask_id

    @property
    def types(self) -> tuple[str, ...]:
        """Names of the outputs, in order."""
        return self.model.head_config.types

    @property
    def violation_types(self) -> tuple[str, ...]:
        """The outputs that are violations: all but the last."""
        return self.types[:-1]

    def forward(self, window: Window) -> Forward:
        """One forward pass over one window."""
        return TorchBackend(self.model, self.attribution).run(collate([window], self.encoder.pad_id))

    def logits(self, windows: Sequence[Window]) -> Floats:
        """Type logits of each window, shape `(windows, types)`."""
        result = np.full((len(windows), len(self.types)), NOTHING_TO_READ)
        for rows in _batches(windows):
            batch = collate([windows[i] for i in rows], self.encoder.pad_id)
            result[rows] = TorchBackend(self.model).run(batch).logits
        return result

    def probabilities(self, windows: Sequence[Window]) -> Floats:
        """The probability of any violation for each window, 0–1."""
        return probabilities(self.logits(windows))

    def kept_log_odds(self, message: WordedMessage, kept: Marks, erasure: Erasure = "mask") -> Floats:
        """The log-odds of any violation with only some words left.

        Args:
            kept: shape `(copies, words)`.
        """
        windows = [message.erased(~row, erasure, self.mask_id) for row in kept]
        return np.asarray(log_odds(torch.from_numpy(self.logits(windows))).numpy())


def _batches(windows: Sequence[Window]) -> Iterator[list[int]]:
    """Indices of windows with something to read, of like length and at most `BATCH_TOKENS` a batch."""
    readable = [i for i, w in enumerate(windows) if not w.is_empty]
    batch: list[int] = []
    for i in sorted(readable, key=lambda i: -len(windows[i].ids)):
        if batch and (len(batch) + 1) * len(windows[batch[0]].ids) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


@dataclass(slots=True)
class Passes:
    """Rows, of messages and of altered copies, that went through the encoder, one way and the other."""

    forward: int = 0
    backward: int = 0


@contextmanager
def counted_passes(model: EvidenceModel, passes: Passes) -> Iterator[None]:
    """Adds every row of every pass while the context lasts, whoever asks for it."""

    def forward(_: Any, __: Any, output: Any) -> None:
        states = output.last_hidden_state
        passes.forward += len(states)
        if states.requires_grad:
            states.register_hook(backward)

    def backward(gradient: torch.Tensor) -> None:
        passes.backward += len(gradient)

    handle = model.encoder.register_forward_hook(forward)
    try:
        yield
    finally:
        handle.remove()
