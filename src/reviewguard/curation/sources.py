"""Reads the hand-written messages and says everything that is wrong with them."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from reviewguard.errors import InputError
from reviewguard.files import jsonl_files, write_jsonl
from reviewguard.policy import load_policy
from reviewguard.schema import LabelledMessage, Rationale

Register = Literal[
    "chat",
    "template",
    "non_native",
    "terse",
    "insert",
    "formal",
    "letter",
    "typo_emoji",
    "button",
]
Channel = Literal["marketplace", "email", "chat", "sms", "insert", "app", "social"]


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing wrong with one line of one file.

    Attributes:
        line: counted from 1.
        field: the field at fault, dotted for nested ones; "" for the whole line.
        rule: short name of the broken rule.
        message: what is wrong, for a person.
    """

    file: str
    line: int
    field: str
    rule: str
    message: str

    @property
    def place(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.line}"

    def __str__(self) -> str:
        return f"{self.place}: {self.field or 'line'}: {self.message} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class Located:
    """A message and where it was read."""

    file: str
    line: int
    message: LabelledMessage

    @property
    def place(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.line}"

    def issue(self, field: str, rule: str, message: str) -> Issue:
        """Something wrong with this message."""
        return Issue(self.file, self.line, field, rule, message)


@dataclass(frozen=True, slots=True)
class Sources:
    """What could be read, in file and line order, and every reason why something could not."""

    located: tuple[Located, ...]
    issues: tuple[Issue, ...]

    @property
    def messages(self) -> tuple[LabelledMessage, ...]:
        """The messages alone."""
        return tuple(item.message for item in self.located)

    @property
    def left_out(self) -> int:
        """Lines that are no such message."""
        return len({issue.place for issue in self.issues})


def _not_blank(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("blank", "is empty or only white space")
    return value


def _known_type(value: str) -> str:
    known = load_policy().types
    if value not in known:
        raise PydanticCustomError(
            "unknown_type",
            "unknown type {value}, expected one of {known}",
            {"value": value, "known": ", ".join(known)},
        )
    return value


def _unique(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise PydanticCustomError("repeated", "names a type twice")
    return values


Filled = Annotated[str, AfterValidator(_not_blank)]
TypeName = Annotated[str, AfterValidator(_known_type)]
TypeNames = Annotated[tuple[TypeName, ...], AfterValidator(_unique)]


class StrictRow(BaseModel):
    """A JSON object whose fields are all known and exactly of their type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class RationaleRow(StrictRow):
    """Offsets of one stretch."""

    start: NonNegativeInt
    end: NonNegativeInt
    type: TypeName


class ExchangeRow(StrictRow):
    """What a written and a labelled line have in common."""

    id: Filled
    text: Filled
    previous: Filled | None
    types: TypeNames
    rationale: tuple[RationaleRow, ...]
    family: Filled
    product: Filled
    register_: str = Field(alias="register")  # pydantic models have a method of that name
    channel: Channel
    writer_brief: Filled

    def to_message(self) -> LabelledMessage:
        """The value the rest of the system uses."""
        return from_row(self.model_dump(by_alias=True))


class MessageRow(ExchangeRow):
    """One line of `data/messages/*.jsonl`."""

    register_: Register = Field(alias="register")


Row = TypeVar("Row", bound=StrictRow)


@dataclass(frozen=True, slots=True)
class Parsed(Generic[Row]):
    """Rows of one file with their line numbers, and the lines that are none."""

    rows: tuple[tuple[int, Row], ...]
    issues: tuple[Issue, ...]


def parse_rows(path: Path, row_type: type[Row]) -> Parsed[Row]:
    """Validate every line of a JSONL file; a bad line never hides the next one.

    Raises:
        InputError: the file cannot be opened.
    """
    rows: list[tuple[int, Row]] = []
    issues: list[Issue] = []
    for number, line in enumerate(_read_bytes(path).split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            rows.append((number, row_type.model_validate_json(line)))
        except ValidationError as error:
            issues += row_issues(str(path), number, error)
    return Parsed(tuple(rows), tuple(issues))


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes().removeprefix(BOM_UTF8)
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}",
            fix="check the path; it counts from the folder you are in",
        ) from error


def row_issues(file: str, line: int, error: ValidationError) -> list[Issue]:
    """An issue for each field that a line gets wrong."""
    return [
        Issue(file, line, ".".join(map(str, item["loc"])), item["type"], item["msg"])
        for item in error.errors(include_url=False, include_input=False)
    ]


def read_messages(path: Path) -> Sources:
    """Read one JSONL file, or all of a folder in name order.

    Raises:
        InputError: there is nothing to read.
    """
    located: list[Located] = []
    issues: list[Issue] = []
    for file in _files(Path(path)):
        parsed = parse_rows(file, MessageRow)
        issues += parsed.issues
        located += [Located(str(file), line, row.to_message()) for line, row in parsed.rows]
    return unique_ids(located, issues)


def _files(path: Path) -> list[Path]:
    files = jsonl_files(path) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{path} holds no message file", expected="*.jsonl", fix="check the path")
    return files


def unique_ids(located: Iterable[Located], issues: Iterable[Issue]) -> Sources:
    """Keep the first message of each id; each later one becomes an issue."""
    first: dict[str, Located] = {}
    repeated: list[Issue] = []
    for item in located:
        other = first.setdefault(item.message.id, item)
        if other is not item:
            repeated.append(item.issue("id", "unique", f"{item.message.id} is also {other.place}"))
    return Sources(tuple(first.values()), (*issues, *repeated))


def to_row(message: LabelledMessage) -> dict[str, Any]:
    """The JSON form of one message, fields in the dataset's order."""
    row = asdict(message)
    return row | {"types": list(message.types), "rationale": list(row["rationale"])}


def from_row(row: Mapping[str, Any]) -> LabelledMessage:
    """The inverse of `to_row`; what else the row holds is passed over."""
    values = {name: row[name] for name in LabelledMessage.__slots__}
    values["types"] = tuple(row["types"])
    values["rationale"] = tuple(Rationale(**item) for item in row["rationale"])
    return LabelledMessage(**values)


def write_messages(path: Path, messages: Iterable[LabelledMessage]) -> None:
    """Write messages in the form `read_messages` reads, atomically.

    Raises:
        InputError: the folder cannot be written.
    """
    write_jsonl(Path(path), map(to_row, messages))
