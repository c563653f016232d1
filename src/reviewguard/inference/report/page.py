"""The report as one self-contained HTML page: everything escaped, nothing loaded, a strict content policy."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from reviewguard.inference.audit.caveats import left_out, not_in_export, not_read, nothing_found, plural
from reviewguard.inference.audit.facts import by_name, facts, facts_text, heading, quote, reached, times
from reviewguard.inference.audit.results import Audit, Bucket, Finding, Overview, ShownMessage
from reviewguard.inference.doubts import percent
from reviewguard.inference.render import COLOURS, clear_lines, decided_by, marked_html, proof_lines
from reviewguard.inference.report.charts import Bar, bars
from reviewguard.policy import NEUTRAL_REQUEST, load_policy
from reviewguard.schema import REVIEW_SOLICITING

IN_FULL = 200
"""Findings shown with message, thread and advice."""
IN_SHORT = 1_000
"""Findings after these that get a line of a table each."""
_SENDINGS = 200
_UNREADABLE = 200
_WHOLE = re.compile(r"\b(?:\d{3}-\d{7}-\d{7}|\d{4}-\d\d-\d\d|(?:message|repeat|late)-[0-9a-f]{8}(?:-\d+)?)\b")
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Trend:
    """One row of the chart of types."""

    name: str
    title: str
    total: int
    chart: Markup


def render_page(audit: Audit, *, created: datetime, masked: bool) -> str:
    """The page.

    Args:
        created: when the audit was run, shown at its end.
        masked: whether personal details were taken out, which the page says.
    """
    style, script = _asset("page.css") + _type_colours(), _asset("page.js")
    full, short = audit.findings[:IN_FULL], audit.findings[IN_FULL : IN_FULL + IN_SHORT]
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            audit=audit,
            seen=audit.overview,
            policy=load_policy(),
            full=full,
            short=short,
            hidden=len(audit.findings) - len(full) - len(short),
            headline=_headline(audit),
            nothing_found=nothing_found(audit),
            caveats=[said(audit) for said in (not_read, left_out, not_in_export)],
            agents=sorted({agent for f in (*full, *short) for agent in f.agents}),
            names={name: len(found) for name, found in by_name((*full, *short)).items()},
            facts_text=facts_text(facts(audit)),
            volume=_volume(audit.overview),
            trends=_trends(audit.overview),
            created=created,
            masked=masked,
            style=Markup(style),
            script=Markup(script),
            style_hash=_csp_hash(style),
            script_hash=_csp_hash(script),
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reviewguard.inference.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        marked=_marked,
        buyers_words=_buyers_words,
        proof_lines=proof_lines,
        clear_lines=clear_lines,
        day=_day,
        moment=_moment,
        span=_span,
        percent=percent,
        sentence=lambda text: text[:1].upper() + text[1:],
        whole_ids=_whole_ids,
        number=lambda value: f"{value:,}",
        plural=plural,
        quote=quote,
        sent=_sent,
        heading=heading,
        titled=lambda name: load_policy().entry(name).title,
        days_between=lambda gap: (gap[1] - gap[0]).days + 1,
    )
    environment.globals.update(in_full=IN_FULL, sendings_shown=_SENDINGS, unreadable_shown=_UNREADABLE)
    return environment


def _asset(name: str) -> str:
    return files("reviewguard.inference.report").joinpath(name).read_text("utf-8")


def _type_colours() -> str:
    return "".join(
        f".t-{name}{{--type:{colour}}}.also-{name}{{--also:{colour}}}" for name, colour in COLOURS.items()
    )


def _csp_hash(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _headline(audit: Audit) -> str:
    seen = audit.overview
    orders = {o for f in audit.findings if f.rule and f.verdict == REVIEW_SOLICITING for o in f.orders}
    if seen.soliciting:
        verb = "appears" if seen.soliciting == 1 else "appear"
        return f"{plural(seen.soliciting, 'message')} {verb} to break the rules on reviews"
    if orders:
        return f"{plural(len(orders), 'order')} asked for a review too often or too late"
    if audit.findings:
        return "Nothing certain, but something for a person to decide"
    return "Nothing found against the rules" if seen.reviewed else "No seller message was judged"


def _marked(message: ShownMessage) -> Markup:
    return Markup(
        marked_html(
            message.text, message.verdict.evidence, decided_by(message.verdict.decisive), styled=False
        )
    )


def _buyers_words(finding: Finding) -> Markup:
    return Markup(marked_html(finding.previous or "", (), decided_by(finding.shown[0].verdict.buyer)))


def _whole_ids(text: str) -> Markup:
    """Escaped, with order ids, days and finding ids kept on one line each."""
    return Markup(_WHOLE.sub(r'<span class="id">\g<0></span>', str(escape(text))))


def _day(value: date | None) -> str:
    return f"{value.day}\u00a0{_MONTHS[value.month - 1]}\u00a0{value.year}" if value else "no date"


def _moment(value: datetime | None, day_only: bool = False) -> str:
    return f"{_day(value)}, {value:%H:%M}" if value and not day_only else _day(value)


def _span(days: tuple[date, date] | None) -> str:
    if days is None:
        return "dates not known"
    first, last = days
    return _day(first) if first == last else f"{_day(first)} – {_day(last)}"


def _sent(finding: Finding) -> str:
    known = finding.known_sent
    return times(finding.sendings, reached(known) if len(known) > 1 else "")


def _volume(seen: Overview) -> Markup:
    drawn = [
        Bar(b.sellers, f"{_bucket(b)}: {b.sellers} messages, {b.soliciting} review-soliciting", b.soliciting)
        for b in seen.buckets
    ]
    return bars(drawn, title=f"Seller messages judged, by {seen.unit}; {seen.reviewed} in all")


def _trends(seen: Overview) -> list[Trend]:
    """The types found, most frequent first, all on one scale; permitted asks last and on their own."""
    totals = seen.types
    ordered = sorted(
        (n for n in load_policy().types if totals.get(n)), key=lambda n: (n == NEUTRAL_REQUEST, -totals[n])
    )
    top = max((b.types.get(n, 0) for b in seen.buckets for n in ordered if n != NEUTRAL_REQUEST), default=0)
    return [_trend(name, totals[name], seen, top) for name in ordered]


def _trend(name: str, total: int, seen: Overview, top: int) -> Trend:
    title = load_policy().types[name].title
    drawn = [
        Bar(n, f"{_bucket(b)}: {n}", 0 if name == NEUTRAL_REQUEST else n)
        for b in seen.buckets
        for n in [b.types.get(name, 0)]
    ]
    label = f"{title}, by {seen.unit}; {total} in all"
    chart = bars(drawn, title=label, top=None if name == NEUTRAL_REQUEST else top)
    return Trend(name, title, total, chart)


def _bucket(bucket: Bucket) -> str:
    return f"{_day(bucket.start)} – {_day(bucket.end)}"
