"""Freshdesk: tickets with their conversations, as its API and its account export give them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reviewguard.readers.json_fields import Fields
from reviewguard.readers.json_stream import mentioned, read_list
from reviewguard.readers.markup import has_marked_quote
from reviewguard.readers.tickets import People, Said, TicketReader, body, name_in
from reviewguard.schema import Role

_OUTBOUND = "10"
"""`source` of a ticket that an agent began with a mail."""


class FreshdeskReader(TicketReader):
    """Tickets with `description_text` and `conversations` (`notes` in account exports).

    The description is the requester's first message, or the agent's where the ticket is an outbound mail. Of the
    conversations, `incoming` ones are the buyer's and `private` ones notes. In version 1 of the API, `body` and
    `description` are the plain ones.
    Field names: developers.freshdesk.com, Tickets and Conversations.
    """

    name = "freshdesk"
    bodies = ("body_text", "body", "description_text", "description")

    def is_of_vendor(self, head: bytes) -> bool:
        """Whether Freshdesk's field names stand in the beginning of the file."""
        ticket = b'"requester_id"' in head and (b'"responder_id"' in head or b'"description_text"' in head)
        conversation = b'"incoming"' in head and b'"private"' in head and b'"body' in head
        return ticket or conversation

    def messages(self, ticket: Fields) -> list[Any]:
        """The description and the conversations."""
        notes = [
            note.get("note", note) if isinstance(note, dict) else note
            for note in ticket.entries("conversations", "notes")
        ]
        return [*_description(ticket), *notes]

    def opening(self, ticket: Fields) -> list[Any]:
        """The description."""
        return _description(ticket)

    def said(self, message: Fields, ticket: Fields, people: People) -> Said:
        """The description or one conversation."""
        role = _role(message)
        html = ("body_html", "body")
        plain = () if has_marked_quote(message.text(*html)) else ("body_text", "body")
        requester = ticket.inner("requester")
        user_id = message.text("user_id")
        agent = people.agents.get(user_id) or name_in(ticket, user_id, "responder", "agent")
        buyer = requester.text("name", "email") if role == "buyer" else ""
        return Said(
            id=message.text("id"),
            text=body(message, plain, html),
            role=role,
            author=agent or message.text("from_email") or buyer or user_id,
            sent_at=message.date("created_at"),
            attachments=message.names("attachments"),
        )

    def people(self, path: Path) -> People:
        """The `agents` list, if the export has it beside the tickets."""
        lists = mentioned(path, ("agents",))
        listed = read_list(path, "agents", (*self.lists, *lists)) if lists else ()
        agents = (Fields(value if isinstance(value, dict) else {}) for value in listed)
        names = {
            a.text("id"): a.inner("contact", "user").text("name", "email") or a.text("name", "email")
            for a in agents
        }
        return People(names)

    def references(self, ticket: Fields) -> str:
        """Custom fields and tags."""
        return ticket.words("custom_fields", "custom_field", "tags")


def _description(ticket: Fields) -> list[Any]:
    if not ticket.text("description_text", "description"):
        return []
    outbound = ticket.text("source") == _OUTBOUND
    return [
        {
            "id": f"{ticket.text('id', 'display_id')}-description",
            "body_text": ticket.values.get("description_text"),
            "body": ticket.values.get("description"),
            "body_html": ticket.values.get("description_html"),
            "incoming": not outbound,
            "user_id": ticket.values.get("responder_id" if outbound else "requester_id"),
            "created_at": ticket.values.get("created_at"),
            "attachments": ticket.values.get("attachments"),
        }
    ]


def _role(message: Fields) -> Role:
    if message.flag("private"):
        return "system"
    return "buyer" if message.flag("incoming") else "seller"
