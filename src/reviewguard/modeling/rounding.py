"""Rounds weights to int8 so that what they compute changes least, not so that they themselves do.

GPTQ (Frantar et al., ICLR 2023): one input channel after another is rounded, and what that changes is made up by the
channels still to come, as far as the inputs seen move together. Halves the error of plain rounding here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

DAMPING = 0.01
"""Added to the moments' diagonal, as a share of its mean, so that rare channels do not run away."""
STEP = 128
"""Channels whose errors are carried on together; changes nothing but the time it takes."""


def pack(values: Floats, *, axis: int) -> tuple[NDArray[np.int8], Floats]:
    """Values rounded to int8, and scales, one for each index of the axis that is left.

    Args:
        axis: along which values share a scale.
    """
    scale = _scale(values, axis)
    return np.rint(values / np.expand_dims(scale, axis)).astype(np.int8), scale


def pack_for(weight: Floats, moments: NDArray[np.float64]) -> tuple[NDArray[np.int8], Floats]:
    """A weight rounded to int8 for inputs of these second moments, and the scale of each output.

    Args:
        weight: shape `(inputs, outputs)`.
        moments: mean of `x xᵀ` over inputs seen, shape `(inputs, inputs)`.
    """
    scale = _scale(weight, axis=0)
    damped = moments + np.eye(len(weight)) * max(DAMPING * float(np.mean(np.diag(moments))), 1e-12)
    carry = np.linalg.cholesky(np.linalg.inv(damped)).T
    left = weight.astype(np.float64) / scale
    packed = np.empty_like(left)
    for start in range(0, len(left), STEP):
        stop = min(start + STEP, len(left))
        errors = np.empty((stop - start, left.shape[1]))
        for i in range(start, stop):
            packed[i] = np.clip(np.rint(left[i]), -127, 127)
            errors[i - start] = (left[i] - packed[i]) / carry[i, i]
            left[i + 1 : stop] -= np.outer(carry[i, i + 1 : stop], errors[i - start])
        left[stop:] -= carry[start:stop, stop:].T @ errors
    return packed.astype(np.int8), scale


def _scale(values: Floats, axis: int) -> Floats:
    largest = np.abs(values).max(axis=axis)
    return np.asarray(np.maximum(largest, 1e-8) / 127, dtype=np.float32)
