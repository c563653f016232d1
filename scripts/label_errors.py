"""Lists messages whose label may be wrong, by confident learning over probabilities of models that never saw them.

    reviewguard train --config train.toml --set limit=0.5 --set epochs=3 --run runs/half
    python scripts/label_errors.py runs/half --out build/label_errors.jsonl

A run is asked about the messages outside its training share only. Northcutt, Jiang and Chuang, "Confident learning",
JAIR 2021, by cleanlab. What is listed is a doubt, not an error: a person decides by the guide.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from reviewguard.classifier_scorer import ClassifierScorer
from reviewguard.curation.storage import load_splits
from reviewguard.files import write_jsonl
from reviewguard.inference.model_folder import load
from reviewguard.labelling.doubtful import doubtful
from reviewguard.modeling.limit import limit_families
from reviewguard.schema import LabelledMessage


def main(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs trained on a share of the messages.")],
    data: Path = Path("build/data"),
    trained_on: Annotated[
        Path | None, typer.Option(help="Splits the runs were trained on, if others.")
    ] = None,
    out: Path = Path("build/label_errors.jsonl"),
) -> None:
    """Write the doubtful messages, the most doubtful first."""
    messages = [m for rows in load_splits(data).values() for m in rows]
    sums, counts = np.zeros(len(messages)), np.zeros(len(messages))
    for run in runs:
        unseen = _unseen(run, messages, trained_on or data)
        verdicts = ClassifierScorer(load(run / "model")).predict([messages[i].message for i in unseen])
        sums[unseen] += [v.probability or 0.0 for v in verdicts]
        counts[unseen] += 1
    known = np.flatnonzero(counts)
    places = known[doubtful([messages[i].types for i in known], sums[known] / counts[known])]
    write_jsonl(out, [_row(messages[i], sums[i] / counts[i]) for i in places])
    print(f"{len(known)} messages judged by models that had not seen them, {len(places)} doubtful: {out}")


def _unseen(run: Path, messages: list[LabelledMessage], trained_on: Path) -> NDArray[np.intp]:
    config = json.loads((run / "run.json").read_text("utf-8"))["config"]
    train = limit_families(load_splits(trained_on)["train"], config["limit"], config["seed"])
    seen, families = {m.id for m in train}, {m.family for m in train}
    return np.array([i for i, m in enumerate(messages) if m.id not in seen and m.family not in families])


def _row(message: LabelledMessage, probability: float) -> dict[str, object]:
    return {
        "id": message.id,
        "types": list(message.types),
        "probability": round(float(probability), 4),
        "previous": message.previous,
        "text": message.text,
    }


if __name__ == "__main__":
    typer.run(main)
