"""Fills mail-merge placeholders in, and puts them back in place of names and order ids."""

from __future__ import annotations

import re
from random import Random

from reviewguard.curation.edits import Edit, apply_edits
from reviewguard.schema import LabelledMessage

_TOKEN = re.compile(
    r"\{\{\s*(?P<a>[\w .|-]+?)\s*\}\}|\[\[(?P<b>[\w -]+)\]\]"
    r"|\$\{(?P<c>[\w.]+)\}|\{(?P<d>[A-Za-z_.]+)\}"
)
_NAMES = (
    "Maria", "James", "Priya", "Chen", "Fatima", "Lukas", "Olga", "Diego", "Aisha", "Tom", "Yuki",
    "Grace", "Pavel", "Nia", "Sofia", "Ahmed", "Ingrid", "Leo", "Hana", "Marcus",
)  # fmt: skip
_SHOPS = (
    "Harbour & Pine",
    "Little Lantern",
    "Northfold Goods",
    "Bluebird Supply",
    "Oak Street Home",
)
_DAYS = ("Monday", "Thursday", "3 March", "14 June", "October 9", "21/11")
# What a placeholder's name says it stands for; the first that matches decides.
_MEANINGS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"link|url|form|page|mail|image|rating|review|unsub", re.IGNORECASE),
        "",
    ),
    (re.compile(r"item|product|title|sku", re.IGNORECASE), "product"),
    (re.compile(r"shop|store|company|brand", re.IGNORECASE), "shop"),
    (re.compile(r"order|rma|^ref$", re.IGNORECASE), "order"),
    (
        re.compile(r"first|name|buyer|customer|guest|agent|signature", re.IGNORECASE),
        "name",
    ),
    (re.compile(r"date|day", re.IGNORECASE), "day"),
)
_GREETED = re.compile(r"(?:\b[Hh]i|\b[Hh]ello|\b[Hh]ey|\bDear) (?P<name>[A-Z][a-z]+)(?=\s*[,!.\n–-])")
_NOT_NAMES = frozenset({"Sir", "Madam", "Customer", "Guest", "Buyer", "Friend", "Friends", "All", "There"})
_ORDER = re.compile(r"\b999-\d{7}-\d{7}\b")
_NAME_TOKENS = (
    "{{first_name}}",
    "[[buyer-name]]",
    "{name}",
    "%s",
    "{{ customer.name }}",
    "[Name]",
)
_ORDER_TOKENS = (
    "{{order_id}}",
    "[[order-id]]",
    "${order.id}",
    "{0}",
    "{{ order.number }}",
    "%s",
)


def fill_placeholders(message: LabelledMessage, rng: Random) -> LabelledMessage:
    """Write a name, shop, product, day or fictitious order id where a placeholder stands for it."""
    edits = []
    for match in _TOKEN.finditer(message.text):
        value = _value(match[match.lastgroup or 0], message, rng)
        if value:
            edits.append(Edit(match.start(), match.end(), value))
    return apply_edits(message, edits)


def insert_placeholders(message: LabelledMessage, rng: Random) -> LabelledMessage:
    """Put a placeholder in place of the greeted name and of fictitious order ids."""
    name, order = rng.choice(_NAME_TOKENS), rng.choice(_ORDER_TOKENS)
    greeted = (m for m in _GREETED.finditer(message.text) if m["name"] not in _NOT_NAMES)
    edits = [Edit(*match.span("name"), name) for match in greeted]
    edits += [Edit(*match.span(), order) for match in _ORDER.finditer(message.text)]
    return apply_edits(message, edits)


def _value(placeholder: str, message: LabelledMessage, rng: Random) -> str:
    """What the placeholder stands for; "" where that cannot be told or is better left."""
    meaning = next((kind for pattern, kind in _MEANINGS if pattern.search(placeholder)), "")
    values = {
        "product": message.product,
        "shop": rng.choice(_SHOPS),
        "order": f"999-{rng.randrange(10**7):07}-{rng.randrange(10**7):07}",
        "name": rng.choice(_NAMES),
        "day": rng.choice(_DAYS),
    }
    return values.get(meaning, "")
