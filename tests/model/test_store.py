"""The store of models: who is served, who was, who wants to be."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.faults import another_writer, full_disk
from tests.model.versions import PASSED, make_store, make_version, silent_sync

import reviewguard
from reviewguard import folders
from reviewguard.errors import InputError, ModelError
from reviewguard.inference.engines import Task
from reviewguard.retraining.store import ModelStore
from reviewguard.retraining.stored import check_gate
from reviewguard.settings import Settings

TEXT = "Leave us five stars and we refund you."


def names(store: ModelStore) -> dict[str, tuple[str, ...]]:
    return {model.version: model.aliases for model in store.list()}


def test_a_version_comes_in_as_challenger_is_promoted_and_rolled_back(
    tiny_model_dir: Path, tmp_path: Path
) -> None:
    store = make_store(tiny_model_dir, tmp_path, "2", "3")
    assert names(store) == {"1": ("champion",), "2": (), "3": ("challenger",)}
    first = store.promote("2", by="Sam", reason="better")
    assert (first.entry.from_version, first.entry.to_version, first.entry.gate) == ("1", "2", "passed")
    second = store.promote("challenger", by="Sam", reason="better still")
    assert second.champion.folder == store.folder / "default"
    assert reviewguard.load(store.folder / "default").settings.version == "3"
    assert names(store) == {"1": (), "2": ("previous",), "3": ("champion",)}
    back = store.rollback(by="Kim", reason="false alarms")
    assert (back.entry.action, back.entry.to_version) == ("rollback", "2")
    assert names(store) == {"1": ("previous",), "2": ("champion",), "3": ()}
    store.rollback(by="Kim", reason="more")
    assert store.champion().version == "1"
    with pytest.raises(InputError, match="no champion before"):
        store.rollback(by="Kim", reason="more")
    logged = [(e.action, e.from_version, e.to_version, e.by) for e in store.history().entries]
    assert logged == [
        ("promote", "1", "2", "Sam"),
        ("promote", "2", "3", "Sam"),
        ("rollback", "3", "2", "Kim"),
        ("rollback", "2", "1", "Kim"),
    ]


def test_tags_tell_where_a_version_came_from(tiny_model_dir: Path, tmp_path: Path) -> None:
    store = make_store(tiny_model_dir, tmp_path, "2")
    tags, settings = store.get("2").tags, Settings.read(tiny_model_dir / "config.json")
    assert tags["parent"] == "1"
    assert tags["data_digest"] == settings.training["data_digest"]
    assert tags["model_sha256"] == settings.files["model.onnx"]
    assert store.get("2").passed
    assert store.get("champion").gate == "not run"


def test_weights_are_kept_with_their_run(tiny_run: Path, tmp_path: Path) -> None:
    store = make_store(tiny_run / "model", tmp_path)
    assert store.champion().weights is None
    model = store.add(store.folder / "default", tiny_run / "weights", {})
    assert model.aliases == ("champion",)
    weights = store.champion().weights
    assert weights is not None
    assert {"run.json", "tokenizer.json", "head.json"} <= {path.name for path in weights.iterdir()}
    again = store.add(store.folder / "default", None, {"note": "n"})
    assert (again.weights, again.tags["note"]) == (weights, "n")


def test_another_model_of_the_same_name_gets_a_longer_one(tiny_model_dir: Path, tmp_path: Path) -> None:
    store = make_store(tiny_model_dir, tmp_path, "2")
    same = store.add(make_version(tiny_model_dir, tmp_path / "same", "2", bias=1), None, PASSED)
    other = store.add(make_version(tiny_model_dir, tmp_path / "other", "2", bias=9), None, PASSED)
    assert same.version == "2"
    assert other.version.startswith("2-")
    store.promote(other.version, by="Sam", reason="")
    assert store.champion().version == other.version


@pytest.mark.parametrize(("own", "kept"), [("a/b", "a-b"), ("..", "unnamed"), (".hidden", "hidden")])
def test_a_version_that_is_no_file_name(tiny_model_dir: Path, tmp_path: Path, own: str, kept: str) -> None:
    store = make_store(tiny_model_dir, tmp_path)
    assert store.add(make_version(tiny_model_dir, tmp_path / "odd", own), None, PASSED).version == kept


def test_a_version_named_like_an_alias_is_not_taken_for_it(tiny_model_dir: Path, tmp_path: Path) -> None:
    store = make_store(tiny_model_dir, tmp_path)
    model = store.add(make_version(tiny_model_dir, tmp_path / "odd", "champion"), None, PASSED)
    assert model.version.startswith("champion-")
    assert store.get("champion").version == "1"


def test_a_champion_that_was_put_there_by_hand_is_kept_too(tiny_model_dir: Path, tmp_path: Path) -> None:
    store = make_store(tiny_model_dir, tmp_path, "2")
    store.promote("2", by="Sam", reason="")
    shutil.rmtree(store.folder / "default")
    make_version(tiny_model_dir, store.folder / "default", "hand", bias=5)
    assert names(store) == {"1": (), "2": ("previous",), "hand": ("champion",)}
    store.promote("1", by="Sam", reason="")
    assert names(store) == {"1": ("champion",), "2": (), "hand": ("previous",)}
    store.rollback(by="Sam", reason="")
    assert store.champion().version == "hand"


def test_what_is_not_there_is_named(tiny_model_dir: Path, tmp_path: Path) -> None:
    store = make_store(tiny_model_dir, tmp_path, "2")
    with pytest.raises(InputError, match="expected: 1 or 2 or champion or challenger"):
        store.promote("9", by="Sam", reason="")
    with pytest.raises(InputError, match="champion already"):
        store.promote("1", by="Sam", reason="")
    empty = ModelStore(tmp_path / "empty", sync=silent_sync)
    assert empty.list() == ()
    with pytest.raises(ModelError, match="no model in"):
        empty.champion()
    with pytest.raises(InputError, match="no champion before"):
        empty.rollback(by="Sam", reason="")
    with pytest.raises(InputError, match="expected: a model there"):
        empty.promote("1", by="Sam", reason="")
    assert not (tmp_path / "empty").exists()


def test_a_champion_that_is_promoted_again_is_neither_copied_nor_registered(
    tiny_model_dir: Path, tmp_path: Path
) -> None:
    told: list[str] = []
    make_version(tiny_model_dir, tmp_path / "models" / "default", "1")
    store = ModelStore(tmp_path / "models", sync=lambda champion, _: (told.append(champion.version), ())[1])
    with pytest.raises(InputError, match="champion already"):
        store.promote("1", by="Sam", reason="", forced=True)
    assert not told and not (store.folder / "versions" / "1").exists()


def test_a_champion_before_whose_folder_is_gone_is_named(tiny_model_dir: Path, tmp_path: Path) -> None:
    store = make_store(tiny_model_dir, tmp_path, "2")
    store.promote("2", by="Sam", reason="")
    (store.folder / "versions" / "1").rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"before is 1, and its folder is missing from .*versions"):
        store.rollback(by="Kim", reason="")
    (tmp_path / "elsewhere").rename(store.folder / "versions" / "1")
    assert store.rollback(by="Kim", reason="").champion.version == "1"


def test_the_first_champion_needs_none_before(tiny_model_dir: Path, tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "models", sync=silent_sync)
    store.add(make_version(tiny_model_dir, tmp_path / "made", "1"), None, PASSED)
    assert store.promote("challenger", by="Sam", reason="").entry.from_version is None
    assert names(store) == {"1": ("champion",)}


@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json"])
def test_a_damaged_version_is_refused_and_changes_nothing(
    tiny_model_dir: Path, tmp_path: Path, file: str
) -> None:
    store = make_store(tiny_model_dir, tmp_path, "2")
    with (store.get("2").folder / file).open("ab") as damaged:
        damaged.write(b" ")
    with pytest.raises(ModelError, match="sha256"):
        store.promote("2", by="Sam", reason="")
    assert store.champion().version == "1"
    assert store.history().entries == ()
    reopened = ModelStore(store.folder, sync=silent_sync)
    assert names(reopened) == {"1": ("champion",), "2": ("challenger",)}


def test_a_scorer_that_runs_keeps_its_model(tiny_model_dir: Path, tmp_path: Path) -> None:
    store = make_store(tiny_model_dir, tmp_path, "2")
    running = reviewguard.load(store.folder / "default")
    before = running(TEXT)
    task = Task(store.folder / "default", running.settings)
    with task.pinned() as pinned:
        store.promote("2", by="Sam", reason="")
        assert pinned.score(pinned.load(), [reviewguard.Message(TEXT)]) == [before]
    assert running(TEXT) == before
    assert reviewguard.load(store.folder / "default")(TEXT).probability != before.probability
    with pytest.raises(ModelError, match="was replaced while"):
        task.load()
    with pytest.raises(ModelError, match="was replaced while"), task.pinned():
        pass


@pytest.mark.parametrize("steps", [1, 2])
def test_whoever_loads_while_folders_change_gets_one_model_or_the_other(
    tiny_model_dir: Path, tmp_path: Path, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if steps == 2:
        monkeypatch.setattr(folders, "_exchange", lambda *_: False)
    store = make_store(tiny_model_dir, tmp_path, "2")
    expected = {m.version: reviewguard.load(m.folder)(TEXT).probability for m in store.list()}
    done = threading.Event()

    def change() -> None:
        while not done.is_set():
            other = "2" if store.champion().version == "1" else "1"
            store.promote(other, by="Sam", reason="")

    changing = threading.Thread(target=change)
    changing.start()
    try:
        found = []
        while len(found) < 25 or len(store.history().entries) < 2:
            found.append(reviewguard.load(store.folder / "default"))
    finally:
        done.set()
        changing.join()
    assert all(c(TEXT).probability == expected[c.settings.version] for c in found)
    assert len(store.history().entries) > 1


def test_whoever_looks_while_the_challenger_is_promoted_finds_none(
    tiny_model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, exists = make_store(tiny_model_dir, tmp_path), Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: path.name == ".challenger" or exists(path))
    assert names(store) == {"1": ("champion",)}


HOLD = """
import sys
from pathlib import Path
from reviewguard.retraining.store import ModelStore
with ModelStore(Path(sys.argv[1])).writing("retrain"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_writer_is_told_who_the_first_is(tiny_model_dir: Path, tmp_path: Path) -> None:
    store = make_store(tiny_model_dir, tmp_path, "2")
    command = [sys.executable, "-c", HOLD, str(store.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=rf"`retrain` of \w+, process {first.pid}, since \d{{4}}-"):
            store.promote("2", by="Sam", reason="")
        assert names(store) == {"1": ("champion",), "2": ("challenger",)}
        first.kill()
    store.promote("2", by="Sam", reason="")
    assert store.champion().version == "2"


def test_a_writer_waits_for_one_who_is_soon_done(tmp_path: Path) -> None:
    with another_writer(tmp_path, "promote") as free:
        store = ModelStore(tmp_path, sync=silent_sync)
        with pytest.raises(InputError, match="`promote`"), store.writing("add", wait=0.1):
            pass
        threading.Timer(0.2, free.set).start()
        with store.writing("add", wait=60), store.writing("add"):
            assert free.is_set()


def test_who_writes_may_promote_inside(tiny_model_dir: Path, tmp_path: Path) -> None:
    store = make_store(tiny_model_dir, tmp_path, "2")
    with store.writing("retrain"):
        store.promote("2", by="Sam", reason="")
        with pytest.raises(InputError, match="is in use by `retrain`"):
            ModelStore(store.folder, sync=silent_sync).rollback(by="Kim", reason="")
    assert store.champion().version == "2"
    assert [path.name for path in (store.folder / "versions").glob(".writer*")] == []


def test_a_full_disk_changes_nothing(
    tiny_model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store(tiny_model_dir, tmp_path, "2")

    with monkeypatch.context() as patch:
        patch.setattr("reviewguard.retraining.store.copy_folder", full_disk)
        with pytest.raises(InputError, match="No space left on device"):
            store.promote("2", by="Sam", reason="")
    assert store.champion().version == "1"


def test_a_link_to_the_champion_is_not_replaced(tiny_model_dir: Path, tmp_path: Path) -> None:
    store = make_store(tiny_model_dir, tmp_path, "2")
    served = store.folder / "default"
    served.rename(tmp_path / "elsewhere")
    served.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"default is a link to .*elsewhere"):
        store.promote("2", by="Sam", reason="")
    assert served.is_symlink()
    assert (store.champion().version, store.history().entries) == ("1", ())


def test_a_log_that_cannot_be_written_changes_nothing(tiny_model_dir: Path, tmp_path: Path) -> None:
    store = make_store(tiny_model_dir, tmp_path, "2")
    (store.folder / "history.jsonl").symlink_to(tmp_path / "no folder" / "log")
    with pytest.raises(InputError, match=r"cannot write .*history\.jsonl"):
        store.promote("2", by="Sam", reason="")
    assert reviewguard.load(store.folder / "default").settings.version == "1"
    assert ModelStore(store.folder, sync=silent_sync).recovered == ()


def test_what_cannot_be_mended_is_told_and_mended_later(
    tiny_model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store(tiny_model_dir, tmp_path, "2")

    with monkeypatch.context() as patch:
        patch.setattr("reviewguard.retraining.store.append_history", full_disk)
        with pytest.raises(InputError, match="No space left on device"):
            store.promote("2", by="Sam", reason="")
        reopened = ModelStore(store.folder, sync=silent_sync)
        assert "not mended: cannot write" in reopened.recovered[0]
        with pytest.raises(InputError, match="No space left on device"):
            reopened.promote("1", by="Sam", reason="")
        assert reopened.champion().version == "2"
    reopened.promote("1", by="Sam", reason="")
    assert [entry.to_version for entry in store.history().entries] == ["2", "1"]


@pytest.mark.parametrize("note", ['{"to_version": "2"}', "[1]", '{"id": '])
def test_a_note_of_another_version_is_told_and_left(tiny_model_dir: Path, tmp_path: Path, note: str) -> None:
    intent = make_store(tiny_model_dir, tmp_path, "2").folder / "versions" / ".promotion.json"
    intent.write_text(note)
    store = ModelStore(tmp_path / "models", sync=silent_sync)
    assert "not mended" in store.recovered[0] and "then delete the file" in store.recovered[0]
    with pytest.raises(InputError, match=r"promotion\.json does not say what was cut off"):
        store.promote("2", by="Sam", reason="")
    assert (store.champion().version, intent.read_text()) == ("1", note)


def test_an_unfinished_version_is_cleared_away(tiny_model_dir: Path, tmp_path: Path) -> None:
    store = make_store(tiny_model_dir, tmp_path, "2")
    versions = store.folder / "versions"
    make_version(tiny_model_dir, versions / ".3.part" / "model", "3")
    (versions / "2").rename(versions / ".2.old")
    reopened = ModelStore(store.folder, sync=silent_sync)
    assert names(reopened) == {"1": ("champion",), "2": ("challenger",)}
    assert not list(versions.glob(".*.part"))


def test_given_tags_go_before_what_the_folder_tells(tiny_model_dir: Path, tmp_path: Path) -> None:
    store = make_store(tiny_model_dir, tmp_path)
    made = make_version(tiny_model_dir, tmp_path / "made", "2")
    tags = store.add(made, None, {"data_digest": "mine", "model_sha256": "wrong"}).tags
    settings = Settings.read(tiny_model_dir / "config.json")
    assert (tags["data_digest"], tags["model_sha256"]) == ("mine", settings.files["model.onnx"])


def test_an_unreadable_version_is_named(tiny_model_dir: Path, tmp_path: Path) -> None:
    store = make_store(tiny_model_dir, tmp_path, "2")
    (store.folder / "versions" / "2" / "tags.json").write_text("[")
    with pytest.raises(ModelError, match=r"tags\.json"):
        store.list()


def test_the_log_is_plain_json(tiny_model_dir: Path, tmp_path: Path) -> None:
    store = make_store(tiny_model_dir, tmp_path, "2")
    store.promote("2", by="Sam", reason="Grüße", forced=True)
    (line,) = (store.folder / "history.jsonl").read_text("utf-8").splitlines()
    values = json.loads(line)
    assert (values["reason"], values["forced"], values["from_version"]) == ("Grüße", True, "1")
    assert values["when"].endswith("+00:00")


def test_the_gate_vouches_against_its_own_champion_only(tiny_model_dir: Path, tmp_path: Path) -> None:
    store = make_store(tiny_model_dir, tmp_path, "2", "3")
    check_gate(store.get("3"), store.champion())
    store.promote("2", by="Sam", reason="")
    with pytest.raises(InputError, match="3: gate measured against 1, champion is 2"):
        check_gate(store.get("3"), store.champion())


def test_the_report_of_a_version_follows_its_gate(tiny_model_dir: Path, tmp_path: Path) -> None:
    made = make_version(tiny_model_dir, tmp_path / "made", "2")
    store = make_store(tiny_model_dir, tmp_path)
    (made / "retraining.md").write_text("failed on F1")
    store.add(made, None, {"gate": "failed on F1"})
    (made / "retraining.md").write_text("passed")
    (made / "evaluation.json").write_text("{}")
    kept = store.add(made, None, PASSED)
    assert (kept.gate, (kept.folder / "retraining.md").read_text()) == ("passed", "passed")
    assert (kept.folder / "evaluation.json").read_text() == "{}"
    assert reviewguard.load(kept.folder).settings.version == "2"


@pytest.mark.parametrize("copied", [False, True], ids=["renewed in place", "a renewed copy was added"])
def test_a_rollback_brings_the_card_back_that_was_served(
    tiny_model_dir: Path, tmp_path: Path, copied: bool
) -> None:
    store = make_store(tiny_model_dir, tmp_path, "2")  # which keeps "1" with its card of the day
    renewed = store.folder / "default"
    if copied:
        renewed = shutil.copytree(renewed, tmp_path / "again")
    (renewed / "README.md").write_text("measured anew")
    if copied:
        store.add(renewed, None, {})
    store.promote("2", by="Sam", reason="better")
    store.rollback(by="Kim", reason="false alarms")
    assert (store.folder / "default" / "README.md").read_text() == "measured anew"


@pytest.mark.parametrize("lost", ["model.onnx", "config.json", ""])
def test_a_champion_whose_copy_is_not_whole_is_kept_anew_before_it_goes(
    tiny_model_dir: Path, tmp_path: Path, lost: str
) -> None:
    store = make_store(tiny_model_dir, tmp_path, "2", "3")
    store.promote("2", by="Sam", reason="better")
    copy = store.get("2").folder.parents[0] / "versions" / "2" / "model"
    if lost == "model.onnx":
        (copy / lost).write_bytes(b"cut")
    elif lost:
        (copy / lost).unlink()
    else:
        shutil.rmtree(copy)
    assert names(store)["2"] == ("champion",)
    store.promote("3", by="Sam", reason="better still")
    assert store.rollback(by="Kim", reason="false alarms").entry.to_version == "2"
    assert reviewguard.load(store.folder / "default").settings.version == "2"
