"""The append-only log of promotions and rollbacks: a line each, on the disk once the new champion is served.

Before, the store's note of what it is at holds the line, so that a kill loses none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from reviewguard.errors import InputError

Action = Literal["promote", "rollback"]

_SHOWN = 60


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change of the champion: a line of the log.

    Attributes:
        id: made up for this change, so that it is never logged twice.
        when: UTC, ISO 8601.
        by: who did it.
        from_version: the champion before; None where there was none.
        gate: what the gate said of the new champion: "passed", "failed …" or "not run".
        forced: promoted although the gate had not passed.
        data_digest: of the data the new champion was trained on.
        model_sha256: of the new champion's `model.onnx`.
    """

    id: str
    when: str
    action: Action
    by: str
    reason: str
    from_version: str | None
    to_version: str
    gate: str
    forced: bool
    data_digest: str
    model_sha256: str

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class History:
    """What the log says.

    Attributes:
        problems: lines that are no entries, as a killed process leaves them; they stay in the file.
    """

    entries: tuple[HistoryEntry, ...]
    problems: tuple[str, ...] = ()


def read_history(path: Path) -> History:
    """Read the log; one that is missing is empty.

    Raises:
        InputError: it cannot be opened.
    """
    try:
        lines = path.read_bytes().split(b"\n") if path.exists() else []
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", fix="see to its rights") from error
    entries, problems = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        entry = parse_entry(line)
        if entry is None:
            start = line[:_SHOWN].decode("utf-8", "replace")
            problems.append(f"{path}:{number} is unfinished or damaged, and left out: {start}…")
        else:
            entries.append(entry)
    return History(tuple(entries), tuple(problems))


def append_history(path: Path, entry: HistoryEntry) -> None:
    """Add a line and wait until the disk has it.

    A last line that a killed process left unfinished is kept and ended, so that it spoils no other.
    """
    with path.open("a+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        start = b"\n" if size and file.read(1) != b"\n" else b""
        line = json.dumps(entry.to_dict(), ensure_ascii=False).encode("utf-8", "replace")
        file.write(start + line + b"\n")
        file.flush()
        os.fsync(file.fileno())


def champions(entries: Sequence[HistoryEntry], champion: str | None) -> tuple[str, ...]:
    """The champions that a rollback goes back along, the present one last.

    A promotion adds one, a rollback takes those after its target away. A champion that came by another way than the
    log (a folder put there by hand) counts too.
    """
    stack: list[str] = []
    for entry in entries:
        if entry.from_version is not None and stack[-1:] != [entry.from_version]:
            stack.append(entry.from_version)
        if entry.action == "rollback" and entry.to_version in stack:
            while stack[-1] != entry.to_version:
                stack.pop()
        else:
            stack.append(entry.to_version)
    if champion is not None and stack[-1:] != [champion]:
        stack.append(champion)
    return tuple(stack)


def parse_entry(line: bytes) -> HistoryEntry | None:
    """An entry from its JSON form; None for what is none, or one of another version."""
    try:
        return HistoryEntry(**json.loads(line))
    except (ValueError, TypeError):  # no JSON, no object, or one with other fields
        return None
