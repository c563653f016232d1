"""What a teacher and a student are trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from rows import Batch
from torch import Tensor
from torch.nn import functional as F

from reviewguard.modeling.evidence_model import EvidenceModel, any_loss, attention_loss, token_loss

Loss = Callable[[EvidenceModel, Batch], Tensor]
LOGIT_WEIGHT = 0.05
LOGIT_BOUND = 9.0
"""Beyond it, logits need not be alike."""


def label_loss(model: EvidenceModel, batch: Batch) -> Tensor:
    """The model's own loss on written labels."""
    loss = model(**batch.inputs, labels=batch.labels, token_labels=batch.tokens).loss
    assert isinstance(loss, Tensor)
    return loss


@dataclass(frozen=True, slots=True, eq=False)
class TeacherLoss:
    """Written labels where there are any, and the teacher's logits and evidence everywhere.

    Attributes:
        logits: the teacher's, `(windows, types)`.
        evidence: the teacher's, `(windows, tokens, types)`.
        labelled: windows below it have labels; those above it have no marked tokens.
        trust: 0-1, weight of the teacher against the labels.
    """

    logits: Tensor
    evidence: Tensor
    labelled: int
    trust: float

    def __call__(self, model: EvidenceModel, batch: Batch) -> Tensor:
        """The loss of a batch; as `label_loss` where labels alone are trusted and the logits are alike."""
        out = model(**batch.inputs)
        own = (batch.at < self.labelled).float()[:, None] * (1 - self.trust)
        loss = self._logit_loss(out.logits.float(), batch, own) + self._token_loss(
            out.evidence.float(), batch, own
        )
        return loss + attention_loss(out.attention.float(), batch.tokens)

    def _logit_loss(self, logits: Tensor, batch: Batch, own: Tensor) -> Tensor:
        wanted = self.logits[batch.at].float()
        soft = own * batch.labels + (1 - own) * torch.sigmoid(wanted)
        loss = F.binary_cross_entropy_with_logits(logits, soft)
        mine, theirs = (x.clamp(-LOGIT_BOUND, LOGIT_BOUND) for x in (logits, wanted))
        loss = loss + LOGIT_WEIGHT * F.mse_loss(mine, theirs)
        return loss + any_loss(logits[:, :-1], 1 - torch.prod(1 - soft[:, :-1], dim=1))

    def _token_loss(self, evidence: Tensor, batch: Batch, own: Tensor) -> Tensor:
        told = torch.sigmoid(self.evidence[batch.at, : evidence.shape[1]].float())
        target = own[:, None] * batch.tokens + (1 - own[:, None]) * told
        return token_loss(evidence, batch.inputs["seller_mask"].unsqueeze(-1).float(), target)
