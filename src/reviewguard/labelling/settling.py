"""What decisions on conflicts come to: labels that stand for others, and stored ones that go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from reviewguard.curation.labels import StoredLabel
from reviewguard.curation.sources import Located
from reviewguard.labelling.compare import Candidate, Conflict, Known, compare


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


@dataclass(frozen=True, slots=True)
class Settled:
    """Labels to add, and the ids of stored labels to take out."""

    added: tuple[Candidate, ...]
    removed: frozenset[str]


def settle(fresh: Iterable[Candidate], conflicts: Iterable[Conflict], dataset: Dataset) -> Settled:
    """Apply the decisions.

    An accepted label stands for the written messages that the label before it stood for. Where those say the same as
    it does, it is not needed: the label before it goes, and they count again.
    """
    stands_for = _stands_for(dataset)
    taken = [*fresh]
    outdone: set[int] = set()
    for conflict in conflicts:
        if conflict.decision == "accept":
            outdone.add(id(conflict.old.message))
            replaced = stands_for.get(id(conflict.old.message), ())
            stands_for[id(conflict.new.label.message)] = replaced
            taken += _accepted(conflict.new, replaced, dataset.written)
        elif conflict.decision == "both":
            taken.append(conflict.new)
    return Settled(
        tuple(item for item in taken if id(item.label.message) not in outdone),
        frozenset(label.message.id for label in dataset.labels if id(label.message) in outdone),
    )


def _stands_for(dataset: Dataset) -> dict[int, tuple[str, ...]]:
    """Identity of a message → ids of the written messages that its label speaks for."""
    written = {id(item.message): (item.message.id,) for item in dataset.written}
    return written | {id(item.message): item.provenance.replaces for item in dataset.labels}


def _accepted(new: Candidate, replaced: tuple[str, ...], written: Iterable[Located]) -> Iterator[Candidate]:
    """The label with what it replaces; nothing where that has the same label itself."""
    before = [Known(item.message, item.file) for item in written if item.message.id in replaced]
    if before and all(compare([new], [known]).repetitions for known in before):
        return
    provenance = replace(new.label.provenance, replaces=replaced)
    yield replace(new, label=replace(new.label, provenance=provenance))
