"""Gorgias: tickets with their messages, or messages alone, as its API gives them."""

from __future__ import annotations

from typing import Any

from reviewguard.readers.json_fields import Fields
from reviewguard.readers.tickets import People, Said, TicketReader, body
from reviewguard.readers.wording import telling, words_of
from reviewguard.schema import Role


class GorgiasReader(TicketReader):
    """Tickets with `messages`, or a list or lines of messages.

    `from_agent` tells the seller, whether a person or a rule wrote; messages that are not `public` are notes, and those
    that failed to be sent reached nobody.
    `stripped_text`, which leaves out quotes and signatures, is preferred; a seller's signature, which reaches the
    buyer too, is set below it again, and what else was left out is read where it says more of reviews or gifts.
    Field names: developers.gorgias.com, the Ticket and TicketMessage objects.
    """

    name = "gorgias"
    bodies = ("stripped_text", "stripped_html", "body_text", "body_html")

    def is_of_vendor(self, head: bytes) -> bool:
        """Whether Gorgias' field names stand in the beginning of the file."""
        return b'"from_agent"' in head and (b'"created_datetime"' in head or b'"stripped_text"' in head)

    def messages(self, ticket: Fields) -> list[Any]:
        """The ticket's messages."""
        return ticket.entries("messages")

    def said(self, message: Fields, ticket: Fields, people: People) -> Said:
        """A message."""
        sender, source = message.inner("sender"), message.inner("source").inner("from")
        stripped = _stripped(message)
        return Said(
            id=message.text("id"),
            text=stripped or _whole(message),
            role=_role(message),
            author=sender.text("name", "email") or source.text("name", "address") or sender.text("id"),
            sent_at=message.date("sent_datetime", "created_datetime"),
            attachments=message.names("attachments"),
            subject=message.text("subject"),
            stripped=bool(stripped),
        )

    def references(self, ticket: Fields) -> str:
        """Custom fields, external id, meta data and tags."""
        return ticket.words("custom_fields", "external_id", "meta", "tags")


def _whole(message: Fields) -> str:
    return body(message, ("body_text",), ("body_html",))


def _stripped(message: Fields) -> str:
    """The text without quotes; what an agent signed stands below `-- `, where it is read if it may ask."""
    text = body(message, ("stripped_text",), ("stripped_html",))
    if not text or _role(message) != "seller":
        return text
    signature = body(message, ("stripped_signature",))
    if signature and signature not in text:
        text = f"{text}\n\n-- \n{signature}"
    own = words_of(_whole(message), "seller", is_reply=True).own
    return own if telling(own) - telling(text) else text


def _role(message: Fields) -> Role:
    unsent = message.text("failed_datetime") and not message.text("sent_datetime")
    if message.flag("public") is False or message.text("channel") == "internal-note" or unsent:
        return "system"
    return "buyer" if message.flag("from_agent") is False else "seller"
