"""The command line of `distil.py`."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

_PREPARED = ("train", "mixed", "validation", "test")
"""Sets that `prepare` always writes."""


def parse(description: str, commands: Mapping[str, Callable[[Namespace], None]]) -> Namespace:
    """The options of the command that is called, and its function as `run`.

    Args:
        commands: the function of each command; its docstring is the help.
    """
    parser = ArgumentParser(description=description, formatter_class=RawDescriptionHelpFormatter)
    parsers = parser.add_subparsers(required=True, dest="command")
    for name, run in commands.items():
        one = parsers.add_parser(name, help=run.__doc__, description=run.__doc__)
        one.set_defaults(run=run)
        for add in _OPTIONS[name]:
            add(one)
        one.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if problem := _problem(options):
        parsers.choices[options.command].error(problem)
    return options


def _problem(options: Namespace) -> str | None:
    """What is wrong with options that are right one by one; None for nothing."""
    match options.command:
        case "prepare":
            names = [*_PREPARED, *(path.stem for path in options.measure_on)]
            if twice := sorted({name for name in names if names.count(name) > 1}):
                return f"--measure-on: another set is named {twice[0]} too; rename the file"
        case "student" if (options.mimic or options.corrected) and not options.teachers:
            return "--mimic and --corrected need --teachers"
        case "student" if options.first_marks and len(options.teachers) < 2:
            return "--first-marks needs two --teachers or more"
        case "finish" if options.taught_by and not options.seeds:
            return "--taught-by needs --seeds"
    return None


def _prepare(parser: ArgumentParser) -> None:
    parser.add_argument("data", type=Path, help="folder of `reviewguard data build`")
    parser.add_argument("--tokenizer", type=Path, default=Path("models/default/tokenizer.json"))
    parser.add_argument("--sample", type=int, help="so many of the written messages; else all")
    parser.add_argument("--copies", type=int, default=4, help="augmented ones, of each message")
    parser.add_argument("--favour", nargs="*", default=[], help="beginnings of briefs with more copies")
    parser.add_argument("--more", type=int, default=3, help="augmented ones, of each of their messages")
    parser.add_argument("--crossed", type=int, default=0, help="fair asks after other buyers")
    parser.add_argument("--buyers", type=Path, help="file of further buyers for these")
    parser.add_argument("--mixtures", type=int, default=300_000)
    parser.add_argument(
        "--neighbours", type=Path, help="encoder whose word vectors say which words may be swapped"
    )
    parser.add_argument(
        "--measure-on", type=Path, nargs="*", default=[], help="labelled files, for quick figures"
    )
    parser.add_argument("--workers", type=int, default=14)
    parser.add_argument("--seed", type=int, default=13)


def _model(parser: ArgumentParser) -> None:
    parser.add_argument("data", type=Path, help="file of `prepare`")
    parser.add_argument("--base", type=Path, required=True, help="folder of the pretrained encoder")


def _start(parser: ArgumentParser, *, required: bool = False) -> None:
    parser.add_argument("--start", type=Path, required=required, help="weights to begin with")


def _plan(parser: ArgumentParser, lr: float, batch: int) -> None:
    parser.add_argument("--seconds", type=float, default=200)
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--lr", type=float, default=lr)
    parser.add_argument("--head-lr", type=float, default=3 * lr)
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--looks", type=int, default=3, help="quick reports")


def _teacher(parser: ArgumentParser) -> None:
    _plan(parser, 4e-5, 96)
    parser.add_argument("--dropout", type=float, default=0.1)


def _student(parser: ArgumentParser) -> None:
    _plan(parser, 5e-4, 384)
    parser.add_argument("--teachers", type=Path, nargs="+", default=[], help="their weights")
    parser.add_argument("--first-marks", action="store_true", help="the first alone says what is evidence")
    parser.add_argument("--mimic", type=Path, help="the teachers' base, to learn the states of the first too")
    parser.add_argument("--trust", type=float, default=0.7, help="in the teachers against labels, 0 to 1")
    parser.add_argument("--corrected", action="store_true", help="labels instead of answers they contradict")
    parser.add_argument("--dropout", type=float, default=0.1)


def _ask(parser: ArgumentParser) -> None:
    parser.add_argument("--teacher", action="store_true", help="they are a teacher's")


def _narrow(parser: ArgumentParser) -> None:
    parser.add_argument("--keep", type=int, required=True, help="mixtures that it is least sure of")
    parser.add_argument("--others", type=int, required=True, help="by chance, out of the rest")
    parser.add_argument("--seed", type=int, default=13)


def _average(parser: ArgumentParser) -> None:
    parser.add_argument("weights", type=Path, help="the student's")
    parser.add_argument("earlier", type=Path, help="those that it began with")
    parser.add_argument("--share", type=float, required=True, help="of the earlier ones, 0 to 1")


def _unpack(parser: ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help="a model folder")


def _finish(parser: ArgumentParser) -> None:
    parser.add_argument("weights", type=Path, help="the student's")
    parser.add_argument("--data", type=Path, required=True, help="folder of `reviewguard data build`")
    parser.add_argument("--config", type=Path, default=Path("train.toml"))
    parser.add_argument("--version", required=True)
    parser.add_argument("--started-from", type=Path, help="folder of the model that a student was")
    parser.add_argument("--seed", type=int, required=True, help="the student's, for its card")
    parser.add_argument(
        "--seconds", type=float, required=True, help="that the student was trained for, for its card"
    )
    parser.add_argument("--seeds", type=int, nargs="+", help="of larger teachers, where there were any")
    parser.add_argument(
        "--taught-by", type=json.loads, default={}, help="further facts of them: '{\"windows\": 472111}'"
    )


_OPTIONS: Mapping[str, tuple[Callable[[ArgumentParser], None], ...]] = {
    "prepare": (_prepare,),
    "teacher": (_model, _teacher),
    "student": (_model, _start, _student),
    "unpack": (_unpack,),
    "ask": (_model, partial(_start, required=True), _ask),
    "narrow": (_model, partial(_start, required=True), _narrow),
    "average": (_average,),
    "finish": (_finish,),
}
