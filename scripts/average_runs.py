"""Average the weights of two trainings, one of which began with the other.

    python scripts/average_runs.py runs/0.7.0 runs/0.6.0 --share 0.5 --out runs/0.7.0-averaged

What `train --set keep_start=SHARE` does at the end of one training, for two that several lie between (Wortsman et al.,
"Robust fine-tuning of zero-shot models", CVPR 2022). Then `reviewguard export` the new run.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from reviewguard.modeling.runs import lineage, write_run
from reviewguard.modeling.trainer import interpolate
from reviewguard.training import finished_run


def main() -> None:
    """Average and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder of the later training")
    parser.add_argument("earlier", type=Path, help="folder of the training that it goes back to")
    parser.add_argument("--share", type=float, required=True, help="of the earlier weights, 0 to 1")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    run, earlier = finished_run(options.run), finished_run(options.earlier)
    model, start = run.trained.model, earlier.trained.model.state_dict()
    interpolate(model, model.state_dict(), start, options.share)
    averaged = [*run.facts.get("averaged_with", ()), {**lineage(earlier.facts), "share": options.share}]
    write_run(options.out, replace(run, facts={**run.facts, "averaged_with": averaged}))


if __name__ == "__main__":
    main()
