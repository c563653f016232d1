from collections.abc import Iterator
from random import Random
from weakref import WeakSet

import numpy as np
import pytest
from tests.data.curation_helpers import message

from reviewguard.curation import nearest
from reviewguard.curation.dedup import alike_pairs, deduplicate
from reviewguard.curation.nearest import (
    Likeness,
    Pair,
    Shingles,
    alike,
    jaccard,
    shingle_matrix,
    shingles,
    similar_pairs,
)

LONG = (
    "Your kettle left our workshop this morning and should be with you on Thursday. The lid sits "
    "tight at first, so turn it gently. Descale it once a month with a spoon of citric acid."
)
NEAR = LONG.replace("Thursday", "Friday")
FAR = "We are out of the blue mugs until May; shall I send green ones or refund you instead?"
ALIKE = LONG.replace("citric acid", "vinegar and rinse well after").replace("gently", "slowly, ok")


def test_shingles_ignore_case_marks_and_disguise() -> None:
    assert shingles("Leave a REVIEW!") == shingles("leave a rеviеw")
    assert jaccard(shingles("abcdef"), shingles("abcdeg")) == 1 / 3
    assert shingles("⭐⭐") and shingles("?!") == {"?!"}


def test_exact_duplicates_are_dropped_also_within_a_family() -> None:
    first = message(LONG, id="a", family="f")
    again = message(LONG.upper() + " ", id="b", family="f")
    result = deduplicate([first, again])
    assert result.kept == (first,)
    assert [(d.id, d.of, d.kind) for d in result.dropped] == [("b", "a", "exact")]


def test_near_duplicates_are_dropped_across_families_and_kept_as_twins() -> None:
    first = message(LONG, id="a", family="f")
    twin = message(NEAR, id="b", family="f")
    stranger = message(NEAR + " Bye", id="c", family="g")
    result = deduplicate([first, twin, stranger])
    assert [m.id for m in result.kept] == ["a", "b"]
    (dropped,) = result.dropped
    assert (dropped.id, dropped.of, dropped.kind) == ("c", "a", "near")
    assert dropped.similarity >= 0.8


def test_another_buyers_message_keeps_a_near_duplicate_but_in_one_group() -> None:
    one = message(LONG, id="a", previous="Where is it? I need it by the weekend, we have guests")
    two = message(NEAR, id="b", previous="Has my order been cancelled? The bank shows a refund")
    result = deduplicate([one, two])
    assert len(result.kept) == 2
    assert result.groups["a"] == result.groups["b"]


def test_alike_families_share_a_group_and_others_do_not() -> None:
    items = [message(text, id=name) for text, name in ((LONG, "a"), (ALIKE, "b"), (FAR, "c"))]
    similarity = jaccard(shingles(LONG), shingles(ALIKE))
    assert 0.6 <= similarity < 0.8
    result = deduplicate(items)
    assert alike_pairs(items) == [(0, 1, similarity)]
    assert result.close == ()
    assert result.dropped == ()
    assert result.groups == {"a": "a", "b": "a", "c": "c"}


@pytest.mark.parametrize("threshold", [0.2, 0.6, 0.8, 1.0])
def test_no_pair_is_missed_whatever_the_lengths(threshold: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "_BLOCK", 7)
    rng = Random(7)
    words = [f"w{rng.randrange(10**4)}" for _ in range(60)]
    sets: list[nearest.Shingles] = []
    for size in (1, 2, 3, 5, 8, 20, 45) * 6:
        base = rng.choices(words, k=size)
        for _ in range(3):
            changed = [rng.choice(words) if rng.random() < 0.06 else word for word in base]
            sets.append(shingles(" ".join(changed)))
    pairs = (Pair(i, j, jaccard(sets[i], sets[j])) for j in range(len(sets)) for i in range(j))
    close = sorted(pair for pair in pairs if pair.similarity >= threshold)
    assert len(close) > 40
    assert sorted(similar_pairs(shingle_matrix(sets), threshold)) == close
    assert similar_pairs(shingle_matrix([]), threshold) == []


@pytest.mark.parametrize("threshold", [0.2, 1 / 3, 0.5, 1.0])
def test_known_texts_that_are_alike_are_those_of_all_pairs(
    threshold: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest, "_BLOCK", 7)
    rng = Random(5)
    new, known = (
        [frozenset(rng.sample("abcdefgh", rng.randint(0, 6))) for _ in range(count)] for count in (30, 80)
    )
    pairs = [[(jaccard(one, other), at) for at, other in enumerate(known) if one & other] for one in new]
    found = [sorted((-s, at) for s, at in near if s >= threshold) for near in pairs]
    assert sum(map(len, found)) > 10
    assert alike(new, known, threshold) == [
        tuple(Likeness(at, round(-s, 3)) for s, at in near) for near in found
    ]


def test_of_known_texts_only_what_new_ones_share_is_kept_in_memory() -> None:
    texts = [f"{word} is on its way, and {word} fits" for word in ("kettle", "lamp", "rug", "drill")]
    alive = WeakSet[Shingles]()
    most = 0

    def known() -> Iterator[Shingles]:
        nonlocal most
        for text in texts:
            alive.add(items := shingles(text))
            most = max(most, len(alive))
            yield items

    assert alike([shingles(texts[2])], known(), 0.8) == [(Likeness(2, 1.0),)]
    assert most <= 2  # this one, and the one before until then
    assert alike([shingles(texts[2])], iter([]), 0.8) == [()]
    assert alike([], known(), 0.8) == []


def test_texts_that_share_a_shingle_alone_are_left_out_before_any_is_ordered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = [frozenset({"a", str(number), f"{number}!"}) for number in range(50)]
    ordered: list[int] = []
    lexsort = np.lexsort
    monkeypatch.setattr(np, "lexsort", lambda keys: ordered.append(len(keys[0])) or lexsort(keys))
    assert alike([known[3]], known, 0.8) == [(Likeness(3, 1.0),)]
    assert ordered == [1]
