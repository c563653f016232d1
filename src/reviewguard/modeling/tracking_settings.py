"""MLflow's process-wide settings, changed for the time of a run and put back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import mlflow
from mlflow.telemetry import set_telemetry_client

DEFAULT_STORE = "sqlite:///mlflow.db"
_ADDRESS = "MLFLOW_TRACKING_URI"

_WHERE_UNSET = {
    # MLflow's defaults (7 retries, 120 s each) would hold a training for minutes per call.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "8",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
"""Set for the time of a run only, and only where the user has not set them."""


@contextmanager
def tracking() -> Iterator[None]:
    """`MLFLOW_TRACKING_URI` or the default store, short timeouts, no usage reports, links or progress bars.

    MLflow keeps the address in a global and copies it to the environment; all is put back.
    """
    before = {name: os.environ.get(name) for name in (_ADDRESS, *_WHERE_UNSET)}
    os.environ.update({n: v for n, v in _WHERE_UNSET.items() if before[n] is None})
    set_telemetry_client()  # type: ignore[no-untyped-call]
    try:
        mlflow.set_tracking_uri(before[_ADDRESS] or DEFAULT_STORE)
        yield
    finally:
        mlflow.set_tracking_uri(None)  # type: ignore[arg-type]
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        set_telemetry_client()  # type: ignore[no-untyped-call]
