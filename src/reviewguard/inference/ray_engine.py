"""Chunks scored by Ray Data, on one machine or a cluster: the model is loaded once per actor."""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING

from reviewguard.errors import ConfigError, StoppedError, UserError
from reviewguard.inference.engines import Done, Engine, Task, Work

if TYPE_CHECKING:
    import pyarrow as pa

WAVE = 256
"""Chunks handed to Ray at a time, so that its object store never holds a whole export."""
ACTOR_CORES = 0.5
"""Logical cores that an actor asks for. It works on one, but the actors of a lost node must find room on the others:
Ray repeats their tasks on the same actors, and would wait for them forever."""
ATTEMPTS = 3
"""Times that a wave's unanswered chunks are handed out; Ray itself repeats what a lost node was at."""


def on_ray(task: Task, *, workers: int = 0, address: str | None = None) -> Engine:
    """An engine on Ray Data.

    Args:
        task: its model folder must exist on every node.
        workers: actors, each on one core; 0 for all cores but one.
        address: of a running cluster ("auto", "host:port", "ray://…"); None starts Ray on this machine.

    Raises:
        ConfigError: Ray is not installed.
        UserError: the cluster cannot be reached.
    """
    if find_spec("ray") is None:
        raise ConfigError("Ray is not installed", fix="pip install '.[ray]'")

    def run(work: Iterator[Work]) -> Iterator[Done]:
        with _connected(workers, address):
            while wave := list(islice(work, WAVE)):
                yield from _score_wave(wave, task, workers)

    return run


class Scorer:
    """An actor: scores chunks with a model of its own."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._classifier = task.load()

    def __call__(self, table: pa.Table) -> pa.Table:
        """The verdicts of each row's messages."""
        import pyarrow as pa

        work = [pickle.loads(data) for data in table["work"].to_pylist()]
        done = [pickle.dumps(self._task.score(self._classifier, messages)) for messages in work]
        return pa.table({"chunk": table["chunk"], "done": pa.array(done, pa.large_binary())})


@contextmanager
def _connected(workers: int, address: str | None) -> Iterator[None]:
    """Ray as the caller started it, or started (and stopped again) for this run."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    if ray.is_initialized():
        yield
        return
    local = {} if address else {"num_cpus": workers + 1 if workers else max(2, os.cpu_count() or 1)}
    try:
        ray.init(
            address or "local", log_to_driver=False, logging_level="error", include_dashboard=False, **local
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise UserError(f"cannot reach Ray at {address}: {error}", fix="check --ray-address") from error
    try:
        yield
    finally:
        ray.shutdown()


def _score_wave(wave: Sequence[Work], task: Task, workers: int) -> Iterator[Done]:
    open_work = {chunk.id: (chunk, messages) for chunk, messages in wave}
    for _ in range(ATTEMPTS):
        for number, done in _results(list(open_work.values()), task, workers):
            # A repeated task may answer twice.
            if found := open_work.pop(number, None):
                yield found[0], pickle.loads(done)
        if not open_work:
            return
    raise StoppedError(
        f"Ray lost {len(open_work)} chunks {ATTEMPTS} times",
        fix="check its nodes, then run again",
    )


def _results(work: Sequence[Work], task: Task, workers: int) -> Iterator[tuple[int, bytes]]:
    import ray.data

    _quiet()
    # A block and a batch hold one chunk: it is scored as one, and a lost node costs few.
    items = [{"chunk": chunk.id, "work": pickle.dumps(messages)} for chunk, messages in work]
    dataset = ray.data.from_items(items, override_num_blocks=len(items)).map_batches(
        Scorer,
        fn_constructor_args=(task,),
        batch_size=1,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=workers or _spare_cores()),
        num_cpus=ACTOR_CORES,
    )
    for batch in dataset.iter_batches(batch_size=None, batch_format="pyarrow"):
        yield from zip(batch["chunk"].to_pylist(), batch["done"].to_pylist(), strict=True)


def _spare_cores() -> int:
    """All cores of the cluster but one: Ray Data waits forever when its actors hold every one."""
    import ray

    return max(1, int(ray.cluster_resources().get("CPU", 1)) - 1)


def _quiet() -> None:
    """Ray Data's own bars and plans off the terminal, where the run's own progress is."""
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
