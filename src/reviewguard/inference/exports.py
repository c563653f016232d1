"""An export scored into a work file that is gone afterwards, for commands that look at all of its verdicts.

What they choose of it they write as JSONL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from reviewguard.errors import InputError
from reviewguard.files import atomic_write, check_writable
from reviewguard.inference.batch import Report, ScoreOptions, score_records, silent
from reviewguard.inference.classifier import Classifier
from reviewguard.inference.workspace import Workspace
from reviewguard.inference.workspace_counts import Counts
from reviewguard.inference.writers import Table, check_apart, jsonl
from reviewguard.readers.registry import read_records
from reviewguard.readers.sources import find_files
from reviewguard.schema import ScoredRecord

ProgressBar = Callable[[], AbstractContextManager[Report]]
"""A bar for each export that is scored."""


@contextmanager
def scored_export(
    inputs: Sequence[Path | str], classifier: Classifier, options: ScoreOptions, progress: Report = silent
) -> Iterator[Workspace]:
    """The work file of everything in `inputs`, read and scored.

    Raises:
        InputError: an input cannot be read, or holds no seller's message that can be scored.
        UserError: unusable options.
    """
    with Workspace.temporary() as workspace:
        score_records(read_records(inputs, options.read), classifier, workspace, options, progress)
        if not sum(workspace.counts().decisions.values()):
            raise InputError(
                f"no message to judge in {', '.join(map(str, inputs))}",
                expected="at least one message of a seller",
                fix="run `reviewguard score` on it to see what was read",
            )
        yield workspace


def one_sided(sellers: int, buyers: int, paired: int = 0, *, advise: bool = True) -> str:
    """Says that all messages were taken for one side's, and how to tell the sides; empty where both wrote, or one.

    Args:
        paired: messages that answer what stands beside them; if most do, it is known what buyers wrote.
        advise: name the options that tell the sides.
    """
    if (sellers and buyers) or sellers + buyers < 2 or 2 * paired > sellers + buyers:
        return ""
    side, other = ("the seller's", "buyers") if sellers else ("buyers'", "the seller")
    advice = (
        f" If {other} wrote some of them, name the column that says so with --map sender=COLUMN, or the seller's "
        "addresses or names with --map seller=NAME."
    )
    return f"All {sellers + buyers:,} messages were taken for {side}.{advice * advise}"


def apart(alone: int, buyers: int, *, advise: bool = True) -> str:
    """Says that no buyer's words were read with some messages, and how to tell what belongs together; else empty."""
    if not (alone and buyers):
        return ""
    are = "1 message of the seller's is" if alone == 1 else f"{alone:,} messages of the seller's are"
    advice = (
        ": if a column tells which belong together, name it with --map thread=COLUMN or --map order_id=COLUMN"
    )
    return f"{are} of no order or thread, so no buyer's words were read before{advice * advise}."


def notes_on(counts: Counts) -> list[str]:
    """Says what to know of how an export was read: rows that were left out, messages of one side or of no thread."""
    left_out = [unreadable_rows(counts.unreadable)] if counts.unreadable else []
    return [*left_out, *notes_on_sides(counts.sellers, counts.buyers, counts.alone, counts.paired)]


def notes_on_sides(sellers: int, buyers: int, alone: int, paired: int) -> list[str]:
    """What there is to say of `one_sided` and of messages that stand `apart`."""
    return list(filter(None, (one_sided(sellers, buyers, paired), apart(alone, buyers))))


def unreadable_rows(count: int) -> str:
    """Says how many rows were left out, and what tells why."""
    rows = "1 row could not be read and was" if count == 1 else f"{count:,} rows could not be read and were"
    return f"{rows} left out; `reviewguard score` says which, and why."


def check_out(out: Path, inputs: Sequence[Path | str]) -> None:
    """Refuse an output before anything is scored.

    Raises:
        InputError: no JSONL, one of the inputs, or not to be written.
    """
    if out.suffix.lower() != ".jsonl":
        raise InputError(f"{out}: unknown format", expected="a name that ends in .jsonl")
    check_apart(out, find_files(inputs))
    check_writable(out)


def write_rows(rows: Sequence[ScoredRecord], out: Path) -> None:
    """Some rows as JSONL, with their own columns and the verdict's.

    Raises:
        InputError: the file cannot be written.
    """
    with atomic_write(out) as file:
        jsonl.write(Table({}, rows, len(rows)), file, out)
