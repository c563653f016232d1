"""Explanation methods on tiny models: what each promises, against what can be computed by hand."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from reviewguard.errors import ConfigError
from reviewguard.modeling.evidence_model import EvidenceModel, HeadConfig
from reviewguard.modeling.explainers.any_violation import log_odds, probabilities, type_weights
from reviewguard.modeling.explainers.cost import costs
from reviewguard.modeling.explainers.gradients import GradientTimesInput, IntegratedGradients
from reviewguard.modeling.explainers.probe import Passes, Probe, counted_passes
from reviewguard.modeling.explainers.registry import choose
from reviewguard.modeling.explainers.sampling import LeaveOneOut, Lime, PartitionShap, _tree
from reviewguard.modeling.explainers.single_pass import Attention, Evidence, EvidenceTerms, Oracle
from reviewguard.modeling.explainers.words import WordedMessage, read_words
from reviewguard.schema import LabelledMessage, Rationale
from reviewguard.training import finished_run

TEXT = "Hi {{first_name}}, leave us ⭐⭐⭐⭐⭐ and a gift card is yours, lovely!"


def labelled(text: str, previous: str | None = None, *marked: str) -> LabelledMessage:
    parts = tuple(Rationale(text.index(m), text.index(m) + len(m), "incentive") for m in marked)
    return LabelledMessage("m1", text, previous, ("incentive",), parts)


@pytest.fixture(scope="module")
def probe(tiny_run: Path) -> Probe:
    return Probe.of(finished_run(tiny_run))


@pytest.fixture(scope="module")
def plain(probe: Probe) -> Probe:
    """The same encoder under a classification head with random weights."""
    torch.manual_seed(3)
    encoder = copy.deepcopy(probe.model.encoder)
    model = EvidenceModel(encoder, 32, HeadConfig(probe.types, head="plain", hidden=16)).eval()
    return Probe(model, probe.encoder)


@pytest.fixture(scope="module")
def message(probe: Probe) -> WordedMessage:
    return read_words([labelled(TEXT, "It arrived, thanks", "gift card")], probe.encoder)[0]


def test_every_token_of_the_seller_has_its_word_and_no_other(probe: Probe, message: WordedMessage) -> None:
    words = [TEXT[start:end] for start, end in message.words]
    assert words[1] == "{{first_name}}," and words[4] == "⭐⭐⭐⭐⭐"
    first, end = message.window.seller
    assert (message.owner[first:end] >= 0).all() and first > 1
    assert (message.owner[:first] == -1).all() and (message.owner[end:] == -1).all()
    ones = message.per_word(np.ones(len(message.owner)))
    assert ones.sum() == end - first
    assert ones[4] == len(probe.encoder.encode_batch([labelled("5 stars").message])[0].windows[0].offsets)


def test_erased_words_are_masked_or_gone(probe: Probe, message: WordedMessage) -> None:
    star = np.arange(len(message.words)) == 4
    masked, deleted = (message.erased(star, how, probe.mask_id) for how in ("mask", "delete"))
    ids, own = np.array(message.window.ids), message.owner == 4
    assert (np.array(masked.ids)[own] == probe.mask_id).all()
    assert (np.array(masked.ids)[~own] == ids[~own]).all()
    assert deleted.ids == tuple(ids[~own]) and deleted.seller[1] == message.window.seller[1] - own.sum()
    nothing = message.erased(np.ones(len(message.words), dtype=bool), "delete", probe.mask_id)
    assert probe.probabilities([nothing])[0] < 1e-6


def test_any_violation_is_the_noisy_or_and_its_weights_the_derivative() -> None:
    logits = np.array([[0.3, -1.2, 2.0]])
    chance = 1 / (1 + np.exp(-logits[0, :2]))
    assert probabilities(logits)[0] == pytest.approx(1 - np.prod(1 - chance))
    variable = torch.tensor(logits, requires_grad=True)
    log_odds(variable).sum().backward()
    assert variable.grad is not None
    assert type_weights(logits[0]) == pytest.approx(variable.grad[0].numpy())


def test_evidence_sums_to_the_logit_of_its_type(probe: Probe, message: WordedMessage) -> None:
    output = probe.forward(message.window)
    logits = output.logits[0].astype(np.float64)
    assert (output.evidence * output.attention)[0].sum(axis=0) == pytest.approx(logits, abs=1e-4)
    terms = EvidenceTerms().explain(probe, message)
    assert terms.sum() == pytest.approx(type_weights(logits) @ logits, abs=1e-4)
    scores, weights = (m.explain(probe, message) for m in (Evidence(), Attention()))
    assert (scores >= 0).all() and (scores <= weights).all()


@pytest.mark.parametrize("head", ["evidence", "plain"])
def test_integrated_gradients_are_complete(
    probe: Probe, plain: Probe, message: WordedMessage, head: str
) -> None:
    model = probe if head == "evidence" else plain
    scores = IntegratedGradients(steps=64).explain(model, message)
    kept = np.array([[True], [False]]) & np.ones((1, len(message.words)), dtype=bool)
    full, empty = model.kept_log_odds(message, kept)
    assert scores.sum() == pytest.approx(full - empty, abs=1e-3 + 0.01 * abs(full - empty))


def test_leave_one_out_is_the_difference_by_hand(probe: Probe, message: WordedMessage) -> None:
    for erasure in ("mask", "delete"):
        scores = LeaveOneOut(erasure).explain(probe, message)
        without = message.erased(np.arange(len(message.words)) == 2, erasure, probe.mask_id)
        logits = np.vstack([probe.forward(window).logits for window in (message.window, without)])
        whole, rest = log_odds(torch.from_numpy(logits.astype(np.float64))).tolist()
        assert scores[2] == pytest.approx(whole - rest, abs=1e-4)


def test_shap_hands_out_the_whole_difference(plain: Probe, message: WordedMessage) -> None:
    scores = PartitionShap(60).explain(plain, message)
    kept = np.array([[True], [False]]) & np.ones((1, len(message.words)), dtype=bool)
    full, empty = plain.kept_log_odds(message, kept)
    assert scores.sum() == pytest.approx(full - empty, abs=1e-3)


def test_shap_puts_the_words_of_a_sentence_together(probe: Probe) -> None:
    """As shap's text mode does: punctuation at a word is told from the word."""
    text = "Your lamp is on the way. Leave us five stars, and we send a gift card. Thanks for buying."
    (message,) = read_words([labelled(text)], probe.encoder)
    words = [text[start:end] for start, end in message.words]
    held = [[word] for word in words]
    tree = _tree(message)
    for one, other, distance, size in tree:
        held.append(held[int(one)] + held[int(other)])
        assert size == len(held[-1]) == pytest.approx(distance * len(words))
    assert held[-1] == words
    for sentence in (words[:6], words[6:16], words[6:10], words[10:16], words[16:]):
        assert sentence in held


class _GiftModel(EvidenceModel):
    """Says "violation" by one word alone: the log-odds rise with each token of a given id."""

    word: int = 0

    def forward(self, input_ids, attention_mask, token_type_ids, seller_mask, *rest):
        output = super().forward(input_ids, attention_mask, token_type_ids, seller_mask)
        found = (input_ids == self.word).sum(dim=1, keepdim=True).float()
        logits = torch.full_like(output.logits, -6.0)
        logits[:, :1] = -3.0 + 6.0 * found
        return output._replace(logits=logits)


def test_sampling_methods_find_the_one_word_that_counts(probe: Probe, message: WordedMessage) -> None:
    config = HeadConfig(probe.types, hidden=16)
    model = _GiftModel(copy.deepcopy(probe.model.encoder), 32, config).eval()
    word = next(i for i, (start, end) in enumerate(message.words) if TEXT[start:end] == "lovely!")
    unique = [
        i
        for i in np.flatnonzero(message.owner == word)
        if message.window.ids.count(message.window.ids[i]) == 1
    ]
    model.word = message.window.ids[unique[0]]
    known = Probe(model, probe.encoder)
    for method in (LeaveOneOut(), Lime(100), PartitionShap(100)):
        scores = method.explain(known, message)
        assert scores.argmax() == word, method.name
        assert scores[word] > 5 * np.abs(np.delete(scores, word)).max(), method.name


def test_every_method_scores_words_alike_at_every_call(
    probe: Probe, plain: Probe, message: WordedMessage
) -> None:
    other = read_words([labelled("Thank you for the order.")], probe.encoder)[0]
    state = torch.random.get_rng_state()
    for model, head in ((probe, "evidence"), (plain, "plain")):
        for method in choose([], head=head, attributes=False, samples=20):
            first = method.explain(model, message)
            method.explain(model, other)
            again = method.explain(model, message)
            assert first.shape == (len(message.words),) and first.dtype == np.float64
            assert np.isfinite(first).all() and (first == again).all(), method.name
    assert (torch.random.get_rng_state() == state).all()
    assert plain.model.encoder.config._attn_implementation == probe.model.encoder.config._attn_implementation


def test_attention_leaves_out_special_tokens_and_the_buyer(
    plain: Probe, probe: Probe, message: WordedMessage
) -> None:
    assert 0 < Attention().explain(plain, message).sum() < 1
    whole = type_weights(probe.forward(message.window).logits[0].astype(np.float64)).sum()
    assert Attention().explain(probe, message).sum() == pytest.approx(whole, abs=1e-4)


def test_passes_are_counted(probe: Probe, message: WordedMessage) -> None:
    methods = [Evidence(), GradientTimesInput(), LeaveOneOut(), IntegratedGradients(16)]
    found = costs(probe, [message], methods)
    assert (found["evidence"].forward, found["evidence"].backward) == (1, 0)
    assert (found["gradient × input"].forward, found["gradient × input"].backward) == (1, 1)
    assert found["leave one out"].forward == len(message.words) + 1
    assert found["integrated gradients"].backward == 16 and found["integrated gradients"].forward >= 16
    assert all(cost.milliseconds > 0 for cost in found.values())
    passes = Passes()
    with counted_passes(probe.model, passes):
        probe.forward(message.window)
    probe.forward(message.window)
    assert passes.forward == 1


def test_one_word_is_explained_too(probe: Probe) -> None:
    single = read_words([labelled("Stars?")], probe.encoder)[0]
    for method in choose([], head="evidence", attributes=False, samples=20):
        assert method.explain(probe, single).shape == (1,)


def test_the_oracle_knows_the_rationale_of_violations(probe: Probe, message: WordedMessage) -> None:
    scores = Oracle().explain(probe, message)
    marked = [TEXT[s:e] for (s, e), v in zip(message.words, scores, strict=True) if v]
    assert marked == ["gift", "card"] and scores.sum() == 2
    neutral = replace(message.example, rationale=(Rationale(0, len(TEXT), "neutral_request"),))
    assert not Oracle().explain(probe, replace(message, example=neutral)).any()


def test_longer_messages_are_left_out(probe: Probe) -> None:
    assert read_words([labelled("a word " * 300), labelled(""), labelled("A word.")], probe.encoder)[
        0
    ].words == (
        (0, 1),
        (2, 7),
    )


def test_mistakes_are_named() -> None:
    with pytest.raises(ConfigError, match="unknown methods"):
        choose(["magic"], head="plain", attributes=False)
    for lacking in ("evidence", "effects"):
        with pytest.raises(ConfigError, match=f"offers no {lacking}\n"):
            choose(["random", lacking], head="plain", attributes=False)
    twice = choose(["random", "attention", "random"], head="plain", attributes=False)
    assert [method.name for method in twice] == ["random", "attention"]
    plain = [method.name for method in choose([], head="plain", attributes=False)]
    assert "LIME" in plain and "evidence" not in plain
    with_effects, without = (choose([], head="evidence", attributes=told) for told in (True, False))
    assert {m.name for m in with_effects} - {m.name for m in without} == {"evidence, effects alone"}
