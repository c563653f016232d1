"""The benchmark runs and measures both commands; the figures themselves depend on the machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT


def test_the_benchmark_measures_both_commands(tiny_model_dir: Path, tiny_base: Path, tmp_path: Path) -> None:
    out = tmp_path / "cold_start.json"
    options = ["--model", tiny_model_dir, "--base", tiny_base, "--starts", "1", "--out", out]
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "cold_start.py", *map(str, options)],
        capture_output=True,
        text=True,
        check=True,
    )
    result = json.loads(out.read_text())
    assert set(result["median_seconds"]) == {"reviewguard check", "transformers.pipeline"}
    assert 0 < result["ratio"] < 1
    assert f"{result['ratio']:.0%}" in done.stdout
