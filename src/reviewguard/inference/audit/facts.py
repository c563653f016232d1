"""The facts an appeal needs, as lines of plain text: what was reviewed and what was found, and no promises."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from reviewguard.inference.audit.caveats import ORDERS, not_covered, not_judged, not_looked_at, plural
from reviewguard.inference.audit.results import Audit, Finding, Sending, ShownMessage
from reviewguard.inference.exports import one_sided
from reviewguard.inference.render import printable
from reviewguard.policy import REPEAT_REQUEST, load_policy
from reviewguard.schema import REVIEW_SOLICITING

_QUOTE = 160
_LISTED = 500
_LINES = 100
_UNSENT = "Not known to have been sent (no date, order or buyer)"
_TEMPLATES_TOO = "Texts not known to have been sent may be templates to withdraw, too: see below."


@dataclass(frozen=True, slots=True)
class FactSection:
    """One heading and its lines."""

    title: str
    lines: tuple[str, ...]


def facts(audit: Audit) -> tuple[FactSection, ...]:
    """What was reviewed, found, is to be withdrawn, and which orders and products it concerns."""
    certain = [f for f in audit.findings if f.verdict == REVIEW_SOLICITING]
    messages = [f for f in certain if f.rule is None]
    sent = [f for f in messages if f.known_sent]
    unsent = [f for f in messages if not f.known_sent]
    templates = [f for f in sent if len(f.sendings) > 1]
    single = [f for f in sent if len(f.sendings) == 1]
    sections = {
        "Reviewed": _reviewed(audit),
        "Found": _found(audit, certain),
        "Templates to withdraw": chain(_first(map(_template, templates)), [_TEMPLATES_TOO] if unsent else []),
        "Messages sent once": _first(map(_single, single)),
        **({_UNSENT: _first(map(_text, unsent))} if unsent else {}),
        ORDERS: _orders(audit),
        "ASINs": iter([_listed(asin for f in certain for asin in f.asins)] if certain else []),
        "Not covered": not_covered(audit),
    }
    return tuple(FactSection(title, tuple(lines) or ("None.",)) for title, lines in sections.items())


def facts_text(sections: Sequence[FactSection]) -> str:
    """The sections as plain text to copy."""
    return "\n\n".join(
        "\n".join([section.title.upper(), *(f"- {line}" for line in section.lines)]) for section in sections
    )


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
    if said := one_sided(seen.sellers, seen.buyers, seen.paired, advise=False):
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


def times(sendings: Sequence[Sending], orders: str = "") -> str:
    """How often it was sent, as far as it is known to have been.

    Args:
        orders: goes on after the number.
    """
    sent = sum(one.known_sent for one in sendings)
    often = f"sent {'once' if sent == 1 else f'{sent:,} times'}{orders}" if sent else ""
    return ", ".join(filter(None, (often, _unsent(sendings))))


def _unsent(sendings: Sequence[Sending]) -> str:
    """How many of the sendings are not known to be any: templates or drafts, say; empty where all are."""
    count = sum(not sent.known_sent for sent in sendings)
    number = f"{count:,} " if count < len(sendings) else ""
    places = f", in {count:,} places" if not number and count > 1 else ""
    return f"{number}not known to have been sent{places}" if count else ""


def _extent(sendings: Sequence[Sending]) -> str:
    counted = f"{plural(len(sendings), 'message')}{reached(sendings)}"
    return ", ".join(filter(None, (counted, _unsent(sendings))))


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
    extent = f"{_extent(finding.sendings)}{_span(finding.breaking)}"
    return f"{_told(finding, extent)}. Orders: {_listed(finding.orders)}"


def _told(finding: Finding, where: str) -> str:
    """Its words, what they break, and where and when they stand."""
    return f"{quote(finding)} ({', '.join(_counted_titles(finding))}; {where}; finding {finding.id})"


def _counted_titles(finding: Finding) -> Iterator[str]:
    """What the guide says of its types, each with the number of sendings where these are not all."""
    for name, title in zip(finding.names, finding.titles, strict=True):
        count = sum(name in sent.types for sent in finding.sendings)
        all_of_them = finding.rule or count == len(finding.sendings)
        yield title if all_of_them else f"{title} in {count:,} of {len(finding.sendings):,}"


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
    elif not lines and any(not_looked_at(audit)):
        yield "None of those looked at: see what is not covered."
    yield from lines


def _listed(ids: Iterable[str]) -> str:
    unique = list(dict.fromkeys(ids))
    more = f" and {len(unique) - _LISTED:,} more in findings.xlsx" if len(unique) > _LISTED else ""
    return f"{', '.join(unique[:_LISTED])}{more}" if unique else "not known"


def _single(finding: Finding) -> str:
    sent = finding.sendings[0]
    order, asin = sent.order_id and f"order {sent.order_id}", sent.asin and f"ASIN {sent.asin}"
    where = ", ".join(filter(None, (order, asin))) or f"{sent.source}, {sent.place}"
    titles = ", ".join(finding.titles)
    return f"{sent.day or 'no date'}, {where}: {titles}: {quote(finding)} (finding {finding.id})"


def _text(finding: Finding) -> str:
    first, more = finding.sendings[0], len(finding.sendings) - 1
    return _told(finding, f"{first.source}, {first.place}" + (f", and {more:,} more" if more else ""))


def heading(finding: Finding) -> str:
    """What it breaks, or that a person has to say whether it does."""
    titles = " · ".join(_counted_titles(finding)) or "; ".join(finding.reasons)
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
