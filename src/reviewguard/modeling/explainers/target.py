"""What is explained: the log-odds of one type, or of any violation."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

Target = int | None
"""Index of a type, or None for "any violation": the noisy-or over every type but the last, `neutral_request`."""
ANY_VIOLATION: Target = None

_LEAST = 1e-12


def log_odds(logits: Tensor, target: Target) -> Tensor:
    """The target's log-odds of type logits `(rows, types)`, shape `(rows,)`; differentiable."""
    if target is not None:
        return logits[:, target]
    log_none = F.logsigmoid(-logits[:, :-1]).sum(dim=1).clamp(max=-_LEAST)
    return torch.log(-torch.expm1(log_none)) - log_none


def probabilities(logits: NDArray[np.float64], target: Target) -> NDArray[np.float64]:
    """The target's uncalibrated probability, 0–1, shape `(rows,)`."""
    return np.asarray(torch.sigmoid(log_odds(torch.from_numpy(logits), target)).numpy())


def type_weights(logits: NDArray[np.float64], target: Target) -> NDArray[np.float64]:
    """How much the target's log-odds move with each type's logit, shape `(types,)`.

    For any violation p(type) / p(any), which is the derivative, so no backward pass is needed.
    """
    if target is not None:
        return np.asarray(np.eye(len(logits))[target])
    chance = 1.0 / (1.0 + np.exp(-logits))
    chance[-1] = 0.0
    return np.asarray(chance / max(_LEAST, float(1.0 - np.prod(1.0 - chance))))
