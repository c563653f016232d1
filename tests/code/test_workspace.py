"""The work file of a batch run: nothing lost, threads linked, memory bounded, a killed run can go on."""

from __future__ import annotations

import gc
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewguard.errors import InputError
from reviewguard.inference import conversations
from reviewguard.inference.engines import Task
from reviewguard.inference.exports import notes_on
from reviewguard.inference.workspace import Workspace
from reviewguard.inference.workspace_db import transaction
from reviewguard.inference.workspace_rows import FLOAT, INTEGER, TEXT, dump_record, load_record
from reviewguard.inference.writers import Table, xlsx
from reviewguard.schema import Evidence, Message, Record, ScoredRecord, TypeScore, Verdict


def record(
    text: str, role: str = "seller", thread: str | None = None, day: int | None = None, **more
) -> Record:
    when = None if day is None else datetime(2024, 11, day, tzinfo=UTC)
    return Record("a.csv", "line 1", {"body": text}, text, role, thread=thread, sent_at=when, **more)


def verdict(message: Message) -> Verdict:
    bad = "review" in message.text
    return Verdict(
        None,
        "review-soliciting" if bad else "compliant",
        round(len(message.text) / 1000, 6),
        (TypeScore("incentive", 0.5),) if bad else (),
        (Evidence(0, 2, message.text[:2], "incentive", 1.0),) if bad else (),
        reasons=(message.previous or "nothing before",),
        clear_because=() if bad else ("'rating' here: no ask",),
        model="fake-1",
        text=message.text,
    )


def fill(workspace: Workspace, records: Sequence[Record]) -> None:
    workspace.remember(profile="amazon", model="fake-1")
    workspace.add(records)
    for chunk in workspace.pending():
        workspace.store(chunk, [verdict(m) for m in workspace.messages(chunk)])


def previous_of(records: Sequence[Record]) -> list[str | None]:
    with Workspace.temporary() as workspace:
        workspace.add(records)
        return [s.previous for s in workspace.scored()]


cells = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.datetimes(timezones=st.just(UTC))
)
records = st.builds(
    Record,
    source=st.text(),
    place=st.text(),
    values=st.dictionaries(st.text(), cells, max_size=4),
    text=st.text(alphabet=st.characters(exclude_categories=()), max_size=30),
    role=st.sampled_from(["seller", "buyer", "system"]),
    id=st.none() | st.text(),
    thread=st.none() | st.sampled_from(["a", "b", ""]),
    order_id=st.none() | st.sampled_from(["1", "2"]),
    sent_at=st.none() | st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-8))])),
    other_day=st.none() | st.dates(),
    previous=st.none() | st.text(alphabet=st.characters(exclude_categories=())),
    error=st.none() | st.text(min_size=1),
    rest=st.booleans(),
    paired=st.booleans(),
)


@given(records)
def test_a_record_comes_back_as_it_went_in(one: Record) -> None:
    assert load_record(dump_record(one), one.text) == one


@settings(max_examples=25)
@given(st.lists(records, max_size=12))
def test_rows_in_are_rows_out_in_both_orders(many: list[Record]) -> None:
    with Workspace.temporary() as workspace:
        fill(workspace, many)
        rows = list(workspace.scored())
        assert [r.record for r in rows] == many
        assert [r.number for r in rows] == list(range(1, len(many) + 1))
        assert sorted(r.number for r in workspace.scored("conversation")) == [r.number for r in rows]
        scored = [r.verdict is not None for r in rows]
        assert scored == [r.role == "seller" and r.error is None for r in many]
        counts = workspace.counts()
        assert counts.read == len(many)
        assert counts.sellers + counts.buyers + counts.system + counts.unreadable == len(many)
        assert sum(counts.decisions.values()) + counts.not_scored == counts.sellers == sum(scored)
        assert counts.paired == sum(r.paired for r in many)
        unread = sorted((r for r in rows if r.record.error is not None), key=lambda r: not r.record.rest)
        assert workspace.unreadable(3) == unread[:3]
        assert workspace.unread_rests() == [r for r in unread if r.record.rest]


def test_of_many_unreadable_rows_the_first_alone_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[bytes] = []
    monkeypatch.setattr(
        "reviewguard.inference.workspace.load_record",
        lambda data, text: loaded.append(data) or load_record(data, text),
    )
    many = [Record("a.csv", f"line {n}", {}, error="cut in half", rest=n == 900) for n in range(1_000)]
    with Workspace.temporary() as workspace:
        workspace.add(many)
        assert [r.record.place for r in workspace.unreadable(3)] == ["line 900", "line 0", "line 1"]
        assert [r.record.place for r in workspace.unread_rests()] == ["line 900"]
    assert len(loaded) == 4


def test_identical_pairs_are_scored_once_and_each_record_gets_its_own_verdict() -> None:
    many = [record("a review", id="1"), record("hello", id="2"), record("a review", id="3")]
    many.append(record("a review", id="4", previous="love it"))
    with Workspace.temporary() as workspace:
        fill(workspace, many)
        verdicts = [r.verdict for r in workspace.scored()]
        assert workspace._db.execute("select count(*) from jobs").fetchone() == (3,)
    expected = [verdict(Message(r.text, r.previous)) for r in many]
    assert [v and v.id for v in verdicts] == ["1", "2", "3", "4"]
    assert [v and v.to_dict() | {"id": None} for v in verdicts] == [v.to_dict() for v in expected]
    assert [v and v.text for v in verdicts] == [r.text for r in many]


def test_a_seller_answers_the_buyers_last_words_before_it_in_time() -> None:
    many = [
        record("third, a seller", thread="t", day=3),
        record("first, a buyer", "buyer", "t", 1),
        record("fourth, a buyer", "buyer", "t", 4),
        record("second, a notice", "system", "t", 2),
        record("another thread", thread="u", day=9),
        record("fifth, a seller", thread="t", day=5),
        record("brings its own", thread="t", day=6, previous="own"),
        record("no thread", day=6),
    ]
    buyer, later = "first, a buyer", "fourth, a buyer"
    assert previous_of(many) == [buyer, None, None, None, None, later, "own", None]


def test_without_dates_the_order_of_the_file_counts_and_a_blank_buyer_says_nothing() -> None:
    many = [
        record("q", "buyer", "t"),
        record(" ", "buyer", "t"),
        record("", "buyer", "t"),
        record("a", thread="t"),
    ]
    assert previous_of(many)[-1] == " "
    dated = [record("early", "buyer", "t", 1), record("undated", thread="t"), record("late", "buyer", "t", 9)]
    assert previous_of(dated)[1] == "early"


def test_a_conversation_read_newest_first_is_taken_in_reverse() -> None:
    undated = [
        record("late", "buyer", "t", 9),
        record("undated", thread="t"),
        record("early", "buyer", "t", 1),
    ]
    assert previous_of(undated)[1] == "early"
    newest_first = [
        record("asks", thread="t", day=5),
        record("loves it", "buyer", "t", 5),
        record("shipped", thread="t", day=4),
        record("where is it?", "buyer", "t", 4),
    ]
    assert previous_of(newest_first) == ["loves it", None, "where is it?", None]
    assert previous_of(newest_first[::-1]) == [None, "where is it?", None, "loves it"]
    assert previous_of(newest_first[:2]) == [None, None]
    one_day = [
        record(text, role, f"t{day}", day)
        for day in range(9, 3, -1)
        for text, role in (("could you share that?", "seller"), (f"love it, {day}", "buyer"))
    ]
    assert previous_of(one_day)[::2] == [f"love it, {day}" for day in range(9, 3, -1)]
    assert previous_of(one_day[::-1])[1::2] == [f"love it, {day}" for day in range(4, 10)]
    inside_oldest_first = [
        record(text, role, f"t{day}", day)
        for day in range(9, 3, -1)
        for text, role in (("it came", "buyer"), ("could you share that?", "seller"))
    ]
    assert previous_of(inside_oldest_first)[1::2] == ["it came"] * 6
    mixed = [*newest_first, record("fine", "buyer", "t", 6), record("thanks", thread="t", day=6)]
    assert previous_of(mixed)[-1] == "fine"


def test_days_with_the_newest_first_are_not_reversed_inside_where_the_buyer_opens_them() -> None:
    """As in a sheet sorted by its day, or where the later of two exports is read first."""
    buyer, seller = "where is it?", "it is coming"
    turns = (("buyer", buyer), ("seller", seller))
    days = [record(f"{said}, {day}", who, "t", day) for day in (5, 2) for who, said in turns]
    assert previous_of(days)[1::2] == ["where is it?, 5", "where is it?, 2"]
    last = [*days, record("thanks for asking", thread="t", day=1), record("is it new?", "buyer", "t", 1)]
    assert previous_of(last)[1::2][:2] == ["where is it?, 5", "where is it?, 2"]
    noted = [record("ticket closed", "system", "t", 5), *days, record("ticket opened", "system", "t", 2)]
    assert previous_of(noted)[2::2] == ["where is it?, 5", "where is it?, 2"]


def test_conversations_come_together_by_time_and_loose_records_last() -> None:
    many = [
        record("z"),
        record("b2", thread="b", day=2),
        record("a", order_id="a"),
        record("b1", thread="b", day=1),
    ]
    with Workspace.temporary() as workspace:
        workspace.add(many)
        assert [r.record.text for r in workspace.scored("conversation")] == ["a", "b1", "b2", "z"]


def test_columns_are_the_union_in_the_order_first_seen() -> None:
    rows = [
        Record("a", "1", {"x": 1, "y": "2"}),
        Record("b", "1", {"z": None, "x": 3.5}),
        Record("b", "2", {}),
    ]
    with Workspace.temporary() as workspace:
        workspace.add(rows)
        assert list(workspace.columns.items()) == [("x", INTEGER | FLOAT), ("y", TEXT), ("z", 0)]


def test_chunks_depend_on_the_texts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "CHUNK_MESSAGES", 3)
    monkeypatch.setattr(conversations, "CHUNK_CHARACTERS", 100)
    texts = ["x" * n for n in (1, 5, 7, 30, 40, 50, 99, 300)]

    def chunks(order: list[str]) -> list[list[int]]:
        with Workspace.temporary() as workspace:
            workspace.add([record(text) for text in order])
            return [[len(m.text) for m in workspace.messages(c)] for c in workspace.pending()]

    assert chunks(texts) == chunks(texts[::-1] + texts) == [[300], [99], [50, 40], [30, 7, 5], [1]]


def test_an_unfinished_reading_starts_again_and_finished_chunks_stay(tmp_path: Path) -> None:
    path = tmp_path / "work.sqlite"

    def broken():
        yield from (record(f"text {i}") for i in range(3000))
        raise KeyboardInterrupt

    with Workspace(path) as workspace, pytest.raises(KeyboardInterrupt):
        workspace.add(broken())
    with Workspace(path) as workspace:
        assert not workspace.complete
        workspace.clear()
        workspace.add([record(f"text {i}") for i in range(600)])
        first = workspace.pending()[0]
        workspace.store(first, [verdict(m) for m in workspace.messages(first)])
    with Workspace(path) as workspace:
        assert workspace.complete
        assert first not in workspace.pending()
        assert len(workspace.pending()) == 2
        assert 0 < workspace.progress()[0] < workspace.progress()[1]


def test_the_worst_are_the_likeliest_violations_each_text_once() -> None:
    many = [record("a review"), record("a longer review"), record("fine"), record("a longer review")]
    with Workspace.temporary() as workspace:
        fill(workspace, many)
        assert [(w.number, w.record.text) for w in workspace.worst(5)] == [
            (2, "a longer review"),
            (1, "a review"),
        ]
        assert len(workspace.worst(1)) == 1


def test_the_worst_are_one_of_each_template() -> None:
    many = [
        record(f"Hi {name}, a review of order 999-1234567-{at}765432?")
        for at, name in enumerate(("Ann", "Tom"))
    ]
    with Workspace.temporary() as workspace:
        fill(workspace, [*many, record("Could you post a review?")])
        assert [w.number for w in workspace.worst(3)] == [1, 3]
        assert workspace.worst(0) == []


def fill_work_file(folder: Path) -> None:
    with Workspace.temporary() as workspace, limited_files():
        workspace.add(record(f"{n} {'x' * 1000}") for n in range(200))


def fill_sheet(folder: Path) -> None:
    rows = [ScoredRecord(n, record(f"{n} {'x' * 1000}"), None, None) for n in range(200)]
    with limited_files():
        xlsx.write(Table({"body": TEXT}, rows, len(rows)), BytesIO(), folder / "scored.xlsx")


def copy_model(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(bytes(200_000))
    with limited_files(), Task(folder, None).pinned():
        pass


@contextmanager
def limited_files() -> Iterator[None]:
    """No file may have more than 100,000 bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("fill", [fill_work_file, fill_sheet, copy_model])
def test_a_full_disk_under_temporary_files_is_told(fill: Callable[[Path], None], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="temporary files"):
        fill(tmp_path)
    gc.collect()  # what is raised while it is cleared away is a failure


def test_without_a_folder_for_temporary_files_that_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(InputError, match="TMPDIR"), Workspace.temporary():
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the file keeps its name")
def test_a_process_that_is_killed_leaves_no_message_in_temporary_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Workspace.temporary() as workspace:
        fill(workspace, [record(f"{n} {'x' * 1000}") for n in range(3_000)])
        with suppress(KeyboardInterrupt), transaction(workspace._db):
            workspace._db.execute("delete from messages")
            raise KeyboardInterrupt
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
        assert workspace.counts().read == 3_000


def test_the_temporary_file_keeps_its_name_where_sqlite_may_need_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("sys.platform", "darwin")
    with Workspace.temporary():
        assert "work.sqlite" in [path.name for path in tmp_path.rglob("*")]
    assert list(tmp_path.iterdir()) == []


def test_sellers_messages_of_no_conversation_are_counted_unless_they_bring_the_buyers_words() -> None:
    bringing = record("Rate us", previous="Love it")
    rows = [record("Rate us"), record("Rate us", thread="7"), bringing, record("Hi", "buyer")]
    with Workspace.temporary() as workspace:
        workspace.add(rows)
        assert workspace.counts().alone == 1
        assert notes_on(workspace.counts())[-1].startswith("1 message of the seller's is of no order")
