"""Average the weights of two trainings, one of which began with the other.

    python scripts/average_runs.py runs/0.7.0 runs/0.6.0 --share 0.5 --out runs/0.7.0-averaged

What `train --set keep_start=SHARE` does at the end of one training, for two that several lie between (Wortsman et al.,
"Robust fine-tuning of zero-shot models", CVPR 2022). Then `reviewguard export` the new run.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from reviewguard.modeling.runs import lineage, write_run
from reviewguard.modeling.trainer import interpolate
from reviewguard.training import finished_run


def main(
    run: Annotated[Path, typer.Argument(help="Folder of the later training.")],
    earlier: Annotated[Path, typer.Argument(help="Folder of the training that it goes back to.")],
    share: Annotated[float, typer.Option(help="Of the earlier weights.", min=0, max=1)],
    out: Annotated[Path, typer.Option(help="Folder of the new run.")],
) -> None:
    """Average the weights of two trainings, one of which began with the other."""
    later, before = finished_run(run), finished_run(earlier)
    model, start = later.trained.model, before.trained.model.state_dict()
    interpolate(model, model.state_dict(), start, share)
    known = [{**a, "share": round(a["share"] * (1 - share), 4)} for a in later.facts.get("averaged_with", ())]
    averaged = [*known, {**lineage(before.facts), "share": share}]
    write_run(out, replace(later, facts={**later.facts, "averaged_with": averaged}))


if __name__ == "__main__":
    typer.run(main)
