"""Where a run's code came from: git state and package versions."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("reviewguard", "torch", "transformers", "onnxruntime", "tokenizers", "numpy",
            "scikit-learn", "mlflow")  # fmt: skip


@dataclass(frozen=True, slots=True)
class GitState:
    """The checked-out commit, "unknown" where git tracks nothing, and whether tracked files differ."""

    commit: str
    dirty: bool

    def __str__(self) -> str:
        return f"{self.commit}-dirty" if self.dirty else self.commit


def git_state(folder: Path | None = None) -> GitState:
    """The state of the repository that a folder is part of, this package's by default.

    A package that is installed inside someone else's repository, in its `.venv` say, is no part of that.
    """
    folder = folder or Path(__file__).parent
    try:
        _git(folder, "ls-files", "--error-unmatch", ".")
        commit = _git(folder, "rev-parse", "HEAD")
        changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return GitState("unknown", dirty=False)
    return GitState(commit, bool(changes))


def package_versions(names: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Python's version and that of each installed package; packages not installed are left out."""
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    return done.stdout.strip()
