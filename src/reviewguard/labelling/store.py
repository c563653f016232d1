"""Writes labels into their folder: whole files, one writer at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import groupby
from pathlib import Path

from reviewguard.curation.labels import Label, Labels, read_labels, write_labels
from reviewguard.errors import InputError
from reviewguard.writer import Writer


def store(target: Path, new: Iterable[Label], stored: Labels, *, removed: Collection[str] = ()) -> None:
    """Add labels to a file of the folder, after stored ones are taken out.

    Interrupted between two files, it leaves a replaced label out and its successor not yet in: the same call again
    adds it.

    Args:
        removed: ids of the stored labels to take out.
        stored: what the folder held when the new labels were compared with it.

    Raises:
        InputError: another process writes there, or has written since.
    """
    folder = target.parent
    with Writer(folder).writing("data add"):
        if read_labels(folder) != stored:
            raise InputError(f"{folder} was changed meanwhile", fix="run the same command again")
        _write(target, list(new), stored, removed)


def _same(one: Path, other: Path) -> bool:
    """Whether both names are the same file: on a disk that ignores case `Notice.jsonl` and `notice.jsonl` are."""
    return one == other or (one.exists() and other.exists() and one.samefile(other))


def _write(target: Path, new: list[Label], stored: Labels, removed: Collection[str]) -> None:
    kept: list[Label] = []
    for file, labels in groupby(stored.labels, key=lambda label: label.file):
        before = list(labels)
        after = [label for label in before if label.message.id not in removed]
        if new and _same(Path(file), target):
            kept = list(after)
        elif len(after) < len(before):
            write_labels(Path(file), after)
    if new:
        write_labels(target, [*kept, *new])
