"""Methods that ask the model about many copies of the message with words replaced by [MASK], or taken out.

Leave one out: Li, Monroe & Jurafsky, "Understanding neural networks through representation erasure", 2016.
LIME: Ribeiro, Singh & Guestrin, "Why should I trust you?", KDD 2016. Partition SHAP: Owen values over a tree of
neighbouring words, Lundberg & Lee, "A unified approach to interpreting model predictions", NeurIPS 2017, and the
documentation of `shap.PartitionExplainer`. All explain the log-odds of any violation, on which effects add up.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import Lime as CaptumLime
from captum.attr._core.lime import get_exp_kernel_similarity_function
from torch import Tensor

from reviewguard.modeling.explainers.probe import Probe
from reviewguard.modeling.explainers.words import Erasure, Floats, WordedMessage
from reviewguard.modeling.spans import Marks

COPIES_AT_ONCE = 50
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """What each word alone changes: a forward pass a word, and one more.

    Attributes:
        erasure: how the word goes.
    """

    erasure: Erasure = "mask"
    name: ClassVar[str] = "leave one out"

    def explain(self, model: Probe, message: WordedMessage) -> Floats:
        """Log-odds of the message less those without the word."""
        count = len(message.words)
        kept = np.vstack([np.ones((1, count), dtype=np.bool_), ~np.eye(count, dtype=np.bool_)])
        found = _asked(model, message, kept, self.erasure)
        return np.asarray(found[0] - found[1:])


@dataclass(frozen=True, slots=True)
class Lime:
    """A ridge regression of the log-odds on which words are there, near the message (kernel of lime's text mode).

    Attributes:
        erasure: how words go.
        samples: copies, every word kept with probability 1/2.
        kernel_width: of the exponential kernel on cosine distance.
    """

    samples: int = 120
    kernel_width: float = 0.25
    seed: int = 13
    erasure: ClassVar[Erasure] = "mask"
    name: ClassVar[str] = "LIME"

    def explain(self, model: Probe, message: WordedMessage) -> Floats:
        """The regression's coefficients."""

        def score(kept: Tensor) -> Tensor:
            return torch.from_numpy(_asked(model, message, kept.numpy() > 0.5, self.erasure))

        method = CaptumLime(
            score,
            interpretable_model=SkLearnRidge(alpha=1.0),
            similarity_func=get_exp_kernel_similarity_function("cosine", self.kernel_width),
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            found = method.attribute(
                torch.ones(1, len(message.words)),
                n_samples=self.samples,
                perturbations_per_eval=COPIES_AT_ONCE,
            )
        return np.asarray(found[0].detach().double().numpy())


@dataclass(frozen=True, slots=True)
class DeletingLime(Lime):
    """LIME over copies without the words, as lime's text mode makes them."""

    erasure: ClassVar[Erasure] = "delete"
    name: ClassVar[str] = "LIME, deleting"


@dataclass(frozen=True, slots=True)
class PartitionShap:
    """Owen values: credit handed down a tree of neighbouring words, punctuation as shap's text mode weighs it.

    Attributes:
        erasure: how words go.
        max_evals: copies that may be asked about (shap's default); the tree is not split further once they are used up.
    """

    max_evals: int = 500
    erasure: ClassVar[Erasure] = "mask"
    name: ClassVar[str] = "Partition SHAP"

    def explain(self, model: Probe, message: WordedMessage) -> Floats:
        """Each word's Owen value."""
        count = len(message.words)
        if count == 1:
            return LeaveOneOut(self.erasure).explain(model, message)
        with warnings.catch_warnings():
            # Its colours are made by what matplotlib will do away with.
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            import shap

        def score(kept: Floats) -> Floats:
            return _asked(model, message, kept > 0.5, self.erasure)

        masker = shap.maskers.Partition(np.zeros((1, count)), clustering=_tree(message))
        method = shap.PartitionExplainer(score, masker)
        found = method(np.ones((1, count)), max_evals=self.max_evals, batch_size=COPIES_AT_ONCE, silent=True)
        return np.asarray(found.values[0], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class DeletingPartitionShap(PartitionShap):
    """Partition SHAP over copies without the words."""

    erasure: ClassVar[Erasure] = "delete"
    name: ClassVar[str] = "Partition SHAP, deleting"


def _asked(model: Probe, message: WordedMessage, kept: Marks, erasure: Erasure) -> Floats:
    """The log-odds of copies; a copy without a word counts as one of masks alone, since it has no score of its own."""
    found = model.kept_log_odds(message, kept, erasure)
    if erasure == "delete" and (empty := ~kept.any(axis=1)).any():
        found[empty] = model.kept_log_odds(message, kept[empty])
    return found


def _tree(message: WordedMessage) -> Floats:
    """Which words are put together first, as `shap.maskers.Text` has it, distances scaled to 0–1.

    Its rules know punctuation as tokens of their own, so they put those together; then each word's first token with a
    letter or digit stands for it, and what joins no two words is left out.
    """
    from shap.maskers._text import partition_tree

    text, count = message.example.text, len(message.words)
    parts = [_TOKEN.findall(text[start:end]) for start, end in message.words]
    nodes: list[int | None] = []  # of the words' tree, for each node of the tokens'
    for word, tokens in enumerate(parts):
        spoken = next((at for at, token in enumerate(tokens) if re.match(r"\w", token)), 0)
        nodes += [word if at == spoken else None for at in range(len(tokens))]
    sizes = [1.0] * count
    rows: list[tuple[float, float, float, float]] = []
    for one, other, *_ in partition_tree([token for tokens in parts for token in tokens], []):
        left, right = nodes[int(one)], nodes[int(other)]
        if left is None or right is None:
            nodes.append(right if left is None else left)
            continue
        nodes.append(len(sizes))
        sizes.append(sizes[left] + sizes[right])
        rows.append((left, right, sizes[-1] / count, sizes[-1]))
    return np.array(rows, dtype=np.float64)
