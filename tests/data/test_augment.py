from functools import partial
from random import Random
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data.curation_helpers import message, quoted

from reviewguard.curation import noise
from reviewguard.curation.augment import (
    Pool,
    augment,
    erase,
    insert_sentences,
    make_letter,
    set_unrelated_previous,
)
from reviewguard.curation.edits import Edit, apply_edits
from reviewguard.curation.noise import Noise
from reviewguard.curation.placeholders import fill_placeholders, insert_placeholders
from reviewguard.schema import LabelledMessage

LETTER = message(
    "Hi Maria,\n\nYour kettle 999-1234567-7654321 shipped. "
    "If you love it, give us 5 stars & wave to {{name}}!\n\nWarmly,\nTom",
    ("If you love it", "selective"),
    ("give us 5 stars", "positive_request"),
)
POOL = Pool(("Parts take two days.", "The lid sits tight at first."), ("Can I cancel?",))
KINDS: list[Noise] = [
    noise.add_typos,
    noise.change_case,
    noise.add_homoglyphs,
    noise.obfuscate,
    noise.add_hidden,
    noise.add_emoji,
    noise.damage_space,
    noise.add_html,
    fill_placeholders,
    insert_placeholders,
    partial(insert_sentences, pool=POOL),
    partial(make_letter, pool=POOL),
    partial(set_unrelated_previous, pool=POOL),
]


def test_edits_carry_the_rationale_along() -> None:
    item = message("please give five stars now", ("five stars", "positive_request"))
    start, end = item.rationale[0].start, item.rationale[0].end
    assert quoted(apply_edits(item, [Edit(0, 6, "Pls")])) == ["five stars"]
    assert quoted(apply_edits(item, [Edit(start, start, ">>"), Edit(end, end, "<<")])) == ["five stars"]
    assert quoted(apply_edits(item, [Edit(start, end, "⭐")])) == ["⭐"]
    assert quoted(apply_edits(item, [Edit(start + 5, end + 4, "*")])) == ["five *"]
    assert quoted(apply_edits(item, [Edit(start - 5, start + 5, "*")])) == ["*stars"]
    assert quoted(apply_edits(item, [Edit(start - 5, start + 5, "GIVE FIVE ")])) == ["FIVE stars"]


@given(
    st.text(min_size=1, max_size=30),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 4), st.text(max_size=4)), max_size=6),
    st.integers(0, 29),
    st.integers(1, 30),
)
def test_edits_keep_stretches_inside_the_text(
    text: str, raw: list[tuple[int, int, str]], start: int, length: int
) -> None:
    start = min(start, len(text) - 1)
    item = message(text, (text[start : start + length], "pressure"))
    edits: list[Edit] = []
    for at, size, new in sorted(raw):
        begin = max(at, edits[-1].end if edits else 0)
        if begin + size <= len(text):
            edits.append(Edit(begin, begin + size, new))
    changed = apply_edits(item, edits)
    (stretch,) = changed.rationale
    assert 0 <= stretch.start <= stretch.end <= len(changed.text)
    untouched = all(e.end <= item.rationale[0].start or e.start >= item.rationale[0].end for e in edits)
    if untouched:
        assert quoted(changed) == quoted(item)


@pytest.mark.parametrize("change", KINDS)
def test_every_change_does_something_and_is_repeatable(change: Noise) -> None:
    results = [change(LETTER, Random(seed)) for seed in range(20)]
    if change is KINDS[-1]:
        assert results == [LETTER] * 20  # selective: its buyer's message is never touched
        return
    assert any(result.text != LETTER.text for result in results)
    assert results == [change(LETTER, Random(seed)) for seed in range(20)]
    assert all(result.types == LETTER.types and len(result.rationale) == 2 for result in results)


@pytest.mark.parametrize("change", [*KINDS[6:8], *KINDS[8:11]])
def test_changes_around_the_rationale_leave_its_letters(change: Noise) -> None:
    def letters(item: LabelledMessage) -> list[str]:
        return ["".join(filter(str.isalnum, quote)) for quote in quoted(item)]

    for seed in range(30):
        assert letters(change(LETTER, Random(seed))) == letters(LETTER)


@pytest.mark.parametrize("change", KINDS)
def test_a_single_character_survives_every_change(change: Noise) -> None:
    for text in ("a", "?", "\n.", "⭐", "{{x}}"):
        for seed in range(10):
            change(message(text), Random(seed))


@pytest.mark.parametrize("change", [noise.add_emoji, noise.damage_space, noise.add_html])
def test_placeholders_tags_and_links_stay_whole(change: Noise) -> None:
    parts = (
        "{{ first name. or star }}",
        "[[ love it ]]",
        "<a title='star. two'>",
        "https://a.example/star'1.2,3",
    )
    item = message(". ".join(parts) + " and 'the' rest. It goes on, and on,\nas it is.")
    for seed in range(60):
        text = change(item, Random(seed)).text
        assert [part for part in parts if part not in text] == []


def test_a_long_word_is_searched_once_for_what_is_protected() -> None:
    begin = process_time()
    noise.add_typos(message("a" * 40_000 + "{{" * 10_000), Random(0))
    assert process_time() - begin < 2


def test_stars_become_emoji_inside_the_rationale() -> None:
    assert "give us ⭐⭐⭐⭐⭐" in quoted(noise.add_emoji(LETTER, Random(0)))


def test_placeholders_are_filled_and_put_back() -> None:
    assert "{{" not in fill_placeholders(LETTER, Random(0)).text
    back = insert_placeholders(LETTER, Random(0)).text
    assert "Maria" not in back and "999-" not in back and "kettle" in back


def test_erasure_makes_a_violation_compliant_or_gives_none() -> None:
    erased = erase(LETTER)
    assert erased is not None
    assert (erased.types, erased.rationale) == ((), ())
    assert "stars" not in erased.text and "Maria" in erased.text
    ask = ("leave a review", "selective")
    assert erase(message("Do leave a review for the kettle", ask, previous="Love it!")) is None
    assert erase(message("Love it? leave a review", ask)) is None
    assert erase(message("Love it? leave a review and rate the courier who came by", ask)) is None
    assert erase(message("Nothing is marked in here at all")) is None


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("OK, my friend, we do like this", {"previous": "If I change my one star, you pay me the money?"}),
        ("OK, the answer is at {{survey_url}} for all of you", {}),
        ("OK, your r-e-v-i-e-w is the talk of our shop", {}),
        ("OK, you wrote all of it on our page", {}),
        ("OK, pls leave a reveiw for the tea", {}),
    ],
)
def test_nothing_is_erased_where_what_stays_may_be_an_ask(text: str, fields: dict[str, str]) -> None:
    ok = ("OK", "incentive")
    assert erase(message("OK, the lid sits tight at first", ok, previous="How do I close it?")) is not None
    assert erase(message(text, ok, **fields)) is None


def test_the_pool_takes_only_harmless_words_of_clean_messages() -> None:
    clean = message(
        "Parts take two days. If it breaks, call. Your review is live. Refund sent today, all.",
        previous="Where is my parcel?",
    )
    happy = message("sure thing, any day", previous="Love it! Do you ship to Malta?")
    asking = message("We pack on Tuesdays only. Rate us", ("Rate us", "neutral_request"), previous="How?")
    fan = message("sure thing, any day", previous="The gig was incredible, when are you back?")
    winner = message(
        "We hope you WIN a stand mixer! Every receipt is in the draw! Your lunch today is on us! "
        "Aw that's so kind of you to say! You made our week, truly! "
        "You told me you are delighted with it. Just open the app and tap Reviw. This is our third reminder.",
        previous="these cups are the cutest thing on earth, dishwasher?",
    )
    pool = Pool.of([clean, happy, fan, asking, winner])
    assert pool == Pool(("Parts take two days.",), ("Where is my parcel?",))


def test_inserted_sentences_stay_outside_the_rationale() -> None:
    whole = message("Rate us five stars", ("Rate us five stars", "positive_request"))
    for seed in range(20):
        changed = insert_sentences(whole, Random(seed), POOL)
        assert quoted(changed) == ["Rate us five stars"]
        assert len(changed.text) > len(whole.text)


def test_a_question_is_set_before_a_message_without_one() -> None:
    alone = message("Ships today")
    assert set_unrelated_previous(alone, Random(0), POOL).previous == "Can I cancel?"
    answered = message("Ships today", previous="When?")
    assert set_unrelated_previous(answered, Random(0), POOL) is answered


def test_copies_are_numbered_repeatable_and_independent_of_order() -> None:
    items = [LETTER, message("Your parcel left this morning. Parts take two days.", id="m-2")]
    copies = augment(items, seed=3, per_message=3)
    assert [copy.id for copy in copies] == [f"m-{m}~a{n}" for m in (1, 2) for n in (1, 2, 3)]
    assert set(copies) == set(augment(items[::-1], 3, 3))
    assert copies != augment(items, seed=4, per_message=3)
    assert all(copy.text not in {item.text for item in items} for copy in copies)


def test_a_letter_holds_the_message_whole_with_its_rationale_on_the_same_words() -> None:
    pool = Pool(tuple(f"Part {n} takes two more days." for n in range(30)), ())
    places = set()
    for seed in range(20):
        letter = make_letter(LETTER, Random(seed), pool)
        assert LETTER.text in letter.text
        assert quoted(letter) == quoted(LETTER)
        assert letter.types == LETTER.types
        places.add((letter.text.startswith(LETTER.text), letter.text.endswith(LETTER.text)))
    assert (False, False) in places
