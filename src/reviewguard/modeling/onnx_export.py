"""Write a trained model as a model folder: ONNX, tokenizer, configuration, hashes."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import Tensor, nn

from reviewguard.modeling.evidence_model import EvidenceModel

OUTPUTS = ("logits", "evidence", "attention")
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


def quantize_int8(source: Path, target: Path, *, keep_fp32: Sequence[str] = ()) -> None:
    """Dynamic int8 quantisation, weights per channel.

    Args:
        keep_fp32: names of nodes to leave alone; the head always is, it is small and decides the evidence.
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        quantize_dynamic(
            str(prepared),
            str(target),
            weight_type=QuantType.QInt8,
            per_channel=True,
            nodes_to_exclude=[*_head_nodes(prepared), *keep_fp32],
            op_types_to_quantize=["MatMul", "Gather", "Gemm"],
        )


def _head_nodes(path: Path) -> list[str]:
    """Nodes that multiply with a weight of the head."""
    graph = onnx.load(str(path)).graph
    heads = ("model.token.", "model.context.", "model.evidence.", "model.attention.")
    weights = {w.name for w in graph.initializer if w.name.startswith(heads)}
    reached = set(weights)
    nodes = []
    for node in graph.node:
        if reached & set(node.input) and node.op_type in ("MatMul", "Gemm", "Transpose"):
            nodes.append(node.name)
            reached |= set(node.output) if node.op_type == "Transpose" else set()
    return nodes
