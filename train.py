"""Train the shipped model from the written messages: `python train.py`, with the options of `reviewguard train`.

The run itself reads top to bottom in `src/reviewguard/training.py`.
"""

import sys
from pathlib import Path

from reviewguard.cli import main
from reviewguard.curation.pipeline import build
from reviewguard.curation.storage import read_frozen

DATA = Path("build/data")

if __name__ == "__main__":
    frozen = read_frozen(Path("data/splits.json"))
    build(Path("data/messages"), DATA, seed=13, frozen=frozen, labels_dir=Path("data/labels"))
    sys.argv = ["train.py", "train", "--config", "train.toml", "--data", str(DATA), *sys.argv[1:]]
    main()
