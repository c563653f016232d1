import json
from dataclasses import replace
from pathlib import Path

import pytest
from datasets import load_dataset
from tests.data.curation_helpers import ROW, message, write_lines

from reviewguard.curation.labels import Label, Provenance, read_labels, write_labels
from reviewguard.curation.pipeline import build, data_digest, validate
from reviewguard.curation.sources import write_messages
from reviewguard.curation.storage import load_splits, read_frozen, write_frozen
from reviewguard.errors import InputError
from reviewguard.schema import Rationale

_PRODUCTS = "kettle lamp desk rug tent mug bike scarf puzzle candle blender drill vase bag clock"
_PLACES = "Monday Leeds customs Friday Lyon storage"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    items = []
    for at, product in enumerate(_PRODUCTS.split()):
        for place in _PLACES.split():
            text = f"{product} {product}s: {place} {place}, {product[::-1]} {place[::-1]} {at}"
            ask = ("give 5 stars", "positive_request")
            bad = message(f"{text} give 5 stars", ask, id=f"{product}-{place}-b", family=text)
            items += [bad, message(text, id=f"{product}-{place}-g", family=text)]
    write_messages(tmp_path / "in" / "a.jsonl", items)
    return tmp_path / "in"


def test_the_same_messages_and_seed_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    first = build(folder, tmp_path / "one", seed=5)
    second = build(folder, tmp_path / "two", seed=5)
    assert first == second
    for name in ("train.parquet", "validation.parquet", "test.parquet", "report.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert build(folder, tmp_path / "three", seed=6).files != first.files


def test_what_is_built_is_read_back_and_opened_by_datasets(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = build(folder, out)
    splits = load_splits(out)
    assert {name: len(items) for name, items in splits.items()} == {
        name: counts["all"] for name, counts in report.splits.items()
    }
    everything = [item for items in splits.values() for item in items]
    assert data_digest(everything) == report.digest == data_digest(everything[::-1])
    opened = load_dataset(str(out), cache_dir=str(tmp_path / "cache"))
    assert list(opened) == ["train", "validation", "test"]
    row = next(row for row in opened["test"] if row["types"])
    assert row["label"] == "review-soliciting"
    stretch = row["rationale"][0]
    assert row["text"][stretch["start"] : stretch["end"]] == "give 5 stars"


def test_each_step_says_what_it_dropped_and_why(folder: Path, tmp_path: Path) -> None:
    extra = [
        ROW | {"register": "shouted"},
        ROW | {"id": "rules", "text": "Rate us 5 stars, thank you", "rationale": []},
        ROW | {"id": "privacy", "text": ROW["text"] + " jo@gmail.com"},
        ROW,
        ROW | {"id": "twice"},
    ]
    path = write_lines(folder / "b.jsonl", extra)
    report = build(folder, tmp_path / "out")
    dropped = {(item.place, item.step) for item in report.dropped}
    steps = ["schema", "rules", "privacy", "duplicates"]
    lines = [1, 2, 3, 5]
    assert dropped == {(f"{path}:{n}", step) for n, step in zip(lines, steps, strict=True)}
    assert [(step.name, step.dropped) for step in report.steps] == [(name, 1) for name in steps]
    assert report.kept == report.steps[-1].kept == report.steps[0].kept - 3
    assert len(validate(folder)) == 4
    assert json.loads((tmp_path / "out" / "report.json").read_text())["kept"] == report.kept


def test_a_changed_or_missing_file_is_refused(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(folder, out)
    (out / "test.parquet").write_bytes((out / "train.parquet").read_bytes())
    with pytest.raises(InputError, match=r"test\.parquet is missing or differs"):
        load_splits(out)
    with pytest.raises(InputError, match=r"report\.json cannot be read"):
        load_splits(tmp_path)


def test_nothing_left_is_an_error(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", ["{"])
    with pytest.raises(InputError, match="no message is left"):
        build(tmp_path, tmp_path / "out")


def test_recorded_splits_outlive_a_change_of_seed_and_of_messages(folder: Path, tmp_path: Path) -> None:
    build(folder, tmp_path / "one", seed=5)
    first = load_splits(tmp_path / "one")
    record = tmp_path / "splits.json"
    write_frozen(record, first)
    write_messages(folder / "b.jsonl", [message("A new parcel left today.", id="new-1", family="new")])
    build(folder, tmp_path / "two", seed=6, frozen=read_frozen(record))
    second = load_splits(tmp_path / "two")
    for split, items in first.items():
        assert {m.id for m in items} == {m.id for m in second[split]} - {"new-1"}


def test_a_recorded_message_stays_where_a_new_one_reads_like_it(folder: Path, tmp_path: Path) -> None:
    build(folder, tmp_path / "one", seed=5)
    first = load_splits(tmp_path / "one")
    write_frozen(tmp_path / "splits.json", first)
    twins = [replace(m, id=f"new-{m.id}", family=f"new-{m.id}") for m in first["test"]]
    write_messages(folder / "0.jsonl", twins)  # read first
    report = build(folder, tmp_path / "two", seed=6, frozen=read_frozen(tmp_path / "splits.json"))
    assert load_splits(tmp_path / "two") == first
    assert {item.step for item in report.dropped} >= {"duplicates"}


@pytest.mark.parametrize("like", ["near-duplicate", "twin"])
def test_a_message_between_two_that_are_recorded_apart_is_refused(
    folder: Path, tmp_path: Path, like: str
) -> None:
    """It reads like one of the test split, and is a near-duplicate or a twin of one of the training split."""
    letter = (
        "Your kettle left our workshop this morning, and the courier will ring twice on Thursday before noon, or leave "
        "it with whoever is at home next door."
    )
    learnt = f"{letter} The lid sits tight at first; turn it gently, Maria."
    measured = f"{letter} Sign for it with the six digits from our mail."
    between = (
        learnt.replace("Maria", "Marie") if like == "near-duplicate" else f"{letter} No one need sign at all."
    )
    write_messages(
        folder / "b.jsonl",
        [message(learnt, id="a", family="a"), message(measured, id="b", family="b")],
    )
    new = message(between, id="c", family="a", previous="Where is it?")
    frozen = {"a": "train", "b": "test"}
    assert build(folder, tmp_path / "apart", frozen=frozen).kept > 2
    write_messages(folder / "c.jsonl", [new])
    with pytest.raises(InputError, match="in different splits, first a and c"):
        build(folder, tmp_path / "out", frozen=frozen)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("rule", ["conflict", "pair"])
def test_of_what_contradicts_a_recorded_message_the_new_one_is_left_out(
    folder: Path, tmp_path: Path, rule: str
) -> None:
    build(folder, tmp_path / "one", seed=5)
    first = load_splits(tmp_path / "one")
    write_frozen(tmp_path / "splits.json", first)
    clean = next(m for m in first["test"] if not m.types)
    quote = clean.text.split()[0]
    other = {"types": ("pressure",), "rationale": (Rationale(0, len(quote), "pressure"),)}
    changed = other if rule == "conflict" else {"previous": "Where is it?", "family": "new"}
    write_messages(folder / "0.jsonl", [replace(clean, id="new-1", **changed)])  # read first
    report = build(folder, tmp_path / "two", seed=6, frozen=read_frozen(tmp_path / "splits.json"))
    assert load_splits(tmp_path / "two") == first
    assert [(item.id, item.rule) for item in report.dropped if item.step == "rules"] == [("new-1", rule)]


def test_a_record_of_splits_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*nowhere\.json"):
        read_frozen(tmp_path / "nowhere.json")


def test_a_file_that_records_no_splits_is_refused(tmp_path: Path) -> None:
    record = tmp_path / "splits.json"
    none: dict[str, object] = {"train": [], "validation": [], "test": []}
    twice = {"train": ["a"], "test": ["a"]}
    for wrong in ({"train": "ab"}, {"train": {"a": 1}}, {"train": [1]}, twice, {"train": ["a", "a"]}):
        record.write_text(json.dumps(none | wrong), "utf-8")
        with pytest.raises(InputError, match="no record of splits"):
            read_frozen(record)
    record.write_text('{"train": ["a"]}', "utf-8")
    with pytest.raises(InputError, match="no record of splits"):
        read_frozen(record)


def test_labels_share_no_id_family_or_words_with_what_stands_beside_them(
    folder: Path, tmp_path: Path
) -> None:
    build(folder, tmp_path / "plain")
    plain = load_splits(tmp_path / "plain")
    learnt, measured = plain["train"][0], plain["test"][0]
    new = message("Your new kettle leaves on Tuesday at noon.", id="lab-1", family="label")
    other = replace(new, text="Nothing of the sort was ever sent to Leeds.")
    labels = [
        new,
        replace(new, id="lab-2"),
        replace(new, id="lab-3", text=new.text.upper()),
        replace(other, id=learnt.id),
        replace(other, id="lab-5", family=measured.family),
    ]
    write_labels(tmp_path / "labels" / "a.jsonl", [Label(item, Provenance("a.csv")) for item in labels])
    report = build(folder, tmp_path / "out", labels=read_labels(tmp_path / "labels"))
    assert load_splits(tmp_path / "out")["train"] == sorted([*plain["train"], new], key=lambda m: m.id)
    rules = {item.id: item.rule for item in report.dropped}
    assert rules == {
        "lab-2": "duplicate:exact", "lab-3": "duplicate:exact", learnt.id: "unique", "lab-5": "held_out",
    }  # fmt: skip


def test_a_label_that_is_left_out_replaces_nothing(folder: Path, tmp_path: Path) -> None:
    build(folder, tmp_path / "plain")
    plain = load_splits(tmp_path / "plain")
    one, two, three = plain["train"][:3]
    labels = [replace(two, id="lab-1", family="label"), replace(one, id="lab-2", family="label")]
    told = [Provenance("a.csv", replaces=(one.id,)), Provenance("a.csv", replaces=(three.id,))]
    write_labels(tmp_path / "labels" / "a.jsonl", map(Label, labels, told))
    build(folder, tmp_path / "out", labels=read_labels(tmp_path / "labels"))
    assert load_splits(tmp_path / "out") == plain
