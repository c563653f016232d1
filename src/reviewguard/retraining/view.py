"""Versions, their history and their differences for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reviewguard.errors import ModelError
from reviewguard.inference.render import printable
from reviewguard.retraining.diff import FigureChange, VerdictChange, VerdictChanges, measured_on, read_figures
from reviewguard.retraining.history import HistoryEntry
from reviewguard.retraining.stored import ADDED, DATA_DIGEST, PARENT, StoredModel

_CHARACTERS, _DIGITS = 100, 12
_SHOWN = ("auroc", "f1", "false_alarm_rate", "macro_f1", "ece")
"""Figures that `show` prints; `diff` prints all."""


def list_view(models: Sequence[StoredModel]) -> RenderableType:
    """A line a version, in the order in which they came; figures that cannot be read are left out."""
    table = _table("version", "alias", "added", "gate", "parent", "data", "F1")
    for model in models:
        cells = (
            model.version,
            " ".join(model.aliases),
            model.tags.get(ADDED, "")[:16].replace("T", " "),
            model.gate,
            model.tags.get(PARENT, ""),
            model.tags.get(DATA_DIGEST, "")[:_DIGITS],
            _number(_f1(model)),
        )
        table.add_row(*map(Text, cells))
    return table


def _f1(model: StoredModel) -> float | None:
    try:
        figures = read_figures(model.folder)
    except ModelError:
        return None
    return next(iter(figures.values()), {}).get("f1")


def show_view(model: StoredModel, entries: Sequence[HistoryEntry]) -> RenderableType:
    """Everything about one version."""
    facts = {
        "version": model.version,
        "aliases": " ".join(model.aliases) or "none",
        "folder": str(model.folder),
        "weights": str(model.weights or "not at hand"),
        "gate": model.gate,
        **{name: value for name, value in sorted(model.tags.items()) if name != "gate"},
    }
    for dataset, figures in read_figures(model.folder).items():
        facts[dataset] = ", ".join(f"{name} {_number(figures[name])}" for name in _SHOWN if name in figures)
    lines = [f"{name:<18} {printable(value)}" for name, value in facts.items()]
    mine = [entry for entry in entries if model.version in (entry.from_version, entry.to_version)]
    return Text("\n".join([*lines, *map(history_line, mine)]))


def history_line(entry: HistoryEntry) -> str:
    """A line of the log as a sentence."""
    verb = {"promote": "promoted", "rollback": "rolled back"}[entry.action]
    forced = ", forced" if entry.forced else ""
    reason = f": {printable(entry.reason)}" if entry.reason else ""
    return (
        f"{entry.when[:19].replace('T', ' ')} UTC  {verb} {entry.from_version or 'nothing'} → {entry.to_version} "
        f"by {entry.by}, gate {entry.gate}{forced}{reason}"
    )


def figures_view(changes: Sequence[FigureChange], before: StoredModel, after: StoredModel) -> RenderableType:
    """Figures side by side, with a note where they were measured on other data."""
    table = _table("", before.version, after.version, "difference", left=1)
    dataset = None
    for change in changes:
        if change.dataset != dataset:
            dataset = change.dataset
            table.add_row(Text(dataset, style="bold"))
        difference = "" if change.difference is None else f"{change.difference:+.3f}"
        table.add_row(f"  {change.figure}", _number(change.before), _number(change.after), difference)
    if not changes:
        return Text("Neither version has an evaluation.json.")
    if measured_on(before) == measured_on(after):
        return table
    note = "Each was measured when it was exported, on the data of its day, and these differ: see --data."
    return Group(table, Text(note))


def changes_view(changes: VerdictChanges, top: int) -> RenderableType:
    """How many verdicts change which way, and the largest changes."""
    share = len(changes.changes) / changes.judged if changes.judged else 0.0
    head = f"{len(changes.changes):,} of {changes.judged:,} verdicts change ({share:.1%})"
    counts = [f"  {number:>6,}  {old} → {new}" for (old, new), number in changes.directions.items()]
    shown = [line for change in changes.changes[:top] for line in _change_lines(change)]
    return Text("\n".join([head, *counts, *shown]))


def _change_lines(change: VerdictChange) -> Iterator[str]:
    record = change.row.record
    words = printable(" ".join(record.text.split()))
    old, new = change.probabilities
    yield ""
    yield f"{record.id or record.place}: {old:.2f} → {new:.2f}, {' → '.join(change.direction)}"
    yield f"  {words if len(words) <= _CHARACTERS else words[:_CHARACTERS] + '…'}"


def _table(*names: str, left: int = 6) -> Table:
    table = Table(box=None, pad_edge=False)
    for place, name in enumerate(names):
        table.add_column(name, justify="left" if place < left else "right", no_wrap=name != "gate")
    return table


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
