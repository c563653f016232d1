"""Reads behaviour cases and builds their messages: groups, variants, directions, long letters.

The kinds of test (minimum functionality, invariance, direction) are those of Ribeiro et al., "Beyond Accuracy:
Behavioral Testing of NLP Models with CheckList", ACL 2020. `tests/model/behaviour/README.md` shows each row form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from reviewguard.errors import InputError
from reviewguard.files import jsonl_files, read_jsonl
from reviewguard.modeling.behaviour_text import TRANSFORMS, Paragraphs, letter
from reviewguard.policy import load_policy
from reviewguard.schema import LabelledMessage

PARAGRAPHS = "paragraphs.txt"
"""Harmless paragraphs, a blank line between two, from which long letters are assembled."""

Direction = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Case:
    """Messages that pass or fail together.

    Attributes:
        messages: with their labels, from which the expected verdicts follow.
        direction: where the probability must move from the first message to the second;
            None when each message must simply get its verdict.
    """

    id: str
    messages: tuple[LabelledMessage, ...]
    direction: Direction | None = None

    @property
    def violates(self) -> tuple[bool, ...]:
        """Whether each message breaks the `amazon` profile's rules."""
        profile = load_policy().profile("amazon")
        return tuple(profile.is_broken(message.types) for message in self.messages)


def load_cases(folder: Path) -> dict[str, tuple[Case, ...]]:
    """The cases of every `*.jsonl` of a folder, by capability (the file's stem).

    Raises:
        InputError: there are no files, one cannot be read, a row is malformed (with file:line), or an id is given
            twice.
    """
    files = jsonl_files(Path(folder))
    if not files:
        raise InputError(f"{folder}: no behaviour cases", expected="*.jsonl files", fix="check the path")
    paragraphs = _read_paragraphs(Path(folder) / PARAGRAPHS)
    return {file.stem: _read_file(file, paragraphs) for file in files}


def _read_file(file: Path, paragraphs: Paragraphs) -> tuple[Case, ...]:
    cases: dict[str, Case] = {}
    for line, row in read_jsonl(file):
        try:
            new = list(_form(row).model_validate(row).cases(paragraphs))
        except (ValidationError, ValueError) as error:
            raise InputError(f"{file}:{line}: {_reason(error)}", fix="see the README of the suite") from error
        for case in new:
            if case.id in cases:
                raise InputError(f"{file}:{line}: id {case.id!r} is given twice", expected="one id a case")
            cases[case.id] = case
    if not cases:
        raise InputError(f"{file}: no cases", expected="one a line", fix="put the file back, or take it out")
    return tuple(cases.values())


def _reason(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'row'}: {e['msg']}" for e in error.errors())


def _read_paragraphs(path: Path) -> Paragraphs:
    try:
        text = path.read_text("utf-8-sig") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {error}", expected="a text file in UTF-8") from error
    return tuple(paragraph.strip() for paragraph in text.split("\n\n") if paragraph.strip())


def _known_types(names: tuple[str, ...]) -> tuple[str, ...]:
    unknown = sorted(set(names) - set(load_policy().types))
    if unknown:
        raise ValueError(f"unknown types {unknown}, expected some of {list(load_policy().types)}")
    return names


Filled = Annotated[str, Field(min_length=1)]
TypeNames = Annotated[tuple[str, ...], AfterValidator(_known_types)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Message(_Row):
    text: Filled
    previous: Filled | None = None
    types: TypeNames = ()

    def labelled(self, id: str) -> LabelledMessage:
        return LabelledMessage(id, self.text, self.previous, self.types)


class _CaseRow(_Row):
    """A row of any form; `note` is for the reader."""

    id: Filled
    note: str = ""

    def cases(self, paragraphs: Paragraphs) -> Iterator[Case]:
        raise NotImplementedError

    def case(self, *messages: _Message, direction: Direction | None = None) -> Case:
        return Case(
            self.id, tuple(m.labelled(f"{self.id}#{n}") for n, m in enumerate(messages, 1)), direction
        )


class _Group(_CaseRow):
    """Messages that must all get their verdict."""

    messages: tuple[_Message, ...] = Field(min_length=1)

    def cases(self, paragraphs: Paragraphs) -> Iterator[Case]:
        yield self.case(*self.messages)


class _Buyer(_Row):
    previous: Filled | None
    types: TypeNames


class _Buyers(_CaseRow):
    """One seller's text after different buyers' messages."""

    text: Filled
    buyers: tuple[_Buyer, ...] = Field(min_length=2)

    def cases(self, paragraphs: Paragraphs) -> Iterator[Case]:
        yield self.case(*(_Message(text=self.text, previous=b.previous, types=b.types) for b in self.buyers))


class _Change(_CaseRow):
    """A change that must move the probability."""

    before: _Message
    after: _Message
    direction: Direction

    def cases(self, paragraphs: Paragraphs) -> Iterator[Case]:
        yield self.case(self.before, self.after, direction=self.direction)


class _Variant(_Row):
    """A change that keeps the verdict: replacements, then a transform, then sentences around it."""

    name: Filled
    replace: dict[str, str] = Field(default_factory=dict)
    apply: tuple[str, ...] = ()
    seed: int = 0
    put_before: str = ""
    put_after: str = ""

    def of(self, text: str) -> str:
        """The variant of a text.

        Raises:
            ValueError: a text to replace is not there, a transform is unknown, or nothing changes.
        """
        changed = text
        for old, new in self.replace.items():
            if old not in changed:
                raise ValueError(f"variant {self.name}: {old!r} is not in the text")
            changed = changed.replace(old, new)
        for name in self.apply:
            if name not in TRANSFORMS:
                raise ValueError(f"variant {self.name}: unknown transform {name!r}, expected {[*TRANSFORMS]}")
            changed = TRANSFORMS[name](changed, self.seed)
        changed = f"{self.put_before}{changed}{self.put_after}"
        if changed == text:
            raise ValueError(f"variant {self.name} changes nothing")
        return changed


class _Base(_CaseRow):
    """A message, and variants of it that must get the same verdict."""

    text: Filled
    previous: Filled | None = None
    types: TypeNames = ()
    variants: tuple[_Variant, ...] = ()

    def cases(self, paragraphs: Paragraphs) -> Iterator[Case]:
        yield self._case(self.id, self.text)
        for variant in self.variants:
            yield self._case(f"{self.id}/{variant.name}", variant.of(self.text))

    def _case(self, id: str, text: str) -> Case:
        return Case(id, (LabelledMessage(id, text, self.previous, self.types),))


class _Letter(_CaseRow):
    """Paragraphs shuffled by a seed, as they are or with one line at the start, in the middle and at the end."""

    letter: int
    line: str = ""
    previous: Filled | None = None
    types: TypeNames = ()

    def cases(self, paragraphs: Paragraphs) -> Iterator[Case]:
        body = letter(paragraphs, self.letter)
        if not self.line:
            yield self._case("clean", body)
            return
        for place, at in {"start": 0, "middle": len(body) // 2, "end": len(body)}.items():
            yield self._case(place, (*body[:at], self.line, *body[at:]))

    def _case(self, place: str, paragraphs: Paragraphs) -> Case:
        id = f"{self.id}/{place}"
        return Case(id, (LabelledMessage(id, "\n\n".join(paragraphs), self.previous, self.types),))


_FORMS: Mapping[str, type[_CaseRow]] = {
    "messages": _Group,
    "buyers": _Buyers,
    "direction": _Change,
    "letter": _Letter,
    "text": _Base,
}


def _form(row: Mapping[str, Any]) -> type[_CaseRow]:
    for key, form in _FORMS.items():
        if key in row:
            return form
    raise ValueError(f"a row with fields {sorted(row)}, expected one of {list(_FORMS)} among them")
