"""What an audit gives: frozen values that the report, the spreadsheet and the JSON lines are written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from reviewguard.inference.audit.filters import AuditFilters, asins_of
from reviewguard.policy import load_policy
from reviewguard.schema import REVIEW_SOLICITING, Decision, Role, TypeScore, Verdict

UNSCORED = Verdict(None, None, None)


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message as the report shows it.

    Attributes:
        number: place among all records read, from 1.
        source: the file it stands in.
        verdict: all None or empty where the message was not scored.
        people, places: names and postal addresses that the record's own columns hold: looked for when texts are
            masked, never shown.
    """

    number: int
    role: Role
    text: str
    sent_at: datetime | None = None
    agent: str | None = None
    subject: str | None = None
    verdict: Verdict = UNSCORED
    people: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Sending:
    """One time a message of a finding was sent.

    Attributes:
        number: place among all records read, from 1.
        source, place: the file, and where in it.
        asin: of an order of several items all that the export has a row for, "B0TEST0001, B0TEST0002".
        types: found in it; the same words may break a rule after one buyer's message and none after another's.
        breaking: False where it only stands beside others: an order's permitted first ask, one that the filters leave
            out, or a doubtful one beside those that surely break the rule.
        basis: what its order's broken rule was counted from, for people.
        people: names that its record's columns hold, which `place` may hold too: never shown.
        known_sent: whether a date, an order, a conversation or a buyer tells that it is no mere template or draft.
    """

    number: int
    id: str | None
    source: str
    place: str
    order_id: str | None
    asin: str | None
    agent: str | None
    sent_at: datetime | None
    verdict: Decision | None
    probability: float | None
    types: tuple[str, ...] = ()
    breaking: bool = True
    basis: str | None = None
    people: tuple[str, ...] = ()
    known_sent: bool = True

    @property
    def day(self) -> date | None:
        """The day it was sent."""
        return self.sent_at.date() if self.sent_at else None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at: a message (its sendings of one verdict are one finding), or an order rule that was broken.

    Attributes:
        id: the same in every audit of the same messages.
        rule: the order rule; None where a message itself breaks the rules.
        verdict: of every sending; of an order rule review-soliciting, or needs-review where it
            rests on a doubtful message or date.
        probability: 0–1, of the likeliest sending; of an order rule that of its least likely ask.
        types: of the message shown, as a rule of every sending; none of an order rule.
        reasons: why the verdict is not simply the model's, or what an order rule was counted from.
        sendings: in order of time.
        shown: the likeliest sending, or an order's asks side by side.
        previous: the buyer's words before the message shown.
        thread: the conversation around it, the message itself included.
        left_out: messages of the conversation that are not in `thread`.
        people: names that columns of all its conversations hold: looked for when it is masked, never shown.
    """

    id: str
    rule: str | None
    verdict: Decision
    probability: float
    types: tuple[TypeScore, ...]
    reasons: tuple[str, ...]
    sendings: tuple[Sending, ...]
    shown: tuple[ShownMessage, ...]
    previous: str | None
    thread: tuple[ShownMessage, ...]
    left_out: int = 0
    people: frozenset[str] = frozenset()

    @property
    def orders(self) -> tuple[str, ...]:
        """Orders concerned, in order of time."""
        return tuple(dict.fromkeys(s.order_id for s in self.sendings if s.order_id))

    @property
    def asins(self) -> tuple[str, ...]:
        """ASINs concerned, in order of time."""
        return tuple(dict.fromkeys(asin for s in self.sendings if s.asin for asin in asins_of(s.asin)))

    @property
    def agents(self) -> tuple[str, ...]:
        """Agents concerned, in order of time."""
        return tuple(dict.fromkeys(s.agent for s in self.sendings if s.agent))

    @property
    def known_sent(self) -> tuple[Sending, ...]:
        """Sendings that are known to be some."""
        return tuple(s for s in self.sendings if s.known_sent)

    @property
    def days(self) -> tuple[date, date] | None:
        """First and last day; None where no date is known."""
        known = [s.day for s in self.sendings if s.day]
        return (min(known), max(known)) if known else None

    @property
    def breaking(self) -> tuple[Sending, ...]:
        """Sendings that break the rules themselves and that the filters take in."""
        return tuple(s for s in self.sendings if s.breaking)

    @property
    def names(self) -> tuple[str, ...]:
        """The rule, or the types of the message shown."""
        return (self.rule,) if self.rule else tuple(t.type for t in self.types)

    @property
    def titles(self) -> tuple[str, ...]:
        """What the guide says of them."""
        return tuple(load_policy().entry(name).title for name in self.names)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Seller messages of one stretch of time.

    Attributes:
        start, end: first and last day, within the days there are messages for.
        sellers, soliciting, doubtful: scored seller messages, those review-soliciting and those needs-review.
        types: type → review-soliciting messages with it; for `neutral_request` also compliant ones.
    """

    start: date
    end: date
    sellers: int
    soliciting: int
    doubtful: int
    types: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class AgentCounts:
    """One agent's messages; `name` is "" for messages without an agent."""

    name: str
    sellers: int
    soliciting: int
    doubtful: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that could not be read or scored; `number` is its place among all records, `people` as in `Sending`."""

    number: int
    source: str
    place: str
    error: str
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Overview:
    """What was read, and how much of it was found to be what.

    Attributes:
        read: records of every kind; `sellers`, `buyers`, `notices`, `unread`, `not_scored` and `copies` add up to it.
        copies: messages that the same or another file holds as well, counted there.
        not_scored: sellers' rows with nothing to score in them, such as blank ones; no messages.
        sheets, files: those of `unread` that stand for a sheet or for a file or its rest.
        paired: messages that answer what stands beside them (`Record.paired`).
        undated: messages of any kind, copies aside, without a readable date.
        either_day: those whose date, say 03/04/2026, can be read both ways.
        orderless: judged messages that name no order.
        alone: judged messages of no order or thread, and with no buyer's words of their own.
        reviewed, soliciting, doubtful: scored seller messages that the filters take in, and those found.
        neutral: those of `soliciting` that only ask neutrally, which the strict profile reports.
        types: as in a bucket, of all of `reviewed`, dated or not.
        sources: input → records read from it.
        people: input → names of buyers in its first records, after whom it may be called.
        day_only: inputs that tell no time of day: each of their messages is dated 00:00.
        first, last: first and last day with a message in the period asked for.
        gaps: stretches of days with no dated message, in the period asked for.
        unit: what a bucket spans: week, month or year.
        other_agents: the first agents that the filters leave out.
        untold: sellers' messages left out because they do not tell what the filters ask for: "ASIN" → number.
        unmet: what the filters name and no record does, in words: "order 999-1".
        unreadable: sheets and files that were not read, then the first other rows of `unread` and `not_scored`.
    """

    read: int
    sellers: int
    buyers: int
    notices: int
    unread: int
    copies: int
    not_scored: int
    sheets: int
    files: int
    paired: int
    undated: int
    either_day: int
    orderless: int
    alone: int
    reviewed: int
    soliciting: int
    neutral: int
    doubtful: int
    types: Mapping[str, int]
    sources: Mapping[str, int]
    people: Mapping[str, frozenset[str]]
    day_only: frozenset[str]
    first: date | None
    last: date | None
    gaps: tuple[tuple[date, date], ...]
    unit: str
    buckets: tuple[Bucket, ...]
    agents: tuple[AgentCounts, ...]
    other_agents: tuple[str, ...]
    unmet: tuple[str, ...]
    untold: Mapping[str, int]
    unreadable: tuple[Unreadable, ...]

    @property
    def unusable(self) -> int:
        """Rows that are unreadable or empty."""
        return self.unread + self.not_scored

    @property
    def outside(self) -> int:
        """Messages of the seller that the filters leave out."""
        return self.sellers - self.reviewed

    @property
    def in_no_bucket(self) -> int:
        """Messages of `reviewed` without a date."""
        return self.reviewed - sum(bucket.sellers for bucket in self.buckets)


@dataclass(frozen=True, slots=True)
class Audit:
    """The whole result; findings are ranked, the likeliest violation first.

    Attributes:
        undated_asks: asks for a review of which nothing tells whether they came late.
    """

    filters: AuditFilters
    profile: str
    model: str
    overview: Overview
    findings: tuple[Finding, ...]
    undated_asks: int

    @property
    def order_rules(self) -> tuple[str, ...]:
        """Order rules that its profile has."""
        return load_policy().profile(self.profile).order_rules

    @property
    def rules_broken(self) -> int:
        """Order rules that were surely broken, counted once an order."""
        sure = (f for f in self.findings if f.rule and f.verdict == REVIEW_SOLICITING)
        return len({(f.rule, order) for f in sure for order in f.orders})
