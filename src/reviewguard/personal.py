"""Patterns of a person's or an order's details: e-mail addresses, phone, card and account numbers, order ids."""

from __future__ import annotations

import re
from collections.abc import Iterator

EMAIL = re.compile(r"[\w.+-]+@(?P<host>[\w-]+(?:\.[\w-]+)+)")
ORDER_ID = re.compile(r"(?<![\w-])(?P<head>[\dD]\d\d)-\d{7}-\d{7}(?![\w-])")

_PHONE_CUE = (
    r"phone|tel|call|ring|text|txt|sms|dial|mobile|cell|whats ?app|viber|fax"
    r"|telephone|tél|téléphone|telefon|telefonnummer|rufnummer|tel[eé]fono"
)
_PHONE = re.compile(
    r"(?<![\w.,/#-])(?<!\d )(?:"
    r"(?:\+\d|00[1-9])[\d ().-]{6,17}\d"  # international
    r"|(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])[2-9]\d\d[ .-]\d{4}"  # North America
    r"|\(?0\d{2,4}\)?[ -]?\d{3,4}[ -]?\d{3,4}"  # United Kingdom
    r"|\(?0\d{2,5}\)? ?/ ?\d[\d ]{3,9}\d(?:-\d{1,4})?"  # Germany
    r"|0[1-9](?:[ .-]\d\d){4}"  # France
    rf"|(?i:{_PHONE_CUE})\W{{1,3}}(?i:(?:on|at|us|me|number|is|no)\W{{1,3}}){{0,2}}"
    r"\d[\d ().-]{5,14}\d"  # anything long enough after "call us on"
    r")(?![\w-]|[ .]\d)"
)
_SHORTEST_PHONE = 7

_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){13,15}(?![\w-])")
_CARD_ISSUER = re.compile(r"4\d{15}|5[1-5]\d{14}|2[2-7]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}")

_IBAN = re.compile(r"(?<![\w-])(?=([A-Z]{2}\d\d(?: ?[A-Z\d]){11,30})(?![\w-]))")
_SHORTEST_IBAN = 15


def phones(text: str) -> Iterator[re.Match[str]]:
    """Phone numbers, the words that announce them included ("call us on 867-5309")."""
    return (m for m in _PHONE.finditer(text) if len(digits(m.group())) >= _SHORTEST_PHONE)


def cards(text: str) -> Iterator[re.Match[str]]:
    """Payment-card numbers: issuer prefix and Luhn checksum are right."""
    for match in _CARD.finditer(text):
        number = digits(match.group())
        if _CARD_ISSUER.fullmatch(number) and passes_luhn(number):
            yield match


def ibans(text: str) -> Iterator[tuple[int, int]]:
    """Where bank-account numbers with the right check digits (ISO 13616) stand, end exclusive."""
    for match in _IBAN.finditer(text):
        start, end = match.span(1)
        ends = (end, *(start + gap.start() for gap in re.finditer(" ", match[1])))
        right = [end for end in ends if _is_iban(text[start:end].replace(" ", ""))]
        if right:
            yield start, max(right)


def _is_iban(account: str) -> bool:
    moved = account[4:] + account[:4]
    return len(account) >= _SHORTEST_IBAN and int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1


def digits(text: str) -> str:
    """The text's digits alone."""
    return re.sub(r"\D", "", text)


def passes_luhn(number: str) -> bool:
    """Whether the last digit is the checksum of the others (ISO/IEC 7812-1, annex B)."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number)))
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0
