"""An audit without personal details: names, e-mail addresses, phone numbers and addresses are masked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from reviewguard.inference.audit.agents import shown_agent
from reviewguard.inference.audit.results import Audit, Finding, Sending, ShownMessage
from reviewguard.masking import MaskedText, mask, put
from reviewguard.names import names_in
from reviewguard.schema import Proof

_DOMAIN = re.compile(r"@[^\s,>]+")


def without_personal_data(audit: Audit) -> Audit:
    """The same audit with its texts masked and the marks still on their words.

    Order ids, ASINs and agents' names stay; an agent known by an e-mail address keeps its first part.
    """
    overview = audit.overview

    def shown(source: str) -> str:
        return _file(source, overview.people.get(source, frozenset()))

    return replace(
        audit,
        filters=replace(
            audit.filters, agents=frozenset(shown_agent(agent) or "" for agent in audit.filters.agents)
        ),
        findings=tuple(_finding(finding, shown) for finding in audit.findings),
        overview=replace(
            overview,
            agents=tuple(replace(a, name=shown_agent(a.name) or "") for a in overview.agents),
            other_agents=tuple(dict.fromkeys(shown_agent(a) or "" for a in overview.other_agents)),
            unmet=tuple(_DOMAIN.sub("@…", words) for words in overview.unmet),
            sources=_by_file(overview.sources, shown),
            people={},
            day_only=frozenset(map(shown, overview.day_only))
            - frozenset(map(shown, overview.sources.keys() - overview.day_only)),
            unreadable=tuple(
                replace(
                    u,
                    source=shown(u.source),
                    error=mask(u.error, overview.people.get(u.source, frozenset())).text,
                )
                for u in overview.unreadable
            ),
        ),
    )


def _finding(finding: Finding, file: _File) -> Finding:
    known = _known((*finding.thread, *finding.shown), finding.previous or "", finding.people)
    previous = mask(finding.previous or "", *known)
    return replace(
        finding,
        sendings=tuple(_sending(sending, file) for sending in finding.sendings),
        shown=tuple(_message(m, known, previous, file) for m in finding.shown),
        thread=tuple(_message(m, known, previous, file) for m in finding.thread),
        previous=finding.previous and previous.text,
        people=frozenset(),
    )


def _proof(proof: Proof | None, masked: MaskedText) -> Proof | None:
    return proof and replace(proof, words=masked.moved(proof.words))


_Known = tuple[frozenset[str], frozenset[str]]
_File = Callable[[str], str]
"""Name of an input → what is shown of it."""


def _known(messages: Iterable[ShownMessage], previous: str, people: Iterable[str]) -> _Known:
    """Names and postal addresses known from any message of the conversation."""
    names, places = {*people, *names_in(previous).again}, set[str]()
    for message in messages:
        names.update(message.people, names_in(message.text).again, names_in(message.subject or "").again)
        places.update(message.places)
    return frozenset(names), frozenset(places)


def _message(message: ShownMessage, known: _Known, previous: MaskedText, file: _File) -> ShownMessage:
    masked, verdict = mask(message.text, *known), message.verdict
    return replace(
        message,
        text=masked.text,
        verdict=replace(
            verdict,
            id=_masked_id(verdict.id),
            evidence=masked.moved(verdict.evidence),
            decisive=_proof(verdict.decisive, masked),
            buyer=_proof(verdict.buyer, previous),
        ),
        subject=message.subject and mask(message.subject, *known).text,
        agent=shown_agent(message.agent),
        source=file(message.source),
        people=(),
        places=(),
    )


def _sending(sending: Sending, file: _File) -> Sending:
    return replace(
        sending,
        id=_masked_id(sending.id),
        agent=shown_agent(sending.agent),
        source=file(sending.source),
    )


def _masked_id(id: str | None) -> str | None:
    """A mail's own id is an address, and may be one of a person."""
    return id and mask(id).text


@lru_cache(maxsize=1024)
def _file(source: str, people: frozenset[str]) -> str:
    """A file's name: programs call a saved mail by its subject, people by the buyer, who may stand in it."""
    return put(source, mask(source.replace("_", " "), people).masks).text


def _by_file(sources: Mapping[str, int], file: _File) -> dict[str, int]:
    counts = Counter[str]()
    for source, count in sources.items():
        counts[file(source)] += count
    return dict(counts)
