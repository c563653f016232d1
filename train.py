"""Train the shipped model from the written messages: `python train.py`, with the options of `reviewguard train`.

The run itself reads top to bottom in `src/reviewguard/training.py`.
"""

import sys

from reviewguard.checkout import BUILT, LABELS, MESSAGES, SPLITS
from reviewguard.cli import main
from reviewguard.curation.labels import read_labels
from reviewguard.curation.pipeline import build
from reviewguard.curation.storage import read_frozen


def build_data() -> None:
    """The splits of the messages as they are now."""
    build(MESSAGES, BUILT, seed=13, frozen=read_frozen(SPLITS), labels=read_labels(LABELS))


if __name__ == "__main__":
    sys.argv = ["train.py", "train", "--config", "train.toml", "--data", str(BUILT), *sys.argv[1:]]
    main(build_data)
