"""Linear layers that share an input, and how they are computed on bytes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, helper

from reviewguard.modeling.onnx_graph import Graph
from reviewguard.modeling.rounding import pack_for

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

CONTRIB = "com.microsoft"
"""Domain of ONNX Runtime's own operators."""
SHARE = 0.7
"""SmoothQuant's α, 0–1: how much of a channel's range moves from its activations into the weights."""
GELU_LOW = -0.17
"""GELU's least value."""
GELU_ZERO = 32
"""What stands for zero in GELU's unsigned bytes: few values are needed below it."""


@dataclass(slots=True, eq=False)
class Linear:
    """A linear layer, by the addition of its bias."""

    addition: NodeProto
    weight: Floats
    bias: Floats


@dataclass(slots=True, eq=False)
class Block:
    """Linear layers that share an input.

    Attributes:
        source: name of the input.
        kind: operator that computes it.
        low, high: its range per channel.
        rows: inputs seen.
        total, products: their sum per channel, and that of their products, `(channels, channels)`.
        shift, scale: per channel; `(input - shift) / scale` is what is rounded.
    """

    source: str
    kind: str
    linears: list[Linear]
    low: Floats
    high: Floats
    rows: int
    total: Doubles
    products: Doubles
    shift: Floats
    scale: Floats

    @classmethod
    def unseen(cls, source: str, kind: str, channels: int) -> Block:
        """A block before anything is measured."""
        zeros, ones = np.zeros(channels, np.float32), np.ones(channels, np.float32)
        sums = np.zeros(channels), np.zeros((channels, channels))
        return cls(source, kind, [], zeros + np.inf, zeros - np.inf, 0, *sums, zeros, ones)

    def see(self, rows: Floats) -> None:
        """Take down inputs, shape `(tokens, channels)`."""
        self.low = np.minimum(self.low, rows.min(axis=0))
        self.high = np.maximum(self.high, rows.max(axis=0))
        self.rows += len(rows)
        self.total += rows.sum(axis=0)
        self.products += rows.T @ rows

    def _moments(self) -> Doubles:
        """Mean product of every two channels, shifted and scaled."""
        mean, shift = self.total / self.rows, self.shift.astype(np.float64)
        crossed = np.outer(mean, shift)
        moments = self.products / self.rows - crossed - crossed.T + np.outer(shift, shift)
        return np.asarray(moments / np.outer(self.scale, self.scale), dtype=np.float64)

    def smooth(self, values: Linear | None = None) -> None:
        """Choose shift and scale from the ranges seen.

        Args:
            values: the layer that computes what attention averages, for a block behind attention; it takes shift
                and scale in.
        """
        if self.kind == "Gelu":
            return
        half = np.maximum((self.high - self.low) / np.float32(2), np.float32(1e-4))
        weights = np.max([np.abs(x.weight).max(axis=1) for x in self.linears], axis=0)
        share = 1.0 if values else SHARE
        scale = half**share / np.maximum(weights, 1e-6) ** (1 - share)
        self.scale = np.asarray(scale * (half / scale).max(), dtype=np.float32)
        self.shift = (self.low + self.high) / np.float32(2)
        if values:
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
        self, graph: Graph, linear: Linear, unit: str, zero: str, row: str | None
    ) -> list[NodeProto]:
        result = linear.addition.output[0]
        packed, scale = pack_for(linear.weight * self.scale[:, None], self._moments())
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
