"""What a row says: columns by name, who wrote it, when, and about which order and product."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.code.reading import read, texts, written

from reviewguard.errors import InputError
from reviewguard.readers.columns import find_fields, recognise, unique_names
from reviewguard.readers.dates import day_first, other_day, parse_date
from reviewguard.readers.identifiers import find_asin, find_order_id
from reviewguard.readers.markup import tidy
from reviewguard.readers.roles import role_columns, role_of_value, told_role
from reviewguard.readers.transcripts import REFUSED
from reviewguard.readers.vocabulary import fold, load_vocabulary

NOWHERE = Path("export.csv")


def test_columns_are_found_however_they_are_spelled() -> None:
    header = ["Ticket #", "Amazon Order ID", "createdAt", "MESSAGE_BODY", "From", "Assignee Name", "e-mail"]
    assert recognise(header, {}) == {
        "thread": "Ticket #",
        "order_id": "Amazon Order ID",
        "date": "createdAt",
        "text": "MESSAGE_BODY",
        "sender": "From",
        "agent": "Assignee Name",
    }


def test_columns_are_found_where_their_words_are_not_parted(tmp_path: Path) -> None:
    header = "CASEID,TEXTBODY,HTMLBODY,ISINCOMING,MESSAGEDATE,ORDERNUMBER,bestellnr"
    rows = "7,Fits?,<p>Fits?</p>,1,2024-11-03,A-17,\n7,,<p>It fits.</p>,0,2024-11-03,,A-17\n"
    records = read(written(tmp_path, "a.csv", f"{header}\n{rows}"))
    assert [(r.text, r.role, r.order_id, r.thread) for r in records] == [
        ("Fits?", "buyer", "A-17", "7"),
        ("It fits.", "seller", "A-17", "7"),
    ]
    assert {record.sent_at for record in records} == {datetime(2024, 11, 3, tzinfo=UTC)}
    assert fold("messageID") == fold("MESSAGEID") == "message_id"
    assert fold("THREADID") == "thread_id"


@pytest.mark.parametrize("column", ["PARENTID", "REQUESTID", "SESSIONID", "INTERACTIONID", "ISSUEID"])
def test_a_vague_number_in_one_word_parts_no_answer_from_its_question(tmp_path: Path, column: str) -> None:
    rows = "101,,A-17,in,Fits?\n102,101,A-17,out,It fits.\n"
    records = read(written(tmp_path, "a.csv", f"ID,{column},ORDERNUMBER,DIRECTION,BODY\n{rows}"))
    assert [(r.thread, r.order_id) for r in records] == [(None, "A-17")] * 2


def test_plain_text_is_preferred_to_html_and_the_first_of_two_columns_of_one_name() -> None:
    assert recognise(["body_html", "body_text"], {})["text"] == "body_text"
    assert recognise(["Body", "body"], {})["text"] == "Body"


def test_a_whole_body_is_preferred_to_what_a_helpdesk_left_of_it() -> None:
    assert recognise(["stripped_text", "body_html"], {})["text"] == "body_html"
    assert recognise(["preview", "description", "Nachricht"], {})["text"] == "Nachricht"
    assert recognise(["description"], {})["text"] == "description"


def test_where_a_text_is_empty_the_next_body_that_has_words_is_read(tmp_path: Path) -> None:
    header = "description,message,body_html,comment\n"
    rows = header + "lamp,,<p>five stars?</p>,x\nlamp,<br>,,thanks\nlamp,hi,hm,x\nlamp,,,\n"
    path = written(tmp_path, "a.csv", rows)
    assert texts(read(path)) == ["five stars?", "thanks", "hi", ""]
    assert texts(read(path, columns={"text": "message"})) == ["", "", "hi", ""]
    assert texts(read(path, columns={"previous": "comment"}))[1] == ""
    lines = '{"body_text": null, "body_html": "<p>five stars?</p>"}\n{"body_text": "hi", "body_html": "<p>hm</p>"}\n'
    assert texts(read(written(tmp_path, "a.jsonl", lines))) == ["five stars?", "hi"]


def test_a_given_column_wins_and_must_exist(tmp_path: Path) -> None:
    assert find_fields(["body", "Draft"], {"text": "Draft"}, NOWHERE)["text"] == "Draft"
    with pytest.raises(InputError, match="no column 'Text'"):
        find_fields(["mail_of_ours"], {"text": "Text"}, NOWHERE)
    path = written(tmp_path, "a.csv", "body\nHi\n")
    for given in ({"text": "Text"}, {"text": ("body", "Text")}, {"date": "Text"}):
        with pytest.raises(InputError, match="no column 'Text'"):
            read(path, columns=given)
    with pytest.raises(InputError, match="unknown field"):
        find_fields(["body"], {"words": "body"}, NOWHERE)
    with pytest.raises(InputError, match="--map text="):
        find_fields(["a", "b"], {}, NOWHERE)


def test_of_several_names_for_a_field_the_first_that_a_table_has_is_taken(tmp_path: Path) -> None:
    november = written(tmp_path, "1.csv", "Contacts\nDay sent,Text,We wrote\n2024-11-03,hm,a\n")
    december = written(tmp_path, "2.csv", "When it went,Our answer\n2024-12-03,b\n")
    usual = written(tmp_path, "3.csv", "Date,Text\n2025-01-03,c\n")
    lines = [{"Our answer": "d", "We wrote": "e", "text": "hm"}, {"text": "f"}]
    kept = written(tmp_path, "4.jsonl", "".join(f"{json.dumps(line)}\n" for line in lines))
    lists = {"nov": [{"We wrote": "g"}], "dec": [{"text": "h"}], "products": [{"description": "lamp"}]}
    nested = written(tmp_path, "5.json", json.dumps(lists))
    given = {"text": ("We wrote", "Our answer"), "date": ("Day sent", "When it went")}
    records = read(november, december, usual, kept, nested, columns=given)
    assert texts(records) == list("abcefgh")
    assert [record.sent_at and record.sent_at.month for record in records] == [11, 12, 1, *[None] * 4]
    with pytest.raises(InputError, match=r"3.csv: no column 'We wrote' or 'Our answer'"):
        read(written(tmp_path, "3.csv", "Date,Words\n"), columns=given)
    with pytest.raises(InputError, match=r"no column 'Our answer' in any table; not read: .*4.csv is empty"):
        read(november, written(tmp_path, "4.csv", ""), columns=given)


def test_a_message_beside_its_answer_needs_to_be_told_whose_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "Message,Our Reply\nWhere is it?,It comes.\n")
    with pytest.raises(InputError, match="--map text='Our Reply' --map previous='Message'"):
        read(path)
    (record,) = read(path, columns={"text": "Our Reply", "previous": "Message"})
    assert (record.text, record.previous) == ("It comes.", "Where is it?")
    for header, cells in (("Message,Reply", "Where is it?,"), ("Message,Response", "Where is it?,200")):
        assert texts(read(written(tmp_path, "b.csv", f"{header},Date\n{cells},2024-11-03\n"))) == [
            "Where is it?"
        ]


@pytest.mark.parametrize(
    ("header", "cells", "role"),
    [
        ("MessageType,ReceiveDate", "AskSellerQuestion,2024-11-03", "buyer"),
        ("MessageType,ReceiveDate", "ResponseToASQQuestion,2024-11-03", "seller"),
        ("Email direction,Activity date", "INCOMING_EMAIL,2024-11-03", "buyer"),
        ("commenterType,commentedTime", "END_USER,2024-11-03", "buyer"),
        ("user.customer?,created_at", "true,2024-11-03", "buyer"),
        ("conversation_part_type,created_at", "note,2024-11-03", "system"),
        ("author_type,is_draft,date", "agent,true,2024-11-03", "system"),
        ("senderUsername,createdDate", "eBay,2024-11-03", "system"),
        ("Sender,MessageType,ReceiveDate", "ana77,FROM_EBAY,2024-11-03", "system"),
        ("author.type,is_inbound,created_at", "user,false,2024-11-03", "seller"),
        ("hs_engagement_type,hs_timestamp", "NOTE,2024-11-03", "system"),
        ("visibility,created_at", "agents,2024-11-03", "system"),
        ("Is Published,CreatedDate", "0,2024-11-03", "system"),
        ("message_author_type,message_created_at", "lead,2024-11-03", "buyer"),
        ("message_sender_type,date", "customer,2024-11-03", "buyer"),
        ("message_author,date", "Customer,2024-11-03", "buyer"),
        ("part_type,created_at", "note_and_reopen,2024-11-03", "system"),
        ("is_inbound,draft_mode,created_at", "false,shared,2024-11-03", "system"),
        ("is_inbound,draft_mode,created_at", "false,,2024-11-03", "seller"),
        ("type,state,createdAt", "message,draft,2024-11-03", "system"),
        ("type,state,createdAt", "message,published,2024-11-03", "seller"),
        ("Incoming,Status,MessageDate", "0,Draft,2024-11-03", "system"),
        ("Incoming,IsPrivateDraft,MessageDate", "0,1,2024-11-03", "system"),
        ("Status,Sent (PT)", "Bounced,2024-11-03", "system"),
        ("Status,Sent Date (PST)", "NOT SENT,2024-11-03", "system"),
        ("Direction,Status,Date (UTC+1)", "outgoing,failed,2024-11-03", "system"),
        ("Email Status,Sent Date", "Bounced,2024-11-03", "system"),
        ("Message Status,Sent Date", "Cancelled,2024-11-03", "system"),
        ("sendStatus,Sent Date", "Undelivered,2024-11-03", "system"),
        ("Sent Status,Sent Date", "Delivered,2024-11-03", "seller"),
        ("Status,Sent Date", "Cancelled,2024-11-03", "seller"),
        ("Delivery Status,Sent Date", "Soft bounce,2024-11-03", "system"),
        ("Delivery Status,Sent Date", "Failed,2024-11-03", "seller"),
        ("Status,Email Sent Date", "Delivered,2024-11-03", "seller"),
        ("Status,Email Date", "closed,2024-11-03", "seller"),
        ("From,Date Emailed", "Customer,2024-11-03", "buyer"),
        ("From,Message Sent [Europe/Berlin]", "Agent,2024-11-03", "seller"),
        ("Subject,Contact date", "Lamp,2024-11-03", "seller"),
        ("Subject,Replied at (local time)", "Lamp,2024-11-03", "seller"),
        ("Subject,Answered on", "Lamp,2024-11-03", "seller"),
        ("Subject,Day", "Lamp,2024-11-03", "seller"),
        ("Subject,When", "Lamp,2024-11-03", "seller"),
    ],
)
def test_columns_of_marketplaces_and_helpdesks(tmp_path: Path, header: str, cells: str, role: str) -> None:
    (record,) = read(written(tmp_path, "a.csv", f"{header},Body\n{cells},Hi\n"))
    assert (record.role, record.sent_at) == (role, datetime(2024, 11, 3, tzinfo=UTC))


def test_a_time_zone_is_no_part_of_a_columns_name_and_other_brackets_are() -> None:
    assert {fold(f"Sent ({zone})") for zone in ("PT", "EST", "GMT+2", "MEZ", "Pacific Time")} == {"sent"}
    assert [fold(name) for name in ("Delivery (est)", "(UTC)", "Price (EUR)")] == [
        "delivery_est",
        "utc",
        "price_eur",
    ]


@pytest.mark.parametrize(
    ("header", "noted"),
    [
        ("Order ID,Body", True),
        ("Order ID,Shipping day,Body", True),
        ("Body,Name", False),
        ("Order ID,Sent,Body", False),
    ],
)
def test_orders_without_a_known_date_are_said(tmp_path: Path, header: str, noted: bool) -> None:
    said: list[str] = []
    row = ",".join("Hi" for _ in header.split(","))
    path = written(tmp_path, "a.csv", f"{header}\n{row}\n")
    read(path, note=said.append)
    assert [str(path) in note and "--map date=" in note for note in said] == [True] * noted


@pytest.mark.parametrize(
    ("cells", "role"),
    [
        (("", "TOTAL"), "system"),
        (("Grand total", "245"), "system"),
        (("Summe:", ""), "system"),
        (("Total", "It comes to $5"), "seller"),
        (("", "Total: 5 lamps are on their way"), "seller"),
    ],
)
def test_a_row_of_sums_is_no_message(tmp_path: Path, cells: tuple[str, str], role: str) -> None:
    (record,) = read(written(tmp_path, "a.csv", "Item,Body\n" + ",".join(cells) + "\n"))
    assert record.role == role


@pytest.mark.parametrize(
    ("chat", "both"),
    [
        ("Customer: Where is it? I leave a bad review\nAgent Tom: It comes tomorrow.", True),
        ("[10:02] Customer: Where is my parcel?\n[10:05 AM] Agent: On its way", True),
        ("2024-11-08 10:02:11 - Visitor 7: Where is it now\n2024-11-08 10:03 - Support (Tom): Near", True),
        ("Buyer (10:02 AM):\nWhere is my parcel?\n\nTom (Agent) [11/08 10:03]:\nNear", True),
        ("(10:02:11 AM) Ana: Where is it?\n(10:03:11 AM) Tom: Near", True),
        ("[10:02:11] Ana: Where is it?\n[10:03:11] Tom: Near", True),
        ("(10:02) Ana: Where is it?\n(10:03) Tom: Near", True),
        ("2024-11-08 10:02:11 Ana: Where is it?\n2024-11-08 10:03:11 Tom: Near", True),
        ("08/11/2024, 10:02 - +44 7700 900123: Where is it?\n08/11/2024, 10:03 - Tom: Near", True),
        ("2024-11-08T10:02:11Z Customer: Where is it?\n2024-11-08T10:03:11Z Agent: Near", True),
        ("Hi\n[08/11/24, 10:02] Ana: Where?\n[08/11/24, 10:03] Tom: Near\n[08/11/24, 10:04] Ana: OK", True),
        ("Chat started: 2024-11-08 10:02\n\nCustomer: Where is it?\nAgent: Near", True),
        ("Hi Ana,\n2024-11-08 10:02 Hamburg: It left.\n2024-11-09 10:03 Berlin: It is here.", False),
        ("[10:02] Tom: Near\n[10:03] Tom: Anything else?", False),
        ("10:00 - 18:00: open\n08/11/2024, 10:00 - 18:00: closed\n09/11/2024 10:00 - 12:00: open", False),
        ("Agent Tom: It comes tomorrow.\nAgent Tom: Anything else?", False),
        ("Customer: thanks\nAgent Tom: Leave us 5 stars", False),
        ("Customer: Where is it?\n\nAgent: Near\n\nCustomer: Thanks a lot then", True),
        ("Hi Ana,\nCustomer: Ana Long Smith\nSeller: Lumio", False),
        ("Buyer: Ana Lee Marsh\nSeller: Lumio\n\nDear Ana, please leave us 5 stars", False),
        ("Buyer: Ana Lee Marsh\r\nSeller: Lumio\r\n\r\nDear Ana, please leave us 5 stars", False),
        ("Customer service: we are here for you\nSeller: Lumio", False),
        ("Customer reviews: see what others say\nOur page: lumio.example", False),
    ],
)
def test_a_chat_in_one_cell_is_refused_for_it_holds_both_sides_words(
    tmp_path: Path, chat: str, both: bool
) -> None:
    rows = [{"Conversation": chat, "sender": sender} for sender in ("", "customer")]
    path = written(tmp_path, "a.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    record, buyers = read(path, columns={"text": "Conversation"})
    assert (record.text, record.error) == (chat, REFUSED if both else None)
    assert buyers.error is None


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("We&#39;d love 5 stars &amp; you&#8217;ll get a card", "We'd love 5 stars & you’ll get a card"),
        (
            "Fish & chips; a&b; see https://a.example/?x=1&copy=2",
            "Fish & chips; a&b; see https://a.example/?x=1&copy=2",
        ),
        (
            "Dear Ana,=0D=0A=0D=0AYour item ships=20\n=E2=80=9Ctoday=E2=80=9D",
            "Dear Ana,\n\nYour item ships \n“today”",
        ),
        ('<p class=3D"x">It=E2=80=99s here,=0D=0AAna</p>', "It’s here, Ana"),
        ("It=E2=80=99s 5=20", "It=E2=80=99s 5=20"),
        ("Pass =C3=84 or =C3=84 =FF", "Pass =C3=84 or =C3=84 =FF"),
        ("a=20\nb=30\nc=0d", "a=20\nb=30\nc=0d"),
    ],
)
def test_what_an_export_left_encoded_is_decoded(tmp_path: Path, body: str, text: str) -> None:
    assert texts(read(written(tmp_path, "a.jsonl", json.dumps({"body": body}) + "\n"))) == [text]
    ticket = {
        "id": 1,
        "requester_id": 5,
        "submitter_id": 5,
        "comments": [{"author_id": 6, "html_body": body}],
    }
    assert texts(read(written(tmp_path, "a.json", json.dumps([ticket])))) == [tidy(text)]


@pytest.mark.parametrize("column", ["Status", "State"])
def test_a_column_given_as_the_sender_tells_who_wrote_whatever_its_name(tmp_path: Path, column: str) -> None:
    rows = [("Received", "Fits?"), ("Sent", "It fits."), ("Draft", "Hm")]
    table = written(tmp_path, "a.csv", f"{column},Body\n" + "".join(f"{way},{text}\n" for way, text in rows))
    messages = [{column: way, "Body": text} for way, text in rows]
    whole = written(tmp_path, "a.jsonl", json.dumps({"id": 1, "parts": messages}) + "\n")
    for path in (table, whole):
        for own in ({}, {"seller": "Lumio"}):
            records = read(path, columns={"sender": column, **own})
            assert [record.role for record in records] == ["buyer", "seller", "system"]
    own_name = written(tmp_path, "b.csv", f"{column},Body\nLumio,Hi\nAna,Hi\n")
    records = read(own_name, columns={"sender": column, "seller": "Lumio"})
    assert [record.role for record in records] == ["seller", "buyer"]


@pytest.mark.parametrize(
    ("others", "user"),
    [("Customer", "seller"), ("contact", "seller"), ("lead,admin", "buyer"), ("bot", "buyer"), ("", "buyer")],
)
def test_user_means_staff_where_the_others_are_called_customers(
    tmp_path: Path, others: str, user: str
) -> None:
    words = [word for word in others.split(",") if word]
    rows = "".join(f"{word},Hi\n" for word in ("user", *words))
    records = read(written(tmp_path, "a.csv", f"Author type,Body\n{rows}"))
    assert records[0].role == user
    lines = "".join(json.dumps({"author": {"type": word}, "body": "Hi"}) + "\n" for word in ("user", *words))
    assert read(written(tmp_path, "a.jsonl", lines))[0].role == user


def test_a_ticket_is_the_thread_and_where_it_is_missing_a_conversations_number(tmp_path: Path) -> None:
    rows = "Conversation ID,Ticket ID,Case,Body\nc1,t1,Return,a\nc2,,Return,b\n,,Return,c\n"
    assert [r.thread for r in read(written(tmp_path, "a.csv", rows))] == ["t1", "c2", None]


def test_the_sellers_own_addresses_and_names_tell_who_wrote_a_row(tmp_path: Path) -> None:
    rows = "From,Body\nLumio <help@shop.example>,a\nana@example.org,b\nMyShop,c\nBo,d\nCustomer,e\n,f\n"
    path = written(tmp_path, "a.csv", rows)
    known = read(path, columns={"seller": "shop.example,MyShop"})
    assert [r.role for r in known] == ["seller", "buyer", "seller", "buyer", "buyer", "seller"]
    assert [r.role for r in read(path)] == ["seller"] * 4 + ["buyer", "seller"]
    for name, more in (("Von", {}), ("Message author", {}), ("De", {"sender": "De"})):
        path = written(tmp_path, "b.csv", f"{name},Body\nMyShop,a\nBo,b\n")
        assert [r.role for r in read(path, columns={"seller": "MyShop", **more})] == ["seller", "buyer"]


def test_the_sellers_names_may_have_several_words(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "From,Body\nLena Berg,a\nLena,b\nJo,c\n12,d\nhelp@shop.example,e\n")
    own = "lena  berg; 11 12, help@shop.example @b.example"
    roles = ["seller", "buyer", "buyer", "seller", "seller"]
    assert [r.role for r in read(path, columns={"seller": own})] == roles


@pytest.mark.parametrize("column", ["author_id", "User ID", "senderId", "from.id"])
def test_the_sellers_own_ids_tell_who_wrote_a_row(tmp_path: Path, column: str) -> None:
    path = written(tmp_path, "a.csv", f"{column},Body\n4711,a\n99,b\n,c\n")
    assert [r.role for r in read(path, columns={"seller": "12,4711"})] == ["seller", "buyer", "seller"]
    assert [r.role for r in read(path, columns={"seller": "Lena Berg"})] == ["seller"] * 3
    path = written(
        tmp_path, "b.csv", f"From,Direction,{column},Body\nLena,,4711,a\nAna,,99,b\nAna,in,4711,c\n"
    )
    assert [r.role for r in read(path, columns={"seller": "4711"})] == ["seller", "buyer", "buyer"]


def test_of_several_columns_of_ids_the_writers_counts(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "user_id,author_id,Body\n4711,4711,a\n4711,99,b\n")
    assert [r.role for r in read(path, columns={"seller": "4711"})] == ["seller", "buyer"]


def test_the_sellers_own_address_tells_more_than_the_name_beside_it(tmp_path: Path) -> None:
    own = "contact@shop.example"
    rows = f"Contact,{own}\nAmazon,{own}\nContact <{own}>,\nContact,ana@a.example\n"
    path = written(tmp_path, "a.csv", "From,From email,Body\n" + rows.replace("\n", ",Hi\n"))
    assert [r.role for r in read(path, columns={"seller": "contact@shop.example"})] == ["seller"] * 3 + [
        "buyer"
    ]
    told = "contact@shop.example,incoming\ncontact@shop.example,Internal note\n"
    path = written(tmp_path, "b.csv", "From,Type,Body\n" + told.replace("\n", ",Hi\n"))
    assert [r.role for r in read(path, columns={"seller": "shop.example"})] == ["buyer", "system"]


def test_another_column_tells_more_than_a_name() -> None:
    for name in ("Contact", "Amazon", "Marketplace", "eBay"):
        assert told_role({"from": name, "type": "Outgoing"}) == "seller"
        assert told_role({"sender_type": "agent", "sender": name}) == "seller"
        assert told_role({"direction": "outbound", "sender_name": name}) == "seller"
        assert told_role({"from": name, "type": "Internal note"}) == "system"
    assert told_role({"from": "Contact", "type": "incoming"}) == "buyer"
    assert told_role({"from": "Amazon", "direction": "inbound"}) == "system"
    assert told_role({"sender_type": "Contact"}) == "buyer"


def test_every_name_of_the_vocabulary_is_folded_and_means_one_role() -> None:
    known = load_vocabulary()
    names = [name for names in known.columns.values() for name in names]
    assert [
        name for name in (*names, *known.values, *known.flags, *known.audiences) if fold(name) != name
    ] == []
    assert known.fillers.isdisjoint(known.words)
    assert set(known.values.values()) == {"seller", "buyer", "system"}


def test_repeated_and_empty_headers_get_names_of_their_own() -> None:
    assert unique_names(["a", "", "a", "a", "a (2)"]) == ["a", "column 2", "a (2)", "a (3)", "a (2) (2)"]


@pytest.mark.parametrize(
    ("role", "values"),
    [
        (
            "seller",
            "agent|Staff|OUTGOING|outbound|Public reply|admin|customer service|Agent: Nora|reply to customer"
            "|bot|automation",
        ),
        (
            "seller",
            "Verkäufer|Verkäuferin|Händler|Vendeur|vendedor|Venditore|Ausgehende Nachricht|Ausgang|gesendet|sortant"
            "|saliente|Käufer-Service|an den Käufer|Antwort an Kunden",
        ),
        (
            "seller",
            "Customer Representative|Client Manager|Customer Team|User Support|Contact Center Agent (Nora)"
            "|End User Support|Reply from Customer Team|Response from customer service|Amazon Support Team"
            "|Marketplace Team|Amazon Seller",
        ),
        (
            "buyer",
            "Reply from customer|Response from the buyer|Answer by customer|Customer reply|Customer response"
            "|Amazon buyer|Reply from end user (Janet)",
        ),
        ("system", "Amazon|Marketplace notification|eBay|FROM_EBAY|FromEbay|e_bay"),
        (None, "FROM_MEMBERS|myshop-ebay"),
        ("buyer", "Buyer|end-user|End User|customer|incoming|From customer|Customer (Janet)|requester|in"),
        (
            "buyer",
            "Käufer|KÄUFERIN|Kundin|Käufer/in|Besteller|Client(e)|Acheteuse|comprador|Acquirente|eingehend|Eingang"
            "|empfangen|entrant|Nachricht vom Käufer|gesendet von Kunde|Amazon-Käufer|Käufer an Verkäufer",
        ),
        ("system", "system|Internal note|private_note|notification|Interne Notiz|Note interne"),
        (None, "Nora|Anna Guest|nora@example.com||Janet Private"),
    ],
)
def test_what_a_sender_value_means(role: str | None, values: str) -> None:
    assert {value: role_of_value(value) for value in values.split("|")} == dict.fromkeys(
        values.split("|"), role
    )


def test_columns_of_true_and_false_tell_the_writer(tmp_path: Path) -> None:
    assert told_role({"from_agent": True}) == "seller"
    assert told_role({"from_agent": "false"}) == "buyer"
    assert told_role({"Incoming": "TRUE"}) == "buyer"
    assert told_role({"incoming": 0}) == "seller"
    for column in ("fromMe", "is_from_me", "is_from_agent", "is_from_seller"):
        cells = read(written(tmp_path, "a.csv", f"{column},Body\n1,Hi\n0,Hi\n"))
        assert [r.role for r in cells] == ["seller", "buyer"], column
    for column in ("is_from_customer", "is_from_buyer"):
        cells = read(written(tmp_path, "a.csv", f"{column},Body\n1,Hi\n0,Hi\n"))
        assert [r.role for r in cells] == ["buyer", "seller"], column
    assert told_role({"public": "false", "from_agent": "true"}) == "system"
    assert told_role({"public": "true", "from_agent": "false"}) == "buyer"
    assert told_role({"is_note": 1.0}) == "system"


def test_of_several_sender_columns_the_one_that_tells_is_taken_and_doubt_is_the_sellers(
    tmp_path: Path,
) -> None:
    columns = role_columns(["text", "sender", "direction", "public", "channel"])
    assert columns == ("public", "direction", "sender", "channel")
    assert told_role({"sender": "Nora", "direction": "inbound"}) == "buyer"
    for table in ("Sender,Body\nNora,Hi\n", "Order,Body\n1,Hi\n"):
        assert [record.role for record in read(written(tmp_path, "a.csv", table))] == ["seller"]
    assert told_role({"direction": "out", "channel": "internal-note"}) == "system"
    assert told_role({"direction": "out", "channel": "amazon"}) == "seller"
    assert role_columns(["Who", "sender"], "Who") == ("Who",)


@pytest.mark.parametrize("word", ["System", "Workflow", "Notification", "noreply"])
def test_what_the_sellers_automation_sent_out_is_the_sellers(word: str) -> None:
    assert told_role({"Direction": "outgoing", "Author": word}) == "seller"
    assert told_role({"Richtung": "ausgehend", "type": word}) == "seller"
    assert told_role({"from_agent": "true", "sender": word}) == "seller"
    assert told_role({"incoming": False, "sender": word}) == "seller"
    assert told_role({"direction": "incoming", "sender": word}) == "system"
    assert told_role({"sender_type": "agent", "sender": word}) == "system"


@pytest.mark.parametrize(
    "note", [{"type": "Internal note"}, {"type": "Notiz"}, {"public": "false"}, {"channel": "internal-note"}]
)
def test_a_note_is_no_message_whatever_its_direction(note: dict[str, str]) -> None:
    assert told_role({"direction": "outgoing", "sender": "System"} | note) == "system"
    assert told_role({"direction": "outgoing"} | note) == "system"


def test_an_export_in_german_tells_buyers_from_sellers(tmp_path: Path) -> None:
    rows = "Absender;Richtung;Nachricht\nKäufer;;a\nVerkäufer;;b\nNora;eingehend;c\nSystem;ausgehend;d\n"
    records = read(written(tmp_path, "a.csv", rows))
    assert [record.role for record in records] == ["buyer", "seller", "buyer", "seller"]


AFTERNOON = datetime(2024, 11, 3, 16, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2024-11-03T16:05:00Z",
        "2024-11-03 17:05:00+01:00",
        "2024-11-03 16:05",
        "11/3/2024 4:05 PM",
        "03.11.2024 16:05",
        "03.11.24 16:05",
        "Nov 3, 2024 4:05 PM",
        "Nov 3, 2024, 8:05:00 AM PST",
        "Sunday, November 3, 2024 4:05 PM",
        "Sun, 03 Nov 2024 16:05:00 +0000",
        "3. November 2024 um 16:05 Uhr",
        "2024/11/03 16:05",
        "Sonntag, 3. November 2024 16:05",
        "So., 3. Nov. 2024, 16:05 Uhr",
        "So 3.11.2024 16:05",
        "Sonntag, den 3. November 2024, 16:05",
        "dimanche 3 novembre 2024 à 16h05",
        "dim. 3 nov. 2024 16:05",
        "domingo, 3 de noviembre de 2024, 16:05 h",
        "domenica 3 novembre 2024 alle 16:05",
        "zondag 3 november 2024 16:05",
        "söndag 3 november 2024 kl. 16:05",
        "den 3 nov. 2024 kl. 16:05",
        "niedziela, 3 listopada 2024 r., 16:05",
        "niedz., 3 lis 2024 o 16:05",
        "3 Kasım 2024 Pazar 16:05",
        "Paz, 3 Kas 2024 16:05",
        "Sun Nov 03 2024 17:05:00 GMT+0100 (Central European Standard Time)",
        "2024-11-03 16:05 (GMT)",
        "2024-11-03 08:05 (PST)",
        "Nov 3, 2024 11:05 UTC-5",
        "20241103160500",
        20241103160500,
        "1730649900",
        1730649900,
        1730649900000,
        "1730649900000",
        45599.0 + 965 / 1440,
        datetime(2024, 11, 3, 16, 5),
    ],
)
def test_a_date_is_read_in_every_style(value: str | float | datetime) -> None:
    moment = parse_date(value)
    assert moment is not None
    assert moment.tzinfo is not None
    assert abs((moment - AFTERNOON).total_seconds()) < 1


@pytest.mark.parametrize(
    "value", ["05MAR2024 10:22", "05MAR24 10:22", "10:22 5mar2024", "mar 5 mar 2024 10:22"]
)
def test_a_month_that_is_a_weekday_elsewhere_is_the_month(value: str) -> None:
    assert parse_date(value) == datetime(2024, 3, 5, 10, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "month", "day"),
    [
        ("lundi 4 novembre 2024", 11, 4),
        ("mer. 6 mars 2024", 3, 6),
        ("mar. 5 nov. 2024", 11, 5),
        ("mar. 5 mars 2024", 3, 5),
        ("mar. 05.11.2024", 11, 5),
        ("Mar. 5, 2024", 3, 5),
        ("mar 5 2024", 3, 5),
        ("ven. 1er nov. 2024", 11, 1),
        ("3 maj 2024", 5, 3),
        ("lördag 3 augusti 2024", 8, 3),
        ("3 października 2024", 10, 3),
        ("czw., 4 sty 2024", 1, 4),
        ("4 Şubat 2024", 2, 4),
        ("5 Mart 2024 Salı", 3, 5),
    ],
)
def test_a_weekday_is_no_month_and_march_no_weekday(value: str, month: int, day: int) -> None:
    assert parse_date(value) == datetime(2024, month, day, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "So",
        "Di 5",
        "mar. 5",
        "20241303160500",
        "",
        None,
        "soon",
        "5",
        "Monday",
        "Nov 2024",
        "12:30",
        "0000-00-00",
        True,
        "B0TEST12AB",
    ],
)
def test_what_is_no_whole_date_is_none(value: str | bool | None) -> None:
    assert parse_date(value) is None


def test_the_samples_decide_whether_the_day_comes_first() -> None:
    assert day_first(["01/11/2024", "13/11/2024"]) is True
    assert day_first(["11/01/2024", "11/13/2024"]) is False
    assert day_first(["01/02/2024", "2024-11-03", None, 5]) is None
    assert day_first(["mer. 01/11/2024", "mar. 13/11/2024"]) is True
    assert parse_date("mar. 03/11/2024", day_first=True) == datetime(2024, 11, 3, tzinfo=UTC)
    assert day_first([f"0{day}/11/2024" for day in range(1, 9)]) is True
    assert day_first([f"11/0{day}/2024" for day in range(1, 9)]) is False
    assert parse_date("03/11/2024", day_first=True) == datetime(2024, 11, 3, tzinfo=UTC)
    assert parse_date("03/11/2024") == datetime(2024, 3, 11, tzinfo=UTC)
    assert other_day("03/11/2024 09:15", day_first=None) == date(2024, 11, 3)
    for told in ("03.11.2024", "13/11/2024", "11/11/2024", "2024-03-11", "3 November 2024", None):
        assert other_day(told, day_first=None) is None
    assert other_day("03/11/2024", day_first=True) is None
    assert parse_date("2024-03-11", day_first=True) == datetime(2024, 3, 11, tzinfo=UTC)
    assert parse_date("11/13/2024", day_first=True) == datetime(2024, 11, 13, tzinfo=UTC)


def test_a_record_tells_the_other_day_that_its_date_may_mean(tmp_path: Path) -> None:
    untold = written(tmp_path, "a.csv", "date,text\n03/11/2024 09:15,a\n03.11.2024,b\nnone,c\n")
    assert [r.other_day for r in read(untold)] == [date(2024, 11, 3), None, None]
    told = written(tmp_path, "b.csv", "date,text\n03/11/2024,a\n14/11/2024,b\nnone,c\n")
    one_order = [(r.other_day, r.sent_at and r.sent_at.month) for r in read(told)]
    assert one_order == [(None, 11), (None, 11), (None, None)]


@pytest.mark.parametrize(("rows", "size"), [(2000, 10), (60, 40_000)], ids=["many", "long"])
def test_a_date_far_below_tells_how_a_file_writes_its_dates(tmp_path: Path, rows: int, size: int) -> None:
    early = f"03/11/2024,{'a' * size}\n" * rows
    records = read(written(tmp_path, "a.csv", f"date,text\n{early}14/11/2024,b\n"))
    assert {r.sent_at and r.sent_at.month for r in records} == {11}


def test_order_ids_and_asins_in_running_text() -> None:
    text = "Orders 999-1234567-7654321, 999‑1111111‑2222222 (again 999-1234567-7654321), not 1999-1234567-7654321."
    assert find_order_id("1" + text[7:26], text) == "999-1234567-7654321"
    assert find_order_id(text[28:]) == "999-1111111-2222222"
    links = "https://www.example.com/dp/B0TEST12AB?x=1 asin: 1234567890, B0TEST34CD, and XB0TEST56EF"
    assert find_asin(links) == "B0TEST12AB"
    assert [find_asin(part) for part in links[links.index("asin") :].split(", ")] == [
        "1234567890",
        "B0TEST34CD",
        None,
    ]
    assert find_order_id(None, "", "none", "see 999-1234567-7654321") == "999-1234567-7654321"
    assert find_asin("B0 is no ASIN, DISCOUNTED or not", None) is None


def test_orders_and_asins_are_taken_from_columns_then_subject_then_body(tmp_path: Path) -> None:
    rows = (
        "order,tags,subject,body\n"
        "#1001,,About 999-1234567-7654321,B0TEST12AB\n"
        ",vip 999-1111111-2222222 B0TEST34CD,999-1234567-7654321,\n"
        ",,B0TEST56EF,order 999-1234567-7654321 and B0TEST12AB\n"
        "Order 999-1234567-7654321,,,\n"
    )
    found = [(r.order_id, r.asin) for r in read(written(tmp_path, "a.csv", rows))]
    assert found == [
        ("#1001", "B0TEST12AB"),
        ("999-1111111-2222222", "B0TEST34CD"),
        ("999-1234567-7654321", "B0TEST56EF"),
        ("999-1234567-7654321", None),
    ]


def test_an_asin_in_a_buyers_words_is_not_taken_for_the_orders(tmp_path: Path) -> None:
    """They may look at a competitor's product, which the seller's next message would be about."""
    rows = (
        "role,asin,tags,subject,body,body_html\n"
        "buyer,,,,I take B0TEST34CD,<p>I take B0TEST34CD</p>\n"
        "buyer,B0TEST12AB,,,I take B0TEST34CD,\n"
        "buyer,,vip B0TEST12AB,,I take B0TEST34CD,\n"
        "buyer,,,About B0TEST12AB,I take B0TEST34CD,\n"
        "seller,,,,We have B0TEST12AB,\n"
    )
    found = [r.asin for r in read(written(tmp_path, "a.csv", rows))]
    assert found == [None, *["B0TEST12AB"] * 4]


def test_an_order_that_only_the_marketplaces_wrapper_names_is_found(tmp_path: Path) -> None:
    body = "Order 999-1234567-7654321\n----- Begin message -----\nHi\n----- End message -----"
    (record,) = read(written(tmp_path, "a.csv", f'from,body\nBuyer,"{body}"\n'))
    assert (record.text, record.order_id) == ("Hi", "999-1234567-7654321")


def test_a_books_asin_is_taken_from_a_column_of_asins_alone(tmp_path: Path) -> None:
    cells = ["0306406152", "306406152", "080442957X", "B0TEST1234", "UNASSIGNED", "12345678"]
    asin, other = (
        "\n".join((f"{column},body", *(f"{cell},hi" for cell in cells))) for column in ("ASIN", "Item ID")
    )
    found = [r.asin for r in read(written(tmp_path, "a.csv", asin))]
    assert found == ["0306406152", "0306406152", "080442957X", "B0TEST1234", None, None]
    assert [r.asin for r in read(written(tmp_path, "b.csv", other))] == [None] * 3 + [
        "B0TEST1234",
        None,
        None,
    ]


def test_a_number_that_is_none_is_no_word(tmp_path: Path) -> None:
    lines = (
        '{"thread": NaN, "sender": "buyer", "body": NaN}\n{"thread": NaN, "sender": "seller", "body": "hi"}\n'
    )
    records = read(written(tmp_path, "a.jsonl", lines))
    assert [(r.conversation, r.text) for r in records] == [(None, ""), (None, "hi")]


def test_where_a_date_or_a_number_is_missing_the_next_column_of_its_kind_counts(tmp_path: Path) -> None:
    header = "Order ID,Order Number,Sent at,Created at,Body\n"
    rows = "n/a,77,,2024-11-03,a\n78,79,2024-11-04,2024-11-05,b\n,80,,,of 999-1234567-1234567\n"
    records = read(written(tmp_path, "a.csv", header + rows))
    assert [r.order_id for r in records] == ["77", "78", "999-1234567-1234567"]
    assert [r.sent_at for r in records[:2]] == [datetime(2024, 11, day, tzinfo=UTC) for day in (3, 4)]
    given = read(written(tmp_path, "b.csv", header + rows), columns={"order_id": "Order ID"})
    assert [r.order_id for r in given[:2]] == [None, "78"]


def test_a_second_column_of_numbers_is_read_as_the_first_one(tmp_path: Path) -> None:
    cells = ("1.11123E+16", "00000", "000-0000000-0000000", "99912345677654321", "4711")
    rows = "".join(f",{cell},,buyer,I love it!\n,{cell},,seller,Hello\n" for cell in cells)
    path = written(tmp_path, "a.csv", "Order ID,Order Number,Ticket,From,Body\n" + rows)
    orders = ["999-1234567-7654321", "4711"]
    assert [r.order_id for r in read(path)[::2]] == [None, None, None, *orders]
    tickets = written(tmp_path, "b.csv", "Ticket,Conversation ID,Body\n,1E+16,a\n,n/a,b\n,77,c\n")
    assert [r.thread for r in read(tickets)] == [None, None, "77"]


@pytest.mark.parametrize("subject", ["RV: x", "RES: x", "Re[2]: x", "RE：x", "Fwd: x", "Ref: x"])
def test_a_cell_under_a_reply_is_read_without_its_quote(tmp_path: Path, subject: str) -> None:
    rows = f'Subject,From,Body\n{subject},seller,"Thanks.\n\n> Leave us\n> five\n> stars"\n'
    assert read(written(tmp_path, "a.csv", rows))[0].text == "Thanks."


@pytest.mark.parametrize("column", ["Direction", "Email direction", "hs_email_direction", "Dirección"])
def test_a_direction_tells_who_wrote_more_than_a_name_that_sounds_automatic(
    tmp_path: Path, column: str
) -> None:
    path = written(tmp_path, "a.csv", f"{column},From,Body\nOUTGOING_EMAIL,noreply,Hi\n")
    assert read(path)[0].role == "seller"


def test_words_for_nothing_put_no_rows_together(tmp_path: Path) -> None:
    rows = "order,ticket,agent,body\nN/A,null,-,none\nnan,None,n/a,hi\n"
    records = read(written(tmp_path, "a.csv", rows))
    assert [(r.conversation, r.agent, r.text) for r in records] == [(None, None, "none"), (None, None, "hi")]


def test_another_column_may_tell_how_a_file_writes_its_dates(tmp_path: Path) -> None:
    rows = "Sent at,Order date,Body\n03/11/2024,25/10/2024,Hi\n"
    assert read(written(tmp_path, "a.csv", rows))[0].sent_at == datetime(2024, 11, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "nothing", ["0", "{}", "[]", "NaT", "<NA>", "—", "(blank)", "unknown", "No order"], ids=str
)
def test_a_sign_for_no_order_or_ticket_joins_nobody(tmp_path: Path, nothing: str) -> None:
    rows = (
        f"order_id,ticket,from,text\n{nothing},{nothing},buyer,I love it\n{nothing},{nothing},seller,Hello\n"
    )
    assert [(r.order_id, r.thread) for r in read(written(tmp_path, "a.csv", rows))] == [(None, None)] * 2
    empty = [{"order": {}, "ticket": [], "text": "Hello"}, {"order": [], "ticket": {}, "text": "Thanks"}]
    assert [r.conversation for r in read(written(tmp_path, "a.json", json.dumps(empty)))] == [None] * 2


@pytest.mark.parametrize("header", ["Date,Time", "Sent Date,Sent Time", "Datum,Uhrzeit", "date,created_at"])
@pytest.mark.parametrize("clock", ["10:15", "10:15:00", "10:15 AM", "10:15 am"])
def test_a_time_of_day_in_another_column_counts(tmp_path: Path, header: str, clock: str) -> None:
    (record,) = read(written(tmp_path, "a.csv", f"{header},Text\n2024-11-23,{clock},Hello\n"))
    assert record.sent_at == datetime(2024, 11, 23, 10, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cells", "hour"),
    [("2024-11-23 09:05,10:15", 9), ("2024-11-23,soon", 0), ("2024-11-23,2024-12-01 10:00", 0)],
)
def test_a_date_with_a_time_needs_no_other_column(tmp_path: Path, cells: str, hour: int) -> None:
    (record,) = read(written(tmp_path, "a.csv", f"Date,Time,Text\n{cells},Hello\n"))
    assert record.sent_at is not None
    assert (record.sent_at.day, record.sent_at.hour) == (23, hour)


@pytest.mark.parametrize(
    ("header", "cells", "sent"),
    [
        ("Sent (PT)", "11/01/2024 10:30 PM", "2024-11-01T22:30:00-07:00"),
        ("Sent (Pacific Time)", "2024-11-14 22:30", "2024-11-14T22:30:00-08:00"),
        ("Sent [America/New_York]", "2024-11-14 22:30", "2024-11-14T22:30:00-05:00"),
        ("Sent (UTC+5:30)", "2024-11-14 22:30", "2024-11-14T22:30:00+05:30"),
        ("Sent (GMT-3)", "45610.9375", "2024-11-14T22:30:00-03:00"),
        ("Date,Time (CET)", "2024-11-14,22:30", "2024-11-14T22:30:00+01:00"),
        ("Sent (PT)", "2024-11-14T22:30Z", "2024-11-14T22:30:00+00:00"),
        ("Sent (PT)", "2024-11-14", "2024-11-14T00:00:00+00:00"),
        ("Sent (local)", "2024-11-14 22:30", "2024-11-14T22:30:00+00:00"),
        ("Sent (UTC+99)", "2024-11-14 22:30", "2024-11-14T22:30:00+00:00"),
    ],
)
def test_the_zone_in_a_columns_name_is_that_of_its_times(
    tmp_path: Path, header: str, cells: str, sent: str
) -> None:
    (record,) = read(written(tmp_path, "a.csv", f"{header},Text\n{cells},Hello\n"))
    assert record.sent_at and record.sent_at.isoformat() == sent


@pytest.mark.parametrize("zone", ["+2500", "+9999", "-9900"])
def test_an_impossible_time_zone_is_no_date(tmp_path: Path, zone: str) -> None:
    (record,) = read(written(tmp_path, "a.csv", f"Date,Text\n2024-11-03 10:00:00 {zone},Hello\n"))
    assert (record.sent_at, record.error) == (None, None)


def test_the_buyers_words_that_a_cell_quotes_are_the_message_before(tmp_path: Path) -> None:
    quote = "On Nov 3, 2024, at 9:05, Ana <a1@marketplace.amazon.com> wrote:\n> I love it!\n> Best lamp ever"
    rows = f'Subject,From,Message\nRe: lamp,seller,"Could you share that?\n\n{quote}"\n'
    (record,) = read(written(tmp_path, "a.csv", rows))
    assert (record.text, record.previous) == ("Could you share that?", "I love it!\nBest lamp ever")
    told = read(written(tmp_path, "b.csv", rows.replace("Subject,", "Previous,").replace("Re: lamp", "Hm.")))
    assert told[0].previous == "Hm."


@pytest.mark.parametrize("domain", ["marketplace.amazon.co.uk", "m.marketplace.amazon.co.jp", "m.amazon.com"])
def test_every_form_of_relay_address_is_a_buyers(tmp_path: Path, domain: str) -> None:
    (record,) = read(written(tmp_path, "a.csv", f"From,Text\nJo <x1@{domain}>,Hello\n"))
    assert record.role == "buyer"
