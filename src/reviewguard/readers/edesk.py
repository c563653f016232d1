"""eDesk: tickets with a list of messages; its export's layout is not documented, so names are taken broadly."""

from __future__ import annotations

import re
from typing import Any

from reviewguard.readers.json_fields import Fields
from reviewguard.readers.roles import role_columns, role_of
from reviewguard.readers.tickets import People, Said, TicketReader, body
from reviewguard.readers.vocabulary import fold, load_vocabulary
from reviewguard.schema import Role

_MESSAGES = ("messages", "thread", "conversation", "replies")
_HAS_MESSAGES = re.compile(rb'"(?:%s)"\s*:\s*\[' % "|".join(_MESSAGES).encode())


class EdeskReader(TicketReader):
    """Tickets with `messages`, `thread`, `conversation` or `replies`.

    No public page gives the layout of eDesk's export. Its API is known to have messages with `body`, `direction`
    and `type` (Message or Note) and tickets with `subject`, `status`, `channel`, tags and a sales order; these are
    read, and beside them whatever `vocabulary.toml` knows as a text, a date or a sender. Also reads the JSON of
    other helpdesks that is built so, with `--format edesk`.
    """

    name = "edesk"

    def is_of_vendor(self, head: bytes) -> bool:
        """Whether there are tickets with messages, and eDesk's sales orders or a direction."""
        folded = head.lower()
        return (
            _HAS_MESSAGES.search(folded) is not None
            and b'"from_agent"' not in folded
            and (
                any(name in folded for name in (b'"sales_order', b'"seller_order_id"', b'"sellerorderid"'))
                or (b'"tickets"' in folded and b'"direction"' in folded)
            )
        )

    def messages(self, ticket: Fields) -> list[Any]:
        """The ticket's messages."""
        return ticket.entries(*_MESSAGES)

    def entry(self, value: Any) -> Fields:
        """The object, with its names in lower case with underscores."""
        return _folded(super().entry(value))

    def is_message(self, entry: Fields) -> bool:
        """Whether an object is a message by itself: it names its ticket, and has no messages."""
        return "ticket_id" in entry.values and not any(name in entry.values for name in _MESSAGES)

    def said(self, message: Fields, ticket: Fields, people: People) -> Said:
        """A message."""
        folded, names = _folded(message), load_vocabulary().columns
        author = folded.inner("author", "sender", "user", "from")
        return Said(
            id=folded.text(*names["id"]),
            text=body(folded, names["text"]),
            role=_role(folded),
            author=author.text("name", "email") or folded.text(*names["agent"], "from"),
            sent_at=folded.date(*names["date"]),
            attachments=folded.names("attachments", "files"),
        )

    def references(self, ticket: Fields) -> str:
        """Order fields, custom fields and tags."""
        return ticket.words(
            "seller_order_id", *load_vocabulary().columns["order_id"], "custom_fields", "tags"
        )


def _folded(entry: Fields) -> Fields:
    """The object with its names in lower case with underscores; objects inside it stay as they are."""
    return Fields({fold(name): value for name, value in entry.values.items()})


def _role(message: Fields) -> Role:
    author = message.inner("author", "sender", "from")
    flat = {name: value for name, value in message.values.items() if not isinstance(value, (dict, list))}
    flat |= {"sender_type": author.text("type", "role")} if author.text("type", "role") else {}
    return role_of({column: flat[column] for column in role_columns(flat)})
