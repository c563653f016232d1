"""Training in a given time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from losses import Loss
from models import Mimic
from rows import DEVICE, Batch, Numbers, Rows
from torch import Tensor, nn

from reviewguard.modeling.evidence_model import EvidenceModel

_WARM_UP = 0.04
"""Share of the time in which the rate rises."""
_SHOWN = 500
"""Steps between two lines."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast.

    Attributes:
        seconds: after which training ends.
        batch: windows in a step.
        lr, head_lr: highest rates, of the encoder and of all else.
        looks: quick reports, the last one at the end.
    """

    seconds: float
    batch: int
    lr: float
    head_lr: float
    seed: int = 13
    looks: int = 3


def fit(
    model: EvidenceModel,
    rows: Rows,
    loss: Loss,
    plan: Plan,
    look: Callable[[], None],
    mimic: Mimic | None = None,
) -> None:
    """AdamW in bfloat16; the rate rises and falls with the time that is given, so that it ends in time.

    Args:
        look: reports on the model, which it may put into evaluation mode.
        mimic: whose loss is added.
    """
    torch.manual_seed(plan.seed)
    model.to(DEVICE).train()
    optimizer = _optimizer(model, plan, mimic)
    step, looked, total = 0, 0, torch.zeros((), device=DEVICE)
    for step, (part, numbers) in enumerate(_batches(rows, plan), 1):
        _set_rates(optimizer, part)
        total += _step(optimizer, _loss(model, rows.batch(numbers), loss, mimic))
        if step % _SHOWN == 0:
            epochs = step * plan.batch / len(rows)
            print(f"{step} {part:.2f} epochs {epochs:.2f} loss {float(total) / _SHOWN:.3f}", flush=True)
            total.zero_()
        if part * plan.looks > looked + 1:
            looked += 1
            look()
            model.train()
    epochs = step * plan.batch / len(rows)
    print(f"{step} steps of {plan.batch}, {epochs:.2f} epochs", flush=True)
    look()


def _batches(rows: Rows, plan: Plan) -> Iterator[tuple[float, Numbers]]:
    """Batches, epoch after epoch, each with the share of the time that is over, until all of it is."""
    rng = np.random.default_rng(plan.seed)
    started = time.monotonic()
    while True:
        for batch in rows.epoch(plan.batch, rng):
            if (part := (time.monotonic() - started) / plan.seconds) >= 1:
                return
            yield part, batch


def _optimizer(model: EvidenceModel, plan: Plan, mimic: Mimic | None) -> torch.optim.Optimizer:
    named = [(name, weights) for name, weights in model.named_parameters() if weights.requires_grad]
    groups: list[dict[str, Any]] = [
        {
            "params": [w for name, w in named if name.startswith("encoder.") == old],
            "lr": rate,
            "highest": rate,
        }
        for old, rate in ((True, plan.lr), (False, plan.head_lr))
    ]
    if mimic is not None:
        weights = list(mimic.to(DEVICE).map.parameters())
        groups.append({"params": weights, "lr": plan.head_lr, "highest": plan.head_lr})
    return torch.optim.AdamW(groups, weight_decay=0.01, fused=True)


def _set_rates(optimizer: torch.optim.Optimizer, part: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = group["highest"] * min(part / _WARM_UP, (1 - part) / (1 - _WARM_UP))


def _loss(model: EvidenceModel, batch: Batch, loss: Loss, mimic: Mimic | None) -> Tensor:
    with torch.autocast(DEVICE, dtype=torch.bfloat16):
        value = loss(model, batch)
        return value if mimic is None else value + mimic.loss(batch.inputs)


def _step(optimizer: torch.optim.Optimizer, value: Tensor) -> Tensor:
    optimizer.zero_grad(set_to_none=True)
    value.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_([w for group in optimizer.param_groups for w in group["params"]], 1.0)
    optimizer.step()
    return value.detach()
