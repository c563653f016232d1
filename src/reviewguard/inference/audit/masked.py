"""An audit without personal details: names, e-mail addresses, phone numbers and addresses are masked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from reviewguard.inference.audit.agents import shown_agent
from reviewguard.inference.audit.results import Audit, Finding, Sending, ShownMessage
from reviewguard.masking import MaskedText, mask
from reviewguard.names import names_in
from reviewguard.schema import Proof

_DOMAIN = re.compile(r"@[^\s,>]+")


def without_personal_data(audit: Audit) -> Audit:
    """The same audit with its texts masked and the marks still on their words.

    Order ids, ASINs and agents' names stay; an agent known by an e-mail address keeps its first part.
    """
    overview = audit.overview
    return replace(
        audit,
        filters=replace(
            audit.filters, agents=frozenset(shown_agent(agent) or "" for agent in audit.filters.agents)
        ),
        findings=tuple(map(_finding, audit.findings)),
        overview=replace(
            overview,
            agents=tuple(replace(a, name=shown_agent(a.name) or "") for a in overview.agents),
            other_agents=tuple(dict.fromkeys(shown_agent(a) or "" for a in overview.other_agents)),
            unmet=tuple(_DOMAIN.sub("@…", words) for words in overview.unmet),
            sources=_by_file(overview.sources),
            day_only=frozenset(map(_file, overview.day_only)),
            unreadable=tuple(
                replace(u, source=_file(u.source), error=mask(u.error).text) for u in overview.unreadable
            ),
        ),
    )


def _finding(finding: Finding) -> Finding:
    known = _known((*finding.thread, *finding.shown), finding.previous or "")
    previous = mask(finding.previous or "", *known)
    return replace(
        finding,
        sendings=tuple(map(_sending, finding.sendings)),
        shown=tuple(_message(m, known, previous) for m in finding.shown),
        thread=tuple(_message(m, known, previous) for m in finding.thread),
        previous=finding.previous and previous.text,
    )


def _proof(proof: Proof | None, masked: MaskedText) -> Proof | None:
    return proof and replace(proof, words=masked.moved(proof.words))


_Known = tuple[frozenset[str], frozenset[str]]


def _known(messages: Iterable[ShownMessage], previous: str) -> _Known:
    """Names and postal addresses known from any message of the conversation."""
    people, places = set(names_in(previous).again), set[str]()
    for message in messages:
        people.update(message.people, names_in(message.text).again, names_in(message.subject or "").again)
        places.update(message.places)
    return frozenset(people), frozenset(places)


def _message(message: ShownMessage, known: _Known, previous: MaskedText) -> ShownMessage:
    masked, verdict = mask(message.text, *known), message.verdict
    return replace(
        message,
        text=masked.text,
        verdict=replace(
            verdict,
            evidence=masked.moved(verdict.evidence),
            decisive=_proof(verdict.decisive, masked),
            buyer=_proof(verdict.buyer, previous),
        ),
        subject=message.subject and mask(message.subject, *known).text,
        agent=shown_agent(message.agent),
        source=_file(message.source),
        people=(),
        places=(),
    )


def _sending(sending: Sending) -> Sending:
    return replace(sending, agent=shown_agent(sending.agent), source=_file(sending.source))


@lru_cache(maxsize=1024)
def _file(source: str) -> str:
    """A file's name: programs call a saved mail by its subject, which may name the buyer."""
    return mask(source).text


def _by_file(sources: Mapping[str, int]) -> dict[str, int]:
    counts = Counter[str]()
    for source, count in sources.items():
        counts[_file(source)] += count
    return dict(counts)
