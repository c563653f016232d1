"""Checkpoints that a killed process left: never gone on from, and never in the way."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reviewguard.modeling import checkpoints
from reviewguard.modeling.checkpoints import last_checkpoint, remove_checkpoints

FILES = ("model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json")


def checkpoint(folder: Path, step: int) -> Path:
    made = folder / f"checkpoint-{step}"
    made.mkdir()
    for name in FILES:
        (made / name).write_text("{}")
    return made


def test_the_latest_is_taken_by_its_number(tmp_path: Path) -> None:
    checkpoint(tmp_path, 9)
    latest = checkpoint(tmp_path, 10)
    assert last_checkpoint(tmp_path) == latest
    assert len(list(tmp_path.iterdir())) == 2


def test_without_checkpoints_training_begins(tmp_path: Path) -> None:
    assert last_checkpoint(tmp_path) is None
    assert last_checkpoint(tmp_path / "none") is None


@pytest.mark.parametrize(
    ("name", "left"),
    [
        *((name, None) for name in FILES),
        *((name, "") for name in FILES),
        ("trainer_state.json", '{"epoch": 1'),
    ],
)
def test_one_cut_off_while_written_or_deleted_is_removed(tmp_path: Path, name: str, left: str | None) -> None:
    whole, broken = checkpoint(tmp_path, 9), checkpoint(tmp_path, 10)
    if left is None:
        (broken / name).unlink()
    else:
        (broken / name).write_text(left)
    assert last_checkpoint(tmp_path) == whole
    assert list(tmp_path.iterdir()) == [whole]


def test_a_kill_while_deleting_leaves_no_broken_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier, latest = checkpoint(tmp_path, 9), checkpoint(tmp_path, 10)

    class Killed(Exception):
        pass

    def half(folder: Path, **_: object) -> None:
        if folder.exists():
            (folder / FILES[0]).unlink()
            raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(checkpoints.shutil, "rmtree", half)
        remove_checkpoints(tmp_path)
    assert not latest.exists()
    assert len(list(tmp_path.iterdir())) == 2
    assert last_checkpoint(tmp_path) == earlier
    assert list(tmp_path.iterdir()) == [earlier]


def test_all_are_deleted_and_nothing_else(tmp_path: Path) -> None:
    for step in (9, 10):
        checkpoint(tmp_path, step)
    shutil.copytree(tmp_path / "checkpoint-9", tmp_path / ".removed-checkpoint-9")
    (tmp_path / "log").write_text("")
    remove_checkpoints(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["log"]
