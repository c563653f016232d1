"""The command line: parse, call, print. Commands import what they need when they run, so `check` starts fast."""

from __future__ import annotations

import io
import sys
import traceback

import typer

from reviewguard.cli import (
    auditing,
    data,
    drifting,
    inference,
    labelling,
    models,
    registry,
    retraining,
    scoring,
    suggesting,
)
from reviewguard.errors import UserError

CRASHED = 70
"""EX_SOFTWARE of sysexits.h: a failure of the program must not read as a verdict."""

app = typer.Typer(
    name="reviewguard",
    help="Finds seller messages that break marketplace rules on customer reviews, and shows the words.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("check")(inference.check)
app.command("score")(scoring.score)
app.command("audit")(auditing.audit)
app.command("drift")(drifting.drift)
app.command("suggest")(suggesting.suggest)
app.command("label")(labelling.label)
app.command("retrain")(retraining.retrain)
app.command("train")(models.train)
app.command("evaluate")(models.evaluate)
app.command("export")(models.export)
app.add_typer(registry.app, name="models")
app.add_typer(data.app, name="data")


def main() -> None:
    """Run the command line; a `UserError` becomes a message and exit code 2, another error a traceback and 70."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except UserError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
    except Exception:
        traceback.print_exc()
        sys.exit(CRASHED)
