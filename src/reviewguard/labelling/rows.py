"""Reads files of labelled messages: CSV, JSON lines, Excel, whatever their columns are called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from reviewguard.errors import InputError
from reviewguard.labelling.answered import with_previous
from reviewguard.labelling.cells import Unusable, list_of, rationale_of, word_of
from reviewguard.labelling.journal import KEYS
from reviewguard.labelling.scored import judged_words
from reviewguard.people import Details, People, numbers_in
from reviewguard.policy import load_policy, verdict_of
from reviewguard.readers.columns import MAIL_FIELD, Columns, given_names, recognise
from reviewguard.readers.registry import READERS, ReadOptions, read_records
from reviewguard.readers.sources import COMPRESSED
from reviewguard.readers.vocabulary import fold, load_vocabulary
from reviewguard.schema import COMPLIANT, REVIEW_SOLICITING, Cell, Rationale, Record, Role

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "types": ("types", "violation_types", "violations", "violation_type", "violation", "type_names"),
    "verdict": ("verdict", "label", "decision", "final_verdict"),
    "rationale": ("rationale", "rationales", "marks", "marked_words", "quotes", "words"),
    "who": ("who", "labelled_by", "labeled_by", "annotator", "labeller", "labeler"),
    "when": ("when", "labelled_at", "labeled_at", "labelled_on", "labeled_on"),
    "model": ("model", "model_version", "rg_model"),
    "shown": ("shown", "shown_verdict", "rg_verdict"),
    "marked_by": ("marked_by",),
    "source": ("source", "source_file"),
    "names": ("names",),
    "numbers": ("numbers",),
    "places": ("places",),
    "product": ("product",),
    "register": ("register",),
    "channel": ("channel",),
}
"""Field → names of its column, as `vocabulary.fold` writes them."""

_NOT_SELLERS: Mapping[Role, str] = {
    "buyer": "a buyer's message: labels are for what a seller wrote",
    "system": "an internal note or a notice: labels are for what a seller wrote",
}
_EXPECTED = {"types": "names", "rationale": "quotes, or of objects with start, end and type"}
_NO_TYPES = frozenset({"none", "no", "-", "n/a", "na", "compliant"})


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """One labelled message as its file gives it.

    Attributes:
        place: where in the file, for people.
        details: what columns of its conversation's rows tell of people.
        extra: further cells by field of `COLUMNS`, as text.
    """

    file: str
    place: str
    text: str
    previous: str | None
    types: tuple[str, ...]
    rationale: tuple[Rationale, ...]
    details: Details
    extra: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot be taken in, and why."""

    file: str
    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rows:
    """What a file of labels holds.

    Attributes:
        labelled: its labels.
        refused: rows with a label that cannot be taken in, and rows that cannot be read.
        unlabelled: how many rows nobody labelled; buyers' messages and notices are among them.
    """

    labelled: tuple[LabelledRow, ...]
    refused: tuple[Refused, ...]
    unlabelled: int


def name_of(file: Path) -> str:
    """The file's name without what tells its format; other dots are its own, as in sent.2024-11.csv."""
    endings = {*COMPRESSED, *chain.from_iterable(reader.suffixes for reader in READERS)}
    name = Path(file.name)
    while name.suffix.lower() in endings:
        name = name.with_suffix("")
    return name.name


def read_rows(path: Path, columns: Columns | None = None) -> Rows:
    """The rows of a file of labels.

    A labelled row has `text`, and `types` (a list, or names with spaces, commas, slashes or the like between) or
    `verdict`; `previous`, `rationale` (offsets or quotes) and the others of `COLUMNS` where they are known. In an
    export of conversations the buyer's messages stand before the seller's as `score` takes them.

    Args:
        columns: field → column, where the names do not tell.

    Raises:
        InputError: the file cannot be read, has no column for messages or for labels, or no row with a label.
    """
    given = dict(columns or {})
    _check_given(path, given)
    own = {field: given.pop(field) for field in COLUMNS if field in given}
    rows: list[LabelledRow] = []
    refused: list[Refused] = []
    unlabelled = 0
    seen: dict[str, None] = {}
    records = with_previous(list(read_records([path], ReadOptions(columns=given))), given)
    people = People.among(records)
    for record in records:
        seen.update(dict.fromkeys(record.values))
        try:
            if (row := _row(record, given, own, people)) is None:
                unlabelled += 1
            else:
                rows.append(row)
        except Unusable as error:
            refused.append(Refused(path.name, record.place, str(error)))
    _check_columns(path, seen, own)
    if unlabelled and not rows and not refused:
        raise InputError(
            f"{path}: none of its {unlabelled:,} rows has a label",
            expected="types, or a verdict, in some rows",
            fix="write `compliant` as the verdict of those where nothing is wrong",
        )
    return Rows(tuple(rows), tuple(refused), unlabelled)


def _check_given(path: Path, given: Columns) -> None:
    known = dict.fromkeys(("text", "previous", *COLUMNS, *load_vocabulary().columns, MAIL_FIELD))
    if unknown := [field for field in given if field not in known]:
        raise InputError(f"{path}: --map {unknown[0]}=…: unknown field", expected=", ".join(known))


def _check_columns(path: Path, header: Mapping[str, None], own: Columns) -> None:
    missing = [column for column in given_names(own) if column not in header]
    if missing:
        raise InputError(f"{path}: no column {missing[0]!r}", expected=", ".join(header))
    for field in ("types", "verdict"):
        several = [column for column in header if fold(column) in COLUMNS[field]]
        if len(several) > 1 and field not in own:
            raise InputError(
                f"{path}: {' and '.join(map(repr, several))} may both hold the {field}",
                expected="one such column",
                fix=f"say which with --map {field}={several[0]!r}",
            )
    if header and not {"types", "verdict"} & recognise(list(header), own, COLUMNS).keys():
        raise InputError(
            f"{path}: no column with labels among {', '.join(header)}",
            expected="one named types, or verdict",
            fix="name it with --map types='Your column' or --map verdict='Your column'",
        )


def _row(record: Record, given: Columns, own: Columns, people: People) -> LabelledRow | None:
    """None for a row without a label."""
    if record.error:
        raise Unusable(record.error)
    fields = recognise(list(record.values), own, COLUMNS)
    cells = {field: record.values[column] for field, column in fields.items()}
    objects = [field for field in _EXPECTED if field not in fields and _is_object(record.values, field)]
    if not (word_of(cells.get("types")) or word_of(cells.get("verdict")) or "types" in objects):
        return None
    journalled = record.values.keys() >= KEYS  # its `source` tells where the words stood, not who wrote
    if record.role in _NOT_SELLERS and not journalled:
        raise Unusable(_NOT_SELLERS[record.role])
    if objects:
        raise Unusable(f"{objects[0]} is an object; expected a list, of {_EXPECTED[objects[0]]}")
    marks = list_of(cells.get("rationale"))
    text = _text(record, given, raw=any(isinstance(item, dict) and "start" in item for item in marks))
    types = _labels(cells)
    return LabelledRow(
        file=Path(record.source).name,
        place=record.place,
        text=text,
        previous=(judged_words(record)[1] or "").strip() or None,
        types=types,
        rationale=rationale_of(marks, text, types),
        details=people.of(record) + _told(cells),
        extra={name: word for name in COLUMNS if (word := word_of(cells.get(name)))},
    )


def _is_object(columns: Iterable[str], field: str) -> bool:
    """Whether an object stands where the field's list was expected: its parts are columns of their own."""
    inner = {
        part
        for name, dot, part in (column.partition(".") for column in columns)
        if fold(name) in COLUMNS[field]
    }
    return bool(inner - {""}) if field == "types" else not inner.isdisjoint(("start", "end", "type", "quote"))


def _told(cells: Mapping[str, Cell]) -> Details:
    """What `label` wrote beside the row."""
    names, places = (tuple(map(word_of, list_of(cells.get(column)))) for column in ("names", "places"))
    return Details(names, numbers_in(cells.get("numbers")), places)


def _text(record: Record, given: Columns, *, raw: bool) -> str:
    """The readable words; the cell itself where offsets count in it."""
    cell = record.values.get(recognise(list(record.values), given).get("text", ""))
    text = cell if raw and isinstance(cell, str) else judged_words(record)[0]
    if not text.strip():
        raise Unusable("no text")
    return text


def _labels(cells: Mapping[str, Cell]) -> tuple[str, ...]:
    """Types in the guide's order, checked against the verdict.

    Raises:
        Unusable: the label is unknown or incomplete, or types and verdict contradict each other.
    """
    types, verdict = _types(cells.get("types")), _verdict(cells.get("verdict"))
    if types is None:
        if verdict == COMPLIANT:
            return ()
        raise Unusable(
            f"{REVIEW_SOLICITING} without types: say which, of {', '.join(load_policy().violation_types)}"
        )
    implied = verdict_of(types)
    if verdict not in (None, implied):
        raise Unusable(
            f"the verdict is {verdict}, but the types {', '.join(types) or 'none'} make it {implied}"
        )
    return types


def _verdict(cell: Cell) -> str | None:
    word = re.sub(r"[\s_]+", "-", word_of(cell).casefold())
    if word in ("", COMPLIANT, REVIEW_SOLICITING):
        return word or None
    raise Unusable(f"the verdict is {word_of(cell)!r}, expected {COMPLIANT} or {REVIEW_SOLICITING}")


def _types(cell: Cell) -> tuple[str, ...] | None:
    """None where the cell says nothing; "none", "compliant" and an empty list say that there are none."""
    word = word_of(cell)
    if not word:
        return None
    known = load_policy().types
    if quoted := _PYTHON_LIST.fullmatch(word):
        names: Sequence[object] = _names(quoted[1], known)
    else:
        names = list_of(word) if word.startswith("[") else _names(word, known)
    folded = [fold(str(name)) for name in names]
    if not folded and not word.startswith("["):
        raise Unusable(f"no type in {word!r}, expected some of {', '.join(known)}")
    if word.casefold() in _NO_TYPES or (len(folded) == 1 and str(names[0]).casefold() in _NO_TYPES):
        return ()
    if unknown := [name for name in folded if name not in known]:
        raise Unusable(f"unknown type {unknown[0]!r}, expected some of {', '.join(known)}")
    return load_policy().ordered(folded)


_PYTHON_LIST = re.compile(r"\['([\w' ,-]+)'\]")
"""A list as pandas writes it: "['incentive', 'selective']"."""


def _names(word: str, known: Iterable[str]) -> list[str]:
    """The names in one cell: whatever stands between them, and with spaces in them, too ("positive request")."""
    wide = (name.replace("_", r"[\s_-]+") + r"(?!\w)" for name in known)
    return re.findall("|".join([*wide, r"[^\s,;|+/&']+"]), word, re.IGNORECASE)
