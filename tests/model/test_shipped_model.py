"""The shipped model does its job: plain cases, long letters, the example export, from any thread or process."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from blocks import EXAMPLE
from pydantic import TypeAdapter
from tests.conftest import ROOT, SHIPPED
from typer.testing import CliRunner

from reviewguard import Classifier
from reviewguard.cli import app
from reviewguard.inference.batch import score_records
from reviewguard.inference.workspace import Workspace
from reviewguard.readers.registry import ReadOptions, read_records
from reviewguard.schema import COMPLIANT, NEEDS_REVIEW, REVIEW_SOLICITING, Message, Verdict
from reviewguard.text import without_spans

EXAMPLES = ROOT / "data" / "examples"

pytestmark = pytest.mark.skipif(
    not (SHIPPED / "config.json").is_file(),
    reason="models/default holds no model: `python train.py` writes one",
)

VIOLATIONS = [
    ("positive_request", None, "Hello! If you have a minute, please give our water bottle a 5-star review."),
    (
        "incentive",
        None,
        "Write a review of the backpack and we will send you a $15 gift card for your trouble.",
    ),
    (
        "change_or_remove",
        None,
        "The replacement has arrived, so would you please delete your one-star review?",
    ),
    (
        "selective",
        None,
        "If you are happy with the lamp, please review it. If not, write to us first instead.",
    ),
    ("selective", "I love it, it works perfectly, thank you!", "So glad! Could you share that in a review?"),
    (
        "pressure",
        None,
        "We are a tiny family shop, and one more bad review will close us down. Please think of that.",
    ),
    ("off_platform", None, "After posting your review, send a screenshot of it to our WhatsApp number."),
    ("insider", None, "Could you ask your family and friends to write reviews of our blender as well?"),
]
COMPLIANT_MESSAGES = [
    "Your order has shipped and should arrive on Friday. You can follow it in your account.",
    "I am sorry the mug arrived broken. A replacement left our warehouse today; please keep the damaged one.",
    "The invoice is attached. The size chart for the jacket is on its second page.",
]
NEARLY_COMPLIANT = [
    # A person may be asked: they are near the lower threshold.
    "Thank you for your purchase. If you have time, please leave an honest review of the product.",
    "We will review your case and send the refund to your card within three days.",
]


SLIPS = {"review": "reveiw", "please": "plese", "family": "famly", "After": "Aftre", "have": "havve"}


@pytest.mark.parametrize("text", [text for _, _, text in VIOLATIONS])
def test_misspelt_words_are_marked_as_the_words_that_were_meant(shipped: Classifier, text: str) -> None:
    def misspelt(words: str) -> str:
        return re.sub("|".join(SLIPS), lambda found: SLIPS[found.group()], words)

    right, wrong = shipped(text), shipped(misspelt(text))
    assert wrong.text == misspelt(text) != text
    assert (wrong.verdict, wrong.probability) == (right.verdict, right.probability)
    assert [(e.type, e.text) for e in wrong.evidence] == [(e.type, misspelt(e.text)) for e in right.evidence]


def test_it_is_small() -> None:
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) <= 30_000_000


@pytest.mark.parametrize(("kind", "previous", "text"), VIOLATIONS)
def test_plain_violations_are_found_with_their_type(
    shipped: Classifier, kind: str, previous: str | None, text: str
) -> None:
    verdict = shipped(text, previous)
    assert verdict.probability is not None
    assert verdict.probability >= shipped.settings.profiles["amazon"].threshold
    assert verdict.types[0].type == kind
    assert any(evidence.type == kind for evidence in verdict.evidence)


def test_the_neutral_ask_of_the_notebook_is_permitted_but_for_the_buyers_praise(
    shipped: Classifier,
) -> None:
    notebook = json.loads((ROOT / "notebooks" / "02_explanations.ipynb").read_text("utf-8"))
    code = "\n".join("".join(cell["source"]) for cell in notebook["cells"])
    asks = re.findall(r'guard\("([^"]+)", previous="([^"]+)"', code)
    assert [shipped(*ask).verdict for ask in asks] == [COMPLIANT, REVIEW_SOLICITING]


def test_nearly_all_plain_violations_are_accused_without_a_person(shipped: Classifier) -> None:
    verdicts = shipped.predict([Message(text, previous) for _, previous, text in VIOLATIONS])
    # Models since 0.4.0 hand one on: two sentences that ask happy buyers and send the others elsewhere.
    assert sum(v.verdict == REVIEW_SOLICITING for v in verdicts) >= len(verdicts) - 1


@pytest.mark.parametrize("text", COMPLIANT_MESSAGES)
def test_plain_service_is_compliant(shipped: Classifier, text: str) -> None:
    assert shipped(text).verdict == COMPLIANT


@pytest.mark.parametrize("text", NEARLY_COMPLIANT)
def test_an_honest_ask_and_another_kind_of_review_are_not_accused(shipped: Classifier, text: str) -> None:
    assert shipped(text).verdict in (COMPLIANT, NEEDS_REVIEW)


def test_the_deciding_words_are_marked_and_the_proof_can_be_repeated(shipped: Classifier) -> None:
    messages = [Message(text, previous) for _, previous, text in VIOLATIONS]
    proven = [
        (m, v, v.decisive) for m, v in zip(messages, shipped.predict(messages, proof=True), strict=True)
    ]
    assert sum(proof is not None for *_, proof in proven) >= 0.75 * len(proven)
    threshold = shipped.settings.profiles["amazon"].threshold
    for message, verdict, proof in proven:
        words = proof.words if proof else ()
        assert all(any(e.start <= q.start and q.end <= e.end for e in verdict.evidence) for q in words)
        if proof:
            rest = without_spans(message.text, [(q.start, q.end) for q in words])
            assert shipped(rest, message.previous).probability == proof.probability < threshold


LETTER = [
    "Dear Mr Alvarez,",
    "thank you for your patience while we looked into the delivery of your standing desk.",
    "The carrier has now confirmed that the second parcel, the one with the legs and the motor, was sorted to the "
    "wrong depot on Monday and left there again this morning.",
    "It will reach you between nine and twelve tomorrow, and somebody has to be at home to sign for it.",
    "Please assemble the frame before you connect the cable, because the motor calibrates itself when it is first "
    "switched on and must not carry the table top at that moment.",
    "All screws are in the small bag that is taped under the table top; a hex key is in there as well.",
    "Should a part be missing, tell us the letter printed beside it in the manual and we send it the same day.",
    "The desk may smell of varnish for a day or two after unpacking, which is harmless and fades if you air the room.",
    "Your invoice for the full amount is attached to this message, with your company's address as you asked.",
    "For questions about the assembly our technicians can be reached on working days between eight and five.",
    "Kind regards, Petra from the service team",
]
OFFENCE = "Leave us a five-star review and we will refund half of the price."


@pytest.mark.parametrize("at", [1, len(LETTER) // 2, len(LETTER) - 1])
def test_one_line_in_a_long_letter_is_found_wherever_it_stands(shipped: Classifier, at: int) -> None:
    clean = shipped(" ".join(LETTER))
    assert clean.verdict in (
        COMPLIANT,
        NEEDS_REVIEW,
    )  # models 0.5.0 and 0.6.0 are 2 and 3% sure of a violation, which a person may see
    assert (clean.probability or 0.0) < 0.05
    text = " ".join([*LETTER[:at], OFFENCE, *LETTER[at:]])
    verdict = shipped(text)
    # The behaviour suite counts how often it is accused.
    assert verdict.verdict in (NEEDS_REVIEW, REVIEW_SOLICITING)
    start, end = text.index(OFFENCE), text.index(OFFENCE) + len(OFFENCE)
    assert verdict.types
    for kind in verdict.types:
        heaviest = max((e for e in verdict.evidence if e.type == kind.type), key=lambda e: e.weight)
        assert heaviest.start < end
        assert heaviest.end > start


def test_threads_give_the_same_verdicts(shipped: Classifier) -> None:
    messages = [Message(text, previous) for _, previous, text in VIOLATIONS]
    expected = [shipped.predict([message], proof=True)[0] for message in messages]
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda message: shipped.predict([message], proof=True)[0], messages * 3)
        assert list(found) == expected * 3


def test_processes_print_the_same_valid_json(shipped: Classifier, tmp_path: Path) -> None:
    _, _, text = VIOLATIONS[1]
    command = [sys.executable, "-m", "reviewguard", "check", text, "--json"]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path) for _ in range(2)]
    lines = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [1, 1]
    expected = shipped.predict([Message(text)], proof=True)[0]
    for line in lines:
        verdict = TypeAdapter(Verdict).validate_json(line, strict=True)
        assert verdict.to_dict() == expected.to_dict() == json.loads(line)
        assert all(text[e.start : e.end] == e.text for e in verdict.evidence)


def test_the_example_export_is_judged(shipped: Classifier) -> None:
    expected = set(json.loads((EXAMPLES / "messages.expected.json").read_text())["review_soliciting"])
    with Workspace.temporary() as workspace:
        score_records(read_records([EXAMPLES / "messages.csv"], ReadOptions()), shipped, workspace)
        verdicts = {row.verdict.id: row.verdict.verdict for row in workspace.scored() if row.verdict}
    caught = {identity for identity in expected if verdicts[identity] in (NEEDS_REVIEW, REVIEW_SOLICITING)}
    others = [decision for identity, decision in verdicts.items() if identity not in expected]
    assert len(expected) == 12
    assert len(caught) >= 9
    assert others.count(REVIEW_SOLICITING) <= 0.05 * len(others)


def test_the_readmes_example_is_what_check_says() -> None:
    """But for the figures: int8 products differ a little between processors."""
    stored = json.loads((ROOT / "docs" / "figures.json").read_text("utf-8"))
    done = CliRunner().invoke(app, ["check", EXAMPLE])
    shares = re.compile(r"(?:over |under )?[\d.]+%")
    assert shares.sub("…", done.stdout) == shares.sub("…", stored["check"])
    verdict, readme = (
        json.loads(CliRunner().invoke(app, ["check", "--json", EXAMPLE]).stdout),
        stored["verdict"],
    )
    assert verdict.keys() == readme.keys()
    same = ("verdict", "language", "profile", "model", "clear_because", "reasons", "error")
    assert {name: verdict[name] for name in same} == {name: readme[name] for name in same}
    assert [t["type"] for t in verdict["types"]] == [t["type"] for t in readme["types"]]
    assert verdict["probability"] == pytest.approx(readme["probability"], abs=0.05)
