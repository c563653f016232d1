"""Collects what was found: every template once, every broken order rule with the messages that break it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from reviewguard.inference.alike import TemplateIndex, skeleton
from reviewguard.inference.audit.filters import AuditFilters
from reviewguard.inference.audit.orders import Breach, asking_types
from reviewguard.inference.audit.results import Finding, Sending, ShownMessage
from reviewguard.inference.audit.threads import Thread, around, names_of, sending, show
from reviewguard.schema import NEEDS_REVIEW, REVIEW_SOLICITING, Decision, ScoredRecord

_THREADS_OF_BREACHES = 1_000
"""Broken order rules whose conversations are kept; after these the asks alone are."""


_Key = tuple[int, Decision | None]
"""Template and verdict: a doubtful sending does not count as a certain one."""


@dataclass(slots=True)
class _Template:
    """All sendings of one template with one verdict; the likeliest, which tells the types, with its conversation."""

    best: ScoredRecord
    thread: tuple[tuple[ShownMessage, ...], int]
    people: frozenset[str]
    sendings: list[Sending] = field(default_factory=list)


@dataclass(slots=True)
class _OrderCase:
    """One order's broken rule while its messages come in."""

    breach: Breach
    asks: dict[int, ScoredRecord] = field(default_factory=dict)
    people: frozenset[str] = frozenset()
    thread: tuple[tuple[ShownMessage, ...], int] = ((), 0)


class FindingsCollector:
    """Takes in conversations one by one; holds findings, not records.

    Args:
        filters: which messages findings may be about.
        breaches: broken order rules, whose messages are looked for.
    """

    def __init__(self, filters: AuditFilters, breaches: Iterable[Breach]) -> None:
        self._filters = filters
        self._index = TemplateIndex()
        self._templates: dict[_Key, _Template] = {}
        self._cases = [_OrderCase(breach) for breach in breaches]
        self._wanted: dict[int, list[int]] = {}
        for i, case in enumerate(self._cases):
            for number in case.breach.numbers:
                self._wanted.setdefault(number, []).append(i)

    def add(self, thread: Thread, copies: Collection[int] = ()) -> None:
        """Take in one conversation; rows in `copies` are skipped, but for those that broke an order rule."""
        once = [row for row in thread if row.number not in copies or row.number in self._wanted]
        people = names_of(once) if any(row.number in self._wanted for row in once) else frozenset()
        for at, row in enumerate(once):
            flagged = row.verdict is not None and row.verdict.verdict in (REVIEW_SOLICITING, NEEDS_REVIEW)
            if flagged and row.number not in copies and self._filters.accepts(row.record):
                self._add_flagged(once, at)
            for i in self._wanted.get(row.number, ()):
                self._cases[i].asks[row.number] = row
                self._cases[i].people |= people
                if i < _THREADS_OF_BREACHES:
                    self._cases[i].thread = around(once, at)

    def _add_flagged(self, thread: Thread, at: int) -> None:
        row = thread[at]
        assert row.verdict is not None  # only scored records are flagged
        key = self._number(row), row.verdict.verdict
        known = self._templates.get(key)
        if known is None:
            known = self._templates[key] = _Template(row, around(thread, at), names_of(thread))
        elif _likelihood(row) > _likelihood(known.best):
            known.best, known.thread, known.people = row, around(thread, at), names_of(thread)
        known.sendings.append(sending(row))

    def _number(self, row: ScoredRecord) -> int:
        marks = row.verdict.evidence if row.verdict else ()
        return self._index.number(row.record.text, (mark.text for mark in marks))

    def findings(self) -> tuple[Finding, ...]:
        """Everything found, ranked: review-soliciting messages, broken order rules, what needs review.

        Among messages of one verdict the likelier come first, by tenths; within a tenth those sent more often.
        """
        found = [*map(_template_finding, self._templates.values()), *self._order_findings()]
        return tuple(_with_own_ids(sorted(found, key=_rank)))

    def _order_findings(self) -> Iterator[Finding]:
        """Orders that got the same messages are one finding."""
        alike: dict[tuple[str, bool, tuple[int, ...]], list[_OrderCase]] = {}
        for case in self._cases:
            asks = (case.asks[n] for n in case.breach.numbers if n in case.asks)
            key = (case.breach.rule, case.breach.sure, tuple(map(self._number, asks)))
            alike.setdefault(key, []).append(case)
        return map(_order_finding, alike.values())


def _likelihood(row: ScoredRecord) -> float:
    return (row.verdict.probability if row.verdict else None) or 0.0


def _template_finding(template: _Template) -> Finding:
    verdict, thread = template.best.verdict, template.thread
    assert verdict is not None  # only flagged records become templates
    return Finding(
        id=f"message-{_digest(skeleton(template.best.record.text))}",
        rule=None,
        verdict=verdict.verdict or NEEDS_REVIEW,
        probability=verdict.probability or 0.0,
        types=verdict.types,
        reasons=verdict.reasons,
        sendings=_by_time(template.sendings),
        shown=(show(template.best),),
        previous=template.best.previous,
        thread=thread[0],
        left_out=thread[1],
        people=template.people,
    )


def _order_finding(cases: Sequence[_OrderCase]) -> Finding:
    first = cases[0]
    rows = [first.asks[n] for n in first.breach.numbers if n in first.asks]
    more = len(cases) - 1
    others = (
        f"{more} more order{'s' * (more > 1)} got the same messages; shown is order {first.breach.order_id}"
    )
    return Finding(
        id=f"{first.breach.rule.replace('_request', '')}-{_digest(first.breach.order_id)}",
        rule=first.breach.rule,
        verdict=REVIEW_SOLICITING if first.breach.sure else NEEDS_REVIEW,
        probability=min(map(_ask_probability, rows), default=0.0),
        types=(),
        reasons=(first.breach.basis, others) if more else (first.breach.basis,),
        sendings=_by_time(chain.from_iterable(map(_case_sendings, cases))),
        shown=tuple(_unexcused(map(show, rows), first.breach)),
        previous=None,
        thread=tuple(_unexcused(first.thread[0], first.breach)),
        left_out=first.thread[1],
        people=first.people,
    )


def _unexcused(messages: Iterable[ShownMessage], breach: Breach) -> Iterator[ShownMessage]:
    """Without the reasons why the breach's messages are clear: each alone may be, together they are not."""
    for message in messages:
        excused = message.number not in breach.numbers
        yield message if excused else replace(message, verdict=replace(message.verdict, clear_because=()))


def _case_sendings(case: _OrderCase) -> Iterator[Sending]:
    for number in case.breach.numbers:
        if number in case.asks:
            breaking, basis = number in case.breach.breaking, case.breach.basis
            yield replace(sending(case.asks[number]), breaking=breaking, basis=basis)


def _ask_probability(row: ScoredRecord) -> float:
    """How likely the message asks for a review."""
    types = asking_types(row.verdict) if row.verdict else ()
    return max((t.probability for t in types), default=0.0)


def _rank(finding: Finding) -> tuple[object, ...]:
    return (
        2 if finding.verdict == NEEDS_REVIEW else 1 if finding.rule else 0,
        -round(finding.probability, 1),
        -len(finding.sendings),
        -finding.probability,
        finding.sendings[0].number,
    )


def _by_time(sendings: Iterable[Sending]) -> tuple[Sending, ...]:
    return tuple(
        sorted(sendings, key=lambda s: (s.sent_at is None, s.sent_at and s.sent_at.timestamp(), s.number))
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _with_own_ids(findings: Iterable[Finding]) -> Iterator[Finding]:
    used: dict[str, int] = {}
    for finding in findings:
        used[finding.id] = used.get(finding.id, 0) + 1
        again = used[finding.id] > 1
        yield replace(finding, id=f"{finding.id}-{used[finding.id]}") if again else finding
