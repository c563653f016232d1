"""The raw bytes of a mail → headers, readable text and names of attachments; broken MIME gives what there is."""

from __future__ import annotations

import quopri
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email import policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.utils import collapse_rfc2231_value
from typing import Any

from reviewguard.readers.cells import encodable
from reviewguard.readers.markup import html_to_text, tidy
from reviewguard.readers.wording import mended, telling

_LONGEST_HEADER = 16_384


class _Policy(policy.Compat32):
    """The library's older one; of a header so long that its decoders would take minutes, the beginning."""

    def header_source_parse(self, sourcelines: Sequence[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(list(sourcelines))
        return name, value[:_LONGEST_HEADER]


class _Part(Message):
    """A mail or a part of it; a parameter that the library cannot read, which may raise anything, is not there."""

    def get_param(
        self, param: str, failobj: Any = None, header: str = "content-type", unquote: bool = True
    ) -> Any:
        with suppress(Exception):
            value = super().get_param(param, failobj, header, unquote)
            return collapse_rfc2231_value(value) if isinstance(value, tuple) else value
        return failobj


_POLICY = _Policy(message_factory=_Part)

_STATEFUL = ("iso-2022", "utf-7", "utf-16", "utf-32", "hz")
"""Encodings whose bytes may look like plain ASCII; all others are tried as UTF-8 first."""

_ESCAPES = re.compile(r"=0D=0A|=20\r?\n|(?:=[C-F][0-9A-F](?:=[89AB][0-9A-F]){1,3})", re.IGNORECASE)
"""What quoted-printable has for a line's end, a blank at one, and a character that is no ASCII."""
_FEWEST_ESCAPES = 2

_READABLE = ("text/plain", "text/html")
_ADDRESS = re.compile(r"[^\s<>,;:\"'()\[\]]{1,200}@[\w.-]{1,200}\w")


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """One mail, decoded.

    Attributes:
        text: all of its inline text, HTML laid out as text.
        attachments: file names of what is not part of the text; content types where there is no name.
        content_type: of the whole mail, such as "multipart/report".
        headers: name in lower case → values, decoded and each on one line.
    """

    text: str
    attachments: tuple[str, ...]
    content_type: str
    headers: dict[str, tuple[str, ...]]

    def header(self, name: str) -> str:
        """The first header of this name (in lower case); "" where it is missing."""
        return self.headers.get(name, ("",))[0]

    def addresses(self, *names: str) -> tuple[str, ...]:
        """Every address in these headers, in lower case."""
        values = (value for name in names for value in self.headers.get(name, ()))
        return tuple(address.lower() for value in values for address in _ADDRESS.findall(value))


def parse_mail(data: bytes) -> ParsedMail:
    """Parse a mail; never raises for what it holds.

    The older policy of the standard library is used on purpose: with `policy.default`, malformed headers raise
    when they are read.
    """
    data = data.lstrip(b"\xef\xbb\xbf\r\n")
    try:
        message = BytesParser(policy=_POLICY).parsebytes(data)
        _unname_body(message)
        text, attachments = _text(message), tuple(map(_name, filter(_is_attachment, _leaves(message))))
    except Exception:  # nested too deep, or what nobody thought of
        message = BytesHeaderParser(policy=_POLICY).parsebytes(data)
        del message["content-type"]
        text, attachments = tidy(_decoded(data.replace(b"\r\n", b"\n").partition(b"\n\n")[2], "utf-8")), ()
    headers: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in message.raw_items():
        headers[name.lower()].append(_decoded_header(value))
    return ParsedMail(
        text, attachments, message.get_content_type(), {n: tuple(v) for n, v in headers.items()}
    )


def _decoded_header(raw: str) -> str:
    value = _decoded(raw.encode("utf-8", "surrogateescape"), "utf-8")
    with suppress(MessageError, ValueError, LookupError):
        value = str(make_header(decode_header(value)))
    return encodable(" ".join(value.split()))


def _children(part: Message) -> list[Message]:
    payload = part.get_payload() if part.get_content_maintype() == "multipart" else None
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def _leaves(part: Message) -> Iterator[Message]:
    """Parts without parts of their own; an attached mail counts as one."""
    children = _children(part)
    for child in children:
        yield from _leaves(child)
    if not children:
        yield part


def _unname_body(message: Message) -> None:
    """Take the file name off the first part with text if it is inline: some programs give the body one."""
    first = next((part for part in _leaves(message) if part.get_content_type() in _READABLE), None)
    if first is not None and first.get_content_disposition() == "inline":
        del first["content-disposition"]


def _is_attachment(part: Message) -> bool:
    if part.get_content_type() not in _READABLE:
        return part.get_content_maintype() != "multipart"
    disposition = part.get_content_disposition()
    return disposition == "attachment" or (disposition is not None and bool(part.get_filename()))


def _name(part: Message) -> str:
    return _decoded_header(part.get_filename() or "") or part.get_content_type()


def _text(part: Message) -> str:
    """Inline text of a part and of all below it."""
    children = _children(part)
    if not children:
        return "" if _is_attachment(part) else _leaf_text(part)
    texts = [text for child in children if (text := _text(child))]
    return fullest(texts) if part.get_content_subtype() == "alternative" else "\n\n".join(texts)


def fullest(alternatives: list[str]) -> str:
    """The first, which is the plain one, unless another says more than twice as much, or more of reviews or gifts."""
    best = alternatives[0] if alternatives else ""
    for text in alternatives[1:]:
        before, after = telling(best), telling(text)
        if len(text.split()) > 2 * len(best.split()) or after - before:
            best = text if before.keys() <= after.keys() else f"{best}\n\n{text}"
    return best


def _leaf_text(part: Message) -> str:
    data = part.get_payload(decode=True)
    text = mended(_decoded(data if isinstance(data, bytes) else b"", part.get_content_charset() or "utf-8"))
    return html_to_text(text) if part.get_content_subtype() == "html" else tidy(text)


def unquoted(text: str) -> str:
    """The text without quoted-printable where an export of raw mail left several escapes in it; else as it is."""
    found = _ESCAPES.findall(text)
    if len(found) < _FEWEST_ESCAPES or all(escape.startswith("=20") for escape in found):
        return text
    with suppress(UnicodeError):
        return quopri.decodestring(text.encode("utf-8")).decode("utf-8").replace("\r\n", "\n")
    return text


def _decoded(data: bytes, stated: str) -> str:
    """The text; UTF-8 wherever it can be, else as stated, else Windows-1252."""
    for charset in [stated] if stated.lower().startswith(_STATEFUL) else ["utf-8", stated]:
        try:
            return encodable(data.decode(charset))
        except (LookupError, ValueError):
            continue
    return data.decode("cp1252", "replace")
