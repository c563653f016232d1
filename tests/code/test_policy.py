from __future__ import annotations

import copy
import json
import pickle
import tomllib
from dataclasses import asdict
from importlib.resources import files
from typing import Any

import numpy as np
import pytest

from reviewguard.errors import ConfigError
from reviewguard.policy import load_policy

POLICY = load_policy()


def test_every_type_has_clause_source_and_advice() -> None:
    assert len(POLICY.types) == 8
    assert list(POLICY.types)[-1] == "neutral_request"  # the model's outputs rely on it
    assert all(t.clause and t.source and t.advice and t.title for t in POLICY.types.values())


def test_the_rule_on_neutral_asks_says_who_permits_and_who_reports_them() -> None:
    clause = POLICY.types["neutral_request"].clause
    assert "Amazon permits" in clause
    assert "strict profile reports" in clause


@pytest.mark.parametrize(
    ("profile", "types", "broken"),
    [
        ("amazon", [], False),
        ("amazon", ["neutral_request"], False),
        ("amazon", ["pressure"], True),
        ("strict", ["neutral_request"], True),
        ("ftc", ["incentive"], False),
        ("ftc", ["incentive", "positive_request"], True),
        ("ftc", ["incentive", "change_or_remove"], True),
        ("ftc", ["selective"], False),
        ("ftc", ["insider"], True),
    ],
)
def test_profiles_map_types_to_the_verdict(profile: str, types: list[str], broken: bool) -> None:
    assert POLICY.profile(profile).is_broken(types) is broken


def test_probability_is_a_noisy_or_of_rules_and_a_product_within_a_rule() -> None:
    values = {name: np.array([0.0]) for name in POLICY.types}
    values |= {"incentive": np.array([0.5]), "positive_request": np.array([0.4])}
    assert POLICY.profile("amazon").probability(values) == pytest.approx([1 - 0.5 * 0.6])
    assert POLICY.profile("ftc").probability(values) == pytest.approx([0.5 * 0.4])


def test_only_types_of_a_broken_rule_are_breaking() -> None:
    ftc = POLICY.profile("ftc")
    assert ftc.breaking_types(["incentive", "insider"]) == {"insider"}


def test_an_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="amazon or strict or ftc"):
        POLICY.profile("ebay")


def test_rules_on_orders_stand_beside_the_types() -> None:
    assert list(POLICY.order_rules) == ["repeat_request", "late_request"]
    rules = POLICY.order_rules.values()
    assert all(r.clause and r.source and r.advice and r.title for r in rules)
    assert (
        POLICY.profile("amazon").order_rules
        == POLICY.profile("strict").order_rules
        == tuple(POLICY.order_rules)
    )
    assert POLICY.profile("ftc").order_rules == ()
    assert POLICY.entry("late_request") is POLICY.order_rules["late_request"]
    assert POLICY.entry("pressure") is POLICY.types["pressure"]


@pytest.mark.parametrize("name", ["Amazon", ["amazon"], None])
def test_a_profile_that_there_is_not_is_named(name: Any) -> None:
    with pytest.raises(ConfigError, match="unknown profile"):
        POLICY.profile(name)


def test_types_of_a_profile_that_stand_in_no_list_of_their_own_are_refused_with_the_form(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = tomllib.loads(files("reviewguard").joinpath("policy.toml").read_text("utf-8"))
    written["profiles"]["gifts"] = {"description": "Only gifts.", "any_of": ["incentive"]}
    monkeypatch.setattr("reviewguard.policy.tomllib.loads", lambda _: written)
    with pytest.raises(ConfigError, match="lists of types within a list"):
        load_policy.__wrapped__()


def test_the_guide_can_be_copied_and_stored() -> None:
    assert pickle.loads(pickle.dumps(POLICY)) == copy.deepcopy(POLICY) == POLICY
    assert json.loads(json.dumps(asdict(POLICY)))["profiles"]["strict"]["name"] == "strict"
