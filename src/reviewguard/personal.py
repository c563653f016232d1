"""Patterns of a person's or an order's details: addresses, phone, card and account numbers, order ids."""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST_COLUMN = 100
"""Characters of a column's name that are looked at."""

# Tried once a word: a long word without an "@" costs no more than its length. Python 3.11.2 misreads `++` here.
_LOCAL = r"(?:[\w.+-]|%(?!40))+"
EMAIL = re.compile(rf"(?<![\w.+%-]){_LOCAL}(?:['’]{_LOCAL}){{0,2}}(?:@|%40)(?P<host>[\w-]+(?:\.[\w-]+)+)")
_DASH = r"[^\S\n]?[-‐‑–—−][^\S\n]?"
_PART = rf"(?:{_DASH}|[^\S\n])"
ORDER_ID = re.compile(
    rf"(?<![\w+-])(?:(?P<head>[\dD]\d\d){_PART}\d{{7}}{_PART}\d{{7}}|\d\d{_DASH}\d{{5}}{_DASH}\d{{5}})(?!\d|-\d)"
)
"""Amazon's, and eBay's without a head; as people type them, too: "114 - 1234567 - 7654321", or a word right behind."""

_PHONE_CUE = (
    r"phone|tel|call|ring|text|txt|sms|dial|mobile|cell|whats ?app|viber|fax"
    r"|(?:my|our) number|reach (?:me|us)|contact(?: me| us| number|(?=:))"
    r"|telephone|tél|téléphone|telefon|telefonnummer|rufnummer|tel[eé]fono"
)
_PHONE = re.compile(
    r"(?<![\w.,/#-])(?<!\d )(?:"
    r"(?:\+\d|00[1-9])[\d ().-]{1,10}/ ?\d[\d ]{3,9}\d(?:-\d{1,4})?"  # Germany, from abroad
    r"|(?:\+\d|00[1-9])[\d ().-]{6,17}\d"  # international
    r"|(?:1[ .-])?(?:\([2-9]\d\d\)[ .-]?|[2-9]\d\d[ .-])[2-9]\d\d[ .-]\d{4}"  # North America
    r"|\(?0\d{2,4}\)?[ -]?\d{3,4}[ -]?\d{3,4}"  # United Kingdom
    r"|\(?0\d{2,5}\)? ?/ ?\d[\d ]{3,9}\d(?:-\d{1,4})?"  # Germany
    r"|0[1-9](?:[ .-]\d\d){4}"  # France
    r"|0\d{1,3}[ -]\d{2,3}(?:[ -]\d\d){2}"  # Switzerland, Belgium, Sweden, Turkey
    r"|\(\d\d\) ?9?\d{4}-\d{4}"  # Brazil
    r"|06[ -]\d{4} ?\d{4}"  # the Netherlands
    r"|\(?0[2378]\)? \d{4} \d{4}"  # Australia
    r"|0[6-9]\d{4}[ -]?\d{5}"  # India, as dialled inside it
    r"|(?P<bare>[2-9]\d\d[2-9]\d{6}|[6-9]\d\d(?: \d\d){3}|[6-9]\d{4}[ -]\d{5}|3[2-9]\d(?: \d{3} ?\d{4}|\d{7})"
    r"|[5-7]\d\d \d{3} \d{3})"
    # North America, Spain, India, Italy, Poland and its neighbour
    # anything long enough after "call us on" that is no date
    rf"|(?i:{_PHONE_CUE})\W{{1,3}}(?i:(?:on|at|us|me|number|is|no)\W{{1,3}}){{0,2}}"
    r"(?!\d{4}-\d\d-\d\d(?!\d)|\d\d[.-]\d\d[.-]\d{4}(?!\d))\d[\d ().-]{5,14}\d"
    r")(?![\w-]|[ .]\d)"
)
_IN_LINK = re.compile(r"(?<=wa\.me/)\+?\d{7,15}|(?<=[?&]phone=)(?:\+|%2B)?\d{7,15}")
_SHORTEST_PHONE, _LONGEST_PHONE = 7, 17
# Digits in a row are a phone number unless the words before them say what else.
_NUMBER_OF = re.compile(
    r"(?:[$€£]|(?<!\w)(?:usd|eur|gbp)) ?\Z"
    r"|(?<!\w)(?:order|track|tracking|parcel|shipment|package|ref|reference|invoice|case|ticket|claim|rma|return|model|sku"
    r"|item|part|serial|isbn|ean|upc|asin|gtin|code|transaction|confirmation|account|label|batch|lot|id|dhl|ups|usps|fedex"
    r"|hermes|dpd|gls|(?<!tel[. -])(?<!tel\.-)(?!tel|ruf|handy|mobil|fax)\w*(?:nummer|nr)|pedido|commande|suivi)"
    r"(?:\W{1,3}(?:numbers?|no|nr|id|ids|code|is|was|with|under|via|the)(?!\w)){0,3}\W{0,3}\Z",
    re.IGNORECASE,
)
_LOOKED_BACK = 40

_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){13,15}(?![\w-])")
_CARD_ISSUER = re.compile(r"4\d{15}|5[1-5]\d{14}|2[2-7]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}")

_IBAN = re.compile(r"(?<![\w-])(?=([A-Z]{2}\d\d(?: ?[A-Z\d]){11,30})(?![\w-]))")
_SHORTEST_IBAN = 15

SMALL_PART = (
    "de|del|della|den|der|dem|des|di|da|do|dos|du|la|las|le|les|los|el|am|zu|zum|zur|van|von|vom|ten|ter|bin|ibn"
    "|y|e|und|and|et"
)
"""Small words inside names of people and streets; those of `names` are among them, which may not import this."""
_STREET = (
    r"street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|way|place|pl|terrace|close|crescent"
    r"|square|sq|highway|hwy|parkway|pkwy|circle|cir|mews|gardens|grove|hill"
)
_UNIT = r"(?:,?\s+(?i:apartment|apt|unit|suite|ste|flat|floor|room|#)\.?\s*#?\w{1,6})?"
_POSTCODE = r"(?![QVX])[A-Z]{1,2}\d[A-Z\d]? \d(?!GB|TB)[ABD-HJLNP-UW-Z]{2}"
"""Britain's; "A5 4GB" is a tablet's memory."""
_ZIP = r"\d{5}(?:\d|-\d{4})?(?!\d)|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d"
# Words are bounded: one without end would be tried again from each of its letters.
_WORD = r"(?:(?:St|Ft|Mt|D\.C)\.|[A-Z](?:[^\W\d_]|['’-]){1,30}(?!\w))"
_STATE = (
    r"(?-i:HI|IN|ME|OK|OR)|a[klrz]|c[aot]|d[ce]|fl|ga|i[adl]|k[sy]|la|m[adinost]|n[cdehjmvy]|oh|pa|ri|s[cd]|t[nx]|ut"
    r"|v[at]|w[aivy]"
)
_US_STATE = rf"(?=[A-Z]{{2}}\b)(?i:{_STATE}|pr|gu|vi|a[aep])"
_PLACE = rf"{_WORD}(?: {_WORD}){{0,3}}"
# What follows a full stop or stands on the next line is a place only if a state or a postcode says so.
_TOWN = (
    rf"(?:(?:,?\s+{_PLACE}){{0,2}}(?:,?\s+[A-Z]{{2}}\b)?,?\s+(?:{_ZIP})"
    rf"|,?\s+{_PLACE},?\s+{_US_STATE}\b|, {_PLACE})?"
)
_NO_STREET = (
    r"are|is|on|in|its|it|our|your|their|us|you|we|off|for|with|any|only|stars|reviews?|ratings?|gifts?|cards?"
    r"|dollars|gb|tb|mb|hard|flash|usb|ssd|inch|volt|minutes?|hours?"
)
"""Words before "way", "place" and "drive" where these are no streets: "5 STARS ON THE WAY", "20 Minutes Drive"."""
_BARE_STREET = (
    r"(?:[NSEW]\.? |(?:North|South|East|West) )?(?:Broadway|Bowery|Piccadilly|Strand|Cheapside|Embarcadero)"
)
_PROPER = r"(?:(?:St|Dr|Prof)\.|[A-ZÀ-ÖØ-Þ][^\W\d_]{0,30}(?:['’-][^\W\d_]{1,30}){0,4}(?!\w))"
_STREET_NAME = (
    rf"(?:(?:{SMALL_PART}) ){{0,2}}(?:[dl]['’])?{_PROPER}"
    rf"(?:(?: (?:{SMALL_PART})){{0,2}} (?:[dl]['’])?{_PROPER}){{0,4}}"
)
_HOUSE = r"\d{1,4}(?: ?[a-zA-Z](?!\w))?(?:[/-]\d{1,4})?(?!\w)"
_COUNTED = r"St(?:ü|ue)ck|Stunden|Lumen|Punkte|Euro?|EUR|USD|Reviews?|Ratings?|Stars?|Orders?|Pieces|Units|Points|Hours"
_ZIP_TOWN = (
    rf"(?:[A-Z]{{1,2}}-)?\d{{5}} (?!(?:{_COUNTED})\b)(?:(?:Bad|St\.?|Saint|San|Santa|La|Le|Les|El|Los|Las) )?{_PROPER}"
    rf"(?: (?:am|an der) (?:Main|Rhein|Neckar|Inn|Donau|Elbe|Oder|Ruhr|Saale|Weser)| (?:de|del|sur) {_PROPER})?"
)
_NUMBER = r"[\d-]{7}"
"""How an order's, a parcel's or a phone's number begins: no word of a street's name."""
_ADDRESSES = (
    re.compile(
        rf"(?:(?i:flat|apartment|apt|unit|suite)\.? \w{{1,5}},? )?(?<![\w$€£-])\d{{1,5}}[A-Za-z]?,?"
        rf"(?: (?!(?i:{_NO_STREET})\b|{_NUMBER})[A-Z0-9][\w'’.-]*){{1,4}} (?i:{_STREET})\b\.?{_UNIT}{_TOWN}"
    ),
    # In any case where a state and a zip, or a postcode, show that it is one.
    re.compile(
        rf"(?i)(?<![\w-])\d{{1,5}}[a-z]?,?(?: (?!(?:a|first|in|my|on|our|the|your) |{_NUMBER})[a-z0-9][\w'’.-]*){{1,3}}"
        rf" (?:{_STREET})\b\.?{_UNIT}(?:,?\s+[^\W\d_]+){{1,3}},?"
        rf"\s+(?:(?:{_STATE}),? \d{{5}}(?:-\d{{4}})?|[a-z]{{1,2}}\d[a-z\d]? ?\d[a-z]{{2}})(?![\w-])"
    ),
    re.compile(rf"(?<![\w-])\d{{1,5}} {_BARE_STREET}{_UNIT}(?=,\s+[A-Z]){_TOWN}"),
    re.compile(r"(?<!\w)(?i:p\.? ?o\.? ?box) \d{1,6}" + _TOWN),
    re.compile(
        rf"(?<!\w)(?:[A-ZÄÖÜ][\wäöüß.-]{{0,40}}(?:straße|strasse|str\.|weg|platz|allee|gasse|damm|straat|gracht|laan)"
        rf"|{_PROPER} (?:Straße|Strasse|Str\.|Allee|Gasse)) {_HOUSE}(?:,?\s+{_ZIP_TOWN})?"
    ),
    re.compile(
        r"(?<!\w)(?:Calle|C/|Avenida|Avda\.?|Paseo|Carrer) ?"
        rf"{_STREET_NAME},? (?:n[.ºo°]{{1,2}} ?)?{_HOUSE}(?:,?\s+{_ZIP_TOWN})?"
    ),
    re.compile(
        r"(?<![\w-])\d{1,4}(?: ?(?:bis|ter))?,? (?:"
        rf"(?i:rue|avenue|boulevard|bd|allée|chemin|impasse|quai) {_STREET_NAME}(?:,?\s+{_ZIP_TOWN})?"
        rf"|(?i:rue|avenue|boulevard|bd|allée|chemin|impasse|quai|place|cours|route|square)(?: [\w'’-]+){{1,6}}"
        rf",?\s+{_ZIP_TOWN})"
    ),
    re.compile(rf"(?<![\w-])(?!(?:In|En|An|At|To) ){_STREET_NAME},? {_HOUSE}\s*[,\n]\s*{_ZIP_TOWN}"),
    re.compile(
        rf"(?<![\w-]){_WORD}(?: {_WORD}){{0,2}},? (?:{_US_STATE}|[A-Z]{{2}}(?=,? [A-Z])),? (?:{_ZIP})(?![\w-])"
    ),
    re.compile(rf"(?<![\w-]){_POSTCODE}(?![\w-])"),
)


_PLAIN_SIGNS = str.maketrans(
    dict.fromkeys("\u00a0\u2007\u2009\u202f", " ") | dict.fromkeys("\u2010\u2011", "-")
)
"""Spaces and hyphens that do not break a line, which people copy into numbers."""


def addresses(text: str) -> Iterator[re.Match[str]]:
    """Postal addresses, pattern by pattern; they may overlap."""
    text = text.translate(_PLAIN_SIGNS)
    return (match for pattern in _ADDRESSES for match in pattern.finditer(text))


def phones(text: str) -> Iterator[re.Match[str]]:
    """Phone numbers, the words that announce them included ("call us on 867-5309"), also in links of messengers."""
    text = text.translate(_PLAIN_SIGNS)
    yield from _IN_LINK.finditer(text)
    for match in _PHONE.finditer(text):
        bare = match["bare"] or match.group().isdigit()
        is_long = _SHORTEST_PHONE <= len(digits(match.group())) <= _LONGEST_PHONE
        if is_long and not (bare and told_apart(text, match.start())):
            yield match


def told_apart(text: str, number: int) -> bool:
    """Whether the words before a number, which begins there, say that it is an order's, a parcel's or a price."""
    return _NUMBER_OF.search(text[max(0, number - _LOOKED_BACK) : number]) is not None


def cards(text: str) -> Iterator[re.Match[str]]:
    """Payment-card numbers: issuer prefix and Luhn checksum are right."""
    for match in _CARD.finditer(text.translate(_PLAIN_SIGNS)):
        number = digits(match.group())
        if _CARD_ISSUER.fullmatch(number) and passes_luhn(number):
            yield match


def ibans(text: str) -> Iterator[tuple[int, int]]:
    """Where bank-account numbers with the right check digits (ISO 13616) stand, end exclusive."""
    text = text.translate(_PLAIN_SIGNS)
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
