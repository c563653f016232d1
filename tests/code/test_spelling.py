from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.code.places import check_places, source

from reviewguard.encoding import Limits, MessageEncoder
from reviewguard.inference.model_folder import TOKENIZER_FILE, shipped_model
from reviewguard.modeling.behaviour_text import typos
from reviewguard.schema import Message
from reviewguard.spelling import correct_spelling
from reviewguard.text import normalize


def no_token(word: str) -> bool:
    return False


def corrected(text: str) -> str:
    return correct_spelling(normalize(text), no_token).text


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Please leave a reveiw.", "Please leave a review."),  # swapped
        ("Please leave a reviiew.", "Please leave a review."),  # doubled
        ("Please leave a revew.", "Please leave a review."),  # left out
        ("Please leave a revirw.", "Please leave a review."),  # another letter
        ("A peice is missing.", "A piece is missing."),  # more likely than "price", which is more frequent
        ("You reviewd it.", "You reviewed it."),  # not "review": that would be an ask
        ("LEAVE A REVEIW", "LEAVE A review"),
        ("Reveiw: great", "review: great"),
        ("We donot ask; You shouldNot", "We do not ask; You should not"),
        ("You needn´t change it", "You needn't change it"),  # not "need"
        ("Please Leave a Reviw, a Reveiw or a Reviiew", "Please Leave a review, a review or a review"),
        ("The reveiw's stars.", "The reveiw's stars."),  # of an apostrophe's parts nothing is known
    ],
)
def test_a_misspelt_word_is_read_as_the_word_that_was_meant(written: str, meant: str) -> None:
    assert corrected(written) == meant


@pytest.mark.parametrize(
    "text",
    [
        "The umbrella and its carton arrived.",  # in the dictionary, though no frequent words
        "It wasnt there, theyre looking, thats all.",  # contractions
        "Please rerate us by Viber",  # words of the trade
        "Revolut, Skrill or Twint? Anker pays. No probs.",
        "You needn t change it, you musnt.",  # not "need" and "must"
        "Hello Renate, your parcel from Revier left today.",  # names: not "relate" and "review"
        "Your Prizm lens and the Starz mug by Delite are in the parcel.",
        "Mail nobdy@exampel.com or see www.reveiw.example, /reveiw/ and reveiw.com",
        "Wir freuen uns sehr uber eine ehrliche Bewertung zu unserem Produkt",  # another language
        "Our qzxvkjw part",  # nothing is near
        "abc oder tehn",  # too short to tell
    ],
)
def test_what_is_no_slip_stays(text: str) -> None:
    assert corrected(text) == text


def test_a_word_of_the_tokenizer_stays() -> None:
    assert correct_spelling(normalize("a reveiw"), lambda word: word == "reveiw").text == "a reveiw"


def test_a_text_may_be_all_misspelt_if_it_is_english() -> None:
    assert corrected("plese leave reveiw") == "please leave review"
    written = "Cuold you plese udpate yuor reveiw"
    assert corrected(written) == "could you please update yuor review"


def test_marks_of_a_corrected_word_cover_the_word_as_written() -> None:
    text = "Thanks! ⭐ Plese leave a reveiw today"
    read = correct_spelling(normalize(text), no_token)
    assert source(text, read, "review") == "reveiw"
    assert source(text, read, "today") == "today"


@given(st.text(max_size=200))
def test_any_text_can_be_read_and_keeps_its_places(text: str) -> None:
    plain = normalize(text)
    read = correct_spelling(plain, no_token)
    check_places(text, read)
    assert len(read.text.split()) == len(plain.text.split())


def test_a_long_run_of_letters_takes_no_time() -> None:
    assert corrected("reveiw" * 50_000) == "reveiw" * 50_000


def test_the_encoder_corrects_where_its_model_was_measured_so() -> None:
    tokenizer = shipped_model() / TOKENIZER_FILE
    text = "We appreciate your honest opinion about the delivery of this product"
    meant, misspelt = Message(text), Message(typos(text, random.Random(3).randrange(100)))
    assert misspelt.text != text
    asked = [Message(""), meant, misspelt, Message("", misspelt.text)]
    for spelling in (True, False):
        encoder = MessageEncoder.from_file(Path(tokenizer), Limits(spelling=spelling))
        _, right, wrong, _ = encoder.encode_batch(asked)
        assert (right.windows[0].ids == wrong.windows[0].ids) == spelling
        assert wrong.text == misspelt.text  # languages are told by what was written
        bought = [encoder.encode(Message("ok", m.text)).windows[0].ids for m in (meant, misspelt)]
        assert (bought[0] == bought[1]) == spelling
