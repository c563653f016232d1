"""Copies of violations with words erased, whose scores and the effects of the words they keep are to agree.

What a model says of half a message no label settles. So it may as well say what a sum over the words that are left
says; then effects that one pass tells (`reviewguard.modeling.attribution`) are nearly what many copies would tell. The
model learns to be as its explanation has it, and the explanation to be as the model is, side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from rows import DEVICE
from torch import Tensor, nn

from reviewguard.attribution_fit import CLIP, draw_copies, kept_effects
from reviewguard.curation.storage import load_splits
from reviewguard.encoding import MessageEncoder, Window, collate
from reviewguard.inference.model_folder import MODEL_FILE, TOKENIZER_FILE, load
from reviewguard.modeling.attribution import AttributionHead, chosen, read_attribution
from reviewguard.modeling.evidence_model import EvidenceModel
from reviewguard.modeling.explainers.any_violation import log_odds
from reviewguard.modeling.explainers.words import ERASURES, WordedMessage, read_words
from reviewguard.policy import load_policy

COPIES, AT_ONCE = 4, 8
"""Copies of a message, and messages, in a step."""
_HELD = 0.03
"""Weight of what the copies scored before: they are to move no further than they must."""


class Erasing(nn.Module):
    """The loss of the copies, and the head that is fitted beside the model; an export fits its own."""

    def __init__(
        self,
        models: tuple[EvidenceModel, EvidenceModel],
        head: AttributionHead,
        messages: Sequence[WordedMessage],
        tokens: tuple[int, int],
        seed: int,
    ) -> None:
        """Nothing is drawn yet.

        Args:
            models: the student, and as it was before, which holds what the copies score; their weights are none of
                this module's.
            messages: `AT_ONCE` of them or more.
            tokens: ids of padding and of [MASK].
        """
        super().__init__()
        self.head = head.eval()  # the states move; dropout besides is too much
        self._models = models
        self._messages = sorted(messages, key=lambda m: len(m.window.ids))
        self._pad_id, self._mask_id = tokens
        self._rng = np.random.default_rng(seed)

    def loss(self, _inputs: dict[str, Tensor]) -> Tensor:
        """The share of the copies' variance that the effects do not explain, and how far their log-odds have moved."""
        student, before = self._models
        first = int(self._rng.integers(len(self._messages) - AT_ONCE + 1))
        messages = self._messages[first : first + AT_ONCE]
        erasure = ERASURES[int(self._rng.integers(len(ERASURES)))]
        kept = [draw_copies(len(m.words), COPIES, self._rng) for m in messages]
        copies = self._inputs(
            m.erased(~row, erasure, self._mask_id)
            for m, rows in zip(messages, kept, strict=True)
            for row in rows
        )
        scores = _log_odds(student, copies)
        with torch.no_grad():
            told = _log_odds(before, copies)
        found = kept_effects(self._effects(student, messages), [m.owner for m in messages], kept)
        wanted = scores.view_as(found)
        unexplained = _centred(found - wanted).square().mean() / (_centred(wanted).square().mean() + 1)
        return unexplained + _HELD * (scores - told).square().mean()

    def _effects(self, student: EvidenceModel, messages: Sequence[WordedMessage]) -> Tensor:
        """Of each token, `(messages, tokens)`."""
        whole = self._inputs(m.window for m in messages)
        del whole["seller_mask"]
        states = student.encoder(**whole, output_hidden_states=True).hidden_states
        effects: Tensor = self.head(chosen(states))
        return effects.float()

    def _inputs(self, windows: Iterable[Window]) -> dict[str, Tensor]:
        batch = collate([*windows], self._pad_id).as_inputs()
        return {name: torch.from_numpy(values).to(DEVICE) for name, values in batch.items()}


def erasing(student: EvidenceModel, before: EvidenceModel, folder: Path, splits: Path, seed: int) -> Erasing:
    """For a student that was unpacked from a model folder: its attribution head, and the training split's violations.

    Args:
        before: a second one, which does not learn.
        splits: folder of `reviewguard data build`.
    """
    settings = load(folder).settings
    encoder = MessageEncoder.from_file(folder / TOKENIZER_FILE, settings.limits)
    rules = load_policy().profile("amazon")
    broken = [m for m in load_splits(splits)["train"] if rules.is_broken(m.types)]
    messages = [m for m in read_words(broken, encoder) if len(m.words) > 1]
    head = read_attribution(folder / MODEL_FILE) or AttributionHead(student.encoder.config.hidden_size)
    models = (student, before.to(DEVICE).eval())
    return Erasing(models, head, messages, (encoder.pad_id, encoder.mask_id), seed)


def _log_odds(model: EvidenceModel, inputs: dict[str, Tensor]) -> Tensor:
    return log_odds(model(**inputs).logits.float()).clamp(-CLIP, CLIP)


def _centred(values: Tensor) -> Tensor:
    """Without the mean of each message's copies."""
    return values - values.mean(dim=-1, keepdim=True)
