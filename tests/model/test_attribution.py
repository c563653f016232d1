"""The head that says what each word does: fitted, written into a model file, and the same there as in torch."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from reviewguard.attribution_fit import CLIP, COPIES, Asked, add_attribution, ask, fit
from reviewguard.curation.storage import load_splits
from reviewguard.decision import deciding
from reviewguard.encoding import MessageEncoder, collate
from reviewguard.inference.backend import OnnxBackend
from reviewguard.inference.model_folder import MODEL_FILE, TOKENIZER_FILE, load
from reviewguard.modeling.attribution import AttributionHead, attach, read_attribution, state_names
from reviewguard.modeling.explainers.probe import Probe
from reviewguard.modeling.explainers.single_pass import Effects, Evidence
from reviewguard.modeling.explainers.words import ERASURES, read_words
from reviewguard.modeling.onnx_graph import Graph
from reviewguard.schema import LabelledMessage, Message
from reviewguard.training import finished_run

TEXT = "Send us your five stars and the gift card is yours"


@pytest.fixture
def folder(tiny_model_dir: Path, tmp_path: Path) -> Path:
    """A model folder to change."""
    shutil.copytree(tiny_model_dir, tmp_path / "model")
    return tmp_path / "model"


def encoder_of(folder: Path) -> MessageEncoder:
    return MessageEncoder.from_file(folder / TOKENIZER_FILE, load(folder).settings.limits)


def asked(seed: int, words: int = 12, width: int = 8) -> Asked:
    """A message whose words do what the first number of their lowest state says; first and last token have no word."""
    rng = np.random.default_rng(seed)
    states = tuple(rng.normal(size=(words + 2, width)).astype(np.float32) for _ in range(3))
    kept = rng.random((2, COPIES, words)) < 0.5
    owner = np.concatenate([[-1], np.arange(words), [-1]]).astype(np.intp)
    levels = rng.normal(
        size=(2, 1)
    )  # what a message and a way of erasing have of their own is no word's effect
    answers = kept @ states[0][1:-1, 0] + levels
    return Asked(states, owner, kept, answers.astype(np.float32))


def test_the_head_learns_what_each_word_does_from_copies_alone() -> None:
    head = fit([asked(seed) for seed in range(250)], seed=1)
    unseen = asked(1000)
    with torch.inference_mode():
        found = head([torch.from_numpy(state[None]) for state in unseen.states])[0].numpy()
    assert np.corrcoef(found[1:-1], unseen.states[0][1:-1, 0])[0, 1] > 0.9


def test_fitting_is_repeatable_and_leaves_the_random_numbers_alone() -> None:
    before = torch.random.get_rng_state()
    one, other = (fit([asked(seed) for seed in range(20)], seed=1).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_what_is_asked_are_the_models_own_answers(folder: Path) -> None:
    encoder = encoder_of(folder)
    message = read_words([LabelledMessage("m", TEXT, "it works", ("incentive",))], encoder)[0]
    (found,) = ask(folder / MODEL_FILE, encoder, [message], seed=1)
    assert found.kept.shape == (2, COPIES, len(message.words)) and found.answers.shape == (2, COPIES)
    assert 0 < found.kept.mean() < 1 and found.kept.any(axis=2).all()
    for kept, answers, erasure in zip(found.kept, found.answers, ERASURES, strict=True):
        for row, answer in zip(kept, answers, strict=True):
            window = message.erased(~row, erasure, encoder.mask_id)
            logits = OnnxBackend(folder / MODEL_FILE).run(collate([window], encoder.pad_id)).logits[0, :-1]
            none = np.prod(1 / (1 + np.exp(logits.astype(np.float64))))
            assert answer == pytest.approx(np.log((1 - none) / none), abs=1e-3)
    assert all(len(state) == len(message.window.ids) for state in found.states)


def test_a_copy_of_which_no_token_is_left_is_no_violation(folder: Path) -> None:
    encoder = encoder_of(folder)
    spelled = LabelledMessage("m", "F I V E  S T A R S", None, ("positive_request",))
    (message,) = read_words([spelled], encoder)
    (found,) = ask(folder / MODEL_FILE, encoder, [message], seed=1)
    nothing = ~found.kept[1][:, np.unique(message.owner[1:-1])].any(
        axis=1
    )  # tokens are of first letters alone
    assert nothing.any() and not nothing.all()
    assert ((found.answers[1] == -CLIP) == nothing).all()


def test_an_exported_model_says_the_same_as_its_head_in_torch(tiny_model_dir: Path) -> None:
    probe = Probe.of(finished_run(tiny_model_dir))
    window = probe.encoder.encode(Message(TEXT, "it works")).windows[0]
    shipped = OnnxBackend(tiny_model_dir / MODEL_FILE).run(collate([window], probe.encoder.pad_id))
    torched = probe.forward(window)
    assert shipped.attribution is not None and torched.attribution is not None
    assert shipped.attribution.shape == (1, len(window.ids))
    np.testing.assert_allclose(
        shipped.attribution, torched.attribution, atol=0.05
    )  # states are rounded in one


def test_a_head_in_a_models_place_of_another_changes_nothing_else(folder: Path) -> None:
    encoder, path = encoder_of(folder), folder / MODEL_FILE
    batch = collate(encoder.encode(Message(TEXT)).windows, encoder.pad_id)
    before = OnnxBackend(path).run(batch)
    torch.manual_seed(5)
    head = AttributionHead(32).eval()
    attach(head, path)
    size = path.stat().st_size
    attach(head, path)
    assert path.stat().st_size == size
    after = OnnxBackend(path).run(batch)
    for name in ("logits", "evidence", "attention"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    assert after.attribution is not None and before.attribution is not None
    assert np.abs(after.attribution - before.attribution).max() > 1e-3
    found = read_attribution(path)
    assert found is not None
    assert all(torch.equal(found.state_dict()[name], value) for name, value in head.state_dict().items())


def test_without_violations_a_model_file_stays_as_it_is(folder: Path, tiny_data_dir: Path) -> None:
    before = (folder / MODEL_FILE).read_bytes()
    clear = [m for m in load_splits(tiny_data_dir)["validation"] if not m.types]
    assert clear and not add_attribution(folder / MODEL_FILE, encoder_of(folder), clear, seed=1, count=50)
    violations = load_splits(tiny_data_dir)["validation"]
    assert not add_attribution(folder / MODEL_FILE, encoder_of(folder), violations, seed=1, count=0)
    assert (folder / MODEL_FILE).read_bytes() == before


def test_an_encoder_that_is_built_otherwise_gets_no_head(folder: Path, tiny_data_dir: Path) -> None:
    path, encoder = folder / MODEL_FILE, encoder_of(folder)
    graph = Graph(path)
    norm = next(node for node in graph.nodes if node.op_type == "LayerNormalization")
    graph.add("narrow", np.ones(16, dtype=np.float32))
    norm.input[1] = "narrow"
    graph.save(path)
    before = path.read_bytes()
    validation = load_splits(tiny_data_dir)["validation"]
    assert state_names(Graph(path)) == []
    assert not add_attribution(path, encoder, validation, seed=1, count=50)
    assert path.read_bytes() == before


def test_the_explainer_orders_words_by_evidence_and_effect(tiny_model_dir: Path) -> None:
    probe = Probe.of(finished_run(tiny_model_dir))
    message = read_words([LabelledMessage("m", TEXT, None, ("incentive",))], probe.encoder)[0]
    output = probe.forward(message.window)
    assert output.attribution is not None
    evidence, effects = np.zeros(len(message.words)), np.zeros(len(message.words))
    for token, word in enumerate(message.owner):
        if word >= 0:
            best = 1 / (1 + np.exp(-output.evidence[0, token, :-1].astype(np.float64).max()))
            evidence[word] = max(evidence[word], best)
            effects[word] += output.attribution[0, token]
    found = Evidence().explain(probe, message)
    np.testing.assert_allclose(found, deciding(evidence, effects), rtol=1e-5)
    np.testing.assert_allclose(Effects().explain(probe, message), effects, rtol=1e-5, atol=1e-7)
    single = read_words([LabelledMessage("m", "gift", None, ("incentive",))], probe.encoder)[0]
    for method in (Evidence(), Effects()):
        assert method.explain(probe, single).shape == (1,)
