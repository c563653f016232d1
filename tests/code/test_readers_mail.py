"""Mail: who wrote to whom, what belongs together, and whose words are left when quotes and wrappers are off."""

import io
import mailbox
import random
from collections import Counter
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from tests.code.reading import EXAMPLES, errors, read, texts, written

from reviewguard.errors import InputError
from reviewguard.readers.mail import split_mailbox
from reviewguard.readers.markup import html_to_text, looks_like_html, tidy
from reviewguard.readers.wording import mended, passed_on, words_of
from reviewguard.schema import Record

RELAY = "a1b2c3d4e5f6g7@marketplace.amazon.com"
SHOP = "Lakeside Lamps <help@lakeside.example.com>"
ORDER = "999-1234567-7654321"


def raw(body: str = "Your lamp ships today.\n", /, **headers: str) -> str:
    given = {"from": SHOP, "to": RELAY, "subject": "Your lamp", "date": "Thu, 14 Nov 2024 10:00:00 +0100"}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in (given | headers).items() if value]
    return "\n".join(lines) + "\n\n" + body


def one(folder: Path, content: str | bytes, **options: object) -> Record:
    (record,) = read(written(folder, "a.eml", content), **options)
    return record


def test_every_mail_of_the_sample_mailbox_is_read() -> None:
    records = read(EXAMPLES / "mailbox.mbox")
    assert Counter(record.role for record in records) == {"seller": 9, "buyer": 4, "system": 3}
    assert errors(records) == [None] * 16
    assert all(record.text and record.sent_at for record in records)
    garlic = [record for record in records if record.order_id == "999-4410298-7716035"]
    assert [record.role for record in garlic] == ["buyer", "seller", "buyer", "seller"]
    assert {record.thread for record in garlic} == {"999-4410298-7716035"}
    assert garlic[0].asin == "B0TESTK4QX"
    assert (
        garlic[2].text == "That did it, it is tight again and crushes garlic like on day one. Thanks a lot!"
    )


def test_no_sample_keeps_quotes_markers_or_signatures() -> None:
    for record in read(EXAMPLES / "mailbox.mbox", EXAMPLES / "mail"):
        assert not any(
            sign in record.text for sign in ("wrote:", "schrieb", "-----", "\n>", "commMgr", "555-0142")
        )


def test_the_sample_mails_are_read() -> None:
    records = read(EXAMPLES / "mail")
    assert [record.role for record in records] == ["buyer", "seller", "seller", "system"]
    assert records[1].previous == "Does the lantern come with batteries? The picture shows some.\nThanks, Teo"
    assert "[right here](https://www.example.com/review/create-review?asin=B0TESTL9CH)" in records[2].text
    assert records[2].agent == "Loop & Lantern"


@pytest.mark.parametrize(
    ("headers", "role"),
    [
        ({}, "seller"),
        ({"from": f'"Ana" <{RELAY}>', "to": SHOP}, "buyer"),
        ({"from": f"<{RELAY.upper()}>", "to": SHOP}, "buyer"),
        ({"from": "Ana <ana@example.org>", "to": SHOP, "reply_to": RELAY}, "buyer"),
        ({"to": "someone@example.org", "cc": "x9y8z7w6v5u4t3@marketplace.amazon.co.uk"}, "seller"),
        ({"auto_submitted": "auto-generated", "precedence": "bulk"}, "seller"),
        ({"auto_submitted": "auto-replied", "subject": "Automatic reply: your question"}, "seller"),
        ({"from": f"<{RELAY}>", "to": SHOP, "auto_submitted": "auto-replied"}, "system"),
        ({"from": f"<{RELAY}>", "to": SHOP, "subject": "Out of office: lamp"}, "system"),
        ({"from": "Amazon <no-reply@amazon.co.uk>", "to": SHOP}, "system"),
        ({"from": "seller-notification@email.amazon.com", "to": RELAY}, "system"),
        ({"from": "MAILER-DAEMON@mx.example.net", "to": SHOP}, "system"),
        ({"to": SHOP, "content_type": "multipart/report; boundary=b"}, "system"),
        ({"to": "ana@example.org"}, "seller"),
        ({"from": "ana@example.org", "to": SHOP}, "seller"),
    ],
)
def test_role_by_headers(tmp_path: Path, headers: dict[str, str], role: str) -> None:
    assert one(tmp_path, raw(**headers)).role == role


def test_a_notice_from_a_relay_is_no_buyers_message(tmp_path: Path) -> None:
    body = "This message was not sent as it breaks the guidelines.\n"
    assert one(tmp_path, raw(body, **{"from": RELAY, "to": SHOP})).role == "system"
    assert one(tmp_path, raw(body)).role == "seller"


@pytest.mark.parametrize(
    "own", ["help@lakeside.example.com", "lakeside.example.com", "x@y.example, @lakeside.example.com"]
)
def test_own_addresses_tell_direction_without_a_relay(tmp_path: Path, own: str) -> None:
    columns = {"seller": own}
    assert one(tmp_path, raw(to="ana@example.org"), columns=columns).role == "seller"
    assert one(tmp_path, raw(**{"from": "ana@example.org", "to": SHOP}), columns=columns).role == "buyer"
    assert one(tmp_path, raw(**{"from": RELAY, "to": SHOP}), columns=columns).role == "buyer"


def mailbox_of(*mails: str) -> str:
    return "\n".join(f"From 1@x Mon Nov 04 08:00:00 +0000 2024\n{mail}" for mail in mails)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("folder", [False, True])
@pytest.mark.parametrize("shop", ["help@lakeside.example.com", "lakeside.lamps@gmail.com"])
@pytest.mark.parametrize("from_buyer", [False, True])
def test_mail_to_an_address_that_the_relay_knows_is_not_the_sellers(
    tmp_path: Path, last: bool, folder: bool, shop: str, from_buyer: bool
) -> None:
    domain = shop.partition("@")[2]
    stranger = f"lin@{domain if domain == 'gmail.com' else 'factory.example.cn'}"
    others = {
        "buyer": (
            {"from": stranger, "to": shop},
            {"from": stranger, "to": shop, "cc": shop},
        ),
        "seller": (
            {"from": shop, "to": "ana@example.org"},
            {"from": "news@sender.example.com", "reply_to": shop, "to": shop},
            {"from": "news@lamps.example.com", "to": "undisclosed:;", "delivered_to": shop},
            {"from": "news@lamps.example.com", "to": shop, "bcc": "ana@example.org, b@example.org"},
            {"from": "tom@example.org", "to": "ana@example.org", "cc": shop},
            {"from": "tom@example.org", "to": f"ana@example.org, {shop}"},
        ),
    }
    relayed = raw(**({"from": RELAY, "to": f"Shop <{shop}>"} if from_buyer else {"from": shop}))
    mails = [raw(**headers) for role in others for headers in others[role]]
    mails.insert(len(mails) if last else 0, relayed)
    said: list[str] = []
    if folder:
        for number, mail in enumerate(mails):
            written(tmp_path, f"{number}.eml", mail)
        records = read(tmp_path, note=said.append)
    else:
        records = read(written(tmp_path, "a.mbox", mailbox_of(*mails)), note=said.append)
    records.pop(-1 if last else 0)
    assert [record.role for record in records] == ["buyer"] * 2 + ["seller"] * 6
    start = "mails without an address of Amazon's: "
    assert said[0].startswith(f"{start}4 taken for the seller's; name your addresses with --map seller=")
    assert said[1].startswith(f"{start}2 taken for a buyer's, since others wrote them to your address alone")


def test_where_no_mail_tells_whose_the_mailbox_is_that_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, "a.mbox", mailbox_of(raw(to="ana@example.org"), raw(to="amazon@amazon.com")))
    said: list[str] = []
    assert {record.role for record in read(path, note=said.append)} == {"seller"}
    assert [note.startswith("mails without an address of Amazon's: 1 taken") for note in said] == [True]
    read(path, note=said.append, columns={"seller": "lakeside.example.com"})
    assert len(said) == 1


def test_an_asin_in_a_buyers_words_is_not_taken_for_the_orders(tmp_path: Path) -> None:
    said = "I take B0TEST34CD instead."
    from_buyer: dict[str, str] = {"from": RELAY, "to": SHOP}
    assert one(tmp_path, raw(said, **from_buyer)).asin is None
    begin, end = (f"------------- {side} message -------------" for side in ("Begin", "End"))
    framed = f"# B0TEST12AB: Lamp\n\n{begin}\n\n{said}\n\n{end}\n"
    assert one(tmp_path, raw(framed, **from_buyer)).asin == "B0TEST12AB"
    quoted = "".join(
        f"> {line}\n" for line in (*framed.replace("# B0TEST12AB: Lamp", "Hi").splitlines(), ".")
    )
    answer = f"A pity.\n\nOn Tue, 12 Nov 2024 at 09:00, Ana <{RELAY}> wrote:\n\n"
    record = one(tmp_path, raw(answer + quoted, subject="Re: lamp"))
    assert (record.previous, record.asin) == (said, None)
    assert (
        one(tmp_path, raw("Like B0TEST12AB?\n\n" + answer + quoted, subject="Re: lamp")).asin == "B0TEST12AB"
    )


@pytest.mark.parametrize("told", ["x_original_from", "x_original_sender", "reply_to"])
def test_mail_that_the_sellers_group_passes_on_is_not_the_sellers(tmp_path: Path, told: str) -> None:
    group = {"from": "'Ana' via Support <help@lakeside.example.com>", "to": SHOP}
    for columns in ({}, {"seller": "lakeside.example.com"}):
        record = one(tmp_path, raw(**group, **{told: f"Ana <{RELAY}>"}), columns=columns)
        assert (record.role, record.thread) == ("buyer", f"{RELAY} your lamp")
        colleague = {told: "Tom <tom@lakeside.example.com>"}
        assert one(tmp_path, raw(**group, **colleague), columns=columns).role == "seller"
        if told != "reply_to":
            amazon = {told: "seller-notification@amazon.com"}
            assert one(tmp_path, raw(**group, **amazon), columns=columns).role == "system"
            strange = one(tmp_path, raw(**group, **{told: "Ana <ana@example.org>"}), columns=columns)
            assert strange.role == ("buyer" if columns else "seller")
    answer = raw(**{"from": SHOP, "reply_to": RELAY, "cc": RELAY})
    assert one(tmp_path, answer, columns={"seller": "lakeside.example.com"}).role == "seller"


def test_columns_of_a_mail(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = SHOP, RELAY, "Größe der Lampe"
    mail["Message-ID"] = "<m1@example.com>"
    mail.set_content("It is 40 cm high.")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Maße.pdf")
    record = one(tmp_path, bytes(mail))
    assert record.values == {
        "date": "",
        "from": SHOP,
        "to": RELAY,
        "subject": "Größe der Lampe",
        "message_id": "<m1@example.com>",
        "body": "It is 40 cm high.",
        "attachments": "Maße.pdf",
    }
    assert (record.id, record.agent, record.sent_at) == ("<m1@example.com>", "Lakeside Lamps", None)


@pytest.mark.parametrize(
    ("headers", "moment"),
    [
        ({}, "2024-11-14T10:00:00+01:00"),
        ({"date": "14 Nov 2024 10:00:00 -0000"}, "2024-11-14T10:00:00+00:00"),
        ({"date": "2024-11-14 10:00"}, "2024-11-14T10:00:00+00:00"),
        (
            {"date": "soon", "received": "from a by b; Fri, 15 Nov 2024 01:02:03 +0000"},
            "2024-11-15T01:02:03+00:00",
        ),
        ({"date": "Thu, 99 Foo 0000 10:00:00 +9999"}, None),
        ({"date": "Mon, 04 Nov 2024 10:00:00 +2500"}, None),
    ],
)
def test_dates(tmp_path: Path, headers: dict[str, str], moment: str | None) -> None:
    found = one(tmp_path, raw(**headers)).sent_at
    assert (found and found.isoformat()) == moment


def test_threads(tmp_path: Path) -> None:
    by_order = one(tmp_path, raw(f"About order {ORDER}\n", references="<z@example.com>"))
    by_subject = one(tmp_path, raw(subject=f"Re: order {ORDER}"))
    assert by_order.thread == by_subject.thread == by_order.order_id == ORDER
    there = one(tmp_path, raw(**{"from": RELAY, "to": SHOP, "subject": "Lamp"}))
    back = one(tmp_path, raw(subject="AW: Re: lamp", references="<other@example.com>"))
    assert there.thread == back.thread == f"{RELAY} lamp"
    plain = {"to": "ana@example.org"}
    first = one(tmp_path, raw(message_id="<first@example.com>", **plain))
    later = one(tmp_path, raw(references="<first@example.com> <second@example.com>", **plain))
    assert first.thread == later.thread == "<first@example.com>"
    assert one(tmp_path, raw(**plain)).thread is None


MARKERS = [
    ("Begin message", "End message"),
    ("Anfang der Nachricht", "Ende der Nachricht"),
    ("Inizio messaggio", "Fine messaggio"),
    ("Début du message", "Fin du message"),
    ("Iniciar mensaje", "Finalizar mensaje"),
    ("Início da mensagem", "Fim da mensagem"),
    ("Inicio da mensagem", "Fim da mensagem"),
    ("メッセージはここから", "メッセージはここまで"),
    ("Begin message / Début du message", "End message / Fin du message"),
]


@pytest.mark.parametrize(("begin", "end"), MARKERS)
@pytest.mark.parametrize("codec", ["utf-8", "latin-1", "cp1252"])
def test_what_the_relay_passes_on(begin: str, end: str, codec: str) -> None:
    dashes = "-" * 13
    text = f"You have mail\n\n{dashes} {begin} {dashes}\n\nDoes it fit?\n\n{dashes} {end} {dashes}\nfooter"
    garbled = text.encode("utf-8").decode(codec, "replace")
    assert passed_on(mended(garbled)) == passed_on(garbled) == "Does it fit?"


def test_garbled_words_are_mended() -> None:
    assert mended("It doesnâ€™t fit, merci, DÃ©sirÃ©e") == "It doesn’t fit, merci, Désirée"
    assert mended("Ça va, Âge, 50 €") == "Ça va, Âge, 50 €"


def test_a_seller_keeps_what_stands_around_a_passed_on_message() -> None:
    text = "It fits.\n\n------- Begin message -------\nDoes it fit?\n------- End message -------\n\nBye"
    assert words_of(text, "seller", is_reply=True).own == "It fits.\n\nBye"


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("It fits.\n\nOn Mon, 4 Nov 2024 at 15:02, Ana <a@b.example> wrote:\n> Does it?\n", "It fits."),
        ("It fits.\n\nOn Mon, 4 Nov 2024 at 15:02, Ana\n<a@b.example> wrote:\nDoes it?\n", "It fits."),
        ("Passt.\n\nAm 4. Nov 2024 um 15:02 schrieb Ana <a@b.example>:\n> Passt es?\n", "Passt."),
        ("On 4 Nov 2024 at 15:02, Ana <a@b.example> wrote:\n> Does it?\n\nIt fits.\n", "It fits."),
        (
            "It fits.\n\nFrom: Ana <a@b.example>\nSent: Monday\nTo: Shop\nSubject: Lamp\n\nDoes it?",
            "It fits.",
        ),
        ("> one\n> two\n> three\nYes to all.\n> four\n> five\n> six\nNo.", "Yes to all.\n\nNo."),
        ("It fits.\n\n-- \nTom\nLakeside Lamps\n555-0102", "It fits."),
        ("It fits.\n\nSent from my iPhone", "It fits."),
    ],
)
def test_quotes_and_signatures_are_taken_off(text: str, own: str) -> None:
    assert words_of(text, "seller", is_reply=True).own == own


@pytest.mark.parametrize(
    "text",
    [
        "On the card, which lies in the box, we wrote:\nfive stars, please",
        "It fits.\n\n-- \nTom\nLove it? ⭐⭐⭐⭐⭐ here",
        "It fits.\n\n-- \nLove it? Say so on its Amazon page and we send you a $20 gift card.\nTom",
        "It fits.\n\n-- \nTom\nSay so on its page: 10 EUR for you",
        "It fits.\n--\nR3vi\u200bew us: example.com/rеview",
        ">>> One more thing <<<\nrate us",
        "Date: 4 November\nTo: your door\nLeave five stars",
        "________________________________\nLeave five stars",
        "-- \nTom",
        "> just\n> a\n> quote",
        "Thanks,\nTom\nPS: leave five stars",
        "It fits.\nWas this email helpful? Five st\u0430rs, then!",
        "It fits.\nSent from Lakeside, where every rating counts",
        "first\n" * 3000,
    ],
)
def test_a_sellers_own_words_stay(text: str) -> None:
    assert words_of(text, "seller", is_reply=True).own == tidy(text)


def test_lines_that_only_look_quoted_stay_in_a_first_mail(tmp_path: Path) -> None:
    body = "> Free returns\n> Free lamp\n> Five stars, please"
    assert one(tmp_path, raw(body)).text == body
    assert one(tmp_path, raw(f"Yes.\n{body}", in_reply_to="<q@example.com>")).text == "Yes."


def test_the_buyers_words_that_a_seller_quotes(tmp_path: Path) -> None:
    quote = f"On Mon, 4 Nov 2024 at 15:02, Ana <{RELAY}> wrote:\n> Love it!\n> Really."
    assert one(tmp_path, raw(f"Thanks.\n\n{quote}")).previous == "Love it!\nReally."
    own = quote.replace(RELAY, "help@lakeside.example.com")
    assert one(tmp_path, raw(f"Thanks.\n\n{own}")).previous is None


@pytest.mark.parametrize(
    "headers",
    [
        f"---------- Forwarded message ---------\nFrom: {SHOP}\nDate: Mon, Nov 4, 2024 at 9:00 AM\nTo: <{RELAY}>",
        "From: Lakeside Lamps, help@lakeside.example.com\nTo: Ana, 12 High Street\nDate: 4 Nov",
        "On Monday, 4 November at 10:30, you wrote:\nIt is broken.",
    ],
)
def test_what_a_seller_sends_again_or_sets_like_headers_stays_theirs(tmp_path: Path, headers: str) -> None:
    for gap in ("\n\n", "\n"):
        body = f"Hi Ana, did you see this?\n\n{headers}{gap}Leave us 5 stars and we refund the first."
        assert one(tmp_path, raw(body, subject="Fwd: Your lamp")).text == body


def test_a_buyers_mail_below_headers_is_not_the_sellers(tmp_path: Path) -> None:
    headers = f"From: Ana <{RELAY}>\nSent: Monday, November 4, 2024 9:00 AM\nTo: Shop\nSubject: Lamp"
    record = one(tmp_path, raw(f"Refunded.\n\n{headers}\n\nI would give five stars for a refund"))
    assert (record.text, record.previous) == ("Refunded.", "I would give five stars for a refund")
    answered = one(tmp_path, raw(f"See below.\n\n{headers}\n\nWhere is it?\n[Tom] Near. Leave 5 stars?"))
    assert (answered.text, answered.previous) == ("See below.\n\n[Tom] Near. Leave 5 stars?", "Where is it?")


@pytest.mark.parametrize(
    "above",
    [
        f"Da: Ana <{RELAY}>\nInviato: lunedì 4 novembre 2024 10:00\nA: Shop <s@shop.example>\nOggetto: Ordine\n",
        f"-----Oorspronkelijk bericht-----\nVan: Ana <{RELAY}>\nVerzonden: 4-11-2024 10:00\nAan: S\nOnderwerp: L\n",
        f"Fra: Ana <{RELAY}>\nSendt: 4. november 2024 10:00\nTil: Shop\nEmne: Lampe\n",
        f"-------- Original Message --------\nOn Monday, 11/04/24 at 10:00 Ana <{RELAY}> wrote:\n\n> ",
        f"Od: Ana <{RELAY}>\nWysłano: poniedziałek, 4 listopada 2024 10:00\nDo: Shop\nTemat: Lampa\n",
        f"Il giorno lun 4 nov 2024 alle ore 10:00 Ana <{RELAY}> ha scritto:\n\n> ",
        f"pon., 4 lis 2024 o 10:00 Ana <{RELAY}> napisał(a):\n\n> ",
        f"On Mon, Nov 4, 2024 at 10:00 AM Ana Long via Amazon Marketplace\n<{RELAY}>\nwrote:\n\n> ",
        f"Le lun. 4 nov. 2024 à 10:00, Ana Long via Amazon\n<{RELAY}>\na écrit :\n\n> ",
        f"Le lun. 4 nov. 2024 à 10:00, Ana <{RELAY}> a écrit\u00a0:\n\n> ",
        f"2024年11月4日(月) 10:00 Ana Long <{RELAY}>:\n\n> ",
        f"2024/11/04 10:00、Ana Long via Amazon\n<{RELAY}>のメール：\n\n> ",
        f"差出人: Ana <{RELAY}>\n送信日時: 2024年11月4日 10:00\n宛先: Shop\n件名: Lamp\n",
        f"Am Mo., 4. Nov. 2024 um 10:00 Uhr schrieb Ana Long via\nAmazon Marketplace\n<{RELAY}>:\n\n> ",
        f"Long, Ana <{RELAY}> hat am 04.11.2024 10:00 CET geschrieben:\n\n> ",
        f"发件人：Ana <{RELAY}>\n发送时间：2024年11月4日(星期一) 10:00\n收件人：Shop\n抄送：S\n主　题：Lamp\n\n",
        f"------ 原始邮件 ------\n发件人: Ana <{RELAY}>\n日期: 2024年11月4日\n收件人: Shop\n主题: Lamp\n",
        f"寄件者: Ana <{RELAY}>\n寄件日期: 2024年11月4日 10:00\n收件者: Shop\n主旨: Lamp\n\n",
        f"-------------\nSender:Ana <{RELAY}>\nSent At:2024 Nov. 4 (Mon.) 10:00\nRecipient:S\nSubject:Lamp\n",
        f"Ana Long <\n{RELAY}> 于2024年11月4日周一 10:00写道：\n\n> ",
        f"在 2024-11-04 10:00:00，“Ana Long” <{RELAY}> 写道：\n>",
        f'At 2024-11-04 10:00:00, "Ana Long" <{RELAY}> wrote:\n>',
        f"---- On Mon, 04 Nov 2024 10:00:00 +0000 Ana Long <{RELAY}> wrote ----\n\n",
        f"    On Monday, November 4, 2024 at 10:00:00 AM GMT, Ana Long <{RELAY}> wrote:\n\n ",
    ],
)
def test_quotes_of_mail_programs_in_other_languages_and_on_wrapped_lines(tmp_path: Path, above: str) -> None:
    record = one(tmp_path, raw(f"Refunded.\n\n{above}I would give five stars for a refund"))
    assert (record.text, record.previous) == ("Refunded.", "I would give five stars for a refund")


@pytest.mark.parametrize(
    "above",
    [
        "Il 4 novembre 2024\nla cliente Ana <a@b.example>\nci ha scritto di questo:",
        "2024年11月4日 10:00 <https://example.com/lamp>:",
        "Am 4.11. um 10:00 erreichen Sie Ana <a@b.example>:",
        "At 2024-11-04 10:00 write to Ana <a@b.example>:",
        "---- On Monday, as 4 buyers wrote ----",
        "Sender: Lakeside Lamps\nRecipient: Ana\nSubject: your lamp",
    ],
)
def test_what_is_only_like_the_line_above_a_quote_stays(tmp_path: Path, above: str) -> None:
    body = f"{above}\nfive stars, please"
    assert one(tmp_path, raw(body)).text == body


def test_a_quote_that_names_no_address_is_not_the_sellers() -> None:
    text = "Refunded.\n\nOn 11/4/24 10:00 AM, Ana wrote:\n> I would give five stars"
    assert words_of(text, "seller", is_reply=True).own == "Refunded."


@pytest.mark.parametrize("html", [True, False])
def test_answers_between_quoted_lines_are_the_sellers(tmp_path: Path, html: bool) -> None:
    said = f"On Mon, Nov 4, 2024 at 9:00 AM Ana &lt;{RELAY}&gt; wrote:"
    body = (
        f"<div>See inside.</div><br><div class='gmail_quote'><div>{said}<br></div>"
        "<blockquote class='gmail_quote'>Will you refund?<br>And when?</blockquote><div>Yes. Leave us 5 stars.</div>"
        "<blockquote class='gmail_quote'>I give five stars then</blockquote><div>Bye</div></div>"
    )
    plain = html_to_text(body)
    record = one(tmp_path, raw(body, content_type="text/html") if html else raw(plain))
    assert (record.text, record.previous) == (
        "See inside.\n\nYes. Leave us 5 stars.\nBye",
        "Will you refund?\nAnd when?\nI give five stars then",
    )


@pytest.mark.parametrize(
    "above",
    [
        f"On Mon, 4 Nov 2024 at 10:00, Ana <{RELAY}> wrote:",
        f"Am Mo., 4. Nov. 2024 um 10:00 Uhr schrieb Ana\n<{RELAY}>:",
    ],
)
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_an_answer_above_the_first_quoted_line_is_the_sellers(tmp_path: Path, above: str, gap: str) -> None:
    answer = f"Yes, today.\nLeave us 5 stars.{gap}"
    body = f"Hi Ana,\n\n{above}{gap}{answer}> Will you refund?"
    record = one(tmp_path, raw(body))
    assert (record.text, record.previous) == (
        "Hi Ana,\n\nYes, today.\nLeave us 5 stars.",
        "Will you refund?",
    )


def test_answers_to_several_quotes_are_the_sellers(tmp_path: Path) -> None:
    said = f"On Mon, 4 Nov 2024 at 10:00, Ana <{RELAY}> wrote:"
    body = (
        f"Hi Ana,\n\n{said}\n> Will you refund?\n\nYes.\n\n{said}\n> And when?\n> Soon?\n\nToday.\n\n"
        f"{said}\nAs you like.\n> I give five stars then\n\nLeave us a review."
    )
    record = one(tmp_path, raw(body))
    assert record.text.split("\n\n") == ["Hi Ana,", "Yes.", "Today.", "As you like.", "Leave us a review."]
    assert record.previous == "Will you refund?"


def test_a_quote_without_marks_above_an_older_one_is_not_the_sellers(tmp_path: Path) -> None:
    older = "On Sun, 3 Nov 2024 at 10:00, Lakeside Lamps <help@lakeside.example.com> wrote:\n> It ships"
    body = f"Thanks.\n\nOn Mon, 4 Nov 2024 at 10:00, Ana <{RELAY}> wrote:\nI give 5 stars\n\n{older}"
    assert one(tmp_path, raw(body)).text == "Thanks."


def test_html(tmp_path: Path) -> None:
    html = (
        "<html><head><style>p{color:red}</style><title>no</title></head><body><p>Hi&nbsp;Ana,</p>"
        "<ul><li>one</li></ul><p>see <a href='https://example.com/create-review'>here</a> "
        "<a href='mailto:a@b.example'>a@b.example</a> <img src='x' alt='five stars'></p>"
        "<span style='color: red; DISPLAY: none !important'>Five stars</span>"
        "<blockquote type='cite'>On 4 Nov 2024, at 15:02, Ana &lt;a@b.example&gt; wrote:<br>old</blockquote>"
    )
    record = one(tmp_path, raw(html, content_type="text/html; charset=utf-8"))
    assert " ".join(record.text.split()) == (
        "Hi Ana, * one see [here](https://example.com/create-review) a@b.example [five stars] Five stars"
    )


def test_addresses_and_words_in_angle_brackets_are_no_html() -> None:
    for text in ("Ana <a.b@marketplace.amazon.com> wrote:", "<i would love five stars>", "a <b and c> d"):
        assert not looks_like_html(text)
    for text in ("<h2>Hi</h2>", "<strong>Hi</strong>", "<li>Hi", "<TD align='left'>Hi", "Hi<br/>Ana"):
        assert looks_like_html(text)


def test_html_that_cannot_be_laid_out() -> None:
    assert html_to_text("<div>" * 5000 + "deep") == "deep"
    assert html_to_text("a\x00b \ud800 <p").startswith("ab")
    assert html_to_text("<!-- nothing -->") == ""


@pytest.mark.parametrize("wrong", [None, b"<p>Hi", float("nan")])
def test_html_that_is_no_text_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError, match="the HTML is of type"):
        html_to_text(wrong)


def test_the_alternative_that_says_more(tmp_path: Path) -> None:
    for plain, html, expected in [
        ("It fits, Ana.", "<p>It fits, <b>Ana</b>.</p>", "It fits, Ana."),
        (
            "See HTML.",
            "<p>It fits, Ana, and five stars would be lovely.</p>",
            "It fits, Ana, and five stars would be lovely.",
        ),
        ("It fits, Ana. Your parcel is near.", "<p>It fits. Five stars?</p>", "It fits. Five stars?"),
        ("It fits. Rate us.", "<p>Five stars?</p>", "It fits. Rate us.\n\nFive stars?"),
    ]:
        mail = EmailMessage()
        mail["From"], mail["To"] = SHOP, RELAY
        mail.set_content(plain)
        mail.add_alternative(html, subtype="html")
        assert one(tmp_path, bytes(mail)).text == expected


def test_an_inline_body_with_a_file_name_is_read(tmp_path: Path) -> None:
    named = 'Content-Type: text/plain; charset="utf-8"\nContent-Disposition: inline; filename="{}"\n\n{}\n'
    mail = raw("").rstrip() + "\n" + named.format("body.txt", "It fits.")
    assert one(tmp_path, mail).text == "It fits."
    body = "\n--b\n".join(["", named.format("body.txt", "It fits."), named.format("note.txt", "A note.")])
    record = one(tmp_path, raw(body + "\n--b--\n", content_type="multipart/mixed; boundary=b"))
    assert (record.text, record.values["attachments"]) == ("It fits.", "note.txt")


def test_text_after_an_attachment_is_read(tmp_path: Path) -> None:
    part = "Content-Type: text/plain\n\n{}\n"
    body = "\n--b\n".join(
        ["", part.format("Before."), 'Content-Type: image/png; name="x.png"\n\nAAAA\n', part.format("After.")]
    )
    record = one(tmp_path, raw(body + "\n--b--\n", content_type="multipart/mixed; boundary=b"))
    assert (record.text, record.values["attachments"]) == ("Before.\n\nAfter.", "x.png")


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        ("utf-8", "Größe".encode(), "Größe"),
        ("iso-8859-1", "Größe".encode("latin-1"), "Größe"),
        ("iso-8859-1", "Größe".encode(), "Größe"),
        ("klingon", "Größe".encode("cp1252"), "Größe"),
        ("us-ascii", b"caf\xe9", "café"),
        ("iso-2022-jp", "明かり".encode("iso-2022-jp"), "明かり"),
    ],
)
def test_charsets(tmp_path: Path, charset: str, data: bytes, text: str) -> None:
    head = raw("", content_type=f"text/plain; charset={charset}").encode()
    assert one(tmp_path, head + data).text == text


@pytest.mark.parametrize(
    "content",
    [
        raw("--b\nContent-Type: text/plain\n\nIt fits.", content_type="multipart/mixed; boundary=b"),
        raw("It fits.", content_type="multipart/mixed"),
        raw("SXQgZml0cy4", content_type="text/plain", content_transfer_encoding="base64"),
        raw("It fits.", content_type="nonsense", content_transfer_encoding="nonsense"),
        raw("It fits.", subject="=?utf-8?b?!!!?= =?x?q?=ZZ?="),
        "From: a\n" + raw("It fits."),
    ],
)
def test_broken_mime_gives_what_there_is(tmp_path: Path, content: str) -> None:
    record = one(tmp_path, content)
    assert "It fits." in record.text
    assert record.error is None


def test_mangled_mails_never_raise(tmp_path: Path) -> None:
    source = (EXAMPLES / "mailbox.mbox").read_bytes()
    chance = random.Random(3)
    for _ in range(8):
        data = bytearray(source)
        for _ in range(60):
            place = chance.randrange(len(data))
            data[place : place + chance.randrange(12)] = chance.randbytes(chance.randrange(6))
        assert len(read(written(tmp_path, "a.mbox", bytes(data)))) >= 10


def test_nesting_without_end_still_gives_the_text(tmp_path: Path) -> None:
    layers = "".join(f"Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n" for i in range(600))
    record = one(tmp_path, f"From: {SHOP}\nTo: {RELAY}\n{layers}\nIt fits.")
    assert (record.role, record.text.endswith("It fits.")) == ("seller", True)


def test_what_is_no_mail_is_an_error(tmp_path: Path) -> None:
    assert one(tmp_path, "just words\nand more").error == "no mail: it has no headers"


LINE = "From help@lakeside.example.com Thu Nov 14 10:00:00 2024\n"


def test_a_mailbox_with_garbage_between_mails(tmp_path: Path) -> None:
    content = f"garbage\n{LINE}{raw('One.')}\n\n{LINE}\x00\xff no header\n{LINE}{raw('Two.')}\n"
    records = read(written(tmp_path, "box", content), format="mbox")
    assert texts([record for record in records if not record.error]) == ["One.", "Two."]
    assert sum(record.error is not None for record in records) == 2


def test_only_a_dated_line_parts_mails(tmp_path: Path) -> None:
    body = "From our side all is well.\n>From here on, too.\n"
    (record,) = read(written(tmp_path, "box", LINE + raw(body)))
    assert record.text == "From our side all is well.\nFrom here on, too."
    assert record.place == "mail 1"


def test_mailboxes_of_other_programs(tmp_path: Path) -> None:
    for line in ("From - Thu Nov 14 10:00:00 2024\r\n", "From 18@xxx Thu Nov 14 10:00:00 +0000 2024\n"):
        assert len(read(written(tmp_path, "export", (line + raw() + "\n") * 3))) == 3


def test_a_huge_mail_is_cut_and_the_next_one_read() -> None:
    box = io.BytesIO(f"{LINE}{raw('x' * 70 + chr(10))}{'AAAA' * 20}\nmore\n{LINE}Next.\n".encode())
    first, second = split_mailbox(box, limit=150)
    assert b"Your lamp" in first
    assert b"more" not in first
    assert second == b"Next.\n"


def test_a_draft_in_a_maildir_reached_nobody(tmp_path: Path) -> None:
    for flags in ("S", "DSa"):
        written(tmp_path, f"Maildir/cur/1.host:2,{flags}", raw())
    assert {r.source[-2:]: r.role for r in read(tmp_path)} == {",S": "seller", "Sa": "system"}


def test_maildir(tmp_path: Path) -> None:
    inbox = mailbox.Maildir(tmp_path / "Maildir")
    inbox.add(raw("Does it fit?", **{"from": RELAY, "to": SHOP}))
    sent = inbox.add_folder("Sent")
    for body in ("It fits.", "Yours, Tom"):
        sent.add(raw(body))
    written(tmp_path, "Maildir/tmp/half", raw("half"))
    records = [record for record in read(tmp_path / "Maildir") if not record.error]
    assert sorted(texts(records)) == ["Does it fit?", "It fits.", "Yours, Tom"]


@pytest.mark.parametrize("domain", ["m.marketplace.amazon.co.jp", "m.amazon.com"])
def test_relays_for_mobiles_are_relays(tmp_path: Path, domain: str) -> None:
    relay = f"a1b2@{domain}"
    assert one(tmp_path, raw("I love it!\n", **{"from": f"Ana <{relay}>", "to": SHOP})).role == "buyer"
    body = f"Could you share that?\n\nOn Nov 3, 2024, at 9:05, Ana <{relay}> wrote:\n> I love it!\n> Really\n> Ana\n"
    reply = one(tmp_path, raw(body, to=relay, in_reply_to="<1@x>"))
    assert (reply.role, reply.previous) == ("seller", "I love it!\nReally\nAna")


@pytest.mark.parametrize(
    "headers",
    [
        "From: Ana <{0}>\nSent: Monday, November 4, 2024 10:00 AM\nTo: Support <help@x.example>\nSubject: Inquiry",
        "From: Ana <{0}>\nSubject: Inquiry\nDate: November 4, 2024 at 10:00:00 AM\nTo: Support <help@x.example>",
        "Von: Ana <{0}>\nGesendet: Montag, 4. November 2024 10:00\nAn: Support <help@x.example>\nBetreff: Anfrage",
    ],
    ids=["Outlook", "Apple", "German"],
)
def test_quoted_headers_need_no_empty_line_below(tmp_path: Path, headers: str) -> None:
    for gap in ("\n", "\n\n"):
        body = f"Could you share that in a review?\n\n{headers.format(RELAY)}{gap}I love it!\n"
        record = one(tmp_path, raw(body, subject="Re: Inquiry"))
        assert (record.text, record.previous) == ("Could you share that in a review?", "I love it!")


@pytest.mark.parametrize(
    "header",
    [{"X_Gmail_Labels": "Drafts"}, {"X_Gmail_Labels": '"Entwürfe",Ungelesen'}, {"X_Unsent": "1"}],
    ids=str,
)
def test_a_draft_reached_nobody(tmp_path: Path, header: dict[str, str]) -> None:
    assert one(tmp_path, raw("Five stars, please.\n", **header)).role == "system"
    assert (
        one(tmp_path, raw("Five stars, please.\n", X_Gmail_Labels="Sent,Draftsmen,Old drafts")).role
        == "seller"
    )


@pytest.mark.parametrize("end", ["</body></html>\n", "</HTML>", "</html><html><body>"])
def test_words_behind_the_end_of_a_page_are_read(end: str) -> None:
    text = html_to_text(f"<html><body><p>It is on its way.</p>{end}<p>Leave us five stars.</p>")
    assert text.split("\n\n") == ["It is on its way.", "Leave us five stars."]


@pytest.mark.parametrize("depth", [300, 3000])
def test_words_in_mark_up_nested_without_end_are_read(depth: int) -> None:
    assert "five stars" in html_to_text("<p>Hello</p>" + "<span>" * depth + "five stars")


@pytest.mark.parametrize(
    "header",
    [
        f"De : Ana <{RELAY}>\nEnvoyé : lundi 4 novembre 2024 01:00\nÀ : Shop\nObjet : Lampe",
        f"De\u00a0: Ana <{RELAY}>\nEnvoyé\u00a0: lundi 4 novembre 2024 01:00\nÀ\u00a0: Shop\nObjet\u00a0: Lampe",
        "Von: Ben - Amazon Marketplace\nGesendet: Montag, 4. November 2024 01:00\nAn: Shop\nBetreff: Lampe",
    ],
)
def test_a_buyers_quoted_words_are_the_buyers_however_outlook_heads_them(tmp_path: Path, header: str) -> None:
    record = one(tmp_path, raw(f"Merci.\n\n{header}\n\nI give 5 stars for a refund", to=RELAY))
    assert (record.text, record.previous) == ("Merci.", "I give 5 stars for a refund")


def test_a_subject_that_asks_is_judged_with_a_sellers_mail_that_answers_none(tmp_path: Path) -> None:
    ask = raw("Your parcel is on its way.", subject="Leave us 5 stars", to=RELAY)
    assert one(tmp_path, ask).text == "Leave us 5 stars\n\nYour parcel is on its way."
    for subject in ("Re: Bad review", "Your order"):
        assert one(tmp_path, raw("We are sorry.", subject=subject, to=RELAY)).text == "We are sorry."


def test_what_a_style_hides_parts_no_words() -> None:
    hidden = "<b style='DISPLAY : NONE'>z<u style='display:none'>z</u></b>"
    html = f"<p>a 5 st<i style='display:none'>xq</i>ar rev{hidden}iew</p>"
    assert html_to_text(html).split() == ["a", "5", "star", "review", "xq", "zz"]
