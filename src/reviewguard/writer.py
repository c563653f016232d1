"""One writer at a time, who leaves a note for the others."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from reviewguard.errors import InputError
from reviewguard.files import disk_errors, write_json
from reviewguard.user import who

LOCK, NOTE = ".lock", ".writer.json"


class WriteLock:
    """The right to write to a folder. A process that is killed loses it; the same thread may take it again.

    Args:
        folder: where lock and note lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = FileLock(folder / LOCK, timeout=0)

    @contextmanager
    def writing(self, what: str, wait: float = 0) -> Iterator[None]:
        """Keep others from writing for as long as this lasts.

        Args:
            what: for the others to read, such as "retrain".
            wait: seconds for which another one may go on writing.

        Raises:
            InputError: another one is writing still, or the folder cannot be written to.
        """
        with disk_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire(timeout=wait)
            except Timeout as error:
                raise InputError(
                    f"{self._folder} is in use by {self._holder()}", fix="try again when that is done"
                ) from error
        try:
            if self._lock.lock_counter == 1:
                self._leave_note(what)
            yield
        finally:
            if self._lock.lock_counter == 1:
                (self._folder / NOTE).unlink(missing_ok=True)
            self._lock.release()

    def _leave_note(self, what: str) -> None:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        note = {"what": what, "who": who(), "pid": os.getpid(), "since": since}
        write_json(self._folder / NOTE, note)

    def _holder(self) -> str:
        try:
            note = json.loads((self._folder / NOTE).read_text("utf-8"))
            return "`{what}` of {who}, process {pid}, since {since}".format(**note)
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"
