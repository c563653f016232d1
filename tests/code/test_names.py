"""Names in greetings and sign-offs, whatever signs stand around them."""

from __future__ import annotations

import time

import pytest

from reviewguard.names import names_in


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("🎁 Hi Anna, the lamp left.", ["Anna"]),
        ("❤️ hi tom 😊\nit left", ["tom"]),
        ("*Hi Anna,* the lamp left.", ["Anna"]),
        ("Hi **Anna**, the lamp left.", ["Anna"]),
        ("_Hi Anna_ and welcome", ["Anna"]),
        ("(Hi Anna, the lamp left.)", ["Anna"]),
        ("Hi Anna 😊\nThe lamp left.", ["Anna"]),
        ("Hi Anna😊, the lamp left.", ["Anna"]),
        ("Hi Jo & Sam 😊\nThe lamp left.", ["Jo", "Sam"]),
        ("Ready 😊 Best, Nora 😊", ["Nora"]),
        ("Ready.\n*Kind regards,*\n*Petra Lind*", ["Petra Lind"]),
        ("Thanks! Best, Nora", ["Nora"]),
        ("Ready.\n- Tom 😊", ["Tom"]),
        ("Ready.\n⭐ Tom ⭐", ["Tom"]),
        ("🎁 Hi there 😊 thanks for your feedback.", []),
        ("In the box:\n• Lamp", []),
        ("High Anna, (this is Hi Fi)", []),
    ],
)  # fmt: skip
def test_names_between_emoji_and_mark_up(text: str, names: list[str]) -> None:
    assert [text[start:end] for start, end in names_in(text).places] == names


@pytest.mark.parametrize(
    "text",
    ["🎁Hi Aa " * 10_000, "\n*" * 30_000, "Best" + "😊" * 50_000 + "x", "\n- A" + " 😊" * 25_000 + "x", "_" * 50_000],
)  # fmt: skip
def test_long_rows_of_signs_are_read_in_time(text: str) -> None:
    before = time.process_time()
    names_in(text)
    assert time.process_time() - before < 5
