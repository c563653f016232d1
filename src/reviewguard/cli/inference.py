"""`check`: one reply before it is sent."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from reviewguard.cli.shared import ModelOption, ProfileOption, output_console
from reviewguard.errors import InputError
from reviewguard.schema import COMPLIANT, NEEDS_REVIEW, REVIEW_SOLICITING, Message, Verdict

EXIT_CODES = {COMPLIANT: 0, REVIEW_SOLICITING: 1, NEEDS_REVIEW: 3, None: 2}


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


def _read_text(text: str | None) -> str:
    if text is not None and text != "-":
        return text
    if text is None and sys.stdin.isatty():
        raise InputError("no message", expected="the reply as an argument, or on standard input")
    return sys.stdin.buffer.read().decode("utf-8", "surrogateescape")


def _show(verdict: Verdict) -> None:
    from reviewguard.inference.render import print_verdict

    console, colour = output_console()
    print_verdict(verdict, console, colour=colour)
