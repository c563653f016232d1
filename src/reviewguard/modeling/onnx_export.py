"""Write a trained model as a model folder: ONNX, tokenizer, configuration, hashes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from torch import Tensor, nn

from reviewguard.modeling.evidence_model import EvidenceModel

Floats = NDArray[np.float32]

OUTPUTS = ("logits", "evidence", "attention")
SMALLEST_QUANTIZED = 50_000
"""Weights with fewer values, the head's among them, stay fp32."""
INPUTS = ("input_ids", "attention_mask", "token_type_ids", "seller_mask")


class _Exported(nn.Module):
    """The model without its loss."""

    def __init__(self, model: EvidenceModel) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor, seller_mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        output = self.model(input_ids, attention_mask, token_type_ids, seller_mask)
        return output.logits, output.evidence, output.attention


def export_onnx(model: EvidenceModel, path: Path) -> None:
    """Write fp32 ONNX with free batch and token axes."""
    sample = tuple(torch.ones(2, 16, dtype=torch.long) for _ in INPUTS)
    axes = {0: torch.export.Dim("windows", min=1), 1: torch.export.Dim("tokens", min=4, max=512)}
    program = torch.onnx.export(
        _Exported(model).eval(),
        sample,
        input_names=list(INPUTS),
        output_names=list(OUTPUTS),
        dynamic_shapes=tuple(axes for _ in INPUTS),
        opset_version=20,
        dynamo=True,
        verbose=False,
    )
    assert program is not None  # it is None only without dynamo
    program.save(str(path), external_data=False)


def quantize_int8(source: Path, target: Path) -> None:
    """Store every large weight as int8, one scale per row or column, and compute in fp32.

    Activations are left alone. Dynamic quantisation scales them by the largest value of the whole batch, so that a
    message's score moved with its neighbours (by up to a third of the probability scale here), and int8 products
    saturate on processors without VNNI. Stored weights have neither fault; ONNX Runtime unpacks them at load.
    """
    model = onnx.load(str(source))
    graph = model.graph
    for weight in [
        w for w in graph.initializer if len(w.dims) == 2 and np.prod(w.dims) >= SMALLEST_QUANTIZED
    ]:
        _pack(graph, weight)
    onnx.save(model, str(target))


def _pack(graph: onnx.GraphProto, weight: onnx.TensorProto) -> None:
    """Replace one fp32 weight by int8 values, scales, and the node that unpacks them."""
    name, values = weight.name, numpy_helper.to_array(weight)
    axis = min((0, 1), key=lambda a: float(np.square(_unpacked(*_packed(values, a), a) - values).sum()))
    packed, scale = _packed(values, axis)
    graph.initializer.remove(weight)
    graph.initializer.append(numpy_helper.from_array(packed, f"{name}_int8"))
    graph.initializer.append(numpy_helper.from_array(scale, f"{name}_scale"))
    node = helper.make_node("DequantizeLinear", [f"{name}_int8", f"{name}_scale"], [name], axis=axis)
    graph.node.insert(0, node)


def _packed(values: Floats, axis: int) -> tuple[NDArray[np.int8], Floats]:
    scale = np.maximum(np.abs(values).max(axis=1 - axis), 1e-8).astype(np.float32) / 127
    return np.rint(values / np.expand_dims(scale, 1 - axis)).astype(np.int8), scale


def _unpacked(packed: NDArray[np.int8], scale: Floats, axis: int) -> Floats:
    return np.asarray(packed * np.expand_dims(scale, 1 - axis), dtype=np.float32)
