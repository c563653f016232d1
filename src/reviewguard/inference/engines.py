"""Where chunks of messages are scored: in this process, or in several."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing.connection import wait as wait_for_handle
from pathlib import Path

from reviewguard.errors import ModelError, StoppedError
from reviewguard.inference.classifier import Classifier
from reviewguard.inference.model_folder import CONFIG_FILE, load, verify_files
from reviewguard.inference.passes import BATCH_TOKENS
from reviewguard.inference.workspace import Chunk
from reviewguard.inference.workspace_db import temporary_folder, unwritable
from reviewguard.schema import Message, Verdict
from reviewguard.settings import Settings

Work = tuple[Chunk, list[Message]]
Done = tuple[Chunk, list[Verdict]]
Engine = Callable[[Iterator[Work]], Iterator[Done]]
"""Scores chunks, in any order; every engine computes each chunk alike, so they give the same verdicts."""


@dataclass(frozen=True, slots=True)
class Task:
    """How messages are scored, wherever that happens.

    Attributes:
        folder: of the model.
        settings: of the model that was loaded from it when the run began.
        batch_tokens: tokens per forward pass.
    """

    folder: Path
    settings: Settings
    profile: str = "amazon"
    batch_tokens: int = BATCH_TOKENS

    def load(self) -> Classifier:
        """The model, on one core: with one process a core, more threads would wait for each other.

        Raises:
            ModelError: another model lies there now.
        """
        classifier = load(self.folder, threads=1)
        self._check(classifier.settings)
        return classifier

    @contextmanager
    def pinned(self) -> Iterator[Task]:
        """The same with a copy of the model: processes that start later find the model that the run began with.

        Raises:
            ModelError: another model lies there now.
            InputError: there is no room for the copy.
        """
        with temporary_folder() as temporary:
            try:
                copy = shutil.copytree(self.folder, temporary / "model")
            except shutil.Error as error:
                (_, _, reason), *_ = error.args[0]
                raise unwritable(reason) from error
            self._check(Settings.read(copy / CONFIG_FILE))
            verify_files(copy, self.settings)
            yield replace(self, folder=copy)

    def _check(self, found: Settings) -> None:
        if found != self.settings:
            raise ModelError(
                f"{self.folder} was replaced while this run scored with it",
                fix="run again; a copy of the folder, given to --model, stays as it is",
            )

    def score(self, classifier: Classifier, messages: list[Message]) -> list[Verdict]:
        """Verdicts of one chunk."""
        return classifier.predict(messages, profile=self.profile, batch_tokens=self.batch_tokens)


def in_process(classifier: Classifier, *, profile: str, batch_tokens: int) -> Engine:
    """An engine that uses a model already loaded."""

    def run(work: Iterator[Work]) -> Iterator[Done]:
        for chunk, messages in work:
            yield chunk, classifier.predict(messages, profile=profile, batch_tokens=batch_tokens)

    return run


def in_processes(task: Task, workers: int) -> Engine:
    """An engine of several processes, each with a model of its own on one core."""

    def run(work: Iterator[Work]) -> Iterator[Done]:
        with task.pinned() as pinned:
            yield from _in_pool(pinned, work, workers)

    return run


def _in_pool(task: Task, work: Iterator[Work], workers: int) -> Iterator[Done]:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, initializer=_start, initargs=(task,))
    try:
        yield from _in_flight(pool, work, 2 * workers)
    except BrokenProcessPool as error:
        raise StoppedError(
            "a process that scores was killed, perhaps for want of memory",
            fix="run again with fewer --workers",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _in_flight(pool: ProcessPoolExecutor, work: Iterator[Work], most: int) -> Iterator[Done]:
    """Results as they come, with no more than `most` chunks handed out."""
    running: dict[Future[list[Verdict]], Chunk] = {}
    while True:
        for chunk, messages in islice(work, most - len(running)):
            running[pool.submit(_score, messages)] = chunk
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            yield running.pop(future), future.result()


_worker: tuple[Task, Classifier]
"""What a worker process scores with, from its start on."""


def _start(task: Task) -> None:
    global _worker  # noqa: PLW0603 - a worker process is given its model once
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers Ctrl-C
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker = task, task.load()


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for_handle([parent.sentinel])
        os._exit(1)


def _score(messages: list[Message]) -> list[Verdict]:
    task, classifier = _worker
    return task.score(classifier, messages)
