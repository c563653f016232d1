"""The generated blocks of README.md, docs/ and data/README.md: each function gives one block's Markdown.

None means that the figures are not measured yet.
"""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

from reviewguard.cli import CRASHED
from reviewguard.cli.inference import EXIT_CODES
from reviewguard.curation.agreement import agreement as compare
from reviewguard.curation.agreement import read_readings
from reviewguard.modeling.abstention import upper_bound
from reviewguard.modeling.calibration import FALSE_ALARMS
from reviewguard.modeling.compare import FIGURES as TITLES
from reviewguard.modeling.compare import stored_text as figure
from reviewguard.modeling.explanation_report import table
from reviewguard.policy import load_policy

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "models" / "default"
FIGURES = ROOT / "docs" / "figures.json"
MODEL_TABLE = ROOT / "docs" / "model_table.json"
LEARNING_CURVE = ROOT / "docs" / "learning_curve.json"
VOCABULARY_GAP = ROOT / "docs" / "vocabulary_gap.json"
RETRAINING = ROOT / "docs" / "retraining.json"
THROUGHPUT = ROOT / "docs" / "throughput.json"
SCALING = ROOT / "docs" / "scaling.json"
HARMLESS = ROOT / "docs" / "harmless.json"
READINGS = ROOT / "data" / "second_reading.jsonl"
RECALL_AIM, F1_POINTS_AIM = 0.85, 0.5
"""Of a round with 20 labels of a new type: least recall, 0–1, and most points of F1 lost elsewhere."""
EXAMPLE = "Hi Ana, your lamp is on its way. If you love it, please leave us a review!"


def fingerprints() -> dict[str, str]:
    """What the figures depend on: SHA-256 of the labelled files, the model's configuration and the rules' words."""
    data = sorted((ROOT / "data").rglob("*.jsonl"))
    policy = ROOT / "src" / "reviewguard" / "policy.toml"
    return {"data": _sha256(data), "model": _sha256(MODEL.glob("config.json")), "policy": _sha256([policy])}


def _sha256(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def shipped() -> str:
    """Name and version of the shipped model, as its verdicts carry them."""
    settings = _read(MODEL / "config.json")
    return f"{settings['name']}-{settings['version']}"


@cache
def figures() -> dict[str, Any]:
    """What `scripts/figures.py` measured; empty before the first time."""
    return _read(FIGURES)


@cache
def evaluation() -> dict[str, Any]:
    """Data set → figures of the shipped model; empty without one."""
    return _read(MODEL / "evaluation.json")


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}


def prose_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table of words."""
    return table(header, rows).replace("---:", "---")


def fenced(text: str, language: str = "text") -> str:
    """A code block."""
    return f"```{language}\n{text.rstrip()}\n```"


def number(value: float | None) -> str:
    """Two decimals, "–" where undefined."""
    return "–" if value is None else f"{value:.2f}"


# README.md and docs/


def requirements() -> str:
    """What a machine needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return f"You need Python {project['requires-python'].removeprefix('>=')} or newer, git and make."


def headline() -> str | None:
    """How good the shipped model is, in a sentence for each data set that somebody else wrote."""
    told = [_headline(name, values) for name, values in evaluation().items() if name in HEADLINES]
    return "\n".join(told) if told else None


def _headline(name: str, values: Mapping[str, Any]) -> str:
    found = {key: figure["value"] for key, figure in values["figures"].items() if figure["value"] is not None}
    scores = (f"{title} {found[key]:.3f}" for key, title in HEADLINE_SCORES.items() if key in found)
    shares = (
        f"{found[key]:.1%} of {those}" if found[key] else f"none of {those}{_at_most(values, key)}"
        for key, those in HEADLINE_SHARES.items()
        if key in found
    )
    return (
        f"- On {HEADLINES[name]} ({values['counts']['messages']:,} messages, {values['counts']['violations']:,} "
        f"violations): {'; '.join(filter(None, (', '.join(scores), ', '.join(shares))))}."
    )


def _at_most(values: Mapping[str, Any], key: str) -> str:
    """How large a share may be of which nothing was seen, rounded up, since resamples of nothing hold nothing."""
    counts = values["counts"]
    of = {"needs_review": counts["messages"], "violations_called_compliant": counts["violations"]}
    bound = upper_bound(0, of.get(key, counts["messages"] - counts["violations"]))
    return f" (at most {math.ceil(1000 * bound) / 1000:.1%}, exact 95% bound)"


def check_output() -> str | None:
    """The README's example, with the answer of the shipped model."""
    output = figures().get("check")
    return output and fenced(f'$ reviewguard check "{EXAMPLE}"\n{output}')


def verdict_json() -> str | None:
    """The same answer as JSON."""
    verdict = figures().get("verdict")
    return verdict and fenced(json.dumps(verdict, indent=2, ensure_ascii=False), "json")


def exit_codes() -> str:
    """Exit code of each verdict."""
    rows: list[tuple[int, str]] = [
        (code, verdict or "usage error, or a message that cannot be read")
        for verdict, code in EXIT_CODES.items()
    ]
    rows.append((CRASHED, "reviewguard itself failed; the traceback says where"))
    return prose_table(("exit code", "meaning"), sorted(rows))


def types() -> str:
    """The types of the guide."""
    rows = [(f"`{t.name}`", t.title, t.clause) for t in load_policy().types.values()]
    return prose_table(("type", "the message …", "rule"), rows)


def profiles() -> str:
    """The profiles of the guide, and what each costs people on the shipped model's test split."""
    measured = {row["profile"]: row for row in evaluation().get("own test split", {}).get("profiles", ())}
    rows = []
    for profile in load_policy().profiles.values():
        row = measured.get(profile.name)
        rows.append((f"`{profile.name}`", profile.description, f"{row['handed_over']:.0%}" if row else "–"))
    return prose_table(("profile", "reports", "compliant test messages left to a person"), rows)


RESULTS = {
    "auroc": "AUROC",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "false_alarm_rate": "compliant messages above the single cut",
    "needs_review": "handed to a person (share of all)",
    "violations_called_compliant": "violations called compliant",
    "compliant_called_soliciting": "compliant called review-soliciting",
    "macro_f1": "macro-F1 over violation types",
    "context_pairs_right": "context pairs with both sides right",
    "ece": "expected calibration error",
    "evidence_token_f1": "marked words of caught violations against the rationale, word F1",
    "removal_turns_compliant": "caught violations that fall below the single cut without the marked words",
}


HEADLINE_SCORES = {"auroc": "AUROC", "f1": "F1"}
HEADLINE_SHARES = {
    "violations_called_compliant": "the violations called compliant",
    "compliant_called_soliciting": "the compliant messages called review-soliciting",
    "needs_review": "all left to a person",
}
HEADLINES = {
    "dev": "[real sellers' messages](#results)",
    "exam": "[messages by writers who knew nothing of the model](#results)",
}


def results() -> str | None:
    """The shipped model's figures, a column a data set."""
    datasets = evaluation()
    if not datasets:
        return None
    note = (
        "Brackets hold 95% bootstrap intervals, whole families of messages resampled (single messages where there "
        "are none); “–” means undefined there. The single cut is where at most "
        f"{FALSE_ALARMS:.0%} of the compliant validation messages lie above it, or at a half if that is higher."
    )
    if any(values["figures"][key]["value"] == 0 for key in HEADLINE_SHARES for values in datasets.values()):
        note += " An interval without width says that no resample differs; exact bounds stand at the top of this page."
    counts = [
        (name, *(values["counts"][name] for values in datasets.values()))
        for name in ("messages", "violations")
    ]
    rows = [
        (title, *(figure(values["figures"][name]) for values in datasets.values()))
        for name, title in RESULTS.items()
    ]
    return f"{note}\n\n{table(('shipped model', *(f'`{name}`' for name in datasets)), [*counts, *rows])}"


def harmless() -> str | None:
    """What the shipped model makes of mail that hardly ever speaks of reviews."""
    stored = _read(HARMLESS)
    if not stored:
        return None
    ((name, models),) = stored.items()
    (values,) = models.values()
    found = values["figures"]
    rows = [
        ("messages", f"{values['counts']['messages']:,}"),
        *((title, figure(found[key])) for key, title in RESULTS.items() if found[key]["value"] is not None),
    ]
    return table((values["version"], f"`{name}`"), rows)


COMPARED = {name: title for name, title in TITLES.items() if name not in ("ece", "removal_turns_compliant")}


def comparison() -> str | None:
    """Models side by side, a table a data set."""
    datasets = figures().get("comparison")
    return datasets and _tables(datasets)


def _tables(datasets: Mapping[str, Mapping[str, Any]]) -> str:
    return "\n\n".join(
        table(
            (f"on `{dataset}`", *COMPARED.values()),
            [(_named(model, v), *(figure(v["figures"][n]) for n in COMPARED)) for model, v in models.items()],
        )
        for dataset, models in datasets.items()
    )


def _named(model: str, values: Mapping[str, Any]) -> str:
    """The shipped model by its version, in bold; others by the names they were compared under."""
    return f"**{values['version']}** (shipped)" if values.get("version") == shipped() else model


def model_table() -> str | None:
    """Ways to train beside each other, at equal cost."""
    stored = _read(MODEL_TABLE)
    if not stored:
        return None
    facts = (
        f"Trained on {stored['messages']:,} messages ({stored['share']:.0%} of the families) for {stored['epochs']} "
        f"epochs (data digest `{stored['digest'][:16]}`), seed {stored['seeds'][0]}."
    )
    if len(stored["seeds"]) > 1:
        facts += (
            f" A row with brackets is the mean of seeds {', '.join(map(str, stored['seeds']))}, which draw other "
            "messages too, with the lowest and the highest."
        )
    rows = {dataset: _over_seeds(models) for dataset, models in stored["comparison"].items()}
    return f"{facts}\n\n{_tables(rows)}"


def _over_seeds(models: Mapping[str, Any]) -> dict[str, Any]:
    """One row for the seeds of a way to train: the mean of their figures, the lowest and the highest."""
    groups: dict[str, list[Any]] = {}
    for name, values in models.items():
        groups.setdefault(name.partition(" (seed ")[0], []).append(values["figures"])
    return {
        model: {"figures": {name: _spread([row[name]["value"] for row in rows]) for name in rows[0]}}
        for model, rows in groups.items()
    }


def _spread(values: Sequence[float | None]) -> dict[str, float | None]:
    known = [value for value in values if value is not None]
    low, high = (min(known), max(known)) if len(known) > 1 else (None, None)
    return {"value": fmean(known) if known else None, "low": low, "high": high}


def learning_curve() -> str | None:
    """What a share of the messages teaches in as many steps as all of them."""
    stored = _read(LEARNING_CURVE)
    if not stored:
        return None
    names = ("auroc", "f1", "false_alarm_rate")
    columns = [(data, name) for data in stored["points"][0]["figures"] for name in names]
    header = ("training messages", *(f"`{data}`: {TITLES[name]}" for data, name in columns))
    rows = [
        (f"{point['messages']:,}", *(figure(point["figures"][data][name]) for data, name in columns))
        for point in stored["points"]
    ]
    facts = f"Data digest `{stored['digest'][:16]}`, seed {stored['seed']}. Brackets hold 95% bootstrap intervals."
    return f"{facts}\n\n{table(header, rows)}"


def vocabulary_gap() -> str | None:
    """How much of the wording of real mail the training messages hold, by the last wave of them."""
    stored = _read(VOCABULARY_GAP)
    if not stored:
        return None
    states = stored["states"]
    names = {"1": "words", "2": "pairs of words", "3": "three words in a row"}
    rows = [
        (
            f"up to wave {state['last_wave']}",
            f"{state['messages']:,}",
            *(f"{state['known_runs'][n]:.1%}" for n in names),
        )
        for state in states
    ]
    header = ("training messages", "number", *(f"known {name}" for name in names.values()))
    words = (
        "word",
        f"in {stored['messages']} real messages",
        *(f"up to wave {state['last_wave']}" for state in states),
    )
    lacking = [
        (f"`{word['word']}`", f"{word['there']:.1%}", *(f"{here:.2%}" for here in word["here"]))
        for word in stored["words"]
    ]
    return f"{table(header, rows)}\n\n{table(words, lacking)}"


def behaviour() -> str | None:
    """Pass rates of the behaviour suite."""
    report = figures().get("behaviour")
    if not report:
        return None
    results = {**report["capabilities"], "overall": report["overall"]}
    rows = [
        (f"`{name}`", r["cases"], r["failures"], f"{1 - r['failure_rate']:.1%}")
        for name, r in results.items()
    ]
    return table(("capability", "cases", "failed", "passed"), rows)


def retraining() -> str | None:
    """How many labels it takes to learn a kind of violation that no training message showed."""
    stored = _read(RETRAINING)
    if not stored:
        return None
    elsewhere = {f"{row['elsewhere']['messages']:,}" for row in stored["rows"]}
    facts = (
        "Each type is left out of a base model of its own, then taught by labels (`benchmarks/retraining.py`, seed "
        f"{stored['seed']}). Elsewhere: {' or '.join(sorted(elsewhere))} test messages of other kinds, on which the "
        "round measures, too. Brackets hold 95% bootstrap intervals over these messages; base and labels were drawn "
        "once. Flagged: the share of the type's messages without a label that the challenger takes for violations; "
        "alone: the same of those that break no rule that the base knows; at 0 labels: the same of the base; "
        "stopped: flagged or left for a person; named: the share in which it finds this very type; gate: whether the "
        "challenger might have served. A fifth of ten labels or more is held back, so of 20 it learns 16."
    )
    header = (
        "type taught", "data digest", "messages of the base", "labels", "flagged of its other messages", "at 0 labels",
        "alone", "alone, at 0 labels", "stopped", "named",
        "F1 elsewhere, points", "false alarms elsewhere, points", "minutes", "gate",
    )  # fmt: skip
    rows = sorted(stored["rows"], key=lambda row: (row["type"], row["labels"], row["flipped"]))
    return f"{facts}\n\n{table(header, map(_retrained, rows))}\n\n{_aims(rows)}"


def retraining_short() -> str | None:
    """The rounds with twenty labels."""
    stored = _read(RETRAINING)
    rows = [row for row in stored.get("rows", ()) if (row["labels"], row["flipped"]) == (20, 0)]
    header = (
        "type taught, after 20 labels", "flagged of its other messages", "before", "flagged or left to a person",
        "F1 elsewhere, points", "minutes",
    )  # fmt: skip
    note = "Brackets hold 95% bootstrap intervals over these messages; base and labels were drawn once."
    return f"{table(header, map(_retrained_short, rows))}\n\n{note} {_aims(rows)}" if rows else None


def _retrained_short(row: Mapping[str, Any]) -> tuple[str, ...]:
    rest = row["rest"]
    return (
        f"`{row['type']}`",
        _interval(rest["flagged_after"], 1, 2),
        number(rest["flagged_before"][0]),
        number(rest["not_cleared_after"][0]),
        _interval(row["elsewhere"]["f1_change"], 100, 1),
        f"{row['seconds'] / 60:.1f}",
    )


def _aims(rows: Sequence[Mapping[str, Any]]) -> str:
    """By how much rounds with 20 labels miss what issue 5 asks, and how many challengers the gate lets pass."""
    twenty = [row for row in rows if (row["labels"], row["flipped"]) == (20, 0)]
    short, alone = (
        [_missed(row, RECALL_AIM - row["rest"][share][0], 2) for row in twenty]
        for share in ("flagged_after", "flagged_alone_after")
    )
    lost = [_missed(row, -100 * row["elsewhere"]["f1_change"][0] - F1_POINTS_AIM, 1) for row in twenty]
    passed = sum(row["promoted"] for row in rows)
    return (
        f"Aims after 20 labels: {RECALL_AIM} flagged ({'; '.join(short)}; alone: {'; '.join(alone)}); at most "
        f"{F1_POINTS_AIM} points of F1 lost "
        f"elsewhere ({'; '.join(lost)}). The gate lets {passed} of {len(rows)} challengers pass."
    )


def _missed(row: Mapping[str, Any], by: float, digits: int) -> str:
    return f"`{row['type']}` " + (f"missed by {by:.{digits}f}" if by > 0 else "met")


def _retrained(row: Mapping[str, Any]) -> tuple[str, ...]:
    rest, elsewhere = row["rest"], row["elsewhere"]
    wrong = f" ({row['flipped']} wrong: {_listed(row)})" if row["flipped"] else ""
    return (
        f"`{row['type']}`",
        f"`{row['digest'][:8]}`",
        f"{row['size']:,}",
        f"{row['labels']}{wrong}",
        _interval(rest["flagged_after"], 1, 2),
        number(rest["flagged_before"][0]),
        _interval(rest["flagged_alone_after"], 1, 2),
        number(rest["flagged_alone_before"][0]),
        number(rest["not_cleared_after"][0]),
        number(rest["named_after"][0]),
        _interval(elsewhere["f1_change"], 100, 1),
        _interval(elsewhere["false_alarm_rate_change"], 100, 1),
        f"{row['seconds'] / 60:.1f}",
        row["gate"],
    )


def _listed(row: Mapping[str, Any]) -> str:
    (by_add, of_add), (by_retrain, of_retrain) = row["listed_by_add"], row["listed_by_retrain"]
    return f"{by_add} among {of_add} listed by `data add`, {by_retrain} among {of_retrain} by `retrain`"


def _interval(figure: Sequence[float], times: float, digits: int) -> str:
    value, low, high = (f"{times * x:.{digits}f}" for x in figure)
    return f"{value} ({low} to {high})"


def throughput() -> str | None:
    """How fast messages are scored, beside what one would write oneself."""
    stored = _read(THROUGHPUT)
    if not stored:
        return None
    measured = stored["table"]
    first = next(iter(measured.values()))["messages_per_second"]
    rows = [
        (
            name,
            f"{row['messages_per_second']:,.0f}",
            f"{row['messages_per_second'] / first:.1f}",
            f"{row['share_of_int8_rate']:.0%}",
            f"{row['peak_rss_mb']:,.0f}",
        )
        for name, row in measured.items()
    ]
    facts = (
        f"{stored['rows']:,} made-up messages on {stored['processor']}; the machine multiplies "
        f"{stored['int8_rate_gops']:,.0f} billion int8 numbers a second. The first three rows score a random sample "
        "and give no evidence; `ours` scores each different text once, as `score` does, and `every row` all of them. "
        "The share is of processor time, padding not counted."
    )
    header = ("scored by", "messages a second", "times the first", "share of that rate", "peak memory, MB")
    return f"{facts}\n\n{table(header, rows)}"


def scaling() -> str | None:
    """What an export of up to a million rows takes."""
    stored = _read(SCALING)
    if not stored:
        return None
    rows = [
        (
            f"{point['rows']:,}",
            f"{point['distinct']:,}",
            f"{point['seconds']:,.0f}",
            f"{point['rows_per_second']:,}",
            f"{point['peak_rss_mb']:,}",
        )
        for point in stored["points"]
    ]
    header = ("rows", "different texts", "seconds", "rows a second", "peak memory, MB")
    return table(header, rows)


def speed() -> str | None:
    """Size and start-up time."""
    model, start = (figures().get(name) for name in ("model", "cold_start"))
    if not model or not start:
        return None
    return (
        f"The model folder of `{model['name']}` takes {model['megabytes']} MB. `reviewguard check` takes "
        f"{start['median_seconds']} s from start to exit (median of {start['starts']} starts, "
        f"{start['cores']} processor cores)."
    )


# data/README.md


def _is_brief(name: str) -> bool:
    return (ROOT / "data" / "briefs" / f"{name}.md").is_file()


def size() -> str | None:
    """How many messages there are."""
    stats = figures().get("stats")
    if not stats:
        return None
    counts = {row["name"]: row["count"] for row in stats["targets"]}
    return (
        f"{counts['messages']:,} messages about {counts['products']:,} products, first drafts and what was written to "
        f"{sum(map(_is_brief, stats['briefs']))} briefs; {counts['with previous']:,} have the buyer's message before "
        "them."
    )


def counts() -> str | None:
    """Messages of each kind."""
    stats = figures().get("stats")
    return stats and table(
        ("messages that are, or have", "count"), [(row["name"], row["count"]) for row in stats["targets"]]
    )


def verdicts() -> str | None:
    """Messages by register, channel and length, and by label."""
    stats = figures().get("stats")
    rows = [
        (f"{kind}: {name}", labels.get("compliant", 0), labels.get("review-soliciting", 0))
        for kind, plural in (("register", "registers"), ("channel", "channels"), ("length", "lengths"))
        for name, labels in (stats[plural] if stats else {}).items()
    ]
    return table(("", "compliant", "review-soliciting"), rows) if rows else None


def variety() -> str | None:
    """How varied and how guessable the messages are."""
    stats = figures().get("stats")
    return stats and table(
        ("measure", "value"),
        [
            ("distinct over all word pairs (distinct-2)", number(stats["distinct_2"])),
            ("similarity to the nearest message of another family, mean", number(stats["nearest_mean"])),
            ("the same, 95th percentile", number(stats["nearest_p95"])),
            ("AUROC of length and punctuation alone", number(stats["surface_auroc"])),
            ("AUROC of words that are not about reviews", number(stats["words_auroc"])),
            ("long messages that break a rule", stats["long_offending"]),
        ],
    )


def likeness() -> str | None:
    """How near each split's messages lie to their neighbours, by embeddings."""
    rows = figures().get("likeness")
    return rows and table(
        ("split", "nearest of another family in the split: mean", "95th percentile",
         "nearest training message: mean", "95th percentile"),
        [
            (row["split"], *(number(row[k]) if row[k] is not None else "–"
                             for k in ("mean", "p95", "train_mean", "train_p95")))
            for row in rows
        ],
    )  # fmt: skip


def splits() -> str | None:
    """What curation kept, and where it went."""
    report = figures().get("splits")
    if not report:
        return None
    steps = table(
        ("step", "kept", "dropped"), [(s["name"], s["kept"], s["dropped"]) for s in report["steps"]]
    )
    names = ["all", "none", *load_policy().types, "previous"]
    rows = [(name, *(part.get(name, 0) for part in report["splits"].values())) for name in names]
    digest = f"Seed {report['seed']}, {report['groups']:,} groups, digest `{report['digest'][:16]}`."
    return f"{steps}\n\n{table(('label', *report['splits']), rows)}\n\n{digest}"


def agreement() -> str | None:
    """Kappa of the second reading, before anything was settled."""
    return compare(read_readings(READINGS)).to_markdown() if READINGS.is_file() else None


def error_kinds() -> str:
    """Errors on real messages by kind, before and after the briefs that answered them."""
    counted = _read(ROOT / "data" / "error_kinds.json")
    columns = ("before", "after", "now")
    rows = [(k["kind"], *(k[column] for column in columns)) for k in counted["kinds"]]
    return table(("kind", *(counted[column] for column in columns)), rows)


def label_errors() -> str:
    """What the search for label errors found."""
    found = _read(ROOT / "data" / "label_errors.json")
    return (
        f"Models that had not seen them ({found['model']}) judged {found['judged']:,} messages; cleanlab doubted "
        f"{found['doubtful']:,}. The {found['read']} most doubtful were labelled anew, each by two readers who saw "
        f"neither label nor probability: both changed the verdict of {found['verdict_differs_for_both']}, one of "
        f"the two that of {found['verdict_differs_for_one']}, and {found['violation_types_differ']} got other "
        "violation types from one of them. None was changed: nearly all are hard for the models, not mislabelled by "
        "the guide."
    )
