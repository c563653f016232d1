"""What `data add` found, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reviewguard.curation.storage import label_of
from reviewguard.inference.render import bracketed, printable
from reviewguard.labelling.compare import Candidate, Conflict
from reviewguard.labelling.likes import Known
from reviewguard.labelling.results import AddReport, rows_of
from reviewguard.schema import LabelledMessage

_SHOWN = 160
_DECIDED = {"accept": "the new label is taken", "reject": "the known label stays", "both": "both stay"}


def report_view(report: AddReport, target: Path) -> RenderableType:
    """Everything that happened, the open conflicts last."""
    return Group(
        *_refused(report),
        *_repeated(report),
        *_doubts(report),
        *_measured(report),
        *_conflicts(report),
        *_end(report, target),
    )


def _refused(report: AddReport) -> Iterator[RenderableType]:
    for item in report.refused:
        yield Text(f"refused: {item.file}, {item.place}: {printable(item.reason)}")


def _repeated(report: AddReport) -> Iterator[RenderableType]:
    for item in report.repetitions:
        near = "" if item.kind == "exact" else f" ({item.similarity:.0%} alike)"
        yield Text(f"known: {item.new.place} as {_where(item.old)}{near}")
    for item in report.renewed:
        yield Text(f"marks renewed: {item.new.place} on {_where(item.old)}")


def _doubts(report: AddReport) -> Iterator[RenderableType]:
    if report.doubts:
        yield Text(
            "\nThese labels may be wrong; the model, which never saw them, says otherwise. They count as added:"
        )
    for doubt in report.doubts:
        label = label_of(doubt.new.label.message)
        yield Text(
            f"  {doubt.new.id} ({doubt.new.place}): {label}, but {doubt.probability:.0%} likely to break the rules"
        )
        yield Text(f"    {_short(doubt.new.label.message.text)}")


def _measured(report: AddReport) -> Iterator[RenderableType]:
    if report.measured:
        yield Text(
            "\nThese read like messages that models are measured on, so they are kept and never learnt. Where the "
            "label there is wrong, mend it in the written messages:"
        )
    for name, like in report.measured.items():
        yield Text(f"  {name} reads like {like}")


def _conflicts(report: AddReport) -> Iterator[RenderableType]:
    for name, together in rows_of(report.conflicts).items():
        for number, conflict in enumerate(together, 1):
            alike = "the same words" if conflict.kind == "exact" else f"{conflict.similarity:.0%} alike"
            state = _DECIDED[conflict.decision] if conflict.decision else "not decided"
            several = f" ({number} of {len(together)}, decided together)" if len(together) > 1 else ""
            yield Text(f"\nconflict {name}{several}: {alike}, another label; {state}")
            yield _side_by_side(conflict)


def _side_by_side(conflict: Conflict) -> Table:
    table = Table(expand=True, show_lines=False)
    table.add_column(Text(f"known: {_where(conflict.old)}"), ratio=1)
    table.add_column(Text(f"new: {_whose(conflict.new)}"), ratio=1)
    old, new = conflict.old.message, conflict.new.label.message
    table.add_row(_label(old), _label(new))
    if old.previous or new.previous:
        table.add_row(_previous(old), _previous(new))
    table.add_row(_marked(old), _marked(new))
    return table


def _end(report: AddReport, target: Path) -> Iterator[RenderableType]:
    counts = {
        "to add" if report.written is None else "added": len(report.added),
        "to take out" if report.written is None else "taken out": len(report.removed),
        "marks renewed": len(report.renewed),
        "known already": len(report.repetitions),
        "in conflict": len(rows_of(report.conflicts)),
        "may be wrong": len(report.doubts),
        "refused": len(report.refused),
        "without a label": report.unlabelled,
    }
    yield Text(
        "\n" + ", ".join(f"{count} {what}" for what, count in counts.items() if count or "add" in what)
    )
    if report.scrubbed:
        taken = ", ".join(f"{count} {label}" for label, count in report.scrubbed.items())
        yield Text(f"personal details replaced: {taken}")
    yield from _marked_by_model(report)
    yield Text(_closing(report, target))


def _marked_by_model(report: AddReport) -> Iterator[RenderableType]:
    if report.marked:
        yield Text("words marked by the model, look at them:")
    for item in report.marked:
        yield Text(f"  {item.id} ({item.place}): {' '.join(_bracketed(item.label.message).split())}")


def _closing(report: AddReport, target: Path) -> str:
    if report.written:
        return f"written to {report.written}"
    if report.undecided:
        rows = rows_of(report.undecided).values()
        differ = any(all(conflict.kind == "near" for conflict in together) for together in rows)
        both = " or --both ID (the messages do differ; not where their words are the same)" if differ else ""
        return (
            f"nothing written: {len(rows)} conflicts are open. Decide each with --accept ID (the new label), --reject "
            f"ID (the known one){both}; `all` stands for all ids, but for conflicts that a decision has brought about"
        )
    changes = report.incoming or report.outgoing
    return f"nothing written to {target}: a dry run" if changes else f"nothing to write to {target}"


def _where(known: Known) -> str:
    return f"{known.message.id} in {known.file or 'this file'}"


def _whose(item: Candidate) -> str:
    who = item.label.provenance.labelled_by
    return item.place + (f", by {printable(who)}" if who else "")


def _label(message: LabelledMessage) -> Text:
    return Text(f"{label_of(message)}: {', '.join(message.types) or 'no type'}", style="bold")


def _previous(message: LabelledMessage) -> Text:
    return Text(f"buyer: {_short(message.previous or '–')}", style="dim")


def _marked(message: LabelledMessage) -> Text:
    return Text(_bracketed(message))


def _bracketed(message: LabelledMessage) -> str:
    return bracketed(message.text, [mark.evidence(message.text) for mark in message.rationale])


def _short(text: str) -> str:
    line = " ".join(printable(text).split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
