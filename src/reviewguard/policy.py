"""Types, clauses, advice and profiles of the labelling guide, read from `policy.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from reviewguard.errors import ConfigError
from reviewguard.schema import COMPLIANT, REVIEW_SOLICITING, Decision

NEUTRAL_REQUEST = "neutral_request"
REPEAT_REQUEST = "repeat_request"
LATE_REQUEST = "late_request"
LATE_AFTER_DAYS = 30
"""Days after an order's completion within which a review may be asked for."""


@dataclass(frozen=True, slots=True)
class PolicyEntry:
    """A type of the labelling guide, or a rule on all messages to one order.

    Attributes:
        clause, source: the marketplace's rule behind it, paraphrased, and where that stands.
        advice: what may be written or done instead.
    """

    name: str
    title: str
    clause: str
    source: str
    advice: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Maps present types to the verdict: broken when every type of any one list is present.

    Attributes:
        order_rules: names of the rules on all messages to one order that hold as well.
    """

    name: str
    description: str
    any_of: tuple[tuple[str, ...], ...]
    order_rules: tuple[str, ...] = ()

    def is_broken(self, types: Collection[str]) -> bool:
        """Whether these present types break the profile's rules."""
        return any(all(name in types for name in rule) for rule in self.any_of)

    def mentions(self, name: str) -> bool:
        """Whether the type takes part in a rule, alone or with others."""
        return any(name in rule for rule in self.any_of)

    def breaking_types(self, types: Collection[str]) -> frozenset[str]:
        """The present types that take part in a broken rule."""
        return frozenset(name for rule in self.any_of if all(n in types for n in rule) for name in rule)

    def probability(self, types: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Noisy-or over the rules of the product of each rule's type probabilities, 0–1.

        Args:
            types: type name → probabilities, each of shape `(messages,)`.
        """
        clear: NDArray[np.float64] | float = 1.0
        for rule in self.any_of:
            present: NDArray[np.float64] | float = 1.0
            for name in rule:
                present = present * types[name]
            clear = clear * (1.0 - present)
        return np.asarray(1.0 - clear, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Policy:
    """The whole guide."""

    types: Mapping[str, PolicyEntry]
    profiles: Mapping[str, Profile]
    order_rules: Mapping[str, PolicyEntry]

    @property
    def violation_types(self) -> tuple[str, ...]:
        """Every type but `neutral_request`, in the guide's order."""
        return tuple(name for name in self.types if name != NEUTRAL_REQUEST)

    def ordered(self, names: Collection[str]) -> tuple[str, ...]:
        """Types in the guide's order."""
        return tuple(name for name in self.types if name in names)

    def entry(self, name: str) -> PolicyEntry:
        """The type or order rule of that name."""
        return self.types.get(name) or self.order_rules[name]

    def profile(self, name: str) -> Profile:
        """The profile of that name.

        Raises:
            ConfigError: there is none.
        """
        if name not in tuple(self.profiles):  # what cannot be hashed is no name either
            raise ConfigError(
                f"unknown profile {name!r}",
                expected=" or ".join(self.profiles),
            )
        return self.profiles[name]


def verdict_of(types: Collection[str]) -> Decision:
    """What a label of these types comes to under Amazon's rules: "review-soliciting" or "compliant"."""
    return REVIEW_SOLICITING if load_policy().profile("amazon").is_broken(types) else COMPLIANT


@cache
def load_policy() -> Policy:
    """The guide shipped with the package: read once, and not to be changed."""
    data = tomllib.loads(files("reviewguard").joinpath("policy.toml").read_text("utf-8"))
    types = {item["name"]: PolicyEntry(**item) for item in data["types"]}
    order_rules = {item["name"]: PolicyEntry(**item) for item in data["order_rules"]}
    profiles = {
        name: Profile(
            name,
            item["description"],
            tuple(map(tuple, item["any_of"])),
            tuple(item.get("order_rules", ())),
        )
        for name, item in data["profiles"].items()
    }
    unknown = {n for p in profiles.values() for rule in p.any_of for n in rule if n not in types}
    unknown |= {n for p in profiles.values() for n in p.order_rules if n not in order_rules}
    if unknown:
        raise ConfigError(
            f"policy.toml: profiles name unknown types or rules {sorted(unknown)}",
            expected='any_of = [["TYPE"], …], lists of types within a list, and order_rules = ["RULE", …]',
            fix=f"the types are {', '.join(types)}; the rules {', '.join(order_rules)}",
        )
    return Policy(types, profiles, order_rules)
