from collections import Counter
from itertools import cycle, islice

import pytest
from tests.data.curation_helpers import message

from reviewguard.curation.dedup import deduplicate
from reviewguard.curation.splits import SHARES, assign_splits, find_leaks, strata
from reviewguard.schema import LabelledMessage

TYPES = ("incentive", "selective", "pressure", "neutral_request")


@pytest.fixture
def messages() -> list[LabelledMessage]:
    kinds = list(islice(cycle([*TYPES, None, None]), 300))
    return [
        message("ask", *((("ask", kind),) if kind else ()), id=f"m-{at:03}", family=f"f-{at // 2}")
        for at, kind in enumerate(kinds)
    ]


def groups_of(messages: list[LabelledMessage]) -> dict[str, str]:
    return {item.id: item.family for item in messages}


def test_groups_stay_whole_and_every_label_keeps_its_share(messages: list[LabelledMessage]) -> None:
    groups = groups_of(messages)
    splits = assign_splits(messages, groups, seed=1)
    assert len({(groups[item.id], splits[item.id]) for item in messages}) == len(set(groups.values()))
    totals = Counter(name for item in messages for name in strata(item))
    counts = Counter((splits[item.id], name) for item in messages for name in strata(item))
    for split, share in SHARES.items():
        for name, total in totals.items():
            assert counts[split, name] / total == pytest.approx(share, abs=0.04), (split, name)


def test_order_does_not_matter_and_the_seed_does(messages: list[LabelledMessage]) -> None:
    groups = groups_of(messages)
    first = assign_splits(messages, groups, seed=1)
    assert assign_splits(messages[::-1], groups, seed=1) == first
    assert assign_splits(messages, groups, seed=2) != first


def test_leaks_are_near_duplicates_across_splits_only() -> None:
    text = (
        "Your kettle left our workshop this morning and comes on Thursday before noon. "
        "The lid sits tight at first, turn it gently and mind the steam."
    )
    close = deduplicate(
        [
            message(text, id="a"),
            message(text.replace("Thursday", "Friday"), id="b"),
            message("We are out of blue mugs until May, sorry about that.", id="c"),
        ]
    ).close
    apart = {"a": "train", "b": "test", "c": "test"}
    assert find_leaks(close, apart) == [("a", "b")]
    assert find_leaks(close, apart | {"b": "train"}) == []
    assert find_leaks(close, {"a": "train", "c": "test"}) == []


def test_a_frozen_message_keeps_its_split_whatever_comes_later(messages: list[LabelledMessage]) -> None:
    first = assign_splits(messages, groups_of(messages), seed=1)
    more = [message("ask", id=f"n-{at:03}", family=f"g-{at}") for at in range(100)]
    later = [*messages, *more]
    grown = assign_splits(later, groups_of(later), seed=2, frozen=first)
    assert {name: grown[name] for name in first} == first
    counts = Counter(grown.values())
    for split, share in SHARES.items():
        assert counts[split] / len(later) == pytest.approx(share, abs=0.04)


def test_a_message_that_joins_frozen_splits_goes_where_it_stays_unseen_and_moves_none() -> None:
    items = [message("ask", id=name, family="one") for name in ("a", "b", "c", "d")]
    frozen = {"a": "train", "b": "test", "c": "validation"}
    assert assign_splits(items, groups_of(items), seed=1, frozen=frozen) == frozen | {"d": "test"}
    less = {"a": "train", "c": "validation"}
    assert assign_splits(items, groups_of(items), seed=1, frozen=less) == less | dict.fromkeys(
        "bd", "validation"
    )
