"""A message's score is its own: alone, in any batch, in any order, on one thread or two; int8 says what fp32 says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest

import reviewguard
from reviewguard.curation.storage import load_splits
from reviewguard.encoding import Batch, Forward, Limits, MessageEncoder
from reviewguard.inference.model_folder import MODEL_FILE, TOKENIZER_FILE, from_parts
from reviewguard.inference.passes import score
from reviewguard.inference.spans import word_effects
from reviewguard.modeling.evidence_model import EvidenceModel
from reviewguard.modeling.torch_backend import TorchBackend
from reviewguard.schema import Message, Verdict


@pytest.fixture(scope="module")
def messages(tiny_data_dir: Path) -> list[Message]:
    """Short ones, long ones with several windows, one with nothing to read."""
    written = [m.message for m in load_splits(tiny_data_dir)["test"]][:20]
    return [*written, Message(" ".join(m.text for m in written), "hi"), Message("..."), Message("")]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("batch_tokens", [1, 256, 5000])
def test_a_verdict_does_not_depend_on_its_neighbours(
    tiny_model_dir: Path, messages: Sequence[Message], threads: int, batch_tokens: int
) -> None:
    alone = reviewguard.load(tiny_model_dir, threads=1)
    expected: list[Verdict] = [alone.predict([message])[0] for message in messages]
    guard = reviewguard.load(tiny_model_dir, threads=threads)
    assert guard.predict(messages, batch_tokens=batch_tokens) == expected
    assert guard.predict(messages[::-1], batch_tokens=batch_tokens) == expected[::-1]


def test_the_encoder_multiplies_int8(tiny_model_dir: Path) -> None:
    graph = onnx.load(tiny_model_dir / MODEL_FILE).graph
    kinds = [node.op_type for node in graph.node]
    layers = 2
    assert kinds.count("MatMulIntegerToFloat") == 6 * layers
    assert kinds.count("Attention") == layers
    assert not [
        n for n in graph.node if n.op_type == "Attention" and len(n.input) > 3
    ]  # a mask would cost time


def test_int8_says_what_torch_says(tiny_run: Path, tiny_model_dir: Path, messages: Sequence[Message]) -> None:
    int8 = reviewguard.load(tiny_model_dir)
    model = EvidenceModel.from_pretrained(tiny_run / "weights")
    fp32 = from_parts(TorchBackend(model), tiny_model_dir / TOKENIZER_FILE, int8.settings)
    ours, theirs = int8.predict_logits(messages), fp32.predict_logits(messages)
    spread = float(theirs[:-2].std(axis=0).mean())
    assert np.abs(ours - theirs).mean() < 0.1 * spread
    evidence = [np.concatenate([e.ravel() for e in guard.token_evidence(messages)]) for guard in (int8, fp32)]
    assert np.corrcoef(*evidence)[0, 1] > 0.98


class EvenBackend:
    """Says of every token that it adds one."""

    threads = 1

    def run(self, batch: Batch) -> Forward:
        shape = (*batch.input_ids.shape, 2)
        nothing = np.zeros(shape, dtype=np.float32)
        return Forward(nothing[:, 0], nothing, nothing, np.ones(shape[:2], dtype=np.float32))


def test_a_token_of_two_windows_has_its_effect_once(tiny_model_dir: Path) -> None:
    encoder = MessageEncoder.from_file(
        tiny_model_dir / TOKENIZER_FILE, Limits(window=32, stride=8, previous=4)
    )
    text = " ".join(["give", "five", "stars"] * 40)
    encoded = encoder.encode(Message(text))
    assert len(encoded.windows) > 3
    (found,) = score(EvenBackend(), [encoded])
    assert found is not None and found.attribution is not None
    assert len(found.attribution) > len(set(map(tuple, found.offsets.tolist())))
    words = [match.span() for match in re.finditer(r"\S+", text)]
    tokens = [len({o for w in encoded.windows for o in w.offsets if a <= o[0] < b}) for a, b in words]
    np.testing.assert_allclose(word_effects(words, found.offsets, found.attribution), tokens)
