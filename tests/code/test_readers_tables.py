"""JSON lines, JSON, Parquet and Excel; and a sample of each table format."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections import Counter
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from math import inf, nan
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.code.reading import EXAMPLES, errors, read, texts, written

from reviewguard.errors import InputError
from reviewguard.readers import json_guard, jsonl, layouts, lines, xlsx

MESSAGES = [
    {"id": n, "body": f"hello {n}", "author": {"role": "agent"}, "created_at": 1730649900 + n}
    for n in range(40)
]


def workbook(**sheets: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_json_lines_with_bad_ones_between(tmp_path: Path) -> None:
    rows = [
        '{"text": "a", "author": {"type": "customer"}}',
        "{cut",
        "[1]",
        "",
        '{"message": "b \\ud800"}',
        '{"other": 1}',
    ]
    records = read(written(tmp_path, "a.jsonl", "\n".join(rows)))
    assert [(r.place, r.text, r.role) for r in records if not r.error] == [
        ("line 1", "a", "buyer"),
        ("line 5", "b \ufffd", "seller"),
    ]
    assert records[0].values == {"text": "a", "author.type": "customer"}
    said = [str(r.error) for r in records if r.error]
    assert [error.partition(":")[0] for error in said] == [
        "not JSON",
        "not a JSON object but a list",
        "no column with the message",
    ]


def test_a_line_without_end_is_one_bad_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (lines, jsonl):
        monkeypatch.setattr(module, "PIECE", 1000)
    rows = ['{"text": "a"}', json.dumps({"text": "x" * 5000}), json.dumps({"text": "b" * 500})]
    records = read(written(tmp_path, "a.jsonl", "\n".join(rows)))
    assert [(r.place, r.text) for r in records] == [("line 1", "a"), ("line 2", ""), ("line 3", "b" * 500)]
    assert "longer than" in str(records[1].error)


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    "document",
    [
        MESSAGES,
        {"shop": "x", "messages": MESSAGES},
        {"users": [{"name": "Jo"}], "page": 1, "data": {"items": MESSAGES}},
    ],
    ids=["list", "object", "inside"],
)
def test_json_with_the_list_anywhere(tmp_path: Path, document: Any, indent: int | None) -> None:
    records = read(written(tmp_path, "a.json", json.dumps(document, indent=indent)))
    assert texts(records) == [f"hello {n}" for n in range(40)]
    assert records[3].sent_at == datetime(2024, 11, 3, 16, 5, 3, tzinfo=UTC)
    assert records[3].values["author.role"] == "agent"


ORDER = "999-1234567-7654321"
ASKED = {"from": "customer", "text": "I love it, thank you!"}
ANSWERED = {"from": "agent", "text": "Could you share that in a review?"}
BY_LUMIO = {"from": "Lumio", "text": "Leave us 5 stars"}


@pytest.mark.parametrize(
    ("conversation", "roles"),
    [
        ({"messages": [ASKED, ANSWERED]}, ["buyer", "seller"]),
        ({"body": "Where is my lamp?", "replies": [ANSWERED, ASKED]}, ["buyer", "seller", "buyer"]),
        ({"body": "Please review it.", "replies": [ASKED, ANSWERED]}, ["seller", "buyer", "seller"]),
        ({"data": {"parts": [ASKED, ANSWERED]}, "items": [{"description": "Lamp"}]}, ["buyer", "seller"]),
        ({"body": "Hello", "attachments": [{"name": "a.txt", "content": "words"}]}, ["seller"]),
        ({"body": None, "attachments": [{"name": "a.txt", "content": "words"}]}, ["seller"]),
        ({**ANSWERED, "previous_messages": [ASKED]}, ["seller"]),
        ({"buyer_messages": [ASKED], "seller_messages": [BY_LUMIO]}, ["buyer", "seller"]),
        (
            {"customerMessages": ["I love it"], "supportReplies": ["Leave us 5 stars", "Bye"]},
            ["buyer", "seller", "seller"],
        ),
        ({"message": "Where is it?", "replies": ["Leave us 5 stars"]}, ["seller", "seller"]),
        ({"messages": [ASKED], "chat_messages": [BY_LUMIO]}, ["buyer", "seller"]),
        ({"customer_messages": [BY_LUMIO]}, ["seller"]),
        ({"messages": [ASKED], "suggested_replies": [BY_LUMIO], "emails": ["a@b.example"]}, ["buyer"]),
        ({"direction": "out", "body": "It ships.", "to_emails": ["Ana Smith <ana@a.example>"]}, ["seller"]),
        (
            {"direction": "out", "body": "It ships.", "replies": ["Thanks a lot", "Leave us 5 stars"]},
            ["seller", "buyer", "seller"],
        ),
        ({"direction": "in", "body": "Hi", "replies": ["Oh no"]}, ["buyer", "seller"]),
        (
            {"direction": "out", "body": "It ships.", "replies": ["Oh no", BY_LUMIO]},
            ["seller", "buyer", "seller"],
        ),
        (
            {"direction": "out", "body": "It ships.", "seller_replies": ["Leave 5 stars"]},
            ["seller", "seller"],
        ),
    ],
)
def test_json_conversations_hand_id_and_order_to_their_messages(
    tmp_path: Path, conversation: dict[str, Any], roles: list[str]
) -> None:
    outer = {"order_id": ORDER, "subject": "Lamp", "created_at": "2024-11-05", "status": "open"}
    whole = [{"id": f"c{n}", **outer, **conversation} for n in range(2)]
    records = read(written(tmp_path, "a.json", json.dumps({"total": 2, "conversations": whole})))
    assert [record.role for record in records] == roles * 2
    assert {(record.order_id, record.subject, record.error) for record in records} == {(ORDER, "Lamp", None)}
    if len(roles) > 1:
        assert [record.thread for record in records] == ["c0"] * len(roles) + ["c1"] * len(roles)
        assert records[1].place == "item 1, message 2"


@pytest.mark.parametrize("name", ["a.json", "list.json", "a.jsonl", "a.parquet"])
def test_what_a_conversation_says_stands_beside_each_of_its_messages(tmp_path: Path, name: str) -> None:
    says = {"status": "open", "agent": "Nora", "customer": {"city": "Ulm"}, "score": 5}
    unsaid = {
        "last_reply": "3 days ago, it seems",
        "users": [{"id": 1}],
        "part_type": "customer",
        "note": None,
    }
    whole = {"id": "c1", "order_id": ORDER, **says, **unsaid, "messages": [ANSWERED, ASKED]}
    path = tmp_path / name
    if name == "a.parquet":
        pq.write_table(pa.Table.from_pylist([whole]), path)
    else:
        path.write_text(json.dumps([whole] if name == "list.json" else whole))
    said = {"status": "open", "agent": "Nora", "customer.city": "Ulm", "score": 5, "id": "c1"}
    columns = {f"conversation.{column}": cell for column, cell in said.items()} | {"order_id": ORDER}
    records = read(path, strict=True)
    assert [(r.role, r.values) for r in records] == [
        ("seller", ANSWERED | columns),
        ("buyer", ASKED | columns),
    ]
    assert [r.order_id for r in records] == [ORDER, ORDER]


def test_what_stands_beside_a_conversation_tells_nothing_of_its_messages(tmp_path: Path) -> None:
    messages = [{"from": "agent", "text": "We have B0TEST12AB"}, ASKED]
    said = {"id": "c1", "snippet": f"I take B0TEST34CD of {ORDER}", "messages": messages}
    path = written(tmp_path, "a.jsonl", json.dumps(said) + "\n")
    assert [(r.asin, r.order_id) for r in read(path)] == [("B0TEST12AB", None), (None, None)]
    assert {r.asin for r in read(path, columns={"asin": "conversation.snippet"})} == {"B0TEST34CD"}
    own = {"from": "agent", "text": "Hi", "conversation": {"ref": ORDER}}
    assert read(written(tmp_path, "b.jsonl", json.dumps(own) + "\n"))[0].order_id == ORDER


def test_what_stands_beside_conversations_makes_no_layouts_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers: list[tuple[str, ...]] = []
    text_columns = layouts.text_columns
    monkeypatch.setattr(
        layouts, "text_columns", lambda header, given: headers.append(header) or text_columns(header, given)
    )
    whole = [
        {"id": "c", **{f"field{n}": "x" for n in range(20) if n != left}, "messages": [ASKED]}
        for left in range(20)
    ]
    assert len(read(written(tmp_path, "a.json", json.dumps(whole)))) == 20
    assert len(headers) == 1


def test_json_conversations_of_several_shops(tmp_path: Path) -> None:
    shops = [{"id": "s1", "tickets": [{"id": n, "order_id": ORDER, "messages": [ASKED]} for n in (7, 8)]}]
    records = read(written(tmp_path, "a.json", json.dumps(shops)))
    assert [(record.thread, record.order_id, record.role) for record in records] == [
        ("7", ORDER, "buyer"),
        ("8", ORDER, "buyer"),
    ]


@pytest.mark.parametrize(
    ("conversation", "roles"),
    [
        ({"messages": [ASKED, ANSWERED]}, ["buyer", "seller"]),
        ({"body": "Where is my lamp?", "replies": [ANSWERED]}, ["buyer", "seller"]),
    ],
)
def test_json_of_one_conversation_hands_on_what_it_says(
    tmp_path: Path, conversation: dict[str, Any], roles: list[str]
) -> None:
    whole = conversation | {"id": "c1", "order_id": ORDER, "subject": "Lamp"}
    records = read(written(tmp_path, "a.json", json.dumps(whole, indent=1)))
    assert [record.role for record in records] == roles
    assert {(r.thread, r.order_id, r.subject) for r in records} == {("c1", ORDER, "Lamp")}


def test_json_with_messages_of_several_conversations_is_not_one(tmp_path: Path) -> None:
    page = {"request_id": "r9", "messages": [{"ticket_id": n, "text": "Hello"} for n in ("t1", "t2")]}
    records = read(written(tmp_path, "a.json", json.dumps(page)))
    assert [record.thread for record in records] == ["t1", "t2"]


@pytest.mark.parametrize("listed", [True, False])
def test_the_first_message_of_an_intercom_conversation_is_read(tmp_path: Path, listed: bool) -> None:
    """Field names: developers.intercom.com, Conversations."""
    parts = [
        {
            "part_type": "comment",
            "body": "<p>I love it</p>",
            "author": {"type": "user"},
            "created_at": 1730800500,
        },
        {
            "part_type": "note",
            "body": "<p>Nice one</p>",
            "author": {"type": "admin"},
            "created_at": 1730800600,
        },
        {
            "part_type": "comment",
            "body": "<p>Review it</p>",
            "author": {"type": "admin"},
            "created_at": 1730800700,
        },
    ]
    source = {"id": "s1", "subject": "Lamp", "body": "<p>Leave 5 stars</p>", "author": {"type": "admin"}}
    outer = {"type": "conversation", "id": "7", "created_at": 1730800000, "source": source}
    short = outer | {"id": "8", "source": source | {"author": {"type": "lead"}}}
    whole = outer | {"conversation_parts": {"type": "list", "conversation_parts": parts}}
    page = {"type": "conversation.list", "conversations": [whole, short]} if listed else whole
    records = read(written(tmp_path, "a.json", json.dumps(page)))
    assert [(record.role, record.text, record.thread, record.subject) for record in records[:4]] == [
        ("seller", "Leave 5 stars", "7", "Lamp"),
        ("buyer", "I love it", "7", "Lamp"),
        ("system", "Nice one", "7", "Lamp"),
        ("seller", "Review it", "7", "Lamp"),
    ]
    assert str(records[0].sent_at) == "2024-11-05 09:46:40+00:00"
    assert [(record.role, record.thread) for record in records[4:]] == [("buyer", "8")] * listed


def test_the_threads_of_a_help_scout_conversation(tmp_path: Path) -> None:
    """Field names: developer.helpscout.com, Conversations and Threads."""
    threads = [
        {"id": 1, "type": "customer", "body": "<p>Any news?</p>", "createdAt": "2024-11-05T09:00:00Z"},
        {"id": 2, "type": "lineitem", "action": {"text": "assigned"}, "createdAt": "2024-11-05T09:10:00Z"},
        {"id": 3, "type": "note", "body": "Be quick", "createdAt": "2024-11-05T09:20:00Z"},
        {"id": 4, "type": "message", "body": "It left.", "createdBy": {"type": "user"}},
        {"id": 5, "type": "chat", "body": "Thanks!", "createdBy": {"type": "customer"}},
        {"id": 6, "type": "chat", "body": "Welcome.", "createdBy": {"type": "user"}},
    ]
    whole = {"id": 10, "subject": "Lamp", "preview": "Any news?", "_embedded": {"threads": threads}}
    for name, value in (("one.json", whole), ("list.json", {"_embedded": {"conversations": [whole]}})):
        records = read(written(tmp_path, name, json.dumps(value, indent=1)))
        assert [(r.role, r.text) for r in records] == [
            ("buyer", "Any news?"),
            ("system", ""),
            ("system", "Be quick"),
            ("seller", "It left."),
            ("buyer", "Thanks!"),
            ("seller", "Welcome."),
        ]
        assert {(r.thread, r.subject, r.error) for r in records} == {("10", "Lamp", None)}
    outbound = [thread for thread in threads if thread["id"] == 4]
    assert read(written(tmp_path, "c.json", json.dumps(outbound)))[0].role == "seller"


def test_the_notes_of_helpdesks_are_the_systems(tmp_path: Path) -> None:
    """Field names: the APIs of Front, HubSpot, Re:amaze and LiveChat."""
    front = {
        "messages": [
            {"is_inbound": True, "text": "a"},
            {"is_inbound": False, "text": "b", "author": {"type": "user"}},
        ],
        "comments": [{"body": "note", "author": {"type": "user"}}, {"body": "c", "public": True}],
    }
    hubspot = [
        {"type": "MESSAGE", "direction": "INCOMING", "text": "a"},
        {"type": "MESSAGE", "direction": "OUTGOING", "text": "b"},
        {"type": "COMMENT", "text": "note", "createdBy": "A-1"},
        {"type": "THREAD_STATUS_CHANGE", "newStatus": "CLOSED"},
    ]
    staff = {"user": {"customer?": False, "staff?": True}}
    reamaze = [
        {"body": "a", "visibility": 0, "user": {"customer?": True}},
        {"body": "b", "visibility": 0} | staff,
        {"body": "note", "visibility": 1} | staff,
        {"body": "note", "visibility": "internal"} | staff,
    ]
    events = [
        {"text": "b", "visibility": "all"},
        {"text": "note", "visibility": "agents"},
        {"text": "note", "recipients": "agents"},
    ]
    found = {
        name: [
            (r.role, r.text) for r in read(written(tmp_path, f"{name}.json", json.dumps(value)), strict=True)
        ]
        for name, value in {
            "front": {"id": "cnv_1"} | front,
            "page": front,
            "hubspot": {"id": "1", "messages": hubspot},
            "reamaze": {"messages": reamaze},
            "livechat": {"events": events},
        }.items()
    }
    a, b, note = ("buyer", "a"), ("seller", "b"), ("system", "note")
    assert found == {
        "front": [a, b, note, ("seller", "c")],
        "page": [a, b, note, ("seller", "c")],
        "hubspot": [a, b, note, ("system", "")],
        "reamaze": [a, b, note, note],
        "livechat": [b, note, note],
    }


def test_words_that_only_look_like_notes_are_messages(tmp_path: Path) -> None:
    alone = {"id": 1, "comments": [{"body": "a", "from": "agent"}]}
    assert [r.role for r in read(written(tmp_path, "a.json", json.dumps(alone)))] == ["seller"]
    for name, header, rows in (
        ("comment beside none", "Type", ["Comment", "Comment"]),
        ("comment with a direction", "Type,Direction", ["Comment,out", "Message,out"]),
        ("messages without one", "Type,From", ["Comment,Nora", "Message,Nora"]),
        ("visible to buyers", "Visibility,Sender type", ["1,agent", "1,buyer", "0,buyer"]),
        ("nobody known to see 0", "Visibility,Sender type", ["1,agent", "0,agent"]),
        ("count of recipients", "Recipients,Sender type", ["1,agent", "a1@marketplace.amazon.com,agent"]),
        ("seller's messages of nobody", "Type,From", ["Comment,Nora", "Message,a1@marketplace.amazon.com"]),
        ("published", "Visibility,Sender type", ["1,agent", "0,buyer"]),
        ("private between two", "Visibility,Direction", ["private,out"]),
        ("counts of messages", "Author type,Incoming,Outgoing", ["agent,1,2"]),
        ("a channel", "Type,Sender type", ["eBay,agent"]),
        ("a channel alone", "Type", ["eBay"]),
    ):
        table = "\n".join((f"{header},Body", *(f"{row},Hi" for row in rows)))
        assert read(written(tmp_path, "b.csv", table))[0].role == "seller", name
    table = "Recipients,Body\na1@marketplace.amazon.com,Hi\n"
    assert read(written(tmp_path, "c.csv", table))[0].role == "seller"
    said = [{"private": False}, {"isPublic": True}, {"visibility": "public"}, {"direction": "out"}]
    told = {
        "messages": [{"body": "q", "from": "customer"}],
        "comments": [{"body": "a", "from": "agent", **one} for one in said],
    }
    assert [r.role for r in read(written(tmp_path, "d.json", json.dumps(told)))] == ["buyer", *["seller"] * 4]
    apart = {
        "amazon": {"messages": [{"body": "q", "from": "customer"}]},
        "facebook": {"comments": alone["comments"]},
    }
    assert [r.role for r in read(written(tmp_path, "e.json", json.dumps(apart)))] == ["buyer", "seller"]
    kept = [
        {
            "subject": "s",
            "messages": told["messages"],
            "attachments": [{"description": "p", "visibility": "internal"}],
        }
    ]
    assert texts(read(written(tmp_path, "f.json", json.dumps(kept)))) == ["q"]


def test_users_beside_agents_are_buyers(tmp_path: Path) -> None:
    table = "Created by type,Role,Body\nuser,customer,Where?\nagent,agent,Here\n"
    assert [r.role for r in read(written(tmp_path, "a.csv", table))] == ["buyer", "seller"]
    table = "Created by type,From agent,Body\nuser,false,Where?\nuser,true,Here\n"
    assert [r.role for r in read(written(tmp_path, "b.csv", table))] == ["buyer", "seller"]


def test_who_wrote_is_the_agent_where_another_column_tells_the_side(tmp_path: Path) -> None:
    table = "Role,From,Body\ncustomer,Ana,Where?\nagent,Raj Patel,Here\nagent,Support,Done\nagent,,Bye\n"
    assert [r.agent for r in read(written(tmp_path, "a.csv", table))] == [None, "Raj Patel", None, None]
    table = "User type,From,Body\ncustomer,Ana,Where?\nuser,Raj Patel,Here\n"
    assert [r.agent for r in read(written(tmp_path, "c.csv", table))] == [None, "Raj Patel"]
    table = "Role,From,Assignee,Body\nagent,Acme Shop,,Here\nagent,Acme Shop,Raj,Here\n"
    assert [r.agent for r in read(written(tmp_path, "d.csv", table))] == [None, "Raj"]
    table = "Ticket ID,Assignee,Author,Direction,Body\n1,Tobias,Ana,in,Where?\n1,Tobias,Nora,out,Here\n"
    table += "1,,Nora,out,Done\n1,Tobias,,out,Bye\n1,Tobias,Support,out,Bye\n"
    agents = [r.agent for r in read(written(tmp_path, "e.csv", table))]
    assert agents == [None, "Nora", "Nora", "Tobias", "Tobias"]
    untold = "From,Body\nAna,Where?\nRaj Patel,Here\n"
    assert [r.agent for r in read(written(tmp_path, "b.csv", untold))] == [None, None]


@pytest.mark.parametrize(
    "column", ["Sent By", "Posted by", "Participant", "Party", "Inbound/Outbound", "In/Out"]
)
def test_who_a_message_is_sent_by_tells_the_side_where_buyers_send_some(tmp_path: Path, column: str) -> None:
    buyer, seller = ("In", "Out") if "/" in column else ("Buyer", "Seller")
    records = read(written(tmp_path, "a.csv", f"{column},Body\n{buyer},Where?\n{seller},Here\n"))
    assert [(r.role, r.agent) for r in records] == [("buyer", None), ("seller", None)]


def test_who_sent_the_sellers_messages_is_an_agent_or_a_machine(tmp_path: Path) -> None:
    records = read(written(tmp_path, "a.csv", "Sent By,Body\nNora,Here\nSystem,Five stars?\n,Bye\n"))
    assert [(r.role, r.agent) for r in records] == [("seller", "Nora"), ("seller", None), ("seller", None)]
    records = read(written(tmp_path, "b.csv", "Sent By,Body\nNora,Here\nBuyer,Where?\nAmazon,A notice\n"))
    assert [(r.role, r.agent) for r in records] == [("seller", "Nora"), ("buyer", None), ("system", None)]
    alone = written(tmp_path, "c.csv", "Sent By,Body\nCustomer,Where?\n")
    assert read(alone)[0].role == "seller"
    assert read(alone, columns={"sender": "Sent By"})[0].role == "buyer"


def test_an_author_who_may_be_the_buyer_is_no_agent_beside_one(tmp_path: Path) -> None:
    table = "Author,Assignee,User,Reply\nOttoline Marsh,Tobias,Ottoline,Here\nOttoline Marsh,,Ottoline,Bye\n"
    assert [r.agent for r in read(written(tmp_path, "a.csv", table))] == ["Tobias", None]
    table = "Direction,Assignee,Answered by,User,Body\nout,Tobias,Nora,Ottoline,Here\nout,,,Ottoline,Bye\n"
    assert [r.agent for r in read(written(tmp_path, "b.csv", table))] == ["Nora", None]
    table = "Direction,Assignee,Sent by,Body\nout,Tobias,Nora,Here\nin,Tobias,Ana,Where?\n"
    assert [r.agent for r in read(written(tmp_path, "c.csv", table))] == ["Nora", None]
    mapped = written(tmp_path, "d.csv", "Direction,Author,Assignee,Body\nout,Nora,Tobias,Here\n")
    assert [r.agent for r in read(mapped, columns={"agent": "Assignee"})] == ["Tobias"]


def test_summaries_of_messages_are_no_messages(tmp_path: Path) -> None:
    """As lists of Zoho Desk's threads have them."""
    threads = [
        {"id": "1", "direction": "in", "summary": "Does it f"},
        {"id": "2", "direction": "out", "summary": "It fits. Plea"},
    ]
    for value in ({"data": threads}, [{"id": "7", "threads": threads}, {"id": "8", "threads": threads}]):
        with pytest.raises(InputError, match="to fix: export the content of the messages"):
            read(written(tmp_path, "a.json", json.dumps(value)))
    ticket = {"id": "7", "description": "Does it fit?", "threads": threads}
    for value in ([ticket], {"data": [threads[0] | {"content": "Does it fit?"}, *threads]}):
        records = read(written(tmp_path, "b.json", json.dumps(value)))
        assert texts(records) == ["Does it fit?", "", ""]
        assert [("export its content" in str(error)) for error in errors(records)] == [False, True, True]


@pytest.mark.parametrize("column", ["Extract", "Preview"])
def test_beginnings_of_messages_are_refused_unless_they_are_asked_for(tmp_path: Path, column: str) -> None:
    """As Front's and Kustomer's exports of messages have them."""
    path = written(tmp_path, "a.csv", f"Message ID,Direction,{column}\n1,out,It fits. Plea\n")
    with pytest.raises(InputError, match="to fix: export the content of the messages"):
        read(path)
    assert texts(read(path, columns={"text": column})) == ["It fits. Plea"]
    whole = written(tmp_path, "b.csv", f"Message ID,Direction,{column},Body\n1,out,It fits. Plea,It fits.\n")
    assert texts(read(whole)) == ["It fits."]
    message = {"direction": "out", column.lower(): "It fits. Plea"}
    told = [{"id": 3, "messages": [message, ANSWERED]}]
    record, _ = read(written(tmp_path, "c.json", json.dumps(told)))
    assert "export its content" in str(record.error)
    whole = written(tmp_path, "d.json", json.dumps({column: "I lo", "messages": [ASKED, ANSWERED]}))
    first, second = read(whole)
    assert (first.role, second.role) == ("buyer", "seller")
    assert first.thread == second.thread is not None


def nested(levels: int) -> str:
    return '{"a":' * (levels // 2) + "[" * (levels // 2) + "]" * (levels // 2) + "}" * (levels // 2)


TICKET = (
    '{"tickets": [{"id": 1, "requester_id": 5, "submitter_id": 5, "fields": %s, '
    '"description": "hi", "comments": []}]}'
)


@pytest.mark.parametrize(
    "whole", ['[{"text": "hi", "x": %s}]', '{"messages": [{"x": %s, "text": "hi"}]}', TICKET, "%s"]
)
@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("[" * 30_000, "nested more than 64"),
        (nested(2000), "nested more than 64"),
        ("9" * 6000, "1,000 digits"),
    ],
)
def test_json_that_would_end_the_process_is_refused(
    tmp_path: Path, whole: str, value: str, error: str
) -> None:
    with pytest.raises(InputError, match=f"{error}.*\n  expected: JSON with up to"):
        read(written(tmp_path, "a.json", whole % value), format="zendesk" if whole == TICKET else "json")


def test_a_number_without_bounds_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", '[{"id": 1e99999999999999999999, "text": "hi", "description": "hi"}]')
    with pytest.raises(InputError, match="overflow"):
        read(path, format="json")
    assert "overflow" in str(errors(read(path, format="zendesk"))[0])


@pytest.mark.parametrize("name", ["a.jsonl", "zendesk.jsonl"])
def test_a_line_nested_too_deep_is_a_bad_line(tmp_path: Path, name: str) -> None:
    good = (
        '{"id": 1, "requester_id": 5, "submitter_id": 5, "text": "hi", "description": "hi", "comments": []}'
    )
    lines = [good, good.replace("5,", f"{nested(700)},", 1), good, good.replace("5,", "9" * 6000 + ",", 1)]
    found = errors(
        read(written(tmp_path, name, "\n".join(lines)), format=name.partition(".")[0].replace("a", "jsonl"))
    )
    assert [bool(error) for error in found] == [False, True, False, True]
    assert "nested more than 64 levels deep" in str(found[1])


@pytest.mark.parametrize("indent", [None, 1])
def test_brackets_and_digits_in_strings_are_words(
    tmp_path: Path, indent: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_guard, "_BLOCK", 7)
    text = '\\"[' * 200 + "{" * 200 + "1" * 5000 + "\\"
    deep = json.loads(nested(50))
    whole = [{"text": text, "x": deep, "n": 9**19}] * 3
    assert texts(read(written(tmp_path, "a.json", json.dumps(whole, indent=indent)))) == [text] * 3
    each = "".join(f"{json.dumps(value)}\n" for value in whole)
    assert texts(read(written(tmp_path, "a.jsonl", each))) == [text] * 3
    ticket = {"id": 1, "requester_id": 5, "submitter_id": 5, "description": text, "fields": deep}
    tickets = [ticket | {"comments": []}] * 3
    path = written(tmp_path, "b.json", json.dumps({"tickets": tickets}, indent=indent))
    monkeypatch.setattr(lines, "PIECE", 7)
    assert texts(read(path, format="zendesk")) == [text] * 3


@pytest.mark.parametrize("size", [1, 2, 7, 2**16])
def test_json_as_python_writes_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    for module, name in ((json_guard, "_BLOCK"), (lines, "PIECE")):
        monkeypatch.setattr(module, name, size)
    words = '\\"NaN, -Infinity: 12345678901234567890 \\'
    numbers = [nan, inf, -inf, 2**63 - 1, 2**63, -(2**64), -7, 1.5e30]
    read_as = [None, None, None, 2**63 - 1, str(2**63), str(-(2**64)), -7, 1.5e30]
    cells = {f"n{place}": number for place, number in enumerate(numbers)}
    long = "0.12345678901234567890, -12345678901234567890.5, 12345678901234567890e-3, 1e-00000000000000000005"
    whole = json.dumps([{"text": words} | cells, {"text": "b", "z": [numbers]}])
    first, second = read(written(tmp_path, "a.json", whole.replace("[[", f"[{long}, [")), strict=True)
    assert (first.text, [first.values[name] for name in cells]) == (words, read_as)
    assert json.loads(str(second.values["z"])) == [*json.loads(f"[{long}]"), read_as]
    ticket = {
        "id": 2**63,
        "requester_id": 5,
        "submitter_id": 5,
        "description": words,
        "comments": [],
        "x": nan,
    }
    path = written(tmp_path, "b.json", json.dumps({"tickets": [ticket, ticket | {"id": 2}]}))
    found = [(r.text, r.thread) for r in read(path, format="zendesk")]
    assert found == [(words, f"zendesk {2**63}"), (words, "zendesk 2")]


@pytest.mark.parametrize("levels", [60, 120])
def test_what_passes_for_flat_enough_is_read(tmp_path: Path, levels: int) -> None:
    deep = '[{"a":' * (levels // 2) + "1" + "}]" * (levels // 2)
    for whole in ('[{"text": "hi", "x": %s}]', '{"x": %s, "messages": [{"text": "hi"}]}', TICKET):
        assert texts(read(written(tmp_path, "a.json", whole % deep))) == ["hi"]


def test_a_list_of_users_tells_who_wrote(tmp_path: Path) -> None:
    """As chats of LiveChat have it."""
    users = [
        {"id": "b@example.org", "type": "customer"},
        {"id": "s", "type": "agent"},
        {"id": 3, "name": "x"},
    ]
    events = [
        {"type": "message", "text": "a", "author_id": "b@example.org"},
        {"type": "message", "text": "b", "author_id": "s"},
        {"type": "message", "text": "c", "author_id": 3},
    ]
    chats = {"chats": [{"id": "K1", "users": users, "thread": {"id": "T1", "events": events}}]}
    records = read(written(tmp_path, "a.json", json.dumps(chats)))
    assert [(r.role, r.text) for r in records] == [("buyer", "a"), ("seller", "b"), ("seller", "c")]


def test_json_of_one_message_or_of_bare_texts(tmp_path: Path) -> None:
    assert texts(
        read(written(tmp_path, "a.json", '{"text": "hi", "tags": ["x"], "files": [{"url": "u"}]}'))
    ) == ["hi"]
    records = read(written(tmp_path, "b.json", '["a", "b", 3]'))
    assert texts(records[:2]) == ["a", "b"]
    assert "not a JSON object" in str(records[2].error)


@pytest.mark.parametrize("indent", [None, 1])
def test_json_cut_in_half_keeps_what_came_before(tmp_path: Path, indent: int | None) -> None:
    whole = json.dumps({"messages": MESSAGES}, indent=indent)
    path = written(tmp_path, "a.json", whole[: len(whole) // 2])
    records = read(path)
    assert texts(records[:-1]) == [f"hello {n}" for n in range(len(records) - 1)]
    assert len(records) > 15
    assert errors(records[:-1]) == [None] * (len(records) - 1)
    assert "cannot be read beyond" in str(records[-1].error)
    with pytest.raises(InputError, match="cannot be read beyond"):
        read(path, strict=True)


def test_parquet_of_every_type(tmp_path: Path) -> None:
    moment = datetime(2024, 11, 3, 16, 5, tzinfo=UTC)
    table = pa.table(
        {
            "Message": ["a", None],
            "Order ID": ["999-1234567-7654321", None],
            "Sent": pa.array([moment, None], pa.timestamp("ns", "UTC")),
            "from": pa.array(["buyer", "seller"]).dictionary_encode(),
            "day": [date(2024, 11, 3), None],
            "tags": [["x"], None],
            "raw": [b"\xff", None],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    first, second = read(tmp_path / "a.parquet")
    assert (first.text, first.role, first.sent_at, first.order_id) == (
        "a",
        "buyer",
        moment,
        "999-1234567-7654321",
    )
    assert (first.values["day"], first.values["tags"], first.values["raw"]) == (
        "2024-11-03",
        '["x"]',
        "\ufffd",
    )
    assert (second.text, second.role, second.place) == ("", "seller", "row 2")
    data = (tmp_path / "a.parquet").read_bytes()
    with pytest.raises(InputError, match="not a readable Parquet file"):
        read(written(tmp_path, "b.parquet", data[:-20]))


@pytest.mark.parametrize("columns", [{}, {"text": "email.words"}])
def test_the_message_may_stand_in_an_object_of_a_parquet_row(tmp_path: Path, columns: dict[str, str]) -> None:
    name = "words" if columns else "body"
    rows = [{"id": 1, "email": {name: "Hi", "from": "agent"}}, {"id": 2, "email": None}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    first, second = read(tmp_path / "a.parquet", columns=columns)
    assert (first.text, first.values) == ("Hi", {"id": 1, f"email.{name}": "Hi", "email.from": "agent"})
    assert (second.text, second.values) == ("", {"id": 2, "email": None})


def test_durations_are_written_as_people_do(tmp_path: Path) -> None:
    waited = timedelta(hours=1, minutes=5)
    pq.write_table(pa.table({"text": ["Hi"], "waited": [waited]}), tmp_path / "a.parquet")
    sheet = written(tmp_path, "a.xlsx", workbook(A=[["text", "waited"], ["Hi", waited]]))
    for path in (tmp_path / "a.parquet", sheet):
        assert read(path)[0].values["waited"] == "1:05:00"


def test_every_sheet_with_messages_is_read_and_others_are_not(tmp_path: Path) -> None:
    header = ["ID", "Message", "Direction", "Date"]
    book = workbook(
        Sums=[["Month", "Count"], ["Nov", 2]],
        Oct=[header, [1, "a", "in", datetime(2024, 10, 3, 9)], [], [2, "b", "out", None]],
        Nov=[header, ["x", 3.5, "out", 45599], [4, "d", "out", None, None, "beyond"]],
    )
    records = read(written(tmp_path, "a.xlsx", book))
    assert [(r.place, r.text, r.role, r.id) for r in records] == [
        ("sheet Oct, row 2", "a", "buyer", "1"),
        ("sheet Oct, row 4", "b", "seller", "2"),
        ("sheet Nov, row 2", "3.5", "seller", "x"),
        ("sheet Nov, row 3", "d", "seller", "4"),
    ]
    assert records[0].sent_at == datetime(2024, 10, 3, 9, tzinfo=UTC)
    assert records[2].sent_at == datetime(2024, 11, 3, tzinfo=UTC)
    assert errors(records) == [None, None, None, "6 cells under 4 columns"]
    with pytest.raises(InputError, match="no column with the messages among 'Month', 'Count'"):
        read(written(tmp_path, "b.xlsx", workbook(Sums=[["Month", "Count"]])))


def test_titles_above_the_header_of_a_sheet_are_passed_over(tmp_path: Path) -> None:
    rows = [
        ["Messages export"],
        [],
        ["from", "2024-11-01"],
        ["Order ID", "Message", "Date"],
        [7, "Hi", "05.11.2024"],
    ]
    path = written(tmp_path, "a.xlsx", workbook(Sums=[["Month"], ["Text", 2]], A=rows))
    for options in ({}, {"columns": {"text": "Message"}}):
        assert [(r.place, r.order_id, r.text) for r in read(path, **options)] == [
            ("sheet A, row 5", "7", "Hi")
        ]


_ROW = [7, "2024-11-05", "Agent", "Hi"]
_OWN = ["Ticket #", "Created", "Role", "Body"]


@pytest.mark.parametrize(
    "header",
    [
        [["Ticket", None, "Message", None], _OWN],
        [["Ticket", "Message"], _OWN],
        [["Ticket", "Ticket", "Message", "Message"], _OWN],
        [["Ticket", "Message", None, None], [None, *_OWN[1:]]],
        [["Export of November"], ["Ticket", None, "Message", None], _OWN],
    ],
)
def test_a_header_of_groups_is_passed_over(tmp_path: Path, header: list[list[str | None]]) -> None:
    rows = [[*row, None, None][:4] for row in header] + [_ROW]
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
    sheet = written(tmp_path, "a.xlsx", workbook(A=[*header, _ROW]))
    table = written(tmp_path, "a.csv", "\n".join(lines) + "\n")
    for path in (sheet, table):
        assert [(r.thread, r.role, r.text) for r in read(path)] == [("7", "seller", "Hi")]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (",date,text,kind", "0,2024-11-05,message,body"),
        ("id,,text,channel", "5,message,Hi there,email"),
        ("date,text,kind", "2024-11-05,message,agent,body"),
        ("kind,text,channel", "message,direction,email"),
    ],
)
def test_a_message_that_looks_like_names_of_columns_is_none(tmp_path: Path, header: str, row: str) -> None:
    (record,) = read(written(tmp_path, "a.csv", f"{header}\n{row}\n"))
    assert list(record.values)[2 if header.count(",") > 2 else 1] == "text"


@pytest.mark.parametrize("cell", ["999-1234567-7654321", "999 1234567 7654321", "99912345677654321"])
def test_an_order_has_one_form_however_a_cell_writes_it(tmp_path: Path, cell: str) -> None:
    (record,) = read(written(tmp_path, "o.csv", f"Text,Order ID\nHello,{cell}\n"))
    assert (record.order_id, record.values["Order ID"]) == ("999-1234567-7654321", cell)


def test_a_merged_order_id_holds_for_all_its_rows(tmp_path: Path) -> None:
    order, other = "999-1234567-7654321", "999-1234567-7654322"
    rows = [["Text", "Order ID"], ["a", order], ["b"], ["c"], ["d"], ["e", other], [None, "1"], ["f"]]
    book = openpyxl.load_workbook(io.BytesIO(workbook(A=rows)))
    for merged in ("B2:B4", "A6:A7", "B8:B9"):
        book["A"].merge_cells(merged)
    book.save(tmp_path / "a.xlsx")
    records = read(tmp_path / "a.xlsx")
    orders = [order, order, order, None, other, "1", None]
    assert [r.order_id for r in records] == orders
    assert [r.text for r in records] == ["a", "b", "c", "d", "e", "", "f"]


def test_carriage_returns_as_excel_writes_them_are_undone(tmp_path: Path) -> None:
    cell = "Hi Jo,_x000D_\nyour kettle_x000D_ is on its way, _xD83D_ and all."
    record = read(written(tmp_path, "a.xlsx", workbook(A=[["text", "id"], [cell, 1]])))[0]
    assert record.values["text"] == "Hi Jo,\r\nyour kettle\r is on its way, \ufffd and all."
    assert "_x" not in record.text


def test_a_workbook_that_unpacks_beyond_reason_is_refused_before_it_is_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "FREE_SIZE", 2**20)
    monkeypatch.setattr(xlsx, "_open", lambda *_: pytest.fail("parsed"))
    path = written(tmp_path, "a.xlsx", workbook(A=[["text"], ["hi"]]))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet9.xml", b"0" * 30_000_000)
    with pytest.raises(InputError, match="unpacks to 29 MB"):
        read(path)
    lying = path.read_bytes().replace(struct.pack("<I", 30_000_000), struct.pack("<I", 100_000))
    with pytest.raises(InputError, match=r"damaged|unpacks"):
        read(written(tmp_path, "b.xlsx", lying))


def test_other_workbooks_that_cannot_be_read(tmp_path: Path) -> None:
    good = workbook(A=[["text"], ["hi"]])
    with pytest.raises(InputError, match="old or encrypted"):
        read(written(tmp_path, "a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)))
    with pytest.raises(InputError, match=r"mail of Outlook's\n.*the mail as \.eml"):
        read(written(tmp_path, "a.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)))
    with pytest.raises(InputError, match="damaged"):
        read(written(tmp_path, "b.xlsx", good[: len(good) // 2]))
    for place in range(100, len(good) - 100, 300):  # a flipped byte, wherever it lies
        path = written(tmp_path, "d.xlsx", good[:place] + bytes([good[place] ^ 255]) + good[place + 1 :])
        with suppress(InputError):
            assert texts(read(path)) == ["hi"]


def test_a_workbook_with_a_broken_sheet_keeps_the_rows_before(tmp_path: Path) -> None:
    whole = zipfile.ZipFile(io.BytesIO(workbook(A=[["text"], *([f"hello {n}"] for n in range(2000))])))
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for name in whole.namelist():
            data = whole.read(name)
            archive.writestr(name, data[: len(data) // 2] if name.endswith("sheet1.xml") else data)
    records = read(path)
    assert texts(records[:3]) == ["hello 0", "hello 1", "hello 2"]
    assert 500 < len(records) < 2000
    assert "cannot be read beyond row" in str(records[-1].error)


@pytest.mark.parametrize(
    ("name", "roles", "orders", "first", "last"),
    [
        ("helpdesk.tsv", (6, 5, 1), 2, "2024-11-04T08:12", "2024-11-09T08:30"),
        ("shop_cp1252.csv", (6, 4, 1), 4, "2024-11-02T08:15", "2024-11-15T15:20"),
        ("chat.jsonl", (7, 5, 0), 1, "2024-11-11T08:00", "2024-11-11T08:17"),
        ("outbox.json", (5, 4, 1), 2, "2024-11-18T08:05", "2024-11-23T14:26"),
        ("two_months.xlsx", (6, 4, 1), 2, "2024-10-28T09:14", "2024-11-12T10:00"),
        ("replies.parquet", (10, 0, 0), 8, "2024-12-02T08:30", "2024-12-11T13:37"),
    ],
)
def test_the_samples_are_read_whole(
    name: str, roles: tuple[int, int, int], orders: int, first: str, last: str
) -> None:
    records = read(EXAMPLES / name, strict=True)
    count = Counter(record.role for record in records)
    assert tuple(count[role] for role in ("seller", "buyer", "system")) == roles
    assert all(record.text and record.sent_at for record in records)
    assert len({record.order_id for record in records} - {None}) == orders
    moments = [record.sent_at.astimezone(UTC).isoformat()[:16] for record in records if record.sent_at]
    assert (moments[0], max(moments)) == (first, last)


def test_the_samples_hold_what_their_formats_make_hard() -> None:
    shop, replies, chat = (
        read(EXAMPLES / name) for name in ("shop_cp1252.csv", "replies.parquet", "chat.jsonl")
    )
    assert "24,90 €" in shop[2].text
    assert "Zoë" in shop[1].text
    assert replies[3].previous == "Pegs came, all good now"
    assert {record.thread for record in chat} == {"c-31", "c-32", "c-33"}
    assert "B0TESTQ4R9" in chat[10].text
    assert chat[10].asin is None  # a buyer's words


def test_messages_of_a_nameless_conversation_stay_together(tmp_path: Path) -> None:
    def conversation(**outer: str) -> dict[str, Any]:
        said = [{"from": "customer", "text": "I love it"}, {"from": "agent", "text": "Review us?"}]
        return outer | {"messages": said}

    lines = "".join(f"{json.dumps(conversation())}\n" for _ in range(2))
    threads = [r.conversation for r in read(written(tmp_path, "a.jsonl", lines))]
    threads += [r.conversation for r in read(written(tmp_path, "b.jsonl", lines))]
    assert all(threads)
    assert [threads.index(thread) for thread in threads] == [0, 0, 2, 2, 4, 4, 6, 6]
    listed = read(written(tmp_path, "c.json", json.dumps([conversation(), conversation()])))
    assert len({r.conversation for r in listed}) == 2
    by_order = read(written(tmp_path, "d.jsonl", json.dumps(conversation(order_id="999-1")) + "\n\n"))
    assert {(r.thread, r.conversation) for r in by_order} == {(None, "999-1")}


def test_conversations_in_json_lines_are_read_whole(tmp_path: Path) -> None:
    line = (
        '{"id": "c1", "order_id": "999-1234567-7654321", "messages": [{"from": "customer", "text": "I love it"},'
        ' {"from": "agent", "text": "Leave us 5 stars"}]}\n'
    )
    records = read(written(tmp_path, "a.jsonl", line))
    assert [(r.role, r.text, r.thread, r.order_id) for r in records] == [
        ("buyer", "I love it", "c1", "999-1234567-7654321"),
        ("seller", "Leave us 5 stars", "c1", "999-1234567-7654321"),
    ]


@pytest.mark.parametrize(
    "cell", ["not available", "N.A.", "Pre-sale", "#REF!", "manual", "00000", "000-0000000-0000000"]
)
def test_what_stands_for_an_order_number_joins_no_strangers(tmp_path: Path, cell: str) -> None:
    table = f"Order ID,Ticket,Message\n{cell},T1,Hello\n{cell},T2,Good day\n"
    assert [record.order_id for record in read(written(tmp_path, "a.csv", table))] == [None, None]


def test_a_sheet_whose_words_stand_under_another_name_is_told(tmp_path: Path) -> None:
    header = ["Order ID", "Date", "Message"]
    book = workbook(
        Oct=[header, ["999-1", "2024-10-03", "Hello"]],
        Nov=[["Order ID", "Date", "Bericht 7"], ["999-2", "2024-11-03", "Leave us five stars"]],
        Legend=[["Colour", "Meaning"], ["red", "late"]],
    )
    first, told = read(written(tmp_path, "months.xlsx", book))
    assert (first.text, first.error) == ("Hello", None)
    assert (told.place, told.rest, first.rest) == ("sheet Nov", True, False)
    assert told.error is not None and told.error.startswith("not read: no column with the message")


def test_a_number_that_excel_has_rounded_is_no_order(tmp_path: Path) -> None:
    rows = [["Order ID", "Message"], [11112345671234500, "Hello"], [1111234567123, "Hello"]]
    records = read(written(tmp_path, "num.xlsx", workbook(A=rows)))
    assert [record.order_id for record in records] == [None, "1111234567123"]


def test_a_workbook_of_a_row_far_down_does_not_hang(tmp_path: Path) -> None:
    path = written(tmp_path, "far.xlsx", workbook(A=[["Order ID", "Message"], ["999-1", "Hello"]]))
    far = tmp_path / "further.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(far, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("sheet1.xml"):
                data = data.replace(b'r="2"', b'r="900000000000"').replace(b"A2", b"A900000000000")
            new.writestr(name, data)
    with pytest.raises(InputError, match="no sheet has more rows"):
        read(far)


@pytest.mark.parametrize("values", [[b"Hello \xff\xfe there"], [2**62]])
def test_a_parquet_file_of_odd_values_is_named(tmp_path: Path, values: list[Any]) -> None:
    array = pa.array(values, pa.binary() if isinstance(values[0], bytes) else pa.int64())
    kind = pa.string() if isinstance(values[0], bytes) else pa.timestamp("us")
    odd = pa.Array.from_buffers(kind, len(array), array.buffers())
    pq.write_table(pa.table({"message": ["Hello"], "odd": odd}), tmp_path / "odd.parquet")
    with pytest.raises(InputError, match="not a readable Parquet file"):
        read(tmp_path / "odd.parquet")


@pytest.mark.parametrize(
    ("column", "buyer", "seller"),
    [
        ("incoming", "1.0", "0.0"),
        ("incoming", "-1", "0"),
        *[("direction", f"Buyer{to}Seller", f"Seller{to}Buyer") for to in ("->", " → ", "=>")],
    ],
)
def test_flags_as_databases_write_them_and_directions_tell_the_writer(
    tmp_path: Path, column: str, buyer: str, seller: str
) -> None:
    table = f"id,{column},message\n1,{buyer},Where is it?\n2,{seller},On its way.\n"
    assert [record.role for record in read(written(tmp_path, "a.csv", table))] == ["buyer", "seller"]


@pytest.mark.parametrize(
    "table",
    [
        *("De;Message\nAcheteur;Hi\nVendeur;Yes\n", "Da;Messaggio\nCliente;Hi\nVenditore;Yes\n"),
        "送信者;本文\n顧客;Hi\nショップ;Yes\n",
    ],
)
def test_writers_are_told_in_other_languages(tmp_path: Path, table: str) -> None:
    records = read(written(tmp_path, "a.csv", table))
    assert [(record.text, record.role) for record in records] == [("Hi", "buyer"), ("Yes", "seller")]


@pytest.mark.parametrize(("buyers", "sellers"), [("Inbound", "Outbound"), ("Received", "Sent")])
def test_what_came_in_is_read_before_what_went_out(tmp_path: Path, buyers: str, sellers: str) -> None:
    (record,) = read(written(tmp_path, "a.csv", f"{buyers} message,{sellers} message\nLove it!,Review us\n"))
    assert (record.text, record.previous) == ("Review us", "Love it!")


def test_a_second_column_of_messages_may_be_the_answer(tmp_path: Path) -> None:
    table = "Order ID,Message,Date,Message,Date\n999-1,Where is it now?,2024-11-03,It is sent.,2024-11-04\n"
    with pytest.raises(InputError, match=r"'Message' and 'Message \(2\)' may both hold"):
        read(written(tmp_path, "a.csv", table))


@pytest.mark.parametrize(
    ("cell", "seller"),
    [
        ("Lena Berg <lena@mail.shop.example>", "Lena Berg"),
        ("Lena Berg <lena@mail.shop.example>", "shop.example"),
        ("Jose\u0301", "Jos\u00e9"),
    ],
)
def test_the_seller_is_known_by_name_domain_and_any_spelling(tmp_path: Path, cell: str, seller: str) -> None:
    for column in ("From", "De", "Mittente", "Remitente", "Expéditeur", "Verfasser", "差出人"):
        path = written(tmp_path, "a.csv", f"{column},Message\n{cell},On its way.\nAna,Where is it?\n")
        records = read(path, columns={"seller": seller})
        assert [record.role for record in records] == ["seller", "buyer"]


def test_a_header_repeated_below_in_a_sheet_is_no_row(tmp_path: Path) -> None:
    header: list[Any] = ["Ticket ID", 2024, "Message"]
    rows = [["Messages"], header, [1, None, "Hi"], [], header, [2, None, "Message"]]
    records = read(written(tmp_path, "a.xlsx", workbook(Sheet=rows)))
    assert [(r.thread, r.text) for r in records] == [("1", "Hi"), ("2", "Message")]


def test_a_sheet_with_words_under_unknown_names_is_said_to_be_left_out(tmp_path: Path) -> None:
    said = ["Wir senden Ihnen gerne heute noch einen Ersatz.", "Bitte geben Sie uns dafür fünf Sterne!"]
    other = [["Bestellung", "Unser Text"], *(["999-1", text] for text in said)]
    numbers = [["Umsatz im Monat je Produkt und Land"], ["Lampe", 3], ["Stuhl", 4]]
    book = workbook(Lena=[["Order ID", "Message"], ["999-2", "Hi"]], Tom=other, Summe=numbers)
    records = read(written(tmp_path, "a.xlsx", book))
    assert [(r.place, r.error is None) for r in records] == [
        ("sheet Lena, row 2", True),
        ("sheet Tom", False),
    ]
    assert not any(record.rest for record in records)  # it may be a legend
    assert "no column with the messages; rename" in str(records[1].error)
    of_order = workbook(Lena=[["Message"], ["Hi"]], Tom=[other[0], ["999-1234567-7654321", said[0]]])
    *_, told = read(written(tmp_path, "a.xlsx", of_order))
    assert (told.place, told.rest) == ("sheet Tom", False)  # it may be what was ordered
    under_a_title = [["Kontakte im November"], ["bearbeitet von Tom", None, None], *other]
    records = read(written(tmp_path, "a.xlsx", workbook(Lena=[["Message"], ["Hi"]], Tom=under_a_title)))
    assert [r.place for r in records] == ["sheet Lena, row 2", "sheet Tom"]


def test_a_book_without_messages_names_the_columns_of_its_fullest_sheet_below_a_title(tmp_path: Path) -> None:
    log = [
        ["Seller Central message log"],
        ["Date", "Order #", "We replied"],
        ["2024-11-03", ORDER, "It fits."],
    ]
    book = workbook(Log=log, Templates=[["Name", "Template"], ["ask", "Leave us 5 stars"]])
    with pytest.raises(
        InputError, match="sheet 'Log': no column with the messages among 'Date', 'Order #', 'We"
    ):
        read(written(tmp_path, "a.xlsx", book))


@pytest.mark.parametrize(
    "sheet",
    [
        [["order-id", "product-name", "quantity"], [ORDER, "Lumen Desk Lamp with USB Charger", "1"]],
        [["id", "customer-comments"], *[[ORDER, "it does not work at all"]] * 2],
        [["name", "ship-address"], *[["Ana Quill", "12 Rose Hill, 1010 Vienna, AT"]] * 2],
        [[f"In {ORDER} we asked for nothing", None], ["Lena"]],
        [["Wer", "Was wir ihm dazu schreiben"], [ORDER, "Hallo"], ["Ana Quill", "Hallo"], [ORDER, "a b c d e"]],
        [["Ana Quill", ORDER, "Hallo"], ["Bo Marsh", ORDER, "a b c d e"]],
        *(
            [["Ana Quill", told, "Hallo"], *[["Bo", "", "a b c d e"]] * 2]
            for told in ("2024-11-05", date(2024, 11, 5), "ana@mail.example", "+43 660 1234567")
        ),
    ],
)  # fmt: skip
def test_a_sheet_of_something_else_fails_nothing_and_none_of_its_rows_is_quoted(
    tmp_path: Path, sheet: list[list[Any]]
) -> None:
    book = workbook(Messages=[["Order ID", "Message"], ["999-2", "Hi"]], Other=sheet)
    _, told = read(written(tmp_path, "a.xlsx", book))
    assert (told.place, told.rest) == ("sheet Other", False)
    assert str(told.error).startswith("not read: no column with the messages; rename")


def test_a_sheet_without_the_column_that_was_named_is_read_by_the_usual_names_or_told(tmp_path: Path) -> None:
    book = workbook(
        Nov=[["Order", "Wir"], ["999-1", "Hi"]],
        Dez=[["Order", "Antwort an sie"], ["999-2", "Hallo"]],
        Jan=[["Order", "Text"], ["999-3", "Hello"]],
    )
    path = written(tmp_path, "a.xlsx", book)
    *records, told = read(path, columns={"text": "Wir"})
    assert texts(records) == ["Hi", "Hello"]
    assert (told.place, told.rest) == ("sheet Dez", True)
    assert "not read: no column 'Wir'; rename" in str(told.error)
    assert texts(read(path, columns={"text": ("Wir", "Antwort an sie")})) == ["Hi", "Hallo", "Hello"]


def test_a_sheet_is_not_asked_for_the_message_that_it_has(tmp_path: Path) -> None:
    book = workbook(Nov=[["Message", "Who"], ["Hi", "Lena"]], Dec=[["Order", "Message"], ["999-1", "Hi"]])
    records = read(written(tmp_path, "a.xlsx", book), columns={"agent": "Who"})
    assert not any("the message" in str(error) for error in errors(records))


@pytest.mark.parametrize("column", ["Customer message", "Asked"])
def test_a_row_with_the_buyers_words_beside_it_is_the_answer(tmp_path: Path, column: str) -> None:
    table = f"Reply,{column}\nIt fits.,<p>Does it fit?</p>\nHello.,\n"
    given = {"text": "Reply", "previous": column}
    records = read(written(tmp_path, "a.csv", table), columns=given)
    assert [(record.previous, record.paired) for record in records] == [("Does it fit?", True), (None, False)]


def test_a_message_goes_on_in_the_column_named_so(tmp_path: Path) -> None:
    quote = (
        '"On Mon, 4 Nov 2024 at 10:01, Ana <abc@marketplace.amazon.com> wrote:\n> I love it\n> really\n> bye"'
    )
    rows = f"1,On its way.,Leave us five stars,\n2,Hi,,A note of two words\n3,Thanks,{quote},\n"
    records = read(written(tmp_path, "a.csv", f"Order ID,Message,Message (cont.),\n{rows}"))
    assert texts(records) == ["On its way.\nLeave us five stars", "Hi", "Thanks"]
    assert (records[2].previous or "").startswith("I love it")


def test_columns_of_one_name_in_other_letters_stand_in_for_each_other(tmp_path: Path) -> None:
    table = "Message,Order ID,message,order_id\nA,999-1234567-1234567,,\n,,B,999-1234567-1234568\n"
    records = read(written(tmp_path, "a.csv", table))
    assert [(r.text, r.order_id) for r in records] == [
        ("A", "999-1234567-1234567"),
        ("B", "999-1234567-1234568"),
    ]


@pytest.mark.parametrize(
    "column", ["Agent Response", "Seller Response", "Reply Sent", "Email Content", "Outbound Message"]
)
def test_the_sellers_words_under_names_of_logs(tmp_path: Path, column: str) -> None:
    assert texts(read(written(tmp_path, "a.csv", f"Order ID,{column}\n1,Hi there\n"))) == ["Hi there"]
    (record,) = read(written(tmp_path, "b.csv", f"Customer Message,{column}\nI love it,Thank you\n"))
    assert (record.text, record.previous) == ("Thank you", "I love it")


@pytest.mark.parametrize(
    "column",
    [
        *("Conversation Number", "Thread Number", "Gmail Thread ID", "Message Thread ID"),
        *("Ticket Reference", "Ticket Ref", "Case Reference"),
    ],
)
def test_conversations_under_further_names(tmp_path: Path, column: str) -> None:
    assert read(written(tmp_path, "a.csv", f"{column},Message\nK-7,Hi\n"))[0].thread == "K-7"


@pytest.mark.parametrize(
    "column", ["Buyer's message", "Buyer’s message", "Customer's question", "Nachricht des Käufers"]
)
def test_the_buyers_words_in_a_column_named_as_people_do(tmp_path: Path, column: str) -> None:
    (record,) = read(written(tmp_path, "a.csv", f"{column},text\nI love it,Thank you\n"))
    assert (record.text, record.previous) == ("Thank you", "I love it")


@pytest.mark.parametrize(
    ("order", "date"),
    [("Bestellnr.", "Erstellt am"), ("N. ordine", "Inviato il"), ("Numéro de commande", "Date de création")],
)
def test_orders_and_dates_under_european_names(tmp_path: Path, order: str, date: str) -> None:
    (record,) = read(written(tmp_path, "a.csv", f"{order};{date};Text\nA-17;2024-11-03;Hi\n"))
    assert record.order_id == "A-17"
    assert record.sent_at is not None
