"""`label`: a person decides what the model flagged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reviewguard import user
from reviewguard.cli.shared import FormatOption, MapOption, ModelOption, column_map, output_console, warn
from reviewguard.errors import InputError


def label(
    file: Annotated[Path, typer.Argument(help="A file that `score` wrote, or any export.", metavar="FILE")],
    out: Annotated[
        Path | None, typer.Option(help="JSONL file of labels; by default FILE's name with .labels.jsonl.")
    ] = None,
    who: Annotated[
        str | None, typer.Option(help="Written beside each label; your user name by default.")
    ] = None,
    everything: Annotated[
        bool,
        typer.Option(
            "--all",
            help="Also messages that the model calls compliant; what `suggest` chose is shown in any case.",
        ),
    ] = False,
    sample: Annotated[
        int | None,
        typer.Option(
            help="As many different messages instead, drawn at random from all, as `evaluate` needs them; their labels "
            "go into FILE's name with .sample.labels.jsonl.",
            min=1,
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(help="With --sample: decides which; the same goes on with it.", min=0)
    ] = 13,
    format: FormatOption = None,
    columns: MapOption = None,
    model: ModelOption = None,
) -> None:
    """Label the flagged and needs-review messages of FILE in the terminal, key by key.

    v review-soliciting (then types by their numbers, m to mark other words, Enter to save), c compliant, n compliant
    with a neutral request, s skip, u undo, q quit. Each decision is on disk before the next message is shown; the next
    start asks about what has no label yet. A template sent many times is asked about once, but in a sample.
    `reviewguard data add` takes the labels in. Keys may also come from a pipe.

    An export without verdicts is judged here, by Amazon's rules; for others, `score --profile` it first.

    Example: reviewguard label scored.csv

    Example: reviewguard label export.csv --map text="Reply text" --who nora --out nora.jsonl

    Example: reviewguard label export.csv --sample 200
    """
    from reviewguard.labelling.journal import open_journal
    from reviewguard.labelling.keys import standard_keys
    from reviewguard.labelling.labeller import check_labeller
    from reviewguard.labelling.queue import read_items
    from reviewguard.labelling.rows import name_of
    from reviewguard.labelling.screen import end_view
    from reviewguard.labelling.session import run
    from reviewguard.readers.base import ReadOptions
    from reviewguard.readers.sources import LABELS

    labeller = who or user.who()
    check_labeller(labeller)
    stem = name_of(file)
    if out is None and not stem.strip("."):
        raise InputError(f"{file} gives the file of labels no name", fix="name it with --out")
    target = out or file.with_name(stem + (LABELS if sample is None else f".sample{LABELS}"))
    options = ReadOptions(format, column_map(columns))
    with open_journal(target, file) as journal:
        items = read_items(
            file,
            options,
            model=model,
            everything=everything,
            sample=sample,
            seed=seed,
            note=lambda line: warn([line]),
        )
        console, colour = output_console()
        with standard_keys() as keys:
            session = run(
                items,
                journal,
                keys,
                console.print,
                who=labeller,
                colour=colour,
            )
        labels = str(target) if journal.rows else None
        every = everything or sample is not None
        console.print(end_view(session.counts(), labels, everything=every))
