"""A comparison for the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reviewguard.inference.drift.movements import MEASURES, Drift, Movement
from reviewguard.inference.render import printable

_STYLES = {"clear": "bold red", "some": "bold yellow", "none": "", "unknown": ""}
_COUNTED = (
    "Every figure counts each different text once, but those of all messages; p is that of KS, of shares that of a "
    "z-test."
)
_MOVED = {"clear": "clearly", "some": "yes", "none": "no", "unknown": "?"}


def drift_view(drift: Drift, *, colour: bool) -> RenderableType:
    """The figures, then a sentence for each, then whether to label."""
    sentences = [Text(m.sentence, style=_STYLES[m.size] if colour else "") for m in drift.movements]
    advice = Text(drift.advice, style="bold" if colour else "")
    return Group(
        _table(drift),
        Text(_COUNTED),
        *(Text(printable(note)) for note in drift.notes),
        Text(),
        *sentences,
        Text(),
        advice,
    )


def _table(drift: Drift) -> Table:
    against = Text(printable(f"Against {drift.against}, profile {drift.profile}"), style="table.title")
    table = Table(title=against, title_justify="left")
    for name in ("", "before", "now", "PSI", "KS", "p", "moved"):
        table.add_column(name, justify="right" if name else "left")
    for title, name in (("messages", "messages"), ("different texts", "texts")):
        table.add_row(title, f"{getattr(drift.before, name):,}", f"{getattr(drift.after, name):,}")
    for movement in drift.movements:
        table.add_row(*_cells(movement))
    return table


def _cells(movement: Movement) -> tuple[str, ...]:
    measure = MEASURES[movement.measure]
    return (
        measure.row,
        *(measure.shown.format(value) for value in (movement.before, movement.after)),
        f"{movement.psi:.2f}",
        "" if movement.ks is None else f"{movement.ks:.2f}",
        f"{movement.p_value:.3f}" if movement.p_value >= 0.001 else "< 0.001",
        _MOVED[movement.size],
    )
