"""Train the shipped model from the written messages: `python train.py`, with the options of `reviewguard train`.

The run itself reads top to bottom in `src/reviewguard/training.py`.
"""

import subprocess
import sys

from reviewguard.cli import main

if __name__ == "__main__":
    if "--help" not in sys.argv:
        built = subprocess.run([sys.executable, "-m", "reviewguard", "data", "build"], check=False)
        if built.returncode:
            sys.exit(built.returncode)
    sys.argv = ["train.py", "train", "--config", "train.toml", *sys.argv[1:]]
    main()
