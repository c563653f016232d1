"""Runs the notebooks: `python scripts/notebooks.py`; `--strip` takes their outputs out, `--check` says which have some.

Executed copies go to `build/notebooks/`; the notebooks themselves stay without outputs, as they are in git.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
OUT = ROOT / "build" / "notebooks"
STARTUP = 600
"""Seconds for a kernel to start: a busy machine is no failure."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Execute, strip or check; 1 if something is to be stripped."""
    parser = argparse.ArgumentParser(description="Run the notebooks, or take their outputs out.")
    parser.add_argument("notebooks", nargs="*", type=Path, help="All of notebooks/ by default.")
    parser.add_argument("--strip", action="store_true", help="Take outputs and counts out.")
    parser.add_argument("--check", action="store_true", help="Only say which have some; exit code 1 then.")
    asked = parser.parse_args(arguments)
    paths = asked.notebooks or sorted(FOLDER.glob("*.ipynb"))
    if asked.strip or asked.check:
        return _strip(paths, check=asked.check)
    os.environ["HF_HUB_OFFLINE"] = "1"
    for path in paths:
        write(execute(read(path), path.parent), OUT / path.name)
        print(f"written: {OUT / path.name}")
    return 0


def read(path: Path) -> NotebookNode:
    """A notebook in today's form."""
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    return notebook


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def execute(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Run every cell, from this folder; an error in one is raised."""
    where = {"metadata": {"path": str(folder)}}
    client = NotebookClient(
        notebook, timeout=None, startup_timeout=STARTUP, kernel_name="python3", resources=where
    )
    return client.execute()


def strip(notebook: NotebookNode) -> bool:
    """Take outputs, counts and metadata of cells out; whether there were any."""
    before: str = nbformat.writes(notebook)
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    after: str = nbformat.writes(notebook)
    return after != before


def _strip(paths: Sequence[Path], *, check: bool) -> int:
    found = {path: notebook for path in paths if strip(notebook := read(path))}
    for path, notebook in found.items():
        print(
            f"{path}: has outputs; run `python scripts/notebooks.py --strip`"
            if check
            else f"stripped: {path}"
        )
        if not check:
            write(notebook, path)
    return int(check and bool(found))


if __name__ == "__main__":
    sys.exit(main())
