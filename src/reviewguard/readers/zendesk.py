"""Zendesk: account export (JSON), incremental export and API pages, with comments in tickets or beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reviewguard.readers.columns import MAIL_FIELD
from reviewguard.readers.json_fields import Fields, Malformed
from reviewguard.readers.json_stream import mentioned, read_list
from reviewguard.readers.tickets import People, Said, TicketReader, body, name_in
from reviewguard.readers.transcripts import REFUSED, is_chat
from reviewguard.schema import Role

_CUSTOMERS = ("end-user", "end_user", "enduser", "user", "customer", "requester")
"""Roles that are not of the staff; others, such as "light_agent", are."""
_BODIES = ("plain_body", "body", "html_body")
_EVENTS = ("audits", "ticket_events", "events", "child_events")
"""Lists of what happened to a ticket."""
_ZENDESK_ITSELF = "-1"
_SELLERS_RULE = "rule"
"""`via.channel` of what a trigger or an automation wrote."""
_TRANSCRIPT = "chat_transcript"
"""The same of a whole chat, which is one comment."""


class ZendeskReader(TicketReader):
    """Tickets with `comments`, or pages with `tickets` or a `ticket`, `comments` and `users`.

    Who wrote a comment is told by `--map seller=` with ids, one-word names or addresses of agents, else by the author's
    role in `users`; for an author who is not listed, the ticket's requester is the buyer and anyone else the seller.
    Without any of this it is not read: buyers' words would be judged. Comments that are not `public` are notes; public
    ones by Zendesk itself are the seller's if a rule of the seller's wrote them. A ticket without comments, as in an
    incremental export, is its `description`. Transcripts of chats, with both sides' words in a comment, and audits
    are not read.
    Field names: developer.zendesk.com, Tickets, Ticket Comments and Users.
    """

    name = "zendesk"
    bodies = (*_BODIES, "description")
    mappable = frozenset({MAIL_FIELD})

    def is_of_vendor(self, head: bytes) -> bool:
        """Whether Zendesk's field names stand in the beginning of the file."""
        ticket = b'"requester_id"' in head and (b'"submitter_id"' in head or b'"assignee_id"' in head)
        comment = b'"author_id"' in head and b'"public"' in head and b'"body"' in head
        return b'"responder_id"' not in head and (ticket or comment)

    def entry(self, value: Any) -> Fields:
        """An object of the export; raises `Malformed` for audits and ticket events, too."""
        entry = super().entry(value)
        happened = any(isinstance(entry.values.get(name), list) for name in _EVENTS)
        if happened and not (self.messages(entry) or self.opening(entry)):
            raise Malformed("audits and ticket events are not read: export the tickets with their comments")
        return entry

    def _reads(self, entry: Fields) -> bool:
        """A message of nobody is a row of a table, of which another column may tell the writer."""
        named = "author_id" in entry.values or entry.inner("author").values
        return super()._reads(entry) and bool(named or not self.is_message(entry))

    def is_message(self, entry: Fields) -> bool:
        """Whether an object is a comment by itself; those of a ticket's comments page do not name it."""
        comment = "author_id" in entry.values and any(name in entry.values for name in _BODIES)
        return super().is_message(entry) or (comment and "requester_id" not in entry.values)

    def messages(self, ticket: Fields) -> list[Any]:
        """The ticket's comments."""
        return ticket.entries("comments")

    def opening(self, ticket: Fields) -> list[Any]:
        """The description, which is the first comment; its author is the ticket's submitter."""
        if not ticket.text("description"):
            return []
        return [
            {
                "id": "",
                "author_id": ticket.values.get("submitter_id") or ticket.values.get("requester_id"),
                "body": ticket.values["description"],
                "created_at": ticket.values.get("created_at"),
                "public": ticket.flag("is_public"),
            }
        ]

    def said(self, message: Fields, ticket: Fields, people: People) -> Said:
        """A comment."""
        author = message.inner("author")
        author_id = message.text("author_id") or author.text("id")
        text = body(message, ("plain_body", "body"), ("html_body",))
        if message.inner("via").text("channel") == _TRANSCRIPT or is_chat(text):
            raise Malformed(REFUSED)
        return Said(
            id=message.text("id"),
            text=text,
            role=self._role(message, ticket, author_id, people),
            author=author.text("name", "email")
            or people.agents.get(author_id)
            or name_in(ticket, author_id, "assignee", "submitter")
            or author_id,
            sent_at=message.date("created_at", "timestamp"),
            attachments=message.names("attachments"),
        )

    def references(self, ticket: Fields) -> str:
        """Custom fields, external id and tags."""
        return ticket.words("custom_fields", "fields", "external_id", "tags")

    def people(self, path: Path) -> People:
        """Agents and customers of the `users` list."""
        agents: dict[str, str] = {}
        customers: dict[str, str] = {}
        users = mentioned(path, ("users",))
        for value in read_list(path, "users", (*self.lists, *users)) if users else ():
            user = Fields(value if isinstance(value, dict) else {})
            role = user.text("role").lower()
            if role in _CUSTOMERS:
                customers[user.text("id")] = user.text("name")
            elif role:
                agents[user.text("id")] = user.text("name", "email")
        return People(agents, customers)

    def _role(self, comment: Fields, ticket: Fields, author_id: str, people: People) -> Role:
        if comment.flag("public") is False:
            return "system"
        if author_id == _ZENDESK_ITSELF:
            return "seller" if comment.inner("via").text("channel") == _SELLERS_RULE else "system"
        author = comment.inner("author")
        if people.own.hold((author_id, author.text("name"), author.text("email"))):
            return "seller"
        role = author.text("role").lower()
        if role or author_id in people.agents or author_id in people.customers:
            is_staff = author_id in people.agents or (role and role not in _CUSTOMERS)
            return "seller" if is_staff else "buyer"
        requester = ticket.text("requester_id") or ticket.inner("requester").text("id")
        if not (requester or people.agents or people.customers or people.own.names):
            raise Malformed(
                "nothing tells whether the buyer or an agent wrote it: export the `users` with their `role`, too, or "
                "name the agents with --map seller=6012,6034 (their author_id)"
            )
        if author_id and author_id == requester:
            return "buyer"
        return "buyer" if people.own.names and not requester else "seller"
