"""`scripts/distillation`: mixtures of messages, windows, the loss of a taught model, its run folder, the options."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import answers
import distil
import finishing
import fitting
import losses
import models
import numpy as np
import pytest
import rows as device_rows
import torch
import windows
from crossings import crossings, read_buyers
from mixtures import mixtures
from neighbours import Neighbours
from tests.tiny import tiny_config
from transformers import AutoTokenizer

from reviewguard.curation.privacy import find_private
from reviewguard.curation.sources import read_messages
from reviewguard.curation.storage import load_splits
from reviewguard.encoding import Limits, MessageEncoder
from reviewguard.errors import InputError, ModelError
from reviewguard.modeling.dataset import WindowCollator, training_rows
from reviewguard.modeling.evidence_model import EvidenceModel
from reviewguard.modeling.runs import RUN, lineage, read_run, taught_by
from reviewguard.policy import load_policy
from reviewguard.schema import LabelledMessage, Rationale

DATA = Path(__file__).parents[2] / "data"
SHIPPED = Path(__file__).parents[2] / "models" / "default"
TYPES = tuple(load_policy().types)


@pytest.fixture(scope="module")
def messages(tiny_data_dir: Path) -> list[LabelledMessage]:
    written = load_splits(tiny_data_dir)["train"]
    return [*[m for m in written if m.previous][:3], *[m for m in written if m.rationale][:5]]


@pytest.fixture(scope="module")
def tensors(messages: list[LabelledMessage], tiny_base: Path) -> dict[str, torch.Tensor]:
    return windows.assemble(windows.encode(messages, tiny_base / "tokenizer.json"))


@pytest.fixture(scope="module")
def batch(tensors: dict[str, torch.Tensor]) -> device_rows.Batch:
    return device_rows.Rows(tensors).batch(np.arange(len(tensors["ids"])))


@pytest.fixture
def model(tiny_base: Path) -> EvidenceModel:
    torch.manual_seed(1)
    made = models.student_model(tiny_base)
    made.dropout.p = 0.0
    return made


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    """The command line."""
    monkeypatch.setattr(sys, "argv", ["distil.py", *words])
    distil.main()


def test_mixtures_depend_on_the_seed_alone_and_hold_words(messages: list[LabelledMessage]) -> None:
    made = list(mixtures(messages, 300, 5))
    assert made == list(mixtures(messages, 300, 5)) != list(mixtures(messages, 300, 6))
    assert 280 <= len(made) <= 300
    assert len({m.id for m in made}) == len(made)
    assert all(len(m.text.split()) > 2 and not m.types and not m.rationale for m in made)


def test_mixtures_give_texts_another_buyer_and_make_new_texts(messages: list[LabelledMessage]) -> None:
    written = {(m.text, m.previous) for m in messages}
    texts, buyers = ({pair[i] for pair in written} for i in (0, 1))
    made = list(mixtures(messages, 300, 5))
    assert {m.previous for m in made} <= {*buyers, None}
    assert sum(m.text in texts and (m.text, m.previous) not in written for m in made) > 30
    assert sum(m.text not in texts for m in made) > 30


def test_one_half_of_the_mixtures_have_words_replaced_by_neighbours(messages: list[LabelledMessage]) -> None:
    near = Neighbours({"the": (["these"], [0.4]), "you": (["thou"], [0.5])})
    plain = list(mixtures(messages, 300, 5))
    made = list(mixtures(messages, 300, 5, near))
    assert made == list(mixtures(messages, 300, 5, near)) != plain
    old, new = (
        sum(bool(re.search(r"\b(these|thou)\b", m.text, re.IGNORECASE)) for m in s) for s in (plain, made)
    )
    assert old < 30 < new < 200
    assert near.swap("The rest. You, there!", 1, Random(1)) == "These rest. Thou, there!"
    assert near.swap("The rest. You, there!", 0, Random(1)) == "The rest. You, there!"


def test_neighbours_are_the_nearest_words_of_an_encoder(tiny_base: Path) -> None:
    near = Neighbours.of(tiny_base).words
    vectors = models.student_model(tiny_base).encoder.get_input_embeddings().weight.detach()
    vocabulary = AutoTokenizer.from_pretrained(tiny_base).get_vocab()
    assert near
    for word, (others, cosines) in [*near.items()][:20]:
        assert word not in others
        assert 1 <= len(others) == len(cosines) <= 8
        assert cosines == sorted(cosines, reverse=True)
        mine, theirs = vectors[vocabulary[word]], vectors[vocabulary[others[0]]]
        assert torch.cosine_similarity(mine, theirs, dim=0) == pytest.approx(cosines[0], abs=1e-5)
        assert cosines[-1] >= 0.3


def test_written_buyers_are_fictitious_and_stand_in_no_message() -> None:
    buyers = read_buyers(DATA / "buyers.jsonl")
    assert min(map(len, buyers)) > 2000
    texts = [text for kind in buyers for text in kind]
    words = {" ".join(re.findall(r"\w+", text.lower())) for text in texts}
    assert len(words) == len(texts)
    assert not any(find_private(text) for text in texts)
    before = (item.message.previous or "" for item in read_messages(DATA / "messages").located)
    assert words.isdisjoint(" ".join(re.findall(r"\w+", text.lower())) for text in before)


def test_fair_asks_have_the_label_of_the_buyer_before_them(tmp_path: Path) -> None:
    def message(text: str, previous: str | None, kind: str) -> LabelledMessage:
        marks = (Rationale(0, len(text), kind),)
        return LabelledMessage(text + str(previous), text, previous, (kind,), marks)

    written = [
        message("Could you review it?", "I love it!", "selective"),
        message("Could you review it?", "Where is it?", "neutral_request"),
        message("Please rate us.", None, "neutral_request"),
        message("If you like it, rate us.", "Is it cotton?", "selective"),
        message("Please take it down.", "I left two stars.", "change_or_remove"),
    ]
    path = tmp_path / "buyers.jsonl"
    path.write_text('{"text": "It holds.", "pleased": true}\n{"text": "It broke.", "pleased": false}\n')
    made = [*crossings(written, 60, 5, read_buyers(path))]
    assert len({m.id for m in made}) == 60
    assert {m.text for m in made} == {"Could you review it?", "Please rate us."}
    for crossed in made:
        pleased = crossed.previous in {"I love it!", "It holds."}
        assert crossed.types == (("selective",) if pleased else ("neutral_request",))
        assert crossed.rationale == (Rationale(0, len(crossed.text), crossed.types[0]),)
    assert {m.previous for m in made} == {"I love it!", "It holds.", "Where is it?", "It broke."}
    assert [*crossings(written[-1:], 0, 5)] == []


def test_rows_are_those_of_the_trainer(
    messages: list[LabelledMessage], tiny_base: Path, batch: device_rows.Batch
) -> None:
    encoder = MessageEncoder.from_file(tiny_base / "tokenizer.json", Limits())
    theirs = WindowCollator(encoder.pad_id, len(TYPES))(list(training_rows(messages, encoder, TYPES)))
    width = theirs["input_ids"].shape[1]
    for name, ours in {**batch.inputs, "token_labels": batch.tokens}.items():
        assert torch.equal(ours[:, :width].cpu().float(), theirs[name].float()), name
        assert not ours[:, width:].any()
    assert torch.equal(batch.labels.cpu(), theirs["labels"])
    assert batch.tokens.any()


def test_rows_of_two_sets_are_numbered_through(tensors: dict[str, torch.Tensor]) -> None:
    number = len(tensors["ids"])
    both = device_rows.Rows(tensors, tensors)
    first, second = (both.batch(np.arange(number) + start) for start in (0, number))
    assert torch.equal(first.tokens, second.tokens)
    epoch = both.epoch(5, np.random.default_rng(1))
    assert sorted(np.concatenate(epoch)) == list(range(2 * number))


def test_labels_alone_with_like_logits_are_the_models_own_loss(
    model: EvidenceModel, batch: device_rows.Batch
) -> None:
    own = losses.label_loss(model.train(), batch)
    out = model(**batch.inputs)
    taught = losses.TeacherLoss(out.logits.detach(), out.evidence.detach(), len(batch.at), trust=0.0)
    assert taught(model, batch).item() == pytest.approx(own.item(), rel=1e-5)


def test_without_labels_the_teacher_alone_counts(model: EvidenceModel, batch: device_rows.Batch) -> None:
    out = model.train()(**batch.inputs)
    unmarked = batch._replace(tokens=torch.zeros_like(batch.tokens))
    asked = out.logits.detach(), out.evidence.detach()
    loss = losses.TeacherLoss(*asked, labelled=0, trust=0.0)(model, unmarked)
    other = losses.TeacherLoss(asked[0] + 2, asked[1], labelled=0, trust=0.0)(model, unmarked)
    turned = unmarked._replace(labels=1 - unmarked.labels)
    assert (
        losses.TeacherLoss(*asked, labelled=0, trust=0.0)(model, turned).item() == loss.item() != other.item()
    )
    loss.backward()
    for weights in (model.evidence.bias, model.attention.weight):
        assert weights.grad is not None
        assert weights.grad.abs().max() < 1e-6  # it says what the teacher says: nothing to learn


def test_training_ends_in_time_and_answers_are_averaged(
    model: EvidenceModel, tensors: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    looks: list[bool] = []
    rows, plan = device_rows.Rows(tensors), fitting.Plan(0.5, 8, 1e-3, 1e-3, looks=1)
    before = model.evidence.weight.detach().clone()
    began = time.monotonic()
    fitting.fit(model, rows, losses.label_loss, plan, lambda: looks.append(model.training))
    assert time.monotonic() - began < 60
    assert looks
    assert not torch.equal(before, model.evidence.weight.cpu())
    answers.save_answers(answers.ask_all(model, {"train": tensors, "mixed": tensors}), tmp_path / "t.pt")
    mean = answers.mean_answers([tmp_path / "t.pt", tmp_path / "t.pt"])
    assert mean["evidence"].shape == (2 * len(rows), 256, len(TYPES))
    assert torch.equal(
        mean["logits"], answers.ask_model(model, device_rows.Rows(tensors, tensors))["logits"].half()
    )


def test_the_first_teacher_alone_says_what_is_evidence_if_asked(tmp_path: Path) -> None:
    paths = [tmp_path / "a.pt", tmp_path / "b.pt"]
    for path, value in zip(paths, (1.0, 3.0), strict=True):
        told = {"logits": torch.full((2, 3), value), "evidence": torch.full((2, 5, 3), value)}
        answers.save_answers(told, path)
    assert {name: values.unique().item() for name, values in answers.mean_answers(paths).items()} == {
        "logits": 2.0,
        "evidence": 2.0,
    }
    told = answers.mean_answers(paths, first_marks=True)
    assert told["logits"].unique().item() == 2.0
    assert told["evidence"].unique().item() == 1.0


def test_answers_about_another_file_are_refused(tensors: dict[str, torch.Tensor], tmp_path: Path) -> None:
    """More answers than windows would be read, each for another window."""
    count = len(tensors["ids"])
    told = {"logits": torch.zeros(2 * count + 1, len(TYPES)), "evidence": torch.zeros(2 * count + 1, 1, 1)}
    answers.save_answers(told, tmp_path / "t.pt")
    options = {"data": "d.pt", "teachers": [tmp_path / "t.pt"], "first_marks": False}
    with pytest.raises(
        InputError, match=rf"about {2 * count + 1} windows\n  expected: {2 * count}, .* d\.pt"
    ):
        distil._taught({"train": tensors, "mixed": tensors}, argparse.Namespace(**options))


def test_a_student_narrows_mixtures_to_those_it_is_least_sure_of(
    model: EvidenceModel,
    tensors: dict[str, torch.Tensor],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mixed = tensors | {"marked": tensors["marked"][:0]}
    told = answers.ask_all(model, {"train": tensors, "mixed": mixed})
    count = len(tensors["ids"])
    data, start, out = (tmp_path / name for name in ("d.pt", "s.pt", "n.pt"))
    torch.save({"train": tensors, "mixed": mixed}, data)
    models.save_weights(model, start)
    monkeypatch.setattr(distil, "student_model", lambda *_: model)
    words = "narrow", str(data), "--base", "b", "--start", str(start), "--keep", "3", "--others", "2"
    run(monkeypatch, *words, "--out", str(out))
    kept, asked = torch.load(out), torch.load(tmp_path / "s.asked")
    assert len(kept["mixed"]["ids"]) == 5 == len(kept["mixed"]["length"])
    assert len(asked["logits"]) == len(asked["evidence"]) == count + 5
    assert torch.equal(asked["logits"][:count], told["logits"][:count])
    sure = told["logits"][count:].abs().amin(1)
    assert {*sure.sort().values[:3].tolist()} <= {*asked["logits"][count:].abs().amin(1).tolist()}
    for ids, logits in zip(kept["mixed"]["ids"], asked["logits"][count:], strict=True):
        (same,) = (mixed["ids"] == ids).all(1).nonzero(as_tuple=True)
        assert any(torch.equal(told["logits"][count + at], logits) for at in same)


def test_weights_are_averaged_by_the_share_of_the_earlier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [str(tmp_path / f"{name}.pt") for name in ("later", "earlier", "mean")]
    for path, value in zip(paths, (1.0, 2.0), strict=False):
        torch.save({"w": torch.full((2,), value, dtype=torch.float16)}, path)
    run(monkeypatch, "average", *paths[:2], "--share", "0.25", "--out", paths[2])
    assert torch.load(paths[2])["w"].tolist() == [1.25, 1.25]


def test_labels_stand_in_the_place_of_answers_that_they_contradict(tensors: dict[str, torch.Tensor]) -> None:
    rows = device_rows.Rows(tensors, tensors)
    labelled = len(tensors["ids"])
    batch = rows.batch(np.arange(len(rows)))
    evidence = torch.full((len(rows), 256, len(TYPES)), 0.5).half()
    told = {"logits": torch.ones(len(rows), len(TYPES)).half(), "evidence": evidence}
    answers.correct(told, rows, labelled)
    right = batch.labels[:labelled] > 0.5
    assert right.any()
    assert (told["logits"][:labelled][right] == 1).all()
    assert (told["logits"][:labelled][~right] == -4).all()
    assert (told["logits"][labelled:] == 1).all()
    width = batch.tokens.shape[1]
    changed = told["evidence"][:labelled, :width].transpose(1, 2)
    assert (changed[right] == 0.5).all()
    assert (changed[~right] == -4).all()


def test_weights_in_half_precision_become_a_finished_run(
    tiny_base: Path, tiny_data_dir: Path, tmp_path: Path
) -> None:
    config = tiny_config(tiny_base)
    model = EvidenceModel.from_base(str(tiny_base), config.head_config(TYPES))
    weights, said = tmp_path / "s.pt", {"seeds": [13, 14], "windows": 7}
    models.save_weights(model, weights)
    half = {k: w.half() for k, w in torch.load(weights).items()}
    torch.save(half, weights)
    finishing.finish(
        weights, config, tiny_data_dir, tmp_path / "run", version="1.2.3", seconds=7.0, taught_by=said
    )
    finished = read_run(tmp_path / "run")
    assert finished is not None
    for name, values in finished.trained.model.state_dict().items():
        assert torch.allclose(values, model.state_dict()[name], atol=1e-3), name
    assert finished.facts["seconds"] == 7.0
    assert finished.facts["taught_by"] == {**finishing.TEACHER, **said}
    assert taught_by(lineage(finished.facts)) == finished.facts["taught_by"]
    earlier = taught_by({"started_from": lineage(finished.facts)})
    assert earlier == {**finished.facts["taught_by"], "version": "1.2.3"}
    assert taught_by({"started_from": None}) is None
    assert json.loads((tmp_path / "run" / RUN).read_text("utf-8"))["facts"]["version"] == "1.2.3"
    torch.save(dict(list(half.items())[::2]), weights)
    with pytest.raises(ModelError, match="are missing or are none of this model's"):
        models.load_weights(model, weights)


@pytest.mark.parametrize(
    ("told", "teachers"),
    [([], None), (["--seeds", "5", "--taught-by", '{"windows": 7}'], {"seeds": [5], "windows": 7})],
)
def test_teachers_are_named_only_where_they_are_told_beside_the_model_begun_with_too(
    told: Sequence[str],
    teachers: dict[str, Any] | None,
    tiny_base: Path,
    tiny_data_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = tiny_config(tiny_base)
    monkeypatch.setattr(distil, "load_config", lambda _: config)
    models.save_weights(EvidenceModel.from_base(str(tiny_base), config.head_config(TYPES)), tmp_path / "s.pt")
    taught = ["--seed", "3", "--seconds", "7"]
    paths = ["--data", str(tiny_data_dir), "--out", str(tmp_path / "run")]
    run(monkeypatch, "finish", str(tmp_path / "s.pt"), "--version", "1", *taught, *paths, *told)
    facts = json.loads((tmp_path / "run" / RUN).read_text("utf-8"))["facts"]
    named = {**finishing.TEACHER, **teachers} if teachers else None
    assert (facts["started_from"], facts["taught_by"]) == (None, named)
    assert (facts["seed"], facts["seconds"]) == (3, 7.0)
    again = [*taught, *paths, "--started-from", str(SHIPPED), *told]
    run(monkeypatch, "finish", str(tmp_path / "s.pt"), "--version", "2", *again)
    facts = json.loads((tmp_path / "run" / RUN).read_text("utf-8"))["facts"]
    shipped = json.loads((SHIPPED / "config.json").read_text("utf-8"))
    assert facts["started_from"]["version"] == shipped["version"]
    assert facts["taught_by"] == named


def test_a_model_does_not_begin_with_weights_in_part_or_of_another(
    model: EvidenceModel, tiny_base: Path, tmp_path: Path
) -> None:
    path, other = tmp_path / "s.pt", tmp_path / "other.pt"
    models.save_weights(model, path)
    weights = torch.load(path)
    begun = models.student_model(tiny_base, path).state_dict()
    assert all(torch.equal(begun[name], values) for name, values in weights.items())
    for wrong in (dict(list(weights.items())[::2]), {f"model.{name}": w for name, w in weights.items()}):
        torch.save(wrong, other)
        with pytest.raises(ModelError, match="are missing or are none of this model's"):
            models.student_model(tiny_base, other)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("prepare DATA --measure-on real/validation.jsonl --out d.pt", "another set is named validation too"),
        ("prepare DATA --measure-on a/dev.jsonl b/dev.jsonl --out d.pt", "another set is named dev too"),
        ("ask d.pt --base BASE --out s.pt", "required: --start"),
        ("student d.pt --base BASE --mimic BASE --out s.pt", "need --teachers"),
        ("student d.pt --base BASE --corrected --out s.pt", "need --teachers"),
        ("student d.pt --base BASE --teachers --out s.pt", "--teachers: expected at least one argument"),
        ("student d.pt --base BASE --teachers t.pt --first-marks --out s.pt", "needs two --teachers"),
        (
            'finish s.pt --data DATA --version 1 --seed 1 --seconds 2 --taught-by {"windows":7} --out run',
            "needs --seeds",
        ),
    ],
)
def test_options_that_would_be_passed_over_are_refused(
    words: str, problem: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(monkeypatch, *words.split())
    assert problem in capsys.readouterr().err


def test_other_seeds_prepare_other_copies(
    tiny_data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distil, "augmented", lambda *_, seed: seeds.append(seed) or [])
    monkeypatch.setattr(distil, "window_tensors", lambda messages, **_: {"ids": messages})
    for options, wanted in ([], [13, 14]), (["--seed", "20"], [20, 21]):
        seeds: list[int] = []
        paths = [str(tiny_data_dir), "--out", str(tmp_path / "d.pt")]
        run(monkeypatch, "prepare", *paths, "--mixtures", "1", *options)
        assert seeds == wanted
