"""What a round of retraining learns, repeats and keeps for measuring."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from safetensors import SafetensorError
from tests.data.curation_helpers import message
from tests.faults import another_writer

from reviewguard.curation.labels import (
    Label,
    Labels,
    Provenance,
    StoredLabel,
    label_version,
    read_labels,
    write_labels,
)
from reviewguard.curation.pipeline import CurationReport, build
from reviewguard.curation.sources import write_messages
from reviewguard.curation.storage import load_splits, write_frozen
from reviewguard.errors import InputError
from reviewguard.modeling.config import TrainConfig
from reviewguard.retraining import data as round_data
from reviewguard.retraining.challenger import Start, sample, training_mix
from reviewguard.retraining.config import RetrainConfig, Settings
from reviewguard.retraining.data import Places, RoundData, curate, regression_set
from reviewguard.retraining.labels import RoundOfLabels, sort_labels
from reviewguard.retraining.retrain import _inputs, _promote, retrain
from reviewguard.retraining.round import RetrainJob
from reviewguard.retraining.store import ModelStore
from reviewguard.retraining.stored import StoredModel
from reviewguard.retraining.work import Work, full_disk
from reviewguard.schema import LabelledMessage, Rationale
from reviewguard.training import LEARNT, run_facts
from reviewguard.writer import WriteLock

WORDS = ("kettle", "lamp", "rug", "mixer", "scale", "drill", "tent", "fan", "clock", "grill", "sofa", "shelf", "radio",
         "towel", "brush", "knife")  # fmt: skip


def label(i: int, kind: str | None = "insider") -> LabelledMessage:
    word = WORDS[i % len(WORDS)]
    text = f"{i} {word * 3} for your {WORDS[(i * 7 + 3) % len(WORDS)] * 3} and {word} {i}{i}{i}"
    return message(text, *([(text, kind)] if kind else []), id=f"lab-{i:03}")


def split(train: list[LabelledMessage], learnt: Iterable[str] = (), share: float = 0.2) -> RoundOfLabels:
    ids = {m.id for m in train if m.id.startswith("lab")}
    return sort_labels(train, ids, set(learnt), share=share, least=10)


WRITTEN = [message(f"Your {word} left our house on day {i}.", id=f"m-{i:03}") for i, word in enumerate(WORDS)]


def test_a_fifth_of_the_new_labels_is_kept_whatever_their_order() -> None:
    train = [*WRITTEN, *map(label, range(20))]
    found = split(train)
    assert (len(found.known), len(found.new), len(found.held_out)) == (16, 16, 4)
    again = split(train[::-1])
    assert {m.id for m in again.held_out} == {m.id for m in found.held_out}


def test_few_new_labels_are_all_learnt() -> None:
    found = split(list(map(label, range(9))))
    assert (len(found.new), found.held_out) == (9, ())


def test_labels_that_the_champion_learnt_are_not_new() -> None:
    found = split(list(map(label, range(30))), learnt=[f"lab-{i:03}" for i in range(20)])
    assert len(found.earlier) == 20
    assert {m.id for m in (*found.new, *found.held_out)} == {f"lab-{i:03}" for i in range(20, 30)}
    assert len(found.held_out) == 2


def test_a_corrected_label_is_new_unless_only_its_id_is_known() -> None:
    other = replace(label(1), types=("incentive",))
    marked = replace(label(2), rationale=(Rationale(0, 3, "insider"),))
    train = [label(0), other, marked]
    found = split(train, learnt=map(label_version, map(label, range(3))))
    assert (found.earlier, found.new) == ((label(0),), (other, marked))
    assert split(train, learnt=[m.id for m in train]).earlier == tuple(train)


def test_what_was_kept_for_measuring_is_learnt_in_the_next_round() -> None:
    train = list(map(label, range(20)))
    first = split(train)
    more = [*train, *map(label, range(20, 36))]
    ids, learnt = {m.id for m in more}, set(map(label_version, first.new))
    measured = {m.id for m in first.held_out}
    second = sort_labels(more, ids, learnt, measured, share=0.2, least=10)
    assert set(first.held_out) <= set(second.new)
    assert len(second.held_out) == 3
    twin = replace(first.held_out[0], id="lab-twin", text=first.held_out[0].text + ".")
    again = sort_labels([*more, twin], ids | {twin.id}, learnt, measured, share=0.5, least=10)
    assert twin in again.new


def test_alike_messages_are_kept_or_learnt_together() -> None:
    twins = [
        message(f"Ask your sister to rate the big green kettle on its page {i}", id=f"lab-t{i}")
        for i in "abc"
    ]
    for share in (0.1, 0.2, 0.3, 0.4, 0.5):
        found = split([*map(label, range(17)), *twins], share=share)
        assert len({m.id in {k.id for k in found.held_out} for m in twins}) == 1
        assert len(found.held_out) <= round(share * 20)


def test_a_replay_has_the_shares_of_the_types() -> None:
    many = [message(f"{i} ask", (f"{i} ask", "incentive"), id=f"a{i}") for i in range(100)]
    few = [message(f"{i} sell", (f"{i} sell", "pressure"), id=f"b{i}") for i in range(20)]
    clean = [message(f"{i} parcel", id=f"c{i}") for i in range(280)]
    chosen = sample([*many, *few, *clean], 100, seed=1)
    assert Counter(m.types for m in chosen) == {("incentive",): 25, ("pressure",): 5, (): 70}
    assert chosen == sample([*many, *few, *clean], 100, seed=1)
    assert sample(few, 50, seed=1) == few


def test_earlier_labels_are_always_repeated_and_new_ones_multiplied() -> None:
    new = [label(0), label(1, None)]
    earlier = [label(i) for i in range(2, 6)]
    parts = RoundOfLabels(tuple(WRITTEN), tuple(earlier), tuple(new), (label(9),))
    mix = training_mix(parts, RetrainConfig(replay=6, copies=6), everything=False, augmented=0)
    ids = Counter(m.id.partition("~")[0] for m in mix.messages)
    assert all(ids[m.id] == 1 for m in earlier)
    assert ids["lab-009"] == 0
    assert 4 <= ids["lab-000"] <= 7
    assert 2 <= ids["lab-001"] <= 4
    assert len(mix.messages) == mix.replayed + mix.labels + mix.copies


def test_what_augmentation_adds_is_no_sign_of_a_new_label() -> None:
    parts = RoundOfLabels(tuple(WRITTEN), (), (label(0),), ())
    for size in (8, 60):  # more than there are: more copies of each
        mix = training_mix(parts, RetrainConfig(replay=size, copies=4), everything=False, augmented=0)
        replayed = [m for m in mix.messages if not m.id.startswith("lab")]
        copied = sum("~" in m.id for m in replayed)
        assert len(replayed) == size
        assert copied >= size // 2
        assert len({m.id for m in replayed}) == size


def test_many_new_labels_get_few_copies_each() -> None:
    parts = RoundOfLabels(tuple(WRITTEN), (), tuple(map(label, range(40))), ())
    mix = training_mix(
        parts, RetrainConfig(copies=48, copies_in_all=200, replay=0), everything=False, augmented=0
    )
    assert 160 <= mix.copies <= 200
    few = training_mix(
        parts, RetrainConfig(copies=48, copies_in_all=0, replay=0), everything=False, augmented=0
    )
    assert 120 <= few.copies <= 160


def test_without_the_weights_everything_is_learnt() -> None:
    parts = RoundOfLabels(tuple(WRITTEN), (label(3),), (label(0),), ())
    whole = training_mix(parts, RetrainConfig(replay=5, copies=0), everything=True, augmented=1)
    assert whole.replayed >= 2 * len(WRITTEN) - 1
    assert {m.id for m in (*WRITTEN, label(3), label(0))} <= {m.id for m in whole.messages}


def test_the_regression_set_holds_every_confirmed_violation_in_one_order() -> None:
    rows = [
        (label(5), "b.jsonl"),
        (label(3, None), "b.jsonl"),
        (label(4, "neutral_request"), "a.jsonl"),
        (label(1), "z.jsonl"),
    ]
    stored = [StoredLabel(item, Provenance("f"), file, line) for line, (item, file) in enumerate(rows, 1)]
    assert [m.id for m in regression_set(Labels(tuple(stored), ()))] == ["lab-001", "lab-005"]
    assert regression_set(Labels(tuple(stored[::-1]), ())) == regression_set(Labels(tuple(stored), ()))
    again = StoredLabel(label(5), Provenance("f"), "c.jsonl", 1)
    assert [m.id for m in regression_set(Labels((*stored, again), ()))] == ["lab-001", "lab-005"]


def test_a_disputed_label_confirms_no_violation(places: Places, tmp_path: Path) -> None:
    """As two branches leave it in two files, of which each adds the same message with another label."""
    for name, types in (("one", "insider"), ("other", None)):
        labels = [Label(m, Provenance("f")) for m in (label(5, types), label(1))]
        write_labels(places.labels / f"{name}.jsonl", labels)
    found = read_labels(places.labels)
    assert [m.id for m in regression_set(found)] == ["lab-000", "lab-001"]
    build(places.messages, tmp_path / "data", labels=found)
    learnt = {m.id for m in load_splits(tmp_path / "data")["train"] if m.id.startswith("lab")}
    assert learnt == {"lab-000", "lab-001"}


def test_a_wrong_behaviour_path_stops_it_before_anything_else(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "models", sync=lambda champion, challenger: ())
    with pytest.raises(InputError, match="no behaviour cases"):
        retrain(RetrainJob(behaviour=tmp_path / "none"), store, agree=lambda _: True)


def test_the_store_is_free_while_a_retraining_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ModelStore(tmp_path / "models", sync=lambda champion, challenger: ())
    refused = []

    def look(_: Path) -> None:
        with ModelStore(store.folder).writing("rollback"):
            pass
        with pytest.raises(InputError) as second:
            retrain(RetrainJob(), ModelStore(store.folder), agree=lambda _: True)
        refused.append(str(second.value))
        raise InputError("looked")

    monkeypatch.setattr(ModelStore, "champion", lambda _: StoredModel("1", tmp_path, None, {}))
    with pytest.raises(InputError, match="looked"):
        retrain(RetrainJob(), store, agree=lambda _: True, add=look)
    assert "is in use by `retrain`" in refused[0]


def test_a_challenger_of_a_replaced_champion_is_not_promoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ModelStore(tmp_path / "models", sync=lambda champion, challenger: ())
    monkeypatch.setattr(ModelStore, "champion", lambda _: StoredModel("2", tmp_path, None, {}))
    kept = StoredModel("1+1", tmp_path, None, {"gate": "passed", "parent": "1"})
    promotion, refused = _promote(store, kept, "retrained")
    assert promotion is None
    assert "measured against 1, champion is 2" in refused
    assert "models promote" not in refused  # which would be refused for the same reason


def test_a_promotion_that_others_were_in_the_way_of_may_be_done_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reviewguard.retraining.retrain.WAIT", 0)
    with another_writer(tmp_path / "models", "add"):
        kept = StoredModel("1+1", tmp_path, None, {"gate": "passed", "parent": "1"})
        _, refused = _promote(ModelStore(tmp_path / "models"), kept, "retrained")
    assert "is in use by" in refused
    assert f"to promote it: `reviewguard models promote 1+1 --models {tmp_path / 'models'}`" in refused


def test_a_promotion_waits_for_one_who_is_soon_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ModelStore, "champion", lambda _: StoredModel("2", tmp_path, None, {}))
    with another_writer(tmp_path / "models", "add") as free:
        threading.Timer(0.2, free.set).start()
        kept = StoredModel("1+1", tmp_path, None, {"gate": "passed", "parent": "1"})
        _, refused = _promote(ModelStore(tmp_path / "models"), kept, "retrained")
    assert "measured against 1, champion is 2" in refused


def test_a_round_without_the_record_of_the_splits_is_refused(tmp_path: Path) -> None:
    write_messages(tmp_path / "messages" / "a.jsonl", WRITTEN)
    places = Places(tmp_path / "messages", tmp_path / "labels", tmp_path / "typo.json")
    with pytest.raises(InputError, match=r"cannot read .*typo\.json"):
        curate(places, tmp_path / "out", CHAMPION, RetrainConfig())
    assert not (tmp_path / "out").exists()


CHAMPION = cast(Any, SimpleNamespace(settings=SimpleNamespace(training={"data_digest": "old"}), model="tiny"))
RECORDED = [
    replace(m, types=("insider",), rationale=(Rationale(0, 4, "insider"),)) if m.id == "m-014" else m
    for m in WRITTEN
]
SIDES = {"train": RECORDED[:10], "validation": RECORDED[10:13], "test": RECORDED[13:]}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Written messages, all recorded, and one label."""
    found = Places(tmp_path / "messages", tmp_path / "labels", tmp_path / "splits.json")
    write_messages(found.messages / "a.jsonl", RECORDED)
    write_frozen(found.splits, SIDES)
    write_labels(found.labels / "made.jsonl", [Label(label(0), Provenance("made.csv"))])
    return found


def test_written_messages_that_are_not_recorded_are_left_out_and_move_none(
    places: Places, tmp_path: Path
) -> None:
    one, other = WRITTEN[0].text, WRITTEN[15].text
    new = [
        message(f"{one} {other}", id="new-bridge", family=WRITTEN[0].family),
        message("A knife, no doubt.", id="new-twin", family=WRITTEN[15].family),
        message("Praise it three times, please!", id="new-0"),
    ]
    write_messages(places.messages / "b.jsonl", new)
    data = curate(places, tmp_path / "out", CHAMPION, RetrainConfig())
    splits = load_splits(tmp_path / "out") | {"train": list(data.labels.known)}
    assert {name: [m.id for m in splits[name]] for name in SIDES} == {
        name: [m.id for m in rows] for name, rows in SIDES.items()
    }
    (told,) = data.left_out
    assert told.startswith("3 written messages, first ")
    assert "new-bridge is in no recorded split" in told
    assert "`reviewguard data build --freeze`, then `reviewguard train --start-from`" in told


def test_a_label_that_is_left_out_is_named_and_not_quoted(places: Places, tmp_path: Path) -> None:
    private = message("Write to nora@shop.com about the lamp.", id="lab-mail")
    write_labels(places.labels / "mail.jsonl", [Label(private, Provenance("mail.csv"))])
    (places.labels / "torn.jsonl").write_text('{"text": "Write to nora@sh')
    data = curate(places, tmp_path / "out", CHAMPION, RetrainConfig())
    assert data.left_out == (
        f"{places.labels / 'torn.jsonl'}:1: line [json_invalid]",
        f"{places.labels / 'mail.jsonl'}:1: lab-mail [privacy:email]",
    )


def test_a_measured_split_that_lacks_recorded_messages_is_refused(places: Places, tmp_path: Path) -> None:
    write_messages(places.messages / "a.jsonl", RECORDED[1:])
    curate(places, tmp_path / "out", CHAMPION, RetrainConfig())
    write_messages(places.messages / "a.jsonl", RECORDED[:14])
    with pytest.raises(
        InputError, match=r"2 messages that .*splits\.json records .*, first m-014"
    ) as refused:
        curate(places, tmp_path / "out", CHAMPION, RetrainConfig())
    assert "data build --freeze" in str(refused.value)


@pytest.mark.parametrize(
    ("sides", "told"),
    [
        (
            {"validation": [], "test": RECORDED[13:]},
            "0 messages for validation and 3 for test, of which 1 break",
        ),
        (
            {"validation": RECORDED[:3], "test": RECORDED[3:6]},
            "3 messages for validation and 3 for test, of which 0",
        ),
        (
            {"validation": RECORDED[:3], "test": [RECORDED[14]]},
            "3 messages for validation and 1 for test, of which 1",
        ),
        ({"validation": RECORDED[:3], "test": []}, "3 messages for validation and 0 for test, of which 0"),
    ],
)
def test_splits_that_nothing_can_be_measured_on_are_refused_before_the_training(
    places: Places, tmp_path: Path, sides: dict[str, list[LabelledMessage]], told: str
) -> None:
    measured = [m for rows in sides.values() for m in rows]
    write_frozen(places.splits, {"train": [m for m in RECORDED if m not in measured]} | sides)
    with pytest.raises(InputError, match=f"records {told}") as refused:
        curate(places, tmp_path / "out", CHAMPION, RetrainConfig())
    assert "data build --freeze" in str(refused.value)


def test_a_training_says_which_labels_it_learnt() -> None:
    labels = [replace(label(i), writer_brief="labels") for i in range(2)]
    facts = run_facts(TrainConfig(), SIDES, [*WRITTEN, *labels], "digest")
    assert facts[LEARNT] == [label_version(m) for m in labels]
    assert sort_labels(labels, {m.id for m in labels}, set(facts[LEARNT]), share=0, least=10).new == ()


def test_a_record_of_other_messages_is_refused(places: Places, tmp_path: Path) -> None:
    for theirs in ({}, {"test": [message("Other words.", id="z-1")]}):
        write_frozen(places.splits, dict.fromkeys(SIDES, ()) | theirs)
        with pytest.raises(InputError, match=r"splits\.json belongs to other messages"):
            curate(places, tmp_path / "out", CHAMPION, RetrainConfig())
    assert not (tmp_path / "out").exists()


def test_written_messages_alone_are_nothing_to_learn(places: Places, tmp_path: Path) -> None:
    (places.labels / "made.jsonl").unlink()
    with pytest.raises(InputError, match="nothing to learn") as refused:
        curate(places, tmp_path / "out", CHAMPION, RetrainConfig())
    assert "data add" in str(refused.value)
    assert "train --start-from" in str(refused.value)


def test_labels_that_were_learnt_and_are_gone_are_named(places: Places, tmp_path: Path) -> None:
    gone, wrong = label_version(label(7)), label_version(label(0, "incentive"))
    champion = cast(
        Any, SimpleNamespace(settings=SimpleNamespace(training={LEARNT: [gone, wrong]}), model="tiny")
    )
    data = curate(places, tmp_path / "out", champion, RetrainConfig())
    assert data.withdrawn == (gone,)  # the other one was mended, and is learnt anew
    assert [m.id for m in data.labels.new] == ["lab-000"]
    (places.labels / "made.jsonl").unlink()
    with pytest.raises(InputError, match="it learnt 2 labels that are gone: lab-000, lab-007; ") as refused:
        curate(places, tmp_path / "out", champion, RetrainConfig())
    assert "`reviewguard models rollback`" in str(refused.value)


def test_labels_are_read_once_and_not_while_they_are_written(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def moved_meanwhile(*args: Any, **options: Any) -> CurationReport:
        (places.labels / "made.jsonl").rename(places.labels / ".moved")
        return build(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(round_data, "build", moved_meanwhile)
        data = curate(places, tmp_path / "out", CHAMPION, RetrainConfig())
    assert ([m.id for m in data.labels.new], [m.id for m in data.regression]) == (["lab-000"], ["lab-000"])
    (places.labels / ".moved").rename(places.labels / "made.jsonl")
    monkeypatch.setattr(round_data, "WAIT", 0)
    with (
        WriteLock(places.labels).writing("data add"),
        pytest.raises(InputError, match="in use by `data add`"),
    ):
        curate(places, tmp_path / "out", CHAMPION, RetrainConfig())
    monkeypatch.setattr(round_data.os, "access", lambda *_: False)
    with WriteLock(places.labels).writing("another host"):
        assert curate(places, tmp_path / "out", CHAMPION, RetrainConfig()).regression == data.regression


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
        RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534"),
    ],
    ids=["open", "safetensors", "torch"],
)
def test_a_full_disk_is_told_whoever_meets_it(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path) -> None:
        raise error

    monkeypatch.setattr(ModelStore, "champion", lambda _: StoredModel("1", tmp_path, None, {}))
    store = ModelStore(tmp_path / "models", sync=lambda champion, challenger: ())
    with pytest.raises(InputError, match=r"the disk of .*\.retrain.* is full"):
        retrain(RetrainJob(), store, agree=lambda _: True, add=full)


@pytest.mark.parametrize(
    "error", [OSError("no such base model"), RuntimeError("odd"), SafetensorError("bad header")]
)
def test_other_errors_are_no_full_disk(error: Exception, tmp_path: Path) -> None:
    with pytest.raises(type(error), match=str(error)), full_disk(tmp_path):
        raise error


def test_labels_that_are_left_out_are_named_where_nothing_else_is_new(places: Places, tmp_path: Path) -> None:
    (measured,) = SIDES["test"][:1]
    alike = replace(measured, id="lab-000", writer_brief="label-0", family="label-0")
    write_labels(places.labels / "made.jsonl", [Label(alike, Provenance("made.csv", "nora"))])
    with pytest.raises(InputError, match=r"but those left out: .*made\.jsonl:1: lab-000 \[held_out\]"):
        curate(places, tmp_path / "out", CHAMPION, RetrainConfig())


def test_a_training_on_other_splits_is_not_taken_up(tmp_path: Path) -> None:
    curation = cast(Any, SimpleNamespace(digest="the same messages"))

    def opened(train: list[LabelledMessage], test: list[LabelledMessage], version: str) -> str:
        parts = RoundOfLabels(tuple(train), (), (label(0),), ())
        data = RoundData(curation, parts, (), tuple(test), ())
        champion = StoredModel("1", tmp_path, None, {})
        inputs = _inputs(champion, Start(None, "", TrainConfig()), data, Settings())
        return Work.open(tmp_path / "challenger", inputs, version).version

    assert opened(WRITTEN[4:], WRITTEN[:4], "first") == "first"
    assert opened(WRITTEN[:3:-1], WRITTEN[:4], "second") == "first"
    assert opened(WRITTEN[:4], WRITTEN[4:], "third") == "third"
