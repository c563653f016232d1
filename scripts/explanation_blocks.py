"""The generated blocks about explanations, in docs/explanations.md and the model card.

`reviewguard evaluate --explanations` measures them; docs/explanations.md says how.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from blocks import ROOT, shipped

from reviewguard.modeling.explanation_report import (
    method_tables,
    peer_tables,
    shipped_tables,
    table,
)

NOT_YET = '_Not measured yet: see "Measure it yourself" in docs/explanations.md._'


@cache
def measured(name: str = "explanations") -> dict[str, Any]:
    """The study that is shown, of the shipped model unless another is named; empty before the first time."""
    path = ROOT / "docs" / f"{name}.json"
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}


def outdated() -> list[str]:
    """Whether the study was of another model than the one that ships."""
    of = measured().get("shipped_model", shipped())
    return [] if of == shipped() else [f"docs/explanations.json was measured on {of}, not on {shipped()}"]


def explanations() -> str:
    """What was measured, and every method on every model and data set."""
    study = measured()
    if not study:
        return NOT_YET
    parts = (
        _facts(study),
        _settings(study),
        *peer_tables(study),
        *method_tables(study),
        *shipped_tables(study),
    )
    return "\n\n".join(parts)


def explanations_plain() -> str:
    """Every method on the plain head, by every measure."""
    study = measured("explanations_plain")
    return "\n\n".join([_facts(study), *method_tables(study)]) if study else NOT_YET


def explanations_short() -> str:
    """Ours against the best peer of each measure, cost, and the marked words as they are shown."""
    study = measured()
    if not study:
        return NOT_YET
    return "\n\n".join([_facts(study), *peer_tables(study), _costs(study), *shipped_tables(study)])


def explanations_peers() -> str:
    """Ours against the best peer of each measure on the test split."""
    study = measured()
    return "\n\n".join([_facts(study), *peer_tables(study, ["test"])]) if study else NOT_YET


def _facts(study: dict[str, Any]) -> str:
    data = "; ".join(
        f"`{name}`: {facts['messages']} violations of {facts['words']:.0f} words on average, "
        f"{facts['rationale_share']:.0%} of them marked, {facts['longer_left_out']} longer messages left out"
        for name, facts in study["data"].items()
    )
    models = ", ".join(f"`{name}` (weights `{found['weights']}`)" for name, found in study["models"].items())
    of = study.get("shipped_model", "a training run")
    return f"Measured on {of}. Models: {models}. Messages: {data}. Brackets hold 95% bootstrap intervals."


def _settings(study: dict[str, Any]) -> str:
    found = {
        n: item["settings"] for model in study["models"].values() for n, item in model["methods"].items()
    }
    machine = study["machine"]
    shares = ", ".join(f"{share:.0%}" for share in study["settings"]["bins"])
    note = (
        f"Words erased at a time: {shares} of each message, at least one. Milliseconds: mean over "
        f"{study['settings']['timed']} messages, all methods in one run on {machine['cores']} processor cores, "
        f"{machine['threads']} threads."
    )
    return f"{note}\n\n{table(('method', 'settings'), [(n, f'`{s}`') for n, s in found.items()])}"


def _costs(study: dict[str, Any]) -> str:
    """Cost of each method on the first model, and how many times ours it takes."""
    methods = next(iter(study["models"].values()))["methods"]
    ours = next(iter(methods.values()))["cost"]["milliseconds"]
    rows = [
        (
            name,
            f"{item['cost']['forward']:.0f}",
            f"{item['cost']['backward']:.0f}",
            f"{item['cost']['milliseconds']:.1f}",
            f"{item['cost']['milliseconds'] / ours:.1f}",
        )
        for name, item in methods.items()
        if item["cost"]["forward"]
    ]
    return table(("cost a message", "forward passes", "backward passes", "ms", "times ours"), rows)
