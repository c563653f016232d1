"""SetFit's body as features for a linear head: contrastive fine-tuning on a few messages of each verdict.

SetFit (Tunstall et al., "Efficient few-shot learning without prompts", 2022) is not among our dependencies; it is
installed beside them for this row alone: `pip install setfit==1.2.0`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray
from setfit import SetFitModel, Trainer, TrainingArguments

from reviewguard.curation.storage import label_of
from reviewguard.modeling.base_model import PACKAGED, resolve_base_model
from reviewguard.schema import COMPLIANT, REVIEW_SOLICITING, LabelledMessage, Message


class SetFitFeatures:
    """Embeddings of a body tuned to tell the verdicts apart, as `LinearBaseline` wants features; tuned beforehand."""

    def __init__(self, train: Sequence[LabelledMessage], shots: int, seed: int) -> None:
        chosen = [
            m
            for verdict in (COMPLIANT, REVIEW_SOLICITING)
            for m in random.Random(seed).sample([m for m in train if label_of(m) == verdict], shots)
        ]
        rows = {
            "text": [_text(m.message) for m in chosen],
            "label": [int(label_of(m) == REVIEW_SOLICITING) for m in chosen],
        }
        model = SetFitModel.from_pretrained(resolve_base_model(PACKAGED))
        arguments = TrainingArguments(
            num_iterations=10, num_epochs=1, batch_size=16, seed=seed, save_strategy="no"
        )
        Trainer(model=model, args=arguments, train_dataset=Dataset.from_dict(rows)).train()
        self._body = model.model_body
        self._known: dict[str, NDArray[np.float32]] = {}

    def fit_transform(self, messages: Sequence[Message]) -> NDArray[np.float32]:
        """There is nothing more to fit."""
        return self.transform(messages)

    def transform(self, messages: Sequence[Message]) -> NDArray[np.float32]:
        """Embeddings, shape `(messages, width)`; kept, since validation is asked about more than once."""
        texts = [_text(message) for message in messages]
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        if new:
            vectors = self._body.encode(
                new, batch_size=64, normalize_embeddings=True, show_progress_bar=False
            )
            self._known |= dict(zip(new, np.asarray(vectors, dtype=np.float32), strict=True))
        return np.stack([self._known[text] for text in texts])


def _text(message: Message) -> str:
    """The exchange as one text, as the body was tuned: the buyer's words, then the seller's."""
    return f"{message.previous}\n{message.text}" if message.previous else message.text
