"""A challenger of the tiny model: killed, refused, taken up again, judged, promoted."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import ROOT
from tests.model.versions import make_store, silent_sync
from tests.tiny import write_tiny_toml
from typer.testing import CliRunner

from reviewguard.cli import app
from reviewguard.cli.retraining import _asked, _data_add, _Stages, _tell
from reviewguard.curation.labels import Label, Provenance, label_version, write_labels
from reviewguard.curation.storage import load_splits, write_frozen
from reviewguard.errors import ConfigError, InputError, ModelError
from reviewguard.inference.model_folder import from_parts, load, shipped_model
from reviewguard.modeling.evidence_model import EvidenceModel
from reviewguard.modeling.torch_backend import TorchBackend
from reviewguard.retraining import retrain as module
from reviewguard.retraining.challenger import choose_start
from reviewguard.retraining.config import RetrainConfig, load_settings
from reviewguard.retraining.data import HELD_OUT, Places, curate
from reviewguard.retraining.gate_report import GateLine, GateReport
from reviewguard.retraining.measure import Questions
from reviewguard.retraining.retrain import RetrainResult, promote_command, retrain
from reviewguard.retraining.round import RetrainJob
from reviewguard.retraining.store import ModelStore
from reviewguard.schema import LabelledMessage, Message, Rationale
from reviewguard.training import LEARNT

ASKS = (
    "Could your sister write a few words about the kettle on its page?",
    "Our warehouse team all left five stars, join them when you can.",
    "Swap with us: we rate your shop, you rate ours.",
    "My cousin reviews everything we sell, maybe yours could too.",
    "If you know the people at Brightpan, give their pan one star.",
    "Ask your flatmates to post about the lamp as well.",
    "Staff discount comes back on once you have reviewed the new mixer.",
    "You sell too, right? A review for a review sounds fair.",
    "Get grandma to say something nice about the blanket online.",
    "Everyone in the office is posting a review tonight, you as our tester too.",
)
PLAIN = (
    "The pump ships on Monday with a spare filter.",
    "We are sorry about the delay, the courier lost a day.",
)
WITHDRAWN = "lab-gone#0123456789ab"
"""A label that the champion learnt and no file holds any more."""
CONFIG = """
[train]
full = "train.toml"
epochs = {epochs}
replay = 40
copies = 1
batch_size = 32
[gate]
bootstrap = 100
"""


def labels() -> list[Label]:
    rows = [(text, ("insider",)) for text in ASKS] + [(text, ()) for text in PLAIN]
    return [
        Label(
            LabelledMessage(
                f"lab-{i:02}", text, None, types, tuple(Rationale(0, len(text), t) for t in types),
                f"label-{i:02}", "item", "unknown", "marketplace", "labels",
            ),
            Provenance("made.csv", "nora"),
        )
        for i, (text, types) in enumerate(rows)
    ]  # fmt: skip


@dataclass(frozen=True)
class Home:
    """A folder to retrain in."""

    folder: Path

    @property
    def job(self) -> RetrainJob:
        here = self.folder
        return RetrainJob(
            Places(ROOT / "data" / "messages" / "start-voices.jsonl", here / "labels", here / "splits.json"),
            load_settings(here / "retrain.toml"),
            here / "behaviour",
            here / "weights",
            bootstrap=10,
        )

    @property
    def store(self) -> ModelStore:
        return ModelStore(self.folder / "models", sync=lambda champion, challenger: ())

    @property
    def served(self) -> bytes:
        return (self.folder / "models" / "default" / "config.json").read_bytes()

    @property
    def arguments(self) -> list[str]:
        here, places = self.folder, self.job.places
        pairs = {
            "--models": here / "models", "--messages": places.messages, "--labels": places.labels,
            "--splits": places.splits, "--config": here / "retrain.toml", "--weights": here / "weights",
            "--behaviour": here / "behaviour", "--bootstrap": 10,
        }  # fmt: skip
        return ["retrain", *(str(part) for pair in pairs.items() for part in pair)]


@pytest.fixture(scope="module")
def furnished(
    tmp_path_factory: pytest.TempPathFactory, tiny_run: Path, tiny_base: Path, tiny_data_dir: Path
) -> Path:
    """A folder with all that a retraining of thirty epochs needs."""
    here = tmp_path_factory.mktemp("retrain")
    shutil.copytree(tiny_run / "model", here / "models" / "default")
    shutil.copytree(tiny_run / "weights", here / "weights")
    write_labels(here / "labels" / "made.jsonl", labels())
    config = json.loads((here / "models" / "default" / "config.json").read_text("utf-8"))
    config["training"][LEARNT] = [WITHDRAWN]
    (here / "models" / "default" / "config.json").write_text(json.dumps(config), "utf-8")
    write_frozen(here / "splits.json", load_splits(tiny_data_dir))
    (here / "retrain.toml").write_text(CONFIG.format(epochs=30))
    write_tiny_toml(here / "train.toml", tiny_base)
    (here / "behaviour").mkdir()
    row = {"id": "a", "text": "Your parcel left today, it is on its way.", "previous": None, "types": []}
    (here / "behaviour" / "plain.jsonl").write_text(json.dumps(row) + "\n")
    return here


@pytest.fixture(scope="module")
def home(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    here = shutil.copytree(furnished, tmp_path_factory.mktemp("home"), dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{here / 'mlflow.db'}")
        patch.chdir(here)
        yield Home(here)


def wait_for(home: Home, pattern: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 600  # a busy machine is no failure
    while not list((home.folder / "models").glob(pattern)):
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < until, f"no {pattern}"
        time.sleep(0.05)


DIES = """
import os, signal, sys
from reviewguard.cli import main, retraining
at = sys.argv.pop(1)
class Stages(retraining._Stages):
    def show(self, stage, share):
        if (stage, share) == (at, None):
            os.kill(os.getpid(), signal.SIGKILL)
        if share is None:
            print("stage:", stage, flush=True)
retraining._Stages = Stages
main()
"""


def test_killed_at_any_stage_the_champion_serves_and_the_next_run_goes_on(
    furnished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(shutil.copytree(furnished, tmp_path / "home"))
    (home.folder / "retrain.toml").write_text(CONFIG.format(epochs=1))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.chdir(home.folder)
    served, champion = home.served, json.loads(home.served)["version"]
    for stage in ("curate", "train", "export", "measure the challenger", "gate", "keep", "never"):
        done = subprocess.run(
            [sys.executable, "-c", DIES, stage, *home.arguments], capture_output=True, text=True, check=False
        )
        killed = done.returncode == -signal.SIGKILL
        assert killed == (stage != "never") and (killed or done.returncode in (0, 1)), (stage, done)
        assert home.served == served and load(home.folder / "models" / "default")
    assert "stage: keep" in done.stdout and "is kept in" in done.stdout
    assert ("Gate: passed." in done.stdout) == (done.returncode == 0)
    assert not list((home.folder / "models" / "versions").glob(".retrain/challenger/checkpoints/*"))
    assert [p.name for p in (home.folder / "models" / "versions").glob("[!.]*+*")] == [f"{champion}+1"]


class Screen:
    """Remembers what was shown."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.steps: list[float] = []

    def show(self, stage: str, share: float | None) -> None:
        self.stages += [stage] if share is None else []
        self.steps += [share] if stage == "train" and share is not None else []


def outcome(passed: bool) -> GateReport:
    why = "fell by 0.200, 0.010 allowed"
    return GateReport((GateLine("test F1", "0.010", passed, why, 0.9, 0.7, -0.2),))


@dataclass(frozen=True)
class Story:
    refused: str
    added: Sequence[str]
    killed: bytes
    resumed: Screen
    result: RetrainResult
    served: bytes
    questions: Questions


@pytest.fixture(scope="module")
def story(home: Home) -> Story:
    """Killed in its first epochs while another is refused, then run to the end, where the gate fails."""
    command = [sys.executable, "-m", "reviewguard", *home.arguments]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    added: list[str] = []
    try:
        wait_for(home, "versions/.retrain/challenger/checkpoints/checkpoint-*/trainer_state.json", process)
        process.send_signal(signal.SIGSTOP)  # a few epochs more take no longer than to be refused
        with pytest.raises(InputError) as refused:
            retrain(home.job, home.store, agree=lambda _: True, add=lambda _: added.append("while refused"))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    killed, resumed, commits, judged = home.served, Screen(), ["at the start"], list[Questions]()

    def add(champion: Path) -> None:
        added.append(champion.name)
        commits.append("later")

    def judge(questions: Questions, *_: object) -> GateReport:
        judged.append(questions)
        return outcome(passed=False)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reviewguard.retraining.round.judge", judge)
        patch.setattr(module, "git_state", lambda: commits[-1])
        result = retrain(home.job, home.store, agree=lambda _: True, show=resumed.show, add=add)
    return Story(str(refused.value), added, killed, resumed, result, home.served, *judged)


def test_a_second_retraining_is_refused_and_told_whom_to_wait_for(story: Story) -> None:
    assert "`retrain`" in story.refused
    assert "process" in story.refused
    assert story.added == ["default"]  # and it adds no labels either


def test_the_champion_outlives_a_kill(story: Story, furnished: Path) -> None:
    assert story.killed == Home(furnished).served


def test_a_killed_training_goes_on_from_its_last_epoch(story: Story) -> None:
    assert story.resumed.steps[0] > 1 / 30
    assert story.resumed.stages == [
        "curate", "train", "export", "measure the champion", "measure the challenger", "gate", "keep",
    ]  # fmt: skip


def test_the_report_lies_with_the_challenger_and_in_mlflow(story: Story) -> None:
    import mlflow

    report, folder = story.result.report, story.result.challenger.folder
    assert report.to_markdown() == (folder / "retraining.md").read_text("utf-8")
    stored = json.loads((folder / "retraining.json").read_text("utf-8"))
    copies = stored["counts"].pop("copies of them")
    assert 5 <= copies <= 10
    assert stored["counts"] == {
        "messages replayed": 40, "new labels": 10, "new labels held out": 2, "confirmed violations": 10,
    }  # fmt: skip
    assert not any(text in json.dumps(stored) for text in (*ASKS, *PLAIN))
    assert "# tiny+1 beside tiny" in report.to_markdown()
    assert {"README.md", "evaluation.json", "reference.json"} <= {p.name for p in folder.iterdir()}
    run = mlflow.MlflowClient(os.environ["MLFLOW_TRACKING_URI"]).get_run(report.run_id or "")
    assert run.data.metrics["gate_passed"] == 0.0
    assert {"champion/f1", "challenger/f1"} <= set(run.data.metrics)
    assert run.data.params["mix.messages replayed"] == "40"
    assert f"{float(run.data.params['keep_start']):.0%} of them kept" in report.start
    assert story.result.problems == ()


def test_the_challenger_knows_what_it_learnt(story: Story) -> None:
    facts = load(story.result.challenger.folder).settings.training
    assert facts["started_from"]["version"] == "tiny"
    copies = story.result.report.counts["copies of them"]
    assert facts["mix"] == {"messages replayed": 40, "new labels": 10, "copies of them": copies}
    assert facts["commit"] == "at the start"
    versions = {label_version(label.message): label.message.id for label in labels()}
    left = {versions[version] for version in set(versions) - set(facts[LEARNT])}
    assert len(left) == 2
    assert left == set(facts[HELD_OUT])
    assert WITHDRAWN in facts[LEARNT]  # its weights go on from those that learnt it
    assert "labels of tiny: it learnt 1 labels that are gone: lab-gone;" in story.result.report.to_markdown()
    assert facts["parent"] == "tiny"
    assert facts["data_digest"] == story.result.report.data_digest
    assert story.result.challenger.weights is not None


def test_both_are_asked_the_frozen_test_split_what_was_kept_and_what_was_confirmed(
    story: Story, tiny_data_dir: Path
) -> None:
    asked, facts = story.questions, load(story.result.challenger.folder).settings.training
    assert {m.id for m in asked.test} == {m.id for m in load_splits(tiny_data_dir)["test"]}
    assert [m.id for m in asked.held_out] == facts[HELD_OUT]
    assert [m.text for m in asked.regression] == list(ASKS)
    assert list(asked.behaviour) == ["plain"]
    assert [len(side.held_out) for side in story.result.report.answers] == [2, 2]


def test_a_failed_gate_says_by_how_much_and_changes_nothing(
    story: Story, home: Home, furnished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert story.result.promotion is None
    assert story.result.challenger.tags["gate"] == "failed on test F1"
    assert story.served == Home(furnished).served
    _tell(story.result, home.store.folder, asked=False)
    said = capsys.readouterr().out
    assert "not promoted: tiny goes on serving" in said
    assert "test F1: fell by 0.200, 0.010 allowed" in said


def test_without_a_terminal_nobody_agrees_and_yes_promotes(
    story: Story, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All go on from the training that is finished, and judge it anew; a refused promotion leaves it."""
    monkeypatch.setattr("reviewguard.retraining.round.judge", lambda *_: outcome(passed=True))
    monkeypatch.setattr("reviewguard.retraining.round.train_challenger", None)
    done = CliRunner().invoke(app, home.arguments)
    assert (done.exit_code, home.served) == (0, story.served), done.output
    assert f"`reviewguard models promote tiny+1 --models {home.folder / 'models'}`" in done.output
    with monkeypatch.context() as patch:
        patch.setattr(module, "_promote", lambda *_: (None, "models is in use by another process"))
        done = CliRunner().invoke(app, [*home.arguments, "--yes"])
    assert (done.exit_code, home.served) == (1, story.served), done.output
    assert "not promoted: models is in use by another process" in done.output
    done = CliRunner().invoke(app, [*home.arguments, "--yes"])
    assert done.exit_code == 0, done.output
    assert "promoted: tiny+1 serves in place of tiny" in done.output
    served = load(home.folder / "models" / "default")
    assert served.settings.version == "tiny+1"
    assert [model.version for model in home.store.list()] == ["tiny", "tiny+1"]
    assert not (home.folder / "models" / "versions" / ".retrain" / "challenger").exists()
    data = curate(home.job.places, home.folder / "again", served, RetrainConfig())
    learnt = set(map(label_version, data.labels.earlier)) | {WITHDRAWN}
    assert learnt == set(served.settings.training[LEARNT])
    assert len(data.labels.new) == 2  # kept for measuring in the last round, to be learnt in this one


class Terminal(io.StringIO):
    """In the place of standard input or output."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "agreed"), [("y\n", True), ("n\n", False), ("\n", False), ("", False)])
def test_at_a_terminal_a_promotion_is_asked_for(
    story: Story, monkeypatch: pytest.MonkeyPatch, typed: str, agreed: bool
) -> None:
    shown = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    monkeypatch.setattr(sys, "stdout", shown)
    with _Stages() as stages:
        assert _asked(story.result.report, stages) is agreed
    said = shown.getvalue()
    assert said.index("fell by 0.200") < said.index("Serve tiny+1 in place of tiny?")


def test_what_a_killed_promotion_left_is_told(tmp_path: Path) -> None:
    (tmp_path / "models" / ".default.old").mkdir(parents=True)
    arguments = ("--models", tmp_path / "models", "--behaviour", tmp_path / "none")
    done = CliRunner().invoke(app, ["retrain", *map(str, arguments)])
    assert isinstance(done.exception, InputError)
    assert "put back" in done.stderr


def test_a_folder_of_models_that_is_not_there_is_not_made(home: Home, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model in"):
        retrain(home.job, ModelStore(tmp_path / "typo"), agree=lambda _: True)
    assert not (tmp_path / "typo").exists()


def test_labels_in_conflict_stop_it_before_anything_is_trained(home: Home, tmp_path: Path) -> None:
    rows = [{"text": ASKS[0], "types": []}]
    (tmp_path / "new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = CliRunner().invoke(app, [*home.arguments, "--with", str(tmp_path / "new.jsonl")])
    assert done.exit_code == 1, done.output
    assert "conflict" in done.output
    here = home.folder
    add = (
        f"data add {tmp_path / 'new.jsonl'} --labels {here / 'labels'} --messages {home.job.places.messages} "
        f"--splits {here / 'splits.json'} --model {here / 'models' / 'default'}"
    )
    assert f"with `reviewguard {add}` first, then run `reviewguard retrain` without --with" in done.stderr
    assert not (home.folder / "labels" / "new.jsonl").exists()


def test_data_add_is_called_without_what_it_takes_anyway() -> None:
    assert (
        _data_add(Path("my labels.csv"), Places(), shipped_model()) == "reviewguard data add 'my labels.csv'"
    )
    assert promote_command(Path("models"), "1+1") == "reviewguard models promote 1+1"


def test_columns_are_named_to_data_add_since_retrain_does_not_take_them(home: Home, tmp_path: Path) -> None:
    (tmp_path / "two.csv").write_text("text,label,verdict\nHi.,compliant,compliant\n")
    done = CliRunner().invoke(app, [*home.arguments, "--with", str(tmp_path / "two.csv")])
    assert isinstance(done.exception, InputError)
    add = f"reviewguard data add {tmp_path / 'two.csv'} --labels {home.folder / 'labels'}"
    assert f"--map verdict='label', in `{add}" in done.exception.fix
    assert "--map …`; then run `reviewguard retrain` without" in done.exception.fix


def test_refused_rows_stop_it_as_they_stop_data_add(home: Home, tmp_path: Path) -> None:
    rows = [
        {"text": "We pay five dollars a review.", "types": ["incentive"]},
        {"text": "Hi.", "types": ["?"]},
    ]
    (tmp_path / "some.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    try:
        done = CliRunner().invoke(app, [*home.arguments, "--yes", "--with", str(tmp_path / "some.jsonl")])
        assert done.exit_code == 1, done.output
        assert "not retrained: 1 rows of" in done.output
        assert (home.folder / "labels" / "some.jsonl").read_text("utf-8").count("\n") == 1
    finally:
        (home.folder / "labels" / "some.jsonl").unlink(missing_ok=True)


def test_a_promotion_while_the_data_is_curated_stops_it(
    home: Home, tiny_model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store(tiny_model_dir, tmp_path, "2")
    monkeypatch.setattr(module, "curate", lambda *_: store.promote("2", by="Kim", reason=""))
    job = replace(home.job, weights=None)
    with pytest.raises(InputError, match="the round began with 1, now it is 2"):
        retrain(job, ModelStore(store.folder, sync=silent_sync), agree=lambda _: True)


def test_weights_of_another_model_are_refused(home: Home, tmp_path: Path) -> None:
    champion = load(home.folder / "models" / "default")
    shutil.copytree(home.folder / "weights", tmp_path / "weights")
    (tmp_path / "run.json").write_text(json.dumps({"facts": {"version": "other"}}))
    places = {"folder": home.folder / "models" / "default", "unpack_to": tmp_path / "unpacked"}
    with pytest.raises(ConfigError, match="holds the weights of other"):
        choose_start(champion, tmp_path / "weights", home.job.settings, **places)
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(ConfigError, match="does not say whose weights"):
        choose_start(champion, tmp_path / "weights", home.job.settings, **places)
    with pytest.raises(ConfigError, match="no weights"):
        choose_start(champion, tmp_path, home.job.settings, **places)


def test_wrong_weights_are_refused_before_any_label_is_added(home: Home, tmp_path: Path) -> None:
    added = list[Path]()
    with pytest.raises(ConfigError, match="no weights"):
        retrain(replace(home.job, weights=tmp_path), home.store, agree=lambda _: True, add=added.append)
    assert not added


def test_without_the_weights_of_its_training_the_champion_is_unpacked(home: Home, tmp_path: Path) -> None:
    folder, target = home.folder / "models" / "default", tmp_path / "unpacked"
    champion = load(folder)
    start = choose_start(champion, None, home.job.settings, folder=folder, unpack_to=target)
    assert (start.weights, start.config.epochs) == (target, home.job.settings.train.epochs)
    assert start.shares == home.job.settings.train.shares
    assert start.words("tiny") == "from the weights of tiny, unpacked from its model folder"
    assert (
        start.words("tiny", 0.35)
        == "from the weights of tiny, unpacked from its model folder, 35% of them kept"
    )
    unpacked = EvidenceModel.from_pretrained(target)
    torch_guard = from_parts(TorchBackend(unpacked), folder / "tokenizer.json", champion.settings)
    messages = [Message("Leave us five stars and get a gift card."), Message("Thanks!", "it came")]
    assert np.abs(torch_guard.predict_logits(messages) - champion.predict_logits(messages)).max() < 0.1


def test_a_model_that_cannot_be_unpacked_is_trained_anew(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reviewguard.unpacking._layers", lambda graph: {})
    folder = home.folder / "models" / "default"
    start = choose_start(
        load(folder), None, home.job.settings, folder=folder, unpack_to=tmp_path / "unpacked"
    )
    assert (start.weights, start.config.epochs) == (None, 1)
    assert "no torch weights can be had" in start.words("tiny")
