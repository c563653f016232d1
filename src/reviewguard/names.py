"""Finds people's names where messages put them: greetings, sign-offs, introductions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from itertools import dropwhile, takewhile

_WORDS = """
a again all and any anyone at back both buyer buyers customer customers dear dears either evening
everybody everyone folks for friend friends from good guest guys hello her hi him i in is it just
ladies madam maam ma'am me morning my no of on our please sales seller shop shopper shoppers sir
sirs support team thank thanks that the their them there this to today us valued we weekend what
when with yes you your afternoon gentlemen but can could do did have how if not ok okay so sorry was
were would will yours until order orders parent parents customer-service service store manager agent
staff seller-support amazon ebay etsy walmart google best regards cheers sincerely warmly kind warm
many cordially respectfully greetings delivered shipped refund refunded january february march april
may june july august september october november december five four star stars review reviews
feedback rating ratings product products price great good nice happy excellent positive amazing love
glad perfect awesome wonderful fantastic free easy simple new still also very really leave write give bye monday tuesday
wednesday thursday friday saturday sunday christmas easter unfortunately however hopefully congratulations
grüße grüsse gruß kunde kundin kunden kundinnen käufer käuferin damen herren herr frau client cliente clienta
bonjour liebe lieber liebes hola ciao salut guten hallo cher chère gentile buongiorno
clienti clients acheteur madame monsieur signora signore señor señora todos tous tutti alle zusammen
gift card cards voucher coupon discount cash reward rebate warranty code click unsubscribe sent only group
hey heyy hiya welcome aboard about i'm i’m care relations cashback bonus money rewards points prizes vouchers coupons
rate scan share photo photos video screenshot refunds replacement compensation reimbursement removal instructions
delete remove change update raise make kindly send tell post join follow contact let help consider check tap buy
get ask try
details member members vip ups usps dhl fedex mate later buddy pal production workshop management crew lads boss
after after-sales aftersales technical reception returns dispatch accounts billing claims department dept desk office
finance reservations investor corporate quality services reader readers patient patients guests user users visitor
visitors reviewer reviewers tester testers recipient purchaser consumer owner owners admin moderator prime
loyal esteemed beloved respected honorable honourable potential noted received understood done confirmed resolved sorted
goodbye enjoy player players subscriber subscribers student students kundenservice kundendienst kundenbetreuung servizio
paypal whatsapp facebook gracias merci danke grazie ihr ihre ihren ihrem ihnen euer eure euch dein deine dich sie du wir
viele vielen mit freundliche freundlichen beste besten herzliche schöne un muchas cordiali distinti bien
"""
NOT_NAMES = frozenset(_WORDS.split())
"""Words, in lower case, that are hardly ever a name where names stand."""
NAMES_TOO = frozenset(("april", "may", "june", "august", "will", "love", "price", "best", "day"))
"""Those of them that people are called."""
_BEFORE_WORDS = """
customer buyer valued loyal esteemed respected dear our kunde kundin client cliente i'm i’m
mr mrs ms miss mister mx dr prof professor herr herrn frau sr sra srta dña sig dott mme
"""
_BEFORE_NAMES = frozenset(_BEFORE_WORDS.split())
"""Words of no name that a name may follow: "Dear Customer Ana Marsh", "Hi, I'm Ana", "Mr and Mrs Marsh"."""
_TITLE = (
    r"(?:(?i:mr|mrs|ms|miss|mister|mx|dr|prof(?:essor)?|sir|madam|herrn?|frau|hr|fr|sra?|srta|dña|señora?"
    r"|sig(?:\.?r?a|nora?)?|dott(?:\.?ssa)?|madame|monsieur|mme|heer|mevrouw)\.? )"
)
TITLES = re.compile(f"^{_TITLE}+")
_INITIAL = r"[^\W\d_a-z]\."
_NAME = rf"(?:{_INITIAL} ?){{0,3}}(?:[dl]['’])?[^\W\d_a-z](?:[^\W_]|['’])*(?:-[^\W\d_][^\W_]*)?"
_OF = r"(?:(?:de|del|della|den|der|di|da|do|dos|du|la|las|le|les|los|van|von|vom|zu|zum|zur|ten|ter|bin|ibn|y) )"
_NEXT_NAME = rf" {_OF}{{0,2}}{_NAME}"
_NAMES = rf"{_NAME}(?:{_NEXT_NAME}){{0,2}}"
_LONG_NAMES = rf"{_NAME}(?:{_NEXT_NAME}){{0,4}}"
# Mark-up, emoji, and whatever else is no letter, digit or space and not ASCII; no bullets, which begin lists.
_SIGN = r"(?:[*_~]|[^\w\s\x00-\x7f•·▪])"
_BEFORE = r"(?:^|(?<=[^\w \t])|(?<=_))[ \t]*"
# A double name is taken whole or not at all.
_AFTER = r"(?!['’-][^\W\d_a-z])(?=(?: (?:ji|garu|bhai|sahib|san)\b)?\s*(?:[^\w\s]|_|\n|and\b|$))"
_GREETING = re.compile(
    rf"{_BEFORE}(?i:hi|hello|hey|hiya|dear|respected|greetings|good (?:morning|afternoon|evening|day)"
    r"|welcome|(?:thank you|(?:many )?thanks)(?: (?:so|very) much| a lot)?|sorry|hallo|guten (?:tag|morgen|abend)"
    r"|liebe[rs]?|hola|estimad[oa]|bonjour|salut|ch(?:er|ère)|ciao|buongiorno|gentile|olá|beste|geachte"
    r"|sehr geehrte[rs]?)"
    r"(?i: there| again| back)?,?[^\S\n]{1,9}"
    rf"[*_]{{0,3}}{_TITLE}{{0,3}}(?P<name>{_LONG_NAMES}){_AFTER}"
)
# Without a comma, only what goes on in small letters tells that the name is over.
_UNPARTED_GREETING = re.compile(
    rf"{_BEFORE}(?i:hi|hello|hey|hiya|dear|hallo|hola|bonjour|ciao)[^\S\n]{{1,9}}(?P<name>{_NAME}(?: {_NAME})?)"
    r"(?=[^\S\n]+(?i:thanks?|i|i['’]m|we|we['’]re|your|it|the|this|just|please|sorry|hope|here|how|could|can|did)\b)"
    rf"|(?<!\w)[Tt]hank(?: you|s)[^\S\n]{{1,9}}(?P<thanked>{_NAME})(?=[^\S\n]+for\b)"
)
_LOWER_GREETING = re.compile(
    r"(?:^|(?<=\n))(?:[^\w\n]|_)*+(?i:hi|hello|hey|hiya|dear) [*_]{0,3}"
    rf"{_TITLE}?(?P<name>[^\W\d_](?:[^\W_]|['’-])+)(?=\s*(?:[,!\n)<]|(?![–—…]){_SIGN}|$))"
)
_SECOND = re.compile(rf"\s+(?:and|&) (?P<name>{_NAME}){_AFTER}")
_AFTER_TITLE = re.compile(
    r"(?<!\w)(?:Mr|Mrs|Ms|Miss|Mister|Mx|Dr|Prof(?:essor)?|Herrn?|Frau|Señora?|Sra?|Srta|Dña|Sig(?:\.?r?a|nora?)?"
    r"|Dott(?:\.?ssa)?|Madame|Monsieur)\.? "
    rf"(?:(?:Dr|Prof|Dipl|Ing|med)\.[ -]?){{0,3}}{_OF}{{0,2}}(?P<name>{_NAMES})"
)
# What follows is only looked ahead at: it may be the next sign-off ("Thanks! Best, Nora"). After a full stop the next
# sentence may begin: "Thanks! Coffee for your review".
_SIGN_OFF = re.compile(
    rf"{_BEFORE}(?i:(?:with )?(?:(?:kind|best|warm|warmest|kindest|many|friendly)(?:est)? )?"
    r"(?:regards|wishes|greetings|thanks)|best|all the best|cheers|sincerely|yours(?: sincerely| truly| faithfully)?"
    r"|thank you|thanks(?: again| so much| in advance)?|thx|take care|warmly|love|respectfully|cordially|ciao|greetings"
    r"|(?:mit )?(?:(?:freundlich|best|lieb|herzlich|viel|schön)e[nr]? )?gr(?:ü|ue)(?:ß|ss)(?:en?)?"
    r"|(?:un )?(?:cordial(?:es)? )?saludos?(?: cordiales)?|atentamente|(?:(?:cordiali|distinti) )?saluti"
    r"|(?:vielen )?dank|danke(?: sch(?:ö|oe)n)?|(?:muchas )?gracias|(?:grazie|merci)(?: mille| beaucoup)?"
    r"|(?:bien )?cordialement|bien à vous|amicalement|(?:met )?vriendelijke groet(?:en)?|groetjes)"
    rf"(?=[ \t]*(?=[^\w \t]|_)(?:([.!]) (?=[^\W_])|(?![.!] [^\W_])(?:[,.!\s-]|{_SIGN})+)"
    rf"(?:from )?(?P<name>{_LONG_NAMES})(?![^\W_])"
    rf"\s*(?:$|[\n,.(|/)<-]|{_SIGN}|from\b|at\b|@|(?(1)and [^\W\d_a-z]|(?:and|for|with|of)\b)))"
)
_END = rf"(?:[\s)]|{_SIGN})*+\Z"
_DASHED = re.compile(
    rf"(?:^|(?<=[\n.!?])|(?<={_SIGN})) *(?<![-–—~])[-–—~]+ ?[*_]{{0,3}}"
    rf"(?P<name>{_NAMES})(?=(?:,? (?:from|at) [^\n]{{1,60}}|\s*@[^\n]{{0,100}})?{_END})"
)
_LAST_LINE = re.compile(
    rf"\n(?:[ \t]|{_SIGN})*+(?P<name>{_NAME}(?: {_NAME})?)(?:,? (?i:from|at|with) [^\n]{{1,60}})?[.!]?{_END}"
)
_UNPARTED_SIGN_OFF = re.compile(
    rf"(?<!\w)(?i:regards|wishes|sincerely|gr(?:ü|ue)(?:ß|ss)en?|saludos|saluti|cordialement)[ \t]+(?P<name>{_NAMES})"
    r"[.!]?[ \t]*(?=\n|\Z)"
)
_LOWER_LAST_LINE = re.compile(
    r"(?<!\w)(?i:(?:regards|best|wishes|cheers|sincerely|thanks|thank you|love|warmly)[,.!]*[ \t]*\n\s*"
    r"|(?:regards|cheers|sincerely), )"
    rf"(?P<name>[^\W\d_]{{2,20}})[.!]?{_END}"
)
# What is to be done "here", or stands "here", and who never is one person: "Click here", "Nobody here".
_NOBODY_HERE = (
    r"(?i:answer|any(?:body|one)|book|choose|click|comment|cut|download|driver|every(?:body|one)|finish|host|join"
    r"|links?|nobody|no one|open|order|owner|parcel|post(?:ing)?|press|read|reception|register|reply|same|scan|scratch"
    r"|see|sign|stars?|start|survey|swipe|tap|then|tick|touch|type|visit|vote|watch|work|write|\w+['’](?:s|m|re))"
)
_SHOUTED = r"[^\W\d_a-z]{3}"
# Where a parcel goes; "France Gall" is a person.
_COUNTRY = (
    r"(?:(?:the )?(?:United (?:States|Kingdom)|USA?|UK|EU|Netherlands)|Germany|France|Italy|Spain|Canada|Australia"
    r"|Mexico|Japan|Austria|Switzerland|Belgium|Poland|Sweden|Ireland|Portugal|Denmark|Norway|Finland)"
)
_INTRODUCTION = re.compile(
    r"(?i:\bmy name(?: is|'s)|\bmein name ist|\bich hei(?:ß|ss)e|\bje m['’]appelle|\bme llamo|\bmi nombre es"
    r"|\bmi chiamo"
    r"|(?<!product )(?<!item )(?<!brand )(?<!store )(?<!shop )(?<!company )(?<!card )(?<!file )\bname ?:|\bcalled me"
    r"|\bask for|\bsigned by|\bspoke (?:to|with)|\bshipped to|\battn:?"
    r"|\b(?:ship|deliver|bill|sold) to:|\brecipient ?:|\b(?:from|von) amazon[ -](?:customer|buyer|kunden?|kundin))\s?"
    rf"(?<=\W)(?!{_COUNTRY}(?![\w'’-]| [^\W\d_a-z])){_TITLE}?(?P<name>{_LONG_NAMES})"
    rf"|(?i:\bthis is|\bi am|\bi['’]m) (?P<self>{_NAMES})(?=,? (?:from|with|at|here|again|of|and I)\b|,)"
    rf"|(?i:\bit['’]s) (?!{_SHOUTED})(?P<its>{_NAMES})(?=,? (?:from|with|at|here|again|of)\b)"
    rf"|(?:^|(?<=\n)|(?<=[.!?,] ))This is (?P<alone>[^\W\d_a-z][a-zà-ÿ][^\W\d_]*(?: {_NAME})?)(?=\.(?:\s|$))"
    rf"|(?:^|(?<=\n)|(?<=[.!?] )|(?<=\b[Hh]i, )|(?<=\b[Hh]ello, ))(?!{_NOBODY_HERE}\b)(?P<here>{_NAMES}) here"
    rf"(?=\s*(?:$|[\n,.!:;–—-]|{_SIGN}|(?:from|with|at|again|on)\b))"
    r"|(?i:\bmy name(?: is|['’]s)) (?!(?:not|on|in|at|the|an?|sp\w+|mis\w+|wrong|correct|still|also|now)\b)"
    r"(?P<own>[a-zà-ÿ]{2,20}(?: [a-zà-ÿ]{2,20})?)(?=\s*(?:$|[\n,.!]|(?:and|from|at|with)\b))"
)
_SURE = (_GREETING, _UNPARTED_GREETING, _LOWER_GREETING, _AFTER_TITLE, _SIGN_OFF, _INTRODUCTION)
_FIRST_LINE = re.compile(rf"\A\s*(?P<name>{_NAME}(?: {_NAME})?),[^\S\n]*\n")
_ADDRESSED = re.compile(rf"(?:\A|(?<=\n)|(?<=[.!?] ))[^\W\d_][^\n.!?,]{{1,40}}, (?P<name>{_NAME})(?=!)")
_LIKELY_SELF = re.compile(rf"(?i:\bit['’]s) (?!{_SHOUTED})(?P<name>{_NAMES})(?=,)")
_BESIDE_ADDRESS = re.compile(
    rf"(?<![\w'’.-])(?P<name>{_NAME}(?:{_NEXT_NAME}){{1,3}})[\"']? ?<(?=[^<>\s]{{1,100}}@)"
)
# A word alone at an end, or after "it's", may be anything: it is masked there, and not looked for elsewhere.
_LIKELY = (
    _ADDRESSED,
    _BESIDE_ADDRESS,
    _FIRST_LINE,
    _DASHED,
    _LAST_LINE,
    _UNPARTED_SIGN_OFF,
    _LOWER_LAST_LINE,
    _LIKELY_SELF,
)

_ABOVE = re.compile(
    rf"(?:\A|[:\n])[ \t]*(?P<name>{_NAME}(?:{_NEXT_NAME}){{1,4}})(?:,[ \t]*\n?|[ \t]*\n)[ \t]*\Z"
)
_LONGEST_ABOVE = 120
_HEADINGS = frozenset(("address", "phone", "number", "department", "warehouse"))


@dataclass(frozen=True, slots=True)
class FoundNames:
    """Names of one text.

    Attributes:
        places: where they stand, character offsets with the end exclusive.
        again: words to look for elsewhere, as written.
    """

    places: tuple[tuple[int, int], ...]
    again: frozenset[str]


_MARKS = (chr(code) for code in range(0x300, 0x2000) if unicodedata.category(chr(code)) in ("Mn", "Mc"))
_PLAINER = str.maketrans(dict.fromkeys("\u00a0\u2007\u202f", " ") | dict.fromkeys(_MARKS, "a"))
"""Spaces that do not break a line, and the signs beside letters in names in Hindi or Thai, or in "José" in parts."""


def with_letters(text: str) -> str:
    """A text of the same length in which accents of their own are letters, and all blanks are spaces."""
    return text.translate(_PLAINER)


def names_in(text: str, known: Iterable[str] = ()) -> FoundNames:
    """Names that the text's own greetings, sign-offs and introductions show.

    Args:
        known: names from elsewhere, whose words are names there even if they are ordinary ones ("Hi Will,").
    """
    written, text = text, with_letters(text)
    no_names = NOT_NAMES.difference(word for name in known for word in re.split(r"[\s-]+", name.lower()))
    sure = {place for pattern in _SURE for place in _found(pattern, text, no_names)}
    likely = {place for pattern in _LIKELY for place in _found(pattern, text, no_names)}
    words = {word for start, end in sure for word in written[start:end].split()}
    again = frozenset(w for w in words if len(w) > 2 and w[:1].isupper())
    return FoundNames(tuple(sorted(sure | likely)), again)


def name_above(text: str, detail: int) -> tuple[int, int] | None:
    """Where the full name stands that is on the line above an address or a phone number, or on its line, with a comma.

    Args:
        detail: where that begins.
    """
    match = _ABOVE.search(with_letters(text), max(0, detail - _LONGEST_ABOVE), detail)
    words = re.finditer(r"\S+", match["name"]) if match else ()
    named = all(_may_be_name(word, NOT_NAMES | _HEADINGS) for word in words)
    return match.span("name") if match and named else None


def _found(pattern: re.Pattern[str], text: str, no_names: Set[str]) -> Iterator[tuple[int, int]]:
    for match in pattern.finditer(text):
        for group in match.re.groupindex:
            if match[group] is not None:
                yield from _trimmed(text, *match.span(group), no_names)
        if pattern is _GREETING and (second := _SECOND.match(text, match.end())):
            yield from _trimmed(text, *second.span("name"), no_names)


def _trimmed(text: str, start: int, end: int, no_names: Set[str]) -> Iterator[tuple[int, int]]:
    """The stretch up to its first word that is no name, after what may stand before one; nothing where none is left."""
    words = dropwhile(lambda word: _plain(word) in _BEFORE_NAMES, re.finditer(r"\S+", text[start:end]))
    if name := list(takewhile(lambda word: _may_be_name(word, no_names), words)):
        yield start + name[0].start(), start + name[-1].end()


def _may_be_name(word: re.Match[str], no_names: Set[str]) -> bool:
    return bool(re.fullmatch(_INITIAL, word.group())) or _plain(word) not in no_names


def _plain(word: re.Match[str]) -> str:
    return word.group().lower().strip("'’.,")
