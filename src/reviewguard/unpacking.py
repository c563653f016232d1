"""The torch weights of a model folder, for training on where those of its training are not at hand.

A model folder holds the encoder's matrices as int8, with the activations' ranges folded into them (`quantize.py`).
Multiplied out and unfolded they compute the same function, so that training can go on from there; what rounding took
away stays lost. The folder's int8 is not run, so this works where a processor miscomputes it.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import NodeProto
from tokenizers import Tokenizer

from reviewguard.errors import ModelError
from reviewguard.inference.model_folder import (
    CONFIG_FILE,
    MODEL_FILE,
    TOKENIZER_FILE,
    from_parts,
    verify_files,
)
from reviewguard.modeling.attribution import read_attribution
from reviewguard.modeling.base_model import PACKAGED, resolve_base_model
from reviewguard.modeling.config import TrainConfig, typed
from reviewguard.modeling.evidence_model import UNUSED, EvidenceModel, HeadConfig
from reviewguard.modeling.onnx_graph import Graph
from reviewguard.modeling.runs import FinishedRun
from reviewguard.modeling.torch_backend import TorchBackend
from reviewguard.modeling.trainer import TrainedModel
from reviewguard.schema import Message
from reviewguard.settings import Settings

Floats = NDArray[np.float32]

ROOT = "model."
"""What ONNX puts before a parameter's name."""
WORDS = "encoder.embeddings.word_embeddings.weight"


class _Linear(NamedTuple):
    """A linear layer; `weight` has shape `(inputs, outputs)`."""

    weight: Floats
    bias: Floats


def unpack_model(folder: Path) -> EvidenceModel:
    """The model of a folder in torch, ready to be trained on or run.

    Raises:
        ModelError: a file is missing or altered, the folder holds another kind of model, or what comes out does not
            score as the model does.
    """
    settings = Settings.read(folder / CONFIG_FILE)
    verify_files(folder, settings)
    check = settings.self_check
    if check is None:
        raise _strange(folder, "it has no self_check")
    try:
        state = _state(Graph(folder / MODEL_FILE))
        head = HeadConfig(settings.types, hidden=len(state["token.bias"]))
        base = resolve_base_model(settings.training.get("base_model", PACKAGED))
        model = EvidenceModel.from_base(base, head)
        missing, unexpected = model.load_state_dict(
            {name: torch.from_numpy(np.array(value, np.float32)) for name, value in state.items()},
            strict=False,
        )
    except (KeyError, ValueError, IndexError, AttributeError, RuntimeError) as error:
        raise _strange(folder, f"its graph is built otherwise ({error})") from error
    if unexpected or [name for name in missing if not name.startswith(f"encoder.{UNUSED}")]:
        raise _strange(folder, "its parameters have other names")
    unpacked = from_parts(TorchBackend(model), folder / TOKENIZER_FILE, settings)
    found = unpacked.predict_logits([Message(check.text, check.previous)])[0]
    if not np.abs(found - np.array(check.logits)).max() <= check.tolerance:
        raise _strange(folder, "what comes out scores differently")
    return model.eval()


def unpacked_run(folder: Path) -> FinishedRun | None:
    """The training behind a model folder, as far as the folder tells; None where it is no model folder.

    Raises:
        ModelError: as `unpack_model`.
    """
    if not (folder / CONFIG_FILE).is_file():
        return None
    settings = Settings.read(folder / CONFIG_FILE)
    facts = {**settings.training, "version": settings.version}
    model = unpack_model(folder)
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    attribution = read_attribution(folder / MODEL_FILE)
    told = {k: facts[k] for k in ("seed",) if k in facts} | ({} if attribution else {"attribution": 0})
    config = typed(TrainConfig, asdict(settings.limits) | told)
    trained = TrainedModel(model, tokenizer, (), facts.get("seconds", 0.0), attribution=attribution)
    return FinishedRun(config, facts, trained)


def _strange(folder: Path, reason: str) -> ModelError:
    return ModelError(
        f"no torch weights can be had from {folder}: {reason}",
        expected="a model folder written by `reviewguard export` with an evidence head",
        fix="give the weights of its training (RUN/weights)",
    )


def _state(graph: Graph) -> dict[str, NDArray[np.generic]]:
    """Parameter name → value, as `EvidenceModel.state_dict` names and shapes them."""
    state: dict[str, NDArray[np.generic]] = {
        name.removeprefix(ROOT): value
        for name, value in graph.weights.items()
        if name.startswith(ROOT) and not name.endswith(("_int8", "_scale", ".position_ids"))
    }
    if WORDS not in state:
        state[WORDS] = graph.weights[f"{ROOT}{WORDS}_int8"] * graph.weights[f"{ROOT}{WORDS}_scale"]
    for name, linear in (_plain(graph) | _layers(graph)).items():
        state[f"{name}.weight"] = linear.weight.T
        state[f"{name}.bias"] = linear.bias
    state["context.weight"] = _context(graph).T
    return state


def _plain(graph: Graph) -> dict[str, _Linear]:
    """Name → layer, for those that were not rounded; told by the names of their biases."""
    found: dict[str, _Linear] = {}
    for node in graph.nodes:
        product = next((p for name in node.input if (p := _float_product(graph, name))), None)
        bias = next((name for name in node.input if name.startswith(ROOT) and name.endswith(".bias")), None)
        if node.op_type == "Add" and product and bias:
            name = bias.removeprefix(ROOT).removesuffix(".bias")
            found[name] = _Linear(graph.weights[product.input[1]], graph.weights[bias])
    return found


def _float_product(graph: Graph, name: str) -> NodeProto | None:
    node = graph.producer(name)
    return node if node and node.op_type == "MatMul" and node.input[1] in graph.weights else None


def _context(graph: Graph) -> Floats:
    """The one layer without a bias: its product is added to another product."""
    for node in graph.nodes:
        takers = graph.consumers(node.output[0])
        if _float_product(graph, node.output[0]) and not any(
            n.startswith(ROOT) for t in takers for n in t.input
        ):
            return np.asarray(graph.weights[node.input[1]], dtype=np.float32)
    raise ValueError("no context layer")


def _layers(graph: Graph) -> dict[str, _Linear]:
    """Name → layer of the encoder, for those that were rounded: six a layer, in the order of the computation."""
    products = [node for node in graph.nodes if node.op_type == "MatMulIntegerToFloat"]
    attentions = [node for node in graph.nodes if node.op_type == "Attention"] if products else []
    if len(products) != 6 * len(attentions):
        raise ValueError(f"{len(products)} products of bytes for {len(attentions)} attentions")
    found: dict[str, _Linear] = {}
    for i, attention in enumerate(attentions):
        linears = {node.output[0]: _unfold(graph, node) for node in products[6 * i : 6 * i + 6]}
        query, key, value = (linears.pop(name) for name in attention.input[:3])
        after, up, down = linears.values()
        value, after = _balance(value, after)
        layer = f"encoder.encoder.layer.{i}"
        found |= {
            f"{layer}.attention.self.query": query,
            f"{layer}.attention.self.key": key,
            f"{layer}.attention.self.value": value,
            f"{layer}.attention.output.dense": after,
            f"{layer}.intermediate.dense": up,
            f"{layer}.output.dense": down,
        }
    return found


def _unfold(graph: Graph, node: NodeProto) -> _Linear:
    """The layer before rounding; where a second normalization shifts and scales its input, without that."""
    result = node.output[0].removesuffix("_by_row")
    weight = graph.weights[node.input[1]].astype(np.float32) * graph.weights[node.input[3]]
    bias = graph.weights[f"{result}_bias"]
    source = node.input[0].removesuffix("_bytes")
    small = f"{source}_small_gain"
    if small not in graph.weights:
        return _Linear(weight, bias)
    first = graph.producer(source)
    assert first is not None  # `small` was made from it
    gain, offset = (graph.weights[name] for name in first.input[1:3])
    scale = np.divide(gain, graph.weights[small], out=np.ones_like(gain), where=graph.weights[small] != 0)
    shift = offset - graph.weights[f"{source}_small_bias"] * scale
    weight = weight / scale[:, None]
    return _Linear(weight, bias - shift @ weight)


def _balance(value: _Linear, after: _Linear) -> tuple[_Linear, _Linear]:
    """Share the scale of each channel evenly between the layers before and behind attention, for training's sake."""
    before = np.linalg.norm(value.weight, axis=0)
    behind = np.linalg.norm(after.weight, axis=1)
    factor = np.sqrt(np.maximum(behind, 1e-8) / np.maximum(before, 1e-8))
    return (
        _Linear(value.weight * factor, value.bias * factor),
        _Linear(after.weight / factor[:, None], after.bias),
    )
