"""What is explained: the log-odds of any violation, a noisy-or over every type but the last, `neutral_request`."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from reviewguard.decision import sigmoid

_LEAST = 1e-12


def log_odds(logits: Tensor) -> Tensor:
    """Log-odds of any violation by type logits `(rows, types)`, shape `(rows,)`; differentiable."""
    log_none = F.logsigmoid(-logits[:, :-1]).sum(dim=1).clamp(max=-_LEAST)
    return torch.log(-torch.expm1(log_none)) - log_none


def probabilities(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Uncalibrated probability of any violation, 0–1, shape `(rows,)`."""
    return np.asarray(torch.sigmoid(log_odds(torch.from_numpy(logits))).numpy())


def type_weights(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much the log-odds move with each type's logit, shape `(types,)`.

    They are p(type) / p(any), which is the derivative, so no backward pass is needed.
    """
    chance = sigmoid(logits)
    chance[-1] = 0.0
    return np.asarray(chance / max(_LEAST, float(1.0 - np.prod(1.0 - chance))))
