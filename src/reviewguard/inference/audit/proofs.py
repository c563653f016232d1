"""Proofs for what an audit shows: the words without which a message is no longer taken for a violation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from reviewguard.inference.audit.results import Audit
from reviewguard.schema import Message, Verdict

Prove = Callable[[Sequence[Message], Sequence[Verdict]], list[Verdict]]


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
