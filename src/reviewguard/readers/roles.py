"""Who wrote a message, from what an export says about its sender."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from reviewguard.readers.identifiers import RELAY_HOST
from reviewguard.readers.vocabulary import fold, load_vocabulary
from reviewguard.schema import Cell, Role

_PHRASES: tuple[tuple[re.Pattern[str], Role], ...] = (
    (re.compile(r"\b(internal|private) (note|comment|message)\b"), "system"),
    (
        re.compile(r"\b(customer|client|buyer|käufer) (service|support|care|success|experience|relations)\b"),
        "seller",
    ),
    (re.compile(r"\b(contact|call) cent(er|re)\b"), "seller"),
    (re.compile(r"\b(contact|e ?mail|message|notify|write) (the )?(buyer|customer)\b"), "seller"),
    (re.compile(r"\b((contact|notify|write) (the )?|(e ?mail|message) the )client\b"), "seller"),
    (re.compile(r"\b(to|for) (the )?(buyer|customer|client|end ?user|user|shopper)\b"), "seller"),
    (re.compile(r"\b(to|for) (the )?(seller|agent|merchant|vendor|us|support)\b"), "buyer"),
    (re.compile(r"\ban (den |die )?(käufer(in)?|kunden?|kundin|besteller)\b"), "seller"),
    (re.compile(r"\b(des|vom) (kunden|käufers|bestellers)\b|\bdu client\b|\bdel cliente\b"), "buyer"),
    (re.compile(r"^(\w+ )?(de l|dell|dall|del) (acheteur|acquirente|comprador)$"), "buyer"),
    (re.compile(r"\ban (den |die )?(verkäufer|händler)\b|^(\w+ )?a[lu] vend(eur|edor|itore)$"), "buyer"),
)
_WHO = (
    "sender from author email_from message_from message_author sent_from written_by absender von verfasser remitente "
    "de expediteur expéditeur mittente da auteur autor autore 差出人 送信者"
)
PEOPLE = frozenset(
    f"{who}{what}"
    for who in _WHO.split()
    for what in ("", "_name", "_username", "_email", "_address", "_adresse")
)
"""Names of columns that hold who wrote a message by name or address."""
WRITER_IDS = ("author_id", "sender_id", "from_id", "user_id")
"""The same by id, the most telling first."""
_WRITER = "sender_type"
"""Name of a column that says which side wrote."""
_FROM = frozenset(("from", "by", "von", "vom", "de", "du", "del", "dal", "dalla"))
_BETWEEN = frozenset(("a", "the", "end", "der", "dem", "la"))
_STAFF = re.compile(
    r"admin(istrator)?|advisor|agente?|consultant|csr|employee|manager|mitarbeiter(in)?|operator|rep(resentative)?"
    r"|staff|support|team"
)
"""Who are the seller's own, even where the word before says whom they look after."""

_PLACES = frozenset(("amazon", "marketplace"))
_EBAY = frozenset(("ebay", "e_bay"))
"""Senders with these names are the system; in a column of kinds they name the sales channel, and nobody who wrote."""
_KINDS = frozenset(("type", "message_type", "comment_type", "thread_type", "nachrichtentyp"))
_VAGUE = frozenset(("sent_by", "posted_by", "participant", "party"))
"""Names of columns that tell the writer if buyers and others stand there; else they may name agents or machines."""
_NAMES = frozenset(("contact", *_PLACES, *_EBAY))
"""What a sender's name may be that is the seller's if another column says so."""
_USER, _USERS_ARE_STAFF = "user", "created_by_type"
_MACHINE = re.compile(r"bot|automation|autoresponder")
_SURELY_BUYERS = frozenset(("contact", "customer", "visitor"))
"""Where one of these stands in the column too, "user" is an agent, even if a bot writes there. Not "lead": Intercom
calls buyers lead and user."""
_DIRECTIONS = frozenset(
    (
        *("direction", "message_direction", "email_direction", "hs_email_direction"),
        *("inbound_outbound", "in_out"),
        *("richtung", "nachrichtenrichtung", "sens", "direzione", "dirección", "direccion"),
    )
)
_NOTES = frozenset(("note", "internal", "private", "notiz", "interne", "nota", "interna"))
_RELAY = re.compile(rf"@{RELAY_HOST}")
_BOTH = re.compile(r"(?:buyer|customer)_(?:and_)?(?:seller|merchant)|(?:e_?mail|message)_client$")
"""Names the channel, not the writer, or what is the seller's in English and the buyer's in French."""
_ARROW = re.compile(r"(?<=\w)\s*(?:[-=]+>|[→⇒])\s*(?=\w)")
"""Stands between who wrote and to whom."""
_SHOP = re.compile(r"[@|(]|\s-\s")
_AMAZONS = re.compile(r"@(?:[\w-]+\.)*amazon\.", re.IGNORECASE)
_HEAD_END = re.compile(r"[:(\[<|/,>→]|\s-")
_IN_BRACKETS = re.compile(r"\S\s*[(\[](?P<words>[^()\[\]]+)[)\]]\s*$")
_TRUTH = dict.fromkeys(
    ("true", "yes", "y", "1", "1.0", "-1", "t", "wahr", "ja", "vrai", "oui", "verdadero", "sí", "si", "vero"),
    True,
) | dict.fromkeys(("false", "no", "n", "0", "0.0", "f", "falsch", "nein", "faux", "non", "falso"), False)


def role_columns(header: Iterable[str], sender: str | None = None) -> tuple[str, ...]:
    """The columns that tell who wrote a row, the most telling first.

    Args:
        sender: the column to take; None takes all that are known by name.
    """
    known, folded = load_vocabulary(), {fold(column): column for column in header}
    senders = [sender] if sender else [folded[name] for name in known.columns["sender"] if name in folded]
    notes = [
        column
        for name, column in folded.items()
        if None in known.flags.get(name, ()) or name in known.audiences
    ]
    channels = [folded[name] for name in known.columns["channel"] if name in folded]
    return tuple(dict.fromkeys((*notes, *senders, *channels)))


def role_names(header: Iterable[str], sender: str | None) -> dict[str, str]:
    """The columns of `role_columns`, and what `told_role` is to take each for: a given one tells the writer."""
    vague = load_vocabulary().audiences.keys() | _VAGUE
    return {
        column: _WRITER if column == sender and fold(column) in vague else column
        for column in role_columns(header, sender)
    }


def told_role(cells: Mapping[str, Cell]) -> Role | None:
    """Who wrote a row, by its telling cells: the system if any cell says so, else what the first one says.

    Of messages that went out to the buyer only notes are the system's: what else calls itself so was sent by the
    seller's automation. Names such as "Contact" or "Amazon" tell nothing where another cell tells the seller. None
    where no cell tells.
    """
    roles = {column: role for column, value in cells.items() if (role := _role(fold(column), value))}
    if len(roles) > 1:
        sure = {column: role for column, role in roles.items() if not _is_name(fold(column), cells[column])}
        roles = sure if next(iter(sure.values()), None) == "seller" else roles
    system = [column for column, role in roles.items() if role == "system"]
    if not system:
        return next(iter(roles.values()), None)
    went_out = any(role == "seller" and _tells_direction(fold(column)) for column, role in roles.items())
    noted = any(_tells_note(fold(column), cells[column]) for column in system)
    return "seller" if went_out and not noted else "system"


def words_of_file(rows: Iterable[Mapping[str, Cell]]) -> dict[tuple[str, str], str]:
    """What words mean in columns of one file: (column, word as `fold` writes it) → the same in plain words.

    "user" is the seller's own, as Help Scout and Drift write it, where the others are called something else
    ("customer", "contact"), and nobody but a bot "agent" or the like. A "comment" is a note, as HubSpot writes it,
    where the seller's are a "message" with a direction or writer, and no comment has one. Re:amaze's visibility 1 is a
    note's where buyers and sellers have 0. Who a message is "sent by" says nothing where no buyer sends any.

    Args:
        rows: the cells of each row that may tell who wrote it.
    """
    beside: dict[str, dict[str, set[Role]]] = {}
    for row in rows:
        roles = {column: role for column, value in row.items() if (role := _role(fold(column), value))}
        for column, value in row.items():
            others = {role for other, role in roles.items() if other != column}
            beside.setdefault(column, {}).setdefault(_plain(value), set()).update(others)
    words: dict[tuple[str, str], str] = {}
    for column, found in beside.items():
        name, people = fold(column), {word for word in found if word != _USER and not _MACHINE.search(word)}
        told = {role_of_value(word) for word in people} - {None, "system"}
        machines = any(map(_MACHINE.search, found))
        beside_buyers = told == {"buyer"} and (not machines or not people.isdisjoint(_SURELY_BUYERS))
        if _USER in found and (beside_buyers or (name == _USERS_ARE_STAFF and not told)):
            words[column, _USER] = "agent"
        if {"message_client", "message_vendeur"} <= found.keys():
            words[column, "message_client"] = "client"
        if name == "type" and "seller" in found.get("message", ()) and not found.get("comment", {"seller"}):
            words[column, "comment"] = "event"
        if (
            name == "visibility"
            and {"buyer", "seller"} <= found.get("0", set())
            and "buyer" not in found.get("1", ("buyer",))
        ):
            words[column, "1"] = "internal"
        told_all = {role_of_value(word) for word in found.keys() - {"", "none"}}
        if name in _VAGUE and ("buyer" not in told_all or len(told_all) == 1):
            words |= {(column, word): "" for word in found}
    return words


def in_plain_words(cells: Mapping[str, Cell], words: Mapping[tuple[str, str], str]) -> dict[str, Cell]:
    """The cells with what `words_of_file` found in place of the words."""
    return {column: words.get((column, _plain(cell)), cell) for column, cell in cells.items()}


def _is_name(column: str, value: Cell) -> bool:
    return column in PEOPLE and fold(str(value)) in _NAMES


def tells_audience(column: str) -> bool:
    """Whether a column says itself whether a message went to the buyer, by its name."""
    known, name = load_vocabulary(), fold(column)
    return name in _DIRECTIONS or name in known.flags or name in known.audiences


def _tells_direction(column: str) -> bool:
    return column in _DIRECTIONS or None not in load_vocabulary().flags.get(column, (None,))


def _tells_note(column: str, value: Cell) -> bool:
    known = load_vocabulary()
    return (
        column in known.flags
        or column in known.audiences
        or not _NOTES.isdisjoint(fold(str(value)).split("_"))
    )


def _role(column: str, value: Cell) -> Role | None:
    known, flag = load_vocabulary(), truth(value)
    if column in known.audiences:
        return "system" if _plain(value) in known.audiences[column] else None
    if flag is not None and column in known.flags:
        return known.flags[column][0 if flag else 1]
    if column in _KINDS and _names_channel(_plain(value)):
        return None
    role = role_of_value(value) if isinstance(value, str) else None
    if column not in known.columns["channel"]:
        return role
    return role if role == "system" and "note" in fold(str(value)) else None


def _names_channel(kind: str) -> bool:
    """Whether a kind of message is told by the sales channel ("Amazon DE"), and not by who wrote it ("From Amazon")."""
    words, fillers = kind.split("_"), load_vocabulary().fillers
    if any(first in _FROM and second in _PLACES for first, second in pairwise(words)):
        return False
    return kind in _EBAY or (_PLACES | fillers >= set(words) and not _PLACES.isdisjoint(words))


def truth(value: Cell) -> bool | None:
    """Whether a cell is true or false, or says so in words; None where it does neither."""
    return _TRUTH.get(_word(value).lower())


def _plain(value: Cell) -> str:
    return fold(_word(value))


def _word(value: Cell) -> str:
    """The cell in words, with 0 and 1 alike in every type."""
    number = isinstance(value, (bool, int, float)) and value in (0, 1)
    return str(int(value)) if number else str(value).strip()  # type: ignore[arg-type]


def role_of_value(value: str) -> Role | None:
    """What one value means ("Public reply", "end-user", "agent (Nora)"); None for a name and the like."""
    known, folded = load_vocabulary(), fold(value)
    if folded in known.values:
        return known.values[folded]
    if _RELAY.search(value.lower()):
        return "buyer"
    if arrow := _ARROW.search(value):
        return role_of_value(value[: arrow.start()])
    if _AMAZONS.search(value):
        return "system"
    if _BOTH.search(folded):
        return None
    for pattern, role in _PHRASES:
        if pattern.search(folded.replace("_", " ")):
            return role
    head = _HEAD_END.split(value, maxsplit=1)[0]
    words = fold(head).split("_")
    if not all(word in known.words or word in known.fillers for word in words):
        return _role_beside(value)
    told = _role_of_words([word for word in words if word not in _BETWEEN], known.words)
    return None if head != value and _is_brands(fold(head), told, value) else told


def _role_beside(name: str) -> Role | None:
    """Which person stands in brackets behind a name: "Ana (customer)"; "Acme (Amazon)" may be anyone."""
    known, match = load_vocabulary(), _IN_BRACKETS.search(name)
    words = fold(match["words"]).split("_") if match else []
    told = _role_of_words(words, known.words) if known.words.keys() >= set(words) else None
    return None if told == "system" else told


def _is_brands(head: str, role: Role | None, value: str) -> bool:
    """Whether "Contact", "Amazon" or "Noreply" begins a shop's name, as it may before its address or brand."""
    named = head in _NAMES and _SHOP.search(value)
    return bool(named or (role == "system" and "@" in value))


def _role_of_words(words: Sequence[str], roles: Mapping[str, Role]) -> Role | None:
    """The first word tells, but for "customer team", "reply from customer" and a place before whoever writes there."""
    for first, second in pairwise(words):
        if _STAFF.fullmatch(second) and roles.get(first) == "buyer":
            return "seller"
    for first, second in pairwise(words):
        if first in _FROM and roles.get(second) == "buyer":
            return "buyer"
    told = {word: roles[word] for word in words if word in roles}
    writers = [role for word, role in told.items() if word not in _PLACES]
    return next(iter(writers or told.values()), None)
