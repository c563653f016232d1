"""Whom an export's rows name, for the messages of one conversation together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reviewguard.masking import record_names
from reviewguard.schema import Record


@dataclass(frozen=True, slots=True)
class People:
    """Names that a buyer's row holds ("From", "buyer_name") and a seller's answer to it does not.

    Attributes:
        known: conversation → names in the columns of any of its rows.
    """

    known: Mapping[str, tuple[str, ...]]

    @classmethod
    def among(cls, records: Iterable[Record]) -> People:
        """The people of an export."""
        known: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for record in records:
            if record.conversation and (names := record_names(record)):
                known[record.conversation].update(dict.fromkeys(names))
        return cls({conversation: tuple(names) for conversation, names in known.items()})

    def of(self, record: Record) -> tuple[str, ...]:
        """Whom the record's own columns and those of its conversation name."""
        shared = self.known.get(record.conversation, ()) if record.conversation else ()
        return tuple(dict.fromkeys((*record_names(record), *shared)))
