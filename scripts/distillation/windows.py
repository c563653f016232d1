"""Messages as tensors over their windows, made by several processes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reviewguard.curation.augment import Pool, augment
from reviewguard.encoding import Limits, MessageEncoder
from reviewguard.modeling.dataset import window_row
from reviewguard.policy import load_policy
from reviewguard.schema import LabelledMessage

TYPES = tuple(load_policy().types)
LIMITS = Limits()
_PART = 500
"""Messages that a process is given at once."""

Items = TypeVar("Items", Sequence[LabelledMessage], NDArray[np.int64])


def augmented(
    messages: Sequence[LabelledMessage], copies: int, workers: int, *, seed: int
) -> list[LabelledMessage]:
    """Augmented copies of training messages, as `reviewguard train` makes them."""
    make = partial(augment, seed=seed, per_message=copies, pool=Pool.of(messages))
    with ProcessPoolExecutor(workers) as executor:
        return [*chain.from_iterable(executor.map(make, cut(messages, _PART)))]


def window_tensors(messages: Sequence[LabelledMessage], tokenizer: Path, workers: int) -> dict[str, Tensor]:
    """What `assemble` makes of the windows of all messages."""
    with ProcessPoolExecutor(workers) as executor:
        encoded = executor.map(partial(encode, tokenizer=tokenizer), cut(messages, _PART))
        return assemble(chain.from_iterable(encoded))


def cut(items: Items, size: int) -> list[Items]:
    """Parts of one size; the last may be smaller."""
    return [items[at : at + size] for at in range(0, len(items), size)]


def encode(messages: Sequence[LabelledMessage], tokenizer: Path) -> list[list[dict[str, Any]]]:
    """The windows of each message: rows of `window_row`, made small for the way between processes."""
    index = {name: i for i, name in enumerate(TYPES)}
    encoded = _encoder(tokenizer).encode_batch([m.message for m in messages])
    return [
        [_small(window_row(example, w, index, whole=len(message.windows) == 1)) for w in message.windows]
        for example, message in zip(messages, encoded, strict=True)
    ]


@cache
def _encoder(tokenizer: Path) -> MessageEncoder:
    return MessageEncoder.from_file(tokenizer, LIMITS)


def _small(row: dict[str, Any]) -> dict[str, Any]:
    ids = np.array(row["input_ids"], np.int16)
    return {name: row[name] for name in ("seller", "labels", "rationale", "length")} | {
        "ids": ids,
        "buyer": sum(row["token_type_ids"]),
    }


def assemble(messages: Iterable[Sequence[dict[str, Any]]]) -> dict[str, Tensor]:
    """One tensor of each kind over the windows of all messages, as `encode` gives them.

    Returns:
        `ids` `(windows, LIMITS.window)`, padded with 0; `length`; `buyer`, the tokens of the buyer's segment; `seller`
        `(windows, 2)`, first token and last + 1; `labels` `(windows, types)`; `marked`, triples of window, token and
        type; `message`, the number of the message.
    """
    rows: list[dict[str, Any]] = []
    owner: list[int] = []
    for number, own in enumerate(messages):
        rows += own
        owner += [number] * len(own)
    ids = np.zeros((len(rows), LIMITS.window), np.int16)
    for at, row in enumerate(rows):
        ids[at, : row["length"]] = row["ids"]
    marked = [(at, *pair) for at, row in enumerate(rows) for pair in row["rationale"]]
    plain = {name: torch.tensor([r[name] for r in rows]) for name in ("buyer", "seller", "labels", "length")}
    return plain | {
        "ids": torch.from_numpy(ids),
        "marked": torch.tensor(marked, dtype=torch.int32).reshape(-1, 3),
        "message": torch.tensor(owner),
    }


def take(part: Mapping[str, Tensor], rows: Tensor) -> dict[str, Tensor]:
    """Windows of `assemble` that have no marked tokens, by their numbers."""
    return {name: values if name == "marked" else values[rows] for name, values in part.items()}


def facts(messages: Sequence[LabelledMessage]) -> dict[str, Any]:
    """What the quick figures need: who breaks a rule, and the pairs of one text that only one time breaks it."""
    rules = load_policy().profile("amazon")
    broken = [rules.is_broken(m.types) for m in messages]
    same: dict[str, list[int]] = {}
    for at, message in enumerate(messages):
        same.setdefault(message.text, []).append(at)
    pairs = [(i, j) for group in same.values() for i in group for j in group if broken[i] and not broken[j]]
    return {"broken": broken, "pairs": pairs}
