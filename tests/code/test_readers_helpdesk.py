"""Zendesk, Gorgias, Freshdesk and eDesk: who said what in which ticket, and what is left of damaged files."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.code.reading import EXAMPLES, errors, read, texts, written

from reviewguard.masking import record_names

ASIN = "B0TESTE1SL"
ORDER, OTHER = "999-1234567-7654321", "999-3333333-7654323"
FORMATS = ("zendesk", "gorgias", "freshdesk")
QUOTE = (
    "On Tue, 5 Nov 2024 at 9:00 AM, Ana <a1b2@marketplace.amazon.com> wrote:\n> Five stars if you refund me"
)


def roles(records: list[Any]) -> list[str]:
    return [record.role for record in records]


@pytest.mark.parametrize(
    ("name", "seller", "buyer", "system"),
    [("zendesk", 7, 7, 2), ("gorgias", 6, 5, 1), ("freshdesk", 7, 5, 1), ("edesk", 6, 4, 1)],
)
def test_every_message_of_the_samples_is_read(name: str, seller: int, buyer: int, system: int) -> None:
    records = read(EXAMPLES / f"{name}.json")
    assert Counter(roles(records)) == {"seller": seller, "buyer": buyer, "system": system}
    assert set(errors(records)) == {None}
    for record in records:
        assert record.text and record.sent_at and record.subject and record.id
        assert record.thread and record.thread.startswith("ED-" if name == "edesk" else f"{name} ")
        assert record.order_id and record.order_id.startswith("999-")
        assert (record.agent is not None) == (record.role == "seller")
        assert record.values["order_id"] == record.order_id


def test_columns_of_a_zendesk_comment() -> None:
    record = read(EXAMPLES / "zendesk.json")[0]
    assert record.values == {
        "ticket_id": "501",
        "message_id": "88001",
        "date": "2024-11-05T09:02:11+00:00",
        "author": "9101",
        "status": "solved",
        "channel": "email",
        "tags": "straps, replacement",
        "attachments": "straps.jpg",
        "body": "One of the two straps is shorter than the other. Can I get a matching pair?",
        "subject": "Saddle bag strap",
        "order_id": "999-1180264-9937405",
        "customer_name": "Hal",
    }
    assert record.place == "ticket 501, message 1"


BUYER = {"id": 5, "name": "Grace Kim", "role": "end-user"}
SENT = {"id": 1, "ticket_id": 2, "from_agent": True, "created_datetime": "2024-11-05", "body_text": "Hi"}
RECEIVED = SENT | {"from_agent": False, "sender": BUYER, "receiver": {"name": "Nora Berg"}}


@pytest.mark.parametrize(
    "export",
    [
        {"tickets": [{"id": 1, "requester_id": 5, "submitter_id": 5, "description": "Hi"}], "users": [BUYER]},
        {"users": [BUYER], "comments": [{"id": 2, "author_id": 5, "body": "Hi", "public": True}]},
        [{"id": 1, "requester_id": 5, "submitter_id": 5, "requester": BUYER, "description": "Hi"}],
        [{"id": 1, "requester_id": 5, "responder_id": 6, "requester": BUYER, "description_text": "Hi"}],
        [{"id": 1, "customer": BUYER, "messages": [SENT]}],
        [SENT | {"receiver": BUYER}],
        [RECEIVED],
        {"tickets": [{"id": 1, "contact": BUYER, "messages": [{"direction": "outgoing", "body": "Hi"}]}]},
        [{"id": 1, "requester": {"id": 5}, "customer": BUYER, "messages": [SENT]}],
        [
            {
                "id": 1,
                "requester": {"name": "Nora Berg", "role": "agent"},
                "customer": BUYER,
                "messages": [SENT],
            }
        ],
        [SENT | {"receiver": {"id": 5, "firstname": "Grace", "lastname": "Kim"}}],
    ],
)
def test_helpdesks_name_the_buyer(tmp_path: Path, export: Any) -> None:
    record = read(dumped(tmp_path, export))[0]
    assert (record.text, set(record_names(record))) == ("Hi", {"Grace Kim"})


AGENT = {"id": 6, "name": "Nora Berg"}
OPENED = {"id": 1, "requester_id": 6, "submitter_id": 6, "description": "Hi"}


@pytest.mark.parametrize(
    "export",
    [
        *([OPENED | {"requester": AGENT | {"role": role}}] for role in ("agent", "admin", "light_agent")),
        {
            "tickets": [OPENED | {"requester": {"id": 6, "name": "Nora"}}],
            "users": [AGENT | {"role": "agent"}],
        },
        {"tickets": [OPENED | {"requester": {"name": "Nora Berg"}}], "users": [AGENT | {"role": "agent"}]},
        *(
            [SENT | {"receiver": {"name": name}}]
            for name in ("Lamp Supply", "Lamp Shop Support", "Web Visitor", "Order Update", "The Mug Store")
        ),
    ],
)
def test_agents_and_shops_are_not_taken_for_the_buyer(tmp_path: Path, export: Any) -> None:
    record = read(dumped(tmp_path, export))[0]
    assert (record.text, record.values.get("customer_name"), record_names(record)) == ("Hi", None, ())


def test_agents_that_the_user_names_are_not_taken_for_the_buyer(tmp_path: Path) -> None:
    path = dumped(tmp_path, [OPENED | {"requester": AGENT}])
    assert "customer_name" not in read(path, columns={"seller": "Nora Berg"})[0].values


def zendesk_ticket(number: int = 1, **more: Any) -> dict[str, Any]:
    ticket = {"id": number, "subject": "Lamp", "requester_id": 5, "submitter_id": 5, "assignee_id": 6}
    comments = [
        {
            "id": 10,
            "author_id": 5,
            "body": f"Does it fit? {ORDER}",
            "public": True,
            "created_at": "2024-11-05T09:00:00Z",
        },
        {"id": 11, "author_id": 6, "html_body": "<p>It <b>fits</b>.</p>", "public": True},
        {"id": 12, "author_id": 6, "body": "easy one", "public": False},
    ]
    return ticket | {"comments": comments} | more


def dumped(folder: Path, value: Any, name: str = "export.json", **options: Any) -> Path:
    return written(folder, name, json.dumps(value, **options))


@pytest.mark.parametrize(
    "layout",
    [
        *("array", "page", "object", "sorted", "wrapped", "lines", "pages", "indented"),
        *("utf-16", "utf-16 lines", "bom"),
    ],
)
def test_layouts_of_a_zendesk_export(tmp_path: Path, layout: str) -> None:
    first, second = zendesk_ticket(1), zendesk_ticket(2)
    content: str | bytes = {
        "array": json.dumps([first, second]),
        "page": json.dumps({"count": 2, "next_page": None, "tickets": [first, second]}) + "\n",
        "object": json.dumps(first) + json.dumps(second),
        "sorted": "\n".join(json.dumps(t, sort_keys=True, indent=2) for t in (first, second)),
        "wrapped": json.dumps([{"ticket": first}, {"ticket": second}]),
        "lines": json.dumps(first) + "\n\n" + json.dumps(second) + "\n",
        "pages": json.dumps({"tickets": [first]}) + "\n" + json.dumps({"tickets": [second]}),
        "indented": json.dumps({"tickets": [first, second]}, indent=2),
        "utf-16": json.dumps([first, second]).encode("utf-16"),
        "utf-16 lines": f"{json.dumps(first)}\r\n{json.dumps(second)}\r\n".encode("utf-16"),
        "bom": b"\xef\xbb\xbf" + json.dumps([first, second]).encode(),
    }[layout]
    records = read(written(tmp_path, "export.json", content))
    assert errors(records) == [None] * 6
    assert roles(records) == ["buyer", "seller", "system"] * 2
    assert texts(records)[:3] == [f"Does it fit? {ORDER}", "It fits.", "easy one"]
    assert [record.thread for record in records] == ["zendesk 1"] * 3 + ["zendesk 2"] * 3
    assert {record.order_id for record in records} == {ORDER}


def test_zendesk_users_tell_agents_from_customers(tmp_path: Path) -> None:
    comments = [{"id": n, "author_id": n, "body": "words", "public": True} for n in (5, 6, 7, 8, -1)]
    users = [{"id": 6, "name": "Nora", "role": "agent"}, {"id": 7, "role": "end-user"}]
    path = dumped(tmp_path, {"tickets": [zendesk_ticket(comments=comments)], "users": users})
    records = read(path)
    assert roles(records) == ["buyer", "seller", "buyer", "seller", "system"]
    assert records[1].agent == "Nora"


FRESHDESK = {"id": 1, "requester_id": 5, "responder_id": 6, "description_text": "Does it fit?"} | {
    "conversations": [{"user_id": 6, "incoming": False, "private": False, "body_text": "It fits."}]
}
HELP_SCOUT = {"id": 1, "customer": {"first": "Ana"}, "body": "It fits.", "type": "message"}


@pytest.mark.parametrize(
    ("export", "agent"),
    [
        (zendesk_ticket(assignee={"id": 6, "name": "Nora"}), "Nora"),
        (zendesk_ticket(assignee={"id": 7, "name": "Nora"}), "6"),
        (zendesk_ticket(submitter={"id": 6, "email": "nora@shop.example"}), "nora@shop.example"),
        (FRESHDESK, "6"),
        (FRESHDESK | {"responder": {"id": 6, "name": "Nora"}}, "Nora"),
        ({"tickets": [FRESHDESK], "agents": [{"id": 6, "contact": {"name": "Nora"}}]}, "Nora"),
        (
            {"tickets": [FRESHDESK], "agents": [{"id": 6, "email": "nora@shop.example"}, 7]},
            "nora@shop.example",
        ),
        (
            HELP_SCOUT
            | {"createdBy": {"type": "user", "first": "Nora", "last": "Berg", "email": "n@b.example"}},
            "Nora Berg",
        ),
        (HELP_SCOUT | {"createdBy": {"type": "user", "first": "", "email": "n@b.example"}}, "n@b.example"),
        (HELP_SCOUT | {"createdBy": {"type": "user", "firstName": "Nora", "lastName": ""}}, "Nora"),
        (HELP_SCOUT | {"createdBy": {"type": "customer", "first": "Ana"}}, None),
    ],
)
def test_an_agent_has_a_name_where_the_export_has_one(
    tmp_path: Path, export: dict[str, Any], agent: str | None
) -> None:
    sellers = [record for record in read(dumped(tmp_path, export)) if record.role == "seller"]
    assert [record.agent for record in sellers] == [agent] * len(sellers)
    assert bool(sellers) == bool(agent)


def test_zendesk_users_on_a_later_line_tell_agents_from_customers(tmp_path: Path) -> None:
    comments = [{"id": n, "author_id": n, "body": "b" * 40_000} for n in (5, 6, 7)]
    users = [{"id": 6, "name": "Nora", "role": "agent"}, {"id": 7, "role": "end-user"}]
    lines = [{"tickets": [zendesk_ticket(comments=comments)]}, {"users": users}]
    records = read(written(tmp_path, "a.jsonl", "\n".join(map(json.dumps, lines))))[:3]
    assert (roles(records), records[1].agent) == (["buyer", "seller", "buyer"], "Nora")


def test_what_a_rule_sent_by_zendesk_is_the_sellers(tmp_path: Path) -> None:
    rule: dict[str, Any] = {"author_id": -1, "body": "words", "via": {"channel": "rule"}}
    comments = [rule | {"public": True}, rule | {"public": False}, rule | {"via": {"channel": "system"}}]
    assert roles(read(dumped(tmp_path, [zendesk_ticket(comments=comments)]))) == [
        "seller",
        "system",
        "system",
    ]


def test_zendesk_comments_beside_their_tickets(tmp_path: Path) -> None:
    tickets = [zendesk_ticket(n, comments=None, description="Does it fit?", subject=ORDER) for n in (1, 2)]
    comments = [
        {"id": 9, "ticket_id": 1, "author_id": author, "body": "words", "public": True} for author in (5, 6)
    ]
    records = read(dumped(tmp_path, {"tickets": tickets, "comments": comments}))
    assert roles(records[:2]) == ["buyer", "seller"]
    assert [record.order_id for record in records[:2]] == [ORDER, ORDER]
    assert [(record.place, record.error) for record in records[2:]] == [
        ("ticket 2", "the ticket holds no message")
    ]


def test_zendesk_tickets_after_a_long_list_of_users(tmp_path: Path) -> None:
    users = [{"id": n, "role": "end-user", "notes": "n" * 300} for n in range(100, 400)]
    records = read(dumped(tmp_path, {"users": users, "tickets": [zendesk_ticket(description="Fits?")]}))
    assert roles(records) == ["buyer", "seller", "system"]
    assert {record.thread for record in records} == {"zendesk 1"}


@pytest.mark.parametrize("layout", ["page", "array", "lines"])
def test_zendesk_comments_beside_their_only_ticket(tmp_path: Path, layout: str) -> None:
    ticket = zendesk_ticket()
    comments, users = ticket.pop("comments"), [{"id": 6, "name": "Nora", "role": "agent"}]
    whole = {"ticket": ticket, "comments": comments, "users": users}
    content = {
        "page": json.dumps(whole),
        "array": json.dumps([whole]),
        "lines": json.dumps(whole) + "\n" + json.dumps(whole),
    }[layout]
    records = read(written(tmp_path, "export.json", content))
    assert roles(records[:3]) == ["buyer", "seller", "system"]
    assert {(record.thread, record.order_id, record.error) for record in records} == {
        ("zendesk 1", ORDER, None)
    }
    assert records[1].agent == "Nora"


def test_zendesk_comments_of_a_ticket_that_is_not_named(tmp_path: Path) -> None:
    page = {"comments": zendesk_ticket()["comments"], "users": [{"id": 5, "role": "end-user"}]}
    records = read(dumped(tmp_path, page))
    assert roles(records) == ["buyer", "seller", "system"]
    assert errors(records) == [None] * 3
    assert len({record.thread for record in records} - {None}) == 1
    assert records[0].place == "message 10"


@pytest.mark.parametrize("layout", ["lines", "array", "behind each other"])
def test_zendesk_pages_of_comments_are_conversations_of_their_own(tmp_path: Path, layout: str) -> None:
    users = [{"id": 5, "role": "end-user"}, {"id": 6, "name": "Nora", "role": "agent"}]
    pages = [
        {"comments": [c | {"body": name} for c in zendesk_ticket()["comments"][:2]], "users": users}
        for name in "ab"
    ]
    content = {
        "lines": "\n".join(map(json.dumps, pages)),
        "array": json.dumps(pages),
        "behind each other": "\n".join(json.dumps(page, indent=1) for page in pages),
    }[layout]
    records = read(written(tmp_path, "export.json", content))
    assert [(r.role, r.text, r.error, r.agent) for r in records] == [
        ("buyer", "a", None, None),
        ("seller", "a", None, "Nora"),
        ("buyer", "b", None, None),
        ("seller", "b", None, "Nora"),
    ]
    threads = [record.thread for record in records]
    assert threads[:2] != threads[2:] if layout != "behind each other" else threads == [None] * 4
    assert [threads[0], threads[2]] == [threads[1], threads[3]]


def test_zendesk_pages_in_an_array_are_read(tmp_path: Path) -> None:
    pages = [{"tickets": [zendesk_ticket(number)], "brands": [], "next_page": None} for number in (1, 2)]
    records = read(dumped(tmp_path, pages))
    assert [(record.thread, record.error) for record in records] == [("zendesk 1", None)] * 3 + [
        ("zendesk 2", None)
    ] * 3


@pytest.mark.parametrize(
    "ticket",
    [
        {"ticket_number": "T-1", "title": "Lamp", "seller_order_id": ORDER},
        {"uuid": "u1", "seller_order_id": ORDER},
        {"ticket_ref": "T-1", "sellerOrderId": ORDER, "items": [{"sku": "L", "quantity": 1}]},
    ],
)
@pytest.mark.parametrize("name", ["messages", "thread"])
def test_edesk_tickets_are_no_pages(tmp_path: Path, ticket: dict[str, Any], name: str) -> None:
    messages = [{"body": "Fits?", "direction": "in"}, {"body": "It fits.", "direction": "out"}]
    whole = ticket | {name: messages}
    said = [("Fits?", "buyer", None), ("It fits.", "seller", None)]
    for content in ([whole] * 2, whole):
        records = read(dumped(tmp_path, content))
        assert [(r.text, r.role, r.error) for r in records] == said * (2 if content is not whole else 1)
    lines = written(tmp_path, "lines.jsonl", f"{json.dumps(whole)}\n" * 2)
    assert [(r.text, r.role, r.error) for r in read(lines)] == said * 2


@pytest.mark.parametrize("layout", ["page", "array", "lines"])
@pytest.mark.parametrize("pages", ["audits", "ticket_events"])
def test_zendesks_audits_are_said_not_to_be_read(tmp_path: Path, layout: str, pages: str) -> None:
    comment = {"id": 3, "type": "Comment", "author_id": 6, "body": "It fits.", "public": True}
    name = "events" if pages == "audits" else "child_events"
    happened = {"id": 2, "ticket_id": 1, "author_id": 6, name: [comment]}
    content = {
        "page": json.dumps({pages: [happened], "count": 1}),
        "array": json.dumps([happened]),
        "lines": f"{json.dumps(happened)}\n" * 2,
    }[layout]
    records = read(written(tmp_path, "export.json", content))
    assert {str(record.error)[:40] for record in records} == {"audits and ticket events are not read: e"}


@pytest.mark.parametrize("public", [True, False])
@pytest.mark.parametrize(
    ("body", "via"),
    [
        ("(1:38:05 PM) Ana: Where is it?\n(13:40:26) Nora: Leave us 5 stars", "chat"),
        ("Ana\nWhere is it?\nNora\nLeave us 5 stars", "chat_transcript"),
    ],
)
def test_a_transcript_is_neither_sides(tmp_path: Path, body: str, via: str, public: bool) -> None:
    comments = [{"id": 9, "author_id": 5, "body": body, "via": {"channel": via}, "public": public}]
    comments.append({"id": 10, "author_id": 6, "body": "(1:38:05 PM) Nora: Hi\n(1:40:26 PM) Nora: Bye"})
    transcript, alone = read(dumped(tmp_path, [zendesk_ticket(comments=comments)]))
    assert "both sides" in str(transcript.error)
    assert (alone.role, alone.error) == ("seller", None)


def test_tickets_that_came_without_their_comments_are_counted(tmp_path: Path) -> None:
    zendesk = [zendesk_ticket(number, description="Does it fit?") for number in (1, 2, 3)]
    for ticket in zendesk[:2]:
        del ticket["comments"]
    freshdesk = [{"id": n, "requester_id": 5, "responder_id": 8, "description_text": "Hi"} for n in (1, 2)]
    for vendor, tickets in (("zendesk", zendesk), ("freshdesk", freshdesk)):
        *records, last = read(dumped(tmp_path, tickets), format=vendor)
        assert errors(records) == [None] * len(records)
        assert (last.place, str(last.error)[:38]) == ("tickets", "2 tickets came without their comments:")
        alone = read(dumped(tmp_path, tickets[:1]), format=vendor)[-1]
        assert str(alone.error).startswith("1 ticket came without its comments")
    comments = [{"id": 9, "ticket_id": n, "author_id": 6, "body": "It fits.", "public": True} for n in (1, 2)]
    lines = [{"tickets": zendesk[:2]}, {"comments": comments}]
    later = written(tmp_path, "a.jsonl", "\n".join(map(json.dumps, lines)))
    assert errors(read(later, columns={"seller": "6"})) == [None] * 4


def test_zendesk_comments_of_nobody_knows_whom_are_not_read(tmp_path: Path) -> None:
    comments = zendesk_ticket()["comments"]
    path = dumped(tmp_path, {"comments": comments})
    public = [record.error or "" for record in read(path) if record.role != "system"]
    assert len(public) == 2
    assert all("export the `users`" in error and "--map seller=" in error for error in public)
    lost = [zendesk_ticket(1), zendesk_ticket(2) | {"requester_id": None}, zendesk_ticket(3)]
    assert [r.place for r in read(dumped(tmp_path, lost, "lost.json")) if not r.error][-1].startswith(
        "ticket 3"
    )
    page = {"users": [{"id": 6, "role": "agent"}], "comments": [comments[0] | {"author_id": None}]}
    assert roles(read(dumped(tmp_path, page, "page.json"))) == ["seller"]
    assert roles(read(path, columns={"seller": "6"})) == ["buyer", "seller", "system"]
    named = [
        comments[0] | {"author": {"name": "Ana"}},
        comments[1] | {"author": {"email": "Nora@shop.example"}},
    ]
    path = dumped(tmp_path, named, "named.json")
    assert roles(read(path, columns={"seller": "shop.example"})) == ["buyer", "seller"]
    assert roles(read(dumped(tmp_path, [zendesk_ticket()]), columns={"seller": "5"}))[0] == "seller"


def test_tickets_without_a_message_come_in_the_order_of_the_export(tmp_path: Path) -> None:
    tickets = [zendesk_ticket(number, comments=None) for number in range(12)]
    comment = {"id": 1, "ticket_id": 0, "body": "Hello", "author_id": 7}
    records = read(dumped(tmp_path, {"tickets": tickets, "comments": [comment]}), format="zendesk")
    assert [record.place for record in records[1:]] == [f"ticket {number}" for number in range(1, 12)]


def test_zendesk_tickets_without_comments_are_their_description(tmp_path: Path) -> None:
    outbound = zendesk_ticket(2, comments=None, description="Your lamp ships.", submitter_id=6)
    tickets = [
        zendesk_ticket(1, comments=[], description="Does it fit?"),
        outbound,
        zendesk_ticket(3, comments=[]),
    ]
    records = read(dumped(tmp_path, {"tickets": tickets}))
    assert [(record.role, record.text) for record in records[:2]] == [
        ("buyer", "Does it fit?"),
        ("seller", "Your lamp ships."),
    ]
    assert records[2].error == "the ticket holds no message"


def test_an_asin_in_a_buyers_words_is_not_taken_for_the_tickets(tmp_path: Path) -> None:
    ticket = zendesk_ticket()
    ticket["comments"][0]["body"] = "I take B0TEST34CD instead."
    assert [r.asin for r in read(written(tmp_path, "a.json", json.dumps([ticket])))] == [None] * 3
    ticket["comments"][1]["html_body"] = "<p>Not B0TEST12AB?</p>"
    assert [r.asin for r in read(written(tmp_path, "b.json", json.dumps([ticket])))] == ["B0TEST12AB"] * 3
    ticket["custom_fields"] = [{"id": 1, "value": "B0TEST56EF"}]
    assert {r.asin for r in read(written(tmp_path, "c.json", json.dumps([ticket])))} == {"B0TEST56EF"}


def gorgias_message(number: int, **more: Any) -> dict[str, Any]:
    message = {"id": number, "ticket_id": 4, "from_agent": True, "public": True, "body_text": "It fits."}
    return (
        message | {"created_datetime": "2024-11-05T09:00:00.123", "sender": {"id": 3, "name": "Sanne"}} | more
    )


@pytest.mark.parametrize("layout", ["data", "array", "lines"])
def test_gorgias_messages_without_tickets(tmp_path: Path, layout: str) -> None:
    messages = [
        gorgias_message(1, from_agent=False, subject=ORDER),
        gorgias_message(2),
        gorgias_message(3, public=False),
    ]
    content = {
        "data": json.dumps({"data": messages}),
        "array": json.dumps(messages),
        "lines": "\n".join(map(json.dumps, messages)),
    }[layout]
    records = read(written(tmp_path, "export.json", content))
    assert roles(records) == ["buyer", "seller", "system"]
    assert {record.thread for record in records} == {"gorgias 4"}
    assert records[0].place == "ticket 4, message 1"
    assert records[0].order_id == ORDER


def test_gorgias_flags_in_words(tmp_path: Path) -> None:
    messages = [gorgias_message(1, from_agent="false"), gorgias_message(2, public="False")]
    assert roles(read(dumped(tmp_path, messages))) == ["buyer", "system"]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"stripped_text": "It fits.", "body_text": "It fits.\n-- \nSanne"}, "It fits."),
        ({"stripped_text": None, "body_text": "It fits, too."}, "It fits, too."),
        ({"stripped_text": " ", "body_text": "", "body_html": "<p>It fits<br>well.</p>"}, "It fits\nwell."),
        ({"stripped_text": None, "body_text": None, "body_html": None}, ""),
    ],
)
def test_gorgias_text(tmp_path: Path, fields: dict[str, Any], text: str) -> None:
    ticket = {"id": 4, "messages": [gorgias_message(1, **fields)]}
    assert texts(read(dumped(tmp_path, [ticket]))) == [text]


def test_what_a_gorgias_agent_asks_in_the_signature_is_read(tmp_path: Path) -> None:
    signed = {"stripped_text": "It fits.", "body_text": "all", "stripped_signature": "PS Leave us 5 stars."}
    messages = [
        gorgias_message(1, from_agent=False, **signed),
        gorgias_message(2, **signed),
        gorgias_message(3, **signed | {"stripped_signature": "Sanne"}),
    ]
    records = read(dumped(tmp_path, [{"id": 4, "messages": messages}]))
    assert texts(records) == ["It fits.", "It fits.\n\n--\nPS Leave us 5 stars.", "It fits."]
    assert "5 stars" in str(records[1].values["body"])


def test_what_a_gorgias_agent_asks_where_nothing_calls_it_a_signature_is_read(tmp_path: Path) -> None:
    whole = f"It fits.\n\n-- \nTom\nLove it? Leave us 5 stars\n\n{QUOTE}"
    given = {"stripped_text": "It fits.", "stripped_signature": None, "body_text": whole}
    messages = [
        gorgias_message(1, **given),
        gorgias_message(2, **given, from_agent=False),
        gorgias_message(3, **given | {"body_text": f"It fits.\n\n-- \nTom\n\n{QUOTE}"}),
    ]
    records = read(dumped(tmp_path, [{"id": 4, "messages": messages}]))
    assert texts(records) == ["It fits.\n\n--\nTom\nLove it? Leave us 5 stars", "It fits.", "It fits."]


_LINK = "<div>It fits. <a href='https://example.com/create-review'>Click here</a>{}</div>"


@pytest.mark.parametrize("hidden", ["", "<span style='display:none'>five stars</span>"])
@pytest.mark.parametrize(
    ("vendor", "plain", "html"),
    [
        ("zendesk", "plain_body", "html_body"),
        ("freshdesk", "body_text", "body"),
        ("gorgias", "body_text", "body_html"),
        ("gorgias", "stripped_text", "stripped_html"),
    ],
)
def test_what_only_the_html_of_a_message_says_is_read(
    tmp_path: Path, vendor: str, plain: str, html: str, hidden: str
) -> None:
    message: dict[str, Any] = {plain: "It fits. Click here", html: _LINK.format(hidden)}
    ticket: dict[str, Any] = {
        "zendesk": zendesk_ticket(comments=[message | {"author_id": 6, "public": True}]),
        "freshdesk": {"id": 1, "conversations": [message | {"incoming": False, "private": False}]},
        "gorgias": {"id": 4, "messages": [gorgias_message(1) | {"body_text": None} | message]},
    }[vendor]
    (record,) = read(dumped(tmp_path, [ticket]), format=vendor)
    assert "[Click here](https://example.com/create-review)" in record.text
    assert ("five stars" in record.text) == bool(hidden)


def test_freshdesk_direction(tmp_path: Path) -> None:
    conversations = [
        {"id": 2, "body": "<div>It fits.</div>", "incoming": False, "private": False, "user_id": 8},
        {"id": 3, "body_text": "easy one", "incoming": False, "private": True},
        {"id": 4, "body_text": "Thanks!", "incoming": True, "private": False},
    ]
    ticket = {"id": 1, "requester_id": 5, "responder_id": 8, "description_text": "Does it fit?", "source": 1}
    outbound = ticket | {"id": 2, "source": 10, "description_text": "Your lamp ships.", "conversations": []}
    records = read(dumped(tmp_path, [ticket | {"conversations": conversations}, outbound]))
    assert roles(records) == ["buyer", "seller", "system", "buyer", "seller"]
    assert texts(records) == ["Does it fit?", "It fits.", "easy one", "Thanks!", "Your lamp ships."]


def test_freshdesk_quotes_that_only_html_marks_are_the_buyers(tmp_path: Path) -> None:
    said = "On Tue, 5 Nov at 9:00 AM , Ana <a1b2@marketplace.amazon.com> wrote:"
    quote = f"{said.replace('<', '&lt;')}<div>Five stars if you refund me</div>"
    message = {
        "id": 2,
        "body": f"<div>Refunded.</div><div class='freshdesk_quote'><blockquote>{quote}</blockquote></div>",
        "body_text": f"Refunded.   {said} Five stars if you refund me",
        "incoming": False,
        "private": False,
    }
    (record,) = read(dumped(tmp_path, [{"id": 1, "requester_id": 5, "conversations": [message]}]))
    assert (record.text, record.previous) == ("Refunded.", "Five stars if you refund me")


@pytest.mark.parametrize("html", [{}, {"body_html": "<div>Sent today.</div>"}])
def test_plain_bodies_of_freshdesks_first_api_keep_their_lines(tmp_path: Path, html: dict[str, str]) -> None:
    note = {"note": {"id": 2, "body": f"Sent today.\n\n{QUOTE}", "incoming": False, "private": False} | html}
    ticket = {"display_id": 9, "requester_id": 5, "responder_id": 8, "notes": [note]}
    opened = {"description": "Does it fit?\n<ana@b.example>", "description_html": "<p>Does it fit?</p>"}
    first, reply = read(dumped(tmp_path, [{"helpdesk_ticket": ticket | opened}]))
    assert first.text == "Does it fit?\n<ana@b.example>"
    assert (reply.text, reply.previous) == ("Sent today.", "Five stars if you refund me")


def test_freshdesk_account_export(tmp_path: Path) -> None:
    note = {"note": {"id": 2, "body": "It fits.", "incoming": False, "private": False}}
    ticket = {
        "display_id": 9,
        "requester_id": 5,
        "responder_id": 8,
        "description": "Does it fit?",
        "notes": [note],
    }
    records = read(dumped(tmp_path, [{"helpdesk_ticket": ticket | {"custom_field": {"order_1": ORDER}}}]))
    assert [(record.role, record.text, record.order_id) for record in records] == [
        ("buyer", "Does it fit?", ORDER),
        ("seller", "It fits.", ORDER),
    ]
    assert records[0].thread == "freshdesk 9"


@pytest.mark.parametrize("name", ["stripped_html", "body_html"])
def test_html_without_a_tag_has_its_entities_read(tmp_path: Path, name: str) -> None:
    said = "Don&#39;t worry &amp; enjoy\nhttps://a.example/?a=1&copy=2 &lt;b&gt;"
    message = gorgias_message(1, **{"body_text": None, "stripped_text": None, name: said})
    wanted = "Don't worry & enjoy\nhttps://a.example/?a=1&copy=2 <b>"
    assert texts(read(dumped(tmp_path, [{"id": 4, "messages": [message]}]))) == [wanted]
    message = {"id": 2, "incoming": False, "private": False, "body": "Don&#39;t worry"}
    ticket = {"id": 1, "requester_id": 5, "responder_id": 8, "conversations": [message]}
    assert texts(read(dumped(tmp_path, [ticket], "b.json"))) == ["Don't worry"]


def test_edesk_names_are_taken_broadly(tmp_path: Path) -> None:
    messages = [
        {"messageId": "a", "senderType": "customer", "message": "Does it fit?", "sentAt": "2024-11-05 09:00"},
        {"messageId": "b", "isIncoming": False, "bodyHtml": "<p>It fits.</p>", "createdAt": 1730797200},
        {"messageId": "c", "direction": "outbound", "type": "Note", "content": "easy one"},
    ]
    ticket = {"ticketId": 3, "Subject": "Lamp", "salesOrder": {"sellerOrderId": ORDER}, "Messages": messages}
    records = read(dumped(tmp_path, {"tickets": [ticket]}))
    assert roles(records) == ["buyer", "seller", "system"]
    assert texts(records) == ["Does it fit?", "It fits.", "easy one"]
    assert [record.thread for record in records] == ["3"] * 3
    assert records[0].order_id == ORDER
    assert records[1].sent_at and records[1].sent_at.isoformat() == "2024-11-05T09:00:00+00:00"


@pytest.mark.parametrize("layout", ["array", "lines"])
@pytest.mark.parametrize("name", ["ticketId", "number", "salesOrder"])
def test_edesk_tickets_are_told_from_pages_however_they_are_named(
    tmp_path: Path, layout: str, name: str
) -> None:
    tickets = [{name: n, "messages": [{"body": "It fits.", "direction": "out"}]} for n in (3, 4)]
    content = json.dumps(tickets) if layout == "array" else "\n".join(map(json.dumps, tickets))
    records = read(written(tmp_path, "export.json", content))
    assert [(record.text, record.conversation) for record in records] == [
        ("It fits.", "3"),
        ("It fits.", "4"),
    ]


@pytest.mark.parametrize(
    ("beside", "told"),
    [
        ({"sales_order": {"id": 9981, "original_order_id": OTHER, "seller_order_id": ORDER}}, ORDER),
        ({"order_id": "4711", "sales_order": {"seller_order_id": ORDER}}, ORDER),
        ({"related_order": {"ref": OTHER, "asin": "B0OTHER1SL"}, "order": {"number": ORDER, "asin": ASIN}}, ORDER),
        ({"customer": {"last_order": {"number": OTHER}}, "subject": f"About {ORDER}"}, ORDER),
        ({"customer": {"last_order": {"number": OTHER}}}, None),
    ],
)  # fmt: skip
def test_the_order_of_a_ticket_is_none_of_the_others_that_it_names(
    tmp_path: Path, beside: dict[str, Any], told: str | None
) -> None:
    ticket = {"id": 3, "messages": [{"body": "It fits.", "direction": "out"}]} | beside
    (record,) = read(dumped(tmp_path, {"tickets": [ticket]}))
    assert record.order_id == told
    assert record.asin == (ASIN if "order" in beside else None)


@pytest.mark.parametrize("name", ["number", "order_number", "Subject"])
@pytest.mark.parametrize("file", ["a.jsonl", "a.json"])
def test_a_ticket_without_an_id_is_no_page_of_messages(tmp_path: Path, name: str, file: str) -> None:
    said = [{"incoming": True, "private": False, "body_text": "Does it fit?"}]
    said += [{"incoming": False, "private": False, "body_text": "It fits."}]
    ticket = json.dumps({name: 5, "responder_id": 9, "conversations": said})
    records = read(written(tmp_path, file, f"{ticket}\n"), format="freshdesk")
    assert (roles(records), texts(records)) == (["buyer", "seller"], ["Does it fit?", "It fits."])


FLAT = {
    "freshdesk": {"ticket_id": 5, "incoming": False, "private": False, "body_format": "plain"},
    "freshdesk ticket": {"ticket_id": 5, "requester_id": 3, "responder_id": 4, "incoming": False},
    "gorgias": {"ticket_id": 5, "from_agent": True, "created_datetime": "2024-11-03T10:00:00"},
    "zendesk": {"ticket_id": 5, "requester_id": 3, "assignee_id": 4, "direction": "out"},
    "edesk": {"ticket_id": 5, "thread": "t", "sales_order": "4", "direction": "out"},
}


@pytest.mark.parametrize("vendor", FLAT)
@pytest.mark.parametrize("text", ["text", "message", "content", "messageBody", "reply"])
def test_a_flat_table_with_a_helpdesks_names_is_a_table(tmp_path: Path, vendor: str, text: str) -> None:
    rows = [FLAT[vendor] | {text: "It fits."}, FLAT[vendor] | {"incoming": True, text: "Thanks!"}]
    rows[1] |= {"from_agent": False} if "from_agent" in rows[1] else {}
    rows[1] |= {"direction": "in"} if "direction" in rows[1] else {}
    lines = written(tmp_path, "a.jsonl", "\n".join(map(json.dumps, rows)))
    for path in (lines, dumped(tmp_path, rows), dumped(tmp_path, rows * 500, "long.json")):
        records = read(path)[:2]
        assert [(r.text, r.role, r.error) for r in records] == [
            ("It fits.", "seller", None),
            ("Thanks!", "buyer", None),
        ]
        assert records[0].thread in ("5", "t")


@pytest.mark.parametrize(
    "row",
    [
        {"id": 5, "requester_id": 3, "responder_id": 4, "incoming": False, "body": "It fits."},
        {"id": 5, "requester_id": 3, "assignee_id": 4, "from": "agent", "body": "It fits."},
        {"ticket_id": 5, "requester_id": 3, "assignee_id": 4, "direction": "out", "body": "It fits."},
        {"ticket_id": 5, "requester_id": 3, "assignee_id": 4, "author": "agent", "body": "It fits."},
        {"id": 5, "from_agent": True, "created_datetime": "2024-11-03", "message": {"text": "It fits."}},
    ],
)
def test_a_message_under_a_tickets_names_is_a_row_of_a_table(tmp_path: Path, row: dict[str, Any]) -> None:
    (record,) = read(dumped(tmp_path, [row]))
    assert (record.text, record.role, record.error) == ("It fits.", "seller", None)


@pytest.mark.parametrize("beside", ["comment", "preview", "message", "content"])
def test_words_beside_a_tickets_messages_make_it_no_table(tmp_path: Path, beside: str) -> None:
    said = [{"body_text": "Does it fit?", "incoming": True}, {"body_text": "It fits.", "incoming": False}]
    freshdesk = {
        "requester_id": 5,
        "responder_id": 6,
        "conversations": [m | {"private": False} for m in said],
    }
    for ticket in (zendesk_ticket(), {"id": 1, beside: "It"} | freshdesk):
        path = written(tmp_path, "a.jsonl", json.dumps(ticket | {beside: "It fits."}) + "\n")
        assert roles(read(path))[:2] == ["buyer", "seller"]


def test_files_with_byte_order_marks_may_be_joined(tmp_path: Path) -> None:
    line = "\ufeff" + json.dumps(zendesk_ticket()) + "\n"
    assert roles(read(written(tmp_path, "a.jsonl", line * 2))) == ["buyer", "seller", "system"] * 2


def test_text_under_another_name_than_the_helpdesks_is_found(tmp_path: Path) -> None:
    message = {"id": 2, "incoming": True, "private": False, "message": "Does it fit?"}
    (record,) = read(
        dumped(tmp_path, [{"id": 1, "requester_id": 5, "conversations": [message]}]), format="freshdesk"
    )
    assert (record.text, record.role, record.values["body"]) == ("Does it fit?", "buyer", "Does it fit?")


def test_a_helpdesks_message_without_a_place_for_words_is_an_error(tmp_path: Path) -> None:
    message = {"id": 2, "incoming": False, "private": False, "words": "It fits."}
    picture = {"id": 3, "incoming": False, "private": False, "body": None, "attachments": [{"name": "a.jpg"}]}
    ticket = {"id": 1, "requester_id": 5, "responder_id": 8, "conversations": [message, picture]}
    lost, bare = read(dumped(tmp_path, [ticket]))
    assert (str(lost.error)[:23], bare.error) == ("no text under body_text", None)


@pytest.mark.parametrize("more", [{}, {"count": 1, "next_page": None, "meta": {"has_more": False}}])
def test_a_line_of_zendesk_users_is_no_ticket(tmp_path: Path, more: dict[str, Any]) -> None:
    page = {"users": [{"id": 6, "role": "agent"}]} | more
    lines = "\n".join(map(json.dumps, (page, zendesk_ticket())))
    assert errors(read(written(tmp_path, "a.jsonl", lines))) == [None] * 3
    for other in ({"posts": [{"body": "It fits."}]}, {"id": 7}, {"message": "It fits."}):
        lines = "\n".join(map(json.dumps, (page | other, zendesk_ticket())))
        assert errors(read(written(tmp_path, "b.jsonl", lines)))[0]


def test_a_notice_among_the_messages_is_not_scored(tmp_path: Path) -> None:
    notice = "This message was not sent as it breaks the guidelines."
    messages = [gorgias_message(1, from_agent=False, body_text=notice), gorgias_message(2)]
    assert roles(read(dumped(tmp_path, [{"id": 4, "messages": messages}]))) == ["system", "seller"]


def test_a_sellers_words_are_not_cut_as_quotes(tmp_path: Path) -> None:
    body = "> Free returns\n> Free lamp\n> Five stars, please"
    comments = [{"id": 1, "author_id": 6, "body": body, "public": True}]
    assert texts(read(dumped(tmp_path, [zendesk_ticket(comments=comments)]))) == [body]


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_cut_in_half(tmp_path: Path, name: str) -> None:
    whole = (EXAMPLES / f"{name}.json").read_bytes()
    expected = read(EXAMPLES / f"{name}.json")
    *good, last = read(written(tmp_path, f"{name}.json", whole[: len(whole) // 2]))
    assert last.error and last.error.startswith("the file breaks off")
    assert last.rest
    assert 3 <= len(good) < len(expected)
    assert texts(good) == texts(expected)[: len(good)]


@pytest.mark.parametrize(
    ("ticket", "error"),
    [
        (17, "the entry is a int, not an object"),
        (None, "the entry is a NoneType, not an object"),
        (zendesk_ticket(2, comments="none"), "`comments` is a str, not a list"),
        (zendesk_ticket(2, comments=["words"]), "the message is a str, not an object"),
    ],
)
def test_after_a_malformed_ticket_the_rest_goes_on(tmp_path: Path, ticket: Any, error: str) -> None:
    records = read(dumped(tmp_path, [zendesk_ticket(1), ticket, zendesk_ticket(3)]))
    assert errors(records) == [None, None, None, error, None, None, None]


def test_after_a_bad_line_the_rest_goes_on(tmp_path: Path) -> None:
    lines = [json.dumps(zendesk_ticket(n)) for n in (1, 2, 3)]
    lines[1] = lines[1][:40]
    records = read(written(tmp_path, "export.json", "\n".join(lines)))
    assert len(records) == 7
    assert (records[3].place, (records[3].error or "")[:8]) == ("line 2", "not JSON")


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.jsonlines"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_an_export_in_any_encoding_is_read(tmp_path: Path, name: str, encoding: str) -> None:
    for ticket in (zendesk_ticket(1, subject="Grüße €"), {"id": 1, "body": "Hi", "subject": "Grüße €"}):
        content = json.dumps(ticket, ensure_ascii=False) + "\n"
        records = read(written(tmp_path, name, content.encode(encoding)))
        assert {record.subject for record in records} == {"Grüße €"}
        assert len(records) == len(ticket.get("comments", [ticket]))


@pytest.mark.parametrize("message", [{"author_id": 6, "public": True}, {}])
def test_a_damaged_byte_garbles_no_other_character(tmp_path: Path, message: dict[str, Any]) -> None:
    comments = [{"id": 1, "body": "Größe ###, für Lämpchen", **message}]
    whole = zendesk_ticket(1, comments=comments) if message else comments
    content = json.dumps(whole, ensure_ascii=False).encode().replace(b"###", b"\xff")
    assert texts(read(written(tmp_path, "a.json", content))) == ["Größe \ufffd, für Lämpchen"]


def test_half_a_character_is_replaced(tmp_path: Path) -> None:
    comments = [{"id": 1, "author_id": 6, "body": "It fits \ud83d", "public": True}]
    lines = "\n".join(json.dumps(zendesk_ticket(n, comments=comments)) for n in (1, 2))
    assert texts(read(written(tmp_path, "a.jsonl", lines))) == ["It fits \ufffd"] * 2


def test_numbers_names_and_nulls_in_odd_places_never_raise(tmp_path: Path) -> None:
    odd = [None, -1.5, True, "x", [None], {"name": 3}]
    for name in FORMATS:
        data = json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))
        tickets = data if isinstance(data, list) else data.get("tickets") or data["data"]
        template = tickets[0]
        mangled = [template | {key: value} for key in template for value in odd]
        records = read(dumped(tmp_path, mangled), format=name)
        assert sum(record.error is None for record in records) > len(mangled)


def test_a_line_about_an_export_does_not_make_it_a_table(tmp_path: Path) -> None:
    lines = "\n".join(map(json.dumps, ({"message": "Export of 1 ticket"}, zendesk_ticket())))
    assert roles(read(written(tmp_path, "a.jsonl", lines)))[1:] == ["buyer", "seller", "system"]
