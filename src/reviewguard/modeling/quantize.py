"""Turns fp32 ONNX into a model that multiplies int8, and whose score of a message depends on that message alone.

ONNX Runtime's own dynamic quantisation scales activations by the largest value of the whole batch; here that moved
a probability by up to a third with its neighbours. A scale for each token's row would cure it, and costs a pass over
every matrix. So the ranges are measured beforehand, one a channel, and most of the work is folded into weights:

- what leaves a layer normalisation is brought to the range of int8 by a second gain and bias of that normalisation;
  the channels share the difficulty with the weights behind them (Xiao et al., "SmoothQuant", ICML 2023);
- what leaves attention is brought there by the value projection's weights, since attention is linear in values;
- what leaves GELU has outliers in few tokens, so it keeps a scale for each token.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper

from reviewguard.modeling.int8_block import CONTRIB, Block, Linear
from reviewguard.modeling.onnx_graph import Graph
from reviewguard.modeling.rounding import pack

Inputs = Mapping[str, NDArray[np.int64]]

ENCODER = "model.encoder."
"""Prefix of the encoder's weights. The head behind it is small, and stays fp32."""
KINDS = ("LayerNormalization", "Attention", "Gelu")
"""Operators whose results are rounded."""
TOGETHER = 32
"""Samples whose activations are held at a time."""


def quantize_int8(source: Path, target: Path, samples: Iterable[Inputs]) -> None:
    """Rewrite the encoder's matrix products to int8 and its word embeddings to stored int8.

    Args:
        source: what `export_onnx` wrote.
        samples: batches of inputs like those to come, that ranges are measured on.
    """
    graph = Graph(source)
    blocks = _blocks(graph)
    if blocks:
        _measure(source, blocks, samples)
    for block in sorted(blocks, key=lambda b: b.kind != "Attention"):  # these change the weights of others
        block.smooth(_values(graph, block, blocks))
    for block in blocks:
        block.rewrite(graph)
    _pack_embeddings(graph)
    graph.save(target, opset=CONTRIB)


def _blocks(graph: Graph) -> list[Block]:
    """The encoder's linear layers by input, in order; those whose input is of another kind stay fp32."""
    blocks: dict[str, Block] = {}
    for node in graph.nodes:
        linear = _linear(graph, node)
        producer = graph.producer(node.input[0]) if linear else None
        if linear is None or producer is None or producer.op_type not in KINDS:
            continue
        source = node.input[0]
        if source not in blocks:
            blocks[source] = Block.unseen(source, producer.op_type, len(linear.weight))
        blocks[source].linears.append(linear)
    found = list(blocks.values())
    return [b for b in found if b.kind != "Attention" or _values(graph, b, found)]


def _linear(graph: Graph, node: NodeProto) -> Linear | None:
    if node.op_type != "MatMul" or node.input[1] not in graph.weights:
        return None
    for addition in graph.consumers(node.output[0]):
        for name in addition.input:
            if addition.op_type == "Add" and name.startswith(ENCODER):
                return Linear(addition, graph.weights[node.input[1]], graph.weights[name])
    return None


def _values(graph: Graph, block: Block, blocks: list[Block]) -> Linear | None:
    """The layer that computes the values of the attention before a block; None where there is none."""
    attention = graph.producer(block.source)
    if attention is None or attention.op_type != "Attention":
        return None
    name = attention.input[2]
    return next((x for b in blocks for x in b.linears if x.addition.output[0] == name), None)


def _measure(source: Path, blocks: list[Block], samples: Iterable[Inputs]) -> None:
    """Run the samples and let every block see its inputs."""
    import onnxruntime

    graph = Graph(source)
    for block in blocks:
        graph.show(block.source)
    session = onnxruntime.InferenceSession(
        graph.model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [block.source for block in blocks]
    waiting = iter(samples)
    while some := [session.run(names, dict(inputs)) for inputs in islice(waiting, TOGETHER)]:
        for block, *found in zip(blocks, *some, strict=True):
            block.see(np.concatenate([values.reshape(-1, values.shape[-1]) for values in found]))


def _pack_embeddings(graph: Graph) -> None:
    """Store the word embeddings as int8, one scale a word, and unpack the words of a message only."""
    for node in graph.nodes:
        if node.op_type != "Gather" or node.input[1] != "input_ids":
            continue
        name, result = node.input[0], node.output[0]
        packed, scale = pack(graph.weights[name], axis=1)
        graph.add(f"{name}_int8", packed)
        graph.add(f"{name}_scale", scale[:, None])
        unpacked = [
            helper.make_node("Gather", [f"{name}_int8", "input_ids"], [f"{result}_int8"]),
            helper.make_node("Gather", [f"{name}_scale", "input_ids"], [f"{result}_scale"]),
            helper.make_node("Cast", [f"{result}_int8"], [f"{result}_float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{result}_float", f"{result}_scale"], [result]),
        ]
        graph.replace(node, unpacked)
