"""An ONNX graph that is taken apart and put together again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper


class Graph:
    """A model's nodes and weights by name; edits are made in place.

    Attributes:
        model: what is edited.
        weights: initial values by name; set one with `add`.
    """

    def __init__(self, path: Path) -> None:
        self.model = onnx.load(str(path))
        self.weights = {w.name: numpy_helper.to_array(w) for w in self.model.graph.initializer}

    @property
    def nodes(self) -> list[NodeProto]:
        """All nodes, each after those that it takes from."""
        return list(self.model.graph.node)

    def producer(self, name: str) -> NodeProto | None:
        """The node that computes a value; None for inputs and weights."""
        return next((n for n in self.nodes if name in n.output), None)

    def consumers(self, name: str) -> list[NodeProto]:
        """The nodes that take a value."""
        return [n for n in self.nodes if name in n.input]

    def add(self, name: str, value: NDArray[np.generic]) -> str:
        """Give a weight of this name its value, and return the name."""
        for weight in [w for w in self.model.graph.initializer if w.name == name]:
            self.model.graph.initializer.remove(weight)
        self.weights[name] = value
        self.model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def show(self, name: str, axes: Sequence[str] | None = None) -> None:
        """Make a floating-point value an output.

        Args:
            axes: their names, where they are known.
        """
        self.model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, axes))

    def append(self, *nodes: NodeProto) -> None:
        """Put nodes behind all others."""
        self.model.graph.node.extend(nodes)

    def replace(self, old: NodeProto, new: Sequence[NodeProto]) -> None:
        """Put nodes where one was."""
        at = self.nodes.index(old)
        self.model.graph.node.remove(old)
        for node in reversed(new):
            self.model.graph.node.insert(at, node)

    def save(self, path: Path, *, opset: str | None = None) -> None:
        """Write the graph without what nothing uses any more.

        Args:
            opset: domain of further operators in it, in their first version.
        """
        self._prune()
        if opset:
            self.model.opset_import.append(helper.make_opsetid(opset, 1))
        onnx.save(self.model, str(path))

    def _prune(self) -> None:
        graph = self.model.graph
        needed = {output.name for output in graph.output}
        for node in reversed(self.nodes):
            if needed.intersection(node.output):
                needed.update(node.input)
            else:
                graph.node.remove(node)
        for weight in [w for w in graph.initializer if w.name not in needed]:
            graph.initializer.remove(weight)
