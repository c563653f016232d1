from __future__ import annotations

import copy
import json
import pickle
import tomllib
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
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


_GIFTS = '[profiles.gifts]\ndescription = "Only gifts."\n'
_TYPE = '[[types]]\nname = "vouchers"\ntitle = "t"\nclause = "c"\nsource = "s"\n'


@pytest.mark.parametrize(
    ("added", "found"),
    [
        (_GIFTS, r"\[profiles.gifts\]: no any_of\n"),
        (_GIFTS + 'any_off = [["incentive"]]', "no any_of; unknown keys any_off"),
        (_GIFTS + 'any_of = [["incentive"]]\norder_rule = []', "unknown keys order_rule\n"),
        (_GIFTS + "any_of = []", r"any_of is \[\]"),
        (_GIFTS + "any_of = [[]]", r"any_of is \[\[\]\]"),
        (_GIFTS + 'any_of = "incentive"', "any_of is 'incentive'"),
        (_GIFTS + 'any_of = [["incentive", 3]]', r"unknown types or rules \[3\]"),
        (_GIFTS + 'any_of = [["incentive"], ["incentive"]]', "twice"),
        (_GIFTS + 'any_of = [["insider", "incentive"], ["incentive", "insider"]]', "twice"),
        (_GIFTS + 'any_of = [["incentive", "incentive"]]', "twice"),
        (_GIFTS + 'any_of = [["incentive"]]\norder_rules = "late_request"', "order_rules is 'late_request'"),
        (_GIFTS + 'any_of = [["incentive"]]\norder_rules = [["late_request"]]', "unknown types or rules"),
        ('[profiles.gifts]\ndescription = 3\nany_of = [["incentive"]]', "description is 3"),
        ("[profiles]\ngifts = 3", r"\[profiles.gifts\] is 3"),
        (_TYPE, r"\[\[types\]\] number 9: no advice"),
        (_TYPE + 'advice = ""', "number 9: advice is ''"),
        (_TYPE.replace("vouchers", "insider") + 'advice = "a"', "there is a 'insider' before it"),
        ("[profiles.gifts", "cannot read policy.toml"),
    ],
)
def test_what_is_added_in_another_form_is_refused_with_what_was_found(
    added: str, found: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    guide = files("reviewguard").joinpath("policy.toml").read_text("utf-8")
    (tmp_path / "policy.toml").write_text(f"{guide}\n{added}\n", "utf-8")
    monkeypatch.setattr("reviewguard.policy.files", lambda _: tmp_path)
    with pytest.raises(ConfigError, match=found) as error:
        load_policy.__wrapped__()
    assert error.value.expected


@pytest.mark.parametrize("data", [b"", b"types = [3]\n", b"profiles = 3\n", b"# caf\xe9\n"])
def test_what_is_no_guide_is_refused(data: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_bytes(data)
    monkeypatch.setattr("reviewguard.policy.files", lambda _: tmp_path)
    with pytest.raises(ConfigError, match=r"policy\.toml"):
        load_policy.__wrapped__()


def test_a_byte_order_mark_before_the_guide_is_none_of_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    guide = files("reviewguard").joinpath("policy.toml").read_text("utf-8")
    (tmp_path / "policy.toml").write_text(guide, "utf-8-sig")
    monkeypatch.setattr("reviewguard.policy.files", lambda _: tmp_path)
    assert load_policy.__wrapped__() == POLICY


def test_the_guide_can_be_copied_and_stored() -> None:
    assert pickle.loads(pickle.dumps(POLICY)) == copy.deepcopy(POLICY) == POLICY
    assert json.loads(json.dumps(asdict(POLICY)))["profiles"]["strict"]["name"] == "strict"
