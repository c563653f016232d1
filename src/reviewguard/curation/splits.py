"""Splits messages into train, validation and test by whole groups, all labels in like shares."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from reviewguard.schema import LabelledMessage

SHARES: Mapping[str, float] = {"train": 0.70, "validation": 0.15, "test": 0.15}


@dataclass(frozen=True, slots=True)
class _Group:
    name: str
    counts: Counter[str]


def assign_splits(
    messages: Iterable[LabelledMessage],
    groups: Mapping[str, str],
    seed: int,
    frozen: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Message id → "train", "validation" or "test", whole groups together.

    Iterative stratification (Sechidis, Tsoumakas, Vlahavas 2011) with groups in place of examples:
    the label with the fewest unassigned messages goes first, its largest group first, to the split
    that still lacks most of that label. The result depends on the set of messages and the seed, not
    on their order.

    Args:
        groups: message id → group, for every message.
        frozen: message id → split decided earlier; such messages stay there. The others of their group go there
            too; where it has them in several splits, to the one that must stay unseen: test before validation before
            train.
    """
    messages = list(messages)
    frozen = frozen or {}
    decided: dict[str, str] = {}
    for message in messages:
        if split := frozen.get(message.id):
            group = groups[message.id]
            decided[group] = max(split, decided.get(group, split), key=tuple(SHARES).index)
    assigned = _Assignment(_collect(messages, groups), seed).run(decided)
    return {message.id: frozen.get(message.id, assigned[groups[message.id]]) for message in messages}


def strata(message: LabelledMessage) -> tuple[str, ...]:
    """What must be spread evenly: types (or none), register, having a buyer's message, all."""
    types = message.types or ("none",)
    context = ("previous",) if message.previous is not None else ()
    return (*types, f"register:{message.register}", *context, "all")


def _collect(messages: Iterable[LabelledMessage], groups: Mapping[str, str]) -> list[_Group]:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for message in messages:
        counts[groups[message.id]].update(strata(message))
    return [_Group(name, counts[name]) for name in sorted(counts)]


class _Assignment:
    """One run of the greedy assignment: what each split still wants, what is still to be given."""

    def __init__(self, groups: Sequence[_Group], seed: int) -> None:
        self.open = list(groups)
        Random(seed).shuffle(self.open)
        self.left = sum((group.counts for group in groups), Counter[str]())
        self.wanted = {
            split: {label: share * n for label, n in self.left.items()} for split, share in SHARES.items()
        }

    def run(self, decided: Mapping[str, str]) -> dict[str, str]:
        """Group name → split, with some groups decided already."""
        result: dict[str, str] = {g.name: decided[g.name] for g in self.open if g.name in decided}
        for group in (g for g in self.open if g.name in decided):
            self._take(group, decided[group.name])
        self.open = [group for group in self.open if group.name not in decided]
        while self.open:
            label = min((n, name) for name, n in self.left.items() if n > 0)[1]
            for group in self._with_label(label):
                result[group.name] = self._give(group, label)
        return result

    def _with_label(self, label: str) -> list[_Group]:
        """Takes the groups that hold the label out, largest first, ties in the seeded order."""
        found = sorted((g for g in self.open if label in g.counts), key=lambda g: -g.counts[label])
        self.open = [group for group in self.open if label not in group.counts]
        return found

    def _give(self, group: _Group, label: str) -> str:
        split = max(self.wanted, key=lambda s: (self.wanted[s][label], self.wanted[s]["all"]))
        self._take(group, split)
        return split

    def _take(self, group: _Group, split: str) -> None:
        for name, n in group.counts.items():
            self.wanted[split][name] -= n
            self.left[name] -= n


def find_leaks(close: Iterable[tuple[str, str]], splits: Mapping[str, str]) -> list[tuple[str, str]]:
    """Of these pairs of ids those whose messages are in different splits."""
    return [
        (one, other)
        for one, other in close
        if one in splits and other in splits and splits[one] != splits[other]
    ]
