"""`data add`: labels of people, checked, without personal details, compared, stored once."""

from __future__ import annotations

import io
import json
import re
import tracemalloc
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import openpyxl
import pytest
from rich.console import Console
from tests.data.curation_helpers import ROW, message, write_lines
from tests.faults import full_disk
from typer.testing import CliRunner

from reviewguard.cli import app
from reviewguard.curation.labels import Label, read_labels, write_labels
from reviewguard.curation.pipeline import build
from reviewguard.curation.rules import check_rules
from reviewguard.curation.sources import write_messages
from reviewguard.curation.storage import load_splits, read_frozen, write_frozen
from reviewguard.errors import InputError
from reviewguard.inference.classifier import Classifier
from reviewguard.labelling import add as adding
from reviewguard.labelling import store as storing
from reviewguard.labelling.add import AddJob, add
from reviewguard.labelling.doubtful import doubtful
from reviewguard.labelling.journal import open_journal
from reviewguard.labelling.keys import written_keys
from reviewguard.labelling.labeller import check_labeller
from reviewguard.labelling.queue import Item
from reviewguard.labelling.report import report_view
from reviewguard.labelling.results import AddReport, Decisions
from reviewguard.labelling.session import run as label_items
from reviewguard.policy import load_policy
from reviewguard.schema import Evidence, Message, Verdict
from reviewguard.writer import WriteLock


class Stars:
    """Calls what holds "star" a violation, and is the surer of a type the more often its words occur."""

    model = "stars-1"
    settings = SimpleNamespace(types=tuple(load_policy().types))

    def predict(self, messages: Iterable[Message]) -> list[Verdict]:
        return [Verdict(None, None, 0.99 if "star" in m.text else 0.01, text=m.text) for m in messages]

    def predict_logits(self, messages: Sequence[Message]) -> np.ndarray[Any, Any]:
        return np.array([[float(m.text.count("cousin"))] * 8 for m in messages])


TEXT = "The lamp is on its way. Tell your cousin to rate it too. Have a good week."


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "messages").mkdir()
    other = ROW | {
        "id": "a-0002", "text": "Refunds take five days, we are sorry for the wait.", "types": [],
        "rationale": [], "family": "a-refund",
    }  # fmt: skip
    write_lines(tmp_path / "messages" / "a.jsonl", [ROW, other])
    return tmp_path


class Marker(Stars):
    """Marks what it was given: text → start, end and type."""

    def __init__(self, evidence: Mapping[str, Sequence[tuple[int, int, str]]]) -> None:
        self.evidence = evidence

    def predict(self, messages: Iterable[Message]) -> list[Verdict]:
        return [Verdict(None, None, 0.9, evidence=tuple(self._marks(m.text)), text=m.text) for m in messages]

    def _marks(self, text: str) -> Iterable[Evidence]:
        return (Evidence(a, b, text[a:b], kind, 1.0) for a, b, kind in self.evidence[text])


def run(
    home: Path, *rows: dict[str, Any], name: str = "new", model: Stars | None = None, **job: Any
) -> AddReport:
    path = write_lines(home / f"{name}.jsonl", rows)
    whole = AddJob(path, home / "labels", home / "messages", who="nora", **job)
    return add(whole, cast(Classifier, model or Stars()))


def view(report: AddReport) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(report_view(report, Path("labels")))
    return cast(io.StringIO, console.file).getvalue()


def stored(home: Path) -> list[dict[str, Any]]:
    files = sorted((home / "labels").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


def quotes(row: dict[str, Any]) -> list[tuple[str, str]]:
    return [(row["text"][r["start"] : r["end"]], r["type"]) for r in row["rationale"]]


def label(text: str, *types: str, **more: Any) -> dict[str, Any]:
    return {"text": text, "types": list(types)} | more


@pytest.mark.parametrize("name", ["../messages/notice", "/notice", "a/b", ".notice"])
def test_a_name_does_not_lead_out_of_the_folder(tmp_path: Path, name: str) -> None:
    path = write_lines(tmp_path / "new.jsonl", [label("Five stars please, Ana", "positive_request")])
    with pytest.raises(InputError, match="--name"):
        add(AddJob(path, tmp_path / "labels", tmp_path / "messages", name), cast(Classifier, Stars()))
    assert not (tmp_path / "messages").exists()


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("scored.labels.jsonl", "scored"),
        ("sent.2024-11.labels.jsonl", "sent.2024-11"),
        ("notices v1.2.xlsx", "notices v1.2"),
        ("tickets.json.gz", "tickets"),
    ],
)
def test_labels_of_two_files_are_two_files(file: str, name: str) -> None:
    assert AddJob(Path(file), Path("labels"), Path("messages")).target == Path("labels", f"{name}.jsonl")


def test_two_do_not_write_labels_at_once(home: Path) -> None:
    row = label("Five stars please, Ana", "positive_request")
    with WriteLock(home / "labels").writing("data add"), ThreadPoolExecutor(1) as other:
        refused = other.submit(run, home, row).exception()
    assert "in use by `data add`" in str(refused)
    assert run(home, row).added


def test_a_label_lands_with_its_provenance_and_the_same_file_adds_nothing(home: Path) -> None:
    given = label(TEXT, "insider", rationale=["tell your COUSIN"], when="2026-01-02", shown="needs-review")
    report = run(home, given)
    assert report.written == home / "labels" / "new.jsonl"
    (row,) = stored(home)
    assert quotes(row) == [("Tell your cousin", "insider")]
    assert (row["labelled_by"], row["labelled_at"], row["shown"]) == ("nora", "2026-01-02", "needs-review")
    assert (row["model"], row["source"], row["marked_by"]) == ("stars-1", "new.jsonl, line 1", "person")
    before = (home / "labels" / "new.jsonl").read_bytes()
    again = run(home, given, name="again")
    assert (again.written, [r.kind for r in again.repetitions]) == (None, ["exact"])
    assert [p.name for p in (home / "labels").glob("*.jsonl")] == ["new.jsonl"]
    assert (home / "labels" / "new.jsonl").read_bytes() == before


def test_personal_details_go_and_marks_stay(home: Path) -> None:
    text = (
        "Hi Marta, order 123-1234567-1234567 left for 12 Oak Street, Springfield, IL 62704. Write to nora@shop.com, "
        "see shop.com/gift or call (212) 867-5309 once Marta has given five stars.\nKind regards, Nora"
    )
    start = text.index("once Marta has given five stars")
    mark = {"start": start, "end": start + len("once Marta has given five stars"), "type": "positive_request"}
    report = run(home, label(text, "positive_request", rationale=[mark], previous="Marta here, any news?"))
    assert report.refused == ()
    (row,) = stored(home)
    assert row["text"] == (
        "Hi [name], order [order-id] left for [address]. Write to [e-mail], "
        "see [link] or call [phone] once [name] has given five stars.\nKind regards, [name]"
    )
    assert row["previous"] == "[name] here, any news?"
    assert quotes(row) == [("once [name] has given five stars", "positive_request")]
    assert report.scrubbed["[name]"] == 4


@pytest.mark.parametrize(
    "column", [{"names": ["Ottoline"]}, {"names": "Bo | Ottoline"}, {"buyer_name": "Ottoline"}]
)
def test_names_that_a_column_gives_go(home: Path, column: dict[str, Any]) -> None:
    run(home, label("We asked at the depot, and the lamp left, Ottoline.", **column))
    assert stored(home)[0]["text"] == "We asked at the depot, and the lamp left, [name]."


def test_a_name_that_only_the_buyers_row_gives_goes_from_the_answer(home: Path) -> None:
    (home / "talk.csv").write_text(
        "order_id,from,direction,message,types\n"
        "999-1234567-7654321,Ottoline Marsh,inbound,The lamp is late.,\n"
        "999-1234567-7654321,Example Shop,outbound,We asked at the Example depot; the lamp left Ottoline.,none\n"
        "999-1234567-7654322,Example Shop,outbound,We saw the wide Marsh from there.,none\n"
    )
    add(AddJob(home / "talk.csv", home / "labels", home / "messages"), cast(Classifier, Stars()))
    assert [row["text"] for row in stored(home)] == [
        "We asked at the Example depot; the lamp left [name].", "We saw the wide Marsh from there.",
    ]  # fmt: skip


def test_personal_details_go_from_the_product_and_the_source(home: Path) -> None:
    given = label(
        "Hello Ottoline, your parcel left today.",
        names=["Ottoline Marsh"],
        product="mug for Ottoline Marsh, (212) 867-5309",
        source="114-1234567-7654321 ottoline@shop.com.eml, message 1",
    )
    report = run(home, given)
    (row,) = stored(home)
    assert row["product"] == "mug for [name], [phone]"
    assert row["source"] == "[order-id] [e-mail], message 1"
    assert report.scrubbed == {"[e-mail]": 1, "[name]": 2, "[order-id]": 1, "[phone]": 1}
    run(home, label(TEXT), name="order 114-1234567-7654321")
    assert [row["source"] for row in stored(home)][1:] == ["order [order-id].jsonl, line 1"]


@pytest.mark.parametrize("file", ["lamp_Ottoline_Marsh_2.eml", "ottoline-marsh.csv", "Ottoline Marsh.eml"])
def test_a_file_named_after_a_buyer_is_stored_without_the_name(home: Path, file: str) -> None:
    run(home, label("Your parcel left today.", names=["Ottoline Marsh"], source=f"{file}, line 2"))
    (row,) = stored(home)
    assert "[name]" in row["source"]
    assert "marsh" not in row["source"].lower()


def test_personal_details_go_from_what_is_copied(home: Path) -> None:
    given = label(
        "Hello Ottoline, your parcel left today.",
        names=["Ottoline Marsh"],
        when="2026-01-02, Ottoline Marsh",
        model="m-1 of nora@shop.com",
        shown="needs-review, (212) 867-5309",
    )
    assert run(home, given).refused == ()
    (row,) = stored(home)
    copied = (row["labelled_at"], row["model"], row["shown"])
    assert copied == ("2026-01-02, [name]", "m-1 of [e-mail]", "needs-review, [phone]")


@pytest.mark.parametrize(
    "when",
    ["2026-01-02T10:00:00+00:00", "2026-01-02 10:00:00.123456+02:00", "02.01.2026 10:00", "Jan 2, 2026 10:00 AM",
     "Friday, 2 January 2026", "1/2/2026", "1767348000", "20260102100000"],
)  # fmt: skip
def test_times_models_and_verdicts_stay_as_they_are(home: Path, when: str) -> None:
    run(home, label(TEXT, when=when, model="reviewguard-0.9.0+1", shown="review-soliciting"))
    (row,) = stored(home)
    copied = (row["labelled_at"], row["model"], row["shown"])
    assert copied == (when, "reviewguard-0.9.0+1", "review-soliciting")


def test_a_column_of_reviewers_names_buyers(home: Path) -> None:
    run(home, label("We asked at the depot, and the lamp left, Ottoline.", Reviewer="Ottoline Marsh"))
    (row,) = stored(home)
    assert (row["text"], row["labelled_by"]) == (
        "We asked at the depot, and the lamp left, [name].",
        "nora",
    )


@pytest.mark.parametrize(
    "who", ["nora", "Nora Marsh", "nora.marsh", "minh.ly", "uid 1000", "Nora (2nd shift)", "nora@example.com"]
)
def test_a_name_or_a_login_is_stored_with_its_label(home: Path, who: str) -> None:
    check_labeller(who)
    assert run(home, label(TEXT, who=who)).refused == ()
    assert stored(home)[0]["labelled_by"] == who


@pytest.mark.parametrize(
    "who",
    [
        "nora.marsh@shop.com",
        "Nora, (212) 867-5309",
        "Nora, 12 Oak Street, Springfield, IL 62704",
        "shop.com/nora",
    ],
)
def test_a_labeller_with_personal_details_is_refused(home: Path, who: str) -> None:
    report = run(home, label(TEXT, who=who), label("Your parcel left the depot"))
    assert [item.reason.partition(":")[0] for item in report.refused] == ["labelled_by"]
    assert [row["labelled_by"] for row in stored(home)] == ["nora"]
    done = CliRunner().invoke(app, ["label", "none.csv", "--who", who])
    assert isinstance(done.exception, InputError)
    assert "stored with each label" in str(done.exception)


@pytest.mark.parametrize("cell", ["[name], rate it five stars", '["[name], rate it five stars"]'])
def test_a_quote_may_begin_with_a_placeholder(home: Path, cell: str) -> None:
    report = run(home, label("Thanks. [name], rate it five stars", "positive_request", rationale=cell))
    assert report.refused == ()
    assert quotes(stored(home)[0]) == [("[name], rate it five stars", "positive_request")]


def test_a_scored_row_is_added_as_it_was_judged(home: Path) -> None:
    """With the buyer's message, and without the quote that keeps spreadsheets from running it."""
    scored = label(
        f"'={TEXT}",
        "insider",
        rg_verdict="review-soliciting",
        rg_marked=None,
        rg_previous="Where is the lamp?",
    )
    run(home, scored)
    (row,) = stored(home)
    assert (row["text"], row["previous"]) == (f"={TEXT}", "Where is the lamp?")


def test_of_a_conversation_the_sellers_messages_are_taken_with_the_buyers_before_them(home: Path) -> None:
    (home / "talk.csv").write_text(
        "order_id,date,sender,text,types,verdict\n"
        "A1,2026-11-01 10:00,buyer,I love the lamp and leave it on day and night!,,compliant\n"
        "A1,2026-11-01 11:00,seller,Could you share that in a review?,selective,review-soliciting\n"
        "A1,2026-11-02 11:00,internal note,Refund approved,,compliant\n"
    )
    job = AddJob(home / "talk.csv", home / "labels", home / "messages")
    report = add(job, cast(Classifier, Stars()))
    assert [(item.place, item.reason.partition(":")[0]) for item in report.refused] == [
        ("line 2", "a buyer's message"), ("line 4", "an internal note or a notice"),
    ]  # fmt: skip
    (row,) = stored(home)
    assert row["text"] == "Could you share that in a review?"
    assert row["previous"] == "I love the lamp and leave it on day and night!"


def test_what_label_wrote_is_no_note_whatever_the_file_is_called_that_it_was_asked_of(home: Path) -> None:
    source = "Note (1).csv, line 2"
    item = Item(TEXT, None, source, "needs-review", 0.5, (), (), (), "stars-1")
    with open_journal(home / "note.labels.jsonl") as journal:
        label_items([item], journal, written_keys("c"), lambda _: None, who="nora")
    job = AddJob(home / "note.labels.jsonl", home / "labels", home / "messages")
    assert add(job, cast(Classifier, Stars())).refused == ()
    assert [row["source"] for row in stored(home)] == [source]
    note = run(home, label("Refund approved", source="Note"), label("It left"), name="export")
    assert [item.place for item in note.refused] == ["line 1"]


def test_an_empty_cell_of_a_column_for_the_buyers_words_stays_empty(home: Path) -> None:
    thread = {"order_id": "A1", "previous": ""}
    run(home, label("It shines!", sender="buyer", **thread), label(TEXT, sender="seller", **thread))
    assert [row["previous"] for row in stored(home)] == [None]


def test_a_quote_of_an_unscored_row_stays(home: Path) -> None:
    run(home, label(f"'={TEXT}", "insider"))
    assert stored(home)[0]["text"] == f"'={TEXT}"


def test_words_nobody_marked_are_marked_by_the_model(home: Path) -> None:
    report = run(home, label(TEXT, "insider"))
    (row,) = stored(home)
    # Without this sentence the model is the least sure of the type.
    assert quotes(row) == [("Tell your cousin to rate it too.", "insider")]
    assert (row["marked_by"], [item.id for item in report.marked]) == ("model", [row["id"]])
    assert (
        f"{row['id']} (line 1): The lamp is on its way. [Tell your cousin to rate it too.|insider]"
        in view(report)
    )


def test_marks_that_a_person_took_over_stay_the_models_and_need_no_look(home: Path) -> None:
    taken = label(TEXT, "insider", rationale=["tell your cousin"], marked_by="model")
    report = run(home, taken)
    (row,) = stored(home)
    assert (row["marked_by"], quotes(row), report.marked) == ("model", [("Tell your cousin", "insider")], ())


def test_the_model_marks_no_neutral_ask_in_the_words_of_a_violation(home: Path) -> None:
    once, twice = "Could you leave a review? Review it and get a mug.", "Rate us. Write it, get a mug."
    both = ("neutral_request", "incentive")
    evidence = {
        once: [(0, 25, "neutral_request"), (26, 35, "neutral_request"), (26, 49, "incentive")],
        twice: [(9, 28, "neutral_request"), (9, 28, "incentive")],
    }
    report = run(home, label(once, *both), label(twice, *both), model=Marker(evidence))
    assert [quotes(row) for row in stored(home)] == [
        [("Could you leave a review?", "neutral_request"), ("Review it and get a mug", "incentive")]
    ]
    assert [item.reason for item in report.refused] == [
        "rationale: marks nothing for neutral_request (write its words in `rationale`)"
    ]


def test_words_of_a_type_that_the_model_does_not_know_are_left_to_a_person(home: Path) -> None:
    old = Stars()
    old.settings = SimpleNamespace(types=tuple(name for name in Stars.settings.types if name != "insider"))
    report = run(home, label(TEXT, "insider"), label(f"{TEXT} Bye.", "insider", rationale=[TEXT]), model=old)
    assert [(item.place, item.reason) for item in report.refused] == [
        ("line 1", "rationale: marks nothing for insider (write its words in `rationale`)")
    ]
    assert [quotes(row) for row in stored(home)] == [[(TEXT, "insider")]]


def test_rows_that_nobody_labelled_are_counted_and_refuse_nothing(home: Path) -> None:
    bare = [
        label(f"Parcel {number} left", sender=who) for number, who in enumerate(("seller", "buyer", "note"))
    ]
    report = run(home, *(row | {"types": ""} for row in bare), label(TEXT))
    assert (len(report.added), report.refused, report.unlabelled) == (1, (), 3)
    assert "1 added, 3 without a label" in view(report)


def test_objects_of_other_kinds_refuse_no_row(home: Path) -> None:
    report = run(home, {"text": "Left today", "words": {"count": 2}}, label(TEXT, words={"count": 14}))
    assert report.refused == ()
    assert len(stored(home)) == 1


def test_a_file_that_nobody_labelled_is_refused(home: Path) -> None:
    with pytest.raises(InputError, match="none of its 2 rows has a label"):
        run(home, label("It left") | {"types": ""}, {"text": "It left today", "types": None})


def test_a_marked_placeholder_may_stand_elsewhere_too(home: Path) -> None:
    text = (
        "Our shop is at https://lamps.shop-x.io/a. Send a picture of your review to https://wa.me/14155550000"
    )
    report = run(home, label(text, "off_platform", rationale=["https://wa.me/14155550000"]))
    assert report.refused == ()
    assert quotes(stored(home)[0]) == [("[link]", "off_platform")]
    report = run(home, label("Rate us. Rate us", "insider", rationale=[{"start": 0, "end": 7}]), name="other")
    assert "stands elsewhere too" in report.refused[0].reason


def test_words_that_placeholders_made_the_same_are_marked_too(home: Path) -> None:
    text = "For a refund write to tom@example.com once you review it. Or write to joe@example.com."
    report = run(home, label(text, "incentive", rationale=["write to tom@example.com"]))
    assert report.refused == ()
    assert quotes(stored(home)[0]) == [("write to [e-mail]", "incentive")] * 2


def test_a_persons_marks_take_the_place_of_the_models(home: Path) -> None:
    run(home, label(TEXT, "insider"), label("Your parcel left the depot"), name="first")
    given = label(TEXT, "insider", rationale=["tell your cousin"])
    report = run(home, given, name="second")
    assert (report.added, report.repetitions) == ((), ())
    assert [item.new.place for item in report.renewed] == ["line 1"]
    row = next(row for row in stored(home) if row["types"])
    assert (len(stored(home)), quotes(row), row["marked_by"]) == (
        2,
        [("Tell your cousin", "insider")],
        "person",
    )
    assert run(home, given, name="second").written is None
    assert run(home, label(TEXT, "insider"), name="third").written is None


@pytest.mark.parametrize("text", [TEXT, TEXT.upper()])
def test_a_persons_marks_go_before_the_models_in_one_file_too(home: Path, text: str) -> None:
    rows = (label(TEXT, "insider"), label(text, "insider", rationale=["tell your cousin"]))
    report = run(home, *rows)
    assert ([item.place for item in report.added], report.marked) == (["line 2"], ())
    assert [item.new.place for item in report.repetitions] == ["line 1"]
    (row,) = stored(home)
    assert ([r["type"] for r in row["rationale"]], row["marked_by"]) == (["insider"], "person")
    assert quotes(row)[0][0].casefold() == "tell your cousin"
    again = run(home, *rows)
    assert (again.written, len(again.repetitions)) == (None, 2)


def test_offsets_may_have_their_words_beside_them(home: Path) -> None:
    marks = [{"start": 2, "end": 9, "text": "Rate us"}, {"start": 10, "end": 14, "text": None}]
    run(home, label("🎁 Rate us soon", "insider", rationale=marks))
    assert quotes(stored(home)[0]) == [("Rate us", "insider"), ("soon", "insider")]


@pytest.mark.parametrize("mark", [(0, 8, "Rate us"), (0, 7, "Rate us "), (0, 7, "Rate  us")])
def test_the_words_beside_offsets_may_be_trimmed(home: Path, mark: tuple[int, int, str]) -> None:
    start, end, words = mark
    run(home, label("Rate us soon", "insider", rationale=[{"start": start, "end": end, "text": words}]))
    assert [quote.strip() for quote, _ in quotes(stored(home)[0])] == ["Rate us"]


def test_a_quote_may_look_like_a_type_and_its_words(home: Path) -> None:
    text = "Incentive: rate us for a gift"
    run(
        home,
        label(text, "insider", rationale=["Incentive: rate us"]),
        label(TEXT, "insider", rationale=["Insider: tell your cousin"]),
    )
    assert [quotes(row) for row in stored(home)] == [
        [("Incentive: rate us", "insider")],
        [("Tell your cousin", "insider")],
    ]


@pytest.mark.parametrize(
    "cell",
    [
        "incentive positive_request",
        "Positive request / Incentive",
        "incentive; positive request;",
        "positive request incentive",
        "['incentive', 'positive_request']",
    ],
)
def test_types_may_have_any_sign_between_them(home: Path, cell: str) -> None:
    run(home, {"text": TEXT, "types": cell})
    assert stored(home)[0]["types"] == ["positive_request", "incentive"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"text": "Rate us", "verdict": "review-soliciting"}, "without types"),
        ({"text": "Rate us", "verdict": "needs-review"}, "expected compliant or review-soliciting"),
        ({"text": "Rate us", "types": "praise"}, "unknown type 'praise'"),
        ({"text": "Rate us", "types": ["insider"], "verdict": "compliant"}, "make it review-soliciting"),
        ({"text": " ", "types": []}, "no text"),
        ({"text": "Rate us", "types": ["insider"], "rationale": ["rate me"]}, "not in the text"),
        ({"text": "Rate", "types": "insider", "rationale": [{"start": 0, "end": 9}]}, "within 0–4"),
        ({"text": "🎁 Rate us", "types": "insider", "rationale": [{"start": 3, "end": 7, "text": "Rate"}]},
         "the rationale is 3–7, where 'ate ' stands, expected 'Rate': offsets count characters"),
        ({"text": "Rate us", "types": "insider pressure", "rationale": ["Rate us"]}, "type: words"),
        ({"text": "Rate us", "types": "insider", "rationale": ["Incentive: Rate us"]}, "is for incentive"),
        ({"text": "Rate us", "types": " / "}, "no type in '/'"),
        ({"text": "Rate us", "types": {"insider": 1}}, "types is an object; expected a list, of names"),
        ({"text": "Rate us", "types": "insider", "rationale": {"start": 0, "end": 4}}, "rationale is an object"),
        ({"text": "Rate us", "types": "none", "rationale": "Rate us"}, "words are marked, but no type is given"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_row_is_said_and_the_others_are_added(
    home: Path, row: dict[str, Any], reason: str
) -> None:
    report = run(home, row, label(TEXT))
    assert [reason in item.reason for item in report.refused] == [True]
    assert report.refused[0].place == "line 1"
    assert len(stored(home)) == 1


@pytest.mark.parametrize(
    ("channel", "register", "stored_as"),
    [
        ("Amazon Messages", "loud", ("marketplace", "unknown")),
        ("Email", "Non-native", ("email", "non_native")),
        ("chat", "typo_emoji", ("chat", "typo_emoji")),
        ("", "", ("marketplace", "unknown")),
    ],
)
def test_columns_of_channel_and_register_in_the_users_own_words_are_no_fault(
    home: Path, channel: str, register: str, stored_as: tuple[str, str]
) -> None:
    assert run(home, label(TEXT, channel=channel, register=register)).refused == ()
    (row,) = stored(home)
    assert (row["channel"], row["register"]) == stored_as


def test_a_context_pair_is_one_family_whatever_its_case_and_white_space(home: Path) -> None:
    asked = label(TEXT, previous="Whom could I tell about the offer that you have for new customers?")
    thanked = label(
        f"{TEXT.upper()}\n", "insider", previous="It came this morning and it shines, many thanks!"
    )
    assert len(run(home, asked, thanked).added) == 2
    labels = read_labels(home / "labels")
    assert (len(labels.located), check_rules(labels.located)) == (2, [])


def test_csv_and_excel_say_the_same(home: Path) -> None:
    quotes = "incentive: get a mug | positive_request: five stars"
    header = ["Message text", "Violations", "Verdict", "Quotes", "Annotator"]
    rows = [
        ["Leave five stars, get a mug", "incentive, positive_request", "", quotes, "Ana"],
        ["Your parcel left", "", "Compliant", "", "Ana"],
    ]  # fmt: skip
    book = openpyxl.Workbook()
    for line in (header, *rows):
        book.active.append(line)
    book.save(home / "l.xlsx")
    (home / "l.csv").write_text("\n".join(";".join(line) for line in (header, *rows)), "utf-8")
    found = []
    for name in ("l.csv", "l.xlsx"):
        report = add(
            AddJob(home / name, home / "labels", home / "messages", dry_run=True), cast(Classifier, Stars())
        )
        assert report.written is None
        found.append([item.label.message for item in report.added])
    assert found[0] == found[1]
    assert found[0][0].types == ("positive_request", "incentive")
    assert [r.type for r in found[0][0].rationale] == ["positive_request", "incentive"]
    assert not (home / "labels").exists()


def conflicting(text: str = ROW["text"]) -> dict[str, Any]:
    return label(text)


def test_nothing_is_written_while_a_conflict_is_open(home: Path) -> None:
    report = run(home, conflicting(), label(TEXT))
    (conflict,) = report.undecided
    assert (conflict.old.message.id, conflict.kind) == ("a-0001", "exact")
    assert "--both" not in view(report)
    assert report.written is None
    assert not (home / "labels").exists()


def test_a_decision_settles_it_and_written_messages_stay(home: Path) -> None:
    written = (home / "messages" / "a.jsonl").read_bytes()
    name = run(home, conflicting()).undecided[0].new.id
    kept = run(home, conflicting(), decisions=Decisions(reject=frozenset({name})))
    assert (kept.added, kept.written, kept.undecided) == ((), None, ())
    with pytest.raises(InputError, match="cannot have two labels"):
        run(home, conflicting(), decisions=Decisions(both=frozenset({name})))
    with pytest.raises(InputError, match="no row has the id"):
        run(home, conflicting(), decisions=Decisions(accept=frozenset({"lab-0"})))
    with pytest.raises(InputError, match="all: accept and reject at once"):
        run(home, conflicting(), decisions=Decisions(accept=frozenset({"all"}), reject=frozenset({"all"})))
    run(home, conflicting(), decisions=Decisions(accept=frozenset({"all"})))
    (row,) = stored(home)
    assert (row["types"], row["replaces"]) == ([], ["a-0001"])
    assert (home / "messages" / "a.jsonl").read_bytes() == written
    assert run(home, conflicting()).repetitions[0].old.message.id == name


def test_a_changed_mind_replaces_the_label_in_its_file(home: Path) -> None:
    run(home, label(TEXT, "insider"), label("Your parcel left the depot"), name="first")
    report = run(home, label(TEXT), name="second", decisions=Decisions(accept=frozenset({"all"})))
    assert report.conflicts[0].decision == "accept"
    assert [(row["text"], row["types"]) for row in stored(home)] == [
        ("Your parcel left the depot", []), (TEXT, []),
    ]  # fmt: skip


ACCEPT = Decisions(accept=frozenset({"all"}))
REJECT = Decisions(reject=frozenset({"all"}))


def test_a_mind_changed_twice_still_replaces_the_written_message(home: Path) -> None:
    run(home, conflicting(), decisions=ACCEPT)
    run(home, label(ROW["text"], "pressure", rationale=["leave us 5 stars"]), decisions=ACCEPT)
    (row,) = stored(home)
    assert (row["types"], row["replaces"]) == (["pressure"], ["a-0001"])


def test_a_label_that_overrides_a_written_message_is_at_no_moment_without_a_successor(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(home, conflicting(), name="first", decisions=ACCEPT)
    rows = (label(ROW["text"], "pressure", rationale=["leave us 5 stars"]), label(TEXT))
    files: list[Path] = []

    def until_the_disk_is_full(path: Path, labels: Iterable[Label]) -> None:
        files.append(path)
        (write_labels if len(files) == 1 else full_disk)(path, labels)

    with monkeypatch.context() as patch:
        patch.setattr(storing, "write_labels", until_the_disk_is_full)
        with pytest.raises(OSError, match="No space"):
            run(home, *rows, name="second", decisions=ACCEPT)
    assert len(files) == 2
    assert [row["replaces"] for row in stored(home)] == [["a-0001"]]
    run(home, *rows, name="second", decisions=ACCEPT)
    assert sorted((row["types"], row["replaces"]) for row in stored(home)) == [
        ([], []),
        (["pressure"], ["a-0001"]),
    ]
    assert run(home, *rows, name="second").written is None


def test_the_file_that_took_the_labels_is_told(home: Path) -> None:
    run(home, conflicting(), name="first", decisions=ACCEPT)
    mended = label(ROW["text"], "pressure", rationale=["leave us 5 stars"])
    assert run(home, mended, name="second", decisions=ACCEPT).written == home / "labels" / "first.jsonl"
    both = run(home, conflicting(), label(TEXT), name="third", decisions=ACCEPT)
    assert both.written == home / "labels"
    assert sorted(path.name for path in (home / "labels").glob("*.jsonl")) == ["first.jsonl", "third.jsonl"]


NEAR = "The lamp is on its way to you. Tell your cousin to rate it too. Have a good week."


@pytest.mark.parametrize("text", [TEXT, NEAR])
def test_the_written_label_accepted_again_takes_the_stored_one_back(home: Path, text: str) -> None:
    """Whether the stored label has the written words or like ones."""
    write_lines(home / "messages" / "b.jsonl", [ROW | label(TEXT, id="b-0001", family="b", rationale=[])])
    given = label(text, "insider", rationale=["Tell your cousin"])
    run(home, given, label("Your parcel left the depot"), decisions=ACCEPT)
    assert [row["replaces"] for row in stored(home)] == [[], ["b-0001"]]
    open_one = run(home, label(TEXT), name="back")
    assert [c.old.message.types for c in open_one.undecided] == [("insider",)]
    report = run(home, label(TEXT), name="back", decisions=ACCEPT)
    assert (report.added, len(report.removed), report.written) == ((), 1, home / "labels")
    assert [row["text"] for row in stored(home)] == ["Your parcel left the depot"]
    assert [p.name for p in (home / "labels").glob("*.jsonl")] == ["new.jsonl"]
    again = run(home, label(TEXT), name="back")
    assert [(r.kind, r.old.message.id) for r in again.repetitions] == [("exact", "b-0001")]


def test_of_three_labels_of_one_message_in_a_file_the_last_accepted_counts(home: Path) -> None:
    texts = {"pressure": ROW["text"], "insider": ROW["text"].lower(), "selective": ROW["text"].upper()}
    rows = [label(text, kind, rationale=["leave us 5 stars"]) for kind, text in texts.items()]
    run(home, *rows, decisions=ACCEPT)
    (row,) = stored(home)
    assert (row["types"], row["replaces"]) == (["selective"], ["a-0001"])


def test_near_repetitions_and_near_conflicts(home: Path) -> None:
    run(home, label(TEXT, "insider"))
    near = run(home, label(TEXT.replace("week", "weekend"), "insider"), name="near")
    assert [r.kind for r in near.repetitions] == ["near"]
    other = label(TEXT.replace("week", "weekend"))
    report = run(home, other, name="near")
    (conflict,) = report.undecided
    assert (conflict.kind, conflict.similarity > 0.8) == ("near", True)
    assert "--both" in view(report)
    run(home, other, name="near", decisions=Decisions(both=frozenset({conflict.new.id})))
    assert len(stored(home)) == 2


def test_near_labels_that_show_other_words_are_added_once(home: Path) -> None:
    start = "The lamp left our house in Leeds this morning and should be with you by Friday evening at the latest. "

    def near(words: str, end: str) -> dict[str, Any]:
        return label(f"{start}{words}{end}", "insider", rationale=f"insider: {words}")

    run(home, near("Have your cousin rate it", "."), name="first")
    rows = [
        near("Have your cousin rate it", " this week too."),
        near("Get all staff to post", " this week too."),
    ]
    assert len(run(home, *rows).added) == 1
    assert run(home, *rows).added == ()
    assert len(stored(home)) == 2


@pytest.mark.parametrize("types", ["none", "N/A", "[]"])
@pytest.mark.parametrize("words", ["7", "-", ""])
def test_a_compliant_row_may_hold_a_dash_or_a_count_of_words(home: Path, types: str, words: str) -> None:
    (item,) = run(home, {"text": "The lamp left today.", "types": types, "words": words}).added
    assert (item.label.message.types, item.label.message.rationale) == ((), ())


def test_a_near_label_that_shows_other_words_is_new(home: Path) -> None:
    """A like message of the same type may break the rule in words that no label shows yet."""
    start = "The lamp left our house in Leeds this morning and should be with you by Friday evening at the latest. "
    run(
        home,
        label(f"{start}Have your cousin rate it.", "insider", rationale="insider: Have your cousin rate it"),
    )
    again = label(f"{start}Let your cousin rate it.", "insider", rationale="insider: Let your cousin rate it")
    assert [r.kind for r in run(home, again, name="again").repetitions] == ["near"]
    other = label(f"{start}Get all staff to post.", "insider", rationale="insider: Get all staff to post")
    assert [item.label.message.text for item in run(home, other, name="other").added] == [other["text"]]
    assert [r.kind for r in run(home, other, name="other").repetitions] == ["exact"]
    stars = label(f"{start}Have your cousin rate it ⭐⭐⭐⭐⭐.", "insider", rationale="insider: ⭐⭐⭐⭐⭐")
    assert len(run(home, stars, name="stars").added) == 1


def test_what_repeats_a_label_that_goes_is_compared_with_what_takes_its_place(home: Path) -> None:
    run(home, label(TEXT, "insider"), name="first")
    rows = (label(TEXT.replace("week", "weekend"), "insider"), label(TEXT))
    first = run(home, *rows)
    (near,) = (item.new.id for item in first.repetitions)
    (accepted,) = (item.new.id for item in first.undecided)
    accept = frozenset({accepted})
    for decisions in (Decisions(accept), ACCEPT):
        report = run(home, *rows, decisions=decisions)
        assert [(c.new.id, c.old.message.id, c.old.file) for c in report.undecided] == [
            (near, accepted, None)
        ]
        assert (report.repetitions, [row["types"] for row in stored(home)]) == ((), [["insider"]])
    report = run(home, *rows, decisions=Decisions(accept, reject=frozenset({near})), dry_run=True)
    assert [item.id for item in report.added] == [accepted]
    run(home, *rows, decisions=Decisions(accept, both=frozenset({near})))
    assert sorted((row["id"], row["types"]) for row in stored(home)) == sorted(
        [(near, ["insider"]), (accepted, [])]
    )
    assert (len(run(home, *rows).repetitions), len(stored(home))) == (2, 2)


def test_what_repeats_a_label_that_goes_and_is_like_no_other_is_added(home: Path) -> None:
    run(home, label(TEXT, "insider"), name="first")
    rows = (label(f"{TEXT[:-1]} all of you.", "insider"), label(f"Good news. {TEXT}"))
    report = run(home, *rows, decisions=ACCEPT)
    assert (report.repetitions, report.undecided) == ((), ())
    assert sorted((row["text"], row["types"]) for row in stored(home)) == sorted(
        (row["text"], row["types"]) for row in rows
    )


def test_a_near_copy_of_a_rejected_row_is_added(home: Path) -> None:
    rows = (label(TEXT, "insider"), label(TEXT.replace("week", "weekend"), "insider"))
    first = run(home, *rows, dry_run=True).added[0].id
    report = run(home, *rows, decisions=Decisions(reject=frozenset({first})))
    assert ([r.place for r in report.refused], [i.place for i in report.added]) == (["line 1"], ["line 2"])


STEPS = [
    TEXT.replace("week", "weekend all of you"), TEXT.replace("week", "weekend"),
    "Good news. " + TEXT.replace("week", "weekend"), "Good news for you. " + TEXT,
]  # fmt: skip
"""Each is near the one before it, and that alone."""


def test_a_row_that_contradicts_only_a_rejected_row_is_added(home: Path) -> None:
    run(home, label(STEPS[0], "insider"), name="first")
    rows = (label(STEPS[1]), label(STEPS[2], "insider"))
    conflicts = run(home, *rows).undecided
    assert [(c.new.place, c.old.file is None) for c in conflicts] == [("line 1", False), ("line 2", True)]
    first, second = (conflict.new.id for conflict in conflicts)
    for decisions in (
        REJECT,
        Decisions(reject=frozenset({first})),
        Decisions(frozenset({second}), REJECT.reject),
    ):
        report = run(home, *rows, decisions=decisions, dry_run=True)
        assert [(c.new.place, c.decision) for c in report.conflicts] == [("line 1", "reject")]
        assert ([item.place for item in report.added], report.refused) == (["line 2"], ())
    named = run(home, *rows, decisions=Decisions(reject=frozenset({first, second})), dry_run=True)
    assert (named.added, [item.place for item in named.refused]) == ((), ["line 2"])
    run(home, *rows, decisions=REJECT)
    assert [(row["text"], row["types"]) for row in stored(home)] == [
        (STEPS[0], ["insider"]), (STEPS[2], ["insider"]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("decision", "kept"), [("accept", ["line 3"]), ("reject", ["line 2"]), (None, ["line 2"])]
)
def test_what_contradicts_a_row_that_a_rejection_frees_is_decided_as_before(
    home: Path, decision: str | None, kept: list[str]
) -> None:
    run(home, label(STEPS[0], "insider"), name="first")
    rows = (label(STEPS[1]), label(STEPS[2], "insider"), label(STEPS[3], "pressure", rationale=["cousin"]))
    first, _, third = (c.new.id for c in run(home, *rows).undecided)
    given = {"reject": {first}} | (
        {decision: {third, *({first} if decision == "reject" else ())}} if decision else {}
    )
    report = run(home, *rows, decisions=Decisions(**{name: frozenset(ids) for name, ids in given.items()}))
    assert [item.place for item in report.added] == kept
    assert [c.new.place for c in report.undecided] == ([] if decision else ["line 3"])
    assert (report.written is None) == (decision is None)


def test_a_wrong_field_of_map_names_all_that_there_are(home: Path) -> None:
    with pytest.raises(InputError, match="unknown field") as caught:
        run(home, label(TEXT), columns={"foo": "Bar"})
    assert {"text", "types", "verdict", "rationale", "sender"} <= set(str(caught.value.expected).split(", "))


MUG = "The mug for Ottoline is on us for a review"


def test_the_same_words_without_the_name_column_are_known(home: Path) -> None:
    run(home, label(MUG, "incentive", buyer_name="Ottoline Marsh"))
    (conflict,) = run(home, label(MUG), name="bare").undecided
    assert conflict.old.message.text == "The mug for [name] is on us for a review"
    assert len(run(home, label(MUG, "incentive"), name="bare").repetitions) == 1


def test_originals_of_one_file_are_compared(home: Path) -> None:
    (conflict,) = run(home, label(MUG, "incentive", names=["Ottoline"]), label(MUG, names=["Bo"])).undecided
    assert (conflict.kind, conflict.old.message.types) == ("exact", ("incentive",))


def test_one_file_that_contradicts_itself(home: Path) -> None:
    rows = (label(TEXT, "insider"), label(TEXT), label("Your parcel left the depot"))
    report = run(home, *rows)
    assert [item.place for item in report.refused] == ["line 1", "line 2"]
    assert {item.reason for item in report.refused} == {
        "line 1 says insider and line 2 says no type of the same message: keep one"
    }
    assert [row["text"] for row in stored(home)] == ["Your parcel left the depot"]


def test_like_messages_of_one_file_with_two_labels_are_to_be_decided(home: Path) -> None:
    rows = (label(TEXT, "insider"), label(TEXT.upper()))
    (conflict,) = run(home, *rows).undecided
    assert conflict.old.file is None
    run(home, *rows, decisions=Decisions(accept=frozenset({conflict.new.id})))
    assert [row["types"] for row in stored(home)] == [[]]


def test_of_a_template_sent_many_times_the_copies_are_not_all_held_against_each_other(home: Path) -> None:
    rows = [label(TEXT.replace("lamp", f"lamp {number}")) for number in range(500)]
    rows[-1] |= {"types": ["insider"]}
    tracemalloc.start()
    report = run(home, *rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50e6
    assert [item.place for item in report.added] == ["line 1"]
    assert len(report.repetitions) == 498
    assert [(c.new.place, c.old.message.text) for c in report.undecided] == [("line 500", rows[0]["text"])]


def test_accepting_replaces_all_that_a_label_contradicts(home: Path) -> None:
    near = [TEXT, TEXT.replace("lamp", "lamps"), TEXT.replace("week", "week end")]
    run(
        home, label(near[0], "insider"), label(near[1], "insider"), name="first"
    )  # the second repeats the first
    write_lines(home / "messages" / "b.jsonl", [ROW | label(near[1], "insider", id="b-0001", family="b",
        rationale=[{"start": 26, "end": 42, "type": "insider"}])])  # fmt: skip
    given = label(near[2])
    report = run(home, given)
    assert sorted(c.old.message.id for c in report.undecided) == ["b-0001", stored(home)[0]["id"]]
    run(home, given, decisions=ACCEPT)
    assert [(row["types"], row["replaces"]) for row in stored(home)] == [([], ["b-0001"])]
    assert len(run(home, given).repetitions) == 1


def test_of_three_like_messages_with_three_labels_the_last_accepted_stays_and_the_same_again_adds_nothing(
    home: Path,
) -> None:
    rows = [
        label(TEXT, "insider"),
        label(TEXT.replace("week", "weekend")),
        label(TEXT.replace("week", "weekend!!"), "pressure"),
    ]
    open_ones = [(c.new.place, c.old.message.types) for c in run(home, *rows).undecided]
    assert open_ones == [("line 2", ("insider",)), ("line 3", ("insider",)), ("line 3", ())]
    run(home, *rows, decisions=ACCEPT)
    assert [row["types"] for row in stored(home)] == [["pressure"]]
    again = run(home, *rows, decisions=ACCEPT)
    assert (again.added, again.removed, again.written) == ((), frozenset(), None)
    assert [row["types"] for row in stored(home)] == [["pressure"]]


def test_a_folder_changed_meanwhile_is_not_overwritten(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = read_labels(home / "labels")
    run(home, label(TEXT))
    monkeypatch.setattr(adding, "read_labels", lambda _: before)
    with pytest.raises(InputError, match="changed meanwhile"):
        run(home, label("Your parcel left the depot"), name="late")
    assert len(stored(home)) == 1


def test_doubtful_labels_are_listed_and_added(home: Path) -> None:
    wrong = label("Five stars, friend?")
    report = run(home, wrong, label(TEXT), label("Your parcel left the depot"))
    assert [(d.new.place, d.probability) for d in report.doubts] == [("line 1", 0.99)]
    assert len(stored(home)) == 3


def test_flipped_labels_among_many_are_found() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random(60) < 0.5
    probability = np.where(truth, rng.beta(8, 1, 60), rng.beta(1, 8, 60))
    flipped = set(range(0, 60, 6))
    types = [("insider",) if bool(t) != (i in flipped) else () for i, t in enumerate(truth)]
    found = doubtful(types, probability)
    assert len(flipped & set(found)) >= 8
    assert len(set(found) - flipped) <= 2
    assert doubtful([], np.array([])) == []


def test_labels_go_into_training_and_move_nothing(home: Path) -> None:
    words = ["kettle", "lamp", "rug", "chair", "desk", "mug", "bowl", "vase", "clock", "fan", "sofa", "shelf"]
    messages = [
        ROW | {
            "id": f"b-{i}", "text": f"{w} {words[-1 - i] * 3} number {i * 7919} leaves on day {i}", "types": [],
            "rationale": [], "family": f"f-{i}",
        }
        for i, w in enumerate(words)
    ]  # fmt: skip
    write_lines(home / "messages" / "b.jsonl", messages)
    build(home / "messages", home / "plain", seed=1)
    plain = load_splits(home / "plain")
    replaced, apart = plain["train"][0], plain["test"][0]
    accept = Decisions(accept=frozenset({"all"}))
    run(
        home,
        label(replaced.text, *([] if replaced.types else ["insider"])),
        label(apart.text, "pressure"),
        label(TEXT, "insider"),
        decisions=accept,
    )
    report = build(home / "messages", home / "built", seed=1, labels=read_labels(home / "labels"))
    splits = load_splits(home / "built")
    assert splits["test"] == plain["test"]
    assert splits["validation"] == plain["validation"]
    texts = [m.text for m in splits["train"]]
    assert TEXT in texts
    assert apart.text not in texts
    assert (replaced.id not in {m.id for m in splits["train"]}, texts.count(replaced.text)) == (True, 1)
    assert (report.steps[-1].name, report.steps[-1].kept, report.steps[-1].dropped) == ("labels", 2, 1)
    assert "is for measuring" in report.dropped[-1].reason


def test_the_command_shows_conflicts_side_by_side_and_says_so_by_its_exit_code(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adding, "load", lambda _: Stars())
    path = write_lines(
        home / "new.jsonl", [conflicting(), label("Five stars, friend?"), label(TEXT, "insider")]
    )
    folders = ["--labels", str(home / "labels"), "--messages", str(home / "messages")]

    def command(*options: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["data", "add", str(path), *folders, *options])
        return done.exit_code, done.output

    code, shown = command()
    assert code == 1
    row = next(line for line in shown.splitlines() if "positive_request" in line and "no type" in line)
    assert row.index("review-soliciting: positive_request") < row.index("compliant: no type")
    assert "nothing written: 1 conflicts are open" in shown
    assert "99% likely to break the rules" in shown
    (name,) = re.findall(r"conflict (lab-\w+)", shown)
    assert "another label; the known label stays" in command("--reject", name, "--dry-run")[1]
    both = CliRunner().invoke(app, ["data", "add", str(path), *folders, "--both", name]).exception
    assert "the same words cannot have two labels" in str(both)
    assert command("--accept", "all", "--dry-run")[0] == 0
    assert stored(home) == []
    code, shown = command("--accept", "all", "--who", "kim")
    assert (code, "3 added" in shown) == (0, True)
    assert {row["labelled_by"] for row in stored(home)} == {"kim"}
    code, shown = command()
    assert (code, "3 known already" in shown) == (0, True)
    assert len(stored(home)) == 3
    written = label(ROW["text"], *ROW["types"], rationale=["leave us 5 stars"])
    write_lines(path, [written])
    code, shown = command("--accept", "all", "--dry-run")
    assert (code, "0 to add, 1 to take out" in shown, "a dry run" in shown) == (0, True, True)
    code, shown = command("--accept", "all")
    assert (code, "0 added, 1 taken out" in shown, len(stored(home))) == (0, True, 2)


@pytest.mark.parametrize(
    ("field", "columns"),
    [
        ("verdict", ("verdict", "final_verdict")),
        ("verdict", ("label", "decision")),
        ("types", ("types", "violations")),
    ],
)
def test_two_columns_that_may_hold_the_label_are_told_apart_by_the_user(
    home: Path, field: str, columns: tuple[str, str]
) -> None:
    value = "compliant" if field == "verdict" else "none"
    row = {"text": "Your parcel left the depot", columns[0]: value, columns[1]: ""}
    with pytest.raises(InputError, match=f"may both hold the {field}") as refused:
        run(home, row)
    assert f"--map {field}=" in str(refused.value)
    assert not (home / "labels").exists()
    run(home, row, columns={field: columns[0]})
    assert [label["types"] for label in stored(home)] == [[]]


def test_a_column_called_violation_holds_the_type(home: Path) -> None:
    row = {
        "Message": "Give the lamp 5 stars.",
        "Verdict": "review-soliciting",
        "Violation": "positive request",
    }
    assert run(home, row).refused == ()
    assert [label["types"] for label in stored(home)] == [["positive_request"]]


def test_numbers_that_the_rows_own_columns_hold_go(home: Path) -> None:
    text = "Your order 11-12345-67890 and SO-88213 left, we text you at 4155550. 4155 stays."
    run(home, label(text, order_id="SO-88213", phone="4155550"))
    (row,) = stored(home)
    assert row["text"] == "Your order [order-id] and [order-id] left, we text you at [phone]. 4155 stays."


def test_a_number_goes_however_its_column_writes_it_and_a_model_is_no_number(home: Path) -> None:
    text = "Your order 10234 with the case for Galaxy S23 256GB left."
    run(home, label(text, Order="#10234", **{"Phone model": "Galaxy S23 256GB"}))
    assert stored(home)[0]["text"] == "Your order [order-id] with the case for Galaxy S23 256GB left."


def test_a_phone_number_of_the_buyers_row_goes_from_the_answer(home: Path) -> None:
    talk = [
        label("Any news?", order_id="A1", sender="buyer", phone="4155550") | {"types": ""},
        label("We text you at 4155550.", order_id="A1", sender="seller"),
    ]
    run(home, *talk)
    assert [row["text"] for row in stored(home)] == ["We text you at [phone]."]


@pytest.mark.parametrize("prefix", ["", "rg_"])
def test_what_label_and_suggest_tell_of_people_goes(home: Path, prefix: str) -> None:
    told = {
        "names": ["Ottoline"],
        "numbers": [["DE-4711-88213", "[order-id]"], ["88213", "[mine]"], ["", "[phone]"], 7],
        "places": ["Rosenhof 7, 20095 Hamburg"],
    }
    text = "Order DE-4711-88213 left for Rosenhof 7, Ottoline."
    run(home, label(text, **{prefix + column: values for column, values in told.items()}))
    assert stored(home)[0]["text"] == "Order [order-id] left for [address], [name]."


def test_an_address_of_the_buyers_row_goes_from_the_answer(home: Path) -> None:
    place = {"ship to": "Ottoline Marsh, Rosenhof 7, 20095 Hamburg"}
    talk = [
        label("Any news?", order_id="A1", sender="buyer", **place) | {"types": ""},
        label("We send it to Rosenhof 7.", order_id="A1", sender="seller"),
    ]
    run(home, *talk)
    assert [row["text"] for row in stored(home)] == ["We send it to [address]."]


def test_a_label_that_reads_like_a_message_for_measuring_says_so(home: Path) -> None:
    write_frozen(
        home / "splits.json", {"train": [], "validation": [], "test": [message(ROW["text"], id="a-0001")]}
    )
    report = run(home, conflicting(), label(TEXT, "insider"), decisions=ACCEPT, splits=home / "splits.json")
    (name,) = report.measured
    assert report.measured[name] == "a-0001"
    assert f"{name} reads like a-0001" in view(report)
    assert run(home, label("Your parcel left"), splits=home / "nowhere.json").measured == {}


def test_a_label_that_overrides_a_message_for_measuring_is_never_learnt(home: Path) -> None:
    """Without its names and numbers it is less like that message than what is left out for its likeness."""
    text = "Hi Maria, thanks for order 999-1234567-1234567! Rate us 5 stars? Tom"
    given = message(text, ("Rate us 5 stars?", "positive_request"), id="b-0001")
    write_messages(home / "messages" / "b.jsonl", [given])
    write_frozen(home / "splits.json", {"train": [], "validation": [], "test": [given]})
    report = run(home, label(text), decisions=ACCEPT, splits=home / "splits.json")
    (row,) = stored(home)
    assert ("thanks for order [order-id]!" in row["text"], row["replaces"]) == (True, ["b-0001"])
    assert report.measured == {row["id"]: "b-0001"}
    frozen = read_frozen(home / "splits.json")
    built = build(home / "messages", home / "built", frozen=frozen, labels=read_labels(home / "labels"))
    assert [item.rule for item in built.dropped if item.id == row["id"]] == ["held_out"]
    assert given in load_splits(home / "built")["test"]


def test_a_label_that_contradicts_a_known_one_is_no_doubt_of_a_model_that_may_have_learnt_that(
    home: Path,
) -> None:
    assert ROW["types"] and "star" in ROW["text"]
    report = run(home, conflicting(), decisions=ACCEPT)
    assert len(report.added) == 1
    assert report.doubts == ()
