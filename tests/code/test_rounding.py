"""Weights are rounded so that their products change least."""

from __future__ import annotations

import numpy as np

from reviewguard.modeling.rounding import pack, pack_for


def test_values_come_back_to_half_a_step() -> None:
    values = np.random.default_rng(0).normal(size=(30, 20)).astype(np.float32)
    packed, scale = pack(values, axis=1)
    assert packed.dtype == np.int8
    assert scale.shape == (30,)
    assert np.abs(packed * scale[:, None] - values).max() <= 0.5001 * scale.max()


def test_nothing_comes_back_as_nothing() -> None:
    packed, scale = pack_for(np.zeros((8, 4), np.float32), np.eye(8))
    assert not packed.any()
    assert np.isfinite(scale).all()


def test_products_change_less_than_by_plain_rounding() -> None:
    rng = np.random.default_rng(0)
    width, samples = 200, 3000  # wider than a step, so that errors are carried across
    inputs = rng.normal(size=(samples, 20)) @ rng.normal(size=(20, width)) + 0.3 * rng.normal(
        size=(samples, width)
    )
    weight = rng.normal(size=(width, 16)).astype(np.float32)
    errors = []
    for packed, scale in (pack(weight, axis=0), pack_for(weight, inputs.T @ inputs / samples)):
        errors.append(float(np.square(inputs @ (packed * scale - weight)).mean()))
    assert errors[1] < 0.5 * errors[0]
