"""An export scored into a work file that is gone afterwards, for commands that look at all of its verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from reviewguard.errors import InputError
from reviewguard.inference.batch import Report, score_records, silent
from reviewguard.inference.classifier import Classifier
from reviewguard.inference.passes import BATCH_TOKENS
from reviewguard.inference.workspace import Workspace
from reviewguard.readers.base import ReadOptions
from reviewguard.readers.registry import read_records


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """How exports are read and scored; see `batch.score`."""

    read: ReadOptions = field(default_factory=ReadOptions)
    profile: str = "amazon"
    workers: int = 0
    batch_tokens: int = BATCH_TOKENS


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
        score_records(
            read_records(inputs, options.read),
            classifier,
            workspace,
            profile=options.profile,
            workers=options.workers,
            batch_tokens=options.batch_tokens,
            progress=progress,
        )
        if not sum(workspace.counts().decisions.values()):
            raise InputError(
                f"no message to judge in {', '.join(map(str, inputs))}",
                expected="at least one message of a seller",
                fix="run `reviewguard score` on it to see what was read",
            )
        yield workspace
