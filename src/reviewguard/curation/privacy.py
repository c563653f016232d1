"""Finds details that could be a real person's or order's; only reserved fictitious ones may stay.

Sources of the reserved ranges: RFC 2606 (domains), NANPA (555-0100 to 555-0199), Ofcom's numbers
for drama use (01632 960xxx, 07700 900xxx). Amazon order ids starting with 999 are this project's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from reviewguard.curation.sources import Issue, Located
from reviewguard.personal import EMAIL, ORDER_ID, addresses, cards, digits, ibans, phones


@dataclass(frozen=True, slots=True)
class Finding:
    """A real-looking detail: `kind` and its place, character offsets with `end` exclusive."""

    start: int
    end: int
    kind: str
    value: str


_FICTITIOUS_HOST = re.compile(
    r"(?:.+\.)?example\.(?:com|org|net)|.+\.(?:test|invalid|example|localhost)",
    re.IGNORECASE,
)
_RELAY_HOST = re.compile(r"marketplace\.amazon\.[a-z.]+|members\.ebay\.[a-z.]+", re.IGNORECASE)

_DOMAIN = r"com|net|org|info|biz|io|co|shop|store|ly|link|gg|app|uk|de|fr|ca|eu|au|cn"
# English words too: "let us know.It is" is a missing space, "wa.me/15550123" is a link.
_WORDLIKE_DOMAIN = (
    r"me|us|it|in|es|to|so|is|at|be|no|my|nl|ch|pl|se|dk|fi|cz|ie|nz|jp|br|mx|pt"
    r"|xyz|site|online|gle|page|club|dev|ai"
)
_URL = re.compile(
    r"(?<![\w@.-])(?P<scheme>https?://)?"
    r"(?P<www>www\.)?"
    rf"(?P<host>(?:[\w-]+\.)+(?(scheme)[a-z]{{2,}}|(?(www)[a-z]{{2,}}|(?:{_DOMAIN}|(?:{_WORDLIKE_DOMAIN})(?=/\w)))))"
    r"(?![\w@-])(?P<path>(?::\d+)?/\S*)?",
    re.IGNORECASE,
)
_MARKETPLACE = re.compile(
    r"(?:www\.|smile\.)?(?:amazon|ebay|etsy|walmart|google|trustpilot|wordpress|shopify|aliexpress|"
    r"temu|booking|airbnb|facebook|instagram|youtube|paypal)"
    r"\.(?:com|org|de|fr|it|es|ca|in|co\.uk|com\.au|co\.jp|com\.mx|com\.br)",
    re.IGNORECASE,
)
# A create-review page without a product or with a masked one belongs to nobody.
_GENERIC_PATH = re.compile(
    r"/?[.,;:!?)\]]*|(?!\S*(?i:asin)=(?!X{4,}(?!\w)|\W|$))/(?:gp/)?(?:review|feedback)\b[\w/?=&.-]*?(?:X{4,})?"
)

# A few digits more may belong to what comes next: "+1 555-0117 4 pcs". Area codes begin with 2 to 9: 01555 501234 is
# a British number.
_FICTITIOUS_DIGITS = re.compile(
    r"(?:1?[2-9]\d{2}|1)?55501\d\d\d{0,6}|(?:44|0|440)(?:1632960|7700900)\d{3}\d{0,6}"
)


def find_private(text: str) -> list[Finding]:
    """Every real-looking detail in the text, in text order.

    Looked for: e-mail and marketplace relay addresses, links, Amazon order ids, payment-card
    numbers (issuer prefix and Luhn checksum), IBANs (check digits) and phone numbers. Prices, sizes, dates,
    placeholders and tracking numbers are none.
    """
    return _without_nested(sorted(_found(text), key=lambda f: (f.start, -f.end)))


def find_in_labeller(who: str) -> list[Finding]:
    """What the name of a labeller must not hold: as `find_private`, and postal addresses.

    A login may look like a host ("minh.ly").
    """
    found = [item for item in find_private(who) if item.kind != "url" or "/" in item.value]
    return [*found, *(_finding(match, "address") for match in addresses(who))]


def check_privacy(located: Iterable[Located]) -> list[Issue]:
    """An issue for each real-looking detail in the seller's or the buyer's text, or the product."""
    return [
        issue
        for item in located
        for field in ("text", "previous", "product")
        for issue in private_issues(item, field, getattr(item.message, field) or "")
    ]


def private_issues(
    item: Located, field: str, text: str, find: Callable[[str], list[Finding]] = find_private
) -> Iterator[Issue]:
    """An issue for each real-looking detail in one field of a message or its label."""
    for found in find(text):
        yield item.issue(field, f"privacy:{found.kind}", f"{found.value!r} at {found.start}–{found.end}")


def _without_nested(found: list[Finding]) -> list[Finding]:
    """A card number or order id holds digits that look like a phone number: report it once."""
    kept: list[Finding] = []
    for finding in found:
        if not kept or finding.start >= kept[-1].end:
            kept.append(finding)
    return kept


def _finding(match: re.Match[str], kind: str) -> Finding:
    return Finding(match.start(), match.end(), kind, match.group())


def _found(text: str) -> Iterator[Finding]:
    yield from _emails(text)
    yield from _urls(text)
    yield from (_finding(m, "order_id") for m in ORDER_ID.finditer(text) if m["head"] != "999")
    yield from (_finding(m, "card") for m in cards(text))
    yield from (Finding(start, end, "iban", text[start:end]) for start, end in ibans(text))
    for match in phones(text):
        if not _FICTITIOUS_DIGITS.fullmatch(digits(match.group())):
            yield _finding(match, "phone")


def _emails(text: str) -> Iterator[Finding]:
    for match in EMAIL.finditer(text):
        if _RELAY_HOST.fullmatch(match["host"]):
            yield _finding(match, "relay_address")
        elif not _FICTITIOUS_HOST.fullmatch(match["host"]):
            yield _finding(match, "email")


def _urls(text: str) -> Iterator[Finding]:
    for match in _URL.finditer(text):
        homepage = _MARKETPLACE.fullmatch(match["host"]) and _is_generic(match["path"])
        if not homepage and not _FICTITIOUS_HOST.fullmatch(match["host"]):
            yield _finding(match, "url")


def _is_generic(path: str | None) -> bool:
    return path is None or _GENERIC_PATH.fullmatch(path) is not None
