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
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper

from reviewguard.modeling.onnx_graph import Graph

Floats = NDArray[np.float32]
Inputs = Mapping[str, NDArray[np.int64]]

CONTRIB = "com.microsoft"
ENCODER = "model.encoder."
"""Prefix of the encoder's weights. The head behind it is small, and stays fp32."""
KINDS = ("LayerNormalization", "Attention", "Gelu")
"""Operators whose results are rounded."""
SHARE = 0.7
"""Of a channel's range that its activations keep, the rest goes into the weights; on a log scale, 0–1."""
GELU_LOW = -0.17
"""GELU's least value."""
GELU_ZERO = 32
"""What stands for zero in GELU's unsigned bytes: few values are needed below it."""


def quantize_int8(source: Path, target: Path, samples: Iterable[Inputs]) -> None:
    """Rewrite the encoder's matrix products to int8 and its word embeddings to stored int8.

    Args:
        source: what `export_onnx` wrote.
        samples: batches of inputs like those to come, that ranges are measured on.
    """
    graph = Graph(source)
    blocks = _blocks(graph)
    _measure(source, blocks, samples)
    for block in sorted(blocks, key=lambda b: b.kind != "Attention"):  # these change the weights of others
        block.smooth(graph, blocks)
    for block in blocks:
        block.rewrite(graph)
    _pack_embeddings(graph)
    graph.save(target, opset=CONTRIB)


@dataclass(slots=True, eq=False)
class _Linear:
    """A matrix product and the addition of its bias."""

    product: NodeProto
    addition: NodeProto
    weight: Floats
    bias: Floats


@dataclass(slots=True, eq=False)
class _Block:
    """Linear layers that share an input.

    Attributes:
        source: name of the input.
        kind: operator that computes it.
        low, high: its range per channel.
        shift, scale: per channel; `(input - shift) / scale` is what is rounded.
    """

    source: str
    kind: str
    linears: list[_Linear]
    low: Floats
    high: Floats
    shift: Floats
    scale: Floats

    def smooth(self, graph: Graph, blocks: list[_Block]) -> None:
        """Choose shift and scale."""
        if self.kind == "Gelu":
            return
        half = np.maximum((self.high - self.low) / np.float32(2), np.float32(1e-4))
        weights = np.max([np.abs(x.weight).max(axis=1) for x in self.linears], axis=0)
        share = 1.0 if self.kind == "Attention" else SHARE
        scale = half**share / np.maximum(weights, 1e-6) ** (1 - share)
        self.scale = np.asarray(scale * (half / scale).max(), dtype=np.float32)
        self.shift = (self.low + self.high) / np.float32(2)
        if self.kind == "Attention":
            values = _values(graph, self.source, blocks)
            values.weight = values.weight / self.scale
            values.bias = (values.bias - self.shift) / self.scale

    def rewrite(self, graph: Graph) -> None:
        """Put rounding and integer products in the place of the linear layers."""
        rounding, unit, zero, row = self._rounding(graph)
        for linear in self.linears:
            nodes = self._product(graph, linear, unit, zero, row)
            graph.replace(linear.addition, [*rounding, *nodes])
            rounding = []

    def _rounding(self, graph: Graph) -> tuple[list[NodeProto], str, str, str | None]:
        """Nodes that give the bytes, names of their unit and zero, and of the factor of each row."""
        name, levels, zero = self.source, 127, 128
        nodes: list[NodeProto] = []
        row = None
        if self.kind == "Gelu":
            levels, zero = 255 - GELU_ZERO, GELU_ZERO
            nodes, name, row = _by_row(graph, name)
        if self.kind == "LayerNormalization":
            nodes, name = self._second_normalization(graph), f"{name}_small"
        unit = graph.add(f"one_of_{levels}", np.array(1 / levels, np.float32))
        zero_point = graph.add(f"zero_{zero}", np.array(zero, np.uint8))
        nodes.append(helper.make_node("QuantizeLinear", [name, unit, zero_point], [f"{self.source}_bytes"]))
        return nodes, unit, zero_point, row

    def _second_normalization(self, graph: Graph) -> list[NodeProto]:
        first = graph.producer(self.source)
        assert first is not None  # its kind says so
        gain, bias = (graph.weights[name] for name in first.input[1:3])
        name = f"{self.source}_small"
        graph.add(f"{name}_gain", (gain / self.scale).astype(np.float32))
        graph.add(f"{name}_bias", ((bias - self.shift) / self.scale).astype(np.float32))
        node = helper.make_node(first.op_type, [first.input[0], f"{name}_gain", f"{name}_bias"], [name])
        node.attribute.extend(first.attribute)
        return [node]

    def _product(
        self, graph: Graph, linear: _Linear, unit: str, zero: str, row: str | None
    ) -> list[NodeProto]:
        result = linear.addition.output[0]
        packed, scale = pack(linear.weight * self.scale[:, None], axis=0)
        bias = graph.add(f"{result}_bias", (linear.bias + self.shift @ linear.weight).astype(np.float32))
        inputs = [f"{self.source}_bytes", graph.add(f"{result}_int8", packed), unit]
        inputs += [graph.add(f"{result}_scale", scale), zero]
        if row is None:
            return [helper.make_node("MatMulIntegerToFloat", [*inputs, "", bias], [result], domain=CONTRIB)]
        return [
            helper.make_node("MatMulIntegerToFloat", inputs, [f"{result}_by_row"], domain=CONTRIB),
            helper.make_node("Mul", [f"{result}_by_row", row], [f"{result}_plain"]),
            helper.make_node("Add", [f"{result}_plain", bias], [result]),
        ]


def _by_row(graph: Graph, name: str) -> tuple[list[NodeProto], str, str]:
    """Nodes that divide each row by its largest value, and the names of the quotient and of that value.

    No row is taken for so small that GELU's least value would not fit below zero.
    """
    least = -GELU_LOW * (255 - GELU_ZERO) / GELU_ZERO
    graph.add("least_row", np.array(least, np.float32))
    graph.add("last_axis", np.array([-1]))
    nodes = [
        helper.make_node("ReduceMax", [name, "last_axis"], [f"{name}_max"], keepdims=1),
        helper.make_node("Max", [f"{name}_max", "least_row"], [f"{name}_row"]),
        helper.make_node("Reciprocal", [f"{name}_row"], [f"{name}_inverse"]),
        helper.make_node("Mul", [name, f"{name}_inverse"], [f"{name}_small"]),
    ]
    return nodes, f"{name}_small", f"{name}_row"


def pack(values: Floats, *, axis: int) -> tuple[NDArray[np.int8], Floats]:
    """Rounded values and their scales, one for each index of the axes that are left."""
    scale = np.maximum(np.abs(values).max(axis=axis), 1e-8).astype(np.float32) / 127
    return np.rint(values / np.expand_dims(scale, axis)).astype(np.int8), scale


def _blocks(graph: Graph) -> list[_Block]:
    """The encoder's linear layers by input, in order; those whose input is of another kind stay fp32."""
    blocks: dict[str, _Block] = {}
    for node in graph.nodes:
        linear = _linear(graph, node)
        producer = graph.producer(node.input[0]) if linear else None
        if linear is None or producer is None or producer.op_type not in KINDS:
            continue
        channels, source = len(linear.weight), node.input[0]
        zeros, ones = np.zeros(channels, np.float32), np.ones(channels, np.float32)
        empty = _Block(source, producer.op_type, [], zeros + np.inf, zeros - np.inf, zeros, ones)
        blocks.setdefault(source, empty).linears.append(linear)
    results = {linear.addition.output[0] for block in blocks.values() for linear in block.linears}
    return [b for b in blocks.values() if b.kind != "Attention" or _values_name(graph, b.source) in results]


def _linear(graph: Graph, node: NodeProto) -> _Linear | None:
    if node.op_type != "MatMul" or node.input[1] not in graph.weights:
        return None
    for addition in graph.consumers(node.output[0]):
        for name in addition.input:
            if addition.op_type == "Add" and name.startswith(ENCODER):
                return _Linear(node, addition, graph.weights[node.input[1]], graph.weights[name])
    return None


def _values_name(graph: Graph, attended: str) -> str:
    attention = graph.producer(attended)
    assert attention is not None  # its kind says so
    return str(attention.input[2])


def _values(graph: Graph, attended: str, blocks: list[_Block]) -> _Linear:
    """The layer that computes the values of an attention."""
    name = _values_name(graph, attended)
    return next(x for b in blocks for x in b.linears if x.addition.output[0] == name)


def _measure(source: Path, blocks: list[_Block], samples: Iterable[Inputs]) -> None:
    """Run the samples and take down the range of every channel of every block's input."""
    import onnxruntime

    graph = Graph(source)
    for block in blocks:
        graph.model.graph.output.append(helper.make_tensor_value_info(block.source, TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(
        graph.model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [block.source for block in blocks]
    for inputs in samples:
        for block, found in zip(blocks, session.run(names, dict(inputs)), strict=True):
            rows = found.reshape(-1, found.shape[-1])
            block.low = np.minimum(block.low, rows.min(axis=0))
            block.high = np.maximum(block.high, rows.max(axis=0))


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
