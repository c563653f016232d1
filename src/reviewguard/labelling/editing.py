"""Choosing types and marking words of one message."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from rich.console import RenderableType
from rich.text import Text

from reviewguard.labelling.keys import Keys
from reviewguard.labelling.queue import Item
from reviewguard.labelling.screen import edit_view
from reviewguard.labelling.words import find_words, mark
from reviewguard.policy import load_policy, verdict_of
from reviewguard.schema import LabelledMessage, Rationale

Show = Callable[[RenderableType], None]
Quote = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Label:
    """What a person decided."""

    types: tuple[str, ...]
    rationale: tuple[Rationale, ...]
    verdict: str


def edit(
    item: Item,
    types: Collection[str],
    verdict: str,
    keys: Keys,
    show: Show,
    *,
    colour: bool,
    mark_first: bool = False,
) -> Label | str | None:
    """Types by their numbers, marks by their words, until saved.

    Args:
        types: chosen to begin with; the model's marks for a type are its words until others are given.
        verdict: what the types must come to.

    Returns:
        The label; "quit"; or None to go back.
    """
    chosen = set(types)
    quotes: list[Quote] = [(e.text, e.type) for e in item.evidence]
    if mark_first:
        quotes = _ask_words(item, chosen, quotes, keys, show)
    while True:
        label = _label(item, chosen, quotes)
        show(edit_view(item, chosen, label.rationale, colour=colour))
        match keys.key():
            case digit if digit in _numbers():
                chosen ^= {_numbers()[digit]}
            case "m":
                quotes = _ask_words(item, chosen, quotes, keys, show)
            case Keys.ENTER:
                problems = _problems(item, label, verdict)
                if not problems:
                    return label
                show(Text("\n".join(f"! {problem}" for problem in problems)))
            case "b" | "u" | Keys.ESCAPE:
                return None
            case "q" | Keys.END:
                return "quit"


def _numbers() -> dict[str, str]:
    return {str(number): name for number, name in enumerate(load_policy().types, 1)}


def _label(item: Item, chosen: Collection[str], quotes: Collection[Quote]) -> Label:
    types = load_policy().ordered(chosen)
    rationale = mark(item.text, (quote for quote in quotes if quote[1] in chosen))
    return Label(types, rationale, verdict_of(types))


def _ask_words(
    item: Item, chosen: Collection[str], quotes: list[Quote], keys: Keys, show: Show
) -> list[Quote]:
    """The quotes, with new ones for the types whose words were given."""
    for name in load_policy().ordered(chosen):
        before = [words for words, kind in quotes if kind == name]
        given = _words(item, name, before, keys, show)
        if given:
            quotes = [quote for quote in quotes if quote[1] != name] + [(words, name) for words in given]
    return quotes


def _words(item: Item, name: str, before: list[str], keys: Keys, show: Show) -> list[str]:
    """Stretches of the text, one a line, until an empty line."""
    given: list[str] = []
    kept = " | ".join(before) or "none"
    prompt = f"words for {name} (Enter keeps: {kept}): "
    while line := keys.line(prompt):
        if find_words(item.text, line, inside=False):
            given.append(line)
            prompt = f"more words for {name} (Enter: done): "
        else:
            show(Text("! these words are not in the text: type whole words, as they stand there"))
    return given


def _problems(item: Item, label: Label, verdict: str) -> list[str]:
    """What keeps the label from being saved: the wrong verdict, or a rule of the dataset that it breaks."""
    if label.verdict != verdict:
        return [f"these types make it {label.verdict}, not {verdict}: toggle them, or go back with b"]
    from reviewguard.curation.rules import check_rules
    from reviewguard.curation.sources import Located

    message = LabelledMessage("label", item.text, item.previous, label.types, label.rationale)
    issues = check_rules([Located(item.source, 0, message)])
    return [issue.message + _hint(issue.rule) for issue in issues]


def _hint(rule: str) -> str:
    return ": mark words with m" if rule in ("types", "removal", "verdict") else ""
