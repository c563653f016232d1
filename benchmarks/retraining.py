"""Leave one type out: how many labels does it take to learn a kind of violation that no training message showed?

    python benchmarks/retraining.py --out docs/retraining.json --plot docs/retraining.png

For each type a base model is trained without any message of it. Then 5, 20 and 50 labelled ones of the type go through
`data add` and `retrain`, as a user's would; recall is counted on the type's other messages, none of them alike, and F1
on the test messages of all other kinds. A further row flips a fifth of the 50 labels. Every row is written when it is
done, and one that is there is not measured again; a base is kept per type, data and size. Some twenty-five minutes for
a base and five for a row on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Plot

from reviewguard.classifier_scorer import ClassifierScorer
from reviewguard.curation.dedup import ALIKE
from reviewguard.curation.nearest import alike, shingles
from reviewguard.curation.pipeline import build
from reviewguard.curation.sources import write_messages
from reviewguard.curation.storage import load_splits, read_frozen, stored_digest, write_frozen
from reviewguard.files import atomic_write, write_json, write_jsonl
from reviewguard.inference.classifier import Classifier
from reviewguard.inference.model_folder import load
from reviewguard.labelling.add import AddJob, add
from reviewguard.labelling.results import Decisions
from reviewguard.modeling import metrics
from reviewguard.modeling.config import load_config
from reviewguard.modeling.metrics import Figure, Statistic, estimate
from reviewguard.modeling.plots import GREY, LINES
from reviewguard.modeling.scorer import Observed, observe
from reviewguard.policy import load_policy
from reviewguard.retraining.challenger import sample
from reviewguard.retraining.config import load_settings
from reviewguard.retraining.data import Places
from reviewguard.retraining.retrain import RetrainResult, retrain
from reviewguard.retraining.round import RetrainJob
from reviewguard.retraining.store import ModelStore
from reviewguard.schema import COMPLIANT, LabelledMessage
from reviewguard.training import train

TYPES = ("off_platform", "insider", "pressure")
LABELS = (5, 20, 50)
FLIPPED_OF, FLIPPED_SHARE = 50, 0.2
SEED = 13
BOOTSTRAP = 2000


@dataclass(frozen=True, slots=True)
class Question:
    """The type that is left out.

    Attributes:
        splits: messages without it.
        labels: messages of the type to be labelled, in the order in which they come.
        rest: the type's other messages.
    """

    kind: str
    splits: Mapping[str, Sequence[LabelledMessage]]
    labels: tuple[LabelledMessage, ...]
    rest: tuple[LabelledMessage, ...]


def main() -> None:
    """Measure what is missing, write it, and draw all of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("build/data"))
    parser.add_argument("--only", choices=TYPES, nargs="+", default=list(TYPES))
    parser.add_argument("--labels", type=int, nargs="*", default=list(LABELS))
    parser.add_argument("--no-flipped", action="store_true")
    parser.add_argument("--size", type=int, default=100_000, help="training messages of the base, at most")
    parser.add_argument("--epochs", type=int, default=2, help="of the base, which sees no augmented copies")
    parser.add_argument(
        "--measure", type=int, default=1400, help="test messages; of validation as many less a third"
    )
    parser.add_argument("--train-config", type=Path, default=Path("train.toml"), help="of the base model")
    parser.add_argument("--config", type=Path, default=Path("retrain.toml"))
    parser.add_argument("--behaviour", type=Path, default=Path("tests/model/behaviour"))
    parser.add_argument("--runs", type=Path, default=Path("runs/retraining"))
    parser.add_argument("--out", type=Path, default=Path("docs/retraining.json"))
    parser.add_argument("--plot", type=Path, default=Path("docs/retraining.png"))
    options = parser.parse_args()
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{options.runs.resolve() / 'mlflow.db'}"
    options.runs.mkdir(parents=True, exist_ok=True)
    for kind in options.only:
        _measure_type(kind, options)
    _plot(_read(options.out)["rows"], options.plot)


def _measure_type(kind: str, options: argparse.Namespace) -> None:
    question = _question(kind, load_splits(options.data), options.size, options.measure)
    base = _base(question, options)
    wanted = [(count, 0) for count in options.labels]
    wanted += [] if options.no_flipped else [(FLIPPED_OF, round(FLIPPED_SHARE * FLIPPED_OF))]
    for count, flipped in wanted:
        facts = {
            "type": kind,
            "labels": len(question.labels[:count]),
            "flipped": flipped,
            "size": len(question.splits["train"]),
            "epochs": options.epochs,
            "digest": stored_digest(options.data),
        }
        if any(facts.items() <= row.items() for row in _read(options.out)["rows"]):
            continue
        row = facts | _retrained(question, base, count, flipped, options)
        rows = [*_read(options.out)["rows"], row]
        write_json(options.out, {"seed": SEED, "bootstrap": BOOTSTRAP, "rows": rows})
        print(json.dumps(row), flush=True)


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8")) if path.is_file() else {"rows": []}


def _question(
    kind: str, splits: Mapping[str, Sequence[LabelledMessage]], size: int, measure: int
) -> Question:
    """Labels come from the training split; what is alike to one of them is no question."""
    sizes = {"train": size, "validation": measure * 2 // 3, "test": measure}
    without = {
        name: sample([m for m in rows if kind not in m.types], sizes[name], SEED)
        for name, rows in splits.items()
    }
    families: dict[str, LabelledMessage] = {}
    for message in splits["train"]:
        if kind in message.types:
            families.setdefault(message.family, message)
    order = sorted(families)
    Random(SEED).shuffle(order)
    labels = tuple(families[name] for name in order[: max(*LABELS, FLIPPED_OF)])
    others = [
        m
        for rows in splits.values()
        for m in rows
        if kind in m.types and m.family not in order[: len(labels)]
    ]
    near = alike([shingles(m.text) for m in others], [shingles(m.text) for m in labels], ALIKE)
    rest = tuple(m for m, like in zip(others, near, strict=True) if not like)
    return Question(kind, without, labels, rest)


def _base(question: Question, options: argparse.Namespace) -> Path:
    """The folder of a run on messages without the type; `messages`, `splits.json` and `data` lie in it."""
    name = f"without-{question.kind}-{stored_digest(options.data)[:8]}-{options.size}x{options.epochs}"
    run: Path = options.runs / name
    if (run / "model" / "evaluation.json").is_file():
        return run
    for name, rows in question.splits.items():
        write_messages(run / "messages" / f"{name}.jsonl", rows)
    write_frozen(run / "splits.json", question.splits)
    build(run / "messages", run / "data", SEED, read_frozen(run / "splits.json"))
    config = replace(load_config(options.train_config), epochs=options.epochs, augment=0)
    train(config, run / "data", run, run / "model", version=f"without-{question.kind}", bootstrap=0)
    return run


def _retrained(
    question: Question, base: Path, count: int, flipped: int, options: argparse.Namespace
) -> dict[str, Any]:
    labels = question.labels[:count]
    wrong = {m.text for m in Random(SEED).sample(labels, flipped)}
    with tempfile.TemporaryDirectory(dir=options.runs) as name:
        home = Path(name)
        shutil.copytree(base / "model", home / "models" / "default")
        listed, mistaken = _add(home, base, labels, wrong)
        places = Places(base / "messages", home / "labels", base / "splits.json")
        job = RetrainJob(
            places, load_settings(options.config), options.behaviour, base / "weights", bootstrap=0
        )
        store = ModelStore(home / "models", sync=lambda champion, challenger: ())
        started = time.monotonic()
        result = retrain(job, store, agree=lambda report: True)
        seconds = time.monotonic() - started
        figures = _compare(question, load(base / "model"), load(result.challenger.folder))
    doubted = {doubt.message.id for doubt in result.report.doubts}
    caught = _caught(listed, doubted, mistaken)
    return {"seconds": round(seconds, 1)} | _outcome(result) | caught | figures


def _add(
    home: Path, base: Path, labels: Sequence[LabelledMessage], wrong: set[str]
) -> tuple[set[str], set[str]]:
    """Add labels as a person does who overlooks every warning; returns ids that were listed, and those flipped."""
    given = [replace(m, types=(), rationale=()) if m.text in wrong else m for m in labels]
    write_jsonl(home / "labels.jsonl", map(_label_row, given))
    job = AddJob(
        home / "labels.jsonl", home / "labels", base / "messages", who="benchmark", model=base / "model"
    )
    first = add(replace(job, dry_run=True))
    kinds = {
        kind: frozenset(c.new.id for c in first.conflicts if c.kind == kind) for kind in ("near", "exact")
    }
    report = add(replace(job, decisions=Decisions(both=kinds["near"], accept=kinds["exact"])))
    assert report.written is not None and not report.refused, report.refused
    listed = {c.new.id for c in first.conflicts} | {doubt.new.id for doubt in report.doubts}
    return listed, {item.id for item in report.added if item.original.text in wrong}


def _label_row(message: LabelledMessage) -> dict[str, Any]:
    """What a file of labels holds of a message."""
    row = asdict(message)
    named = ("previous", "rationale", "register", "channel", "product")
    return {name: row[name] for name in ("text", "types")} | {n: row[n] for n in named if row[n]}


def _outcome(result: RetrainResult) -> dict[str, Any]:
    report = result.report
    return {
        "start": report.start,
        "promoted": result.promotion is not None,
        "gate": report.gate.summary,
        "failed": {line.name: line.why for line in report.gate.failures},
        "counts": dict(report.counts),
        "stages": {name: round(value, 1) for name, value in report.seconds.items()},
    }


def _caught(listed: set[str], doubted: set[str], mistaken: set[str]) -> dict[str, Any]:
    """How many flipped labels `data add` and `retrain` list, and how long their lists are."""
    return {
        "listed_by_add": [len(listed & mistaken), len(listed)],
        "listed_by_retrain": [len(doubted & mistaken), len(doubted)],
        "caught": len((listed | doubted) & mistaken),
    }


def _compare(question: Question, before: Classifier, after: Classifier) -> dict[str, Any]:
    rules = load_policy().profile("amazon")
    sides = [
        [observe(ClassifierScorer(model), rows, rules) for model in (before, after)]
        for rows in (question.rest, question.splits["test"])
    ]
    rest, elsewhere = sides
    kind = before.settings.types.index(question.kind)
    alone = np.array([m.types == (question.kind,) for m in question.rest])
    everything = np.ones(len(question.rest), dtype=np.bool_)
    recalls = {
        "named": lambda side: metrics.share(side.found[:, kind], of=everything),
        "flagged": lambda side: metrics.share(side.flagged, of=everything),
        "flagged_alone": lambda side: metrics.share(side.flagged, of=alone),
        "not_cleared": lambda side: metrics.share(_not_cleared(side), of=everything),
    }
    others = {
        "f1": lambda side: metrics.f1(side.positive, side.flagged),
        "false_alarm_rate": lambda side: metrics.share(side.flagged, of=~side.positive),
    }
    return {
        "rest": {"messages": len(question.rest), "alone": int(alone.sum())} | _before_after(rest, recalls),
        "elsewhere": {"messages": len(elsewhere[0].examples)} | _before_after(elsewhere, others),
    }


def _not_cleared(side: Observed) -> Any:
    return np.array([verdict.verdict != COMPLIANT for verdict in side.verdicts])


def _before_after(
    sides: Sequence[Observed], measures: Mapping[str, Callable[[Observed], Statistic]]
) -> dict[str, Any]:
    """Each figure of both models, and the difference, with paired intervals over whole families."""
    statistics: dict[str, Statistic] = {}
    for name, measure in measures.items():
        one, other = map(measure, sides)
        statistics |= {f"{name} before": one, f"{name} after": other, f"{name} change": _less(other, one)}
    families = [m.family for m in sides[0].examples]
    found = estimate(statistics, families, seed=SEED, bootstrap=BOOTSTRAP)
    return {name.replace(" ", "_"): _rounded(figure) for name, figure in found.items()}


def _less(one: Statistic, other: Statistic) -> Statistic:
    return lambda weights: one(weights) - other(weights)


def _rounded(figure: Figure) -> list[float | None]:
    values = (figure.value, figure.low, figure.high)
    return [None if value is None else round(value, 4) for value in values]


def _plot(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    figure = Plot(figsize=(9, 3.4), layout="constrained")
    axes = figure.subplots(1, 2)
    bases = sorted({(r["type"], r["size"]) for r in rows if not r["flipped"]})
    for (kind, size), (colour, dashes) in zip(bases, LINES, strict=False):
        own = sorted(
            (r for r in rows if (r["type"], r["size"], r["flipped"]) == (kind, size, 0)),
            key=lambda r: r["labels"],
        )
        label = f"{kind}, base of {size:,}"
        style = {"color": colour, "linestyle": dashes, "marker": "o", "capsize": 3, "label": label}
        counts = [0, *(row["labels"] for row in own)]
        recall = [own[0]["rest"]["flagged_before"], *(row["rest"]["flagged_after"] for row in own)]
        change = [[0.0, 0.0, 0.0], *(row["elsewhere"]["f1_change"] for row in own)]
        _errorbar(axes[0], counts, recall, style)
        _errorbar(axes[1], counts, [[100 * v for v in values] for values in change], style)
    axes[0].axhline(0.85, color=GREY, linewidth=1, linestyle=":")
    axes[0].set(xlabel="labels of the type", ylabel="share of the type's others flagged", ylim=(0, 1.02))
    axes[1].axhline(-0.5, color=GREY, linewidth=1, linestyle=":")
    axes[1].set(xlabel="labels of the type", ylabel="change of F1 elsewhere (points)")
    for axis in axes:
        axis.set_xticks(sorted({0, *(row["labels"] for row in rows)}))
    if bases:
        axes[0].legend(frameon=False)
    with atomic_write(path) as file:
        figure.savefig(file, format=path.suffix.lstrip(".") or "png", dpi=130)


def _errorbar(
    axis: Any, x: Sequence[float], figures: Sequence[Sequence[float]], style: Mapping[str, Any]
) -> None:
    value, low, high = np.array(figures, dtype=float).T
    axis.errorbar(x, value, yerr=[np.maximum(value - low, 0), np.maximum(high - value, 0)], **style)


if __name__ == "__main__":
    main()
