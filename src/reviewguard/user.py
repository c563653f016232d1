"""Who runs the program."""

from __future__ import annotations

import getpass
import os


def who() -> str:
    """The user's name; `uid <n>` where the system knows none, as in a container run with `--user`."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # KeyError until Python 3.12
        return f"uid {os.getuid()}"
