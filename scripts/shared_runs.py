"""Lists the messages that share words in a row with other mail, which they must not be taken from.

    python scripts/shared_runs.py ../shared/realworld/dev.jsonl ../shared/realworld/service_utterances.jsonl

Exit code 1 if there are any. Nothing of the other mail is written.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from reviewguard.curation.sources import read_messages
from reviewguard.files import read_jsonl

Run = tuple[str, ...]


def main() -> int:
    """List them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("mail", type=Path, nargs="+")
    parser.add_argument("--messages", type=Path, default=Path("data/messages"))
    parser.add_argument("--words", type=int, default=8, help="in a row")
    options = parser.parse_args()
    # As written, not `read_labelled`: that leaves out rows whose label is in doubt.
    rows = [row for path in options.mail for _, row in read_jsonl(path)]
    other = {run for row in rows for run in _runs(row["text"], row.get("previous"), options.words)}
    found = 0
    for item in read_messages(options.messages).located:
        ours = item.message
        runs = _runs(ours.text, ours.previous, options.words)
        if shared := next((run for run in runs if run in other), None):
            found += 1
            print(f"{item.file}:{item.line}: {ours.id}: {' '.join(shared)}")
    print(f"{found} messages share {options.words} words in a row with {', '.join(map(str, options.mail))}")
    return int(found > 0)


def _runs(text: str, previous: str | None, length: int) -> Iterator[Run]:
    for said in (text, previous or ""):
        words = re.findall(r"[a-z0-9]+", said.lower())
        yield from (tuple(words[i : i + length]) for i in range(len(words) - length + 1))


if __name__ == "__main__":
    sys.exit(main())
