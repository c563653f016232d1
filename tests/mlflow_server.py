"""A real MLflow server, or one that serves a logged model, on a free port of this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

COVERAGE = "COVERAGE_PROCESS_CONFIG"
"""Where coverage tells subprocesses to measure themselves; servers are slow enough without."""


@dataclass(frozen=True)
class Server:
    """A server process, alone in its process group."""

    url: str
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End the process and its workers."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@contextmanager
def mlflow_server(folder: Path, *, seconds: float = 300) -> Iterator[Server]:
    """`mlflow server` with its store and artefacts in `folder`."""
    arguments = ["server", "--backend-store-uri", f"sqlite:///{folder}/server.db", "--workers", "1"]
    arguments += ["--artifacts-destination", str(folder / "artifacts")]
    with _running(arguments, "/health", folder, seconds) as server:
        yield server


@contextmanager
def model_server(model_uri: str, folder: Path, *, seconds: float = 300) -> Iterator[Server]:
    """`mlflow models serve` in this environment; the store is `MLFLOW_TRACKING_URI`."""
    arguments = ["models", "serve", "--model-uri", model_uri, "--env-manager", "local"]
    with _running(arguments, "/ping", folder, seconds) as server:
        yield server


@contextmanager
def _running(arguments: Sequence[str], health: str, folder: Path, seconds: float) -> Iterator[Server]:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "mlflow",
        *arguments,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "TMPDIR": str(folder),
    }
    environment.pop(COVERAGE, None)
    log = folder / f"{arguments[0]}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
            cwd=folder,
        )
        server = Server(f"http://127.0.0.1:{port}", process)
        try:
            _wait(server, health, log, seconds)
            yield server
        finally:
            server.stop()


def _wait(server: Server, health: str, log: Path, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.process.poll() is None:
        try:
            with urllib.request.urlopen(server.url + health, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"{server.url} did not come up:\n{log.read_text()[-2000:]}")


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
