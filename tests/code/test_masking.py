"""Personal details are masked, order ids and ASINs are not, and marks stay on their words."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewguard.masking import column_names, mask
from reviewguard.schema import Evidence


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Hi Anna,\nthe lamp left.", "Hi [name],\nthe lamp left."),
        ("Dear Mr Alvarez, thank you.", "Dear Mr [name], thank you."),
        ("Hello Jo & Sam,\nok", "Hello [name] & [name],\nok"),
        ("hi tom, where is it", "hi [name], where is it"),
        ("All done. Anna can wait.\nHi Anna!", "All done. [name] can wait.\nHi [name]!"),
        ("Ready.\n\nKind regards,\nPetra from the team", "Ready.\n\nKind regards,\n[name] from the team"),
        ("Ready. Best, Nora", "Ready. Best, [name]"),
        ("Ready.\n- Tom", "Ready.\n- [name]"),
        ("My name is Ines Kovac.", "My name is [name]."),
        ("This is Kwame from the shop.", "This is [name] from the shop."),
        ("Write to nora@example.com or a1b2c3d4e5f6g7@marketplace.amazon.com", "Write to [e-mail] or [e-mail]"),
        ("Call us on (212) 555-0117, please", "Call us on [phone], please"),
        ("WhatsApp +44 1632 960171 now", "WhatsApp [phone] now"),
        ("Ring 555-0148.", "Ring [phone]."),
        ("Card 4111 1111 1111 1111 was charged", "Card [card] was charged"),
        ("Send it to 12 Oak Street, Apt 4, Springfield, IL 62704, please.", "Send it to [address], please."),
        ("I live at 221B Baker Street, London NW1 6XE.", "I live at [address]."),
        ("PO Box 44 is fine", "[address] is fine"),
        ("Bitte an Hauptstraße 12, 10115 Berlin senden", "Bitte an [address] senden"),
    ],
)  # fmt: skip
def test_details_are_masked(text: str, masked: str) -> None:
    assert mask(text).text == masked


@pytest.mark.parametrize(
    "text",
    [
        "Your order 999-1234567-7654321 (B0TEST0001) comes on Friday, 12 May 2025, at 10:30.",
        "Call 999-1234567-7654321 your order.",
        "Hi there, thanks for your feedback.",
        "Dear customer, leave 5 stars. Thank you, Customer Support",
        "Thanks, Five Stars!",
        "It weighs 1,200 g, costs $18.90 and measures 30 x 40 cm. Tracking TEST-4410882",
        "Great Product\nGreat Price",
        "Please Leave Us A Review",
        "",
    ],
)
def test_what_an_appeal_needs_stays(text: str) -> None:
    assert mask(text).text == text


def test_names_from_elsewhere_are_masked_as_whole_words() -> None:
    assert (
        mask("Marsh lives by the marsh, Marshall.", ["Ottoline Marsh"]).text
        == "[name] lives by the marsh, Marshall."
    )
    assert mask("Ottoline Marsh wrote", ["Ottoline Marsh"]).text == "[name] wrote"


def test_names_of_columns() -> None:
    values = {
        "Buyer Name": "Ottoline Marsh",
        "customer": "Bo",
        "recipient-name": "Kofi A. Mensah",
        "Product Name": "Desk Lamp",
        "company_name": "Fernhollow",
        "Customer Email": "bo@example.com",
        "first name": "no, not a name: 12",
        "text": "Ana",
    }
    assert column_names(values) == ("Ottoline Marsh", "Bo", "Kofi A. Mensah")


def test_a_mark_takes_in_the_label_of_what_it_cuts() -> None:
    text = "Hi Annabel, five stars please"
    masked = mask(text)
    moved = masked.moved(
        [Evidence(5, 22, text[5:22], "pressure", 1.0), Evidence(12, 22, "five stars", "x", 1.0)]
    )
    assert [e.text for e in moved] == ["[name], five stars", "five stars"]


PIECES = st.sampled_from(
    ["Hi Anna,", "Dear Mr Lee,", " leave five stars", " on (212) 555-0117", " a@example.com", "\nBest,\nNora",
     " 999-1234567-7654321", " 12 Oak Street", "é\U0001f600", " ", "\n", "Anna", "-", "x", "7"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=12).map("".join), st.data())
def test_marks_stay_on_their_words(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    masked = mask(text, ["Anna"])
    (moved,) = masked.moved([Evidence(start, end, text[start:end], "incentive", 1.0)])
    assert masked.text[moved.start : moved.end] == moved.text
    untouched = all(m.end <= start or m.start >= end for m in masked.masks)
    if untouched:
        assert moved.text == text[start:end]
    assert "999-1234567-7654321" in masked.text or "999-1234567-7654321" not in text


@given(st.text(max_size=200))
def test_any_text_can_be_masked(text: str) -> None:
    masked = mask(text, ["Bo"])
    position, parts = 0, []
    for item in masked.masks:
        assert position <= item.start < item.end <= len(text)
        parts += [text[position : item.start], item.label]
        position = item.end
    assert masked.text == "".join(parts) + text[position:]


@pytest.mark.parametrize(
    "text", ["Hi " * 20_000, "Aa " * 20_000, "1 " * 30_000, "\n- A" * 15_000, "12 Oak " * 10_000]
)
def test_long_texts_are_masked_in_time(text: str) -> None:
    before = time.process_time()
    mask(text)
    assert time.process_time() - before < 5
