"""Lists the messages that share words in a row with other mail, which they must not be taken from.

    python scripts/shared_runs.py ../shared/realworld/dev.jsonl ../shared/realworld/service_utterances.jsonl

Exit code 1 if there are any. Nothing of the other mail is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from reviewguard.files import jsonl_files, read_jsonl

Run = tuple[str, ...]


def main(
    mail: list[Path],
    messages: Path = Path("data/messages"),
    length: Annotated[int, typer.Option("--words", help="In a row.")] = 8,
) -> None:
    """List the messages that share words in a row with other mail; exit code 1 if there are any."""
    # As written, not as labelled messages: a row whose label is in doubt, or that has none, counts, too.
    other = {run for path in mail for _, row in read_jsonl(path) for run in _runs(row, length)}
    found = read = 0
    for file in jsonl_files(messages) if messages.is_dir() else [messages]:
        for line, row in read_jsonl(file):
            read += 1
            if shared := next((run for run in _runs(row, length) if run in other), None):
                found += 1
                print(f"{file}:{line}: {row.get('id')}: {' '.join(shared)}")
    print(f"{found} of {read} messages share {length} words in a row with {', '.join(map(str, mail))}")
    raise typer.Exit(int(found > 0))


def _runs(row: Mapping[str, Any], length: int) -> Iterator[Run]:
    for said in (row["text"], row.get("previous") or ""):
        words = re.findall(r"[a-z0-9]+", said.lower())
        yield from (tuple(words[i : i + length]) for i in range(len(words) - length + 1))


if __name__ == "__main__":
    typer.run(main)
