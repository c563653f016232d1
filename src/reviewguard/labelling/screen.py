"""What `label` shows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.text import Text

from reviewguard.inference.doubts import percent
from reviewguard.inference.render import marked_text, printable
from reviewguard.labelling.queue import Item
from reviewguard.policy import load_policy
from reviewguard.schema import Rationale

KEYS = "v review-soliciting  c compliant  n compliant, with a neutral ask  m mark words  s skip  u undo  q quit  ? help"
EDIT_KEYS = "types  m mark words  Enter save  b back"
AT_END = "no more to label: u takes the last one back, any other key ends"
HELP = """v, then Enter, takes the types and words that the model found. Toggle types by their numbers
first where they are wrong; mark other words with m: for each type, type or paste them as they stand in the text.
c says that nothing is wrong. n says so of a message that asks for a review in neutral words, and marks the ask.
u takes the last decision back. q quits; the next start asks about what has no label yet, skipped ones too.
Each decision is on disk at once."""


def item_view(item: Item, number: int, total: int, *, colour: bool) -> RenderableType:
    """One message with the model's verdict and marks."""
    lines: list[RenderableType] = [
        Rule(Text(f"{number} of {total}: {printable(item.source)}"), characters="-")
    ]
    if item.previous:
        lines.append(Text(f"Buyer: {printable(item.previous)}\n", style="dim" if colour else ""))
    lines += [marked_text(item.text, item.evidence, colour=colour), Text()]
    likely = "" if item.probability is None else f", {percent(item.probability)} likely a violation"
    lines.append(
        Text(f"Model: {printable(item.shown or 'no verdict')}{likely}; {', '.join(item.types) or 'no type'}")
    )
    lines += [Text(f"  {printable(reason)}") for reason in item.reasons]
    return Group(*lines, Text(KEYS, style="bold" if colour else ""))


def edit_view(
    item: Item, types: Collection[str], marks: Sequence[Rationale], *, colour: bool
) -> RenderableType:
    """The types to choose from, and the words marked so far."""
    chosen = [
        f"[{number}{'x' if name in types else ' '}] {name}"
        for number, name in enumerate(load_policy().types, 1)
    ]
    evidence = [mark.evidence(item.text) for mark in marks]
    return Group(
        Text("  ".join(chosen)),
        marked_text(item.text, evidence, colour=colour),
        Text(f"1–{len(chosen)} {EDIT_KEYS}", style="bold" if colour else ""),
    )


def saved_line(types: Iterable[str], verdict: str) -> Text:
    """What was just written down."""
    return Text(f"→ {verdict} ({', '.join(types) or 'no type'})\n")


def end_view(counts: Mapping[str, int], path: str | None, *, everything: bool) -> RenderableType:
    """What the session did, and what is next.

    Args:
        path: of the labels; None where there are none.
        everything: compliant messages were asked about, too.
    """
    done = ", ".join(f"{count} {what}" for what, count in counts.items())
    if path is None:
        more = "" if everything else "; --all asks about messages that were found compliant, too"
        return Text(f"{done}. There are no labels{more}")
    return Text(f"{done}. Labels are in {path}; add them with: reviewguard data add {path}")
