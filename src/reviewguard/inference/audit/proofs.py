"""Proofs for what an audit shows: the words without which a message is no longer taken for a violation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from reviewguard.inference.audit.results import Audit, Finding
from reviewguard.schema import Message, Verdict

Prove = Callable[[Sequence[Message], Sequence[Verdict]], list[Verdict]]


def with_proofs(audit: Audit, prove: Prove, most: int) -> Audit:
    """The same audit, its first findings proven; order rules rest on counts and have no proof.

    Args:
        prove: takes words out of messages; `Classifier.prove`.
        most: findings to prove; each takes some fifteen passes, a long one up to fifty.
    """
    chosen = [i for i, finding in enumerate(audit.findings[:most]) if finding.rule is None]
    verdicts = [_verdict(audit.findings[i], audit.profile) for i in chosen]
    messages = [Message(v.text, audit.findings[i].previous) for i, v in zip(chosen, verdicts, strict=True)]
    findings = list(audit.findings)
    for i, verdict in zip(chosen, prove(messages, verdicts), strict=True):
        findings[i] = _proven(findings[i], verdict)
    return replace(audit, findings=tuple(findings))


def _verdict(finding: Finding, profile: str) -> Verdict:
    shown = finding.shown[0]
    return Verdict(
        None,
        finding.verdict,
        finding.probability,
        types=finding.types,
        evidence=shown.evidence,
        profile=profile,
        text=shown.text,
    )


def _proven(finding: Finding, verdict: Verdict) -> Finding:
    shown = replace(
        finding.shown[0],
        without_evidence=verdict.without_evidence,
        decisive=verdict.decisive,
        buyer=verdict.buyer,
    )
    return replace(finding, shown=(shown, *finding.shown[1:]))
