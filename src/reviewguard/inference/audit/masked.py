"""An audit without personal details: names, e-mail addresses, phone numbers and addresses are masked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from reviewguard.inference.audit.filters import shown_agent
from reviewguard.inference.audit.overview import worst_first
from reviewguard.inference.audit.results import AgentCounts, Audit, Finding, Sending, ShownMessage
from reviewguard.inference.audit.threads import NUMBERED
from reviewguard.masking import MaskedText, mask, mask_file
from reviewguard.names import names_in
from reviewguard.schema import Proof

_DOMAIN = re.compile(r"@[^\s,>]+")


def without_personal_data(audit: Audit) -> Audit:
    """The same audit with its texts masked and the marks still on their words.

    Order ids, ASINs and agents' names stay; an agent known by an e-mail address keeps its first part.
    """
    overview, named = audit.overview, _Named(audit.overview.people)
    shown = named.file
    return replace(
        audit,
        filters=replace(
            audit.filters, agents=frozenset(shown_agent(agent) or "" for agent in audit.filters.agents)
        ),
        findings=tuple(_finding(finding, named) for finding in audit.findings),
        overview=replace(
            overview,
            agents=worst_first(_by_shown_name(overview.agents)),
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
                    place=named.place(u.place, u.source, u.people),
                    error=named.text(u.error, u.source, u.people),
                    people=(),
                )
                for u in overview.unreadable
            ),
        ),
    )


class _Named:
    """Masks what people and programs call after a buyer: a file, a sheet, a list, a mail saved by its subject.

    Args:
        people: input → names of buyers in it.
    """

    def __init__(self, people: Mapping[str, frozenset[str]]) -> None:
        self._people = people

    def file(self, source: str) -> str:
        """A file's name."""
        return self.text(source, source)

    def place(self, place: str, source: str, people: Iterable[str]) -> str:
        """A place in a file."""
        return place if NUMBERED.fullmatch(place) else self.text(place, source, people)

    def text(self, text: str, source: str, people: Iterable[str] = ()) -> str:
        """What names a file or a place of this input."""
        return _without_names(text, self._people.get(source, frozenset()).union(people))


@lru_cache(maxsize=1024)
def _without_names(text: str, people: frozenset[str]) -> str:
    return mask_file(text, people)[-1].text


def _finding(finding: Finding, named: _Named) -> Finding:
    known = _known((*finding.thread, *finding.shown), finding.previous or "", finding.people)
    previous = mask(finding.previous or "", *known)
    return replace(
        finding,
        reasons=tuple(_without_names(reason, known[0]) for reason in finding.reasons),
        sendings=tuple(_sending(sending, known[0], named) for sending in finding.sendings),
        shown=tuple(_message(m, known, previous, named) for m in finding.shown),
        thread=tuple(_message(m, known, previous, named) for m in finding.thread),
        previous=finding.previous and previous.text,
        people=frozenset(),
    )


def _proof(proof: Proof | None, masked: MaskedText) -> Proof | None:
    return proof and replace(proof, words=masked.moved(proof.words))


_Known = tuple[frozenset[str], frozenset[str]]


def _known(messages: Iterable[ShownMessage], previous: str, people: Iterable[str]) -> _Known:
    """Names and postal addresses known from any message of the conversation."""
    names, places = {*people, *names_in(previous).again}, set[str]()
    for message in messages:
        names.update(message.people, names_in(message.text).again, names_in(message.subject or "").again)
        places.update(message.places)
    return frozenset(names), frozenset(places)


def _message(message: ShownMessage, known: _Known, previous: MaskedText, named: _Named) -> ShownMessage:
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
        source=named.file(message.source),
        people=(),
        places=(),
    )


def _sending(sending: Sending, people: frozenset[str], named: _Named) -> Sending:
    people = people.union(sending.people)
    return replace(
        sending,
        id=_masked_id(sending.id),
        agent=shown_agent(sending.agent),
        source=named.file(sending.source),
        place=named.place(sending.place, sending.source, people),
        basis=sending.basis and named.text(sending.basis, sending.source, people),
        people=(),
    )


def _masked_id(id: str | None) -> str | None:
    """An id may be an address or a phone of a person; a mere number is none, though it may look like one."""
    return id if not id or id.isdigit() else mask(id).text


def _by_shown_name(agents: Iterable[AgentCounts]) -> Iterable[AgentCounts]:
    """One for all that are shown alike."""
    shown: dict[str, AgentCounts] = {}
    for agent in agents:
        name = shown_agent(agent.name) or ""
        known = shown.get(name, AgentCounts(name, 0, 0, 0))
        shown[name] = AgentCounts(
            name,
            known.sellers + agent.sellers,
            known.soliciting + agent.soliciting,
            known.doubtful + agent.doubtful,
        )
    return shown.values()


def _by_file(sources: Mapping[str, int], file: Callable[[str], str]) -> dict[str, int]:
    counts = Counter[str]()
    for source, count in sources.items():
        counts[file(source)] += count
    return dict(counts)
