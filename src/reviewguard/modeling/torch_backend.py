"""A torch model behind the inference interface, so that it is measured by the code that ships."""

from __future__ import annotations

import torch

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
        device = next(self._model.parameters()).device
        inputs = {name: torch.from_numpy(array).to(device) for name, array in batch.as_inputs().items()}
        seller_mask = inputs.pop("seller_mask")
        with torch.inference_mode():
            encoded = self._model.encoder(**inputs, output_hidden_states=self._attribution is not None)
            output = self._model.judge(encoded.last_hidden_state, seller_mask)
            found = [output.logits, output.evidence, output.attention]
            if self._attribution is not None:
                found.append(self._attribution(chosen(encoded.hidden_states)))
        return Forward(*(value.float().cpu().numpy() for value in found))
