"""Windows on the device, cut into batches of like length."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from windows import LIMITS, TYPES, cut

CUDA = torch.cuda.is_available()
DEVICE = "cuda" if CUDA else "cpu"
_JOINED = ("ids", "buyer", "seller", "labels", "length")

Numbers = NDArray[np.int64]


class Batch(NamedTuple):
    """Windows padded to one width.

    Attributes:
        inputs: what the model takes, each `(batch, tokens)`.
        labels: `(batch, types)`.
        tokens: `(batch, tokens, types)`, 1 on marked tokens.
        at: the numbers of the windows, on the device.
    """

    inputs: dict[str, Tensor]
    labels: Tensor
    tokens: Tensor
    at: Tensor


class Rows:
    """Windows of one or more sets, numbered through."""

    def __init__(self, *parts: dict[str, Tensor]) -> None:
        joined = {name: torch.cat([p[name] for p in parts]) for name in _JOINED}
        self.length = joined["length"].numpy()
        self._data = {name: values.to(DEVICE) for name, values in joined.items()}
        self._tokens = torch.zeros(len(self), LIMITS.window, len(TYPES), dtype=torch.uint8, device=DEVICE)
        first = 0
        for part in parts:
            window, token, kind = part["marked"].to(DEVICE).long().T
            self._tokens[first + window, token, kind] = 1
            first += len(part["ids"])

    def __len__(self) -> int:
        return len(self.length)

    def batch(self, rows: Numbers) -> Batch:
        """The windows of these numbers, as wide as the longest of them, in steps of 16."""
        at = torch.from_numpy(rows).to(DEVICE)
        width = -(-int(self.length[rows].max()) // 16) * 16
        place = torch.arange(width, device=DEVICE)[None]
        length, buyer = (self._data[name][at][:, None] for name in ("length", "buyer"))
        seller = self._data["seller"][at]
        inputs = {
            "input_ids": self._data["ids"][at, :width].int(),
            "attention_mask": (place < length).long(),
            "token_type_ids": ((place >= 1) & (place <= buyer)).long(),
            "seller_mask": ((place >= seller[:, :1]) & (place < seller[:, 1:])).long(),
        }
        return Batch(inputs, self._data["labels"][at], self._tokens[at, :width].float(), at)

    def epoch(self, size: int, rng: np.random.Generator) -> list[Numbers]:
        """Every window once: batches of like length, in random order."""
        order = np.argsort(self.length + rng.uniform(-8, 8, len(self)))
        batches = cut(order, size)
        rng.shuffle(batches)
        return batches
