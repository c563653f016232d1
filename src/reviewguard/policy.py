"""Types, clauses, advice and profiles of the labelling guide, read from `policy.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

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
    """The guide shipped with the package: read once, and not to be changed.

    Raises:
        ConfigError: `policy.toml`, to which profiles and types may be added, cannot be read as a guide.
    """
    try:
        data = tomllib.loads(files("reviewguard").joinpath("policy.toml").read_text("utf-8-sig"))
    except ValueError as error:
        raise ConfigError(f"cannot read policy.toml: {error}", expected="a TOML file in UTF-8") from error
    types, order_rules = (_entries(data, name) for name in ("types", "order_rules"))
    profiles = data.get("profiles")
    if not isinstance(profiles, dict):
        raise ConfigError(f"policy.toml: profiles is {profiles!r}", expected="tables [profiles.NAME]")
    return Policy(
        types,
        {name: _profile(name, item, types, order_rules) for name, item in profiles.items()},
        order_rules,
    )


def _entries(data: Mapping[str, Any], kind: str) -> dict[str, PolicyEntry]:
    items, entries = data.get(kind), dict[str, PolicyEntry]()
    if not isinstance(items, list):
        raise ConfigError(f"policy.toml: {kind} is {items!r}", expected=f"tables [[{kind}]]")
    for number, item in enumerate(items, 1):
        where = f"[[{kind}]] number {number}"
        _check_keys(where, item, PolicyEntry.__slots__)
        for key, value in item.items():
            if not (isinstance(value, str) and value.strip()):
                raise ConfigError(f"policy.toml: {where}: {key} is {value!r}", expected="words")
        if item["name"] in entries:
            raise ConfigError(
                f"policy.toml: {where}: there is a {item['name']!r} before it", expected="a name of its own"
            )
        entries[item["name"]] = PolicyEntry(**item)
    return entries


def _profile(name: str, item: Any, types: Collection[str], order_rules: Collection[str]) -> Profile:
    _check_keys(f"[profiles.{name}]", item, ("description", "any_of"), ("order_rules",))
    if wrong := _wrong_rules(item, types, order_rules):
        raise ConfigError(
            f"policy.toml: [profiles.{name}]: {wrong}",
            expected='any_of = [["TYPE"], …], lists of types within a list, each once, '
            'and, if any, order_rules = ["RULE", …]',
            fix=f"the types are {', '.join(types)}; the rules {', '.join(order_rules)}",
        )
    rules = tuple(map(tuple, item["any_of"]))
    return Profile(name, item["description"], rules, tuple(item.get("order_rules", ())))


def _wrong_rules(item: Mapping[str, Any], types: Collection[str], order_rules: Collection[str]) -> str:
    """What is wrong with the rules of a profile; empty where nothing is."""
    any_of, orders = item["any_of"], item.get("order_rules", [])
    if not isinstance(item["description"], str):
        return f"description is {item['description']!r}"
    # Without types every message would break a rule, or none.
    if not isinstance(any_of, list) or not any_of or not all(isinstance(r, list) and r for r in any_of):
        return f"any_of is {any_of!r}"
    if not isinstance(orders, list):
        return f"order_rules is {orders!r}"
    unknown = [n for rule in any_of for n in rule if n not in tuple(types)]
    unknown += [n for n in orders if n not in tuple(order_rules)]
    if unknown:
        return f"unknown types or rules {unknown}"
    # What stands there twice would count twice in the probability.
    twice = len({frozenset(rule) for rule in any_of}) < len(any_of)
    twice |= any(len(set(names)) < len(names) for names in (*any_of, orders))
    return "a list, a type or a rule stands there twice" if twice else ""


def _check_keys(where: str, item: Any, needed: Collection[str], optional: Collection[str] = ()) -> None:
    if not isinstance(item, dict):
        raise ConfigError(f"policy.toml: {where} is {item!r}", expected=f"a table with {', '.join(needed)}")
    missing = [key for key in needed if key not in item]
    unknown = [key for key in item if key not in (*needed, *optional)]
    found = [
        f"{what} {', '.join(keys)}" for what, keys in (("no", missing), ("unknown keys", unknown)) if keys
    ]
    if found:
        raise ConfigError(
            f"policy.toml: {where}: {'; '.join(found)}",
            expected=", ".join(needed) + "".join(f", and perhaps {key}" for key in optional),
        )
