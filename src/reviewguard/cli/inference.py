"""`check`: one reply, or a folder of templates, before it is sent."""

from __future__ import annotations

import os
import sys
from codecs import BOM_UTF8
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reviewguard.cli.shared import FailOn, ModelOption, ProfileOption, output_console
from reviewguard.errors import InputError
from reviewguard.schema import COMPLIANT, NEEDS_REVIEW, REVIEW_SOLICITING, Message, Verdict, json_text

if TYPE_CHECKING:
    from reviewguard.inference.templates import CheckedTemplate

EXIT_CODES = {COMPLIANT: 0, REVIEW_SOLICITING: 1, NEEDS_REVIEW: 3, None: 2}


def check(
    text: Annotated[
        list[str] | None,
        typer.Argument(
            help="The reply; '-' or nothing reads standard input; put -- before one that begins with a dash. With"
            " --file: files, folders, patterns."
        ),
    ] = None,
    previous: Annotated[str | None, typer.Option(help="The buyer's message just before it.")] = None,
    files: Annotated[
        bool, typer.Option("--file", help="The arguments are files, each a template of one message.")
    ] = False,
    profile: ProfileOption = "amazon",
    model: ModelOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each verdict as one line of JSON.")] = False,
    fail_on: Annotated[
        FailOn, typer.Option(help="With --file: the mildest verdict that makes the exit code other than 0.")
    ] = FailOn.NEEDS_REVIEW,
) -> None:
    """Judge one reply before it is sent, and show the words that decide. Or judge files of templates.

    Exit code: 0 compliant, 1 review-soliciting, 3 needs-review, 2 for a usage error or an unreadable message;
    of several files, the worst one's (1 before 2 before 3); a file without words is left out. 70 if reviewguard itself
    fails.

    Example: reviewguard check "Leave us 5 stars and get a gift card!"

    Example: reviewguard check --file templates/*.txt --fail-on review-soliciting
    """
    from reviewguard.inference.model_folder import load

    if files and previous is not None:
        raise typer.BadParameter("files of templates have no message before them", param_hint="--previous")
    if not files and fail_on is not FailOn.NEEDS_REVIEW:
        raise typer.BadParameter(
            "only with --file; one reply's exit code is its verdict", param_hint="--fail-on"
        )
    if files:
        raise typer.Exit(_check_files(text or [], profile, model, as_json=as_json, fail_on=fail_on))
    message = Message(_read_text(text or []), previous)
    verdict = load(model).predict([message], profile=profile, proof=True)[0]
    if as_json:
        print(verdict.to_json(sys.stdout.encoding))
    else:
        _show(verdict)
    raise typer.Exit(EXIT_CODES[verdict.verdict])


def _check_files(
    names: Sequence[str], profile: str, model: Path | None, *, as_json: bool, fail_on: FailOn
) -> int:
    """Print each file's verdict; the exit code."""
    from reviewguard.inference.model_folder import load
    from reviewguard.inference.templates import check_templates
    from reviewguard.readers.sources import find_files

    if not names:
        raise InputError("no file named", expected="files, folders or patterns after --file")
    files = find_files(names)
    found = [path for path, named in files.items() if not named]
    checked = check_templates(load(model), list(files), profile=profile, found=found)
    for item in checked:
        if as_json:
            values = item.verdict.to_dict()
            values |= {"line": item.line, "text": item.text, "left_out": item.left_out}
            print(json_text(values, sys.stdout.encoding))
        else:
            _show_file(item)
    codes = {EXIT_CODES[item.verdict.verdict] for item in checked if not item.left_out}
    ignored = {3} if fail_on is FailOn.REVIEW_SOLICITING else set()
    return next((code for code in (1, 2, 3) if code in codes - ignored), 0)


def _show_file(item: CheckedTemplate) -> None:
    from reviewguard.inference.render import printable

    place = printable(f"{item.path}:{item.line}" if item.line else str(item.path))
    if item.left_out or item.verdict.verdict == COMPLIANT:
        print(f"{place}: {item.verdict.error or COMPLIANT}")
        return
    print(f"{place}:")
    _show(item.verdict)
    print()


def _read_text(words: Sequence[str]) -> str:
    if len(words) > 1:
        raise InputError(
            f"{len(words)} arguments", expected="one reply", fix="put it into quotes, or use --file for files"
        )
    if words and os.path.exists(words[0]):  # noqa: PTH110 - a long reply is no error, as it is to Path
        raise InputError(f"{words[0]} is a file or folder", expected="a reply", fix="use --file for files")
    if words and words[0] != "-":
        return words[0]
    if sys.stdin is None or (not words and sys.stdin.isatty()):
        raise InputError("no message", expected="the reply as an argument, or on standard input")
    return sys.stdin.buffer.read().removeprefix(BOM_UTF8).decode("utf-8", "surrogateescape")


def _show(verdict: Verdict) -> None:
    from reviewguard.inference.render import verdict_view

    console, colour = output_console()
    console.print(verdict_view(verdict, colour=colour), highlight=False)
