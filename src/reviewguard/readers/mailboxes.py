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
        received: how many were taken for what a buyer, or a stranger, wrote to the seller.
    """

    heads: Iterable[bytes] = ()
    untold: int = 0
    received: int = 0

    @cached_property
    def _addresses(self) -> frozenset[str]:
        found: set[str] = set()
        for data in self.heads:
            headers = _END_OF_HEADERS.split(data.lstrip(b"\xef\xbb\xbf\r\n"), maxsplit=1)[0]
            if b"amazon." in headers.lower() and len(found) < _MOST:
                found.update(addresses_beside_relay(parse_mail(headers)))
        return frozenset(found)

    @cached_property
    def _mailboxes(self) -> OwnAddresses:
        """The very addresses: what others of their domain get, may be a provider's other customers'."""
        return OwnAddresses(self._addresses)

    @cached_property
    def _writers(self) -> OwnAddresses:
        """The addresses, and their domains where these are not a known provider's."""
        return OwnAddresses(frozenset(map(_address_or_domain, self._addresses)))

    def role(self, mail: ParsedMail) -> Role:
        """Who wrote a mail that touches no address of Amazon's: a buyer, or any stranger, if it is to the seller alone.

        Else, or where nothing is known of the seller, it is the seller's: taken for a buyer's it would never be scored.
        """
        if self._writers.hold((*writers(mail), *mail.addresses("reply-to"))):
            return "seller"
        to = mail.addresses("to", "cc", "bcc")
        if to and all(self._mailboxes.hold([address]) for address in to):
            self.received += 1
            return "buyer"
        self.untold += 1
        return "seller"

    @property
    def notes(self) -> list[str]:
        """Says how many mails nothing is told of, how many were taken for a stranger's, and how to tell it better."""
        untold = "taken for the seller's; name your addresses with --map seller=support@shop.example"
        received = (
            "taken for a buyer's, since others wrote them to your address alone; if not, name more of yours"
        )
        counts = ((self.untold, untold), (self.received, received))
        return [f"mails without an address of Amazon's: {count:,} {said}" for count, said in counts if count]


def _address_or_domain(address: str) -> str:
    domain = address.partition("@")[2]
    return address if domain.partition(".")[0] in _FREE_MAIL else domain
