"""The built dataset on disk: a Parquet file a split, with a fixed schema and reproducible bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from reviewguard.curation.sources import from_row, to_row
from reviewguard.errors import InputError
from reviewguard.files import atomic_write, sha256, write_json
from reviewguard.policy import verdict_of
from reviewguard.schema import LabelledMessage

REPORT = "report.json"
SPLITS = ("train", "validation", "test")

_STRETCH = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("type", pa.string())])
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.string()),
        ("previous", pa.string()),
        ("label", pa.string()),
        ("types", pa.list_(pa.string())),
        ("rationale", pa.list_(_STRETCH)),
        ("family", pa.string()),
        ("group", pa.string()),
        ("product", pa.string()),
        ("register", pa.string()),
        ("channel", pa.string()),
        ("writer_brief", pa.string()),
    ]
)


def label_of(message: LabelledMessage) -> str:
    """The verdict under Amazon's rules: "review-soliciting" or "compliant"."""
    return verdict_of(message.types)


def write_splits(
    out_dir: Path,
    splits: Mapping[str, Sequence[LabelledMessage]],
    groups: Mapping[str, str],
) -> dict[str, str]:
    """Write each split atomically; returns file name → SHA-256.

    Args:
        groups: message id → group, stored in the column of that name.

    Raises:
        InputError: the folder cannot be written.
    """
    files = {}
    for split, messages in splits.items():
        path = out_dir / f"{split}.parquet"
        _write_table(path, _to_table(messages, groups))
        files[path.name] = sha256(path)
    return files


def load_splits(out_dir: Path) -> dict[str, list[LabelledMessage]]:
    """Read what `build` wrote: "train", "validation" and "test" → messages in id order.

    Raises:
        InputError: a file is missing, or is not the one `report.json` was written for.
    """
    out_dir = Path(out_dir)
    expected = _reported(out_dir / REPORT, "files")
    return {split: _read_split(out_dir / f"{split}.parquet", expected) for split in SPLITS}


def write_frozen(path: Path, splits: Mapping[str, Sequence[LabelledMessage]]) -> None:
    """Record which split each message is in, so that later messages do not move it."""
    write_json(path, {split: [message.id for message in messages] for split, messages in splits.items()})


def read_frozen(path: Path) -> dict[str, str]:
    """Message id → split, as recorded by `write_frozen`.

    Raises:
        InputError: there is no such file, it is something else, or an id stands in it twice.
    """
    try:
        recorded = json.loads(path.read_text("utf-8"))
        placed = [(name, split) for split in SPLITS for name in _ids(recorded[split])]
        frozen = dict(placed)
        if len(frozen) < len(placed):
            raise ValueError("an id stands in it twice")
        return frozen
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}",
            expected="the record of the splits of earlier builds",
            fix=f"check the path, or record them with `reviewguard data build --freeze --splits {path}`",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is no record of splits: {error!r}", expected="lists of ids under " + ", ".join(SPLITS)
        ) from error


def _ids(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise TypeError("not a list of ids")
    return value


def stored_digest(out_dir: Path) -> str:
    """The data digest of the splits in a folder.

    Raises:
        InputError: the folder was not written by `build`.
    """
    return str(_reported(Path(out_dir) / REPORT, "digest"))


def _to_table(messages: Iterable[LabelledMessage], groups: Mapping[str, str]) -> pa.Table:
    rows = [to_row(m) | {"label": label_of(m), "group": groups[m.id]} for m in messages]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _write_table(path: Path, table: pa.Table) -> None:
    """Every option that reaches the bytes is named, so that a new default cannot change them."""
    with atomic_write(path) as file:
        pq.write_table(
            table,
            file,
            version="2.6",
            data_page_version="1.0",
            compression="snappy",
            use_dictionary=True,
            write_statistics=True,
            row_group_size=10_000,
            store_schema=True,
        )


def _reported(report: Path, key: str) -> Any:
    try:
        return json.loads(report.read_text("utf-8"))[key]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{report} cannot be read: {error}",
            expected="a folder written by `reviewguard data build`",
            fix="run `reviewguard data build`",
        ) from error


def _read_split(path: Path, expected: Mapping[str, str]) -> list[LabelledMessage]:
    if not path.is_file() or sha256(path) != expected.get(path.name):
        raise InputError(
            f"{path} is missing or differs from its report",
            fix="run `reviewguard data build` again",
        )
    return [from_row(row) for row in pq.read_table(path, schema=SCHEMA).to_pylist()]
