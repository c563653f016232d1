"""An audit in two passes over the scored records: one that learns of orders, one that counts and collects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from reviewguard.inference.audit.copies import Copies, with_items
from reviewguard.inference.audit.filters import AuditFilters
from reviewguard.inference.audit.findings import FindingsCollector
from reviewguard.inference.audit.orders import OrderBook
from reviewguard.inference.audit.overview import OverviewBuilder
from reviewguard.inference.audit.results import Audit
from reviewguard.inference.audit.threads import Thread, threads
from reviewguard.policy import load_policy
from reviewguard.schema import ScoredRecord


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
        rows: gives the scored records, grouped by conversation and in each by time; called twice.
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
    breaches, undated = orders.judged(rules)
    overview, collector = OverviewBuilder(filters), FindingsCollector(filters, breaches)
    for thread in conversations():
        again = copies.among(thread)
        for row in thread:
            overview.add(row, copy=row.number in again)
        collector.add(thread, again)
    return Audit(filters, profile, model, overview.result(), collector.findings(), undated)
