"""`reviewguard label`: keys to labels, nothing lost, in a terminal and from a pipe."""

from __future__ import annotations

import csv
import json
import os
import pty
import resource
import select
import signal
import subprocess
import sys
import termios
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from rich.console import Console
from tests.faults import full_disk

import reviewguard.labelling.session as session_module
from reviewguard.cli.labelling import label as label_command
from reviewguard.errors import InputError
from reviewguard.inference.render import bracketed
from reviewguard.inference.work_folder import work_folder
from reviewguard.inference.workspace import Workspace
from reviewguard.inference.writers import write_output
from reviewguard.inference.writers.columns import structured
from reviewguard.labelling.journal import Row, open_journal
from reviewguard.labelling.keys import Keys, standard_keys, written_keys
from reviewguard.labelling.queue import Item, read_items
from reviewguard.labelling.session import Session, run
from reviewguard.labelling.words import find_words
from reviewguard.policy import load_policy
from reviewguard.readers.registry import ReadOptions, read_records
from reviewguard.schema import Evidence, Record, ScoredRecord, TypeScore, Verdict

MUG = "Hi, leave us 5 stars and get a mug. Get a mug!"
MARKS = (
    Evidence(4, 20, "leave us 5 stars", "positive_request", 1.0),
    Evidence(25, 34, "get a mug", "incentive", 1.0),
)
ASK = "Could you share that in a review?"


def item(text: str, *evidence: Evidence, types: Sequence[str] = (), previous: str | None = None) -> Item:
    kinds = tuple(types) or tuple(dict.fromkeys(e.type for e in evidence))
    return Item(text, previous, "a.csv, line 2", "needs-review", 0.5, kinds, evidence, (), "m-1")


ROW = json.dumps(
    {"text": "a", "previous": None, "types": [], "rationale": [], "verdict": "compliant", "who": "nora",
     "when": "2026-11-02T09:00:00+00:00", "model": "m-1", "shown": None, "probability": 0.5, "source": "a.csv"}
).encode()  # fmt: skip
"""A line as the first version wrote it."""
ITEMS = [item(MUG, *MARKS), item(ASK, previous="I love it!"), item("Your parcel left today.")]


def label(path: Path, typed: str, items: Sequence[Item] = ITEMS) -> tuple[Session, list[dict[str, Any]], str]:
    """What a session that gets these keys did, wrote and showed."""
    console = Console(record=True, width=200, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    with console.file, open_journal(path) as journal:
        session = run(items, journal, written_keys(typed), console.print, who="nora")
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
    return session, rows, console.export_text()


def quoted(row: dict[str, Any]) -> list[tuple[str, str]]:
    return [(row["text"][r["start"] : r["end"]], r["type"]) for r in row["rationale"]]


def test_the_models_types_and_marks_are_taken_with_two_keys(tmp_path: Path) -> None:
    session, rows, _ = label(tmp_path / "l.jsonl", "v\n")
    assert session == Session(labelled=1, skipped=0, left=2)
    assert rows[0]["verdict"] == "review-soliciting"
    assert rows[0]["types"] == ["positive_request", "incentive"]
    # Words that decide are marked wherever they stand, as the rules of the dataset want it.
    assert quoted(rows[0]) == [
        ("leave us 5 stars", "positive_request"), ("get a mug", "incentive"), ("Get a mug", "incentive"),
    ]  # fmt: skip
    assert (rows[0]["who"], rows[0]["model"], rows[0]["shown"]) == ("nora", "m-1", "needs-review")
    assert rows[0]["marked_by"] == "model"
    assert rows[0]["when"].endswith("+00:00")


def test_types_are_toggled_and_words_typed(tmp_path: Path) -> None:
    typed = "s" + "v4\n" + "mno such words\nshare THAT\n\n" + "\n"
    session, rows, shown = label(tmp_path / "l.jsonl", typed)
    assert (session.labelled, session.skipped) == (1, 1)
    assert rows[0]["types"] == ["selective"]
    assert quoted(rows[0]) == [("share that", "selective")]
    assert rows[0]["marked_by"] == "person"
    assert rows[0]["previous"] == "I love it!"
    assert "marks nothing for selective" in shown
    assert "these words are not in the text" in shown


def test_as_many_numbers_are_told_as_there_are_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later = replace(load_policy(), types={**load_policy().types, "newer": load_policy().types["insider"]})
    for module in ("editing", "screen"):
        monkeypatch.setattr(f"reviewguard.labelling.{module}.load_policy", lambda: later)
    _, _, shown = label(tmp_path / "l.jsonl", "v9q")
    assert "[9x] newer" in shown
    assert "1–9 types" in shown


def test_mistyped_words_are_erased_and_escape_keeps_what_was_marked(tmp_path: Path) -> None:
    _, rows, _ = label(tmp_path / "l.jsonl", "m5 starX\x7fs\n\n\x1b\n")
    assert quoted(rows[0])[0] == ("5 stars", "positive_request")
    assert ("get a mug", "incentive") in quoted(rows[0])


def test_what_stands_only_inside_words_is_not_marked(tmp_path: Path) -> None:
    _, rows, shown = label(tmp_path / "l.jsonl", "m" + "star\n5 stars\n\n" + "g\n\n" + "\n")
    assert quoted(rows[0]) == [
        ("5 stars", "positive_request"),
        ("get a mug", "incentive"),
        ("Get a mug", "incentive"),
    ]
    assert shown.count("type whole words") == 2


def test_after_words_that_are_not_there_enter_still_keeps_what_is_marked(tmp_path: Path) -> None:
    prompts = list[str]()
    keys = Keys(iter([*"mnothing\n\n", "\n", *"\n", ""]).__next__, prompts.append)
    with open_journal(tmp_path / "l.jsonl") as journal:
        run([item(MUG, MARKS[0])], journal, keys, lambda _: None, who="nora")
    assert [p for p in prompts if p.startswith(("words", "more"))] == [
        "words for positive_request (Enter keeps: leave us 5 stars): "
    ] * 2


def test_the_message_is_shown_again_after_going_back_from_its_types(tmp_path: Path) -> None:
    _, rows, shown = label(tmp_path / "l.jsonl", "vbc")
    assert (shown.count("1 of 3"), rows[0]["types"]) == (2, [])
    assert shown.index("b back") < shown.rindex("1 of 3")


def test_a_neutral_ask_is_compliant_with_its_type(tmp_path: Path) -> None:
    _, rows, _ = label(tmp_path / "l.jsonl", "sn" + "m" + ASK + "\n\n\n")
    assert (rows[0]["verdict"], rows[0]["types"]) == ("compliant", ["neutral_request"])
    assert quoted(rows[0]) == [(ASK, "neutral_request")]


def test_a_verdict_that_the_types_deny_is_not_saved(tmp_path: Path) -> None:
    session, rows, shown = label(tmp_path / "l.jsonl", "ssv\nb" + "c")
    assert "these types make it compliant" in shown
    assert (session.labelled, rows[0]["types"]) == (1, [])


def test_undo_goes_back_over_labels_skips_and_sessions(tmp_path: Path) -> None:
    path = tmp_path / "l.jsonl"
    session, rows, _ = label(path, "csuuv\n")
    assert (session.labelled, session.skipped) == (1, 0)
    assert rows[0]["verdict"] == "review-soliciting"
    session, rows, shown = label(path, "uu")
    assert rows == []
    assert "nothing to undo" in shown
    assert session.left == 3


def test_the_last_label_can_be_taken_back_at_once_and_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "l.jsonl"
    session, rows, shown = label(path, "cccuc")
    assert "u takes the last one back" in shown
    assert (session.labelled, len(rows)) == (3, 3)
    session, rows, _ = label(path, "uq")
    assert (session.left, len(rows)) == (1, 2)
    session, rows, _ = label(path, "cx")
    assert (session.left, len(rows)) == (0, 3)


def test_messages_before_a_label_of_an_earlier_session_that_is_taken_back_come_still(tmp_path: Path) -> None:
    path = tmp_path / "l.jsonl"
    label(path, "sscq")
    session, rows, _ = label(path, "uccc")
    assert session == Session(labelled=3, skipped=0, left=0)
    assert [row["text"] for row in rows] == [ITEMS[2].text, ITEMS[0].text, ITEMS[1].text]
    path.unlink()
    label(path, "sscq")
    session, rows, _ = label(path, "uscc")
    assert session == Session(labelled=2, skipped=1, left=1)


def test_a_key_press_does_not_look_at_all_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tens of thousands of messages, and thousands of labels, must not slow down the next one."""
    looked: list[Row] = []
    key = session_module._key
    monkeypatch.setattr(session_module, "_key", lambda row: looked.append(row) or key(row))
    items = [item(f"Parcel {number} left today.") for number in range(300)]
    session, _, _ = label(tmp_path / "l.jsonl", "cs" * 30 + "q", items)
    assert session == Session(labelled=30, skipped=30, left=270)
    assert len(looked) <= 60


def test_the_next_start_goes_on_and_skipped_ones_come_again(tmp_path: Path) -> None:
    path = tmp_path / "l.jsonl"
    label(path, "csq")
    session, rows, shown = label(path, "cc")
    assert "1 of 3" not in shown
    assert "2 of 3" in shown
    assert [row["text"] for row in rows] == [i.text for i in ITEMS]
    assert session.left == 0


def test_a_half_written_line_is_dropped_and_a_whole_one_kept(tmp_path: Path) -> None:
    path = tmp_path / "l.jsonl"
    label(path, "c")
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:30])
    _, rows, _ = label(path, "")
    assert len(rows) == 1
    path.write_bytes(whole[:-1])
    _, rows, _ = label(path, "")
    assert len(rows) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"body,rg_verdict\nHi,compliant\nleave 5 stars,review-soliciting",
        b"one line of notes",
        b'{"text": "a"}\nnotes\n{"text": "b"}',
        b'{"text": "a"}\nnotes\n{"text": "hal',
        b'{"text": "a", "order": "999-1234567-7654321"}\n',
        b'{"text": "a", "types": []}\n{"text": "b", "types": []}',
        b'{"text": "a"}',
        ROW + b'\n{"text": "b", "types": []}\n',
        "größer\n{}".encode("latin-1"),
        "größer".encode("latin-1"),
        "größer\n".encode("latin-1"),
        '{"text": "größer"}'.encode("latin-1") + b"\n{}",
    ],
)
def test_a_file_that_holds_no_labels_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes"
    path.write_bytes(content)
    with pytest.raises(InputError), open_journal(path):
        pass
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_line_cut_within_a_letter_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "l.jsonl"
    for cut in (b'{"te', '{"text": "größer'.encode()[:13]):
        path.write_bytes(ROW + b"\n" + cut)
        with open_journal(path) as journal:
            assert journal.rows == [json.loads(ROW)]


@pytest.mark.parametrize("link", [False, True])
def test_labels_are_not_written_into_the_file_to_label(tmp_path: Path, link: bool) -> None:
    source = tmp_path / "scored.jsonl"
    source.write_text('{"text": "a"}')
    target = tmp_path / "again" / ".." / "link.jsonl" if link else source
    (tmp_path / "again").mkdir()
    if link:
        target.symlink_to(source)
    told = r"is the file to label\n  expected: .*\n  to fix: "
    with pytest.raises(InputError, match=told), open_journal(target, source):
        pass
    assert source.read_text() == '{"text": "a"}'


def test_a_full_disk_leaves_the_labels_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "l.jsonl"
    label(path, "c")
    before = path.read_bytes()

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(InputError, match="No space left"):
        label(path, "c")
    assert path.read_bytes() == before


def test_a_disk_that_takes_half_a_line_keeps_the_labels_before(tmp_path: Path) -> None:
    path = tmp_path / "l.jsonl"
    label(path, "c")
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 50, limits[1]))
    try:
        with pytest.raises(InputError, match="File too large"):
            label(path, "c")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert len(label(path, "c")[1]) == 2


def test_a_label_of_a_file_whose_name_is_no_utf8_can_be_taken_back(tmp_path: Path) -> None:
    path, row = tmp_path / "l.jsonl", json.loads(ROW) | {"source": "shop\udce9.csv, line 2"}
    with open_journal(path) as journal:
        journal.append(row)
        journal.append(row)
        journal.undo()
    assert [json.loads(line)["source"] for line in path.read_text().splitlines()] == ["shop?.csv, line 2"]


def test_two_people_do_not_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "l.jsonl"
    with open_journal(path), pytest.raises(InputError, match="in use"), open_journal(path):
        pass
    with open_journal(path):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("Rate it. Do RATE  it", "rate it", ["Rate it", "RATE  it"]),
        ("reviewers review", "review", ["review"]),
        ("5 stars!!", "stars!", ["stars!"]),
        ("a b", " ", []),
        ("Don’t wait: five\u200b stars", "don't wait: five stars", ["Don’t wait: five\u200b stars"]),
        ("rate us, and don't wait", "don’t wait", ["don't wait"]),
        ("Then rate us . Rate us now. Rate us", ". Rate us", [". Rate us", ". Rate us"]),
    ],
)
def test_words_are_found_whatever_their_case_and_spaces(text: str, words: str, found: list[str]) -> None:
    assert [text[a:b] for a, b in find_words(text, words)] == found


def scored_csv(path: Path, *rows: tuple[str, str, str, str, str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["body", "rg_verdict", "rg_types", "rg_marked", "rg_previous", "rg_probability", "rg_model"]
        )
        writer.writerows([*row, "0.7", "m-1"] for row in rows)
    return path


def test_flagged_rows_of_a_scored_table_come_with_their_marks_once_each(tmp_path: Path) -> None:
    overlapping = (
        Evidence(0, 8, "Love it?", "selective", 1.0),
        Evidence(5, 16, "it? 5 stars", "positive_request", 1.0),
    )
    text = "Love it? 5 stars please"
    flagged = (text, "review-soliciting", "selective positive_request", bracketed(text, overlapping), "")
    path = scored_csv(
        tmp_path / "s.csv",
        flagged,
        ("Left today", "compliant", "", "", ""),
        flagged,
        ("[a|b] five stars", "needs-review", "positive_request", "[a|b] [five stars|positive_request]", "Hm"),
        ("A buyer", "", "", "", ""),
    )
    found = read_items(path, ReadOptions())
    assert [(i.text, i.previous) for i in found] == [(text, None), ("[a|b] five stars", "Hm")]
    assert found[0].evidence == overlapping
    assert found[0].types == ("selective", "positive_request")
    assert len(read_items(path, ReadOptions(), everything=True)) == 3


def test_of_a_template_sent_many_times_the_first_is_asked_about_and_the_rest_counted(tmp_path: Path) -> None:
    def sent(name: str, product: str, previous: str = "", ask: str = "Leave us 5 stars") -> tuple[str, ...]:
        text = f"Dear {name}, thank you for choosing our {product}, we hope that you like it. {ask} and get a mug."
        evidence = (Evidence(text.index(ask), len(text) - 1, text[text.index(ask) : -1], "incentive", 1.0),)
        return text, "review-soliciting", "incentive", bracketed(text, evidence), previous

    rows = [
        sent("Mia", "kettle"),
        sent("Tom", "lamp"),
        sent("Ada", "kettle", "I love it!"),
        sent("Bo", "rug"),
        sent("Eve", "rug", ask="Delete your rating"),
    ]
    path, said = scored_csv(tmp_path / "s.csv", *rows), list[str]()
    assert [i.text for i in read_items(path, ReadOptions(), note=said.append)] == [
        rows[n][0] for n in (0, 2, 4)
    ]
    assert [line.partition(";")[0] for line in said] == ["copies left out: 2"]
    assert len(read_items(path, ReadOptions(), sample=5)) == 5


def test_a_mark_within_a_longer_one_comes_back_from_a_scored_table(tmp_path: Path) -> None:
    text = "Tell your cousin to give us five stars please"
    nested = (
        Evidence(0, 38, text[:38], "insider", 1.0),
        Evidence(0, 45, text, "pressure", 1.0),
        Evidence(20, 38, text[20:38], "positive_request", 1.0),
    )
    row = (text, "review-soliciting", "insider positive_request pressure", bracketed(text, nested), "")
    (found,) = read_items(scored_csv(tmp_path / "s.csv", row), ReadOptions())
    assert set(found.evidence) == set(nested)


def test_a_scored_row_without_its_words_is_counted(tmp_path: Path) -> None:
    said = list[str]()
    scored = scored_csv(
        tmp_path / "s.csv", ("", "review-soliciting", "", "", ""), (ASK, "needs-review", "", "", "")
    )
    assert [item.text for item in read_items(scored, ReadOptions(), note=said.append)] == [ASK]
    assert said and said[0].startswith("1 row could not be read")


def test_rows_that_cannot_be_read_are_counted_before_labelling(tmp_path: Path) -> None:
    scored = tmp_path / "scored.jsonl"
    scored.write_text(
        json.dumps({"text": ASK, "rg_verdict": "review-soliciting"}) + '\n{"text": "torn\n[2]\n'
    )
    said = list[str]()
    assert len(read_items(scored, ReadOptions(), note=said.append)) == 1
    assert [line.partition(" left")[0] for line in said] == ["2 rows could not be read and were"]


def test_a_model_is_refused_for_a_file_that_holds_verdicts(tmp_path: Path) -> None:
    scored = scored_csv(tmp_path / "s.csv", (ASK, "needs-review", "", "", ""))
    with pytest.raises(InputError, match="holds verdicts"):
        read_items(scored, ReadOptions(), model=tmp_path)


def test_a_scored_file_is_known_by_its_first_line_that_can_be_read(tmp_path: Path) -> None:
    scored = tmp_path / "scored.jsonl"
    scored.write_text('{"text": "torn\n' + json.dumps({"text": "Bye", "rg_verdict": "review-soliciting"}))
    assert [(item.text, item.shown) for item in read_items(scored, ReadOptions())] == [
        ("Bye", "review-soliciting")
    ]


def test_of_scored_lines_edited_by_hand_what_can_be_read_is_shown(tmp_path: Path) -> None:
    good = {"start": 0, "end": len(ASK), "text": ASK, "type": "positive_request", "weight": 1.0}
    bad = ["words", {"start": 0}, good | {"start": "0"}, good | {"type": ["x"]}, good | {"end": 1}]
    row = {
        "body": ASK,
        "rg_verdict": "review-soliciting",
        "rg_types": ["positive_request", {"type": "incentive"}, {}, None, 5, "praise"],
        "rg_evidence": [*bad, good],
    }
    path = tmp_path / "scored.jsonl"
    path.write_text(json.dumps(row))
    (item,) = read_items(path, ReadOptions())
    assert item.types == ("positive_request", "incentive")
    assert item.evidence == (Evidence(**good),)


def test_messages_that_suggest_chose_are_asked_though_called_compliant(tmp_path: Path) -> None:
    path = tmp_path / "to_label.jsonl"
    chosen = {"body": ASK, "rg_verdict": "compliant", "rg_suggest_reason": "below the lower threshold"}
    other = {"body": "Your parcel left today.", "rg_verdict": "compliant", "rg_suggest_reason": ""}
    path.write_text("\n".join(map(json.dumps, [chosen, other])))
    assert [item.text for item in read_items(path, ReadOptions())] == [ASK]


def test_a_sample_is_drawn_from_all_whatever_the_model_says_and_is_the_same_again(tmp_path: Path) -> None:
    verdicts = ("compliant",) * 8 + ("needs-review", "review-soliciting")
    rows = [(f"Parcel {i} left", verdict, "", "", "") for i, verdict in enumerate(verdicts)]
    path = scored_csv(tmp_path / "s.csv", *rows, *rows)

    def drawn(sample: int, seed: int) -> list[str]:
        return [item.text for item in read_items(path, ReadOptions(), sample=sample, seed=seed)]

    samples = [drawn(3, seed) for seed in range(200)]
    assert all(len(set(texts)) == 3 for texts in samples)
    counts = Counter(text for texts in samples for text in texts)
    assert len(counts) == 10 and min(counts.values()) > 35
    assert drawn(3, 7) == samples[7]
    assert drawn(2, 7) == samples[7][:2]
    assert set(drawn(50, 1)) == {row[0] for row in rows}


def test_the_quote_before_a_formula_is_no_part_of_a_scored_message(tmp_path: Path) -> None:
    text, marked = "=Leave 5 stars", "=Leave [5 stars|positive_request]"
    row = (f"'{text}", "review-soliciting", "positive_request", f"'{marked}", "'@shop hm?")
    (found,) = read_items(scored_csv(tmp_path / "s.csv", row), ReadOptions())
    assert (found.text, found.previous) == (text, "@shop hm?")
    assert found.evidence == (Evidence(7, 14, "5 stars", "positive_request", 1.0),)


def test_a_probability_may_have_a_decimal_comma_or_be_no_number(tmp_path: Path) -> None:
    for cell, expected in (("0,71", 0.71), ("0.71", 0.71), ("", None), ("high", None)):
        path = tmp_path / "s.csv"
        path.write_text(f'body,rg_verdict,rg_probability\nFive stars,needs-review,"{cell}"\n', "utf-8")
        assert [item.probability for item in read_items(path, ReadOptions())] == [expected]


def test_names_that_a_rows_columns_give_are_written_beside_the_label(tmp_path: Path) -> None:
    source = tmp_path / "s.csv"
    source.write_text('buyer_name,body,rg_verdict\nOttoline,"Ottoline, 5 stars?",needs-review\n', "utf-8")
    _, rows, _ = label(tmp_path / "l.jsonl", "c", read_items(source, ReadOptions()))
    assert rows[0]["names"] == ["Ottoline"]


def test_the_name_in_the_buyers_row_is_written_beside_the_label_of_the_answer(tmp_path: Path) -> None:
    source = tmp_path / "s.csv"
    source.write_text(
        "order_id,from,direction,message,rg_verdict\n"
        "999-1234567-7654321,Ottoline Marsh,inbound,The lamp is late.,\n"
        "999-1234567-7654321,Example Shop,outbound,It left. 5 stars?,needs-review\n"
        "999-1234567-7654322,Example Shop,outbound,5 stars?,needs-review\n"
    )
    found = read_items(source, ReadOptions())
    assert [item.details.names for item in found] == [("Ottoline Marsh",), ()]


def test_numbers_in_the_rows_of_a_conversation_are_written_beside_the_label(tmp_path: Path) -> None:
    source = tmp_path / "s.csv"
    source.write_text(
        "order number,phone,direction,message,rg_verdict\n"
        "#DE-4711-88213,4155550,inbound,The lamp is late.,\n"
        "#DE-4711-88213,,outbound,It left. 5 stars?,needs-review\n"
    )
    _, rows, _ = label(tmp_path / "l.jsonl", "c", read_items(source, ReadOptions()))
    assert sorted(rows[0]["numbers"]) == [
        ["#DE-4711-88213", "[order-id]"],
        ["4155550", "[phone]"],
        ["DE-4711-88213", "[order-id]"],
    ]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".jsonl", ".parquet"])
def test_the_message_that_map_named_is_shown_though_another_column_has_its_name(
    tmp_path: Path, suffix: str
) -> None:
    source, scored = tmp_path / "map.csv", tmp_path / f"scored{suffix}"
    source.write_text(f'order_id,message,Reply text\n1,"I love it, thank you!",{ASK}\n')
    given = {"text": "Reply text", "previous": "message"}
    with work_folder(scored) as folder, Workspace(folder.work_file) as workspace:
        workspace.add(read_records([source], ReadOptions(columns=given)))
        workspace.remember(profile="amazon", model="fake-1")
        for chunk in workspace.pending():
            workspace.store(chunk, [Verdict(None, "needs-review", 0.5) for _ in workspace.messages(chunk)])
        write_output(workspace, folder)
    assert [item.key for item in read_items(scored, ReadOptions())] == [(ASK, "I love it, thank you!")]


def test_structured_output_gives_the_same_verdict_back(tmp_path: Path) -> None:
    types = (TypeScore("positive_request", 0.9), TypeScore("incentive", 0.8))
    verdict = Verdict(
        "1", "review-soliciting", 0.9, types, MARKS, reasons=("long: cut",), model="m-1", text=MUG
    )
    row = ScoredRecord(1, Record("x.csv", "line 2", {"body": MUG}, MUG), "Hm?", verdict)
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps({"body": MUG} | structured(row)) + "\n", "utf-8")
    (found,) = read_items(path, ReadOptions())
    assert (found.evidence, found.previous, found.reasons) == (MARKS, "Hm?", ("long: cut",))
    assert (found.shown, found.probability, found.model) == ("review-soliciting", 0.9, "m-1")


COMMAND = [sys.executable, "-c", "from reviewguard.cli import main; main()", "label"]


@pytest.fixture
def scored(tmp_path: Path) -> Path:
    marked = "Hi, [leave us 5 stars|positive_request] please."
    return scored_csv(
        tmp_path / "scored.csv",
        ("Hi, leave us 5 stars please.", "review-soliciting", "positive_request", marked, ""),
        ("Could you share that?", "needs-review", "", "", "I love it!"),
    )


def labels(scored: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in scored.with_name("scored.labels.jsonl").read_text("utf-8").splitlines()
    ]


def test_keys_from_a_pipe(scored: Path) -> None:
    done = subprocess.run(
        [*COMMAND, str(scored), "--who", "nora"],
        input="v\nc",
        text=True,
        capture_output=True,
        timeout=300,
        check=True,
    )
    assert [row["types"] for row in labels(scored)] == [["positive_request"], []]
    assert "2 labelled, 0 skipped, 0 left" in done.stdout


def test_the_command_does_not_write_into_its_input(scored: Path) -> None:
    before = scored.read_bytes().rstrip()
    scored.write_bytes(before)
    done = subprocess.run(
        [*COMMAND, str(scored), "--out", str(scored)],
        input="c",
        text=True,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 2
    assert "is the file to label" in done.stderr
    assert scored.read_bytes() == before


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("scored.csv", "scored"),
        ("sent.2024-11.csv", "sent.2024-11"),
        ("Sent.2024-12", "Sent.2024-12"),
        ("tickets.11.JSON.gz", "tickets.11"),
    ],
)
def test_labels_of_two_exports_are_two_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, expected: str
) -> None:
    opened: list[Path] = []

    def note(path: Path, source: Path) -> NoReturn:
        opened.append(path)
        raise InputError("noted")

    monkeypatch.setattr("reviewguard.labelling.journal.open_journal", note)
    with pytest.raises(InputError, match="noted"):
        label_command(tmp_path / file)
    assert opened == [tmp_path / f"{expected}.labels.jsonl"]


@pytest.mark.parametrize("file", [".", ".."])
def test_a_file_of_labels_needs_a_name(file: str) -> None:
    done = subprocess.run([*COMMAND, file], capture_output=True, text=True, input="", check=False)
    assert done.returncode == 2
    assert "name it with --out" in done.stderr
    assert "Traceback" not in done.stderr


def wait_for(handle: int, words: str) -> str:
    seen, end = b"", time.monotonic() + 90
    while words.encode() not in seen:
        assert select.select([handle], [], [], max(0.0, end - time.monotonic()))[0], seen
        seen += os.read(handle, 4096)
    return seen.decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("pasted", "answers"),
    [
        ("\x1b[200~5 stars\n\n\tand a mug\nc\x1b[201~\r", ["5 stars and a mug c", "typed"]),
        ("5 stars\n\nc and a mug\n", ["5 stars", "typed"]),  # a terminal that does not mark what is pasted
        ("\x1b[200~\n\x1b[201~\r", ["", "typed"]),
        ("a \x1b[Dno\r", [None, "typed"]),  # an arrow gives up, as ESCAPE does
    ],
)
def test_what_is_pasted_is_one_answer_and_its_lines_are_no_keys(
    monkeypatch: pytest.MonkeyPatch, pasted: str, answers: list[str | None]
) -> None:
    master, slave = pty.openpty()
    with os.fdopen(slave, "r", closefd=False) as stdin, os.fdopen(slave, "w") as stdout:
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr(sys, "stdout", stdout)
        with standard_keys() as keys:
            wait_for(master, "\x1b[?2004h")
            os.write(master, pasted.encode())
            found = [keys.line("words: ")]
            os.write(master, b"\x1b[200~cq\x1b[201~typed\r")
            assert keys.key() == "t"
            found.append(f"t{keys.line('')}")
        wait_for(master, "\x1b[?2004l")
    os.close(master)
    assert found == answers


def test_single_keys_in_a_terminal_and_nothing_lost_when_killed(scored: Path) -> None:
    """A label is on disk when it is shown as saved; the terminal is as before once the command ends."""
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    command = [*COMMAND, str(scored), "--who", "nora"]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave)

    killed = start()
    wait_for(master, "1 of 2")
    os.write(master, b"\x1b[Cv\r")  # an arrow key is none of ours
    wait_for(master, "2 of 2")
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert [row["verdict"] for row in labels(scored)] == ["review-soliciting"]

    termios.tcsetattr(slave, termios.TCSANOW, before)
    again = start()
    wait_for(master, "2 of 2")
    os.write(master, b"q")
    wait_for(master, "1 left")
    assert again.wait(60) == 0
    assert termios.tcgetattr(slave) == before
    assert len(labels(scored)) == 1
    os.close(master)
    os.close(slave)


def test_a_row_that_score_could_not_read_is_counted_before_labelling(tmp_path: Path) -> None:
    path = tmp_path / "scored.csv"
    path.write_text(f"body,rg_verdict,rg_error\n{ASK},review-soliciting,\n,,cut off\nBought,,\n")
    said = list[str]()
    assert len(read_items(path, ReadOptions(), note=said.append)) == 1
    assert [line.partition(" left")[0] for line in said] == ["1 row could not be read and was"]


def test_no_folder_is_made_beside_a_file_that_is_not_there(tmp_path: Path) -> None:
    folder = tmp_path / "mistyped"
    with (
        pytest.raises(InputError, match=r"b\.csv does not exist"),
        open_journal(folder / "b.labels.jsonl", folder / "b.csv"),
    ):
        pass
    assert not folder.exists()
