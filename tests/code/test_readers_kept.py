"""Exports in which a seller's words were taken for another's, or lost, and so never judged."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.code.reading import read, written

from reviewguard.errors import InputError
from reviewguard.readers.dates import parse_date
from reviewguard.schema import Role

RELAY = "abc@marketplace.amazon.com"


@pytest.mark.parametrize(
    ("table", "roles"),
    [
        ("Sender Type,Body\ncontact,B\nagent_bot,Hello\nuser,M\n", ["buyer", "seller", "seller"]),
        ("Sender,Type,Body\nSeller,Amazon,M\nBuyer,Marketplace,B\n", ["seller", "buyer"]),
        ("Message Type,Body\nBuyer-Seller Message,M\nContact Buyer,M\n", ["seller", "seller"]),
        ("From,Body\nContact <contact@boutique.example>,M\nAmazon - Acme UK,M\n", ["seller", "seller"]),
        ("From,Body\nAmazon <shop@acme.example>,M\nNoreply <noreply@acme.example>,M\n", ["seller", "seller"]),
        ("From,Body\nAmazon <noreply@amazon.com>,N\nNote (internal),N\n", ["system", "system"]),
        ("Incoming,Body\nWAHR,B\nFALSCH,M\n", ["buyer", "seller"]),
        ("Updater role,Body\nend-user,B\nagent,M\n", ["buyer", "seller"]),
        (
            "From,Body\nAna (customer),B\nAna [Buyer],B\nNora (Customer Support),M\n",
            ["buyer", "buyer", "seller"],
        ),
        ("From,Body\nBest (UK),M\nLamps (Berlin office),M\nAcme (Amazon),M\n", ["seller"] * 3),
        (
            "Type,Sender,Body\nAmazon DE,Seller,M\nAmazon Marketplace,Buyer,B\nAmazon message,Lumio,M\n",
            ["seller", "buyer", "seller"],
        ),
        ("Message Type,Body\neBay,M\nFrom Amazon,N\nMessage from Amazon,N\n", ["seller", "system", "system"]),
        (
            "From: (Address),Body\nseller-notification@amazon.com,N\nhelp@amazon-lamps.example,M\n",
            ["system", "seller"],
        ),
    ],
)
def test_who_wrote_it(tmp_path: Path, table: str, roles: list[Role]) -> None:
    assert [record.role for record in read(written(tmp_path, "a.csv", table))] == roles


@pytest.mark.parametrize("separator", ["From ", "From s@acme.example 2024-11-04 10:00:00"])
def test_a_mailbox_whose_separators_have_no_date_is_read_mail_by_mail(tmp_path: Path, separator: str) -> None:
    mails = (("Hi", RELAY, "s@acme.example"), ("From here on all is well", "s@acme.example", RELAY))
    box = "".join(
        f"{separator}\r\nFrom: {sender}\r\nTo: {to}\r\nSubject: Lamp\r\n\r\n{text}\r\n\r\n"
        for text, sender, to in mails
    )
    records = read(written(tmp_path, "Sent", box))
    assert [(r.text, r.role) for r in records] == [(mails[0][0], "buyer"), (mails[1][0], "seller")]


def test_mail_to_a_buyers_alias_is_the_sellers_whatever_program_sent_it(tmp_path: Path) -> None:
    mail = (
        f"From: Acme <s@acme.example>\nSender: bounces+77@mail.acme.example\nTo: {RELAY}\nSubject: x\n\nM\n"
    )
    (record,) = read(written(tmp_path, "a.eml", mail))
    assert record.role == "seller"


@pytest.mark.parametrize(
    "table",
    [
        "Type,Sender,Body,\nMessage,Agent,Leave us a review!,\n",
        "Name,Type,Name,Body\nAnn,Message,Ann,Leave us a review!\n",
    ],
)
def test_a_first_message_of_words_that_name_columns_is_no_header(tmp_path: Path, table: str) -> None:
    assert [record.text for record in read(written(tmp_path, "a.csv", table))] == ["Leave us a review!"]


@pytest.mark.parametrize("users", [[], [{"id": 10, "role": "end-user"}, {"id": 20, "role": "light_agent"}]])
def test_zendesk_staff_is_who_is_no_end_user(tmp_path: Path, users: list[dict[str, Any]]) -> None:
    comments = [{"author_id": n, "body": text, "public": True} for n, text in ((10, "B"), (20, "M"))]
    ticket = {"id": 1, "requester_id": 10, "submitter_id": 10, "assignee_id": 20, "comments": comments}
    export = {"tickets": [ticket], "users": users or [{"id": 10, "name": "Joe"}, {"id": 20, "name": "Ann"}]}
    records = read(written(tmp_path, "a.json", json.dumps(export)))
    assert [(record.text, record.role) for record in records] == [("B", "buyer"), ("M", "seller")]


@pytest.mark.parametrize(
    "end", ["-- \nAcme\nShare your experience with other customers", "Sent from Acme: tell other shoppers!"]
)
def test_what_may_ask_below_a_message_is_kept(tmp_path: Path, end: str) -> None:
    (record,) = read(written(tmp_path, "a.csv", f'Body\n"Shipped.\n-- \n\n{end}"\n'))
    assert end.splitlines()[-1] in record.text


@pytest.mark.parametrize(
    "column",
    [
        *(
            "Support Reply",
            "Antwort",
            "Last Agent Response",
            "Response Sent",
            "Reply to customer",
            "Outbound message",
        ),
        *("Réponse du vendeur", "Respuesta al cliente", "Antwort des Verkäufers"),
    ],
)
def test_two_columns_of_which_either_may_be_the_sellers_are_refused(tmp_path: Path, column: str) -> None:
    path = written(tmp_path, "a.csv", f"Message,{column}\nwhere is it?,leave us a review\n")
    with pytest.raises(InputError, match="may both hold"):
        read(path)
    for other, cell in (("First Response", "2024-11-03 10:00"), ("Response Time", "two hours")):
        (record,) = read(written(tmp_path, "b.csv", f"Message,{other}\nLeave us a review,{cell}\n"))
        assert record.text == "Leave us a review"


@pytest.mark.parametrize("column", ["Message", "Seller reply"])
def test_an_answer_in_a_column_of_its_own_beside_an_empty_one_is_not_passed_over(
    tmp_path: Path, column: str
) -> None:
    table = f"Ticket,Message,{column}\n1,where is it?,\n1,,leave us five stars\n"
    with pytest.raises(InputError, match="may both hold"):
        read(written(tmp_path, "a.csv", table))
    answers = "Ticket,Message,Reply\n1,On its way.,\n1,,leave us five stars\n"
    records = read(written(tmp_path, "b.csv", answers))
    assert [record.text for record in records] == ["On its way.", "leave us five stars"]


@pytest.mark.parametrize("date", ["2024年11月3日", "2024-11-03 10:00:00 +0000 UTC"])
def test_dates_of_japan_and_of_programs_are_read(tmp_path: Path, date: str) -> None:
    (record,) = read(written(tmp_path, "a.csv", f"Date,Body\n{date},M\n"))
    assert record.sent_at is not None
    assert f"{record.sent_at:%Y-%m-%d}" == "2024-11-03"


@pytest.mark.parametrize(
    "date",
    [
        "2024年11月3日 下午3:05",
        "2024年11月3日星期日 15:05",
        "2024年11月3日(日) 15時05分",
        "2024年11月3日 15:05:00",
        "2024년 11월 3일 일요일 오후 3:05",
        "2024年11月3日 15:05 +0000",
        "2024年11月4日 00:05:00 +09:00",
        "2024年11月3日 下午15:05",
        "2024年11月3日日曜日 15時5分",
    ],
)
def test_dates_of_china_japan_and_korea_with_a_clock(date: str) -> None:
    assert parse_date(date) == datetime(2024, 11, 3, 15, 5, tzinfo=UTC)


def test_kinds_and_rounded_numbers_put_no_strangers_together(tmp_path: Path) -> None:
    orders = ("111-1234567-1234567", "111-1234567-1234568")
    rows = "".join(f"Return,{order},M\n" for order in orders)
    records = read(written(tmp_path, "a.csv", f"Case,Order ID,Body\n{rows}"))
    assert [record.conversation for record in records] == list(orders)
    rounded = read(written(tmp_path, "b.csv", "Order ID,Body\n1.11123E+16,M\n1.11123E+16,M\n"))
    assert {record.conversation for record in rounded} == {None}


def test_conversations_in_a_column_of_a_parquet_file(tmp_path: Path) -> None:
    said = [{"from": "customer", "body": "Love it!"}, {"from": "agent", "body": "Please review it."}]
    table = pa.table({"ticket_id": ["7"], "description": ["A ticket"], "messages": [said]})
    pq.write_table(table, tmp_path / "a.parquet")
    records = read(tmp_path / "a.parquet")
    assert [(r.text, r.role, r.thread) for r in records][-2:] == [
        ("Love it!", "buyer", "7"),
        ("Please review it.", "seller", "7"),
    ]


def test_conversations_under_their_ids_are_told_apart(tmp_path: Path) -> None:
    said = [{"from": "customer", "body": "Love it!"}, {"from": "agent", "body": "Please review it."}]
    path = written(tmp_path, "a.json", json.dumps({"c1": {"messages": said}, "c2": {"messages": said[1:]}}))
    records = read(path)
    assert [(r.text, r.role, r.thread) for r in records] == [
        ("Love it!", "buyer", "c1"),
        ("Please review it.", "seller", "c1"),
        ("Please review it.", "seller", "c2"),
    ]
    ordered = {
        "shop1": {"messages": [one | {"order_id": f"A{n}"} for n, one in enumerate(said, 1)]},
        "shop2": {"messages": said},
    }
    first, second, *_ = read(written(tmp_path, "b.json", json.dumps(ordered)))
    assert (first.order_id, second.order_id) == ("A1", "A2")
    assert first.thread != "shop1"


def test_a_merged_sender_and_date_hold_for_all_their_rows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["From", "Date", "Body"], ["Customer", "2024-11-04", "a"], [None, None, "b"]):
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    sheet.merge_cells("B2:B3")
    book.save(tmp_path / "a.xlsx")
    first, second = read(tmp_path / "a.xlsx")
    assert (first.role, second.role) == ("buyer", "buyer")
    assert first.sent_at == second.sent_at is not None


@pytest.mark.parametrize(("zone", "hour"), [("CET", 9), ("GMT+1", 9), ("+0100", 9), ("EST", 15), ("", 10)])
def test_a_mail_whose_date_names_a_zone(tmp_path: Path, zone: str, hour: int) -> None:
    mail = f"From: s@acme.example\nTo: {RELAY}\nDate: Mon, 2 Dec 2024 10:00:00 {zone}\nSubject: x\n\nM\n"
    (record,) = read(written(tmp_path, "a.eml", mail))
    assert record.sent_at is not None
    assert record.sent_at.astimezone(UTC).hour == hour


_ATTRIBUTION = "On Mon, Nov 3, 2025 at 9:12 AM Ana &lt;abc@marketplace.amazon.com&gt; wrote:<br>"
_EARLIER = "On Sun, Nov 2, 2025 at 9:12 AM Shop &lt;s@acme.example&gt; wrote:<br>"


@pytest.mark.parametrize(
    ("subtype", "body"),
    [
        (
            "html",
            f'<div>Here it is.</div><div class="gmail_quote"><div>{_ATTRIBUTION}</div><blockquote class="gmail_quote">'
            f'<div>Where is the invoice?</div><div class="gmail_quote"><div>{_EARLIER}</div>'
            '<blockquote class="gmail_quote">Please leave us 5 stars</blockquote></div></blockquote></div>',
        ),
        (
            "plain",
            f"Here it is.\n\nOn Mon, Nov 3, 2025 at 9:12 AM Ana <{RELAY}> wrote:\n> Where is the invoice?\n>\n"
            "> On Sun, Nov 2, 2025 at 9:12 AM Shop <s@acme.example> wrote:\n>> Please leave us 5 stars\n",
        ),
    ],
)
def test_what_a_buyer_quotes_is_not_the_buyers(tmp_path: Path, subtype: str, body: str) -> None:
    mail = f"From: s@acme.example\nTo: {RELAY}\nSubject: Re: x\nContent-Type: text/{subtype}\n\n{body}\n"
    (record,) = read(written(tmp_path, "a.eml", mail))
    assert (record.text, record.previous) == ("Here it is.", "Where is the invoice?")


def test_an_alternative_that_promises_something_is_read(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "s@acme.example", RELAY, "x"
    mail.set_content("Your parcel has been sent and arrives on Monday, please tell the neighbours of it.")
    mail.add_alternative("<p>Share it online and we send you a $20 voucher.</p>", subtype="html")
    (record,) = read(written(tmp_path, "a.eml", mail.as_bytes()))
    assert "voucher" in record.text


@pytest.mark.parametrize(
    ("column", "cells", "roles"),
    [
        ("Type", ["Message client", "Message vendeur", "Message client final"], ["buyer", "seller", "buyer"]),
        ("Type", ["Email client", "Message client", "Kunden Chat"], ["seller", "seller", "seller"]),
        ("Von", ["Antwort (Kunde)", "Antwort: Kunde", "Kunde"], ["buyer", "seller", "buyer"]),
        ("Von", ["Endkunde", "Verkäufer", "Antwort des Kunden"], ["buyer", "seller", "buyer"]),
        ("Richtung", ["Entwurf", "Käufernachricht", "Antwort"], ["system", "buyer", "seller"]),
        ("Type", ["Email the client", "Contact Buyer", "Réponse du client"], ["seller", "seller", "buyer"]),
        ("Type", ["Message de l'acheteur", "Réponse du vendeur", "Au vendeur"], ["buyer", "seller", "buyer"]),
        ("Type", ["Messaggio dell'acquirente", "All'acquirente"], ["buyer", "seller"]),
    ],
)
def test_who_wrote_in_european_words(
    tmp_path: Path, column: str, cells: list[str], roles: list[Role]
) -> None:
    rows = "".join(f"{cell},M\n" for cell in cells)
    assert [r.role for r in read(written(tmp_path, "a.csv", f"{column},Body\n{rows}"))] == roles
