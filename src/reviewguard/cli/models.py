"""`train`, `evaluate` and `export`: the commands of data people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reviewguard.checkout import BUILT
from reviewguard.cli.explaining import explanations as measure_explanations
from reviewguard.cli.shared import warn
from reviewguard.errors import InputError

if TYPE_CHECKING:
    from reviewguard.modeling.scorer import Scorer
    from reviewguard.schema import LabelledMessage

DataOption = Annotated[Path, typer.Option(help="Splits written by `reviewguard data build`.")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="Override one configuration key, key=value (repeatable).")
]
RUN = Path("runs/latest")


def train(
    config: Annotated[Path | None, typer.Option(help="TOML file; built-in defaults without one.")] = None,
    overrides: SetOption = None,
    data: DataOption = BUILT,
    run: Annotated[Path, typer.Option(help="Folder for checkpoints and torch weights; resumes there.")] = RUN,
    out: Annotated[Path | None, typer.Option(help="Model folder to write; RUN/model by default.")] = None,
    version: Annotated[str, typer.Option(help="Version of the model.")] = "dev",
    measure_on: Annotated[
        list[Path] | None, typer.Option(help="Labelled JSONL to report on as well (repeatable).")
    ] = None,
    bootstrap: Annotated[int, typer.Option(help="Resamples for the intervals.", min=0)] = 1000,
    start_from: Annotated[
        Path | None, typer.Option(help="Begin with the weights of this finished run or model folder.")
    ] = None,
) -> None:
    """Fine-tune, export, evaluate and describe a model, tracked in MLflow.

    Example: reviewguard train --config train.toml --set epochs=3 --run runs/try
    """
    from reviewguard.modeling.compare import figure_text
    from reviewguard.modeling.config import load_config
    from reviewguard.training import train as run_training

    extra = read_datasets(measure_on or [])
    result = run_training(
        load_config(config, overrides or []),
        data,
        run,
        out or run / "model",
        version=version,
        measure_on=extra,
        bootstrap=bootstrap,
        start_from=start_from,
    )
    for name, evaluation in result.evaluations.items():
        shown = ", ".join(f"{f} {figure_text(evaluation.figures[f])}" for f in ("auroc", "f1", "macro_f1"))
        print(f"{name}: {shown}")
    print(f"trained in {result.seconds / 60:.1f} minutes, model folder {result.folder}, run {result.run_id}")
    warn(f"tracking: {problem}" for problem in result.problems)


def evaluate(
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Labelled JSONL or Parquet (repeatable); the test split by default."),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Model folder; the shipped model by default.")] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Beside the baselines.")] = False,
    other: Annotated[
        list[str] | None, typer.Option("--with", help="NAME=DIR of a further model folder (repeatable).")
    ] = None,
    splits: Annotated[
        Path,
        typer.Option(help="Folder of the splits: its test is measured by default, its train fits baselines."),
    ] = BUILT,
    behaviour: Annotated[
        Path | None, typer.Option(help="Folder of behaviour cases to run instead of labelled messages.")
    ] = None,
    explanations: Annotated[
        bool, typer.Option("--explanations", help="The marked words beside other explanation methods.")
    ] = False,
    run: Annotated[
        Path | None, typer.Option(help="With --explanations: a training run to explain instead of the model.")
    ] = None,
    methods: Annotated[
        str | None, typer.Option(help="With --explanations: short names, a,b,c; all by default.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(help="With --explanations: violations a data set, 0 for all; by default 300.", min=0),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(
            help="With --explanations: copies that LIME and SHAP may try; by default 120 and 500.", min=20
        ),
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="With --explanations: PNG of the comparison.")] = None,
    errors: Annotated[
        Path | None,
        typer.Option(help="JSONL file for the messages judged wrongly, the most confident mistakes first."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="JSON file for every figure.")] = None,
    seed: Annotated[
        int,
        typer.Option(
            help="Decides the bootstrap; with --compare the baselines' fit; with --explanations which messages, and "
            "what LIME and random draw.",
            min=0,
            max=2**32 - 1,
        ),
    ] = 13,
    bootstrap: Annotated[int, typer.Option(help="Resamples for the intervals.", min=0)] = 1000,
) -> None:
    """Measure a model on labelled messages, by Amazon's rules: decisions, types, calibration, evidence, slices.

    To measure it on your own mail, label a random choice of it (`label --sample`): messages that were chosen because
    the model flagged them do not show what it misses. Words that the model marked, and a person took over, do not count
    as evidence to compare with.

    Example: reviewguard evaluate --data labelled.jsonl --out figures.json --errors wrong.jsonl

    Example: reviewguard evaluate --behaviour tests/model/behaviour

    Example: reviewguard evaluate --explanations --out explanations.json
    """
    from reviewguard.classifier_scorer import ClassifierScorer
    from reviewguard.curation.storage import load_splits
    from reviewguard.files import check_writable, write_json, write_jsonl
    from reviewguard.inference.model_folder import load
    from reviewguard.inference.writers import check_apart
    from reviewguard.modeling.baselines import fit_baselines
    from reviewguard.modeling.behaviour import run_behaviour
    from reviewguard.modeling.behaviour_cases import load_cases
    from reviewguard.modeling.compare import compare as measure

    if behaviour is not None:
        labelled = {"--data": data, "--explanations": explanations, "--compare": compare, "--with": other}
        _refuse(labelled | {"--errors": errors}, "not with --behaviour")
    if explanations:
        _refuse({"--compare": compare, "--with": other, "--errors": errors}, "not with --explanations")
        _refuse({"--model": run and model}, "not with --run, which is explained instead")
    else:
        explaining = {
            "--run": run,
            "--methods": methods,
            "--limit": limit,
            "--samples": samples,
            "--plot": plot,
        }
        _refuse(explaining, "only with --explanations")
    measured = data or [splits / "test.parquet"]
    for file in filter(None, (out, plot, errors)):
        check_apart(file, measured)
        check_writable(file)
    if out and out.resolve() in {file.resolve() for file in (plot, errors) if file}:
        raise typer.BadParameter("another output has the same name", param_hint="--out")
    if behaviour is not None:
        report = run_behaviour(ClassifierScorer(load(model)), load_cases(behaviour))
        print(report.to_markdown())
        if out is not None:
            write_json(out, report.to_dict())
        return
    others = _named(map(_name_and_folder, other or []), "models", "give each --with a NAME of its own")
    datasets = read_datasets(measured)
    if explanations:
        measure_explanations(
            model,
            run,
            datasets,
            methods=methods,
            limit=limit,
            samples=samples,
            seed=seed,
            bootstrap=bootstrap,
            work=splits.parent / "explanations",
            out=out,
            plot=plot,
        )
        return
    scorers: list[Scorer] = [ClassifierScorer(load(model))]
    scorers += [ClassifierScorer(load(folder), name) for name, folder in others.items()]
    if compare:
        from reviewguard.modeling.embeddings import kept_beside

        parts, kept = load_splits(splits), kept_beside(splits)
        baselines = fit_baselines(parts["train"], parts["validation"], seed=seed, embeddings=kept)
        scorers = [*baselines, *scorers[::-1]]
    table = measure(scorers, datasets, seed=seed, bootstrap=bootstrap)
    if out is not None:
        write_json(out, table.to_dict())
    if errors is not None:
        write_jsonl(errors, table.errors())
    print(table.to_markdown())
    warn((*table.unscored(), *table.cautions(), *_cautions(measured)))
    if not compare:
        print(json.dumps(table.to_dict(), indent=2) if out is None else f"every figure: {out}")


def _cautions(files: Iterable[Path]) -> Iterator[str]:
    from reviewguard.readers.labelled import chosen_by_flags

    for file in files:
        if chosen_by_flags(file):
            yield (
                f"{file}: the model called none of these messages compliant when they were chosen, so none of them "
                "shows what it misses; recall is too high. Label a random choice: reviewguard label EXPORT --sample N"
            )


def _refuse(options: Mapping[str, object], why: str) -> None:
    """Options that this way of measuring does not read would be ignored.

    Raises:
        BadParameter: one of them is given.
    """
    for name, value in options.items():
        if value is not None and value is not False:
            raise typer.BadParameter(why, param_hint=name)


def export(
    run: Annotated[Path, typer.Argument(help="Folder of a training run, or of a model.")],
    out: Annotated[Path, typer.Option(help="Model folder to write.")],
    precision: Annotated[
        str, typer.Option(help="What is multiplied: int8, or fp32 for four times the size.")
    ] = "int8",
    data: DataOption = BUILT,
    measure_on: Annotated[
        list[Path] | None, typer.Option(help="Labelled JSONL to report on as well (repeatable).")
    ] = None,
    bootstrap: Annotated[int, typer.Option(help="Resamples for the intervals.", min=0)] = 1000,
) -> None:
    """Write a run's or a model's weights as a model folder again, with thresholds, figures and card.

    Example: reviewguard export runs/latest --precision fp32 --out models/fp32
    """
    from reviewguard.training import export_run

    extra = read_datasets(measure_on or [])
    export_run(run, data, out, precision, measure_on=extra, bootstrap=bootstrap)
    print(f"written: {out}")


def read_datasets(paths: Iterable[Path], test: str | None = None) -> dict[str, list[LabelledMessage]]:
    """File name without ending → its messages.

    Args:
        test: what the test split is called beside them, if not as in reports.

    Raises:
        InputError: two files bear the same name, or the test split's; one cannot be read or holds no message.
    """
    from reviewguard.describing import TEST
    from reviewguard.readers.labelled import read_labelled

    named = _named(((path.stem, path) for path in paths), "data sets", "rename one of the files")
    if (test := test or TEST) in named:
        raise InputError(f"{named[test]} is called as the test split is in reports", fix="rename the file")
    found = {name: read_labelled(path) for name, path in named.items()}
    if empty := [named[name] for name, messages in found.items() if not messages]:
        raise InputError(f"no labelled messages in {empty[0]}", expected="at least one")
    return found


def _name_and_folder(item: str) -> tuple[str, Path]:
    name, separator, folder = item.partition("=")
    if not (name and separator and folder):
        raise InputError(f"--with {item}", expected="NAME=DIR")
    return name, Path(folder)


def _named(paths: Iterable[tuple[str, Path]], what: str, fix: str) -> dict[str, Path]:
    """Name → path.

    Raises:
        InputError: two bear the same name, and one of them would be left out.
    """
    named: dict[str, Path] = {}
    for name, path in paths:
        if name in named:
            raise InputError(f"two {what} are called {name}: {named[name]} and {path}", fix=fix)
        named[name] = path
    return named
