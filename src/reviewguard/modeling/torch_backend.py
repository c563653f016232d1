"""A torch model behind the inference interface, so that it is measured by the code that ships."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

from reviewguard.encoding import Batch, Forward
from reviewguard.modeling.attribution import AttributionHead, chosen
from reviewguard.modeling.evidence_model import EvidenceModel


def tensors(batch: Batch) -> dict[str, Tensor]:
    """A batch as the arguments of `EvidenceModel.forward`."""
    return {name: torch.from_numpy(array) for name, array in batch.as_inputs().items()}


def weights_digest(model: torch.nn.Module) -> str:
    """SHA-256 of a model's weights, in hexadecimal."""
    digest = hashlib.sha256()
    for name, value in model.state_dict().items():
        digest.update(name.encode() + value.numpy().tobytes())
    return digest.hexdigest()


class TorchBackend:
    """Runs an `EvidenceModel` in fp32; torch itself spreads a pass over the cores."""

    threads = 1

    def __init__(self, model: EvidenceModel, attribution: AttributionHead | None = None) -> None:
        self._model = model.eval()
        self._attribution = attribution

    def run(self, batch: Batch) -> Forward:
        """One forward pass over a batch."""
        inputs = tensors(batch)
        with torch.inference_mode():
            found = self._with_attribution(**inputs) if self._attribution else self._model(**inputs)[1:]
        return Forward(*(value.float().numpy() for value in found))

    def _with_attribution(self, seller_mask: Tensor, **inputs: Tensor) -> tuple[Tensor, ...]:
        assert self._attribution is not None  # `run` asks
        encoded = self._model.encoder(**inputs, output_hidden_states=True)
        output = self._model.judge(encoded.last_hidden_state, seller_mask)
        return *output[1:], self._attribution(chosen(encoded.hidden_states))
