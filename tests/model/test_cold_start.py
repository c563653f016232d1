"""The benchmark runs and measures both commands; the figures themselves depend on the machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.cold_start import measure
from tests.mlflow_server import COVERAGE


def test_the_benchmark_measures_both_commands(
    tiny_model_dir: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(COVERAGE, raising=False)
    result = measure(tiny_model_dir, str(tiny_base), starts=1)
    assert set(result["median_seconds"]) == {"reviewguard check", "transformers.pipeline"}
    assert 0 < result["ratio"] < 1
