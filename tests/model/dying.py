"""`python dying.py MODELS MOMENT`: changes champions until it kills itself at that moment, or is killed."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reviewguard import folders
from reviewguard.retraining import history, store
from reviewguard.retraining.store import ModelStore

Call = Callable[..., Any]


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def after(call: Call) -> Call:
    def both(*args: Any, **kwargs: Any) -> None:
        call(*args, **kwargs)
        die()

    return both


def half_a_line(path: Path, entry: history.HistoryEntry) -> None:
    with path.open("ab") as file:
        file.write(str(entry.to_dict()).encode()[:40])
    die()


def between_two_renames(new: Path, target: Path) -> None:
    target.rename(target.with_name(f".{target.name}.old"))
    die()


def die_before_deleting(new: Path, target: Path) -> None:
    folders.shutil.rmtree = lambda folder, **_: die() if folder == new else None
    folders.replace_folder(new, target)


MOMENTS: dict[str, tuple[object, str, Call]] = {
    "copying the challenger": (store, "load", die),
    "intending": (store, "replace_folder", die),
    "between two renames": (store, "replace_folder", between_two_renames),
    "exchanged, the old one not deleted": (store, "replace_folder", die_before_deleting),
    "served, not logged": (store, "append_history", die),
    "half a line logged": (store, "append_history", half_a_line),
    "logged": (store, "append_history", after(store.append_history)),
}


def main(folder: Path, moment: str) -> None:
    models = ModelStore(folder, sync=lambda *_: ())
    models.promote("2", by="Sam", reason="first")
    print("ready", flush=True)
    if moment in MOMENTS:
        place, name, call = MOMENTS[moment]
        setattr(place, name, call)
    turn = 0
    while True:
        models.promote("12"[turn % 2], by="Sam", reason=f"turn {turn}")
        turn += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
