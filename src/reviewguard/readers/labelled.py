"""Labelled messages from JSON lines or from a Parquet split, for training and for measuring."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from reviewguard.errors import InputError
from reviewguard.files import read_jsonl
from reviewguard.policy import load_policy, verdict_of
from reviewguard.schema import COMPLIANT, LabelledMessage, Rationale

_DESCRIPTIONS = ("family", "product", "register", "channel", "writer_brief")


def read_labelled(path: Path) -> list[LabelledMessage]:
    """The labelled messages of a `.jsonl` file or a `.parquet` split, in file order.

    Rationales may be offsets (`{"start", "end", "type"}`), quotes from the text, or absent. Every
    occurrence of a quote is marked; its type is the message's only type, or "" where there are
    several. Rationales of rows with `"marked_by": "model"` are left out, since the model would be measured against
    its own marks; so are rows with `"ambiguous": true`.

    Raises:
        InputError: the file cannot be read, or a row breaks the format; names file, line and field.
    """
    return [
        _labelled(row, f"{path}:{number}", f"{path.stem}-{number}")
        for number, row in _rows(path)
        if row.get("ambiguous") is not True
    ]


def chosen_by_flags(path: Path) -> bool:
    """Whether a labeller was shown a verdict for each row, and never `compliant`, as `label` chooses by default.

    What the model misses is not among such messages.

    Raises:
        InputError: the file cannot be read.
    """
    return all(row.get("shown") not in (None, COMPLIANT) for _, row in _rows(path))


def _rows(path: Path) -> Iterable[tuple[int, dict[str, Any]]]:
    return _parquet_rows(path) if path.suffix == ".parquet" else read_jsonl(path)


def _parquet_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        yield from enumerate(pq.read_table(path).to_pylist(), 1)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist", fix="check the path") from error
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} is not a Parquet file: {error}") from error


def _labelled(row: Mapping[str, Any], where: str, default_id: str) -> LabelledMessage:
    text = _string(row, "text", where)
    types = _types(row, where)
    _check_label(row, types, where)
    return LabelledMessage(
        id=_string(row, "id", where, default_id),
        text=text,
        previous=_string(row, "previous", where, "") or None,
        types=types,
        rationale=_rationale(row, text, types, where),
        **{name: _string(row, name, where, "") for name in _DESCRIPTIONS},
    )


def _string(row: Mapping[str, Any], name: str, where: str, default: str | None = None) -> str:
    value = row.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise InputError(f"{where}: `{name}` is {_kind(value)}", expected="a string")
    return value


def _types(row: Mapping[str, Any], where: str) -> tuple[str, ...]:
    value = row.get("types")
    if not isinstance(value, list):
        raise InputError(f"{where}: `types` is {_kind(value)}", expected="a list of type names")
    known = load_policy().types
    unknown = [name for name in value if not isinstance(name, str) or name not in known]
    if unknown:
        raise InputError(f"{where}: `types` names {unknown[0]!r}", expected="some of " + ", ".join(known))
    return tuple(value)


def _check_label(row: Mapping[str, Any], types: tuple[str, ...], where: str) -> None:
    """A row may carry the verdict beside its types; the two must agree."""
    label = row.get("label")
    expected = verdict_of(types)
    if label is not None and label != expected:
        raise InputError(
            f"{where}: `label` is {label!r} beside the types {list(types)}",
            expected=repr(expected),
            fix="correct the label or the types",
        )


def _rationale(
    row: Mapping[str, Any], text: str, types: tuple[str, ...], where: str
) -> tuple[Rationale, ...]:
    value = row.get("rationale")
    if value is None or row.get("marked_by") == "model":
        return ()
    if not isinstance(value, list):
        raise InputError(f"{where}: `rationale` is {_kind(value)}", expected="a list")
    quote_type = types[0] if len(types) == 1 else ""
    return tuple(
        stretch
        for item in value
        for stretch in (
            _quoted(item, text, quote_type, where)
            if isinstance(item, str)
            else [_offsets(item, text, types, where)]
        )
    )


def _quoted(quote: str, text: str, type_name: str, where: str) -> list[Rationale]:
    found = [match.span() for match in re.finditer(re.escape(quote), text)] if quote else []
    if not found:
        raise InputError(
            f"{where}: `rationale` quotes {quote!r}, which is not in the text",
            expected="a non-empty, exact substring of `text`",
        )
    return [Rationale(start, end, type_name) for start, end in found]


def _offsets(item: Any, text: str, types: tuple[str, ...], where: str) -> Rationale:
    expected = f'{{"start", "end", "type"}} with 0 <= start < end <= {len(text)}'
    try:
        stretch = Rationale(**item)
        fits = 0 <= stretch.start < stretch.end <= len(text)
    except TypeError as error:
        raise InputError(f"{where}: `rationale` holds {item!r}", expected=expected) from error
    if not fits:
        raise InputError(f"{where}: `rationale` reaches outside the text: {item}", expected=expected)
    if stretch.type not in types:
        raise InputError(f"{where}: `rationale` is for {stretch.type!r}", expected=f"one of {list(types)}")
    return stretch


def _kind(value: Any) -> str:
    return "missing" if value is None else f"a {type(value).__name__}"
