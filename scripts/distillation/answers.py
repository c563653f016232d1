"""What a model says about windows, kept for a student, and counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rows import CUDA, DEVICE, Rows
from sklearn.metrics import f1_score, roc_auc_score
from torch import Tensor
from windows import LIMITS, TYPES, cut

from reviewguard.modeling.evidence_model import EvidenceModel

_AT_ONCE = 512 if CUDA else 64
_SURE = 4.0
"""Logit, or its negative, of a label."""
_CUT = 0.96
"""Share of validation's compliant messages below the cut."""


@torch.no_grad()
def ask_model(model: EvidenceModel, rows: Rows, *, evidence: bool = False) -> dict[str, Tensor]:
    """`logits` `(windows, types)` and, if wanted, `evidence` `(windows, tokens, types)`, on the device."""
    model.to(DEVICE).eval()
    logits = torch.zeros(len(rows), len(TYPES), device=DEVICE)
    shape = (len(rows), LIMITS.window, len(TYPES)) if evidence else (0,)
    tokens = torch.zeros(shape, dtype=torch.float16, device=DEVICE)
    for part in cut(np.argsort(rows.length), _AT_ONCE):
        batch = rows.batch(part)
        with torch.autocast(DEVICE, dtype=torch.bfloat16):
            out = model(**batch.inputs)
        logits[batch.at] = out.logits.float()
        if evidence:
            tokens[batch.at, : out.evidence.shape[1]] = out.evidence.half()
    return {"logits": logits, "evidence": tokens}


def ask_all(model: EvidenceModel, data: Mapping[str, Any]) -> dict[str, Tensor]:
    """What `ask_model` says of all windows that a student learns from, not on the device."""
    asked = ask_model(model, Rows(data["train"], data["mixed"]), evidence=True)
    return {name: values.cpu() for name, values in asked.items()}


def save_answers(told: dict[str, Tensor], path: Path) -> None:
    """Write answers beside the weights of the model that gave them."""
    torch.save(told, _beside(path))


def least_sure(logits: Tensor, count: int, others: int, seed: int) -> Tensor:
    """Numbers, in order, of the windows with a logit nearest to 0, and of as many others by chance.

    Args:
        logits: `(windows, types)`.
        count, others: how many of each; fewer where there are no more.
    """
    order = logits.abs().amin(1).argsort()
    rest = order[count:]
    chosen = torch.randperm(len(rest), generator=torch.manual_seed(seed))[:others]
    return torch.cat((order[:count], rest[chosen])).sort().values


def mean_answers(paths: Sequence[Path], *, first_marks: bool = False) -> dict[str, Tensor]:
    """The mean of what several teachers answered, on the device; paths are those of their weights.

    Args:
        first_marks: the first alone says which tokens are evidence.
    """
    asked = [torch.load(_beside(path)) for path in paths]
    nothing = torch.zeros((), device=DEVICE)
    told = {}
    for name in asked[0]:
        heard = asked[:1] if first_marks and name == "evidence" else asked
        total = sum((a[name].to(DEVICE).float() for a in heard), start=nothing)
        told[name] = (total / len(heard)).half()
    return told


def correct(told: dict[str, Tensor], rows: Rows, labelled: int) -> None:
    """Put labels and marked tokens in the place of answers that the labels contradict.

    Args:
        told: as `mean_answers` gives it; changed in place.
        labelled: windows below it have labels.
    """
    for part in cut(np.arange(labelled), _AT_ONCE):
        batch = rows.batch(part)
        wrong = (told["logits"][batch.at] > 0) != (batch.labels > 0.5)
        window, kind = wrong.nonzero(as_tuple=True)
        told["logits"][batch.at[window], kind] = _sure(batch.labels[window, kind])
        width = batch.tokens.shape[1]
        told["evidence"][batch.at[window], :width, kind] = _sure(batch.tokens[window, :, kind])


def _sure(labels: Tensor) -> Tensor:
    return ((2 * labels - 1) * _SURE).half()


def _beside(path: Path) -> Path:
    return path.with_suffix(".asked")


def report(model: EvidenceModel, data: Mapping[str, Any], name: str) -> None:
    """Print a line a set: false alarms and F1 at validation's cut, AUROC, pairs told apart."""
    threshold = 0.5
    for key in (k for k in data if "facts" in data[k]):
        score = _scores(model, data[key])
        broken = np.array(data[key]["facts"]["broken"])
        if key == "validation":
            threshold = float(np.quantile(score[~broken], _CUT))
        line = _figures(score, broken, data[key]["facts"]["pairs"], threshold)
        print(f"  {name} {key:18} {line}", flush=True)


def _scores(model: EvidenceModel, part: Mapping[str, Any]) -> NDArray[np.float64]:
    """Probability of any violation, the highest of each message's windows."""
    logits = ask_model(model, Rows(dict(part)))["logits"].cpu()
    broken = (1 - torch.prod(1 - torch.sigmoid(logits[:, :-1]), 1)).numpy()
    score = np.zeros(len(part["facts"]["broken"]))
    np.maximum.at(score, part["message"].numpy(), broken)
    return score


def _figures(
    score: NDArray[np.float64],
    broken: NDArray[np.bool_],
    pairs: Sequence[tuple[int, int]],
    threshold: float,
) -> str:
    found = score >= threshold
    line = f"fa {found[~broken].mean():.4f}"
    if broken.any():
        line += f" auroc {roc_auc_score(broken, score):.4f} f1 {f1_score(broken, found):.4f}"
        line += f" recall {found[broken].mean():.4f}"
    if pairs:
        apart = np.mean([found[i] and not found[j] for i, j in pairs])
        line += f" pairs {apart:.3f} of {len(pairs)}"
    return line
