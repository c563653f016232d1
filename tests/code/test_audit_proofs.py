"""What taking words out found, in an audit: asked for once a finding, masked, and shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests.audit_rows import audited, neutral, sendings, small_export, soliciting

from reviewguard.inference.audit.masked import without_personal_data
from reviewguard.inference.audit.run import with_proofs
from reviewguard.inference.report.folder import write_report
from reviewguard.inference.report.page import render_page
from reviewguard.schema import Message, Proof, Quote, Verdict

CREATED = datetime(2025, 1, 7, 14, 5, tzinfo=UTC)


def proof_of(text: str, words: str, probability: float) -> Proof:
    start = text.index(words)
    return Proof((Quote(start, start + len(words), words),), probability)


def prove(messages: Sequence[Message], verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The last word decides, and the buyer's last word too."""
    return [
        replace(
            v,
            without_evidence=0.02,
            decisive=proof_of(m.text, m.text.split()[-1], 0.1),
            buyer=proof_of(m.previous, m.previous.split()[-1], 0.2) if m.previous else None,
        )
        for m, v in zip(messages, verdicts, strict=True)
    ]


def test_the_first_findings_are_proven_and_order_rules_are_not() -> None:
    found = audited(small_export())
    proven = with_proofs(found, prove, most=2)
    shown = [f.shown[0] for f in proven.findings]
    assert any(f.rule for f in proven.findings)
    assert [m.verdict.decisive is not None for m in shown[:2]] == [True, True]
    assert all(m.verdict.decisive is None for m in shown[2:])
    everything = with_proofs(found, prove, most=1_000)
    assert all((f.shown[0].verdict.decisive is None) == bool(f.rule) for f in everything.findings)
    assert with_proofs(audited([]), prove, most=5).findings == ()


def test_proofs_are_written_and_their_words_masked_and_escaped(tmp_path: Path) -> None:
    text = "Hi Marta,\nthe gift is yours for a review, says <Nora>"
    row = soliciting(1, text, marked="gift", previous="It works <great>, thanks.\nWinifred Ochre")
    found = with_proofs(audited([row]), prove, most=1)
    write_report(found, tmp_path / "out", created=CREATED)
    (line,) = map(json.loads, (tmp_path / "out" / "findings.jsonl").read_text("utf-8").splitlines())
    (message,) = line["messages"]
    assert message["without_evidence"] == 0.02
    (words,) = message["decisive"]["words"]
    assert message["text"][words["start"] : words["end"]] == words["text"]
    (buyers,) = message["buyer"]["words"]
    assert line["previous"][buyers["start"] : buyers["end"]] == buyers["text"]
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "<b>&lt;Nora&gt;</b>" in page
    assert "It works &lt;great&gt;" in page
    assert "which leaves 10%" in page
    assert "The buyer had just said" in page
    assert not [words for words in ("<Nora>", "<great>", "Ochre") if words in page]


def test_a_compliant_message_of_a_thread_says_why_it_is_clear() -> None:
    rows = [neutral(1, thread="t"), soliciting(2, "A gift for a review.", marked="gift", day=1, thread="t")]
    clear = rows[0].verdict
    assert clear is not None
    rows[0] = replace(rows[0], verdict=replace(clear, clear_because=("'review' here: no ask",)))
    page = render_page(audited(rows), created=CREATED, masked=False)
    assert '<p class="clear">Clear: &#39;review&#39; here: no ask</p>' in page


def test_a_masked_audit_keeps_its_figures() -> None:
    proven = with_proofs(audited(sendings(3)), prove, most=5)
    (shown,) = without_personal_data(proven).findings[0].shown
    assert shown.verdict.decisive is not None
    assert (shown.verdict.without_evidence, shown.verdict.decisive.probability) == (0.02, 0.1)
    assert [q.text for q in shown.verdict.decisive.words] == ["[name]"]
