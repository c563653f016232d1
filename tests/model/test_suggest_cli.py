"""`reviewguard suggest` from the command line, with the tiny model."""

from __future__ import annotations

import csv
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import ROOT
from typer.testing import CliRunner, Result

from reviewguard import suggesting
from reviewguard.cli import app
from reviewguard.curation.details import remover
from reviewguard.errors import ConfigError, InputError
from reviewguard.files import read_jsonl
from reviewguard.inference.batch import ScoreOptions
from reviewguard.inference.model_folder import load
from reviewguard.labelling.queue import read_items
from reviewguard.people import Details
from reviewguard.readers.markup import has_entities, tagless_to_text
from reviewguard.readers.registry import ReadOptions, read_records
from reviewguard.suggesting import SuggestJob, suggest


@pytest.fixture(scope="module")
def texts() -> list[str]:
    rows = read_jsonl(ROOT / "data" / "messages" / "start-voices.jsonl")
    return list(dict.fromkeys(row["text"] for _, row in rows))[:120]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> Path:
    """Sellers' messages, the first of them sent three times, and a buyer's."""
    path = tmp_path_factory.mktemp("export") / "export.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "sender", "body"])
        writer.writerows([i, "seller", text] for i, text in enumerate([*texts, texts[0], texts[0]]))
        writer.writerow(["b", "buyer", "I love it, thank you so much!"])
    return path


def run(export: Path, out: Path, model: Path, *options: object) -> Result:
    fixed = [str(export), "--out", str(out), "--model", str(model), "--workers", "1"]
    return CliRunner().invoke(app, ["suggest", *fixed, *map(str, options)])


def rows(path: Path) -> list[dict[str, Any]]:
    return [row for _, row in read_jsonl(path)]


def test_it_writes_rows_with_verdicts_and_reasons(
    export: Path, texts: list[str], tiny_model_dir: Path, tmp_path: Path
) -> None:
    out, labelled = tmp_path / "to_label.jsonl", tmp_path / "labelled.jsonl"
    labelled.write_text(json.dumps({"text": texts[3], "types": []}) + "\n")
    result = run(export, out, tiny_model_dir, "-n", 8, "--labelled", labelled)
    assert result.exit_code == 0, result.output
    assert f"Written: {out}, 8 messages" in result.output.replace("\n", " ")
    chosen = rows(out)
    cuts = load(tiny_model_dir).settings.profiles["amazon"]
    assert len({row["body"] for row in chosen}) == 8
    assert texts[3] not in {row["body"] for row in chosen}
    for row in chosen:
        inside = cuts.lower <= row["rg_probability"] < cuts.upper
        assert row["rg_suggest_reason"].startswith("between the thresholds") == inside
        assert "labelled" in row["rg_suggest_reason"]
        assert row["rg_verdict"]
    as_read = {record.values["body"]: record.text for record in read_records([export], ReadOptions())}
    plain = {body: text for body, text in as_read.items() if "<" not in body}
    assert all(
        text == (tagless_to_text(body) if has_entities(body) else body) for body, text in plain.items()
    )
    assert [r.text for r in read_records([out], ReadOptions())] == [as_read[row["body"]] for row in chosen]


def test_rows_that_cannot_be_read_are_counted(tiny_model_dir: Path, tmp_path: Path) -> None:
    torn = tmp_path / "torn.jsonl"
    torn.write_text('{"text": "Your kettle left today."}\n{"text": "Your k\n')
    result = run(torn, tmp_path / "out.jsonl", tiny_model_dir)
    assert "1 row could not be read and was left out" in result.output.replace("\n", " ")


def test_more_are_looked_at_where_the_least_certain_are_alike(
    texts: list[str], tiny_model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export, out = tmp_path / "export.csv", tmp_path / "out.jsonl"
    with export.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["body"], *([text] for text in texts[:40])])
    monkeypatch.setattr(suggesting, "PER_PICK", 1)
    result = run(export, out, tiny_model_dir, "-n", 12)
    assert len(rows(out)) == 12
    assert "taken for the seller's" in " ".join(result.output.split())


def test_nothing_to_choose_from_is_said(tiny_model_dir: Path, tmp_path: Path) -> None:
    export, out = tmp_path / "export.csv", tmp_path / "out.jsonl"
    export.write_text("body\nVielen Dank für Ihre Bestellung und bis zum nächsten Mal.\n", "utf-8")
    result = run(export, out, tiny_model_dir)
    assert "Nothing to choose from" in result.output
    assert "Next" not in result.output


def test_what_has_a_label_is_not_chosen_again_though_labels_hold_no_names(
    texts: list[str], tiny_model_dir: Path, tmp_path: Path
) -> None:
    people = ["Wilhelmina Achterberg", "Cosmo Pettigrew", "Oluwaseun Adebayo"]
    named = [
        f"Dear {person}, if you like it, five stars please, {person.split()[0]}! Call 212-868-1234."
        for person in people
    ]
    with (tmp_path / "export.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "sender", "buyer_name", "body"])
        writer.writerows([i, "seller", "", text] for i, text in enumerate(texts))
        writer.writerows(
            [f"n{i}", "seller", person, text]
            for i, (person, text) in enumerate(zip(people, named, strict=True))
        )
    stored = [remover(Details((person,)))(text)[-1].text for person, text in zip(people, named, strict=True)]
    labelled = tmp_path / "labelled.jsonl"
    assert not any(name in text for text in stored for person in people for name in person.split())
    for known, chosen in (
        (["Your parcel left today."], 1),
        (stored, 0),
        (named, 0),
    ):  # they say the same but for names
        labelled.write_text("".join(json.dumps({"text": text, "types": []}) + "\n" for text in known))
        out = tmp_path / "out.jsonl"
        export = tmp_path / "export.csv"
        assert run(export, out, tiny_model_dir, "-n", 500, "--labelled", labelled).exit_code == 0
        assert len([row for row in rows(out) if row["body"] in named]) == chosen


def test_labels_without_what_the_buyers_row_tells_are_known_again(
    tiny_model_dir: Path, tmp_path: Path
) -> None:
    export, labelled, out = (tmp_path / name for name in ("export.csv", "labelled.jsonl", "out.jsonl"))
    export.write_text(
        "ticket_id,phone,direction,message\n7,4155550,inbound,Any news?\n7,,outbound,We text you at 4155550 soon.\n"
    )
    for text, chosen in (("Your parcel left today.", 1), ("We text you at [phone] soon.", 0)):
        labelled.write_text(json.dumps({"text": text, "previous": "Any news?", "types": []}) + "\n")
        assert run(export, out, tiny_model_dir, "--labelled", labelled).exit_code == 0
        assert len(rows(out)) == chosen


def test_the_same_text_after_other_words_of_the_buyer_is_chosen(tiny_model_dir: Path, tmp_path: Path) -> None:
    row = {"previous": "I love it, thank you! Best lamp ever.", "text": "Could you share that in a review?"}
    export, labelled, out = (tmp_path / name for name in ("export.jsonl", "labelled.jsonl", "out.jsonl"))
    export.write_text(json.dumps(row) + "\n")
    for known, chosen in ((row | {"previous": None}, 1), (row, 0)):
        labelled.write_text(json.dumps(known) + "\n")
        assert run(export, out, tiny_model_dir, "--labelled", labelled).exit_code == 0
        assert len(rows(out)) == chosen


def test_what_the_buyers_row_tells_of_people_comes_with_the_answer(
    tiny_model_dir: Path, tmp_path: Path
) -> None:
    export, out = tmp_path / "export.csv", tmp_path / "out.jsonl"
    export.write_text(
        "ticket_id,order number,from,direction,message\n"
        "7,DE-4711-88213,Ottoline Marsh,inbound,The lamp is late.\n"
        "7,,Example Shop,outbound,It left with DE-4711-88213 today. Could you leave us a review please?\n"
        "8,,Example Shop,outbound,Where should we send the new lid to please?\n"
    )
    suggest(
        SuggestJob((str(export),), out, labelled=(), model=tiny_model_dir, options=ScoreOptions(workers=1))
    )
    found = {item.text[:7]: item.details for item in read_items(out, ReadOptions())}
    assert found == {
        "It left": Details(("Ottoline Marsh",), {"DE-4711-88213": "[order-id]"}),
        "Where s": Details(),
    }


EXAMPLES = sorted(
    path.name
    for path in (ROOT / "data" / "examples").iterdir()
    if path.name != "templates" and not path.name.endswith(".expected.json")
)


@pytest.mark.parametrize("name", EXAMPLES)
def test_label_reads_what_suggest_wrote_of_any_export(
    name: str, tiny_model_dir: Path, tmp_path: Path
) -> None:
    out = tmp_path / "to_label.jsonl"
    inputs, options = (str(ROOT / "data" / "examples" / name),), ScoreOptions(workers=1)
    job = SuggestJob(inputs, out, labelled=(), model=tiny_model_dir, options=options)
    chosen = [(item.row.record.text, item.row.previous or "") for item in suggest(job).chosen]
    found = read_items(out, ReadOptions())
    assert [item.key for item in found] == chosen
    assert chosen


def test_the_same_seed_gives_the_same_bytes(export: Path, tiny_model_dir: Path, tmp_path: Path) -> None:
    for name in ("one.jsonl", "other.jsonl"):
        assert run(export, tmp_path / name, tiny_model_dir, "-n", 6).exit_code == 0
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "other.jsonl").read_bytes()


def test_where_too_little_is_left_it_says_so(
    export: Path, texts: list[str], tiny_model_dir: Path, tmp_path: Path
) -> None:
    labelled, out = tmp_path / "labelled.jsonl", tmp_path / "to_label.jsonl"
    labelled.write_text("".join(json.dumps({"text": text, "types": []}) + "\n" for text in texts))
    result = run(export, out, tiny_model_dir, "-n", 50, "--labelled", labelled)
    assert result.exit_code == 0, result.output
    left = rows(out)
    assert len(left) < 10
    assert all(row["rg_text"] for row in left)  # their markup was taken out, so they read differently
    assert "Fewer than 50" in result.output


def test_unusable_outputs_and_labels_are_refused_before_scoring(export: Path, tmp_path: Path) -> None:
    bad = tmp_path / "labels.jsonl"
    bad.write_text('{"types": []}\n')
    for job, message in (
        (SuggestJob((str(export),), tmp_path / "out.csv", model=Path("/nowhere")), "jsonl"),
        (SuggestJob((str(bad),), bad, model=Path("/nowhere")), "also an input"),
        (SuggestJob((str(export),), bad, labelled=(tmp_path,), model=Path("/nowhere")), "among the labels"),
        (SuggestJob((str(export),), bad, labelled=(bad,), model=Path("/nowhere")), "among the labels"),
        (
            SuggestJob((str(export),), tmp_path / "o.jsonl", labelled=(bad,), model=Path("/nowhere")),
            "no `text`",
        ),
    ):
        with pytest.raises(InputError, match=message):
            suggest(job)


def test_without_scikit_learn_it_names_the_extra(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = importlib.util.find_spec
    monkeypatch.setattr(suggesting, "find_spec", lambda name: None if name == "sklearn" else known(name))
    with pytest.raises(ConfigError, match="scikit-learn") as refused:
        suggest(SuggestJob((str(export),), tmp_path / "out.jsonl"))
    assert "train" in refused.value.fix
