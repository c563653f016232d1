"""kill -9 at any moment of a promotion: a whole champion is served, and the next one to come sets things right."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.model.dying import MOMENTS
from tests.model.versions import make_store, silent_sync

import reviewguard
from reviewguard.retraining.store import ModelStore

SCRIPT = Path(__file__).with_name("dying.py")
SECONDS = 120


def start(models: Path, moment: str) -> subprocess.Popen[str]:
    """The process, once it has changed a champion and goes on."""
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(models), moment], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def check(models: Path) -> ModelStore:
    """What holds after every kill; returns the store, opened again."""
    served = reviewguard.load(models / "default")  # before anybody has mended anything
    store = ModelStore(models, sync=silent_sync)
    champion = store.champion()
    assert reviewguard.load(champion.folder).settings == served.settings
    assert champion.version == served.settings.version
    assert store.history().entries[-1].to_version == champion.version
    assert len({entry.id for entry in store.history().entries}) == len(store.history().entries)
    other = next(model for model in store.list() if model.version != champion.version)
    store.promote(other.version, by="Kim", reason="the next one")
    assert reviewguard.load(models / "default").settings.version == other.version
    assert sorted(path.name for path in models.iterdir()) == ["default", "history.jsonl", "versions"]
    assert not [p.name for p in (models / "versions").iterdir() if p.name.endswith((".json", ".part"))]
    return store


@pytest.mark.parametrize(
    ("moment", "served", "mended"),
    [
        ("copying the challenger", "2", None),
        ("intending", "2", "dropped a promote of 1"),
        ("between two renames", "2", "put back"),
        ("exchanged, the old one not deleted", "1", "finished the promote of 1"),
        ("served, not logged", "1", "finished the promote of 1"),
        ("half a line logged", "1", "finished the promote of 1"),
        ("logged", "1", "finished the promote of 1"),
    ],
)
def test_killed_at_a_known_moment(
    tiny_model_dir: Path, tmp_path: Path, moment: str, served: str, mended: str | None
) -> None:
    models = make_store(tiny_model_dir, tmp_path, "2").folder
    with start(models, moment) as process:
        assert process.wait(SECONDS) == -9
    assert reviewguard.load(models / "default").settings.version == served
    told: list[str] = []
    notes = ModelStore(models, sync=lambda champion, _: (told.append(champion.version), ())[1]).recovered
    assert notes == () if mended is None else any(mended in note for note in notes)
    assert told == ([served] if mended and "finished" in mended else [])  # another registry learns of it
    store = check(models)
    damaged = store.history().problems
    assert len(damaged) == (moment == "half a line logged")
    expected = ["2", "1", "2"] if served == "1" else ["2", "1"]
    assert [entry.to_version for entry in store.history().entries] == expected


def test_every_moment_is_tried() -> None:
    (mark,) = test_killed_at_a_known_moment.pytestmark
    assert {case[0] for case in mark.args[1]} == set(MOMENTS)


def test_killed_at_random_moments(tiny_model_dir: Path, tmp_path: Path) -> None:
    models = make_store(tiny_model_dir, tmp_path, "2").folder
    chance, lines = random.Random(5), []
    for _ in range(12):
        if ModelStore(models, sync=silent_sync).champion().version == "2":
            ModelStore(models, sync=silent_sync).promote("1", by="Kim", reason="as at the start")
        with start(models, "killed from outside") as process:
            time.sleep(chance.uniform(0, 0.4))
            process.kill()
        lines.append(len(check(models).history().entries))
    assert lines == sorted(set(lines))
