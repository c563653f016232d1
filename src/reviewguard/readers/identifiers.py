"""Amazon's order numbers and ASINs, found in columns, subjects and bodies."""

from __future__ import annotations

import re

RELAY_HOST = r"(?:(?:m\.)?marketplace|m)\.amazon\."
"""Begins the domain of the addresses that Amazon gives to buyers, as a pattern."""

_HYPHEN = "[-\u2010\u2011\u2012\u2013\u2212]"
_ORDER = re.compile(rf"(?<![\w-])(\d{{3}}){_HYPHEN}(\d{{7}}){_HYPHEN}(\d{{7}})(?![\w-])")
_ASIN = re.compile(
    r"(?i:\bASIN\b\W{0,4}|/(?:dp|gp/product|product-reviews|gp/aw/d)/)(?=[A-Z]*[0-9])([A-Z0-9]{10})(?![A-Z0-9])"
    r"|(?<![A-Za-z0-9])(B0[A-Z0-9]{8})(?![A-Za-z0-9])"
)

_ORDER_CELL = re.compile(r"(\d{3})\W?(\d{7})\W?(\d{7})")
_CELL = re.compile(r"(?=[A-Z]*[0-9])[A-Z0-9]{10}|[0-9]{9}")


def find_order_id(*places: str | None) -> str | None:
    """The first Amazon order number (3-7-7 digits, not all zero) in the first place that has one."""
    found = ("-".join(match.groups()) for place in places for match in _ORDER.finditer(place or ""))
    return next((number for number in found if number.strip("0-")), None)


def find_asin(*places: str | None) -> str | None:
    """The first ASIN in the first place that has one: after "ASIN", in a product link, or alone as B0….

    Give no words of a buyer: there may stand what else they looked at.
    """
    found = (match for place in places for match in _ASIN.finditer(place or ""))
    return next((match[1] or match[2] for match in found), None)


def order_cell(cell: str) -> str:
    """An order number with its hyphens, however it was pasted; what is none as it is."""
    match = _ORDER_CELL.fullmatch(cell.strip())
    return "-".join(match.groups()) if match else cell


def asin_cell(cell: str) -> str | None:
    """The ASIN that a cell of a column of ASINs is: a book's is its ISBN, of which Excel drops a zero in front."""
    return cell.zfill(10) if _CELL.fullmatch(cell) else None
