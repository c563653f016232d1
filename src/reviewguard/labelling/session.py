"""The loop of `label`: one message after the other, a key or two for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import chain

from rich.console import RenderableType
from rich.text import Text

from reviewguard.labelling.editing import Label, Show, edit
from reviewguard.labelling.journal import Journal, Row
from reviewguard.labelling.keys import Keys
from reviewguard.labelling.queue import Item
from reviewguard.labelling.screen import AT_END, HELP, item_view, saved_line
from reviewguard.labelling.words import mark
from reviewguard.policy import NEUTRAL_REQUEST, load_policy
from reviewguard.schema import COMPLIANT, REVIEW_SOLICITING


@dataclass(frozen=True, slots=True)
class Session:
    """What a session did.

    Attributes:
        labelled, skipped: messages; ones taken back are not counted.
        left: messages without a label.
    """

    labelled: int
    skipped: int
    left: int

    def counts(self) -> Mapping[str, int]:
        """For people."""
        return {"labelled": self.labelled, "skipped": self.skipped, "left": self.left}


def run(
    items: Sequence[Item], journal: Journal, keys: Keys, show: Show, *, who: str, colour: bool = False
) -> Session:
    """Ask for a label of each message that the journal has none of, until all have one or the person quits.

    Each label is in the journal before the next message is shown. "Undo" goes back to the message before, one of an
    earlier session too.
    """
    steps: list[tuple[str, int]] = []
    passed = _keys(journal)  # of the labelled and the skipped
    position = 0
    while True:
        position = _next(items, passed, position)
        if position < len(items):
            view = item_view(items[position], position + 1, len(items), colour=colour)
            answer = _ask(items[position], view, keys, show, colour=colour)
        else:
            answer = _ask_at_end(journal, keys, show)
        if answer == "quit":
            break
        if answer == "undo":
            position = _undo(items, journal, steps, position, show)
            passed = _keys(journal) | {items[place].key for kind, place in steps if kind == "skipped"}
            continue
        if isinstance(answer, Label):
            journal.append(_row(items[position], answer, who))
            show(saved_line(answer.types, answer.verdict))
        steps.append(("labelled" if isinstance(answer, Label) else "skipped", position))
        passed.add(items[position].key)
    done, labelled = Counter(kind for kind, _ in steps), _keys(journal)
    return Session(done["labelled"], done["skipped"], sum(item.key not in labelled for item in items))


def _next(items: Sequence[Item], passed: Set[tuple[str, str]], position: int) -> int:
    """The next place that is not passed; the number of items if there is none.

    Undoing a label of an earlier session leads past places that are open still: after the last one comes the first.
    """
    places = chain(range(position, len(items)), range(position))
    return next((i for i in places if items[i].key not in passed), len(items))


def _keys(journal: Journal) -> set[tuple[str, str]]:
    return {_key(row) for row in journal.rows}


def _key(row: Row) -> tuple[str, str]:
    return row.get("text", ""), row.get("previous") or ""


def _ask(item: Item, view: RenderableType, keys: Keys, show: Show, *, colour: bool) -> Label | str:
    """The label, or "skip", "undo" or "quit"; the message is shown again after its types, or help, were shown."""
    violations = frozenset(item.types) & frozenset(load_policy().violation_types)
    show(view)
    while True:
        answer: Label | str | None = None
        match keys.key():
            case "c":
                return Label((), (), COMPLIANT)
            case "v":
                answer = edit(item, violations, REVIEW_SOLICITING, keys, show, colour=colour)
            case "m":
                answer = edit(item, violations, REVIEW_SOLICITING, keys, show, colour=colour, mark_first=True)
            case "n":
                answer = edit(item, frozenset({NEUTRAL_REQUEST}), COMPLIANT, keys, show, colour=colour)
            case "s":
                return "skip"
            case "u":
                return "undo"
            case "q" | Keys.END:
                return "quit"
            case "?":
                show(Text(HELP))
            case _:
                continue
        if answer is not None:
            return answer
        show(view)


def _ask_at_end(journal: Journal, keys: Keys, show: Show) -> str:
    """What to do when no message is left: the last label of all can be taken back too."""
    if not journal.rows:
        return "quit"
    show(Text(AT_END))
    return "undo" if keys.key() == "u" else "quit"


def _undo(
    items: Sequence[Item], journal: Journal, steps: list[tuple[str, int]], position: int, show: Show
) -> int:
    """Take the last step back, or the last label of an earlier session; the place to go on from."""
    places = {item.key: place for place, item in enumerate(items)}
    kind, place = steps.pop() if steps else ("labelled", -1)
    if kind == "skipped":
        return place
    place = places.get(_key(journal.rows[-1]), -1) if journal.rows else -1
    if place < 0:
        show(Text("nothing to undo"))
        return position
    journal.undo()
    show(Text("taken back"))
    return place


def _row(item: Item, label: Label, who: str) -> Row:
    its_own = mark(item.text, ((e.text, e.type) for e in item.evidence if e.type in label.types))
    return {
        "text": item.text,
        "previous": item.previous,
        "types": list(label.types),
        "rationale": [asdict(mark) for mark in label.rationale],
        "marked_by": "model" if label.rationale and label.rationale == its_own else "person",
        "verdict": label.verdict,
        "who": who,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": item.model,
        "shown": item.shown,
        "probability": item.probability,
        "source": item.source,
        "names": list(item.details.names),
        "numbers": [list(pair) for pair in item.details.numbers.items()],
        "places": list(item.details.places),
    }
