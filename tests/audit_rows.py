"""Scored records for the tests of an audit, and a small export's worth of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from reviewguard.inference.audit import Audit, AuditFilters, audit
from reviewguard.schema import (
    COMPLIANT,
    NEEDS_REVIEW,
    REVIEW_SOLICITING,
    Cell,
    Decision,
    Evidence,
    Record,
    Role,
    ScoredRecord,
    TypeScore,
    Verdict,
)

START = datetime(2024, 11, 4, 9, 30, tzinfo=UTC)


def row(
    number: int,
    text: str = "Your parcel is on its way.",
    *,
    day: float | None = 0,
    role: Role = "seller",
    order: str | None = "999-0000001-0000001",
    thread: str | None = None,
    asin: str | None = "B0TEST0001",
    agent: str | None = "Nora",
    verdict: Decision | None = COMPLIANT,
    probability: float = 0.01,
    types: Mapping[str, float] | None = None,
    marked: str | None = None,
    previous: str | None = None,
    values: Mapping[str, Cell] | None = None,
    error: str | None = None,
    unscored: str | None = None,
    id: str | None = None,
    source: str = "export.csv",
) -> ScoredRecord:
    """One scored record; `day` counts from START, `marked` are the words marked for the first type."""
    record = Record(
        source=source,
        place=f"line {number + 1}",
        values=values or {},
        text=text,
        role=role,
        id=id or f"M{number}",
        thread=thread,
        order_id=order,
        asin=asin,
        agent=agent if role == "seller" else None,
        sent_at=None if day is None else START + timedelta(days=day),
        error=error,
    )
    if role != "seller" or error:
        return ScoredRecord(number, record, None, None)
    scores = tuple(TypeScore(name, p) for name, p in (types or {}).items())
    found = Verdict(
        record.id,
        None if unscored else verdict,
        None if unscored else probability,
        types=scores,
        evidence=(evidence(text, marked, scores[0].type),) if marked else (),
        model="tiny-1",
        error=unscored,
        text=text,
    )
    return ScoredRecord(number, record, previous, found)


def evidence(text: str, words: str, kind: str) -> Evidence:
    start = text.index(words)
    return Evidence(start, start + len(words), words, kind, 0.9)


def soliciting(number: int, text: str, **options: object) -> ScoredRecord:
    """A violation, an incentive unless told otherwise."""
    defaults = {"verdict": REVIEW_SOLICITING, "probability": 0.97, "types": {"incentive": 0.95}}
    return row(number, text, **(defaults | options))


def neutral(
    number: int, text: str = "You can leave a review if you like.", **options: object
) -> ScoredRecord:
    """A permitted ask."""
    return row(number, text, **({"types": {"neutral_request": 0.9}} | options))


def audited(rows: Iterable[ScoredRecord], *, profile: str = "amazon", **filters: object) -> Audit:
    """An audit of rows that are in conversation order."""
    kept = list(rows)
    return audit(lambda: kept, AuditFilters.parse(**filters), profile=profile)


TEMPLATE = (
    "Hi {name}, thank you for your order {order}! Leave us five stars and we send a $10 gift card. "
    "Write back once it is online.\nKind regards,\nNora"
)
NAMES = ("Marta", "Owen", "Leila", "Jonas", "Petra")


def sendings(count: int, first: int = 100) -> list[ScoredRecord]:
    """One template to `count` orders, one a day."""
    made = []
    for i in range(count):
        order = f"999-7000000-{i:07}"
        text = TEMPLATE.format(name=NAMES[i % len(NAMES)], order=order)
        made.append(
            soliciting(
                first + i,
                text,
                day=i,
                order=order,
                probability=0.95 + i / 10_000,
                marked="Leave us five stars and we send a $10 gift card",
            )
        )
    return made


def small_export() -> list[ScoredRecord]:
    """A template, a thread with a one-off, an order asked twice, one asked late, doubt, and unreadable rows."""
    thread = "999-1111111-1111111"
    twice, late = "999-2222222-2222222", "999-3333333-3333333"
    asked = "Hi Owen, if you delete the review we refund you. Call me on (212) 555-0117.\nTobias"
    return [
        *sendings(6),
        row(1, "The lamp flickers. <b>Marta</b> & me", day=2, role="buyer", order=thread),
        soliciting(
            2,
            asked,
            day=2.1,
            order=thread,
            agent="Tobias",
            types={"change_or_remove": 0.96, "incentive": 0.7},
            marked="if you delete the review",
            previous="The lamp flickers. <b>Marta</b> & me",
        ),
        row(3, "ok, done", day=2.4, role="buyer", order=thread),
        neutral(4, day=3, order=twice),
        neutral(5, "Other shoppers would like to read your review.", day=9, order=twice, agent="Tobias"),
        neutral(6, day=50, order=late, values={"Delivered At": "2024-11-05"}),
        row(7, "Did it help?", day=4, order="999-4444444-4444444", verdict=NEEDS_REVIEW, probability=0.2,
            types={"selective": 0.2}),
        row(8, "Your package was delivered.", day=5, role="system", order="999-5555555-5555555"),
        row(9, day=None, order=None, error="12 cells under 10 columns"),
        row(10, "", day=6, order=None, unscored="an empty message"),
        row(11, "No date here", day=None, order=None),
    ]  # fmt: skip
