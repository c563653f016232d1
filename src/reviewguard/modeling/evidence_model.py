"""The encoder with an evidence head: what a message scores *is* the pooled evidence of its words.

Each seller token gets, per type, an evidence score (a logit) and an attention weight; a type's message logit is
the attention-weighted mean of the evidence. A mean does not grow with the number of indifferent tokens, which
log-sum-exp does. Attention pooling: Ilse, Tomczak & Welling, "Attention-based deep multiple instance learning",
ICML 2018. Supervision by rationales: DeYoung et al., "ERASER", ACL 2020.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AutoConfig, AutoModel, PreTrainedModel

from reviewguard.errors import ConfigError
from reviewguard.modeling.base_model import reading_base_model
from reviewguard.modeling.memory import keep_large_blocks

HEADS = ("evidence", "plain")
UNUSED = "pooler."
"""Weights of an encoder that no score depends on."""
PRIOR_LOGIT = -2.0
"""Evidence of a token before training: most words are evidence of nothing."""


@dataclass(frozen=True, slots=True)
class HeadConfig:
    """How tokens become message scores.

    Attributes:
        types: names of the outputs, in order.
        head: `evidence`, or `plain` (classification head over [CLS], for comparison).
        hidden: width of the evidence layer, at least 1.
        dropout: probability, 0–1.
        rationale_weight: weight of the token loss beside the message loss.
        any_weight: weight of the loss on "any violation" beside the loss per type.
    """

    types: tuple[str, ...]
    head: str = "evidence"
    hidden: int = 192
    dropout: float = 0.1
    rationale_weight: float = 1.0
    any_weight: float = 1.0

    def __post_init__(self) -> None:
        if self.head not in HEADS:
            raise ConfigError(f"head is {self.head!r}", expected=" or ".join(HEADS))


class EvidenceOutput(NamedTuple):
    """What one forward pass gives.

    Attributes:
        loss: scalar, or None without labels.
        logits: `(batch, types)`.
        evidence: `(batch, tokens, types)`, logits per token; 0 off the seller's tokens.
        attention: `(batch, tokens, types)`, each type's weights sum to 1 over the seller's tokens.
    """

    loss: Tensor | None
    logits: Tensor
    evidence: Tensor
    attention: Tensor


class EvidenceModel(nn.Module):
    """Encoder, evidence head and losses. `types[-1]` is `neutral_request`; the others are violations."""

    def __init__(self, encoder: PreTrainedModel, width: int, config: HeadConfig) -> None:
        super().__init__()
        self.encoder: PreTrainedModel = encoder
        self.head_config = config
        outputs = len(config.types)
        self.dropout = nn.Dropout(config.dropout)
        self.context = nn.Linear(width, config.hidden, bias=False)
        self.token = nn.Linear(width, config.hidden)
        self.evidence = nn.Linear(config.hidden, outputs)
        self.attention = nn.Linear(width, outputs)
        nn.init.constant_(self.evidence.bias, PRIOR_LOGIT)

    def configure(self, config: HeadConfig) -> None:
        """Take over what a training may change of a head: dropout, and the weights of its losses."""
        own = self.head_config
        self.head_config = replace(config, types=own.types, head=own.head, hidden=own.hidden)
        self.dropout.p = config.dropout

    @classmethod
    def from_base(cls, base_model: str, config: HeadConfig) -> EvidenceModel:
        """A fresh head on a pretrained encoder (a folder or hub id).

        Raises:
            ModelError: there is no such encoder, or not all of its weights.
        """
        with reading_base_model(base_model):
            encoder, told = AutoModel.from_pretrained(
                base_model, dtype=torch.float32, output_loading_info=True, ignore_mismatched_sizes=True
            )
            unread = {*told["missing_keys"], *(name for name, *_ in told["mismatched_keys"])}
            if random := sorted(name for name in unread if not name.startswith(UNUSED)):
                raise ValueError(f"{len(random)} weights are missing or of another shape, first {random[0]}")
        return cls(encoder, encoder.config.hidden_size, config)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None,
        token_type_ids: Tensor,
        seller_mask: Tensor,
        labels: Tensor | None = None,
        token_labels: Tensor | None = None,
    ) -> EvidenceOutput:
        """Score windows.

        Args:
            input_ids, attention_mask, token_type_ids, seller_mask: `(batch, tokens)`; no mask where none is padded.
            labels: `(batch, types)`, 1 where present.
            token_labels: `(batch, tokens, types)`, 1 on rationale tokens.
        """
        states = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        return self.judge(states, seller_mask, labels, token_labels)

    def judge(
        self,
        states: Tensor,
        seller_mask: Tensor,
        labels: Tensor | None = None,
        token_labels: Tensor | None = None,
    ) -> EvidenceOutput:
        """What `forward` gives, from the encoder's states `(batch, tokens, width)`."""
        states = self.dropout(states)
        mask = seller_mask.unsqueeze(-1).to(states.dtype)
        if self.head_config.head == "plain":
            evidence, attention, logits = self._plain(states)
        else:
            evidence, attention, logits = self._evidence(states, mask)
        loss = None
        if labels is not None:
            loss = self._loss(logits, evidence, attention, mask, labels, token_labels)
        return EvidenceOutput(loss, logits, evidence, attention)

    def _evidence(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        # The first state has seen both segments: it lets the buyer's words change what a token is evidence of.
        context = self.context(states[:, :1])
        evidence = self.evidence(self.dropout(F.gelu(self.token(states) + context))) * mask
        weights = torch.softmax(self.attention(states) + (1.0 - mask) * -1e4, dim=1)
        return evidence, weights, (weights * evidence).sum(dim=1)

    def _plain(self, states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """A fresh dense layer, tanh and a linear one over [CLS].

        BERT's sequence classifier begins with the encoder's pooler instead, which an encoder that was taught by mean
        pooling, as the packaged one, never used: it learnt less from it here.
        """
        hidden = torch.tanh(self.context(states[:, 0]))
        logits = self.evidence(self.dropout(hidden))
        nothing = torch.zeros(*states.shape[:2], logits.shape[-1], device=states.device)
        return nothing, nothing, logits

    def _loss(
        self,
        logits: Tensor,
        evidence: Tensor,
        attention: Tensor,
        mask: Tensor,
        labels: Tensor,
        token_labels: Tensor | None,
    ) -> Tensor:
        logits, evidence, config = logits.float(), evidence.float(), self.head_config
        loss = F.binary_cross_entropy_with_logits(logits, labels)
        loss = loss + config.any_weight * any_loss(logits[:, :-1], labels[:, :-1].amax(dim=1))
        # Validation counts what users see, the message scores, so epochs are compared on that alone.
        supervised = self.training and token_labels is not None and config.head != "plain"
        if not supervised or not config.rationale_weight:
            return loss
        assert token_labels is not None
        rationale_loss = token_loss(evidence, mask, token_labels)
        rationale_loss = rationale_loss + attention_loss(attention.float(), token_labels)
        return loss + config.rationale_weight * rationale_loss

    def save_pretrained(self, folder: Path) -> None:
        """Write weights (`model.safetensors`) and configuration into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.encoder.config.save_pretrained(folder / "encoder")
        save_file(self.state_dict(), folder / "model.safetensors")
        (folder / "head.json").write_text(json.dumps(asdict(self.head_config), indent=2), "utf-8")

    @classmethod
    def from_pretrained(cls, folder: Path) -> EvidenceModel:
        """Read what `save_pretrained` wrote.

        Raises:
            ConfigError: the head pools in a way of which this version knows nothing.
        """
        encoder = AutoModel.from_config(  # type: ignore[no-untyped-call]
            AutoConfig.from_pretrained(folder / "encoder")
        )
        values = json.loads((folder / "head.json").read_text("utf-8"))
        values["types"] = tuple(values["types"])
        pooling = values.pop("pooling", "attention")  # heads up to 0.11.0 had a choice
        if pooling != "attention":
            raise ConfigError(
                f"the head in {folder} pools by {pooling!r}",
                expected="attention",
                fix="train it anew, or read it with reviewguard 0.11.0",
            )
        model = cls(encoder, encoder.config.hidden_size, HeadConfig(**values))
        model.load_state_dict(load_file(folder / "model.safetensors"))
        return model


@contextmanager
def attending(encoder: PreTrainedModel, how: str) -> Iterator[None]:
    """Compute attention in another of the encoder's ways: `eager` writes it out."""
    before = encoder.config._attn_implementation
    encoder.set_attn_implementation(how)
    try:
        yield
    finally:
        encoder.set_attn_implementation(before)


@contextmanager
def fast_training(encoder: PreTrainedModel) -> Iterator[None]:
    """On a CPU, keep freed memory and use eager attention: the fused kernel's backward pass is slow (torch 2.13)."""
    if torch.cuda.is_available():
        yield
        return
    keep_large_blocks()
    with attending(encoder, "eager"):
        yield


def token_loss(evidence: Tensor, mask: Tensor, token_labels: Tensor) -> Tensor:
    """Binary cross-entropy per token; a mean per message first, so that letters do not outweigh one-liners."""
    loss = F.binary_cross_entropy_with_logits(evidence, token_labels, reduction="none") * mask
    return (loss.sum(dim=(1, 2)) / mask.sum(dim=(1, 2)).clamp(min=1.0)).mean()


def attention_loss(attention: Tensor, token_labels: Tensor) -> Tensor:
    """Negative log of the attention that falls on the rationale, over the types that have one."""
    has_rationale = token_labels.amax(dim=1)
    on_rationale = (attention * token_labels).sum(dim=1).clamp(min=1e-6)
    return -(on_rationale.log() * has_rationale).sum() / len(attention)


def any_loss(logits: Tensor, label: Tensor) -> Tensor:
    """Binary cross-entropy of the noisy-or over violation types: 1 - prod(1 - sigmoid(logit))."""
    log_none = F.logsigmoid(-logits).sum(dim=1)
    log_any = torch.log(-torch.expm1(log_none.clamp(max=-1e-6)))
    return -(label * log_any + (1.0 - label) * log_none).mean()
