"""What the mails of all inputs tell together: the seller's addresses, which the marketplace's relay writes to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from reviewguard.readers.correspondents import OwnAddresses, addresses_beside_relay, writers
from reviewguard.readers.mime import ParsedMail, parse_mail
from reviewguard.schema import Role

HEAD_SIZE = 2**16
"""Bytes of a mail in which its headers are looked for."""

_DELIVERED = ("delivered-to", "x-original-to", "envelope-to")
"""Headers that name who got a mail that is addressed to nobody."""
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
_MOST = 1000
"""Addresses of the seller's that are remembered."""
_PROVIDERS = (
    "gmail googlemail outlook hotmail live msn yahoo ymail icloud me mac aol gmx web t-online freenet mail proton "
    "protonmail fastmail zoho yandex qq vip 163 126 sina foxmail aliyun 139 naver daum hanmail orange wanadoo free sfr "
    "laposte libero virgilio tiscali alice bluewin btinternet virginmedia sky comcast verizon att sbcglobal cox bell "
    "rogers shaw bigpond optusnet hey inbox wp onet interia o2 seznam rediffmail uol terra"
)
_FREE_MAIL = frozenset(_PROVIDERS.split())
"""How the domains of providers begin whose addresses are those of strangers to each other."""


@dataclass
class Mailboxes:
    """The seller's addresses are looked up once, when a mail asks for them.

    Attributes:
        heads: the first bytes of every mail of the inputs.
        untold: how many mails were taken for the seller's though nothing tells that they are.
    """

    heads: Iterable[bytes] = ()
    untold: int = 0

    @cached_property
    def own(self) -> OwnAddresses:
        """The seller's addresses, and their domains where these are not a provider's."""
        found: set[str] = set()
        for data in self.heads:
            headers = _END_OF_HEADERS.split(data.lstrip(b"\xef\xbb\xbf\r\n"), maxsplit=1)[0]
            if b"amazon." in headers.lower() and len(found) < _MOST:
                found.update(map(_address_or_domain, addresses_beside_relay(parse_mail(headers))))
        return OwnAddresses(frozenset(found))

    def role(self, mail: ParsedMail) -> Role:
        """Who wrote a mail that touches no address of Amazon's: a buyer, or any stranger, if it is to the seller alone.

        Else, or where nothing is known of the seller, it is the seller's: taken for a buyer's it would never be scored.
        """
        if self.own.hold(writers(mail)):
            return "seller"
        to = mail.addresses("to") or mail.addresses(*_DELIVERED)
        if to and all(self.own.hold([address]) for address in to):
            return "buyer"
        self.untold += 1
        return "seller"

    @property
    def note(self) -> str:
        """Says how many mails nothing is told of, and how to tell it; empty where there is none."""
        many = f"{self.untold:,} mails touch no address of Amazon's and were"
        mails = "1 mail touches no address of Amazon's and was" if self.untold == 1 else many
        said = f"{mails} taken for the seller's; name your addresses with --map seller=support@shop.example"
        return said if self.untold else ""


def _address_or_domain(address: str) -> str:
    domain = address.partition("@")[2]
    return address if domain.partition(".")[0] in _FREE_MAIL else domain
