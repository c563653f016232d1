"""Mail: single messages (`.eml`, and so the files of a Maildir) and mailboxes (`.mbox`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from itertools import chain, pairwise
from pathlib import Path
from typing import BinaryIO

from reviewguard.readers.base import ReadOptions
from reviewguard.readers.columns import MAIL_FIELD
from reviewguard.readers.correspondents import (
    OwnAddresses,
    is_reply,
    role_of_mail,
    thread_of_mail,
    touches_amazon,
)
from reviewguard.readers.dates import parse_date
from reviewguard.readers.identifiers import find_asin, find_order_id
from reviewguard.readers.mailboxes import HEAD_SIZE
from reviewguard.readers.mime import ParsedMail, parse_mail
from reviewguard.readers.sources import open_bytes, read_head
from reviewguard.readers.wording import asks, without_buyers, words_of
from reviewguard.schema import Record, Role

MAX_MAIL = 80 * 2**20
MAX_LINES = 2_000_000
"""Bytes and lines of one mail that are read: providers stop at attachments of 25 to 50 MB, a third more as they are
sent, in lines of 76 characters."""

_PIECE = 2**20
_KNOWN_HEADERS = ("from", "to", "subject", "date", "message-id", "received", "return-path")
_HEADER_LINE = re.compile(
    rb"(?:" + "|".join(_KNOWN_HEADERS).encode() + rb"|delivered-to|mime-version):", re.IGNORECASE
)
_ANY_HEADER = re.compile(rb"[!-9;-~]+:|[ \t]+\S")
_SEPARATOR = re.compile(
    rb"From \S.{0,200}?\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b.{0,40}?\d:\d\d.{0,40}?\d{4}\W?$", re.DOTALL
)
_MAILDIR_DRAFT = re.compile(r"[:;!]2,[A-Za-z]*D[A-Za-z]*$")
"""End of a Maildir file's name: flags, D for a draft (cr.yp.to/proto/maildir.html)."""
_ESCAPED = re.compile(rb">+From ")


class EmlReader:
    """One mail a file.

    Direction is told by Amazon's relay addresses, and for other mail by what these tell of the seller's: what anyone
    else writes to them is a buyer's. `--map seller=support@shop.example` names the seller's own addresses or domains;
    mail from anyone else is then a buyer's, whomever it is to.
    """

    name = "eml"
    suffixes = (".eml",)
    mappable = frozenset({MAIL_FIELD})

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether the content begins with the headers of a mail."""
        lines = head.lstrip(b"\xef\xbb\xbf\r\n").splitlines()[:200]
        headers = lines[: lines.index(b"")] if b"" in lines else lines
        known = sum(bool(_HEADER_LINE.match(line)) for line in headers)
        return known >= 2 and all(_ANY_HEADER.match(line) for line in headers)

    def read(self, path: Path, options: ReadOptions) -> Iterator[Record]:
        """The mail as one record."""
        with open_bytes(path) as stream:
            data = stream.read(MAX_MAIL)
        if data.count(b"\n") > MAX_LINES:
            data = b"\n".join(data.split(b"\n", MAX_LINES)[:MAX_LINES])
        yield _record(data, path, "mail", options)

    def heads(self, path: Path) -> Iterator[bytes]:
        """The mail's first bytes."""
        yield read_head(path, HEAD_SIZE)


class MboxReader:
    """A mailbox file, read mail by mail in bounded memory; direction as for `EmlReader`."""

    name = "mbox"
    suffixes = (".mbox", ".mbx")
    mappable = frozenset({MAIL_FIELD})

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether the content begins with the separator line of a mailbox."""
        line, _, below = head.lstrip(b"\xef\xbb\xbf\r\n").partition(b"\n")
        return line.startswith(b"From ") and _separates(line, b"", below)

    def read(self, path: Path, options: ReadOptions) -> Iterator[Record]:
        """One record a mail; what stands between mails and is none is a record with `error`."""
        with open_bytes(path) as stream:
            for number, data in enumerate(split_mailbox(stream), 1):
                yield _record(data, path, f"mail {number}", options)

    def heads(self, path: Path) -> Iterator[bytes]:
        """The first bytes of each mail."""
        with open_bytes(path) as stream:
            yield from split_mailbox(stream, limit=HEAD_SIZE)


def split_mailbox(stream: BinaryIO, *, limit: int = MAX_MAIL) -> Iterator[bytes]:
    """Each mail of a mailbox without its separator line, up to about `limit` bytes and `MAX_LINES` lines.

    A line that begins with "From " separates only if a date follows, or if it stands below an empty line and above a
    header, as Thunderbird writes it: unquoted sentences begin so, too. Text before the first separator comes as if it
    were a mail.
    """
    lines: list[bytes] = []
    size, at_line_start, before = 0, True, b""
    for line, below in pairwise(chain(iter(lambda: stream.readline(_PIECE), b""), [b""])):
        if at_line_start and line.startswith(b"From ") and _separates(line, before, below):
            if any(map(bytes.strip, lines)):
                yield b"".join(lines)
            lines, size = [], 0
        elif size < limit and len(lines) < MAX_LINES:
            lines.append(line[1:] if at_line_start and _ESCAPED.match(line) else line)
            size += len(line)
        at_line_start, before = line.endswith(b"\n"), line
    if any(map(bytes.strip, lines)):
        yield b"".join(lines)


def _separates(line: bytes, before: bytes, below: bytes) -> bool:
    dated = _SEPARATOR.match(line.rstrip(b"\r\n"))
    return bool(dated or (not before.strip() and _HEADER_LINE.match(below)))


def _record(data: bytes, path: Path, place: str, options: ReadOptions) -> Record:
    mail = parse_mail(data)
    values = _values(mail)
    if not any(mail.header(name) for name in _KNOWN_HEADERS):
        return Record(str(path), place, values, error="no mail: it has no headers")
    role = "system" if _MAILDIR_DRAFT.search(path.name) else _role(mail, options)
    words = words_of(mail.text, role, is_reply=is_reply(mail))
    subject = mail.header("subject")
    asked = role == "seller" and not is_reply(mail) and asks(subject)
    order_id = find_order_id(subject, mail.text)
    return Record(
        source=str(path),
        place=place,
        values=values,
        text="\n\n".join(filter(None, (subject, words.own))) if asked else words.own,
        role=role,
        id=mail.header("message-id") or None,
        thread=thread_of_mail(mail, order_id),
        order_id=order_id,
        asin=find_asin(subject, without_buyers(mail.text, words, role)),
        agent=_agent(mail) if role == "seller" else None,
        subject=subject or None,
        sent_at=_sent_at(mail),
        previous=words.quoted or None,
    )


def _role(mail: ParsedMail, options: ReadOptions) -> Role:
    own = OwnAddresses.given(options.columns)
    role = role_of_mail(mail, own)
    beside = role == "seller" and not own.names and not touches_amazon(mail)
    return options.mailboxes.role(mail) if beside else role


def _values(mail: ParsedMail) -> dict[str, str]:
    names = ("date", "from", "to", "subject", "message-id")
    return {name.replace("-", "_"): mail.header(name) for name in names} | {
        "body": mail.text,
        "attachments": ", ".join(mail.attachments),
    }


def _agent(mail: ParsedMail) -> str | None:
    """The name beside the sender's address, else the address."""
    sender = mail.header("from")
    name = sender.partition("<")[0].strip(" \"'")
    return name or next(iter(mail.addresses("from", "sender")), None)


def _sent_at(mail: ParsedMail) -> datetime | None:
    """The date stated by the writer, else that of the newest server on the way."""
    stated = (mail.header("date"), mail.header("received").rpartition(";")[2])
    return next((moment for value in stated if (moment := _moment(value))), None)


def _moment(value: str) -> datetime | None:
    """A header's moment; a zone that the standard does not name, "CET", has the meaning that people give it."""
    try:
        stated = parsedate_to_datetime(value)
    except (ValueError, IndexError, TypeError, OverflowError):
        return parse_date(value)
    return parse_date(stated) if stated.tzinfo else parse_date(value) or parse_date(stated)
