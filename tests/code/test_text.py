from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from time import process_time

import pytest
from emoji import tokenizer
from hypothesis import given
from hypothesis import strategies as st
from tests.code.places import check_places, source

from reviewguard.text import _emoji_name, normalize, without_tags


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("Leave us ⭐⭐⭐⭐⭐ please", "Leave us 5 stars please"),
        ("★★★★☆", " 4 stars "),
        ("one ⭐", "one star "),
        ("😀😀😀 hi", " grinning face hi"),
        ("l e a v e 5 s t a r s", "leave 5 stars"),
        ("r.e.v.i.e.w us", "review us"),
        ("sizes S M L", "sizes S M L"),
        ("гeviеw", "review"),
        ("на русском", "на русском"),
        ("r\u200be\u200bv\u200biew", "review"),
        ("𝗳𝗿𝗲𝗲 ｇｉｆｔ", "free gift"),
        ("a &amp; b &lt;3", "a & b <3"),
        ("revi&#8203;ew &#128512; r&#1077;view", "review  grinning face  review"),
        ("<p>Hi<br/>you</p>", " Hi you "),
        ("Hi {{first_name}}, %s", "Hi first name , name "),
        ("[[product-review-link:leave a review]]", " product review link:leave a review "),
        (
            "see https://www.example.com/review/create-review?asin=1",
            "see link example com review create review ",
        ),
        ("soooooo good!!!!!!!", "sooo good!!!"),
        ("“it’s”\n\n fine…", '"it\'s" fine...'),
        ("You needn´t, don`t; 12″ ＂`code`", "You needn't, don't; 12\" \"`code`"),
        ("five\x0bstars\x0cplease\x1fnow\u2800ok", "five stars please now ok"),
        ("don\x92t \x96 it is \x80 5", "don't - it is € 5"),
        ("\U0001f15f\U0001f15b\U0001f169 \U0001f170\U0001f189", "PLZ AZ"),
    ],
)
def test_disguises_and_markup_become_plain_words(raw: str, plain: str) -> None:
    assert normalize(raw).text.split() == plain.split()


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", " \u2029 "])
def test_every_line_end_of_the_original_is_one_of_the_normalised_text(end: str) -> None:
    raw = f"It left  today{end}Kind regards"
    assert normalize(raw).prose(raw) == "It left today\nKind regards"


def test_offsets_point_into_the_text_as_given() -> None:
    raw = "Give ⭐⭐⭐⭐⭐ for a gіft"  # the second i is Cyrillic
    result = normalize(raw)
    assert source(raw, result, "5 stars") == "⭐⭐⭐⭐⭐"
    assert source(raw, result, "gift") == "gіft"


@given(st.text(max_size=200))
def test_any_text_is_normalised_and_every_character_has_a_source(raw: str) -> None:
    result = normalize(raw)
    check_places(raw, result)
    result.text.encode("utf-8")  # no lone surrogate survives


@given(
    st.text(alphabet=st.sampled_from("⭐★ 😀\u200b\ufe0f\u200dгe5sta.r<>&;{}%[]_-\n\x00\ud800"), max_size=60)
)
def test_the_characters_the_rules_are_about_in_any_order(raw: str) -> None:
    result = normalize(raw)
    assert all(0 <= s < e <= len(raw) for s, e in zip(result.starts, result.ends, strict=True))
    assert "\u200b" not in result.text
    assert "\x00" not in result.text


def test_plain_prose_is_left_alone() -> None:
    prose = "Your parcel left today; it should arrive on Friday. Reply here if not!"
    assert normalize(prose).text == prose


def test_a_megabyte_is_normalised_in_seconds() -> None:
    began = process_time()
    assert len(normalize("Hello ⭐ there, é! " * 60_000).text) > 500_000
    assert process_time() - began < 30


def test_a_long_run_of_spaced_letters_takes_no_quadratic_time() -> None:
    began = process_time()
    normalize("a." * 10_000 + "ab")
    assert process_time() - began < 5


def test_threads_read_their_first_emoji_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(10):
            monkeypatch.setattr(tokenizer, "_SEARCH_TREE", {})
            _emoji_name.cache_clear()
            with ThreadPoolExecutor(8) as pool:
                read = pool.map(lambda _: normalize("Rate us \U0001f44d today").text, range(8))
                assert set(read) == {"Rate us thumbs up today"}
    finally:
        sys.setswitchinterval(interval)


def test_joined_emoji_are_words_of_their_own() -> None:
    assert normalize("Your \U0001f381\u200d\U0001f4b0 waits").text.split() == [
        "Your",
        "wrapped",
        "gift",
        "money",
        "bag",
        "waits",
    ]


@pytest.mark.parametrize("break_", [" ", "\n"])
def test_comments_of_markup_are_not_read(break_: str) -> None:
    comment = f"<!-- leave us 5 stars{break_}for a gift card -->"
    assert normalize(f"Hi {comment} there").text.split() == ["Hi", "there"]


def test_tags_are_blanked_at_their_places_but_links() -> None:
    text = "<p style='a'>Hi<br>there</p> <a href='x'>you</a>"
    blank = without_tags(text)
    assert len(blank) == len(text)
    assert blank.split() == ["Hi", "there", "<a", "href='x'>you"]


def test_blanks_that_are_written_as_entities_part_words() -> None:
    text = "Hi&nbsp;you, it&#39;s&#160;AT&amp;T&#xA0;&#9;now"
    blank = without_tags(text)
    assert len(blank) == len(text)
    assert blank.split() == ["Hi", "you,", "it&#39;s", "AT&amp;T", "now"]
