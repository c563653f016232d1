"""Picks the reader of each input and gives one stream of records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

from reviewguard.errors import InputError, NoMessagesError, UserError
from reviewguard.readers.base import FOLDER, WHOLE_FILE, Reader, ReadOptions
from reviewguard.readers.columns import check_given, given_names
from reviewguard.readers.csv_tables import CsvReader
from reviewguard.readers.freshdesk import FreshdeskReader
from reviewguard.readers.gorgias import GorgiasReader
from reviewguard.readers.json_lists import JsonReader
from reviewguard.readers.json_stream import mentioned
from reviewguard.readers.jsonl import JsonLinesReader
from reviewguard.readers.mail import EmlReader, MboxReader
from reviewguard.readers.mailboxes import Mailboxes
from reviewguard.readers.parquet import ParquetReader
from reviewguard.readers.sources import HEAD, bare_suffix, find_files, read_head
from reviewguard.readers.tickets import TicketReader
from reviewguard.readers.xlsx import XlsxReader
from reviewguard.readers.zendesk import ZendeskReader
from reviewguard.schema import Record

__all__ = ["READERS", "ReadOptions", "Reader", "read_records"]

READERS: tuple[Reader, ...] = (
    MboxReader(),
    EmlReader(),
    ZendeskReader(),
    GorgiasReader(),
    FreshdeskReader(),
    ParquetReader(),
    XlsxReader(),
    JsonLinesReader(),
    JsonReader(),
    CsvReader(),
)
"""More specific ones first."""

_HELPDESK_NAMES = (
    *("requester_id", "submitter_id", "assignee_id", "responder_id"),
    *("description_text", "from_agent", "created_datetime", "stripped_text"),
)
_SCORED = "rg_verdict"
"""Column of what `score` and `suggest` write."""


def read_records(
    inputs: Sequence[Path | str], options: ReadOptions, *, leave_out: Collection[Path] = ()
) -> Iterator[Record]:
    """Every row of every input: files, folders and patterns, in order.

    What cannot be read gives a record with `error`: a row, or the rest of a file. Records before it stay.

    Args:
        leave_out: files that are no inputs; see `find_files`.

    Raises:
        UserError: `options.format` names no reader.
        InputError: an input does not exist or its format is unknown; an only input has no use for one of
            `options.columns`; none of the inputs can be read; at the end, no table had one of `options.columns`;
            with `options.strict`, anything cannot be read; what an earlier run wrote is left out and said, even then.
    """
    if options.format is not None:
        _named(options.format)
    files = find_files(inputs, leave_out=leave_out)
    return _checked(files, options)


def _checked(files: dict[Path, bool], options: ReadOptions) -> Iterator[Record]:
    """The records; an error at the end if no record could be read, or no table had a column that was named."""
    missing, header = set(given_names(options.columns)), list[str]()

    def hear(columns: Sequence[str]) -> None:
        missing.difference_update(columns)
        header[:] = columns
        options.heading(columns)

    unread: Record | None = None
    readable = False
    mailboxes = Mailboxes(_heads_of_mails(files, options))
    for record in _records(files, replace(options, heading=hear, mailboxes=mailboxes)):
        readable = readable or record.error is None
        if record.place == WHOLE_FILE:
            unread = unread or record
        yield record
    if unread and not readable:
        raise InputError(f"none of the inputs can be read; the first: {unread.error}")
    for note in mailboxes.notes:
        options.note(note)
    check_given(options.columns, missing, header, unread.error if unread else None)


def _heads_of_mails(files: Collection[Path], options: ReadOptions) -> Iterator[bytes]:
    for path in files:
        with suppress(InputError):  # said when it is read
            reader = _pick(path, options)
            if isinstance(reader, (EmlReader, MboxReader)):
                yield from reader.heads(path)


def _records(files: dict[Path, bool], options: ReadOptions) -> Iterator[Record]:
    alone, read, strangers = len(files) == 1, False, list[Path]()
    outputs: dict[Path, Reader] = {}
    for path, named in files.items():
        try:
            reader = _pick(path, options)
            if alone and reader is not None:
                _check_columns(reader, options)
            if reader is None and (named or options.strict):
                raise _unknown_format(path)
        except InputError as error:
            if options.strict or alone:
                raise
            yield _unread(path, WHOLE_FILE, error, named=named)
            continue
        if reader is None:
            strangers.append(path)
            continue
        heard = options if named else replace(options, heading=_unless_scored(options.heading))
        records = _read(reader, path, heard, alone=alone, named=named)
        first = list(islice(records, 1))
        if first and _SCORED in first[0].values and not named:
            outputs[path] = reader
            continue
        read = read or not first or first[0].place != WHOLE_FILE
        yield from chain(first, records)
    yield from _earlier(outputs, options, alone=alone, beside_others=read)
    if len(strangers) == len(files):
        raise _unknown_format(strangers[0])
    if strangers:
        yield _left_out(strangers, "no reader for {}")


def _unless_scored(heading: Callable[[Sequence[str]], object]) -> Callable[[Sequence[str]], object]:
    """Told of the columns of tables that `score` and `suggest` have not written: those of others may be left out."""
    return lambda columns: None if _SCORED in columns else heading(columns)


def _earlier(
    outputs: Mapping[Path, Reader], options: ReadOptions, *, alone: bool, beside_others: bool
) -> Iterator[Record]:
    """Outputs of earlier runs in a folder: beside what they were made of, their messages would count twice."""
    if outputs and beside_others:
        yield _left_out(outputs, "left out {}, which an earlier run wrote: name what is to be read again")
        return
    for path, reader in outputs.items():
        yield from _read(reader, path, options, alone=alone)


def _left_out(files: Collection[Path], said: str) -> Record:
    names = ", ".join(path.name for path in islice(files, 5)) + (" …" if len(files) > 5 else "")
    return Record(str(next(iter(files)).parent), FOLDER, {}, error=said.format(names))


def _read(
    reader: Reader, path: Path, options: ReadOptions, *, alone: bool, named: bool = False
) -> Iterator[Record]:
    place = ""
    try:
        for record in reader.read(path, options):
            if record.error is not None and options.strict:
                raise InputError(f"{record.source}, {record.place}: {record.error}")
            place = f"after {record.place}"
            yield record
    except InputError as error:
        if options.strict or (alone and not place):
            raise
        yield _unread(path, place or WHOLE_FILE, error, named=named)


def _unread(path: Path, place: str, error: InputError, *, named: bool) -> Record:
    """What is not read of a file; one without messages that was found in a folder may be none of theirs."""
    rest = named or not isinstance(error, NoMessagesError)
    return Record(str(path), place, {}, error=error.found, rest=rest)


def _pick(path: Path, options: ReadOptions) -> Reader | None:
    """The reader asked for; else the first that knows suffix and content, or content; else the last for the suffix."""
    head, suffix = read_head(path), bare_suffix(path)
    if not head.strip():
        raise NoMessagesError(f"{path} is empty")
    if options.format is not None:
        return _named(options.format)
    by_suffix = [reader for reader in READERS if suffix in reader.suffixes]
    picked = next((reader for reader in (*by_suffix, *READERS) if reader.sniff(path, head)), None)
    if suffix == ".json" and len(head) == HEAD and not isinstance(picked, TicketReader):
        late = _late_names(path)
        vendors = (r for r in by_suffix if isinstance(r, TicketReader) and r.is_of_vendor(late))
        picked = next((reader for reader in vendors if not reader.is_table(head)), picked)
    return picked or next(reversed(by_suffix), None)


def _late_names(path: Path) -> bytes:
    """A helpdesk's own names, wherever they stand: long lists, as of users, may come before the tickets."""
    try:
        return b" ".join(f'"{name}"'.encode() for name in mentioned(path, _HELPDESK_NAMES))
    except InputError:  # said when the rows are read
        return b""


def _check_columns(reader: Reader, options: ReadOptions) -> None:
    known = reader.mappable
    if known is not None and (idle := sorted(options.columns.keys() - known)):
        named = ", ".join(f"--map {field}=…" for field in sorted(known))
        raise InputError(
            f"--map {idle[0]}=… has no effect on {reader.name}",
            expected=f"{named} alone" if known else "no --map: the fields of the format are known",
            fix="leave it out, or name another --format",
        )


def _named(name: str) -> Reader:
    for reader in READERS:
        if reader.name == name:
            return reader
    raise UserError(f"unknown format {name!r}", expected="one of " + ", ".join(r.name for r in READERS))


def _unknown_format(path: Path) -> InputError:
    packed = read_head(path, 4) == b"PK\x03\x04"  # a zip file, or a document of an office program
    return InputError(
        f"{path}: unknown format",
        expected="one of " + ", ".join(reader.name for reader in READERS),
        fix="unpack it, or save a workbook as .xlsx" if packed else "name it with --format",
    )
