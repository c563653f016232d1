"""Labelled messages as training rows: one row per window, with labels for the window and each of its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from reviewguard.encoding import MessageEncoder, Window, collate
from reviewguard.modeling.torch_backend import tensors
from reviewguard.schema import LabelledMessage

if TYPE_CHECKING:
    from datasets import Dataset


def training_rows(
    examples: Sequence[LabelledMessage], encoder: MessageEncoder, types: Sequence[str]
) -> Dataset:
    """Windows of every message as a `datasets.Dataset`.

    A window of a long message carries a type only when a rationale of that type reaches into it. Columns:
    `input_ids`, `token_type_ids`, `seller` (first, last + 1), `labels` `(types,)`, `rationale` – pairs of
    (token, type) indices – and `length`.
    """
    from datasets import Dataset

    index = {name: i for i, name in enumerate(types)}
    encoded = encoder.encode_batch([e.message for e in examples])
    rows = [
        window_row(example, window, index, whole=len(message.windows) == 1)
        for example, message in zip(examples, encoded, strict=True)
        for window in message.windows
    ]
    return Dataset.from_list(rows)


def window_row(
    example: LabelledMessage, window: Window, index: dict[str, int], *, whole: bool
) -> dict[str, Any]:
    """One row of `training_rows`.

    Args:
        index: type → its place among the labels.
        whole: whether this is the message's only window.
    """
    first = window.seller[0]
    marked = [
        (first + position, index[part.type])
        for position, (start, end) in enumerate(window.offsets)
        for part in example.rationale
        if start < part.end and end > part.start
    ]
    present = {index[t] for t in example.types} if whole else {kind for _, kind in marked}
    return {
        "input_ids": list(window.ids),
        "token_type_ids": list(window.type_ids),
        "seller": list(window.seller),
        "labels": [float(i in present) for i in range(len(index))],
        "rationale": [list(pair) for pair in marked],
        "length": len(window.ids),
    }


@dataclass(frozen=True, slots=True)
class WindowCollator:
    """Pads rows to a batch of tensors."""

    pad_id: int
    types: int

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Rows of `training_rows` → the arguments of `EvidenceModel.forward`."""
        windows = [
            Window(tuple(r["input_ids"]), tuple(r["token_type_ids"]), tuple(r["seller"]), ()) for r in rows
        ]
        batch = tensors(collate(windows, self.pad_id))
        token_labels = np.zeros((*batch["input_ids"].shape, self.types), dtype=np.float32)
        for row, item in enumerate(rows):
            for token, kind in item["rationale"]:
                token_labels[row, token, kind] = 1.0
        batch["labels"] = torch.tensor([r["labels"] for r in rows], dtype=torch.float32)
        batch["token_labels"] = torch.from_numpy(token_labels)
        return batch
