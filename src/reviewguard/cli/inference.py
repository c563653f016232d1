"""`check` and `score`: the commands of support teams."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reviewguard.errors import InputError
from reviewguard.schema import COMPLIANT, NEEDS_REVIEW, REVIEW_SOLICITING, Message, Verdict

if TYPE_CHECKING:
    from rich.console import Console

EXIT_CODES = {COMPLIANT: 0, REVIEW_SOLICITING: 1, NEEDS_REVIEW: 3, None: 2}

ProfileOption = Annotated[str, typer.Option(help="Rules to apply: amazon, strict or ftc.")]
ModelOption = Annotated[Path | None, typer.Option(help="Model folder; the shipped model by default.")]
WRONG_COLUMN = typer.BadParameter("expected NAME=COLUMN, for example --map text=Body", param_hint="--map")


def check(
    text: Annotated[
        str | None, typer.Argument(help="The reply; '-' or nothing reads standard input.")
    ] = None,
    previous: Annotated[str | None, typer.Option(help="The buyer's message just before it.")] = None,
    profile: ProfileOption = "amazon",
    model: ModelOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as one line of JSON.")] = False,
) -> None:
    """Judge one reply before it is sent, and show the words that decide.

    Exit code: 0 compliant, 1 review-soliciting, 3 needs-review, 2 for a usage error or an unreadable message.

    Example: reviewguard check "Leave us 5 stars and get a gift card!"
    """
    from reviewguard.inference.model_folder import load

    message = Message(_read_text(text), previous)
    verdict = load(model).predict([message], profile=profile, proof=True)[0]
    if as_json:
        print(verdict.to_json())
    else:
        _show(verdict)
    raise typer.Exit(EXIT_CODES[verdict.verdict])


def score(
    source: Annotated[Path, typer.Argument(help="A CSV export, one message a row.")],
    out: Annotated[
        Path | None, typer.Option(help="CSV to write: every column kept, verdict columns added.")
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", help="Where a field is found: text=Body, order_id='Order #' … (repeatable)."),
    ] = None,
    profile: ProfileOption = "amazon",
    model: ModelOption = None,
    worst: Annotated[int, typer.Option(help="Messages to show in full, the worst first.", min=0)] = 3,
) -> None:
    """Score every seller message of an export, and print a summary and the worst messages.

    Example: reviewguard score data/examples/messages.csv --out scored.csv
    """
    from reviewguard.inference.model_folder import load
    from reviewguard.inference.scoring import score_export, write_scored
    from reviewguard.inference.summary import summary_view
    from reviewguard.readers.export import read_export

    export = read_export(source, _column_map(columns or []))
    scored = score_export(load(model), export, profile=profile)
    if out is not None:
        write_scored(scored, out)
    console, colour = _console()
    console.print(summary_view(scored, worst=worst, colour=colour), highlight=False)
    if out is not None:
        console.print(f"Written: {out}", highlight=False)


def _column_map(items: list[str]) -> dict[str, str]:
    pairs = [item.partition("=") for item in items]
    if any(not separator for _, separator, _ in pairs):
        raise WRONG_COLUMN
    return {name.strip(): column.strip() for name, _, column in pairs}


def _read_text(text: str | None) -> str:
    if text is not None and text != "-":
        return text
    if text is None and sys.stdin.isatty():
        raise InputError("no message", expected="the reply as an argument, or on standard input")
    return sys.stdin.buffer.read().decode("utf-8", "surrogateescape")


def _show(verdict: Verdict) -> None:
    from reviewguard.inference.render import print_verdict

    console, colour = _console()
    print_verdict(verdict, console, colour=colour)


def _console() -> tuple[Console, bool]:
    from rich.console import Console

    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return Console(soft_wrap=not colour), colour
