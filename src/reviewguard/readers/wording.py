"""A mail's own words: without what it quotes, its signature, and what the marketplace wraps around it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from reviewguard.readers.attributions import REPLY_HEADER, in_english
from reviewguard.readers.identifiers import RELAY_HOST
from reviewguard.readers.markup import tidy
from reviewguard.schema import Role
from reviewguard.text import normalize

_MARKERS = (
    ("Begin message", "End message"),
    ("Anfang der Nachricht", "Ende der Nachricht"),
    ("Inizio messaggio", "Fine messaggio"),
    ("Début du message", "Fin du message"),
    ("Iniciar mensaje", "Finalizar mensaje"),
    ("Início da mensagem", "Fim da mensagem"),
    ("メッセージはここから", "メッセージはここまで"),
    ("ここから", "ここまで"),
)
"""What Amazon's relay writes, between dashes, before and after the message it passes on."""

_RELAY_LINE = re.compile(
    r"\[commMgr\w*:[^\]\n]{1,300}\]"
    r"|(?:Important: )?Amazon's A-to-z Guarantee only covers\b.*"
    r"|For Your Information: To help (?:arbitrate|protect)\b.*"
    r"|Was this e-?mail helpful\?.*"
    r"|To mark this message as no response needed\b.*"
    r"|(?:©|Copyright)\s.{0,40}\bAmazon\b.*"
    r"|This e-?mail was sent from a notification-only address\b.*",
    re.IGNORECASE,
)
_DEVICE_LINE = re.compile(
    r"(?:Sent from|Get Outlook for|Gesendet von|Envoyé (?:de|depuis)|Inviato da|Enviado desde)\s.{1,60}",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"^-- ?\n(?=.*(?:\n.*){0,9}\Z)", re.MULTILINE)
_ASKS = re.compile(r"review|feedback|rating|\brate\b|\bstars?\b|\bopinion", re.IGNORECASE)
_OFFERS = re.compile(
    r"\bgift|\brefund|\bvoucher|\bcoupon|\bdiscount|\bcash ?back|\brebate|\bbonus|\breward|\bamazon"
    r"|[$€£] ?\d|\d ?(?:[$€£]|usd\b|eur\b|gbp\b|dollars?\b|euros?\b|pounds?\b)",
    re.IGNORECASE,
)
_HINTS = re.compile(
    r"experience|kind words|testimonial|recommend|\btell (?:us|other|your|everyone)|bewert|sterne|\bavis\b|étoiles"
    r"|recensi|stelle|reseñ|estrellas|valora",
    re.IGNORECASE,
)
"""What may ask, in a signature or below it, without the words of `_ASKS`."""
_RELAY = re.compile(rf"@{RELAY_HOST}|\s-\s*Amazon Marketplace\b", re.IGNORECASE)
"""A relay's address, or the name beside it, which is all that Outlook quotes."""
_MARKED_ANSWER = re.compile(r"^\[[^\[\]\n:]{1,40}\] .*\n?", re.MULTILINE)
"""A line that Outlook puts a writer's name before, where answers are typed into the mail that is answered."""
_QUOTED_LINE = re.compile(r"^>.*\n?", re.MULTILINE)
_GARBLED = re.compile(
    "[\u00c2-\u00f4][\u0080-\u00bf\u20ac\u201a-\u201e\u2018-\u201d\u2020-\u2026\u2122\u0152-\u017e]"
)
_MAY_QUOTE = re.compile(rf"^>|{REPLY_HEADER.pattern}", re.MULTILINE)
_MARKED_REPLY = re.compile(r"\s*[^>\n].{0,300}(?:\n.{1,300}){0,2}?:\n+>")
_UNMARKED = re.compile(r"\s*[^>\n].{0,300}(?:\n.{1,300}){0,2}?:[ ]?\n(?P<words>(?:(?!>).*\n)+)(?=>)")
"""Words between the line above a quote and its first `>` line."""
_LONG_LINE = re.compile(r"(?<=^.{200}).{200,}$", re.MULTILINE)
_MAX_LINES = 1000
"""Texts of more lines are left whole: looking for quotes takes time that grows with their square."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A mail's text, parted.

    Attributes:
        own: what its writer wrote; the whole text where nothing else would be left.
        quoted: the newest message it quotes, or "".
        quoted_from: who that message was from, as quoted, or "".
    """

    own: str
    quoted: str = ""
    quoted_from: str = ""


def passed_on(text: str) -> str:
    """What stands between the relay's markers; the text as it is where they are missing or hold nothing."""
    start, stop = _markers(text)
    return text[start[1] : stop[0]].strip() or text


def without_passed_on(text: str) -> str:
    """What stands around a message between the relay's markers; the text as it is if nothing does."""
    start, stop = _markers(text)
    return tidy(f"{text[: start[0]]}\n{text[stop[1] :]}") or text


def _markers(text: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Where the beginning and the end marker stand; at the text's ends where they are missing."""
    for begin, end in _MARKER_PATTERNS:
        if start := begin.search(text):
            stop = end.search(text, start.end())
            return start.span(), stop.span() if stop else (len(text), len(text))
    return (0, 0), (len(text), len(text))


def _pattern(words: str) -> re.Pattern[str]:
    """The marker as it is written, without accents, as UTF-8 read in another encoding, and with its letters lost.

    Amazon.ca puts a second language behind a slash.
    """
    data = words.encode("utf-8")
    lost = re.sub(r"[^\x00-\x7f]", "\ufffd", words)
    bare = re.sub(r"[\u0300-\u036f]", "", unicodedata.normalize("NFD", words))
    spellings = {words, bare, data.decode("latin-1"), data.decode("cp1252", "replace"), lost}
    alternatives = "|".join(re.escape(spelling) for spelling in sorted(spellings))
    marker = rf"(?:{alternatives})(?:[ \t]*/[^\n/-]{{1,40}})?"
    return re.compile(rf"(?<!-)-{{5,}}[ \t]*{marker}[ \t]*(?::[ \t]*)?-{{5,}}", re.IGNORECASE)


_MARKER_PATTERNS = tuple((_pattern(begin), _pattern(end)) for begin, end in _MARKERS)


def mended(text: str) -> str:
    """The text with UTF-8 that was read as Windows-1252 or Latin-1 put right; as it is where that is not so."""
    if not _GARBLED.search(text):
        return text
    for codec in ("cp1252", "latin-1"):
        with suppress(UnicodeError):
            return text.encode(codec).decode("utf-8")
    return text


def without_relay_lines(text: str) -> str:
    """The text without the lines that Amazon adds below a message."""
    kept = (
        line for line in text.split("\n") if not _RELAY_LINE.fullmatch(line.strip(" \t>*|")) or asks(line)
    )
    return tidy("\n".join(kept)) or text


def words_of(text: str, role: Role, *, is_reply: bool) -> Wording:
    """The words of a mail or of a helpdesk's message, by who wrote it.

    Of a buyer's, what the relay passes on counts; of a seller's, what stands around it. The quoted message is given
    only where a seller quotes a relay address, for then it is the buyer's.
    """
    if role == "buyer":
        return Wording(wording(without_relay_lines(passed_on(text)), is_reply=is_reply).own)
    parted = wording(text, is_reply=is_reply, is_sellers=True)
    own = without_relay_lines(without_passed_on(parted.own))
    if role != "seller" or not _RELAY.search(parted.quoted_from):
        return Wording(own)
    quoted, answers = _without_answers(without_relay_lines(passed_on(parted.quoted)))
    # What a buyer quotes in turn is the seller's again.
    buyers = wording(quoted, is_reply=True).own
    return Wording(tidy(f"{own}\n\n{answers}"), buyers, parted.quoted_from)


def without_buyers(text: str, words: Wording, role: Role) -> str:
    """The text without the buyer's lines, quoted or not, where this side wrote these words."""
    said = set(map(_line, (words.own if role == "buyer" else words.quoted).splitlines()))
    return "\n".join(line for line in text.splitlines() if _line(line) not in said)


def _line(line: str) -> str:
    return " ".join(line.lstrip("> \t").split())


def _without_answers(quoted: str) -> tuple[str, str]:
    """A buyer's passage, and what a seller asks for on lines in it that are marked as answers."""
    answers = [line for line in _MARKED_ANSWER.findall(quoted) if asks(line)]
    for line in answers:
        quoted = quoted.replace(line, "")
    return tidy(quoted), "".join(answers)


def wording(text: str, *, is_reply: bool, is_sellers: bool = False) -> Wording:
    """Part a mail's text. When in doubt, words stay: a seller's own must never be lost.

    Cut are messages quoted below a line or headers with an address or a time, three or more `>` lines in a row
    if the mail is a reply, signatures below `-- `, and "Sent from my phone"; the last two not if they may ask for a
    review. `>` lines below such a message are cut with it: they are more of it, and answers stand between them.

    Args:
        is_reply: whether headers or subject say that the mail answers another.
        is_sellers: whether a seller wrote it; what they may have sent before and send again, then, is theirs.
    """
    text = tidy(text)
    own: list[str] = []
    first: dict[str, str] = {}
    rest = in_english(text) if _MAY_QUOTE.search(text) and text.count("\n") < _MAX_LINES else ""
    while rest and (found := _unwrap(rest)) and _is_quote(found, is_reply=is_reply):
        if is_sellers and _may_be_sellers(found, rest):
            break
        own.append(found.get("text_top") or (_above_quote(rest) if found["type"] == "quote" else ""))
        own.append(_before_marks(found, rest))
        rest, more = _without_rest(found, is_reply=is_reply)
        first = first or found | {"text": f"{found.get('text', '')}\n{more}".strip()}
    words = tidy("\n\n".join(_unsigned(part) for part in (*own, rest) if part)) if first else _unsigned(text)
    return Wording(words or text, first.get("text", ""), first.get("from", ""))


def _unwrap(text: str) -> dict[str, str] | None:
    """What quotequail finds; the end of a long line is hidden from its patterns, which would look there for long."""
    from quotequail import unwrap

    hidden: list[str] = []

    def hide(line: re.Match[str]) -> str:
        hidden.append(line.group())
        return f"\ue000{len(hidden) - 1}\ue001"

    shortened = _LONG_LINE.sub(hide, text)
    if hidden and "\ue000" in text:  # which would stand for what is hidden, as often as it stands there
        return None
    found: dict[str, str] | None = unwrap(shortened)
    if found is None or not hidden:
        return found
    return {
        name: re.sub("\ue000(\\d+)\ue001", lambda mark: hidden[int(mark[1])], value)
        for name, value in found.items()
    }


def _is_quote(found: dict[str, str], *, is_reply: bool) -> bool:
    if found["type"] == "quote":
        return is_reply
    return bool(found.get("from")) and bool(REPLY_HEADER.search(found["from"] + found.get("date", "")))


def _without_rest(quote: dict[str, str], *, is_reply: bool) -> tuple[str, str]:
    """What stands below a quote without its further `>` lines, and these; those of the next one mark where it ends."""
    below = quote.get("text_bottom", "")
    if quote["type"] != "reply":
        return below, ""
    found, end = _unwrap(below), len(below)
    if found and found["type"] == "reply" and _is_quote(found, is_reply=is_reply):
        top = found.get("text_top", "")
        is_next = below.startswith(top) and not below[len(top) :].lstrip().startswith(">")
        end = len(top) if is_next and not _may_be_sellers(found, below) else end
    more = "".join(line[1:].removeprefix(" ") for line in _QUOTED_LINE.findall(below[:end]))
    return (_QUOTED_LINE.sub("", below[:end]) + below[end:]).strip(), more


def _may_be_sellers(found: dict[str, str], text: str) -> bool:
    """Whether a seller may ask there: they forward mails of their own, and lay text out like the headers of one."""
    sender = found.get("from", "").lower()
    if found["type"] == "quote" or _RELAY.search(sender):
        return False
    below = text[len(found.get("text_top", "")) :]
    if found["type"] == "reply" and ("@" in sender or _MARKED_REPLY.match(below)):
        return False
    return _offers(
        "\n".join(value for name, value in found.items() if name not in ("text_top", "text_bottom"))
    )


def _above_quote(text: str) -> str:
    """What stands above the first run of three `>` lines, which `unwrap` leaves out."""
    match = re.search(r"^>.*\n+>.*\n+>", text, re.MULTILINE)
    return text[: match.start()] if match else ""


def _before_marks(found: dict[str, str], text: str) -> str:
    """What is written between the line above a quote and the quote, which `unwrap` leaves out."""
    match = _UNMARKED.match(text[len(found.get("text_top", "")) :]) if found["type"] == "reply" else None
    words = match["words"].strip() if match else ""
    return "" if _unwrap(words) else words


def _unsigned(text: str) -> str:
    lines = text.rstrip().split("\n")
    while len(lines) > 1 and (not lines[-1].strip() or _names_device(lines[-1].strip())):
        lines.pop()
    text = "\n".join(lines)
    match = _SIGNATURE.search(text)
    if match is None or _hints(text[match.end() :]):
        return text.strip()
    return text[: match.start()].strip()


def _names_device(line: str) -> bool:
    return bool(_DEVICE_LINE.fullmatch(line)) and not _hints(line)


def _hints(text: str) -> bool:
    return _offers(text) or bool(_HINTS.search(normalize(text).text))


def telling(text: str) -> Counter[str]:
    """How often each word about reviews, or about what may be given for them, stands in a text."""
    plain = normalize(text).text
    found = (word.lower() for pattern in (_ASKS, _OFFERS, _HINTS) for word in pattern.findall(plain))
    return Counter(word for word in found if word[0].isalpha() and word != "amazon")


def _offers(text: str) -> bool:
    """Whether something about reviews may be said, or about what is given for them."""
    plain = normalize(text).text
    return bool(_ASKS.search(plain) or _OFFERS.search(plain))


def asks(text: str) -> bool:
    """Whether something about reviews may be said, in plain words or disguised."""
    return bool(_ASKS.search(normalize(text).text))
