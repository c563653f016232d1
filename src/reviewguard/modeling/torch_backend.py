"""A torch model behind the inference interface, so that it is measured by the code that ships."""

from __future__ import annotations

import torch
from torch import Tensor

from reviewguard.encoding import Batch, Forward
from reviewguard.modeling.attribution import AttributionHead, chosen
from reviewguard.modeling.evidence_model import EvidenceModel


class TorchBackend:
    """Runs an `EvidenceModel` in fp32; torch itself spreads a pass over the cores."""

    threads = 1

    def __init__(self, model: EvidenceModel, attribution: AttributionHead | None = None) -> None:
        self._model = model.eval()
        self._attribution = attribution

    def run(self, batch: Batch) -> Forward:
        """One forward pass over a batch."""
        inputs = {name: torch.from_numpy(array) for name, array in batch.as_inputs().items()}
        with torch.inference_mode():
            found = self._with_attribution(**inputs) if self._attribution else self._model(**inputs)[1:]
        return Forward(*(value.float().numpy() for value in found))

    def _with_attribution(self, seller_mask: Tensor, **inputs: Tensor) -> tuple[Tensor, ...]:
        assert self._attribution is not None  # `run` asks
        encoded = self._model.encoder(**inputs, output_hidden_states=True)
        output = self._model.judge(encoded.last_hidden_state, seller_mask)
        return *output[1:], self._attribution(chosen(encoded.hidden_states))
