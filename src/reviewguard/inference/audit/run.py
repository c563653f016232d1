"""An audit in two passes over the scored records: one that learns of orders, one that counts and collects.

Between them stands a third one where several files are about one order. Then the words are found without which a
message that is shown is no longer taken for a violation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from reviewguard.inference.audit.copies import Copies, with_items
from reviewguard.inference.audit.filters import AuditFilters
from reviewguard.inference.audit.findings import FindingsCollector
from reviewguard.inference.audit.orders import OrderBook
from reviewguard.inference.audit.overview import OverviewBuilder
from reviewguard.inference.audit.results import Audit
from reviewguard.inference.audit.threads import Thread, threads
from reviewguard.policy import load_policy
from reviewguard.schema import Message, ScoredRecord, Verdict

Prove = Callable[[Sequence[Message], Sequence[Verdict]], list[Verdict]]


def audit(
    rows: Callable[[], Iterable[ScoredRecord]],
    filters: AuditFilters | None = None,
    *,
    profile: str = "amazon",
) -> Audit:
    """Find the messages that break the rules, and the orders that were asked too often or too late.

    Memory grows with what is found and, by some hundred bytes each, with the orders, not with the records; with
    those too that name no order or conversation, and with those of orders that several files are about.

    Args:
        rows: gives the scored records, grouped by conversation and in each by time; called two or three times.
        filters: which messages findings may be about; all by default.
        profile: the profile they were scored under; it says which order rules hold.

    Raises:
        ConfigError: there is no such profile.
    """
    filters = filters or AuditFilters()
    rules = load_policy().profile(profile).order_rules

    def conversations() -> Iterator[Thread]:
        return map(with_items, threads(map(filters.dated, rows())))

    copies, orders, model = Copies(filters), OrderBook(filters), ""
    for thread in conversations():
        copies.note(thread)
        for row in thread:
            orders.add(row)
            model = model or (row.verdict.model if row.verdict else "")
    for thread in conversations() if copies.are_possible else ():
        copies.compare(thread)
    breaches, undated = orders.judged(rules)
    overview, collector = OverviewBuilder(filters), FindingsCollector(filters, breaches)
    for thread in conversations():
        again = copies.among(thread)
        for row in thread:
            overview.add(row, copy=row.number in again)
        collector.add(thread, again)
    return Audit(filters, profile, model, overview.result(), collector.findings(), undated)


def with_proofs(audit: Audit, prove: Prove, most: int) -> Audit:
    """The same audit, its first findings proven; order rules rest on counts and have no proof.

    Args:
        prove: takes words out of messages; `Classifier.prove`.
        most: findings to prove; each takes some fifteen passes, a long one up to fifty.
    """
    chosen = [i for i, finding in enumerate(audit.findings[:most]) if finding.rule is None]
    first = {i: audit.findings[i].shown[0] for i in chosen}
    messages = [Message(first[i].text, audit.findings[i].previous) for i in chosen]
    proven = prove(messages, [first[i].verdict for i in chosen])
    findings = list(audit.findings)
    for i, verdict in zip(chosen, proven, strict=True):
        shown = (replace(first[i], verdict=verdict), *findings[i].shown[1:])
        findings[i] = replace(findings[i], shown=shown)
    return replace(audit, findings=tuple(findings))
