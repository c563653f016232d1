"""Writes labels into their folder: whole files, one writer at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import groupby
from pathlib import Path

from reviewguard.curation.labels import Label, Labels, StoredLabel, read_labels, write_labels
from reviewguard.errors import InputError
from reviewguard.writer import WriteLock


def store(target: Path, new: Iterable[Label], stored: Labels, *, removed: Collection[str] = ()) -> list[Path]:
    """Add labels to a file of the folder, after stored ones are taken out; returns the files that took some.

    A label that overrides a written message goes where the one goes out that did, in one step: between two the written
    one would count again. Interrupted between two files, it leaves other labels out whose successors are not yet in:
    the same call again adds them.

    Args:
        removed: ids of the stored labels to take out.
        stored: what the folder held when the new labels were compared with it.

    Raises:
        InputError: another process writes there, or has written since.
    """
    folder = target.parent
    with WriteLock(folder).writing("data add"):
        if read_labels(folder) != stored:
            raise InputError(f"{folder} was changed meanwhile", fix="run the same command again")
        before: dict[Path, list[StoredLabel]] = {}
        for name, labels in groupby(stored.labels, key=lambda label: label.file):
            before[target if _same(Path(name), target) else Path(name)] = list(labels)
        before[target] = before.pop(target, [])  # written last
        return _write(before, _placed(new, before, removed), removed)


def _same(one: Path, other: Path) -> bool:
    """Whether both names are the same file: on a disk that ignores case `Notice.jsonl` and `notice.jsonl` are."""
    return one == other or (one.exists() and other.exists() and one.samefile(other))


def _placed(
    new: Iterable[Label], before: Mapping[Path, list[StoredLabel]], removed: Collection[str]
) -> dict[Path, list[Label]]:
    """File → labels for it: the last one that loses a label for the same written message, else the last of all."""
    files = list(before)
    left = {
        name: place
        for place, file in enumerate(files)
        for label in before[file]
        if label.message.id in removed
        for name in label.provenance.replaces
    }
    coming: dict[Path, list[Label]] = defaultdict(list)
    for label in new:
        places = (left[name] for name in label.provenance.replaces if name in left)
        coming[files[max(places, default=-1)]].append(label)
    return coming


def _write(
    before: Mapping[Path, list[StoredLabel]], coming: Mapping[Path, list[Label]], removed: Collection[str]
) -> list[Path]:
    for file, labels in before.items():
        kept = [label for label in labels if label.message.id not in removed]
        if file in coming or len(kept) < len(labels):
            write_labels(file, [*kept, *coming.get(file, ())])
    return list(coming)
