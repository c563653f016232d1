"""MLflow tracking that cannot stop a training run.

Whatever goes wrong with the store (server gone, value refused, disk full) is collected in
`Tracker.problems`, for the caller to report at the end.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import mlflow
import pandas as pd
from matplotlib.figure import Figure
from mlflow.data.pandas_dataset import from_pandas
from mlflow.utils.validation import (
    MAX_DATASET_DIGEST_SIZE,
    MAX_ENTITY_KEY_LENGTH,
    MAX_PARAM_VAL_LENGTH,
    MAX_PARAMS_TAGS_PER_BATCH,
)
from transformers import TrainerCallback

from reviewguard.modeling.evaluation import Evaluation
from reviewguard.modeling.plots import evaluation_figures
from reviewguard.modeling.provenance import git_state, package_versions
from reviewguard.modeling.registry import log_model_folder
from reviewguard.modeling.tracking_settings import tracking
from reviewguard.schema import LabelledMessage

EXPERIMENT = "reviewguard"
GIVE_UP_AFTER = 3
"""Failures in a row after which nothing more is tried: a dead server must not hold up a run."""

_NOT_IN_NAMES = re.compile(r"[^\w.\-/ ]")
"""Whatever MLflow refuses in a metric's name: a data set may be called "export (1)"."""

T = TypeVar("T")


class Tracker:
    """One MLflow run, as a context manager; every method is safe to call, store or no store.

    The store is `MLFLOW_TRACKING_URI`, else `sqlite:///mlflow.db`. MLflow's process-wide settings
    are put back on leaving. Use it from one thread.

    Args:
        run_name: shown in MLflow; made up there when None.

    Attributes:
        run_id: the run's id, None where none could be started.
        problems: what could not be tracked and why, in order, without repetitions.
    """

    def __init__(self, run_name: str | None = None) -> None:
        self.run_id: str | None = None
        self.problems: list[str] = []
        self._run_name = run_name
        self._failures = 0
        self._stack = ExitStack()

    def __enter__(self) -> Tracker:
        self._stack.enter_context(tracking())
        self._attempt("start a run", self._start)
        if self.run_id is not None:
            self._attempt("set tags", lambda: mlflow.set_tags(_provenance_tags()))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        status = "FINISHED" if kind is None else "KILLED" if kind is KeyboardInterrupt else "FAILED"
        with self._stack:
            if self.run_id is not None:
                # Tried even after giving up: it also takes the run off MLflow's global stack.
                self._failures = 0
                self._attempt("end the run", lambda: mlflow.end_run(status))

    def params(self, values: Mapping[str, Any]) -> None:
        """Log parameters: nested keys joined by dots, names and values cut to MLflow's limits."""
        flat = {
            name[:MAX_ENTITY_KEY_LENGTH]: str(value)[:MAX_PARAM_VAL_LENGTH]
            for name, value in _flatten(values).items()
        }
        names = list(flat)
        for start in range(0, len(names), MAX_PARAMS_TAGS_PER_BATCH):
            part = {name: flat[name] for name in names[start : start + MAX_PARAMS_TAGS_PER_BATCH]}
            self._log("parameters", partial(mlflow.log_params, part))

    def metrics(self, values: Mapping[str, Any], step: int | None = None) -> None:
        """Log the finite numbers among these values; in a name, what MLflow refuses becomes `_`."""
        numbers = {
            _NOT_IN_NAMES.sub("_", name): float(value)
            for name, value in values.items()
            if isinstance(value, (int, float)) and math.isfinite(value)
        }
        if numbers:
            self._log("metrics", lambda: mlflow.log_metrics(numbers, step=step))

    def dataset(
        self,
        messages: Sequence[LabelledMessage],
        *,
        name: str,
        context: str,
        source: str,
        digest: str,
    ) -> None:
        """Log which data went in (its digest, size and columns), not the data.

        Args:
            context: `training`, `validation` or `test`.
            source: path or address of the data.
            digest: cut to the 36 characters that MLflow keeps; whole in the tag `digest.<name>`.
        """

        def log() -> None:
            rows = [{"text": m.text, "previous": m.previous, "types": " ".join(m.types)} for m in messages]
            table = pd.DataFrame(rows, columns=["text", "previous", "types"])
            short = digest[:MAX_DATASET_DIGEST_SIZE]
            with warnings.catch_warnings():
                # MLflow knows local paths under two schemes and warns that it cannot tell which.
                warnings.simplefilter("ignore", UserWarning)
                data = from_pandas(table, source=source, name=name, digest=short)
            mlflow.log_input(data, context=context)
            mlflow.set_tag(f"digest.{name}", digest)

        self._log(f"dataset {name}", log)

    def figure(self, figure: Figure, path: str) -> None:
        """Store a figure under this path in the run's artefacts."""
        self._log(path, lambda: mlflow.log_figure(figure, path))

    def text(self, text: str, path: str) -> None:
        """Store text under this path."""
        self._log(path, lambda: mlflow.log_text(text, path))

    def json(self, value: Any, path: str) -> None:
        """Store a JSON value under this path."""
        self._log(path, lambda: mlflow.log_dict(value, path))

    def table(self, rows: Sequence[Mapping[str, Any]], stem: str) -> None:
        """Store rows as `<stem>.json`, which MLflow shows as a table, and as `<stem>.csv`."""

        def log_csv() -> None:
            mlflow.log_text(pd.DataFrame(rows).to_csv(index=False), f"{stem}.csv")

        self._log(f"{stem}.json", lambda: mlflow.log_table(pd.DataFrame(rows), f"{stem}.json"))
        self._log(f"{stem}.csv", log_csv)

    def evaluation(self, evaluation: Evaluation, name: str) -> None:
        """Log an evaluation: figures as metrics `<name>/…`, the whole as JSON, errors, plots."""
        values = {f"{name}/{key}": figure.value for key, figure in evaluation.figures.items()}
        self.metrics(values)
        self.json(evaluation.to_dict(), f"{name}/evaluation.json")
        if evaluation.errors:
            self.table([asdict(mistake) for mistake in evaluation.errors], f"{name}/errors")
        figures = self._log("plots", lambda: evaluation_figures(evaluation)) or {}
        for stem, figure in figures.items():
            self.figure(figure, f"{name}/{stem}.png")

    def model(self, folder: Path, examples: Sequence[Mapping[str, str | None]]) -> None:
        """Log and register a model folder as pyfunc.

        Args:
            examples: rows with `text` and `previous`, kept as the input example.
        """
        self._log("the model", lambda: log_model_folder(folder, pd.DataFrame(examples)))

    def _start(self) -> None:
        found = mlflow.get_experiment_by_name(EXPERIMENT)
        experiment = found.experiment_id if found else mlflow.create_experiment(EXPERIMENT)
        run = mlflow.start_run(
            experiment_id=experiment,
            run_name=self._run_name,
            nested=True,
            log_system_metrics=True,
        )
        self.run_id = run.info.run_id

    def _log(self, what: str, call: Callable[[], T]) -> T | None:
        return self._attempt(f"log {what}", call) if self.run_id is not None else None

    def _attempt(self, what: str, call: Callable[[], T]) -> T | None:
        if self._failures >= GIVE_UP_AFTER:
            return None
        try:
            result = call()
        except Exception as error:  # tracking must never cost a training, whatever MLflow raises
            self._failures += 1
            self._note(f"could not {what}: {told(error)}")
            if self._failures == GIVE_UP_AFTER:
                self._note(f"gave up tracking after {GIVE_UP_AFTER} failures in a row")
            return None
        self._failures = 0
        return result

    def _note(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)


class TrackingCallback(TrainerCallback):
    """Sends what the Hugging Face `Trainer` logs (loss, learning rate, evaluation) to a tracker."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker

    def on_log(
        self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **_: Any
    ) -> None:
        """Log the numbers under the global step."""
        self.tracker.metrics(logs or {}, step=state.global_step)


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, keys joined by dots."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        key = f"{prefix}{name}"
        flat |= _flatten(value, f"{key}.") if isinstance(value, Mapping) else {key: value}
    return flat


def _provenance_tags() -> dict[str, str]:
    git = git_state()
    versions = {f"version.{name}": value for name, value in package_versions().items()}
    return {"mlflow.source.git.commit": git.commit, "git.dirty": str(git.dirty).lower()} | versions


def told(error: Exception) -> str:
    """An error in a line: its kind, and the first line of what it says."""
    return f"{type(error).__name__}: {next(iter(str(error).strip().splitlines()), '')}"
