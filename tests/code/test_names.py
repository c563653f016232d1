"""Names in greetings and sign-offs, whatever signs stand around them."""

from __future__ import annotations

import time

import pytest

from reviewguard.names import names_in


@pytest.mark.parametrize(
    ("text", "names"),
    [
        # Between emoji and mark-up.
        ("🎁 Hi Anna, the lamp left.", ["Anna"]),
        ("❤️ hi tom 😊\nit left", ["tom"]),
        ("*Hi Anna,* the lamp left.", ["Anna"]),
        ("Hi **Anna**, the lamp left.", ["Anna"]),
        ("_Hi Anna_ and welcome", ["Anna"]),
        ("(Hi Anna, the lamp left.)", ["Anna"]),
        ("Hi Anna 😊\nThe lamp left.", ["Anna"]),
        ("Hi Anna😊, the lamp left.", ["Anna"]),
        ("Hi Jo & Sam 😊\nThe lamp left.", ["Jo", "Sam"]),
        # Without a comma, or behind one.
        ("Hi Anna Thank you for your order", ["Anna"]),
        ("Dear Anna Marsh We hope it fits", ["Anna Marsh"]),
        ("Hi, Anna here. It broke.", ["Anna"]),
        ("Hello! I'm Anna and I packed it.", ["Anna"]),
        ("It left. Thx, Anna", ["Anna"]),
        ("Name : Anna Marsh", ["Anna Marsh"]),
        ("Ready 😊 Best, Nora 😊", ["Nora"]),
        ("Ready.\n*Kind regards,*\n*Petra Lind*", ["Petra Lind"]),
        ("Thanks! Best, Nora", ["Nora"]),
        ("Ready.\n- Tom 😊", ["Tom"]),
        ("Ready.\n⭐ Tom ⭐", ["Tom"]),
        ("🎁 Hi there 😊 thanks for your feedback.", []),
        ("In the box:\n• Lamp", []),
        ("High Anna, (this is Hi Fi)", []),
        # Long names, initials and titles.
        ("Dear Anne-Marie de la Cruz, it left", ["Anne-Marie de la Cruz"]),
        ("Hi José Luis Ramírez Ortega, it left", ["José Luis Ramírez Ortega"]),
        ("Dear Jonas Marsh Keller Novak, ok", ["Jonas Marsh Keller Novak"]),
        ("Thanks so much Ottoline!", ["Ottoline"]),
        ("It left.\nBest,\nottoline", ["ottoline"]),
        ("Ship to: Ottoline Marsh, 12 Elm Street", ["Ottoline Marsh"]),
        ("Hello. This is Ottoline. It left", ["Ottoline"]),
        ("Recipient: Ottoline Marsh\nCarrier: UPS", ["Ottoline Marsh"]),
        ("Thanks, O. Marsh", ["O. Marsh"]),
        ("Hi Kofi A. Mensah, it left", ["Kofi A. Mensah"]),
        ("Sehr geehrter Herr Dr. Keller,", ["Keller"]),
        ("An Herrn von der Heide", ["Heide"]),
        ("Danke! Viele Grüße, Anna", ["Anna"]),
        ("Mit freundlichen Gruessen, Petra Lind\nund Team", ["Petra Lind"]),
        ("Un saludo, Lucía Ortega", ["Lucía Ortega"]),
        ("Cordialement, Chloé", ["Chloé"]),
        ("Distinti saluti, Marco", ["Marco"]),
        (
            "Mein Name ist Jonas, ich heiße Keller. Me llamo Lucía. Mi chiamo Marco.",
            ["Jonas", "Keller", "Lucía", "Marco"],
        ),
        ("Grüße aus Bremen", []),
        ("Ihr Paket ist da.\nMit freundlichen Grüßen,\nIhr Lumio Team", []),
        ("Ich heiße Sie willkommen. Wenn Sie Fragen haben", []),
        ("It was shipped to Germany. It was shipped to the United States, too", []),
        ("It was shipped to France Gall.", ["France Gall"]),
        # A title alone is no name, whoever follows it.
        ("Dear Miss, it left", []),
        ("Dear Ms. marsh, it left", ["marsh"]),
        ("Dear Mr and Mrs Keller, it left", ["Keller"]),
        ("Dear Mister Wong,\nit left", ["Wong"]),
        ("It left.\nThanks\nMr Keller", ["Keller"]),
        # Nor are those who all sign for.
        ("Dear reader, it left", []),
        ("It left. Best regards, After-sales team", []),
        ("It left.\nBest regards,\nTechnical Support", []),
        ("It left.\nKind regards,\nReception", []),
        ("Viele Grüße\nKundenservice", []),
        ("Dear Loyal Customer, it left", []),
        ("Dear Prime Member, it left", []),
        ("Dear Esteemed Customer Ana Marsh, it left", ["Ana Marsh"]),
        ("Dear Reviewer, it left", []),
        ("Thanks. Noted.", []),
        ("Thank you. Goodbye.", []),
        # A sign-off without a comma, and one that thanks in other languages.
        ("It left. Best regards Anna", ["Anna"]),
        ("It left.\nKind Regards Petra Lind\nof us all", ["Petra Lind"]),
        ("It left. Kind regards Customer Service", []),
        ("With best regards to Anna it left", []),
        ("Le colis est parti. Merci, Chloé", ["Chloé"]),
        ("Es ist da. Vielen Dank, Jonas", ["Jonas"]),
        ("Danke! Viele Grüße", []),
        ("Vielen Dank, Ihr Lumio Team", []),
        # Greetings of many kinds.
        ("Hi Ottoline thanks for writing.", ["Ottoline"]),
        ("Hi\xa0Ottoline, it left", ["Ottoline"]),
        ("Hi   Ottoline, it left", ["Ottoline"]),
        ("Dear Customer Ana Marsh,\nit left", ["Ana Marsh"]),
        ("Dear valued customer,\nit left", []),
        ("Dear Customer Service Team, it left", []),
        ("Ottoline,\nit left", ["Ottoline"]),
        ("Unfortunately,\nit left", []),
        ("Thank you Ottoline for your order", ["Ottoline"]),
        ("Thank You Cards for small shops", []),
        ("Thank you Amazon for this", []),
        ("Hola María, gracias", ["María"]),
        ("Bonjour Marie,\nmerci", ["Marie"]),
        ("Liebe Anna,\nvielen Dank", ["Anna"]),
        ("Liebe Grüße,\nvom Team", []),
        ("Sehr geehrte Damen und Herren,\nes ist da", []),
        ("Ciao Giulia, grazie", ["Giulia"]),
        ("Estimado Sr. García:\nhola", ["García"]),
        ("Hola Sra. Ruiz,", ["Ruiz"]),
        ("Estimada Dña. Carmen,", ["Carmen"]),
        ("Estimada señora Ruiz,", ["Ruiz"]),
        ("Gentile Sig. Rossi,", ["Rossi"]),
        ("Gentile Sig.ra Conti,", ["Conti"]),
        ("Gentile Dott.ssa Verdi,", ["Verdi"]),
        ("Gentile signora Conti,", ["Conti"]),
        ("Hallo Hr. Müller,", ["Müller"]),
        ("Sehr geehrte Hilde Kramer,", ["Hilde Kramer"]),
        ("Geachte heer De Vries,", ["De Vries"]),
        ("Inquiry from Amazon customer Ottoline Marsh (Order: 999-1234567-7654321)", ["Ottoline Marsh"]),
        ("Hello World of lamps", []),
        # Who says to be here.
        ("Casey here! It left.", ["Casey"]),
        ("Hello! Mia here again, it left.", ["Mia"]),
        ("It left. Sophie here from support", ["Sophie"]),
        ("Hi, it's Dana from the shop", ["Dana"]),
        ("Hi, it's Lotte, I pack the lamps", ["Lotte"]),
    ],
)  # fmt: skip
def test_names_in_greetings_sign_offs_and_introductions(text: str, names: list[str]) -> None:
    assert [text[start:end] for start, end in names_in(text).places] == names


@pytest.mark.parametrize(
    "text",
    [
        "This is Great. This is it. This is a lamp.",
        "Hi Team Please send it. Hello Thank You We hope it fits. Hi, Click here.",
        "I am HAPPY and so is he. Product name : Red Lamp",
        "Thanks so much for it. Thanks so much!",
        "Hi Delete your review. Hello Change it to five, Hey Kindly Please rate. HI MAKE your day",
        "Thanks, Amazon Customer Service",
        "Order 999-1234567-7654321 left.\nBest,\nsupport",
        "Ship to: 12 Elm Street, ship to Germany",
        "Thanks!\nbye",
        "Thx. Great to hear. Thank you! What shall I write? Many thanks. That was all",
        "Click here and give us 5 stars. Tap here, please.",
        "Leave us 5 stars and we send you a\nGift Card",
        "Leave us 5 stars, then ask for it on\nWhatsApp Only",
        "It left.\nSent from my phone",
        "It's here. We're here, and so's Nobody. Nobody here.",
        "It's FREE, just leave 5 stars. It's Free, leave 5 stars",
    ],
)
def test_words_of_service_are_no_names(text: str) -> None:
    assert names_in(text).places == ()


def test_what_it_is_may_be_no_name_and_is_not_looked_for_elsewhere() -> None:
    assert names_in("It's Gorgeous, and it's Dana from the shop").again == {"Dana"}


@pytest.mark.parametrize(
    "text",
    ["🎁Hi Aa " * 10_000, "\n*" * 30_000, "Best" + "😊" * 50_000 + "x", "\n- A" + " 😊" * 25_000 + "x", "_" * 50_000],
)  # fmt: skip
def test_long_rows_of_signs_are_read_in_time(text: str) -> None:
    before = time.process_time()
    names_in(text)
    assert time.process_time() - before < 5


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Wonderful, Edda! Five stars would be great.", ["Edda"]),
        ("Noted, thank you for that.", []),
        ("Unfortunately, we have none left.", []),
        ("The lamp, the cord, we have both. It ships from Dallas, Texas.", []),
        ("Take the size, XL. Use the code, STUDY5.", []),
        ("It is on its way.\nYou're welcome, Klara!", ["Klara"]),
        ("Good news, Sir! Five stars, Amazon! Happy Monday, everyone!", []),
        ("Rate the lamp, Anna, or the stand.", []),
    ],
)
def test_a_name_that_a_sentence_ends_with(text: str, names: list[str]) -> None:
    found = names_in(text)
    assert [text[start:end] for start, end in found.places] == names
    assert not found.again  # the word may be anything
