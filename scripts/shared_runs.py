"""Lists the messages that share words in a row with other mail, which they must not be taken from.

    python scripts/shared_runs.py ../shared/realworld/dev.jsonl ../shared/realworld/service_utterances.jsonl

Exit code 1 if there are any. Nothing of the other mail is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from reviewguard.curation.sources import read_messages
from reviewguard.files import read_jsonl

Run = tuple[str, ...]


def main(
    mail: list[Path],
    messages: Path = Path("data/messages"),
    length: Annotated[int, typer.Option("--words", help="In a row.")] = 8,
) -> None:
    """List the messages that share words in a row with other mail; exit code 1 if there are any."""
    # As written, not `read_labelled`: that leaves out rows whose label is in doubt.
    rows = [row for path in mail for _, row in read_jsonl(path)]
    other = {run for row in rows for run in _runs(row["text"], row.get("previous"), length)}
    found = 0
    for item in read_messages(messages).located:
        ours = item.message
        if shared := next((run for run in _runs(ours.text, ours.previous, length) if run in other), None):
            found += 1
            print(f"{item.file}:{item.line}: {ours.id}: {' '.join(shared)}")
    print(f"{found} messages share {length} words in a row with {', '.join(map(str, mail))}")
    raise typer.Exit(int(found > 0))


def _runs(text: str, previous: str | None, length: int) -> Iterator[Run]:
    for said in (text, previous or ""):
        words = re.findall(r"[a-z0-9]+", said.lower())
        yield from (tuple(words[i : i + length]) for i in range(len(words) - length + 1))


if __name__ == "__main__":
    typer.run(main)
