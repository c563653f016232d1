"""Train the shipped model from the written messages: `python train.py`, with the options of `reviewguard train`.

The run itself reads top to bottom in `src/reviewguard/training.py`.
"""

import sys

from reviewguard.cli import main

if __name__ == "__main__":
    options = sys.argv[1:]
    if "--help" not in options:
        sys.argv[1:] = ["data", "build"]
        try:
            main()
        except SystemExit as end:
            if end.code:
                raise
    sys.argv[1:] = ["train", "--config", "train.toml", *options]
    main()
