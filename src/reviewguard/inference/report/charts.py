"""Bar charts as inline SVG: no script, no network, readable aloud."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

_HEIGHT = 40
_BAR, _SPACE = 8, 2


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: `part` of `value` is drawn in the accent colour; `label` says what it stands for."""

    value: int
    label: str
    part: int = 0


def bars(values: Sequence[Bar], *, title: str, top: int | None = None) -> Markup:
    """Bars side by side, stretched to the width there is.

    Args:
        title: what the chart shows, for those who cannot see it.
        top: the value that reaches the upper edge; the largest by default.
    """
    highest = max(top or 0, *(bar.value for bar in values), 1)
    drawn = "".join(_bar(i, bar, highest) for i, bar in enumerate(values))
    width = max(1, len(values)) * (_BAR + _SPACE) - _SPACE
    return Markup(
        f'<svg class="bars" viewBox="0 0 {width} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(title)}"><line class="base" x1="0" x2="{width}" y1="{_HEIGHT}" y2="{_HEIGHT}"/>'
        f"{drawn}</svg>"
    )


def _bar(place: int, bar: Bar, highest: int) -> str:
    whole, part = (_height(value, highest) for value in (bar.value, bar.part))
    rects = _rect(place, whole, "whole") if bar.value else ""
    rects += _rect(place, part, "part") if bar.part else ""
    hit = f'<rect class="hit" x="{place * (_BAR + _SPACE)}" y="0" width="{_BAR}" height="{_HEIGHT}"/>'
    return f"<g><title>{escape(bar.label)}</title>{rects}{hit}</g>"


def _height(value: int, highest: int) -> float:
    """In units of the view box; what is there at all is at least two high."""
    return max(2.0, round(_HEIGHT * value / highest, 2))


def _rect(place: int, height: float, kind: str) -> str:
    x, y = place * (_BAR + _SPACE), round(_HEIGHT - height, 2)
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{_BAR}" height="{height}"/>'
