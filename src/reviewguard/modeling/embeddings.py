"""Sentence embeddings of the pretrained encoder, not fine-tuned: features for a linear baseline."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer

from reviewguard.files import atomic_write
from reviewguard.modeling.base_model import PACKAGED, resolve_base_model
from reviewguard.modeling.torch_backend import weights_digest

BATCH = 64
KEPT_FROM = 1000
"""The file is written anew only when one call brings so many new texts."""


def kept_beside(data: Path) -> Path:
    """Where the embeddings of the messages in a data folder are kept."""
    return data.parent / "embeddings.npz"


class FrozenEmbeddings:
    """Mean-pooled, normalised token states (Reimers & Gurevych, "Sentence-BERT", 2019), scikit-learn's way.

    Texts seen before are not embedded again.

    Args:
        tokens: texts are cut there.
        kept: file for the embeddings of many texts, which later calls read; texts stand in it as hashes. One of other
            weights is written anew.
    """

    def __init__(self, base_model: str = PACKAGED, tokens: int = 256, kept: Path | None = None) -> None:
        folder = resolve_base_model(base_model)
        self._tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True)
        self._model = AutoModel.from_pretrained(folder).eval()
        self._tokens = tokens
        self._kept = kept
        self._source = f"{weights_digest(self._model)}-{tokens}" if kept else ""
        self._known = self._read()

    def fit_transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """There is nothing to fit."""
        return self.transform(texts)

    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings of length 1, shape `(texts, width)`."""
        hashes = {text: hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts}
        new = sorted((text for text, key in hashes.items() if key not in self._known), key=len)
        for start in range(0, len(new), BATCH):
            batch = new[start : start + BATCH]
            self._known |= zip((hashes[text] for text in batch), self._embed(batch), strict=True)
        if self._kept and len(new) >= KEPT_FROM:
            self._write(self._kept)
        return np.stack([self._known[hashes[text]] for text in texts])

    def _read(self) -> dict[bytes, NDArray[np.float32]]:
        if self._kept is None or not self._kept.is_file():
            return {}
        try:
            with self._kept.open("rb") as stored, np.load(stored) as file:
                if str(file["source"]) != self._source:
                    return {}
                return dict(zip(map(bytes, file["hashes"]), file["vectors"], strict=True))
        except (BadZipFile, EOFError, KeyError, ValueError):  # not a file of ours, or one in part
            return {}

    def _write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        hashes = np.frombuffer(b"".join(self._known), np.uint8).reshape(len(self._known), -1)
        with atomic_write(path) as file:
            np.savez(file, source=self._source, hashes=hashes, vectors=np.stack([*self._known.values()]))

    @torch.inference_mode()
    def _embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        inputs = self._tokenizer(
            list(texts), padding=True, truncation=True, max_length=self._tokens, return_tensors="pt"
        )
        states = self._model(**inputs).last_hidden_state
        mask = inputs["attention_mask"].unsqueeze(-1).to(states.dtype)
        pooled = (states * mask).sum(dim=1) / mask.sum(dim=1)
        return np.asarray(torch.nn.functional.normalize(pooled, dim=1).numpy(), dtype=np.float32)
