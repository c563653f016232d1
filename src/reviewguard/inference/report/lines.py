"""Findings as JSON objects, one a line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from reviewguard.inference.audit.results import Audit, Finding, Sending, ShownMessage
from reviewguard.policy import load_policy
from reviewguard.schema import Proof


def finding_lines(audit: Audit) -> Iterator[dict[str, Any]]:
    """Each finding with its messages, rules, advice and sendings, ranked."""
    for rank, finding in enumerate(audit.findings, 1):
        yield {
            "rank": rank,
            "id": finding.id,
            "rule": finding.rule,
            "verdict": finding.verdict,
            "probability": finding.probability,
            "types": [{"type": t.type, "probability": t.probability} for t in finding.types],
            "reasons": list(finding.reasons),
            "previous": finding.previous,
            "messages": [_message(m) for m in finding.shown],
            "thread": [_message(m) for m in finding.thread],
            "count": len(finding.sendings),
            "orders": list(finding.orders),
            "asins": list(finding.asins),
            "rules": [_rule(name) for name in finding.names],
            "sendings": [_sending(s) for s in finding.sendings],
            **_days(finding),
        }


def _days(finding: Finding) -> dict[str, str | None]:
    if finding.days is None:
        return {"first": None, "last": None}
    return {"first": finding.days[0].isoformat(), "last": finding.days[1].isoformat()}


def _rule(name: str) -> dict[str, str]:
    entry = load_policy().entry(name)
    return {
        "name": name,
        "title": entry.title,
        "clause": entry.clause,
        "source": entry.source,
        "advice": entry.advice,
    }


def _message(message: ShownMessage) -> dict[str, Any]:
    return {
        "number": message.number,
        "role": message.role,
        "sent_at": _moment(message.sent_at),
        "agent": message.agent,
        "subject": message.subject,
        "text": message.text,
        "verdict": message.verdict,
        "probability": message.probability,
        "evidence": [
            {"start": e.start, "end": e.end, "text": e.text, "type": e.type, "weight": e.weight}
            for e in message.evidence
        ],
        "clear_because": list(message.clear_because),
        "without_evidence": message.without_evidence,
        "decisive": _proof(message.decisive),
        "buyer": _proof(message.buyer),
    }


def _proof(proof: Proof | None) -> dict[str, Any] | None:
    if proof is None:
        return None
    words = [{"start": q.start, "end": q.end, "text": q.text} for q in proof.words]
    return {"words": words, "probability": proof.probability}


def _sending(sending: Sending) -> dict[str, Any]:
    return {
        "number": sending.number,
        "id": sending.id,
        "source": sending.source,
        "place": sending.place,
        "order_id": sending.order_id,
        "asin": sending.asin,
        "agent": sending.agent,
        "sent_at": _moment(sending.sent_at),
        "verdict": sending.verdict,
        "probability": sending.probability,
    }


def _moment(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
