"""A tiny model trained, exported and measured for real."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.tiny import tiny_config
from transformers import BertConfig, BertModel, MobileBertConfig, MobileBertModel, TrainerCallback
from transformers.trainer import TRAINER_STATE_NAME

from reviewguard import training, unpacking
from reviewguard.curation.storage import load_splits
from reviewguard.encoding import Batch, Forward, MessageEncoder, collate
from reviewguard.errors import ConfigError, InputError, ModelError
from reviewguard.exporting import check_target
from reviewguard.inference import model_folder
from reviewguard.inference.backend import OnnxBackend
from reviewguard.inference.model_folder import load
from reviewguard.modeling.base_model import PACKAGED, resolve_base_model
from reviewguard.modeling.config import TrainConfig, load_config
from reviewguard.modeling.dataset import training_rows
from reviewguard.modeling.evidence_model import EvidenceModel, HeadConfig, any_loss
from reviewguard.modeling.limit import limit_families
from reviewguard.modeling.onnx_export import INPUTS, export_onnx
from reviewguard.modeling.quantize import quantize_int8
from reviewguard.modeling.runs import RUN, WEIGHTS, lineage
from reviewguard.modeling.torch_backend import TorchBackend
from reviewguard.modeling.trainer import _keep, fine_tune, load_tokenizer
from reviewguard.policy import load_policy
from reviewguard.schema import LabelledMessage, Message, Rationale
from reviewguard.training import CHECKPOINTS, LEARNT, export_run, finished_run, train
from reviewguard.unpacking import unpack_model
from reviewguard.writer import WriteLock

TYPES = tuple(load_policy().types)


def test_pooled_evidence_does_not_grow_with_indifferent_tokens(tiny_base: Path) -> None:
    model = EvidenceModel.from_base(str(tiny_base), HeadConfig(TYPES, hidden=16)).eval()
    states = torch.randn(1, 1, 32).repeat(1, 40, 1)
    with torch.inference_mode():
        _, few, short = model._evidence(states[:, :5], torch.ones(1, 5, 1))
        _, many, long = model._evidence(states, torch.ones(1, 40, 1))
    assert torch.allclose(short, long, atol=1e-5)
    assert torch.allclose(few.sum(1), many.sum(1), atol=1e-5)


def test_only_the_sellers_tokens_carry_evidence(tiny_base: Path) -> None:
    encoder = MessageEncoder.from_file(tiny_base / "tokenizer.json", TrainConfig().limits)
    (window,) = encoder.encode(Message("thanks a lot", "it is great")).windows
    model = EvidenceModel.from_base(str(tiny_base), HeadConfig(TYPES, hidden=16))
    output = TorchBackend(model).run(collate([window], encoder.pad_id))
    outside = np.ones(len(window.ids), dtype=bool)
    outside[slice(*window.seller)] = False
    assert not output.evidence[0, outside].any()
    assert output.attention[0, outside].max() < 1e-6
    assert output.attention[0].sum(0) == pytest.approx(np.ones(len(TYPES)), abs=1e-5)


def test_the_loss_on_any_violation_is_that_of_a_noisy_or() -> None:
    logits = torch.tensor([[0.3, -1.2], [2.0, 0.1]])
    labels = torch.tensor([0.0, 1.0])
    expected = torch.nn.functional.binary_cross_entropy(1 - (1 - logits.sigmoid()).prod(1), labels)
    assert any_loss(logits, labels) == pytest.approx(expected.item(), abs=1e-6)
    assert torch.isfinite(any_loss(torch.tensor([[80.0, 80.0], [-80.0, -80.0]]), torch.tensor([0.0, 1.0])))


def test_windows_of_a_long_message_carry_the_types_whose_rationale_they_see(tiny_base: Path) -> None:
    encoder = MessageEncoder.from_file(tiny_base / "tokenizer.json", tiny_config(tiny_base).limits)
    text = "the parcel is here " * 100 + "leave five stars"
    start = text.index("leave five")
    message = LabelledMessage(
        "a", text, None, ("positive_request",), (Rationale(start, len(text), "positive_request"),)
    )
    rows = training_rows([message], encoder, TYPES)
    assert len(rows) > 1
    assert [row["labels"][0] for row in rows] == [0.0] * (len(rows) - 1) + [1.0]
    assert rows[-1]["rationale"]


def test_weights_survive_saving(tiny_run: Path, tmp_path: Path) -> None:
    model = EvidenceModel.from_pretrained(tiny_run / WEIGHTS)
    model.save_pretrained(tmp_path / "again")
    again = EvidenceModel.from_pretrained(tmp_path / "again")
    assert all(
        torch.equal(a, b)
        for a, b in zip(model.state_dict().values(), again.state_dict().values(), strict=True)
    )


def test_an_interrupted_training_goes_on_and_ends_where_an_uninterrupted_one_does(
    tiny_base: Path, tiny_data_dir: Path, tmp_path: Path
) -> None:
    splits = load_splits(tiny_data_dir)
    config = tiny_config(tiny_base, epochs=2)
    through = fine_tune(config, splits["train"], splits["validation"], TYPES, tmp_path / "a")

    class PullThePlug(Exception):
        pass

    class AfterOneEpoch(TrainerCallback):
        def on_save(self, *args: object, **kwargs: object) -> None:
            raise PullThePlug

    with pytest.raises(PullThePlug):
        fine_tune(
            config, splits["train"], splits["validation"], TYPES, tmp_path / "b", callbacks=[AfterOneEpoch()]
        )
    (checkpoint,) = (tmp_path / "b").glob("checkpoint-*")
    state = json.loads((checkpoint / TRAINER_STATE_NAME).read_text())
    assert state["stateful_callbacks"]["_Stopwatch"]["args"]["before"] > 0
    state["stateful_callbacks"]["_Stopwatch"]["args"]["before"] = 1000
    (checkpoint / TRAINER_STATE_NAME).write_text(json.dumps(state))
    killed = checkpoint.with_name("checkpoint-999")  # while it was written
    killed.mkdir()
    (killed / "model.safetensors").write_bytes(b"half")
    resumed = fine_tune(config, splits["train"], splits["validation"], TYPES, tmp_path / "b")
    assert not killed.exists()
    ours, theirs = resumed.model.state_dict(), through.model.state_dict()
    assert all(torch.allclose(ours[k], theirs[k], atol=1e-4) for k in ours)
    assert 0 < through.seconds < 1000 < resumed.seconds


@pytest.mark.parametrize("epochs", [2, 3])
def test_patience_goes_on_with_a_training_that_was_cut_off(
    tiny_base: Path, tiny_data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epochs: int
) -> None:
    monkeypatch.setattr("reviewguard.modeling.trainer._ranking", lambda _: {"auroc": 0.5})
    splits, config = load_splits(tiny_data_dir), tiny_config(tiny_base, epochs=9, patience=2)

    class Killed(Exception):
        pass

    class AfterSome(TrainerCallback):
        def on_save(self, args: object, state: Any, *_: object, **__: object) -> None:
            if round(state.epoch) == epochs:
                raise Killed

    with pytest.raises(Killed):
        fine_tune(config, splits["train"], splits["validation"], TYPES, tmp_path, callbacks=[AfterSome()])
    done = fine_tune(config, splits["train"], splits["validation"], TYPES, tmp_path)
    # The first epoch was the best, and two were no better.
    assert max(entry["epoch"] for entry in done.history) == 3


@pytest.mark.parametrize(
    ("values", "found"),
    [({"base_model": "else/where"}, "base_model"), ({"hidden": 8}, "hidden"), ({"head": "plain"}, "head")],
)
def test_weights_to_begin_with_must_fit_the_configuration(
    tiny_base: Path, tiny_data_dir: Path, tiny_run: Path, tmp_path: Path, values: dict[str, Any], found: str
) -> None:
    config = tiny_config(tiny_base, **values)
    with pytest.raises(ConfigError, match=f"{found} is .*, that of the weights to begin with is"):
        train(config, tiny_data_dir, tmp_path, tmp_path / "model", version="2", start_from=tiny_run)
    assert not list(tmp_path.iterdir())


def test_a_share_to_keep_needs_weights_to_begin_with(
    tiny_base: Path, tiny_data_dir: Path, tmp_path: Path
) -> None:
    config = tiny_config(tiny_base, keep_start=0.3)
    with pytest.raises(ConfigError, match=r"keep_start is 0\.3, and no earlier model's weights are named"):
        train(config, tiny_data_dir, tmp_path, tmp_path / "model", version="2")
    assert not list(tmp_path.iterdir())


def test_weights_to_begin_with_must_know_the_types_of_the_policy(
    tiny_base: Path, tiny_data_dir: Path, tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = load_policy()
    later = replace(policy, types={"invented": policy.types["insider"], **policy.types})
    monkeypatch.setattr(training, "load_policy", lambda: later)
    with pytest.raises(ConfigError, match=r"expected: those of policy\.toml: invented, positive_request"):
        train(
            tiny_config(tiny_base), tiny_data_dir, tmp_path, tmp_path / "m", version="2", start_from=tiny_run
        )


def test_losses_and_dropout_are_those_of_the_new_training(
    tiny_base: Path, tiny_data_dir: Path, tiny_run: Path, tmp_path: Path
) -> None:
    splits = load_splits(tiny_data_dir)
    model = EvidenceModel.from_pretrained(tiny_run / "weights")
    config = tiny_config(tiny_base, rationale_weight=0, dropout=0.4)
    done = fine_tune(config, splits["train"], splits["validation"], TYPES, tmp_path, start_from=model)
    assert (done.model.head_config.rationale_weight, done.model.dropout.p) == (0, 0.4)


def test_the_plain_head_reads_the_first_state_and_marks_no_word(tiny_base: Path) -> None:
    model = EvidenceModel.from_base(str(tiny_base), HeadConfig(TYPES, head="plain", hidden=16)).eval()
    states = torch.randn(2, 7, 32)
    output = model.judge(states, torch.ones(2, 7, dtype=torch.long))
    pooled = torch.tanh(states[:, 0] @ model.context.weight.T)
    assert torch.allclose(output.logits, model.evidence(pooled), atol=1e-6)
    assert not output.attention.any()


def test_a_training_that_was_killed_before_it_was_saved_is_not_done_again(
    tiny_base: Path, tiny_data_dir: Path, tmp_path: Path
) -> None:
    splits, config = load_splits(tiny_data_dir), tiny_config(tiny_base)
    first = fine_tune(config, splits["train"], splits["validation"], TYPES, tmp_path)

    class NoStep(TrainerCallback):
        def on_step_begin(self, *args: object, **kwargs: object) -> None:
            raise AssertionError("trained again")

    again = fine_tune(
        config, splits["train"], splits["validation"], TYPES, tmp_path, callbacks=[NoStep()]
    ).model.state_dict()
    assert all(torch.equal(again[k], v) for k, v in first.model.state_dict().items())


def test_the_run_leaves_a_model_folder_with_card_and_figures(tiny_run: Path) -> None:
    folder = tiny_run / "model"
    assert {p.name for p in folder.iterdir()} == {
        "model.onnx", "tokenizer.json", "config.json", "README.md", "evaluation.json", "reference.json",
        "calibration.png",
    }  # fmt: skip
    measured = json.loads((folder / "evaluation.json").read_text())["own test split"]
    profiles = {row["profile"]: row for row in measured["profiles"]}
    assert set(profiles) == set(load(folder).settings.profiles)
    clean = measured["verdicts"]["compliant"]
    assert profiles["amazon"]["handed_over"] == pytest.approx(clean["needs-review"] / sum(clean.values()))
    assert profiles["amazon"]["violations"] == measured["counts"]["violations"]
    assert "| `ftc` | " in (folder / "README.md").read_text()
    assert not list(tiny_run.glob("checkpoints/*"))
    training = load(folder).settings.training
    assert training["run_id"]
    assert len(training["data_digest"]) == 64
    assert training["messages"]["train"] > 0


def test_a_run_exports_again_in_fp32(tiny_run: Path, tiny_data_dir: Path, tmp_path: Path) -> None:
    export_run(tiny_run, tiny_data_dir, tmp_path / "fp32", "fp32")
    assert load(tmp_path / "fp32")("hello there, leave a review").verdict
    trained = EvidenceModel.from_pretrained(tiny_run / WEIGHTS).state_dict()
    again = unpack_model(tmp_path / "fp32").state_dict()
    assert all(torch.equal(again[name], trained[name]) for name in trained if "pooler" not in name)
    export_run(tmp_path / "fp32", tiny_data_dir, tmp_path / "again", "fp32", bootstrap=0)
    first, again = (load(tmp_path / name).settings for name in ("fp32", "again"))
    assert (first.profiles, first.training) == (again.profiles, again.training)
    with pytest.raises(ConfigError, match="int8 or fp32"):
        export_run(tiny_run, tiny_data_dir, tmp_path / "x", "int4")
    with pytest.raises(InputError, match="no finished run"):
        export_run(tmp_path, tiny_data_dir, tmp_path / "x", "fp32")


def test_a_model_replaces_nothing_but_a_model(tiny_run: Path, tiny_base: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    (notes / "sub").mkdir(parents=True)
    kept = notes / "sub" / "keep.txt"
    kept.write_text("mine")
    no_data, config = tmp_path / "no data", tiny_config(tiny_base)
    for out in (notes, kept):
        with pytest.raises(InputError, match="name a new folder"):
            export_run(tiny_run, no_data, out, "fp32")
        with pytest.raises(InputError, match="name a new folder"):
            train(config, no_data, tmp_path / "run", out, version="1")
    with pytest.raises(InputError, match="name a new folder"):
        train(config, no_data, tmp_path / "run", tmp_path / "run", version="1")
    assert kept.read_text() == "mine"
    (notes / "config.json").write_text('{"model_type": "bert"}')
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.json").write_text('{"model_type": "bert"}')
    mine = shutil.copytree(tiny_run / "model", tmp_path / "mine")
    (mine / "notes.txt").write_text("mine")
    for out, found in ((notes, "sub"), (other, "config.json"), (mine, r"notes\.txt")):
        with pytest.raises(InputError, match=f"something other than a model: {found}"):
            check_target(out)
    (mine / "notes.txt").rename(mine / ".config.json.k1ll3d")
    later = shutil.copytree(tiny_run / "model", tmp_path / "later")
    values = json.loads((later / "config.json").read_bytes())
    (later / "config.json").write_text(json.dumps(values | {"normalizer": "another"}))
    for fine in (tiny_run / "model", tmp_path / "new", mine, later):
        check_target(fine)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for out, found in (("dangling", "leads nowhere"), ("other/config.json/model", "cannot write")):
        with pytest.raises(InputError, match=found):
            check_target(tmp_path / out)


def test_torch_weights_come_back_from_an_int8_model(tiny_run: Path, tiny_data_dir: Path) -> None:
    guard = load(tiny_run / "model")
    messages = [m.message for m in load_splits(tiny_data_dir)["test"]]
    encoder = MessageEncoder.from_file(tiny_run / "model" / "tokenizer.json", guard.settings.limits)
    logits = [
        type(guard)(TorchBackend(model), encoder, guard.settings).predict_logits(messages)
        for model in (unpack_model(tiny_run / "model"), EvidenceModel.from_pretrained(tiny_run / WEIGHTS))
    ]
    assert np.abs(logits[0] - logits[1]).mean() < 0.05


def test_a_model_whose_int8_is_miscomputed_here_exports_again_in_fp32(
    tiny_run: Path, tiny_data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = tiny_run / "model", tmp_path / "fp32"

    class Wrong(OnnxBackend):
        def __init__(self, path: Path, threads: int = 0) -> None:
            super().__init__(path, threads)
            self.off = 3 if path.parent == folder else 0

        def run(self, batch: Batch) -> Forward:
            found = super().run(batch)
            return replace(found, evidence=found.evidence + self.off)

    monkeypatch.setattr(model_folder, "OnnxBackend", Wrong)
    with pytest.raises(ModelError, match=f"export {folder} --precision fp32"):
        load(folder)
    export_run(folder, tiny_data_dir, out, "fp32", bootstrap=0)
    assert load(out)("hello there, leave a review").verdict


def test_an_unpacked_model_that_scores_differently_is_refused(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = unpacking._context
    monkeypatch.setattr(unpacking, "_context", lambda graph: -100 * right(graph))
    with pytest.raises(ModelError, match="scores differently"):
        unpack_model(tiny_run / "model")


def test_a_share_of_the_starting_weights_can_be_kept(
    tiny_run: Path, tiny_base: Path, tiny_data_dir: Path, tmp_path: Path
) -> None:
    splits, config = load_splits(tiny_data_dir), tiny_config(tiny_base)
    start = EvidenceModel.from_pretrained(tiny_run / WEIGHTS).state_dict()

    def trained(keep: float) -> dict[str, torch.Tensor]:
        model = EvidenceModel.from_pretrained(tiny_run / WEIGHTS)
        changed = replace(config, keep_start=keep)
        folder = tmp_path / str(keep)
        done = fine_tune(changed, splits["train"], splits["validation"], TYPES, folder, start_from=model)
        return dict(done.model.state_dict())

    none, quarter = trained(0.0), trained(0.25)
    name = "evidence.weight"
    assert not torch.allclose(none[name], start[name])
    assert all(torch.allclose(quarter[k], 0.75 * none[k] + 0.25 * start[k], atol=1e-5) for k in none)


@pytest.mark.parametrize(
    ("ranked", "taken"),
    [([0.9, 0.9], 0.2), ([0.9, 0.899], 0.2), ([0.9, 0.897, 0.91], 0.4), ([0.9, 0.8, 0.8], 0.6)],
    ids=["no worse at once", "worse by chance", "no worse in the second step", "always worse"],
)
def test_so_much_of_the_start_is_kept_as_the_validation_messages_need(
    tiny_run: Path, ranked: list[float], taken: float
) -> None:
    start, model = (EvidenceModel.from_pretrained(tiny_run / WEIGHTS) for _ in range(2))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    auroc = iter(ranked)
    kept = _keep(model, start.state_dict(), (0.2, 0.4, 0.6), lambda: next(auroc))
    assert kept == taken
    difference = model.state_dict()["evidence.weight"] - start.state_dict()["evidence.weight"]
    assert torch.allclose(difference, torch.tensor(1 - taken), atol=1e-5)


def test_a_run_may_begin_with_the_weights_of_another_and_says_so(
    tiny_run: Path,
    tiny_base: Path,
    tiny_data_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.chdir(tmp_path)
    still = tiny_config(tiny_base, learning_rate=1e-9, head_learning_rate=1e-9)
    run = json.loads((tiny_run / RUN).read_text("utf-8"))
    run["facts"][LEARNT] = ["lab-1#0123"]
    start = tmp_path / "start"
    shutil.copytree(tiny_run / WEIGHTS, start / WEIGHTS)
    (start / RUN).write_text(json.dumps(run), "utf-8")
    train(still, tiny_data_dir, tmp_path, tmp_path / "model", version="2", bootstrap=0, start_from=start)
    assert load(tmp_path / "model").settings.training[LEARNT] == ["lab-1#0123"]
    ours, theirs = (EvidenceModel.from_pretrained(r / WEIGHTS).state_dict() for r in (tmp_path, tiny_run))
    assert all(torch.allclose(ours[k], theirs[k], atol=1e-5) for k in ours)
    card = (tmp_path / "model" / "README.md").read_text("utf-8")
    assert "| weights begun from | version tiny," in card and "learnt 1 label that people added" in card


def test_a_model_folder_gives_weights_and_lineage_as_a_run_does(tiny_run: Path) -> None:
    folder, run = finished_run(tiny_run / "model"), finished_run(tiny_run)
    assert lineage(folder.facts) == lineage(run.facts)
    ours, theirs = folder.trained.model.state_dict(), unpack_model(tiny_run / "model").state_dict()
    assert all(torch.equal(ours[k], theirs[k]) for k in theirs)
    assert folder.trained.model.head_config.types == run.trained.model.head_config.types


def test_a_run_does_not_begin_with_its_own_weights(
    tiny_run: Path, tiny_base: Path, tiny_data_dir: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="would replace the weights it begins with"):
        train(
            tiny_config(tiny_base),
            tiny_data_dir,
            tiny_run,
            tmp_path / "m",
            version="2",
            start_from=tiny_run / ".",
        )


def test_two_trainings_do_not_share_a_run(tiny_base: Path, tiny_data_dir: Path, tmp_path: Path) -> None:
    with WriteLock(tmp_path).writing("train"), pytest.raises(InputError, match="in use by `train`"):
        train(tiny_config(tiny_base), tiny_data_dir, tmp_path, tmp_path / "model", version="1")
    assert not (tmp_path / CHECKPOINTS).exists()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("epoch=3", "unknown keys"),
        ("epochs=0", "1 to 100"),
        ("epochs=two", "type int"),
        ("learning_rate=2", "between 0 and 1"),
        ("head=mlp", "evidence or plain"),
        ("keep_start=1", "below 1"),
        ("stride=-100", "0 or more"),
        ("stride=300", "stride is 364"),
        ("previous=-1", "0 or more"),
        ("hidden=0", "at least 1"),
        ("patience=0", "at least 1"),
        ("seed=-1", r"below 2\*\*32"),
        ("seed=4294967296", r"below 2\*\*32"),
        ("weight_decay=-0.1", "0 or more, and finite"),
        ("any_weight=nan", "0 or more, and finite"),
        ("rationale_weight=inf", "0 or more, and finite"),
        ("epochs", "key=value"),
        ("freeze_embeddings=maybe", "true or false"),
    ],
)
def test_a_wrong_configuration_says_what_was_expected(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(None, [override])


def test_the_configuration_file_is_read_and_overridden(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("epochs = 7\nseed = 1\n")
    assert load_config(path, ["seed=2"]) == replace(TrainConfig(), epochs=7, seed=2)
    path.write_bytes(b"\xef\xbb\xbfepochs = 7\n")
    assert load_config(path).epochs == 7
    path.write_text("# \u00e9pochs\n", "latin-1")
    with pytest.raises(ConfigError, match="TOML file in UTF-8"):
        load_config(path)
    path.write_text("epochs = 1.5\n")
    with pytest.raises(ConfigError, match="type int"):
        load_config(path)


def test_a_smaller_share_of_families_is_part_of_a_larger_one() -> None:
    messages = [LabelledMessage(str(i), "t", None, (), family=f"f{i // 2}") for i in range(40)]
    quarter, half = (limit_families(messages, share, seed=3) for share in (0.25, 0.5))
    assert len(quarter) == 10
    assert {m.id for m in quarter} < {m.id for m in half}


def test_a_base_model_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    for name in ("nonsense", str(tmp_path), "no/hub/id"):
        with pytest.raises(ModelError, match=f"no base model '{name}'"):
            load_tokenizer(name)
        with pytest.raises(ModelError, match=f"no base model '{name}'"):
            EvidenceModel.from_base(name, HeadConfig(TYPES))


def test_a_base_model_without_words_or_weights_is_told_as_such(tiny_base: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_base, tmp_path / "base", ignore=shutil.ignore_patterns("tokenizer*"))
    with pytest.raises(ConfigError, match="no fast tokenizer with words"):
        load_tokenizer(str(folder))
    (folder / "config.json").write_text(
        (tiny_base / "config.json").read_text().replace('"num_hidden_layers": 2', '"num_hidden_layers": 3')
    )
    with pytest.raises(
        ModelError, match=r"16 weights are missing or of another shape, first encoder\.layer\.2\."
    ):
        EvidenceModel.from_base(str(folder), HeadConfig(TYPES))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [({"type_vocab_size": 1}, 2), ({"vocab_size": 300}, 800), ({"max_position_embeddings": 64}, 128)],
)
def test_an_encoder_that_would_fail_on_a_message_is_refused_before_training(
    tiny_base: Path, tiny_data_dir: Path, tmp_path: Path, changed: dict[str, int], expected: int
) -> None:
    folder = shutil.copytree(tiny_base, tmp_path / "base")
    BertModel(BertConfig.from_pretrained(tiny_base, **changed)).save_pretrained(folder)
    ((name, value),) = changed.items()
    splits, config = load_splits(tiny_data_dir), tiny_config(folder)
    with pytest.raises(ConfigError, match=f"the encoder's {name} is {value}\n  expected: {expected} or more"):
        fine_tune(config, splits["train"], splits["validation"], TYPES, tmp_path / "checkpoints")


def test_an_encoder_of_which_nothing_can_be_rounded_is_exported_as_it_is(
    tiny_base: Path, tiny_data_dir: Path, tmp_path: Path
) -> None:
    width = {"hidden_size": 32, "embedding_size": 32, "intermediate_size": 64, "num_attention_heads": 2}
    inner = {"true_hidden_size": 32, "intra_bottleneck_size": 32, "num_hidden_layers": 2, "vocab_size": 800}
    mobile = MobileBertModel(
        MobileBertConfig(**width, **inner)
    )  # none of its operators is one that is rounded
    model = EvidenceModel(mobile, 32, HeadConfig(TYPES, hidden=16))
    export_onnx(model, tmp_path / "full.onnx")
    message = load_splits(tiny_data_dir)["test"][0].message
    encoder = MessageEncoder.from_file(tiny_base / "tokenizer.json", tiny_config(tiny_base).limits)
    (window,) = encoder.encode(message).windows
    batch = collate([window], encoder.pad_id)
    inputs = {name: batch.as_inputs()[name] for name in INPUTS}
    quantize_int8(tmp_path / "full.onnx", tmp_path / "model.onnx", [inputs])
    found = [b.run(batch).logits for b in (TorchBackend(model), OnnxBackend(tmp_path / "model.onnx"))]
    assert np.abs(found[0] - found[1]).max() < 0.02


def test_the_packaged_encoder_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Path(resolve_base_model(PACKAGED), "model.safetensors").is_file()
    assert resolve_base_model("some/hub-id") == "some/hub-id"
    monkeypatch.setattr("reviewguard.modeling.base_model.PACKAGED_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="sha256"):
        resolve_base_model(PACKAGED)


def test_a_split_without_messages_is_refused_before_training_and_export(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty: dict[str, list[LabelledMessage]] = {"train": [], "validation": [], "test": []}
    monkeypatch.setattr(training, "load_splits", lambda _: empty)
    with pytest.raises(InputError, match="no message in the split train nor in validation nor in test"):
        train(TrainConfig(), tmp_path, tmp_path / "run", tmp_path / "model", version="1")
    assert not (tmp_path / "run").exists()
    with pytest.raises(InputError, match="no message in the split train nor in validation nor in test"):
        export_run(tiny_run, tmp_path, tmp_path / "model", "fp32")
