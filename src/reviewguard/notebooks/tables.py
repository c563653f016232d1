"""Values of the package as tables to look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from reviewguard.curation.shortcuts import Neighbour
from reviewguard.curation.storage import label_of
from reviewguard.modeling.compare import FIGURES, figure_text
from reviewguard.modeling.evaluation import Evaluation
from reviewguard.modeling.metrics import Figure
from reviewguard.policy import load_policy
from reviewguard.schema import LabelledMessage


def table(rows: Iterable[object], *names: str) -> pd.DataFrame:
    """A row an object and a column an attribute; several values in one cell stand with commas between."""
    cells = [{name: _cell(getattr(row, name)) for name in names} for row in rows]
    return pd.DataFrame(cells, columns=list(names))


def messages_table(messages: Iterable[LabelledMessage]) -> pd.DataFrame:
    """Labelled messages: what they are, and their words."""
    rows = [
        {
            "verdict": label_of(message),
            "types": ", ".join(message.types),
            "words": len(message.text.split()),
            "register": message.register,
            "channel": message.channel,
            "buyer before": message.previous or "",
            "text": message.text,
        }
        for message in messages
    ]
    return pd.DataFrame(rows, index=pd.Index([message.id for message in messages], name="id"))


def types_table(messages: Sequence[LabelledMessage]) -> pd.DataFrame:
    """Every type of the labelling guide: what it is, how many messages have it, and how many have no other."""
    rows = {
        name: {
            "what it is": kind.title,
            "messages": sum(name in message.types for message in messages),
            "alone": sum(message.types == (name,) for message in messages),
            "rule": kind.clause,
        }
        for name, kind in load_policy().types.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("type")


def together_table(messages: Sequence[LabelledMessage]) -> pd.DataFrame:
    """Messages that have both the type of the row and the type of the column."""
    names = list(load_policy().types)
    present = pd.DataFrame([[name in m.types for name in names] for m in messages], columns=names, dtype=int)
    return present.T @ present


def counts_table(counts: Mapping[str, Mapping[str, int]], name: str) -> pd.DataFrame:
    """Counts by verdict with their sum, a row a name; as `DatasetStats` has them."""
    frame = pd.DataFrame.from_dict(dict(counts), orient="index").fillna(0).astype(int).rename_axis(name)
    return frame.assign(all=frame.sum(axis=1)).sort_values("all", ascending=False)


def neighbours_table(neighbours: Iterable[Neighbour], most: int = 10) -> pd.DataFrame:
    """Pairs of alike messages side by side, the most alike first, each pair once."""
    closest = sorted(neighbours, key=lambda pair: (-pair.similarity, pair.message.id))
    pairs = {frozenset((pair.message.id, pair.other.id)): pair for pair in reversed(closest)}
    chosen = sorted(pairs.values(), key=lambda pair: (-pair.similarity, pair.message.id))[:most]
    rows = [row for pair in chosen for row in _neighbours(pair)]
    columns = ["similarity", "id", "types", "buyer before", "text"]
    return pd.DataFrame(rows, columns=columns).set_index(columns[:2])


def figures_table(evaluation: Evaluation) -> pd.DataFrame:
    """The main figures of an evaluation, 95% intervals in brackets."""
    cells = {title: figure_text(evaluation.figures[name]) for name, title in FIGURES.items()}
    return pd.DataFrame.from_dict(cells, orient="index", columns=["value"])


def _neighbours(pair: Neighbour) -> Iterable[dict[str, Any]]:
    for message in (pair.message, pair.other):
        yield {
            "similarity": round(pair.similarity, 3),
            "id": message.id,
            "types": ", ".join(message.types) or "none",
            "buyer before": message.previous or "",
            "text": message.text,
        }


def _cell(value: object) -> object:
    if isinstance(value, Figure):
        return figure_text(value)
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value
