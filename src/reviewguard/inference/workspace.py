"""The work file of a batch run: every record read, the distinct texts among them and their verdicts, in SQLite.

Memory stays bounded whatever the size of the input; a killed run leaves a file that another can go on with.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from reviewguard.inference import conversations
from reviewguard.inference.workspace_counts import (
    BUYER,
    SELLER,
    SYSTEM,
    UNREAD_PART,
    UNREAD_REST,
    UNREADABLE,
    Counts,
    counts,
    types,
    worst_numbers,
)
from reviewguard.inference.workspace_db import connect, make_tables, temporary_file, transaction
from reviewguard.inference.workspace_rows import (
    bytes_text,
    cell_kind,
    digest,
    dump_record,
    dump_verdict,
    load_record,
    load_verdict,
    microseconds,
    text_bytes,
)
from reviewguard.readers.base import part_of
from reviewguard.schema import Message, Record, ScoredRecord, Verdict

Order = Literal["file", "conversation"]

_KINDS = {"seller": SELLER, "buyer": BUYER, "system": SYSTEM}
_BATCH_RECORDS, _BATCH_BYTES = 2_000, 8_000_000
_ROWS = """
    select m.number, r.record, t.value, p.value, j.verdict
    from messages m join records r on r.number = m.number
    join strings t on t.digest = m.text join strings p on p.digest = m.previous
    left join jobs j on m.kind = 0 and j.text = m.text and j.previous = m.previous
"""
_ORDERS: dict[Order, tuple[str, ...]] = {
    "file": ("order by m.number",),
    "conversation": (
        "where m.conversation is not null order by m.conversation, m.moment, m.number",
        "where m.conversation is null order by m.number",
    ),
}


@dataclass(frozen=True, slots=True)
class Chunk:
    """Jobs that are scored together: `first` to `last`; `characters` measures the work in them."""

    id: int
    first: int
    last: int
    characters: int


class Workspace:
    """A work file; use it as a context manager.

    Args:
        path: the SQLite file; it is made where there is none.
    """

    def __init__(self, path: Path) -> None:
        self._db = connect(path)
        self._expected: list[str] = []

    @classmethod
    @contextmanager
    def temporary(cls) -> Iterator[Self]:
        """A work file that is gone afterwards, under Linux even if the process is killed: it has no name there.

        Raises:
            InputError: there is no room for it, or no folder for temporary files.
        """
        with temporary_file() as path, cls(path) as workspace:
            for pragma in ("synchronous = off", "locking_mode = exclusive"):
                workspace._db.execute(f"pragma {pragma}")
            workspace.clear()  # opens the journal, which an exclusive lock keeps open
            with suppress(OSError):  # a network drive may refuse
                # Elsewhere the name stays: macOS' own SQLite reads no more of a file that has lost it.
                for file in path.parent.iterdir() if sys.platform == "linux" else ():
                    file.unlink()
            yield workspace

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def clear(self) -> None:
        """Forget everything."""
        make_tables(self._db)

    def state(self, name: str) -> Any:
        """A remembered value, or None."""
        row = self._db.execute("select value from state where name = ?", (name,)).fetchone()
        return row and json.loads(row[0])

    def remember(self, **values: Any) -> None:
        """Keep values that JSON can hold."""
        with transaction(self._db):
            self._db.executemany(
                "insert or replace into state values (?, ?)", [(n, json.dumps(v)) for n, v in values.items()]
            )

    @property
    def complete(self) -> bool:
        """Whether every record has been read."""
        return bool(self.state("complete"))

    def add(self, records: Iterable[Record], progress: Callable[[int], None] = lambda _: None) -> None:
        """Take in all records, find what each seller answers to, and cut the distinct texts into chunks.

        Args:
            progress: called with the number of records taken in so far.
        """
        columns: dict[str, int] = {}
        number = paired = 0
        for batch in _batches(records):
            for record in batch:
                for name, cell in record.values.items():
                    columns[name] = columns.get(name, 0) | cell_kind(cell)
            self._insert(number + 1, batch)
            number += len(batch)
            paired += sum(record.paired for record in batch)
            progress(number)
        for name in self._expected:
            columns.setdefault(name, 0)
        with transaction(self._db):
            rows = [(text_bytes(name), kinds) for name, kinds in columns.items()]
            self._db.executemany("insert into columns (name, kinds) values (?, ?)", rows)
            conversations.link(self._db)
            conversations.plan(self._db)
        self.remember(complete=True, paired=paired)

    def expect(self, columns: Iterable[str]) -> None:
        """Keep columns that no record may have which `add` takes in: those of a table without rows."""
        self._expected += columns

    def _insert(self, first: int, batch: Sequence[Record]) -> None:
        rows, texts, messages = [], {b"": b""}, []
        for number, record in enumerate(batch, first):
            text, previous = text_bytes(record.text), text_bytes(record.previous or "")
            keys = digest(text), digest(previous)
            texts.update(zip(keys, (text, previous), strict=True))
            kind = _unread(record) if record.error else _KINDS[record.role]
            conversation = record.conversation and text_bytes(record.conversation)
            messages.append((number, conversation or None, microseconds(record.sent_at), kind, *keys))
            rows.append((number, dump_record(record)))
        with transaction(self._db):
            self._db.executemany("insert into records values (?, ?)", rows)
            self._db.executemany("insert or ignore into strings values (?, ?)", texts.items())
            self._db.executemany("insert into messages values (?, ?, ?, ?, ?, ?)", messages)

    @property
    def columns(self) -> dict[str, int]:
        """The columns of all records, in the order first seen, with the kinds of cells in each (`cell_kind`)."""
        rows = self._db.execute("select name, kinds from columns order by position")
        return {bytes_text(name): kinds for name, kinds in rows}

    def pending(self) -> list[Chunk]:
        """Chunks that have no verdicts yet, the longest texts first."""
        query = "select id, first, last, characters from chunks where not done order by id"
        return [Chunk(*row) for row in self._db.execute(query)]

    def progress(self) -> tuple[int, int]:
        """Characters scored and characters in all."""
        query = "select coalesce(sum(characters * done), 0), coalesce(sum(characters), 0) from chunks"
        done, total = self._db.execute(query).fetchone()
        return done, total

    def messages(self, chunk: Chunk) -> list[Message]:
        """What the chunk's jobs have to score, in order."""
        query = """select t.value, p.value from jobs j join strings t on t.digest = j.text
            join strings p on p.digest = j.previous where j.id between ? and ? order by j.id"""
        rows = self._db.execute(query, (chunk.first, chunk.last))
        return [Message(bytes_text(text), bytes_text(previous) or None) for text, previous in rows]

    def store(self, chunk: Chunk, verdicts: Sequence[Verdict]) -> None:
        """Keep a chunk's verdicts, all or none; storing them again changes nothing."""
        ids = range(chunk.first, chunk.last + 1)
        rows = [(v.verdict, dump_verdict(v), i) for i, v in zip(ids, verdicts, strict=True)]
        with transaction(self._db):
            self._db.executemany("update jobs set decision = ?, verdict = ? where id = ?", rows)
            self._db.execute("update chunks set done = 1 where id = ?", (chunk.id,))

    def scored(self, order: Order = "file") -> Iterator[ScoredRecord]:
        """Every record with its verdict.

        Args:
            order: as read, or by conversation and in it by time; records of no conversation come last, each alone.
        """
        for part in _ORDERS[order]:
            yield from self._rows(part)

    def _rows(self, which: str, *values: int) -> Iterator[ScoredRecord]:
        shared = {name: self.state(name) or "" for name in ("profile", "model")}
        for number, data, said, previous, verdict in self._db.execute(f"{_ROWS} {which}", values):
            text = bytes_text(said)
            record = load_record(data, text)
            known = None if verdict is None else load_verdict(verdict, text, record.id, **shared)
            yield ScoredRecord(number, record, bytes_text(previous) or None, known)

    def worst(self, count: int) -> list[ScoredRecord]:
        """The likeliest violations, those above the upper cut before those below it; one of each template."""
        numbers = worst_numbers(self._db, count)
        return [row for number in numbers for row in self._rows("where m.number = ?", number)]

    def unreadable(self, count: int) -> list[ScoredRecord]:
        """Rows that could not be read: those that stand for more than a row (`Record.rest`), then the first others."""
        which = "where m.kind >= ? order by m.kind < ?, m.number limit ?"
        return list(self._rows(which, UNREADABLE, UNREAD_REST, count))

    def not_scored(self, count: int) -> list[ScoredRecord]:
        """The first messages of the seller that were given no verdict."""
        return list(
            self._rows("where m.kind = ? and j.decision is null order by m.number limit ?", SELLER, count)
        )

    def unread_rests(self) -> list[ScoredRecord]:
        """Those that stand for more than a row and must not be passed over (`Record.rest`)."""
        return list(self._rows("where m.kind = ? order by m.number", UNREAD_REST))

    def unread_rows(self) -> int:
        """How many rows could not be read, without files and sheets."""
        query = "select count(*) from messages where kind = ?"
        return int(self._db.execute(query, (UNREADABLE,)).fetchone()[0])

    def counts(self) -> Counts:
        """What was read and found."""
        return counts(self._db)

    def types(self) -> dict[str, int]:
        """Sellers' records called review-soliciting, by type."""
        return types(self._db)


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    size = 0
    for record in records:
        batch.append(record)
        size += record.size
        if len(batch) == _BATCH_RECORDS or size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _unread(record: Record) -> int:
    whole = UNREAD_PART if part_of(record) else UNREADABLE
    return UNREAD_REST if record.rest else whole
