"""Measures a model folder anew and writes its figures, reliability diagrams and card; the model itself stays.

    reviewguard data build
    python scripts/describe_model.py models/default --measure-on dev.jsonl --measure-on data/exam.jsonl

For figures that an earlier version did not write, and after messages were added that the model was not trained on
(`--without 9-`). An export would round the weights a second time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reviewguard.cli.models import read_datasets
from reviewguard.curation.storage import load_splits, stored_digest
from reviewguard.describing import measure_and_describe
from reviewguard.errors import InputError
from reviewguard.inference.model_folder import load


def main(
    folder: Path,
    data: Path = Path("build/data"),
    measure_on: Annotated[list[Path] | None, typer.Option(help="Labelled JSONL.")] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="Beginnings of briefs that the model was not trained on.")
    ] = None,
) -> None:
    """Measure on the test split and on further data, and describe."""
    splits, classifier = load_splits(data), load(folder)
    known = {
        name: [m for m in rows if name == "test" or not m.writer_brief.startswith(tuple(without or ()))]
        for name, rows in splits.items()
    }
    trained = classifier.settings.training["messages"]["train"]
    if len(known["train"]) != trained:
        raise InputError(
            f"{folder} was trained on {trained} messages, {data} has {len(known['train'])}",
            fix="name the briefs written since with --without",
        )
    further = read_datasets(measure_on or [])
    measure_and_describe(classifier, folder, known, known["train"], further, measured_on=stored_digest(data))


if __name__ == "__main__":
    typer.run(main)
