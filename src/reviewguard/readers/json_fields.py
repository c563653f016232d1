"""JSON objects of unknown build, read with care."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reviewguard.readers.cells import encodable
from reviewguard.readers.dates import parse_date
from reviewguard.readers.roles import truth


class Malformed(ValueError):
    """An object is not built as its vendor builds them."""


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object; what is missing or null is "", None or empty, never an error."""

    values: Mapping[str, Any]

    @classmethod
    def of(cls, value: Any, what: str = "entry") -> Fields:
        """The object; raises `Malformed` where it is something else."""
        if not isinstance(value, dict):
            raise Malformed(f"the {what} is a {type(value).__name__}, not an object")
        return cls(value)

    def text(self, *names: str) -> str:
        """The first of these that holds words or a number."""
        for name in names:
            value = self.values.get(name)
            if isinstance(value, (str, int, float)) and not isinstance(value, bool) and str(value).strip():
                return encodable(str(value))
        return ""

    def inner(self, *names: str) -> Fields:
        """The first of these that is an object; an empty one where none is."""
        found = (self.values.get(name) for name in names)
        return Fields(next((value for value in found if isinstance(value, dict)), {}))

    def entries(self, *names: str) -> list[Any]:
        """The first of these lists that is not empty; raises `Malformed` where something else stands there."""
        for name in names:
            value = self.values.get(name)
            if value is not None and not isinstance(value, list):
                raise Malformed(f"`{name}` is a {type(value).__name__}, not a list")
            if value:
                return value
        return []

    def flag(self, name: str) -> bool | None:
        """Whether it is true or false, or says so in words, as what was a table does."""
        return truth(self.values.get(name))

    def date(self, *names: str) -> datetime | None:
        """The first of these that is a date."""
        return next((moment for name in names if (moment := parse_date(self.text(name)))), None)

    def words(self, *names: str) -> str:
        """All strings and numbers below these, however deep, one after the other."""
        return " ".join(word for name in names for word in _leaves(self.values.get(name)))

    def names(self, *names: str) -> str:
        """The first of these lists as text: its strings, or the names of its objects."""
        lists = (self.values.get(name) for name in names)
        found = next((value for value in lists if isinstance(value, list) and value), [])
        return ", ".join(name for item in found if (name := _entry_name(item)))


def _entry_name(item: Any) -> str:
    return (
        Fields(item).text("name", "file_name", "filename") if isinstance(item, dict) else encodable(str(item))
    )


def _leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [word for item in value.values() for word in _leaves(item)]
    if isinstance(value, list):
        return [word for item in value for word in _leaves(item)]
    return [str(value)] if isinstance(value, (str, int, float)) else []
