"""Forward passes over windows, without padding: a batch holds windows of one length.

So no token is computed in vain, and a window is computed alike alone and in any batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reviewguard.encoding import EncodedMessage, Forward, Window, collate
from reviewguard.inference.backend import Backend

BATCH_TOKENS = 256
"""Tokens per forward pass: as many as keep a layer's values within a core's cache. A longer window passes alone."""


@dataclass(frozen=True, slots=True, eq=False)
class RawScores:
    """What the model says of one message, before calibration.

    Attributes:
        encoded: its windows.
        logits: per type, the highest over the windows, shape `(types,)`.
        offsets: of the seller's tokens in the text as given, shape `(tokens, 2)`.
        evidence: per token and type, a logit, shape `(tokens, types)`.
        attention: per token and type its share of a window's logit, which is the mean of the evidence so weighted, 0–1.
        attribution: each token's effect, see `Forward`, shape `(tokens,)`; None where the model does not say.
    """

    encoded: EncodedMessage
    logits: NDArray[np.float64]
    offsets: NDArray[np.int64]
    evidence: NDArray[np.float64]
    attention: NDArray[np.float64]
    attribution: NDArray[np.float64] | None = None


def score(
    backend: Backend, encoded: Sequence[EncodedMessage], batch_tokens: int = BATCH_TOKENS
) -> list[RawScores | None]:
    """Scores of each message; None where it has no window.

    Args:
        batch_tokens: tokens per forward pass; scores do not depend on it.
    """
    windows = [window for message in encoded for window in message.windows]
    scores = iter(forward(backend, windows, batch_tokens))
    parts = [[next(scores) for _ in message.windows] for message in encoded]
    return [_merge(message, found) if found else None for message, found in zip(encoded, parts, strict=True)]


def forward(backend: Backend, windows: Sequence[Window], batch_tokens: int = BATCH_TOKENS) -> list[Forward]:
    """Each window's own values, of the seller's tokens alone: logits have the shape `(types,)`, and so on."""
    batches = list(_batches([len(w.ids) for w in windows], batch_tokens))

    def run(batch: list[int]) -> Forward:
        return backend.run(collate([windows[i] for i in batch], pad_id=0))

    results: dict[int, Forward] = {}
    for batch, output in zip(batches, _side_by_side(run, batches, backend.threads), strict=True):
        for row, i in enumerate(batch):
            seller = slice(*windows[i].seller)
            effects = None if output.attribution is None else output.attribution[row, seller]
            evidence, attention = output.evidence[row, seller], output.attention[row, seller]
            results[i] = Forward(output.logits[row], evidence, attention, effects)
    return [results[i] for i in range(len(windows))]


def _side_by_side(
    work: Callable[[list[int]], Forward], items: Sequence[list[int]], threads: int
) -> Iterable[Forward]:
    """Results of some work on each item, in order; the work lets other threads run (ONNX Runtime does)."""
    if threads == 1 or len(items) <= 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(min(threads, len(items))) as pool:
        yield from pool.map(work, items)


def _batches(lengths: Sequence[int], batch_tokens: int) -> Iterable[list[int]]:
    """Indices of windows of one length, at most `batch_tokens` tokens at a time."""
    same: dict[int, list[int]] = {}
    for i, length in enumerate(lengths):
        same.setdefault(length, []).append(i)
    for length, indices in sorted(same.items(), reverse=True):
        size = max(1, batch_tokens // length)
        for start in range(0, len(indices), size):
            yield indices[start : start + size]


def _merge(message: EncodedMessage, found: Sequence[Forward]) -> RawScores:
    """Pool windows: the highest logit per type; a token in two windows has evidence of both, and their mean effect."""
    evidence = [f.evidence.astype(np.float64) for f in found]
    attention = [f.attention.astype(np.float64) for f in found]
    # Summed again: the model's own sum differs in its last digits with the batch. A plain head has no evidence.
    logits = [
        (e * a).sum(axis=0) if e.any() else f.logits
        for e, a, f in zip(evidence, attention, found, strict=True)
    ]
    return RawScores(
        message,
        np.max(np.asarray(logits, dtype=np.float64), axis=0),
        np.array([pair for w in message.windows for pair in w.offsets], dtype=np.int64).reshape(-1, 2),
        np.concatenate(evidence),
        np.concatenate(attention),
        _effects(message.windows, found),
    )


def _effects(windows: Sequence[Window], found: Sequence[Forward]) -> NDArray[np.float64] | None:
    """Effects of all windows' tokens, those of a token in several divided among them."""
    told = [
        (w.offsets, f.attribution.astype(np.float64))
        for w, f in zip(windows, found, strict=True)
        if f.attribution is not None
    ]
    if len(told) < 2:
        return told[0][1] if told else None
    read = Counter(pair for offsets, _ in told for pair in set(offsets))
    return np.concatenate([effects / np.array([read[pair] for pair in offsets]) for offsets, effects in told])
