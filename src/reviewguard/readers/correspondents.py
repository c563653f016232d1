"""Who wrote a mail to whom, and which mails belong together."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from reviewguard.personal import EMAIL
from reviewguard.readers.columns import MAIL_FIELD, Columns, names_of
from reviewguard.readers.identifiers import RELAY_HOST
from reviewguard.readers.mime import ParsedMail
from reviewguard.schema import Role

_RELAY = re.compile(rf"[^@\s]+@{RELAY_HOST}[a-z.]{{2,6}}")
_AMAZON = re.compile(r"[^@\s]+@(?:[\w-]+\.)*amazon\.[a-z.]{2,6}")
_DAEMON = re.compile(r"(?:mailer-daemon|postmaster|mail-daemon|bounces?)(?:[+=-][^@]*)?@.*")
_AUTOMATIC_SUBJECT = re.compile(
    r"(?:automatic reply|auto[- ]?reply|autoreply|out of (?:the )?office|delivery status notification|undeliver|"
    r"mail delivery (?:failed|subsystem)|returned mail|automatische antwort|abwesenheit|réponse automatique|"
    r"risposta automatica|respuesta automática|自動返信)",
    re.IGNORECASE,
)
_NOTICE = re.compile(
    r"(?:this|your) (?:message|e-?mail)(?: to [^\n.]{1,80})? (?:was not|wasn't|could not be|couldn't be|has not been|"
    r"cannot be|can't be|was blocked|has been blocked)\b",
    re.IGNORECASE,
)
_TO = ("to", "cc", "bcc")
_BEFORE_A_GROUP = ("x-original-from", "x-original-sender")
"""Who wrote a mail that a Google Group passes on in its own name: "'Ana' via Support <support@shop.example>"."""
_DRAFTS = re.compile(
    r"(?:^|,)\s*\"?(?:drafts?|entwürfe|brouillons?|borradores|bozze|rascunhos|concepten|下書き)\"?\s*(?:$|,)",
    re.IGNORECASE,
)
"""The folder of mails not sent yet, as Gmail's export names it."""
_REPLY_PREFIX = re.compile(
    r"^\s*(?:(?:re|ref|aw|antw|sv|rv|res|rif|fwd?|wg|tr|enc)\s*(?:\[\d+\]\s*)?[:：]\s*)+", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class OwnAddresses:
    """The seller's addresses (`a@b`), domains (`b`), names and ids, in lower case; none where the user named none."""

    names: frozenset[str] = frozenset()

    @classmethod
    def given(cls, columns: Columns) -> OwnAddresses:
        """What `--map seller=support@shop.example,shop.example` names, or `--map seller='Lena Berg, Jo Marsh'`."""
        parts = [part.split() for part in re.split(r"[,;]", _plain(",".join(names_of(columns, MAIL_FIELD))))]
        one_each = re.compile(r"\d+|\S*[@.]\S*")
        names = [p if all(map(one_each.fullmatch, p)) else [" ".join(p)] for p in parts]
        return cls(frozenset(name.lstrip("@") for part in names for name in part))

    def hold(self, senders: Iterable[str]) -> bool:
        """Whether one of these is the seller: a name, an id, an address, or a name with its address in brackets."""
        return any(self._is_own(part) for sender in senders for part in _parts(_plain(sender)))

    def _is_own(self, name: str) -> bool:
        domain = name.partition("@")[2]
        return (
            name in self.names
            or domain in self.names
            or any(map(domain.endswith, map(".{}".format, self.names)))
        )


def _plain(words: str) -> str:
    return unicodedata.normalize("NFC", words).lower()


def _parts(sender: str) -> Iterator[str]:
    yield sender
    yield sender.partition("<")[0].strip(" \"'")
    yield from (match.group() for match in EMAIL.finditer(sender))


def is_notice(text: str) -> bool:
    """Whether a text begins as a marketplace's notice that a message was held back."""
    return bool(_NOTICE.match(text.lstrip("> \n*")))


def relay_address(mail: ParsedMail) -> str | None:
    """The buyer's alias at the marketplace, if the mail goes to or comes from one."""
    people = mail.addresses("from", "reply-to", *_BEFORE_A_GROUP, *_TO)
    return next(filter(_RELAY.fullmatch, people), None)


def role_of_mail(mail: ParsedMail, own: OwnAddresses) -> Role:
    """Who wrote a mail.

    From a relay address: the buyer, even where a group of the seller's passed it on in its own name. To one: the
    seller, by whatever program it was sent. Amazon's own mail, bounces and incoming automatic replies: the system. Mail
    that touches no relay is the seller's, unless `own` says otherwise: taken for a buyer's it would never be scored.
    What was not sent is nobody's, so the system's.
    """
    senders, is_passed_on = writers(mail), bool(mail.addresses(*_BEFORE_A_GROUP))
    from_relay, to_relay = _relayed(mail)
    unrelayed = [address for address in senders if not _RELAY.fullmatch(address)]
    if any(map(_AMAZON.fullmatch, unrelayed)) or mail.content_type == "multipart/report" or _is_draft(mail):
        return "system"
    answers = to_relay and not from_relay
    if any(map(_DAEMON.fullmatch, unrelayed)) and not answers:
        return "system"
    is_own = own.hold(chain(senders, () if is_passed_on else mail.headers.get("from", ())))
    if answers or (is_own and (to_relay or not from_relay)):
        return "seller"
    if _is_automatic(mail):
        return "system"
    return "buyer" if from_relay or own.names else "seller"


def writers(mail: ParsedMail) -> tuple[str, ...]:
    """Whom a mail is from; of one that a group passes on, whom that had it from."""
    return mail.addresses(*_BEFORE_A_GROUP) or mail.addresses("from", "sender")


def _relayed(mail: ParsedMail) -> tuple[bool, bool]:
    """Whether a mail comes from a relay address, and whether it goes to one."""
    before = mail.addresses("from", "reply-to", *_BEFORE_A_GROUP)
    return any(map(_RELAY.fullmatch, before)), any(map(_RELAY.fullmatch, mail.addresses(*_TO)))


def touches_amazon(mail: ParsedMail) -> bool:
    """Whether a mail is from or to an address of Amazon's, a relay's or another."""
    people = mail.addresses("from", "sender", "reply-to", *_BEFORE_A_GROUP, *_TO)
    return any(_RELAY.fullmatch(address) or _AMAZON.fullmatch(address) for address in people)


def addresses_beside_relay(mail: ParsedMail) -> tuple[str, ...]:
    """The seller's addresses in a mail that comes from a relay address or goes to one; none in others."""
    from_relay, to_relay = _relayed(mail)
    people = mail.addresses("to", "delivered-to") if from_relay else writers(mail) if to_relay else ()
    return tuple(a for a in people if not (_RELAY.fullmatch(a) or _AMAZON.fullmatch(a)))


def _is_draft(mail: ParsedMail) -> bool:
    return mail.header("x-unsent") == "1" or bool(_DRAFTS.search(mail.header("x-gmail-labels")))


def _is_automatic(mail: ParsedMail) -> bool:
    """Marks of an automatic answer (RFC 3834 and older habits), or the wording of a notice."""
    return (
        mail.header("auto-submitted").lower().startswith("auto-replied")
        or mail.header("precedence").lower() == "auto_reply"
        or bool(mail.header("x-autoreply") or mail.header("x-autorespond"))
        or bool(_AUTOMATIC_SUBJECT.match(bare_subject(mail.header("subject"))))
        or is_notice(mail.text)
    )


def bare_subject(subject: str) -> str:
    """The subject without "Re:", "AW:", "Fwd:" and the like."""
    return _REPLY_PREFIX.sub("", subject).strip()


def is_reply_subject(subject: str) -> bool:
    """Whether a subject begins with "Re:", "AW:", "Fwd:" or the like."""
    return bare_subject(subject) != subject.strip()


def is_reply(mail: ParsedMail) -> bool:
    """Whether headers or subject say that the mail answers another."""
    named = mail.header("in-reply-to") or mail.header("references")
    return bool(named) or is_reply_subject(mail.header("subject"))


def thread_of_mail(mail: ParsedMail, order_id: str | None) -> str | None:
    """What the mails of one conversation have in common.

    The order; else relay address and bare subject, since a relay gives mails new ids; else the first mail's id.
    """
    if order_id:
        return order_id
    if relay := relay_address(mail):
        return f"{relay} {bare_subject(mail.header('subject')).lower()}".strip()
    ids = re.findall(r"<[^<>\s]+>", f"{mail.header('references')} {mail.header('in-reply-to')}")
    return ids[0] if ids else mail.header("message-id") or None
