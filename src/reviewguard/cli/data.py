"""`data …`: the commands around the labelled messages."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from reviewguard.checkout import BUILT, LABELS, MESSAGES, SPLITS
from reviewguard.cli import adding
from reviewguard.errors import InputError

if TYPE_CHECKING:
    from reviewguard.schema import LabelledMessage

app = typer.Typer(
    help="Validate, count and build the labelled messages.", no_args_is_help=True, rich_markup_mode=None
)

app.command("add")(adding.add)

MessagesOption = Annotated[Path, typer.Option("--messages", help="Folder of labelled messages.")]
LabelsOption = Annotated[Path, typer.Option("--labels", help="Folder of labels that people added.")]


@app.command()
def validate(messages: MessagesOption = MESSAGES) -> None:
    """List everything wrong with the messages: schema, labels, privacy, duplicates. Exit code 1 if anything is.

    Example: reviewguard data validate
    """
    from reviewguard.curation.pipeline import validate as find_issues

    issues = find_issues(messages)
    for issue in issues:
        print(issue)
    print(f"{len(issues)} problems in {messages}")
    raise typer.Exit(1 if issues else 0)


@app.command()
def build(
    messages: MessagesOption = MESSAGES,
    labels: LabelsOption = LABELS,
    out: Annotated[Path, typer.Option(help="Folder for train, validation and test as Parquet.")] = BUILT,
    seed: Annotated[int, typer.Option(help="Decides the split.", min=0, max=2**32 - 1)] = 13,
    splits: Annotated[
        Path | None,
        typer.Option(
            help="Splits of earlier builds, which stay as they are; data/splits.json where there is one."
        ),
    ] = None,
    freeze: Annotated[
        bool, typer.Option("--freeze", help="Record the splits there; labels are not recorded.")
    ] = False,
    forget: Annotated[
        bool,
        typer.Option("--forget", help="With --freeze: recorded messages that are gone lose their place."),
    ] = False,
) -> None:
    """Curate the messages and write the splits; labels that people added go into the training split.

    Example: reviewguard data build --out build/data
    """
    from reviewguard.curation.labels import read_labels
    from reviewguard.curation.pipeline import build as curate
    from reviewguard.curation.storage import read_frozen

    if forget and not freeze:
        raise InputError("--forget without --freeze", expected="splits to record", fix="add --freeze")
    if labels != LABELS and not labels.is_dir():
        raise InputError(f"{labels} is no folder", expected="the folder of the labels", fix="check the path")
    record = splits or SPLITS
    anew = not record.is_file() and (freeze or splits is None)
    frozen = {} if anew else read_frozen(record)
    if freeze:
        _freeze(record, messages, seed, frozen, forget=forget)
        frozen = read_frozen(record)
    # The usual record also stands beside others' messages.
    checked = bool(frozen) and (freeze or splits is not None)
    added = read_labels(labels) if labels.is_dir() else None
    report = curate(messages, out, seed, frozen, added, record=record if checked else None)
    for step in report.steps:
        print(f"{step.name}: kept {step.kept}, dropped {step.dropped}")
    for dropped in report.dropped:
        print(f"  dropped at {dropped.step}: {dropped.reason}")
    if report.unknown:
        print(f"{report.unknown} of the {len(frozen)} ids recorded in {record} are not among the messages")
    sizes = ", ".join(f"{name} {counts.get('all', 0)}" for name, counts in report.splits.items())
    print(f"{report.kept} messages in {report.groups} groups: {sizes}")
    print(f"digest {report.digest}\nwritten to {out}")


def _freeze(record: Path, messages: Path, seed: int, frozen: Mapping[str, str], *, forget: bool) -> None:
    """Record the splits of the written messages.

    Raises:
        InputError: a recorded message is not in them; put back later, it might come into another split.
    """
    from reviewguard.curation.pipeline import build as curate
    from reviewguard.curation.storage import load_splits, write_frozen

    with TemporaryDirectory() as folder:
        curate(messages, Path(folder), seed, frozen, None, record=record if frozen else None)
        splits = load_splits(Path(folder))
    gone = sorted(frozen.keys() - {message.id for rows in splits.values() for message in rows})
    if gone and not forget:
        raise InputError(
            f"{len(gone)} messages that {record} records are not in this build, first {gone[0]}",
            expected="all of them, so that what is measured on never comes into training",
            fix="put them back, or mend what `reviewguard data validate` says of them; --forget where they are gone "
            "for good",
        )
    write_frozen(record, splits)


@app.command()
def stats(
    messages: MessagesOption = MESSAGES,
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False,
    splits: Annotated[
        Path | None, typer.Option(help="Built splits: how alike they are, by embeddings too (two minutes).")
    ] = None,
) -> None:
    """Count the messages, and measure diversity and shortcuts: minutes for tens of thousands.

    Example: reviewguard data stats

    Example: reviewguard data stats --splits build/data
    """
    from reviewguard.curation.sources import read_messages
    from reviewguard.curation.stats import stats as count

    sources = read_messages(messages)
    if not sources.messages:
        raise InputError(
            f"{messages}: no message that can be read",
            fix=f"see `reviewguard data validate --messages {messages}`",
        )
    if left := sources.left_out:
        print(
            f"{left} lines that cannot be read are left out: see `reviewguard data validate --messages {messages}`",
            file=sys.stderr,
        )
    if sys.stderr.isatty():
        print(
            f"measuring {len(sources.messages):,} messages: tens of thousands take minutes", file=sys.stderr
        )
    result = count(sources.messages)
    alike = _split_likeness(splits) if splits else []
    if as_json:
        print(json.dumps(result.to_dict() | {"splits": alike}, indent=2))
        return
    print(result.to_markdown())
    for row in alike:
        print(json.dumps(row))


def _split_likeness(folder: Path) -> list[dict[str, object]]:
    from reviewguard.curation.likeness import likeness_by_split
    from reviewguard.curation.storage import load_splits
    from reviewguard.modeling.embeddings import FrozenEmbeddings, kept_beside

    embed = FrozenEmbeddings(kept=kept_beside(folder)).transform
    return [s.to_dict() for s in likeness_by_split(load_splits(folder), embed)]


@app.command(name="import")
def import_(
    drafts: Annotated[list[Path], typer.Argument(help="JSONL drafts, rationale as quotes.")],
    brief: Annotated[str, typer.Option(help="What they were written to; names the file written.")],
    prefix: Annotated[str | None, typer.Option(help="Ids are PREFIX-0001 …; the brief by default.")] = None,
    messages: MessagesOption = MESSAGES,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Write the file anew even if messages in it are lost or changed."),
    ] = False,
) -> None:
    """Turn writers' drafts into labelled messages; nothing is written while anything is wrong with them.

    The file of the brief is written anew; where that would lose or change messages in it, it is refused.

    Example: reviewguard data import drafts.jsonl --brief returns --prefix ret
    """
    from reviewguard.curation.drafts import import_drafts, issues_beside
    from reviewguard.curation.sources import read_messages, write_messages
    from reviewguard.files import jsonl_files, jsonl_in

    target = jsonl_in(messages, brief, "--brief")
    result = import_drafts(drafts, brief, prefix)
    others = [path for path in jsonl_files(messages) if path != target]
    issues = issues_beside(result, [item for path in others for item in read_messages(path).located])
    for issue in issues:
        print(issue)
    if issues:
        print(f"{len(issues)} problems, nothing written")
        raise typer.Exit(1)
    if not replace:
        _check_none_lost(target, result.messages)
    write_messages(target, result.messages)
    print(f"{len(result.messages)} messages written to {target}")


def _check_none_lost(target: Path, new: Sequence[LabelledMessage]) -> None:
    """Refuse to write over lines that cannot be read, and messages that are not among the new ones just as they are.

    Splits are recorded by id, and labels may have been mended by hand.

    Raises:
        InputError: some would be lost or changed.
    """
    from reviewguard.curation.sources import read_messages

    if not target.exists():
        return
    old = read_messages(target)
    kept = set(new)
    lost = [m.id for m in old.messages if m not in kept]
    lost += [f"line {issue.line}" for issue in old.issues]
    if lost:
        raise InputError(
            f"{target} holds {len(lost)} messages that the drafts would drop or change, first {lost[0]}",
            fix="import with another --brief, give all drafts of the brief at once, new ones last, or "
            "let them go with --replace",
        )


@app.command()
def agreement(
    readings: Annotated[
        Path, typer.Argument(help='Blind second reading, {"id", "first", "second"} a line.')
    ] = Path("data/second_reading.jsonl"),
) -> None:
    """Cohen's kappa between the labels and a blind second reading.

    Example: reviewguard data agreement data/second_reading.jsonl
    """
    from reviewguard.curation.agreement import agreement as compare
    from reviewguard.curation.agreement import read_readings

    print(compare(read_readings(readings)).to_markdown())
