"""What to know beside what an audit found: what was not read, left out, or not looked at."""

from __future__ import annotations

from collections.abc import Iterator

from reviewguard.inference.audit.results import Audit
from reviewguard.inference.exports import apart

ORDERS = "Orders asked too often or too late"


def not_judged(audit: Audit) -> str:
    """Says that the filters, or the lack of messages, left nothing to judge; empty where something was judged."""
    if audit.overview.reviewed:
        return ""
    narrowed = ", ".join(audit.filters.describe())
    others = ", ".join(audit.overview.other_agents)
    return (
        f"No seller message was judged{f' ({narrowed})' if narrowed else ''}, so nothing could be found."
        f"{f' Agents there are: {others}.' if others else ''}"
    )


def nothing_found(audit: Audit) -> str:
    """Says that there is no finding; of orders, as far as they were looked at."""
    found = "No message of the seller was found to break the rules"
    if said := not_judged(audit):
        return said
    if not audit.order_rules:
        return f"{found}. {ORDERS}: not looked at under {audit.profile}."
    return " ".join(
        (f"{found}, and no order to have been asked too often or too late.", *not_looked_at(audit))
    )


def not_in_export(audit: Audit) -> str:
    """Says which orders, ASINs and agents of the filters no record names (mistyped, say); empty where all are met."""
    unmet = audit.overview.unmet
    return f"Not in this export: {'; '.join(unmet)}." if unmet else ""


def left_out(audit: Audit) -> str:
    """Says which messages the filters leave out for what they do not tell; empty where all tell it."""
    if not audit.overview.untold:
        return ""
    counts = (f"{plural(n, 'seller message')} naming no {name}" for name, n in audit.overview.untold.items())
    return f"Left out by the filters: {', '.join(counts)}. Audit without that filter to see these."


def not_read(audit: Audit) -> str:
    """Says how many sheets and files were not read; empty where all were."""
    seen = audit.overview
    parts = [plural(n, noun) for n, noun in ((seen.sheets, "sheet"), (seen.files, "file")) if n]
    return f"{' and '.join(parts)} not read, or not in full." if parts else ""


def either_day(audit: Audit) -> str:
    """Says how dates were read that can be read both ways; empty where there are none."""
    if not (count := audit.overview.either_day):
        return ""
    said = (
        f"{plural(count, 'message')} with a date that may begin with the day or the month, which the export does not "
        "tell: 03/04/2026, say, was taken for March 4"
    )
    period = (
        ", or for April 3 where that day alone is in the period. The period leaves such a message out only if neither "
        "day is in it"
    )
    return f"{said}{period if audit.filters.since or audit.filters.until else ''}."


def not_covered(audit: Audit) -> Iterator[str]:
    """Days, records and messages that were not looked at, or not for all that the audit asks."""
    seen, filters = audit.overview, audit.filters
    none = "No dated message" if seen.undated else "No message at all"
    if seen.first is None and not seen.gaps and (filters.since or filters.until):
        yield f"{none} {f'since {filters.since}' if filters.since else f'until {filters.until}'}."
    for first, last in seen.gaps[:20]:
        days = (last - first).days + 1
        yield f"{none} on {plural(days, 'day')}: {first}" + (f" to {last}." if days > 1 else ".")
    if len(seen.gaps) > 20:
        yield f"{none} on {len(seen.gaps) - 20} more stretches of days."
    yield from filter(None, (not_in_export(audit), left_out(audit), not_read(audit)))
    if rows := seen.unusable - seen.sheets - seen.files:
        yield f"{plural(rows, 'row')} unreadable or empty, so not judged."
    yield from not_looked_at(audit)
    if said := apart(seen.alone, seen.buyers, advise=False):
        yield said
    if seen.undated:
        yield f"{plural(seen.undated, 'message')} without a date; none of them was left out because of the period."
    if said := either_day(audit):
        yield said


def not_looked_at(audit: Audit) -> Iterator[str]:
    """Messages that order rules could not be applied to."""
    if not audit.order_rules:
        return
    if count := audit.overview.orderless:
        yield f"{plural(count, 'message')} without an order number: not looked at for asking twice or late."
    if count := audit.undated_asks:
        yield (
            f"{plural(count, 'ask')} for which the day of the message or of its order is not known: "
            "not looked at for asking late."
        )


def plural(count: int, noun: str) -> str:
    """`1 message`, `2,000 messages`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
