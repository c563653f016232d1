"""Sentence embeddings of the pretrained encoder, not fine-tuned: features for a linear baseline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer

from reviewguard.modeling.base_model import PACKAGED, resolve_base_model

BATCH = 64


class FrozenEmbeddings:
    """Mean-pooled, normalised token states (Reimers & Gurevych, "Sentence-BERT", 2019), scikit-learn's way.

    Texts seen before are not embedded again.
    """

    def __init__(self, base_model: str = PACKAGED, tokens: int = 256) -> None:
        folder = resolve_base_model(base_model)
        self._tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True)
        self._model = AutoModel.from_pretrained(folder).eval()
        self._tokens = tokens
        self._known: dict[str, NDArray[np.float32]] = {}

    def fit_transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """There is nothing to fit."""
        return self.transform(texts)

    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings of length 1, shape `(texts, width)`."""
        new = sorted({text for text in texts if text not in self._known}, key=len)
        for start in range(0, len(new), BATCH):
            batch = new[start : start + BATCH]
            self._known |= dict(zip(batch, self._embed(batch), strict=True))
        return np.stack([self._known[text] for text in texts])

    @torch.inference_mode()
    def _embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        inputs = self._tokenizer(
            list(texts), padding=True, truncation=True, max_length=self._tokens, return_tensors="pt"
        )
        states = self._model(**inputs).last_hidden_state
        mask = inputs["attention_mask"].unsqueeze(-1).to(states.dtype)
        pooled = (states * mask).sum(dim=1) / mask.sum(dim=1)
        return np.asarray(torch.nn.functional.normalize(pooled, dim=1).numpy(), dtype=np.float32)
