"""How long one message takes from a cold process: `reviewguard check` beside `transformers.pipeline`.

Both start `STARTS` times, in turn, and judge the same message. The pipeline loads a torch classifier of the same
architecture and size: the encoder that the shipped model was fine-tuned from, with a head for each of its types.
The disk cache is warm for both.

Run: python benchmarks/cold_start.py --out build/cold_start.json
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from reviewguard.files import write_json

TEXT = "Hi Anna, glad the kettle arrived! Leave us five stars and we will send you a gift card."
STARTS = 10
PIPELINE = """
import sys
from transformers import pipeline
print(pipeline("text-classification", model=sys.argv[1], top_k=None, device="cpu")(sys.argv[2]))
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="model folder; the shipped one by default")
    parser.add_argument("--base", help="encoder of the pipeline; the packaged one by default")
    parser.add_argument("--starts", type=int, default=STARTS, help="cold starts of each")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    options = parser.parse_args()
    result = measure(options.model, options.base, options.starts)
    print(json.dumps(result, indent=2))
    if options.out is not None:
        write_json(options.out, result)


def measure(model: Path | None, base: str | None, starts: int) -> dict[str, Any]:
    """Time both commands in turn, so that whatever else the machine does meets both alike."""
    with tempfile.TemporaryDirectory() as folder:
        write_pipeline_model(Path(folder), base)
        chosen = ["--model", str(model)] if model else []
        commands = {
            "reviewguard check": (["-m", "reviewguard", "check", TEXT, *chosen], (0, 1, 3)),
            "transformers.pipeline": (["-c", PIPELINE, folder, TEXT], (0,)),
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(starts):
            for name, (arguments, expected) in commands.items():
                times[name].append(seconds(arguments, expected))
    ours, theirs = (median(values) for values in times.values())
    return {
        "starts": starts,
        "median_seconds": {name: round(median(values), 3) for name, values in times.items()},
        "seconds": {name: [round(s, 3) for s in values] for name, values in times.items()},
        "ratio": round(ours / theirs, 3),
        "load_average": round(os.getloadavg()[0], 2),
        "cores": os.cpu_count(),
        "processor": processor(),
        "python": platform.python_version(),
    }


def write_pipeline_model(folder: Path, base: str | None) -> None:
    """The encoder with a plain classification head, one label a type."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from reviewguard.modeling.base_model import PACKAGED, resolve_base_model
    from reviewguard.policy import load_policy

    encoder = resolve_base_model(base or PACKAGED)
    labels = dict(enumerate(load_policy().types))
    model = AutoModelForSequenceClassification.from_pretrained(
        encoder, num_labels=len(labels), id2label=labels
    )
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(encoder).save_pretrained(folder)


def seconds(arguments: Sequence[str], expected: Sequence[int]) -> float:
    """Wall time of a Python process from start to exit."""
    start = perf_counter()
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    took = perf_counter() - start
    if done.returncode not in expected:
        raise SystemExit(f"{' '.join(arguments)[:80]}: exit code {done.returncode}\n{done.stderr}")
    return took


def processor() -> str:
    """The processor's name, where Linux tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    return next(
        (n.partition(":")[2].strip() for n in lines if n.startswith("model name")), platform.machine()
    )


if __name__ == "__main__":
    main()
