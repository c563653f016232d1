"""Findings as JSON objects, one a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from reviewguard.inference.audit.results import Audit, Sending, ShownMessage
from reviewguard.policy import load_policy


def finding_lines(audit: Audit) -> Iterator[dict[str, Any]]:
    """Each finding with its messages, rules, advice and sendings, ranked."""
    for rank, finding in enumerate(audit.findings, 1):
        first, last = finding.days or (None, None)
        yield {
            "rank": rank,
            "id": finding.id,
            "rule": finding.rule,
            "verdict": finding.verdict,
            "probability": finding.probability,
            "types": [asdict(t) for t in finding.types],
            "reasons": list(finding.reasons),
            "profile": audit.profile,
            "model": audit.model,
            "previous": finding.previous,
            "messages": [_message(m) for m in finding.shown],
            "thread": [_message(m) for m in finding.thread],
            "count": len(finding.sendings),
            "orders": list(finding.orders),
            "asins": list(finding.asins),
            "rules": [asdict(load_policy().entry(name)) for name in finding.names],
            "sendings": [_sending(s) for s in finding.sendings],
            "first": first and first.isoformat(),
            "last": last and last.isoformat(),
        }


_OF_THE_VERDICT = [
    "verdict",
    "probability",
    "evidence",
    "clear_because",
    "without_evidence",
    "decisive",
    "buyer",
]


def _message(message: ShownMessage) -> dict[str, Any]:
    values = message.verdict.to_dict()
    return {
        "number": message.number,
        "role": message.role,
        "sent_at": message.sent_at and message.sent_at.isoformat(),
        "agent": message.agent,
        "subject": message.subject,
        "text": message.text,
        **{name: values[name] for name in _OF_THE_VERDICT},
    }


def _sending(sending: Sending) -> dict[str, Any]:
    values = asdict(sending) | {"sent_at": sending.sent_at and sending.sent_at.isoformat()}
    del values["people"]
    return values
