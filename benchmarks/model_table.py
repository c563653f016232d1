"""Trains the rows of the comparison on a share of the messages, each the same number of steps; resumes.

    reviewguard data build
    python benchmarks/model_table.py --seed 13 --seed 14 --seed 15 --setfit-shots 64 --measure-on dev.jsonl

Finished rows are kept in `--runs` and not trained again, so that a row or a seed can be added later. The table goes to
`docs/model_table.json`; `scripts/docs.py` shows it. With `--row`, the other rows of a table of the same training stay
as they are. Some ten minutes a row on two cores.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from share_runs import train_once

from reviewguard.classifier_scorer import ClassifierScorer
from reviewguard.cli.models import read_datasets
from reviewguard.curation.storage import load_splits, stored_digest
from reviewguard.files import write_json
from reviewguard.inference.model_folder import load
from reviewguard.modeling.baselines import LinearBaseline, fit_baselines
from reviewguard.modeling.compare import FIGURES, compare
from reviewguard.modeling.embeddings import kept_beside
from reviewguard.modeling.limit import limit_families
from reviewguard.modeling.scorer import Scorer
from reviewguard.schema import LabelledMessage

ROWS: dict[str, dict[str, Any]] = {
    "classification head": {"head": "plain"},
    "evidence head, no rationales": {"rationale_weight": 0},
    "evidence head, no augmentation": {"augment": 0, "epochs": 2},
    "evidence head": {},
}
"""Row → what differs from `train.toml`; `epochs` multiplies, so that unaugmented rows take as many steps."""
FINALISTS = ("evidence head, no augmentation", "evidence head")
"""Rows that are trained with every seed; the others with the first."""


def main(
    data: Path = Path("build/data"),
    share: float = 0.08,
    epochs: int = 3,
    seeds: Annotated[list[int], typer.Option("--seed", help="Repeat for more.")] = [13],  # noqa: B006
    rows: Annotated[list[str], typer.Option("--row", help="These rows only.")] = list(ROWS),  # noqa: B006
    measure_on: Annotated[list[Path] | None, typer.Option(help="Labelled JSONL.")] = None,
    runs: Path = Path("runs/table"),
    out: Path = Path("docs/model_table.json"),
    setfit_shots: Annotated[
        int, typer.Option(help="SetFit on so many messages of each verdict; 0 for none (needs setfit).")
    ] = 0,
) -> None:
    """Train what is missing, measure everything, write the table."""
    runs = runs / f"{stored_digest(data)[:8]}-{share:g}x{epochs}"
    trained = [(row, seed) for row in rows for seed in (seeds if row in FINALISTS else seeds[:1])]
    for row, seed in sorted(trained, key=lambda each: seeds.index(each[1])):
        _train(row, seed, data, share, epochs, runs)
    splits = load_splits(data)
    train = limit_families(splits["train"], share, seeds[0])
    scorers = [
        *fit_baselines(train, splits["validation"], seed=seeds[0], embeddings=kept_beside(data)),
        *_setfit(train, splits["validation"], setfit_shots, seeds[0]),
        *(
            ClassifierScorer(load(_folder(runs, row, seed) / "model"), _title(row, seed, seeds))
            for row, seed in trained
        ),
    ]
    datasets = {"test": splits["test"]} | read_datasets(measure_on or [], test="test")
    table = compare(scorers, datasets, seed=seeds[0], bootstrap=0)
    print(table.to_markdown())
    figures = {
        name: {
            m: {"counts": e["counts"], "figures": {f: e["figures"][f] for f in FIGURES}}
            for m, e in models.items()
        }
        for name, models in table.to_dict().items()
    }
    facts = {
        "digest": stored_digest(data),
        "share": share,
        "messages": len(train),
        "epochs": epochs,
        "seeds": seeds,
    }
    if set(rows) < set(ROWS) and out.is_file():
        figures = _among(json.loads(out.read_text("utf-8")), facts, figures)
    write_json(out, facts | {"comparison": figures})


def _among(stored: dict[str, Any], facts: dict[str, Any], figures: dict[str, Any]) -> dict[str, Any]:
    """The stored figures with these in their place; what is not measured now stays."""
    if {name: stored.get(name) for name in facts} != facts:
        sys.exit("the table that is there is of another training: measure all rows, or take another --out")
    return {name: models | figures.get(name, {}) for name, models in stored["comparison"].items()}


def _setfit(
    train: Sequence[LabelledMessage], validation: Sequence[LabelledMessage], shots: int, seed: int
) -> list[Scorer]:
    if not shots:
        return []
    from setfit_features import SetFitFeatures

    name = f"SetFit, {shots} messages of each verdict, + logistic regression on all"
    features = SetFitFeatures(train, shots, seed)
    return [LinearBaseline.fit(train, validation, features, seed=seed, name=name)]


def _folder(runs: Path, row: str, seed: int) -> Path:
    return runs / f"{row.replace(',', '').replace(' ', '-')}-{seed}"


def _title(row: str, seed: int, seeds: list[int]) -> str:
    return f"{row} (seed {seed})" if row in FINALISTS and len(seeds) > 1 else row


def _train(row: str, seed: int, data: Path, share: float, epochs: int, runs: Path) -> None:
    values = {"limit": share, "seed": seed, "attribution": 0} | ROWS[row]
    values["epochs"] = epochs * ROWS[row].get("epochs", 1)
    train_once(_folder(runs, row, seed), data, values)


if __name__ == "__main__":
    typer.run(main)
