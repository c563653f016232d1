"""Do rows a second and memory hold when an export grows? `reviewguard score` on 1,000 to a million rows.

    python benchmarks/scaling.py --out docs/scaling.json

Up to 10,000 rows, 40% repeat an earlier row; beyond, the distinct texts stay at most `DISTINCT`, so that a million rows
end within minutes, as a helpdesk's templates do. Memory is that of the command and its worker processes together,
sampled ten times a second; pages that they share count for each.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import psutil
from cold_start import processor
from made_export import REPEATS, texts

from reviewguard.files import write_json

SIZES = (1_000, 10_000, 100_000, 1_000_000)
DISTINCT = 6_000


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=Path("models/default"))
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--out", type=Path, default=Path("build/scaling.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        points = [_point(rows, options.model, Path(folder)) for rows in options.sizes]
    result = {"processor": processor(), "points": points}
    write_json(options.out, result)
    print(json.dumps(result, indent=2))


def _point(rows: int, model: Path, folder: Path) -> dict[str, Any]:
    source = folder / f"{rows}.csv"
    distinct = _write_export(source, rows)
    command = [sys.executable, "-m", "reviewguard", "score", str(source), "--model", str(model)]
    start = perf_counter()
    with (folder / "log").open("w") as log:
        started = psutil.Popen(
            [*command, "--out", str(folder / f"{rows}.scored.csv")], stdout=log, stderr=log
        )
        peak = _peak_memory(started)
    seconds = perf_counter() - start
    if started.returncode:
        raise SystemExit((folder / "log").read_text())
    point = {
        "rows": rows,
        "distinct": distinct,
        "seconds": round(seconds, 1),
        "rows_per_second": round(rows / seconds),
        "peak_rss_mb": round(peak / 1e6),
    }
    print(point, file=sys.stderr)
    return point


def _write_export(path: Path, rows: int) -> int:
    """Write a CSV file of orders and messages; how many texts are distinct."""
    messages = texts(rows, repeats=max(REPEATS, 1 - DISTINCT / rows))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["order_id", "sender", "message"])
        writer.writerows(
            (f"999-{i:07}-{i % 10_000_000:07}", "seller", text) for i, text in enumerate(messages)
        )
    return len(set(messages))


def _peak_memory(process: psutil.Popen) -> int:
    """Wait for a process; the most memory that it and its children held at once, in bytes."""
    peak = 0
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):  # one that has just ended: the next look will do
            peak = max(
                peak, sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))
            )
        sleep(0.1)
    return peak


if __name__ == "__main__":
    main()
