"""Folders take one another's place, by one step or by two, and nobody ever finds none."""

from __future__ import annotations

import errno
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from reviewguard import folders
from reviewguard.errors import InputError
from reviewguard.folders import copy_folder, remove_folder, replace_folder, restore_folder, standing_folder


def make(folder: Path, words: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "words").write_text(words)
    return folder


@pytest.fixture(params=["one step", "two steps"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "two steps":
        monkeypatch.setattr(folders, "_exchange", lambda *_: False)


def test_the_new_folder_takes_the_place_and_nothing_else_is_left(way: None, tmp_path: Path) -> None:
    target = make(tmp_path / "default", "old")
    replace_folder(make(tmp_path / "new", "new"), target)
    assert (target / "words").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["default"]


def test_there_need_not_be_an_old_folder(way: None, tmp_path: Path) -> None:
    replace_folder(make(tmp_path / "new", "new"), tmp_path / "default")
    assert [path.name for path in tmp_path.iterdir()] == ["default"]


@pytest.mark.skipif(sys.platform != "linux", reason="renameat2 is Linux's")
def test_a_reader_finds_a_folder_at_every_moment(tmp_path: Path) -> None:
    target = make(tmp_path / "default", "0")
    missing: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            try:
                target.stat()
            except FileNotFoundError:
                missing.append(1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for number in range(300):
        replace_folder(make(tmp_path / "new", str(number)), target)
    done.set()
    watcher.join()
    assert not missing


def test_a_system_without_the_call_and_a_disk_that_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = make(tmp_path / "one", "1"), make(tmp_path / "other", "2")
    with monkeypatch.context() as patch:
        patch.setattr(folders.ctypes, "CDLL", lambda *_, **__: object())
        assert not folders._exchange(one, other)
    with pytest.raises(FileNotFoundError, match="none"):
        folders._exchange(one, tmp_path / "none")


def test_a_killed_replacement_is_taken_back_or_cleaned_up(tmp_path: Path) -> None:
    target, old = tmp_path / "default", make(tmp_path / ".default.old", "old")
    assert standing_folder(target) == old
    assert restore_folder(target)
    assert (target / "words").read_text() == "old"
    make(tmp_path / ".default.old", "older")
    assert standing_folder(target) == target
    assert not restore_folder(target)
    assert [path.name for path in tmp_path.iterdir()] == ["default"]


@pytest.mark.parametrize("name", [".", "", "..", "/"])
def test_folders_without_a_name_of_their_own_stand(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert standing_folder(Path(name)) == Path(name)


def test_a_killed_replacement_of_the_current_folder_is_cleaned_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(make(tmp_path / "default", "new"))
    make(tmp_path / ".default.old", "old")
    assert not restore_folder(Path())
    assert [path.name for path in tmp_path.iterdir()] == ["default"]


def test_a_copy_holds_everything(tmp_path: Path) -> None:
    source = make(tmp_path / "source", "words")
    make(source / "inner", "more")
    copy_folder(source, tmp_path / "copy")
    assert (tmp_path / "copy" / "inner" / "words").read_text() == "more"


@pytest.mark.skipif(sys.platform != "linux", reason="another system has no exchange")
def test_a_folder_that_cannot_be_moved_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, new = make(tmp_path / "default", "old"), make(tmp_path / "new", "new")
    monkeypatch.setattr(folders.ctypes, "get_errno", lambda: errno.EXDEV)
    monkeypatch.setattr(folders.ctypes, "CDLL", lambda *_, **__: SimpleNamespace(renameat2=lambda *_: -1))
    with pytest.raises(InputError, match="part of a container's image"):
        replace_folder(new, target)
    assert (target / "words").read_text() == "old"


def test_a_copy_of_what_may_not_be_written_may_be(tmp_path: Path) -> None:
    source = make(tmp_path / "source", "words")
    inner = make(source / "inner", "more")
    (source / "words").chmod(0o444)
    for folder in (inner, source):
        folder.chmod(0o555)
    copy = tmp_path / "copy"
    copy_folder(source, copy)
    assert [path.stat().st_mode & 0o700 for path in (copy, copy / "inner")] == [0o700, 0o700]
    assert (copy / "words").stat().st_mode & 0o200


def test_a_folder_that_may_not_be_written_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may do anything, so the folders are looked at in the moment before they go."""
    folder, outside = make(tmp_path / "old", "words"), make(tmp_path / "outside", "words")
    inner = make(folder / "inner", "more")
    (folder / "link").symlink_to(outside)
    for path in (inner, folder, outside):
        path.chmod(0o555)
    modes = []

    def rmtree(path: Path, **_: object) -> None:
        modes.extend(each.stat().st_mode & 0o777 for each in (path, path / "inner", outside))

    with monkeypatch.context() as patch:
        patch.setattr(folders.shutil, "rmtree", rmtree)
        remove_folder(folder)
    assert modes == [0o755, 0o755, 0o555]
    remove_folder(folder)
    assert (folder.exists(), (outside / "words").read_text()) == (False, "words")
    remove_folder(folder)


def test_a_copy_that_fails_says_why_of_one_file(tmp_path: Path) -> None:
    source = make(tmp_path / "source", "w")
    for name in "ab":
        (source / name).symlink_to("nowhere")
    with pytest.raises(OSError, match=r"^\[Errno 2\] No such file or directory: '.*/source/[ab]'$"):
        copy_folder(source, tmp_path / "copy")
