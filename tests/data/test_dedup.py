from curation_helpers import message

from reviewguard.curation.dedup import alike_pairs, deduplicate, jaccard, shingles

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
    assert 0.6 <= jaccard(shingles(LONG), shingles(ALIKE)) < 0.8
    result = deduplicate(items)
    assert alike_pairs(items) == [(0, 1)]
    assert result.dropped == ()
    assert result.groups == {"a": "a", "b": "a", "c": "c"}
