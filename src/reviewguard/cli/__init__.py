"""The command line: parse, call, print. Commands import what they need when they run, so `check` starts fast."""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback
from importlib.util import find_spec
from typing import Annotated, NoReturn

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
PIPE_CLOSED = 141
"""128 and the number of SIGPIPE, as shells count: what a program ends with that nobody reads on."""

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


def _print_versions(wanted: bool) -> None:
    if wanted:
        from reviewguard import __version__
        from reviewguard.inference.model_folder import CONFIG_FILE, shipped_model
        from reviewguard.settings import Settings

        config = shipped_model() / CONFIG_FILE
        model = Settings.read(config).version if config.is_file() else "none"
        print(f"reviewguard {__version__}, shipped model {model}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the versions and exit.", callback=_print_versions, is_eager=True
        ),
    ] = False,
) -> None:
    """What is asked of the program itself; `_print_versions` has answered it."""


def main() -> None:
    """Run the command line; a `UserError` becomes a message and exit code 2, another error a traceback and 70.

    A library that is not installed is the user's to mend too: `make run` leaves out those of training.
    Where the reader of its output has gone, as `head` does, it ends without a word.
    """
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")  # what went well is ours to tell
    signal.signal(signal.SIGTERM, _stop)
    hangup = getattr(signal, "SIGHUP", None)  # of a terminal that is closed; `nohup` ignores it
    if hangup is not None and signal.getsignal(hangup) == signal.SIG_DFL:
        signal.signal(hangup, _leave)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        _run()
    except BrokenPipeError:
        _end_unread()
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # typer and rich end with 1, which is a verdict
            _end_unread()
        raise


def _run() -> None:
    try:
        app()
    except UserError as error:
        _refuse(error)
    except BrokenPipeError:
        raise
    except Exception as error:
        if library := _missing_library(error):
            _refuse(
                UserError(
                    f"this command needs {library}, which is not installed",
                    expected="the libraries of training, which `make run` leaves out",
                    fix="run `make test`, or `pip install '.[train]'`, in a checkout",
                )
            )
        traceback.print_exc()
        sys.exit(CRASHED)
    finally:
        _flush()


def _flush() -> None:
    """Write out what was printed; at the interpreter's end it would be too late to catch what goes wrong."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError:
        traceback.print_exc()
        _to_nowhere(1)
        sys.exit(CRASHED)


def _refuse(error: UserError) -> NoReturn:
    from reviewguard.inference.render import printable  # imports rich

    print(f"Error: {printable(str(error))}", file=sys.stderr)
    sys.exit(2)


def _missing_library(error: Exception) -> str | None:
    """The library that an import lacks; None for another error, and for a missing part of one that is there."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    library = error.name.partition(".")[0]
    return library if find_spec(library) is None else None


def _stop(number: int, _: object) -> NoReturn:
    """End as on an error, so that nothing temporary is left, with the code that shells give."""
    sys.exit(128 + number)


def _leave(number: int, frame: object) -> NoReturn:
    """End as `_stop` does, without a word to the terminal that has gone."""
    _to_nowhere(1, 2)
    _stop(number, frame)


def _end_unread() -> NoReturn:
    """What is still to be written goes nowhere, or the interpreter complains of it."""
    _to_nowhere(1, 2)
    sys.exit(PIPE_CLOSED)


def _to_nowhere(*numbers: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in numbers:
        os.dup2(nowhere, number)
