"""The teacher, which reads the student's tokens, and the student."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from rows import CUDA
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AutoModel, PreTrainedModel
from windows import TYPES

from reviewguard.errors import ModelError
from reviewguard.modeling.evidence_model import EvidenceModel, HeadConfig

FROZEN = "word_embeddings"
"""Part of the name of weights that are not trained, and not saved."""
_BERT_WORDS = 30522
_SPECIAL = ((101, 0), (102, 2), (0, 1))
"""BERT's [CLS], [SEP] and [PAD], and MPNet's; its other words stand four places further."""


class MPNetTokens(nn.Module):
    """MPNet behind BERT's token ids and segments; the segment's vector starts at nothing."""

    moved: Tensor

    def __init__(self, base: Path, dropout: float) -> None:
        super().__init__()
        self.mpnet = AutoModel.from_pretrained(
            str(base),
            dtype=torch.float32,
            add_pooling_layer=False,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
        )
        self.config = self.mpnet.config
        self.segment = nn.Embedding(2, self.config.hidden_size)
        nn.init.zeros_(self.segment.weight)
        moved = torch.arange(_BERT_WORDS) + 4
        for bert, mpnet in _SPECIAL:
            moved[bert] = mpnet
        self.register_buffer("moved", moved, persistent=False)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Any:
        """States of tokens, as BERT gives them; arguments `(batch, tokens)`."""
        words = self.mpnet.embeddings.word_embeddings(self.moved[input_ids])
        words = words + self.segment(token_type_ids)
        return self.mpnet(inputs_embeds=words, attention_mask=attention_mask)


def teacher_model(base: Path, weights: Path | None = None, dropout: float = 0.1) -> EvidenceModel:
    """An evidence model on MPNet.

    Args:
        base: folder of all-mpnet-base-v2.
        weights: of a fine-tuned teacher; otherwise the head is fresh.
        dropout: inside the encoder, 0-1; the head keeps its own.

    Raises:
        ModelError: they are not those of such a model.
    """
    encoder = MPNetTokens(base, dropout)
    encoder.mpnet.embeddings.word_embeddings.weight.requires_grad_(False)
    model = EvidenceModel(cast(PreTrainedModel, encoder), encoder.config.hidden_size, HeadConfig(types=TYPES))
    return _started(model, weights)


def student_model(base: Path, weights: Path | None = None, dropout: float = 0.0) -> EvidenceModel:
    """The small encoder with its head.

    Args:
        base: folder of the encoder.
        weights: of a student to begin with; otherwise the head is fresh.
        dropout: inside the encoder, 0-1, on a processor not of its attention (slow); the head keeps its own.

    Raises:
        ModelError: they are not those of such a model.
    """
    encoder = AutoModel.from_pretrained(
        base,
        dtype=torch.float32,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout if CUDA else 0.0,
    )
    model = EvidenceModel(encoder, encoder.config.hidden_size, HeadConfig(types=TYPES))
    model.encoder.get_input_embeddings().weight.requires_grad_(False)
    return _started(model, weights)


def _started(model: EvidenceModel, weights: Path | None) -> EvidenceModel:
    if weights:
        load_weights(model, weights)
    return model


def load_weights(model: EvidenceModel, path: Path) -> None:
    """Put weights into a model, in single precision.

    Raises:
        ModelError: some are missing other than the word vectors, or are none of the model's.
    """
    plain = {name: w.float() if w.is_floating_point() else w for name, w in torch.load(path).items()}
    found = model.load_state_dict(plain, strict=False)
    missing = [name for name in found.missing_keys if FROZEN not in name]
    if wrong := [*missing, *found.unexpected_keys]:
        raise ModelError(
            f"{path}: {len(wrong)} weights are missing or are none of this model's",
            expected="the weights that `student` writes",
            fix=f"the first is {wrong[0]}",
        )


def save_weights(model: EvidenceModel, path: Path) -> None:
    """Write everything but the frozen word vectors."""
    torch.save({name: w.cpu() for name, w in model.state_dict().items() if FROZEN not in name}, path)


class Mimic(nn.Module):
    """The student's token states, mapped to the teacher's width, should be the teacher's."""

    def __init__(self, student: EvidenceModel, teacher: EvidenceModel) -> None:
        super().__init__()
        self.map = nn.Linear(student.encoder.config.hidden_size, teacher.encoder.config.hidden_size)
        self._teacher = [teacher]  # in a list, so that its weights are none of this module's
        self._states: dict[str, Tensor] = {}
        for name, model in (("student", student), ("teacher", teacher)):
            model.encoder.register_forward_hook(partial(self._keep, name))

    def _keep(self, name: str, _module: nn.Module, _inputs: Any, output: Any) -> None:
        self._states[name] = output.last_hidden_state

    def loss(self, inputs: dict[str, Tensor]) -> Tensor:
        """Mean squared distance of normalised states, after the student's forward pass on the same inputs."""
        mine = self.map(self._states["student"])
        with torch.no_grad():
            self._teacher[0].encoder(**{k: v for k, v in inputs.items() if k != "seller_mask"})
        mine, theirs = (F.layer_norm(x.float(), x.shape[-1:]) for x in (mine, self._states["teacher"]))
        mask = inputs["attention_mask"].float()
        return ((mine - theirs).square().mean(-1) * mask).sum() / mask.sum()
