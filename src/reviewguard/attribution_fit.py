"""Fit the head that says what each word adds to the verdict.

Copies of messages with words masked, and with words deleted, are scored by the model that ships. A message's effects,
summed over the words that a copy keeps, must follow the log-odds of its copies: least squares, as in LIME and Kernel
SHAP, but one head for all messages instead of a regression for each. No label is needed beyond which messages break
the rules.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reviewguard.encoding import MessageEncoder, collate
from reviewguard.inference.backend import OnnxBackend
from reviewguard.inference.passes import forward
from reviewguard.modeling.attribution import AttributionHead, attach, state_names
from reviewguard.modeling.explainers.any_violation import log_odds
from reviewguard.modeling.explainers.words import ERASURES, WordedMessage, read_words
from reviewguard.modeling.onnx_graph import Graph
from reviewguard.modeling.spans import Marks
from reviewguard.policy import load_policy
from reviewguard.schema import LabelledMessage

COPIES = 8
"""Copies of each message by each erasure: a part with half of the words, one with most of them and one with few."""
EPOCHS = 10
BATCH = 16
RATE = 2e-3
CLIP = 6.0
"""Log-odds beyond which a verdict is as good as certain."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A message and what the model says of its copies.

    Attributes:
        states: of its tokens, each `(tokens, width)`.
        owner: the word of each token, -1 without, `(tokens,)`.
        kept: which words each copy keeps, `(erasures, copies, words)`.
        answers: log-odds of any violation, clipped, `(erasures, copies)`.
    """

    states: tuple[Floats, ...]
    owner: NDArray[np.intp]
    kept: Marks
    answers: Floats


def add_attribution(
    path: Path,
    encoder: MessageEncoder,
    examples: Sequence[LabelledMessage],
    seed: int,
    count: int,
) -> bool:
    """Fit the head on violations among these messages, and give the model file its output.

    Args:
        path: `model.onnx`, rounded already: what ships is what is explained.
        count: violations drawn; of these, longer ones than a window and single words are left out.

    Returns:
        Whether it has the output now; not without a violation that fits into one window, with an encoder whose states
        are not found, or a tokenizer without [MASK].
    """
    if not encoder.has_mask or not state_names(Graph(path)):
        return False
    rules = load_policy().profile("amazon")
    violations = [e for e in examples if rules.is_broken(e.types)]
    violations = random.Random(seed).sample(violations, min(count, len(violations)))
    messages = [m for m in read_words(violations, encoder) if len(m.words) > 1]
    if not messages:
        return False
    attach(fit(ask(path, encoder, messages, seed), seed), path)
    return True


def ask(path: Path, encoder: MessageEncoder, messages: Sequence[WordedMessage], seed: int) -> list[Asked]:
    """Score copies of each message, and read the states of its tokens."""
    with TemporaryDirectory() as folder:
        told = Path(folder) / "model.onnx"
        graph = Graph(path)
        names = state_names(graph)
        for name in names:
            graph.show(name)
        graph.save(told)
        backend = OnnxBackend(told)

    def asked(index: int) -> Asked:
        message = messages[index]
        rng = np.random.default_rng([seed, index])
        kept = np.stack([_copies(len(message.words), rng) for _ in ERASURES])
        windows = [
            message.erased(~row, erasure, encoder.mask_id)
            for erasure, rows in zip(ERASURES, kept, strict=True)
            for row in rows
        ]
        logits = np.stack([found.logits for found in forward(backend, windows)]).astype(np.float64)
        answers = log_odds(torch.from_numpy(logits)).clamp(-CLIP, CLIP).numpy()
        answers[[window.is_empty for window in windows]] = -CLIP
        states = backend.values(names, collate([message.window], encoder.pad_id))
        return Asked(
            tuple(s[0] for s in states),
            message.owner,
            kept,
            answers.astype(np.float32).reshape(kept.shape[:2]),
        )

    return [asked(index) for index in range(len(messages))]


def _copies(words: int, rng: np.random.Generator) -> Marks:
    """Which words each copy keeps, shape `(COPIES, words)`: one at least, of two words or more."""
    half, few = COPIES - 2 * (COPIES // 3), COPIES // 3
    kept = rng.random((COPIES, words)) < 0.5
    kept[~kept.any(axis=1), rng.integers(words)] = True
    for row in range(half, COPIES):
        count = max(1, round(words * rng.uniform(0.01, 0.35)))
        kept[row] = row < half + few
        kept[row, rng.choice(words, count, replace=False)] ^= True
    return np.asarray(kept, dtype=np.bool_)


def fit(examples: Sequence[Asked], seed: int) -> AttributionHead:
    """The head whose effects, summed over what a copy keeps, follow the copies' answers best.

    Args:
        examples: at least one.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = AttributionHead(examples[0].states[0].shape[1])
        order = sorted(range(len(examples)), key=lambda i: len(examples[i].owner))
        batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
        optimizer = torch.optim.AdamW(head.parameters(), RATE)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS * len(batches))
        for _ in range(EPOCHS):
            for batch in torch.randperm(len(batches)).tolist():
                loss = _loss(head, [examples[i] for i in batches[batch]])
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(head.parameters(), 1.0)
                optimizer.step()
                schedule.step()
    return head.eval()


def _loss(head: AttributionHead, examples: Sequence[Asked]) -> Tensor:
    """Mean squared error of the copies' log-odds, the mean of each message's by each erasure taken off."""
    states = [
        _padded([torch.from_numpy(e.states[level]) for e in examples])
        for level in range(len(examples[0].states))
    ]
    # Word 0 of the sums is for tokens that belong to none.
    owner = _padded([torch.from_numpy(e.owner + 1) for e in examples])
    kept = _padded([torch.from_numpy(e.kept.transpose(2, 0, 1)) for e in examples]).float()
    effects = torch.zeros(len(examples), kept.shape[1] + 1).scatter_add(1, owner, head(states))
    found = torch.einsum("mwec,mw->mec", kept, effects[:, 1:])
    answers = torch.from_numpy(np.stack([e.answers for e in examples]))
    error = (found - found.mean(-1, keepdim=True)) - (answers - answers.mean(-1, keepdim=True))
    return error.square().mean()


def _padded(rows: list[Tensor]) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
