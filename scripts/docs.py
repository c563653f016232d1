"""Rewrites the generated blocks of the documents: `python scripts/docs.py`, or `--check` to compare only.

A block stands between `<!-- begin NAME -->` and `<!-- end NAME -->`. Every figure in the documents lies in
one. Sources: the command line, the policy, `pyproject.toml`, `models/default/evaluation.json`, and what is stored as
JSON in `docs/`, of which `scripts/figures.py` measures `docs/figures.json`, and in `data/`.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import blocks
import explanation_blocks
import typer.main
import typer.testing

from reviewguard.cli import app

DOCUMENTS = (
    blocks.ROOT / "README.md",
    blocks.ROOT / "data" / "README.md",
    *sorted((blocks.ROOT / "docs").glob("*.md")),
)
CARD = blocks.MODEL / "README.md"
"""Full of figures of its own, so only its blocks are looked at."""
BLOCK = re.compile(r"(<!-- begin (?P<name>[\w-]+) -->\n).*?(<!-- end (?P=name) -->)", re.DOTALL)
COMPLETION = re.compile(r"^  --(?:install|show)-completion.*\n(?: {12,}.*\n)*", re.MULTILINE)
NOT_YET = "_Not measured yet: run `python scripts/figures.py`, then `python scripts/docs.py`._"
WIDTH = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Rewrite the documents, or print what would change and return 1."""
    parser = argparse.ArgumentParser(description="Rewrite the generated blocks of the documents.")
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit code 1 if any block is stale"
    )
    check = parser.parse_args(arguments).check
    stale = {path: text for path in (*DOCUMENTS, CARD) if (text := render(path)) != path.read_text("utf-8")}
    for path, text in stale.items():
        if check:
            sys.stdout.writelines(diff(path, text))
        else:
            path.write_text(text, "utf-8")
            print(f"written: {path}")
    outdated = outdated_figures()
    # The study of explanations takes more than an hour; its tables name the model, so it may be of the one before.
    for problem in (*outdated, *explanation_blocks.outdated()):
        print(problem, file=sys.stderr)
    return int(check and bool(stale or outdated))


def render(path: Path) -> str:
    """The document with every block as it should be."""
    return BLOCK.sub(lambda m: f"{m[1]}{_block(m['name'])}{m[3]}", path.read_text("utf-8"))


def diff(path: Path, text: str) -> Iterator[str]:
    """What would change, as a unified diff."""
    before = path.read_text("utf-8").splitlines(keepends=True)
    after = text.splitlines(keepends=True)
    return difflib.unified_diff(before, after, f"{path} (stale)", f"{path} (generated)")


def outdated_figures() -> list[str]:
    """Which figures were measured on other messages or another model than those in the tree."""
    measured = blocks.figures().get("sources", {})
    return [
        f"docs/figures.json was measured on another state of the {name}: run `python scripts/figures.py`"
        for name, digest in blocks.fingerprints().items()
        if measured.get(name) != digest
    ]


def _block(name: str) -> str:
    content = BLOCKS[name]()
    return f"\n{content or NOT_YET}\n\n"


def commands() -> str:
    """The help of every command, for docs/cli.md."""
    return "\n\n".join(_help(()))


def _help(path: tuple[str, ...]) -> Iterator[str]:
    runner = typer.testing.CliRunner()
    shown = runner.invoke(app, [*path, "--help"], prog_name="reviewguard", terminal_width=WIDTH).output
    yield f"## `{' '.join(('reviewguard', *path))}`\n\n{blocks.fenced(COMPLETION.sub('', shown).strip())}"
    command: Any = typer.main.get_command(app)
    for name in path:
        command = command.commands[name]
    for name in getattr(command, "commands", {}):
        yield from _help((*path, name))


BLOCKS = {
    "requirements": blocks.requirements,
    "headline": blocks.headline,
    "check": blocks.check_output,
    "verdict": blocks.verdict_json,
    "exit-codes": blocks.exit_codes,
    "types": blocks.types,
    "profiles": blocks.profiles,
    "results": blocks.results,
    "harmless": blocks.harmless,
    "comparison": blocks.comparison,
    "model-table": blocks.model_table,
    "behaviour": blocks.behaviour,
    "speed": blocks.speed,
    "retraining": blocks.retraining,
    "retraining-short": blocks.retraining_short,
    "throughput": blocks.throughput,
    "scaling": blocks.scaling,
    "size": blocks.size,
    "counts": blocks.counts,
    "verdicts": blocks.verdicts,
    "variety": blocks.variety,
    "likeness": blocks.likeness,
    "splits": blocks.splits,
    "agreement": blocks.agreement,
    "error-kinds": blocks.error_kinds,
    "label-errors": blocks.label_errors,
    "learning-curve": blocks.learning_curve,
    "vocabulary-gap": blocks.vocabulary_gap,
    "explanations": explanation_blocks.explanations,
    "explanations-plain": explanation_blocks.explanations_plain,
    "explanations-peers": explanation_blocks.explanations_peers,
    "explanations-short": explanation_blocks.explanations_short,
    "commands": commands,
}


if __name__ == "__main__":
    sys.exit(main())
