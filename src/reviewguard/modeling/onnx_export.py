"""Write a trained model as ONNX, in fp32."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from onnx import NodeProto, helper
from torch import Tensor, nn

from reviewguard.modeling.evidence_model import EvidenceModel
from reviewguard.modeling.onnx_graph import Graph

OUTPUTS = ("logits", "evidence", "attention")
INPUTS = ("input_ids", "token_type_ids", "seller_mask")


class _Exported(nn.Module):
    """The model without its loss, for windows without padding."""

    def __init__(self, model: EvidenceModel) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, input_ids: Tensor, token_type_ids: Tensor, seller_mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        output = self.model(input_ids, None, token_type_ids, seller_mask)
        return output.logits, output.evidence, output.attention


def export_onnx(model: EvidenceModel, path: Path) -> None:
    """Write fp32 ONNX with free batch and token axes; the windows of a batch must be of one length."""
    sample = tuple(torch.ones(2, 16, dtype=torch.long) for _ in INPUTS)
    axes = {0: torch.export.Dim("windows", min=1), 1: torch.export.Dim("tokens", min=4, max=512)}
    with _quiet():
        program = torch.onnx.export(
            _Exported(model).eval(),
            sample,
            input_names=list(INPUTS),
            output_names=list(OUTPUTS),
            dynamic_shapes=tuple(axes for _ in INPUTS),
            opset_version=23,  # the first with an attention operator
            dynamo=True,
            verbose=False,
        )
    assert program is not None  # it is None only without dynamo
    program.save(str(path), external_data=False)
    graph = Graph(path)
    _simplify_attention(graph, model.encoder.config.num_attention_heads)
    graph.save(path)


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out deprecations within torch, axes of one name, and word of a library that nothing here needs."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def _simplify_attention(graph: Graph, heads: int) -> None:
    """Let attention split the heads itself, and drop its mask: without padding it hides nothing.

    Saves four transpositions a layer. What is not built as expected stays as it is.
    """
    for node in [n for n in graph.nodes if n.op_type == "Attention"]:
        found = [_before(graph, name, "Transpose", "Reshape") for name in node.input[:3]]
        sources = [name for name in found if name]
        last = _after(graph, node.output[0], "Transpose", "Reshape")
        if last is None or len(sources) < len(found):
            continue
        whole = helper.make_node(
            "Attention", sources, last.output, name=node.name, q_num_heads=heads, kv_num_heads=heads
        )
        whole.attribute.extend(a for a in node.attribute if a.name == "scale")
        graph.replace(last, [whole])


def _before(graph: Graph, name: str, *kinds: str) -> str | None:
    """What goes into a chain of nodes of these kinds (the last first) that gives `name`."""
    for kind in kinds:
        node = graph.producer(name)
        if node is None or node.op_type != kind:
            return None
        name = node.input[0]
    return name


def _after(graph: Graph, name: str, *kinds: str) -> NodeProto | None:
    """The last of a chain of nodes of these kinds that takes `name`."""
    node = None
    for kind in kinds:
        takers = graph.consumers(name)
        if len(takers) != 1 or takers[0].op_type != kind:
            return None
        node = takers[0]
        name = node.output[0]
    return node
