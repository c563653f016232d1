"""What each word adds to the verdict, on average over copies without others, said in the pass that gives the verdict.

Methods that try copies of a message run the encoder dozens of times. A small head can learn beforehand what they
would find, from the states of the tokens: amortized attribution (Jethani et al., "FastSHAP", ICLR 2022; Covert et al.,
"Stochastic Amortization", NeurIPS 2024). `attribution_fit` fits it; nothing but this output depends on it.

States from below, from the middle and from the top of the encoder are read: the lower a state, the more it is of its
own word alone, and that word is what would be taken out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from onnx import helper
from torch import Tensor, nn
from torch.nn import functional as F

from reviewguard.encoding import ATTRIBUTION
from reviewguard.modeling.onnx_graph import Graph

HIDDEN = 128
DROPOUT = 0.1
PREFIX = f"{ATTRIBUTION}."
"""Of the head's weights in a graph."""

State = TypeVar("State")


class AttributionHead(nn.Module):
    """Token states → each token's effect on the log-odds of any violation."""

    def __init__(self, width: int) -> None:
        """A fresh head.

        Args:
            width: of the encoder's states.
        """
        super().__init__()
        self.dropout = nn.Dropout(DROPOUT)
        self.token = nn.Linear(3 * width, HIDDEN)
        self.context = nn.Linear(width, HIDDEN, bias=False)
        self.effect = nn.Linear(HIDDEN, 1)

    def forward(self, states: Sequence[Tensor]) -> Tensor:
        """Effects, shape `(windows, tokens)`, of what `chosen` names: three states `(windows, tokens, width)`."""
        whole = self.context(states[-1][:, :1])
        hidden = F.gelu(self.token(self.dropout(torch.cat(list(states), dim=-1))) + whole)
        return torch.squeeze(self.effect(self.dropout(hidden)), -1)


def chosen(states: Sequence[State]) -> list[State]:
    """Of all hidden states (embeddings, then each layer), the three that the head reads: first, middle, last."""
    return [states[0], states[(len(states) - 1) // 2], states[-1]]


def state_names(graph: Graph) -> list[str]:
    """Names of the values in the graph that the head reads.

    Each layer ends with its second LayerNormalization; those that rounding added (`…_small`) are skipped. Nothing where
    the encoder is built otherwise, or its embeddings are of another width than its layers.
    """
    normal = [
        node
        for node in graph.nodes
        if node.op_type == "LayerNormalization" and not node.output[0].endswith("_small")
    ]
    layers = sum(node.op_type == "Attention" for node in graph.nodes)
    widths = {len(graph.weights[node.input[1]]) for node in normal}
    if len(normal) != 2 * layers + 1 or len(widths) != 1:
        return []
    return chosen([node.output[0] for node in normal[::2]])


def attach(head: AttributionHead, path: Path) -> None:
    """Give a model file the head's output, `attribution`, in place of one it had."""
    graph = Graph(path)
    _detach(graph)
    weights = {
        name: graph.add(f"{PREFIX}{name}", value.numpy().T) for name, value in head.state_dict().items()
    }
    states = state_names(graph)
    first = graph.add(f"{PREFIX}first", np.array([0]))
    last = graph.add(f"{PREFIX}last", np.array([-1]))
    graph.append(
        helper.make_node("Concat", states, [f"{PREFIX}states"], axis=-1),
        helper.make_node("MatMul", [f"{PREFIX}states", weights["token.weight"]], [f"{PREFIX}product"]),
        helper.make_node("Add", [f"{PREFIX}product", weights["token.bias"]], [f"{PREFIX}own"]),
        helper.make_node("Gather", [states[-1], first], [f"{PREFIX}whole"], axis=1),
        helper.make_node("MatMul", [f"{PREFIX}whole", weights["context.weight"]], [f"{PREFIX}context"]),
        helper.make_node("Add", [f"{PREFIX}own", f"{PREFIX}context"], [f"{PREFIX}sum"]),
        helper.make_node("Gelu", [f"{PREFIX}sum"], [f"{PREFIX}hidden"]),
        helper.make_node("MatMul", [f"{PREFIX}hidden", weights["effect.weight"]], [f"{PREFIX}effect"]),
        helper.make_node("Add", [f"{PREFIX}effect", weights["effect.bias"]], [f"{PREFIX}column"]),
        helper.make_node("Squeeze", [f"{PREFIX}column", last], [ATTRIBUTION]),
    )
    graph.show(ATTRIBUTION, ["windows", "tokens"])
    graph.save(path)


def _detach(graph: Graph) -> None:
    for output in [o for o in graph.model.graph.output if o.name == ATTRIBUTION]:
        graph.model.graph.output.remove(output)
    for node in [n for n in graph.nodes if n.output[0].startswith(ATTRIBUTION)]:
        graph.model.graph.node.remove(node)


def read_attribution(path: Path) -> AttributionHead | None:
    """The head of a model file; None where it has none."""
    weights = {
        name.removeprefix(PREFIX): torch.from_numpy(np.array(value.T))
        for name, value in Graph(path).weights.items()
        if name.startswith(PREFIX)
    }
    if not weights:
        return None
    head = AttributionHead(weights["context.weight"].shape[1])
    head.load_state_dict({name: weights[name] for name in head.state_dict()})
    return head.eval()
