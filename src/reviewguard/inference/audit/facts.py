"""The facts an appeal needs, as lines of plain text: what was reviewed and what was found, and no promises."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reviewguard.inference.audit.results import Audit, Finding, Sending, ShownMessage
from reviewguard.inference.exports import apart, one_sided
from reviewguard.inference.render import printable
from reviewguard.policy import REPEAT_REQUEST, load_policy
from reviewguard.schema import REVIEW_SOLICITING

_QUOTE = 160
_LISTED = 500
_LINES = 100
_ORDERS = "Orders asked too often or too late"


@dataclass(frozen=True, slots=True)
class FactSection:
    """One heading and its lines."""

    title: str
    lines: tuple[str, ...]


def facts(audit: Audit) -> tuple[FactSection, ...]:
    """What was reviewed, found, is to be withdrawn, and which orders and products it concerns."""
    certain = [f for f in audit.findings if f.verdict == REVIEW_SOLICITING]
    templates = [f for f in certain if f.rule is None and len(f.sendings) > 1]
    single = [f for f in certain if f.rule is None and len(f.sendings) == 1]
    sections = {
        "Reviewed": _reviewed(audit),
        "Found": _found(audit, certain),
        "Templates to withdraw": _first(map(_template, templates)),
        "Messages sent once": _first(map(_single, single)),
        _ORDERS: _orders(audit),
        "ASINs": iter([_listed(asin for f in certain for asin in f.asins)] if certain else []),
        "Not covered": _not_covered(audit),
    }
    return tuple(FactSection(title, tuple(lines) or ("None.",)) for title, lines in sections.items())


def facts_text(sections: Sequence[FactSection]) -> str:
    """The sections as plain text to copy."""
    return "\n\n".join(
        "\n".join([section.title.upper(), *(f"- {line}" for line in section.lines)]) for section in sections
    )


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
        return f"{found}. {_ORDERS}: not looked at under {audit.profile}."
    return " ".join(
        (f"{found}, and no order to have been asked too often or too late.", *_not_looked_at(audit))
    )


def not_in_export(audit: Audit) -> str:
    """Says which orders, ASINs and agents of the filters no record names (mistyped, say); empty where all are met."""
    unmet = audit.overview.unmet
    return f"Not in this export: {'; '.join(unmet)}." if unmet else ""


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


def _reviewed(audit: Audit) -> Iterator[str]:
    seen, filters = audit.overview, audit.filters
    if filters.since or filters.until:
        yield f"Period asked for: {filters.since or 'the beginning'} to {filters.until or 'the end'}."
    if seen.first and seen.last:
        yield f"Messages dated {seen.first} to {seen.last}."
    yield (
        f"{seen.read:,} records read: {plural(seen.sellers, 'message')} of the seller, {seen.buyers:,} of buyers, "
        f"{plural(seen.notices, 'notice')}, {seen.unusable:,} unreadable or empty"
        + (f", {seen.copies:,} in more than one place, counted once." if seen.copies else ".")
    )
    if said := one_sided(seen.sellers, seen.buyers):
        yield said
    narrowed = ", ".join(filters.describe())
    yield f"{plural(seen.reviewed, 'seller message')} judged" + (f" ({narrowed})." if narrowed else ".")
    yield f"Judged by {audit.model or 'no model'} under the profile {audit.profile}, not by a person."


def _found(audit: Audit, certain: Sequence[Finding]) -> Iterator[str]:
    seen = audit.overview
    yield not_judged(audit) or (
        f"{plural(seen.soliciting, 'message')} found review-soliciting, "
        f"{plural(seen.doubtful, 'message')} left for a person to decide."
    )
    if seen.neutral:
        are = "is a neutral request" if seen.neutral == 1 else "are neutral requests"
        yield (
            f"Of those found review-soliciting, {seen.neutral:,} {are}, permitted once per order, "
            f"that only the {audit.profile} profile reports."
        )
    policy = load_policy()
    messages = [sent for f in certain if f.rule is None for sent in f.sendings]
    for name in policy.types:
        if sent := [s for s in messages if name in s.types]:
            yield f"{policy.entry(name).title}: {_extent(sent)}{_span(sent)}."
    for name in policy.order_rules:
        if found := [f for f in certain if f.rule == name]:
            counted = f"{policy.entry(name).title}: {_extent([s for f in found for s in f.breaking])}"
            span = _span(sent for f in found for sent in f.breaking)
            yield f"{_further(found) if name == REPEAT_REQUEST else counted}{span}."


def _further(found: Sequence[Finding]) -> str:
    """The first ask of an order is permitted, so it is not counted."""
    orders = {order for f in found for order in f.orders}
    asks = sum(len(f.breaking) for f in found)
    return f"{plural(len(orders), 'order')} asked more than once ({plural(asks, 'further ask')})"


def _extent(sendings: Sequence[Sending]) -> str:
    return f"{plural(len(sendings), 'message')}{reached(sendings)}"


def reached(sendings: Sequence[Sending]) -> str:
    """Goes on after the number of sendings: to how many orders, and how many of them to none that is known."""
    known = [sent.order_id for sent in sendings if sent.order_id]
    orders = f"to {plural(len(set(known)), 'order')}"
    if len(known) == len(sendings):
        return f" {orders}"
    return f", {len(known):,} of them {orders}, {orderless(sendings)}" if known else ""


def orderless(sendings: Sequence[Sending]) -> str:
    """How many of the sendings name no order; empty where all do."""
    count = sum(not sent.order_id for sent in sendings)
    return f"{count:,} without an order number" if count else ""


def _span(sendings: Iterable[Sending]) -> str:
    days = [sent.day for sent in sendings if sent.day]
    if not days:
        return ", dates not known"
    return f", {min(days)}" if min(days) == max(days) else f", {min(days)} to {max(days)}"


def _template(finding: Finding) -> str:
    titles = ", ".join(_counted_titles(finding))
    return (
        f"{quote(finding)} ({titles}; {_extent(finding.sendings)}{_span(finding.breaking)}; finding {finding.id}). "
        f"Orders: {_listed(finding.orders)}"
    )


def _counted_titles(finding: Finding) -> Iterator[str]:
    """What the guide says of its types, each with the number of sendings where these are not all."""
    for name, title in zip(finding.names, finding.titles, strict=True):
        count = sum(name in sent.types for sent in finding.sendings)
        yield title if count == len(finding.sendings) else f"{title} in {count} of {len(finding.sendings)}"


def _order_lines(found: Iterable[Finding]) -> Iterator[str]:
    for name, findings in by_name(f for f in found if f.rule).items():
        title = load_policy().entry(name).title
        for sure, what in ((True, title), (False, f"{title}, to check")):
            if orders := [o for f in findings if (f.verdict == REVIEW_SOLICITING) == sure for o in f.orders]:
                yield f"{what}: {_listed(orders)}"


def _orders(audit: Audit) -> Iterator[str]:
    """A line for each order rule; where there is none, whether all orders were looked at."""
    lines = list(_order_lines(audit.findings))
    if not audit.order_rules:
        yield f"Not looked at under {audit.profile}."
    elif not lines and any(_not_looked_at(audit)):
        yield "None of those looked at: see what is not covered."
    yield from lines


def _not_looked_at(audit: Audit) -> Iterator[str]:
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


def _listed(ids: Iterable[str]) -> str:
    unique = list(dict.fromkeys(ids))
    more = f" and {len(unique) - _LISTED:,} more in findings.xlsx" if len(unique) > _LISTED else ""
    return f"{', '.join(unique[:_LISTED])}{more}" if unique else "not known"


def _single(finding: Finding) -> str:
    sent = finding.sendings[0]
    order, asin = sent.order_id and f"order {sent.order_id}", sent.asin and f"ASIN {sent.asin}"
    where = ", ".join(filter(None, (order, asin))) or f"{sent.source}, {sent.place}"
    return f"{sent.day or 'no date'}, {where}: {', '.join(finding.titles)} (finding {finding.id})"


def heading(finding: Finding) -> str:
    """What it breaks, or that a person has to say whether it does."""
    titles = " · ".join(finding.titles) or "; ".join(finding.reasons)
    return titles[:1].upper() + titles[1:] if finding.verdict == REVIEW_SOLICITING else f"To check: {titles}"


def quote(finding: Finding) -> str:
    """The shown message's marked words, or its first words, in quotation marks."""
    message = finding.shown[0]
    words = printable(" … ".join(_marked_words(message)) or " ".join(message.text.split()))
    return f"“{words}”" if len(words) <= _QUOTE else f"“{words[:_QUOTE].rsplit(' ', 1)[0]} …”"


def _marked_words(message: ShownMessage) -> Iterator[str]:
    """Marked stretches, those that meet or overlap as one."""
    text, end = message.text, -1
    spans: list[list[int]] = []
    for item in sorted(message.verdict.evidence, key=lambda e: (e.start, e.end)):
        if spans and not text[end : item.start].strip():
            spans[-1][1] = end = max(end, item.end)
        else:
            spans.append([item.start, end := item.end])
    return (" ".join(text[first:last].split()) for first, last in spans)


def by_name(found: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Findings by type or rule, in the guide's order."""
    policy, groups = load_policy(), defaultdict[str, list[Finding]](list)
    for finding in found:
        for name in finding.names:
            groups[name].append(finding)
    return {name: groups[name] for name in (*policy.types, *policy.order_rules) if name in groups}


def _first(lines: Iterable[str]) -> Iterator[str]:
    """The first lines, and how many more there are."""
    lines = list(lines)
    yield from lines[:_LINES]
    if len(lines) > _LINES:
        yield f"{len(lines) - _LINES:,} more in findings.xlsx"


def _not_covered(audit: Audit) -> Iterator[str]:
    seen, filters = audit.overview, audit.filters
    none = "No dated message" if seen.undated else "No message at all"
    if seen.first is None and not seen.gaps and (filters.since or filters.until):
        yield f"{none} {f'since {filters.since}' if filters.since else f'until {filters.until}'}."
    for first, last in seen.gaps[:20]:
        days = (last - first).days + 1
        yield f"{none} on {plural(days, 'day')}: {first}" + (f" to {last}." if days > 1 else ".")
    if len(seen.gaps) > 20:
        yield f"{none} on {len(seen.gaps) - 20} more stretches of days."
    if not_there := not_in_export(audit):
        yield not_there
    if seen.unusable:
        yield f"{plural(seen.unusable, 'row')} unreadable or empty, so not judged."
    yield from _not_looked_at(audit)
    if said := apart(seen.alone, seen.buyers):
        yield said
    if seen.undated:
        yield f"{plural(seen.undated, 'message')} without a date; none of them was left out because of the period."
    if said := either_day(audit):
        yield said


def plural(count: int, noun: str) -> str:
    """`1 message`, `2,000 messages`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
