r"""Measures what the documents quote and writes `docs/figures.json`; minutes. Then run `scripts/docs.py`.

    reviewguard data build
    reviewguard evaluate --compare --with "reviewguard OLD=build/OLD" \
        --data build/data/test.parquet --data dev.jsonl --data data/exam.jsonl --out build/figures.json
    reviewguard evaluate --behaviour tests/model/behaviour --out build/behaviour.json
    python scripts/figures.py                # or some parts only: scripts/figures.py comparison

What is missing (the splits, the comparison, the suite) or of another model is left out with a note, and its block
says so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from blocks import EXAMPLE, FIGURES, MODEL, ROOT, figures, fingerprints, shipped

from reviewguard.curation.likeness import likeness_by_split
from reviewguard.curation.sources import read_messages
from reviewguard.curation.stats import stats
from reviewguard.curation.storage import load_splits
from reviewguard.files import write_json
from reviewguard.modeling.compare import FIGURES as COMPARED
from reviewguard.modeling.embeddings import FrozenEmbeddings, kept_beside

MESSAGES = ROOT / "data" / "messages"
SPLITS = ROOT / "build" / "data" / "report.json"
COMPARISON = ROOT / "build" / "figures.json"
BEHAVIOUR = ROOT / "build" / "behaviour.json"
STARTS = 10


def main(names: Sequence[str]) -> None:
    """Measure these parts, all without any, and write the file; the other parts stay as they are.

    Raises:
        SystemExit: there is no such part, or the others are of other data, another model or other rules.
    """
    if unknown := set(names) - PARTS.keys():
        raise SystemExit(f"no part called {', '.join(sorted(unknown))}: expected {', '.join(PARTS)}")
    kept = figures() if names else {}
    if names and kept.get("sources") != fingerprints():
        raise SystemExit(
            "the other parts are of other data, another model or other rules: measure all of them"
        )
    measured = {name: PARTS[name]() for name in names or PARTS}
    if missing := [name for name in names if measured[name] is None]:
        raise SystemExit(f"nothing is measured of {', '.join(missing)}, so {FIGURES} stays as it is")
    write_json(FIGURES, {"sources": fingerprints(), **kept, **measured})
    print(f"written: {FIGURES}; now run `python scripts/docs.py`")


def _stored(name: str, path: Path, fix: str) -> Any:
    if path.is_file():
        return json.loads(path.read_text("utf-8"))
    print(f"no {name}: {path} does not exist ({fix})", file=sys.stderr)
    return None


def _of_shipped(name: str, path: Path, versions: Callable[[Any], set[str]]) -> Any:
    """What is stored, unless it is of another model than the shipped one."""
    stored = _stored(name, path, "see the top of this script")
    if stored and shipped() not in versions(stored):
        print(f"the {name} in {path} is not of {shipped()}: measure it anew", file=sys.stderr)
        return None
    return stored


def _compared(comparison: Any) -> set[str]:
    return {v.get("version") for models in comparison.values() for v in models.values()}


def _likeness() -> list[dict[str, object]] | None:
    """How alike the messages of each split are, by the pretrained encoder's embeddings."""
    if not SPLITS.is_file():
        return None
    embed = FrozenEmbeddings(kept=kept_beside(SPLITS.parent)).transform
    return [s.to_dict() for s in likeness_by_split(load_splits(SPLITS.parent), embed)]


def _condensed(comparison: Any) -> Any:
    """Data set → model → its version, the counts and the figures that the tables show."""
    return comparison and {
        dataset: {
            model: {
                "version": values.get("version"),
                "counts": values["counts"],
                "figures": {n: values["figures"][n] for n in COMPARED},
            }
            for model, values in models.items()
        }
        for dataset, models in comparison.items()
    }


def _check(*options: str) -> str:
    """The README's example as the shipped model answers it."""
    done = subprocess.run(
        [sys.executable, "-m", "reviewguard", "check", EXAMPLE, "--model", str(MODEL), *options],
        capture_output=True,
        text=True,
        env=os.environ | {"NO_COLOR": "1"},
        check=False,
    )
    if done.stderr:
        raise SystemExit(done.stderr)
    return done.stdout


def _cold_start() -> float:
    """Median seconds from starting `check` to its end."""
    times = []
    for _ in range(STARTS):
        start = perf_counter()
        _check("--json")
        times.append(perf_counter() - start)
    return round(median(times), 2)


PARTS: dict[str, Callable[[], Any]] = {
    "stats": lambda: stats(read_messages(MESSAGES).messages).to_dict(),
    "splits": lambda: _stored("splits", SPLITS, "run `reviewguard data build`"),
    "likeness": _likeness,
    "comparison": lambda: _condensed(_of_shipped("comparison", COMPARISON, _compared)),
    "behaviour": lambda: _of_shipped("behaviour", BEHAVIOUR, lambda report: {report.get("version")}),
    "model": lambda: {
        "name": shipped(),
        "megabytes": round(sum(f.stat().st_size for f in MODEL.iterdir()) / 1e6, 1),
    },
    "check": _check,
    "verdict": lambda: json.loads(_check("--json")),
    "cold_start": lambda: {"median_seconds": _cold_start(), "starts": STARTS, "cores": os.cpu_count()},
}


if __name__ == "__main__":
    main(sys.argv[1:])
