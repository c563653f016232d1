"""What decisions on conflicts come to: labels that stand for others, and stored ones that go."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from reviewguard.curation.labels import StoredLabel
from reviewguard.curation.sources import Located
from reviewguard.labelling.compare import Candidate, Conflict, Repetition, compare
from reviewguard.labelling.likes import Known
from reviewguard.schema import LabelledMessage


@dataclass(frozen=True, slots=True)
class Dataset:
    """The labels and written messages that new labels are compared with."""

    labels: tuple[StoredLabel, ...]
    written: tuple[Located, ...]

    @property
    def known(self) -> list[Known]:
        """What counts: the labels, and the written messages that none of them stands for."""
        replaced = {name for label in self.labels for name in label.provenance.replaces}
        standing = [item for item in self.written if item.message.id not in replaced]
        located = [*standing, *(label.located for label in self.labels)]
        return [Known(item.message, item.file) for item in located]

    def after(self, settled: Settled) -> list[Known]:
        """What counts once these labels are added and taken out."""
        left = tuple(label for label in self.labels if label.message.id not in settled.removed)
        replaced = {name for item in settled.added for name in item.label.provenance.replaces}
        standing = (item for item in replace(self, labels=left).known if item.message.id not in replaced)
        return [*standing, *(item.known for item in settled.added)]


@dataclass(frozen=True, slots=True)
class Settled:
    """Labels to add, and the ids of stored labels to take out."""

    added: tuple[Candidate, ...]
    removed: frozenset[str]


def settle(fresh: Iterable[Candidate], conflicts: Iterable[Conflict], dataset: Dataset) -> Settled:
    """Apply the decisions.

    An accepted label replaces every label that it contradicts, and overrides the written messages that those overrode.
    If these say the same already, it is not stored: the labels in between are removed, and the written ones count.
    """
    stands_for = _stands_for(dataset)
    taken = [*fresh]
    outdone: set[int] = set()
    for together in _by_label(conflicts):
        new, decision = together[0].new, together[0].decision
        if decision == "accept":
            olds = [id(conflict.old.message) for conflict in together]
            outdone.update(olds)
            replaced = tuple(dict.fromkeys(name for old in olds for name in stands_for.get(old, ())))
            stands_for[id(new.label.message)] = replaced
            taken += _accepted(new, replaced, dataset.written)
        elif decision == "both":
            taken.append(new)
    added = [item for item in taken if id(item.label.message) not in outdone]
    return _without_stored(added, outdone, dataset)


def _without_stored(added: Sequence[Candidate], outdone: Collection[int], dataset: Dataset) -> Settled:
    """A label that is stored already, and was accepted again over other rows of its file, stays where it is."""
    stored = {label.message.id: label for label in dataset.labels}
    stay = {item.id for item in added if item.id in stored and _says_the_same(item, stored[item.id])}
    removed = {label.message.id for label in dataset.labels if id(label.message) in outdone}
    new = tuple(item for item in added if item.id not in stay)
    renewed = {item.id for item in new} & stored.keys()
    return Settled(new, frozenset((removed | renewed) - stay))


def _says_the_same(item: Candidate, old: StoredLabel) -> bool:
    same = set(item.label.message.types) == set(old.message.types)
    return same and set(item.label.provenance.replaces) <= set(old.provenance.replaces)


def _by_label(conflicts: Iterable[Conflict]) -> Iterator[list[Conflict]]:
    """The conflicts of each new label, which are decided together."""
    return (list(group) for _, group in groupby(conflicts, key=lambda conflict: id(conflict.new)))


def freed(conflicts: Iterable[Conflict]) -> list[Candidate]:
    """Labels that contradict nothing but rows of their file which a decision leaves out for something that stands."""
    out: set[int] = set()
    found: list[Candidate] = []
    for together in _by_label(conflicts):
        new = together[0].new
        if all(id(conflict.old.message) in out for conflict in together):
            found.append(new)
        elif together[0].decision == "reject":
            out.add(id(new.label.message))
    return found


def lost(repetitions: Iterable[Repetition], standing: Iterable[Known]) -> list[Repetition]:
    """Repetitions whose known label is removed now; a second copy of a row in its file shares the fate of the first."""
    stands = {_said(item.message) for item in standing}
    return [
        item
        for item in repetitions
        if _said(item.old.message) not in stands and (item.old.file or item.old.message.id != item.new.id)
    ]


def _said(message: LabelledMessage) -> tuple[str, frozenset[str]]:
    return message.id, frozenset(message.types)


def renewals(repetitions: Iterable[Repetition], settled: Settled, dataset: Dataset) -> tuple[Repetition, ...]:
    """Those that bring a person's marks for words that the model marked; of several for one label the last."""
    stored = {id(label.message): label for label in dataset.labels}
    found: dict[str, Repetition] = {}
    for item in repetitions:
        old = stored.get(id(item.old.message))
        if old and item.kind == "exact" and old.message.id not in settled.removed and _marks(item.new, old):
            found[old.message.id] = replace(item, new=_replacing(item.new, old.provenance.replaces))
    return tuple(found.values())


def _marks(new: Candidate, old: StoredLabel) -> bool:
    return (old.provenance.marked_by, new.label.provenance.marked_by) == ("model", "person")


def _replacing(new: Candidate, names: tuple[str, ...]) -> Candidate:
    provenance = replace(new.label.provenance, replaces=names)
    return replace(new, label=replace(new.label, provenance=provenance))


def _stands_for(dataset: Dataset) -> dict[int, tuple[str, ...]]:
    """Identity of a message → ids of the written messages that its label speaks for."""
    written = {id(item.message): (item.message.id,) for item in dataset.written}
    return written | {id(item.message): item.provenance.replaces for item in dataset.labels}


def _accepted(new: Candidate, replaced: tuple[str, ...], written: Iterable[Located]) -> Iterator[Candidate]:
    """The label with what it replaces; nothing where that has the same label itself."""
    before = [Known(item.message, item.file) for item in written if item.message.id in replaced]
    if before and all(compare([new], [known]).repetitions for known in before):
        return
    yield _replacing(new, replaced)
