"""A torch model behind the inference interface, so that it is measured by the code that ships."""

from __future__ import annotations

import torch

from reviewguard.encoding import Batch, Forward
from reviewguard.modeling.evidence_model import EvidenceModel


class TorchBackend:
    """Runs an `EvidenceModel` in fp32; torch itself spreads a pass over the cores."""

    threads = 1

    def __init__(self, model: EvidenceModel) -> None:
        self._model = model.eval()

    def run(self, batch: Batch) -> Forward:
        """One forward pass over a batch."""
        device = next(self._model.parameters()).device
        inputs = {name: torch.from_numpy(array).to(device) for name, array in batch.as_inputs().items()}
        with torch.inference_mode():
            output = self._model(**inputs)
        return Forward(
            output.logits.float().cpu().numpy(),
            output.evidence.float().cpu().numpy(),
            output.attention.float().cpu().numpy(),
        )
