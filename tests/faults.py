"""What goes wrong around the code: a full disk, another writer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reviewguard.retraining.store import ModelStore


def full_disk(*_: object) -> None:
    """In the place of something that writes."""
    raise OSError(28, "No space left on device")


@contextmanager
def another_writer(models: Path, command: str) -> Iterator[threading.Event]:
    """Another thread writes to the store of models until the event is set, or the block ends."""
    held, free = threading.Event(), threading.Event()

    def write() -> None:
        with ModelStore(models, sync=lambda champion, challenger: ()).writing(command):
            held.set()
            free.wait(60)

    other = threading.Thread(target=write)
    other.start()
    try:
        assert held.wait(60)
        yield free
    finally:
        free.set()
        other.join()
