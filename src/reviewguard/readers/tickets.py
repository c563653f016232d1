"""What the exports of all helpdesks have in common: tickets with messages, told in each vendor's own names."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

from reviewguard.readers.base import ReadOptions
from reviewguard.readers.cells import to_cells
from reviewguard.readers.columns import has_summary, recognise
from reviewguard.readers.correspondents import OwnAddresses, is_notice
from reviewguard.readers.identifiers import find_asin, find_order_id
from reviewguard.readers.json_fields import Fields, Malformed
from reviewguard.readers.json_guard import LINE_SUFFIXES
from reviewguard.readers.json_stream import (
    MESSAGE_LISTS,
    Damaged,
    Found,
    has_list,
    is_one_value,
    mentioned,
    read_objects,
)
from reviewguard.readers.markup import html_to_text, looks_like_html, tagless_to_text
from reviewguard.readers.mime import fullest, unquoted
from reviewguard.readers.sources import begins_like_json, head_as_utf8
from reviewguard.readers.vocabulary import fold, load_vocabulary
from reviewguard.readers.wording import without_buyers, words_of
from reviewguard.schema import Cell, Record, Role

_CUSTOMERS = ("requester", "customer", "contact", "buyer")
"""Who a ticket is of, where it holds more of them than an id."""
_OTHER_SIDE: Mapping[Role, tuple[str, ...]] = {"seller": ("receiver",), "buyer": ("sender", "author")}
"""Who of a message is the buyer, by its writer's role."""
_NO_PERSONS_WORDS = "visitor customer buyer order update shop store support service team seller supply"
_NO_PERSONS = frozenset(_NO_PERSONS_WORDS.split())
"""Words, in lower case, of names that are no person's ("Lamp Shop Support", "Web Visitor")."""
_LONG = {*MESSAGE_LISTS, "description", "description_text"}
_OF_PAGES = ("users", "meta", "links")
"""What a page of users holds beside numbers."""


@dataclass(frozen=True, slots=True)
class People:
    """Who is who, where the export has a list of users, or the user names the seller's.

    Attributes:
        agents: id → name.
        customers: id → name, "" where there is none.
        own: what `--map seller=` names, for vendors of which it is `mappable`.
    """

    agents: Mapping[str, str] = field(default_factory=dict)
    customers: Mapping[str, str] = field(default_factory=dict)
    own: OwnAddresses = field(default_factory=OwnAddresses)


@dataclass(frozen=True, slots=True)
class Said:
    """A message in common terms.

    Attributes:
        text: readable text; `stripped` says whether the vendor has taken quotes and signatures off.
        author: a name or an address where there is one, else an id.
    """

    id: str
    text: str
    role: Role
    author: str
    sent_at: datetime | None
    attachments: str = ""
    subject: str = ""
    stripped: bool = False


class TicketReader(ABC):
    """Reads one vendor's JSON export; subclasses know the vendor's names.

    Attributes:
        bodies: what the vendor calls the words of a message or a ticket.
    """

    name: ClassVar[str]
    bodies: ClassVar[tuple[str, ...]]
    suffixes: ClassVar[tuple[str, ...]] = (".json", *LINE_SUFFIXES)
    mappable: ClassVar[frozenset[str]] = frozenset()
    lists: ClassVar[tuple[str, ...]] = ("tickets", "data", "results", "items", *MESSAGE_LISTS)

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether it begins like JSON and with the vendor's field names, which stand in quoted CSV too.

        What `score` or `suggest` wrote of a table with such columns is no export of the vendor's.
        """
        head = head_as_utf8(head)
        named = begins_like_json(head) and b'"rg_verdict"' not in head and self.is_of_vendor(head)
        return named and not self.is_table(head)

    def is_table(self, head: bytes) -> bool:
        """Whether the first object, the vendor's by its names, has words where the vendor has none: a table."""
        text = head_as_utf8(head).decode("utf-8", "ignore").lstrip("[ \t\r\n")
        try:
            value, end = json.JSONDecoder().raw_decode(text)
            first = Fields.of(value)
            if any(isinstance(found := first.values.get(name), list) and found for name in MESSAGE_LISTS):
                return False
            name = _text_name(to_cells(first.values))
            looked_for = name in self.bodies and self._reads(first)
            return name is not None and not looked_for and self.is_of_vendor(text[:end].encode("utf-8"))
        except (ValueError, RecursionError):  # larger than the head, or damaged: what reads it will say so
            return False

    def _reads(self, entry: Fields) -> bool:
        return self.is_message(entry) or bool(self.messages(entry) or self.opening(entry))

    @abstractmethod
    def is_of_vendor(self, head: bytes) -> bool:
        """Whether the vendor's field names stand in the beginning of the file."""

    @abstractmethod
    def messages(self, ticket: Fields) -> list[Any]:
        """The ticket's messages as they stand in the export, oldest first; raises `Malformed`."""

    @abstractmethod
    def said(self, message: Fields, ticket: Fields, people: People) -> Said:
        """One message in common terms; raises `Malformed`."""

    @abstractmethod
    def references(self, ticket: Fields) -> str:
        """What of the ticket, beside its subject, may hold an order number or an ASIN."""

    def opening(self, ticket: Fields) -> list[Any]:
        """The message made of the ticket's description, for vendors whose exports may come without the others."""
        return []

    def entry(self, value: Any) -> Fields:
        """An object of the export, out of `{"ticket": {…}}` where it stands so; raises `Malformed`.

        Messages that stand beside the ticket become its own.
        """
        entry = Fields.of(value)
        inner = entry.inner("ticket", "helpdesk_ticket")
        if "id" in entry.values or not inner.values:
            return entry
        beside = {name: entry.values[name] for name in MESSAGE_LISTS if entry.values.get(name)}
        return Fields(
            {**beside, **{name: known for name, known in inner.values.items() if known or name not in beside}}
        )

    def is_message(self, entry: Fields) -> bool:
        """Whether an object of the export is a message that stands outside its ticket."""
        return "ticket_id" in entry.values

    def people(self, path: Path) -> People:
        """Who is who; most vendors say it with each message."""
        return People()

    def read(self, path: Path, options: ReadOptions) -> Iterator[Record]:
        """One record a message; a malformed ticket is one record with `error`, and the rest goes on.

        Tickets stay in memory only where their messages stand in a list of their own.
        """
        lists = mentioned(path, self.lists)
        apart = any(has_list(path, name, lists) for name in MESSAGE_LISTS if name in lists)
        people = replace(self.people(path), own=OwnAddresses.given(options.columns))
        reading = _Reading(self, path, people, apart)
        for number, found in enumerate(read_objects(path, lists), 1):
            if isinstance(found, Damaged):
                yield Record(str(path), found.place, {}, error=found.reason, rest=found.rest)
            else:
                yield from reading.records(found, f"entry {number}")
        yield from reading.silent()


@dataclass(frozen=True)
class _Reading:
    """One pass over one file.

    Attributes:
        apart: whether the file has a list of messages beside that of tickets.
        known: tickets by id, without what is long; kept only if messages stand apart.
        answered: ids of those for which there was a message.
        bare: ids of those that came with their first message alone, and without a list for others.
    """

    reader: TicketReader
    path: Path
    people: People
    apart: bool
    known: dict[str, Fields] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    bare: set[str] = field(default_factory=set)

    @cached_property
    def is_one_value(self) -> bool:
        return is_one_value(self.path)

    def records(self, found: Found, place: str) -> Iterator[Record]:
        try:
            entry = self.reader.entry(found.value)
            if _is_of_users(entry):
                return
            if self.reader.is_message(entry):
                yield self._loose(entry, found)
            else:
                yield from self._ticket(entry, self.reader.messages(entry))
        except Malformed as error:
            shown = json.dumps(found.value, ensure_ascii=False)[:500]
            yield Record(str(self.path), place, {"entry": shown}, error=str(error))

    def silent(self) -> Iterator[Record]:
        for ticket_id in (known for known in self.known if known not in self.answered):
            yield self._unread(ticket_id, f"ticket {ticket_id}", "the ticket holds no message")
        if bare := len(self.bare - self.answered):
            came = "1 ticket came without its" if bare == 1 else f"{bare:,} tickets came without their"
            error = f"{came} comments: only the first message was read, no reply; export the comments, too"
            yield Record(str(self.path), "tickets", {}, error=error)

    def _unread(self, ticket_id: str, place: str, reason: str) -> Record:
        return Record(str(self.path), place, {"ticket_id": ticket_id}, error=reason)

    def _loose(self, message: Fields, found: Found) -> Record:
        """A message outside its ticket; without tickets, those of a page or a file that name none are one ticket's."""
        if "ticket_id" not in message.values:
            record = self._record(message.values, Fields({}), f"message {message.text('id')}")
            one = not self.known and (found.page or not found.within or self.is_one_value)
            thread = f"{self.reader.name} {self.path} {found.page}".rstrip() if one else None
            return replace(record, thread=thread)
        ticket_id = message.text("ticket_id")
        self.answered.add(ticket_id)
        ticket = self.known.get(ticket_id, Fields({"id": ticket_id}))
        return self._record(message.values, ticket, f"ticket {ticket_id}, message {message.text('id')}")

    def _ticket(self, ticket: Fields, messages: list[Any]) -> Iterator[Record]:
        ticket_id = _id(ticket)
        if self.apart:
            short = {name: value for name, value in ticket.values.items() if name not in _LONG}
            self.known[ticket_id] = Fields(short)
        messages = messages or ([] if self.apart else self.reader.opening(ticket))
        if messages:
            (self.bare if self._is_bare(ticket) else self.answered).add(ticket_id)
            yield from self._conversation(ticket, messages)
        elif not self.apart:
            yield self._unread(ticket_id, f"ticket {ticket_id}", "the ticket holds no message")

    def _is_bare(self, ticket: Fields) -> bool:
        listed = self.apart or any(name in ticket.values for name in MESSAGE_LISTS)
        return not listed and bool(self.reader.opening(ticket))

    def _conversation(self, ticket: Fields, messages: list[Any]) -> Iterator[Record]:
        """The records of a ticket; an order or an ASIN named in one of them holds for all."""
        place = f"ticket {_id(ticket)}, message"
        records = [self._record(message, ticket, f"{place} {n}") for n, message in enumerate(messages, 1)]
        order_id = next((record.order_id for record in records if record.order_id), None)
        asin = next((record.asin for record in records if record.asin), None)
        for record in records:
            yield record if record.error else _completed(record, order_id, asin)

    def _record(self, message: Any, ticket: Fields, place: str) -> Record:
        try:
            entry = Fields.of(message, "message")
            said = self.reader.said(entry, ticket, self.people)
        except Malformed as error:
            return self._unread(_id(ticket), place, str(error))
        if not said.text:
            said = replace(said, text=_text_elsewhere(entry))
        role: Role = "system" if said.role != "seller" and is_notice(said.text) else said.role
        words = words_of(said.text, role, is_reply=role == "buyer" and not said.stripped)
        subject = ticket.text("subject", "raw_subject", "title") or said.subject
        places = (self.reader.references(ticket), subject, said.text)
        order_id = find_order_id(*places)
        return Record(
            source=str(self.path),
            place=place,
            values=_values(ticket, said)
            | {"subject": subject, "order_id": order_id or ""}
            | _customer(ticket, entry, role, self.people),
            text=words.own,
            role=role,
            id=said.id or None,
            thread=f"{self.reader.name} {_id(ticket)}" if _id(ticket) else None,
            order_id=order_id,
            asin=find_asin(*places[:2], without_buyers(said.text, words, role)),
            agent=said.author or None if role == "seller" else None,
            subject=subject or None,
            sent_at=said.sent_at,
            previous=words.quoted or None,
            error=None if said.text or role == "system" else self._missing(entry),
        )

    def _missing(self, message: Fields) -> str | None:
        """What is wrong with a message that has no place for words; one without any may be a picture."""
        if has_summary(name for name, value in message.values.items() if value):
            return "no text: export its content, of which a summary may be the beginning alone"
        bodies = self.reader.bodies
        if any(name in message.values for name in bodies):
            return None
        return f"no text under {', '.join(bodies)}: if it is a table of your own, use --format jsonl or json"


def _completed(record: Record, order_id: str | None, asin: str | None) -> Record:
    order_id = record.order_id or order_id
    values = {**record.values, "order_id": order_id or ""}
    return replace(record, values=values, order_id=order_id, asin=record.asin or asin)


def _text_elsewhere(message: Fields) -> str:
    """What stands under another usual name than the vendor's."""
    cells = to_cells(message.values)
    name = _text_name(cells)
    return body(Fields(cells), (name,)) if name else ""


def _text_name(cells: Mapping[str, Cell]) -> str | None:
    """The usual name for a message's words under which there are any."""
    names = [name for name, cell in cells.items() if isinstance(cell, str) and cell.strip()]
    return recognise(names, {}).get("text")


def _is_of_users(entry: Fields) -> bool:
    """Whether it is a page of users, who are no ticket: `people` has read them."""
    if not isinstance(entry.values.get("users"), list):
        return False
    others = {name: value for name, value in entry.values.items() if name not in _OF_PAGES}
    nested = any(isinstance(value, (dict, list)) for value in others.values())
    return not (nested or _id(entry) or _text_name(others))


def _id(ticket: Fields) -> str:
    return ticket.text("id", "display_id", "ticket_id", "number", "reference")


def _values(ticket: Fields, said: Said) -> dict[str, str]:
    return {
        "ticket_id": _id(ticket),
        "message_id": said.id,
        "date": said.sent_at.isoformat() if said.sent_at else "",
        "author": said.author,
        "status": ticket.text("status"),
        "channel": ticket.text("channel") or ticket.inner("via", "channel").text("channel", "name"),
        "tags": ticket.names("tags"),
        "attachments": said.attachments,
        "body": said.text,
    }


def name_in(ticket: Fields, person_id: str, *roles: str) -> str:
    """The name of who has this id, where the ticket holds more of them than that."""
    people = map(ticket.inner, roles)
    return next((person.text("name", "email") for person in people if person.text("id") == person_id), "")


def _customer(ticket: Fields, message: Fields, role: Role, people: People) -> dict[str, str]:
    """A column for the buyer's name where the export has one: it is masked in the messages, too."""
    of_ticket = (_customer_name(ticket.inner(side), people) for side in _CUSTOMERS)
    listed = (people.customers.get(id, "") for id in (ticket.text("requester_id"), message.text("author_id")))
    of_message = (_customer_name(message.inner(side), people) for side in _OTHER_SIDE.get(role, ()))
    names = filter(None, chain(of_ticket, listed, of_message))
    persons = (name for name in names if _NO_PERSONS.isdisjoint(name.lower().split()))
    return {"customer_name": name} if (name := next(persons, "")) else {}


def _customer_name(person: Fields, people: People) -> str:
    """The name of who is none of the seller's, "" where there is none."""
    parts = person.text("firstname", "first_name", "first"), person.text("lastname", "last_name", "last")
    name, id = person.text("name") or " ".join(filter(None, parts)), person.text("id")
    if not name or id in people.agents or name in people.agents.values():
        return ""
    role = map(load_vocabulary().words.get, fold(person.text("role", "type")).split("_"))
    own = people.own.hold((id, name, person.text("email")))
    return "" if own or "seller" in role else name


def body(message: Fields, plain: tuple[str, ...], html: tuple[str, ...] = ()) -> str:
    """The readable text of a message: of its plain version, or of its HTML where that says more, as in mail."""
    texts = dict.fromkeys(filter(None, (message.text(*plain), message.text(*html))))
    versions = map(unquoted, texts)
    return fullest([html_to_text(t) if looks_like_html(t) else tagless_to_text(t) for t in versions])
