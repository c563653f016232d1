r"""Give a model folder what later exports have; its scores' weights, calibrations and thresholds stay.

For folders whose weights are at hand only as they ship: `reviewguard export` would round them again. What was measured
before is carried along; `scripts/describe_model.py` measures anew.

    python scripts/amend_model.py models/default build/model --version 0.13.0 --spelling
    python scripts/amend_model.py models/default build/model --version 0.12.0 --attribution 9000
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from reviewguard.attribution_fit import add_attribution
from reviewguard.curation.storage import load_splits
from reviewguard.encoding import MessageEncoder
from reviewguard.exporting import SEED, check_target
from reviewguard.files import sha256
from reviewguard.folders import replace_folder
from reviewguard.inference.drift import write_reference
from reviewguard.inference.model_folder import CONFIG_FILE, MODEL_FILE, TOKENIZER_FILE, load


def main(
    model: Annotated[Path, typer.Argument(help="Model folder.")],
    out: Annotated[Path, typer.Argument(help="Folder to write.")],
    version: Annotated[str, typer.Option(help="Of the new model.")],
    data: Path = Path("build/data"),
    spelling: Annotated[
        bool, typer.Option("--spelling", help="Read misspelt words as what was meant.")
    ] = False,
    attribution: Annotated[
        int,
        typer.Option(
            help="Fit the output that says what each word does on so many violations, of the training split too."
        ),
    ] = 0,
) -> None:
    """Give a model folder what later exports have; its scores' weights, calibrations and thresholds stay."""
    splits, settings = load_splits(data), load(model).settings
    limits = replace(settings.limits, spelling=spelling or settings.limits.spelling)
    check_target(out)
    with TemporaryDirectory(dir=out.parent) as temporary:
        part = Path(temporary) / "model"
        shutil.copytree(model, part)
        encoder = MessageEncoder.from_file(part / TOKENIZER_FILE, limits)
        asked = [*splits["validation"], *splits["train"]]
        if attribution and not add_attribution(part / MODEL_FILE, encoder, asked, SEED, attribution):
            raise SystemExit("the graph or the messages are of another kind: nothing was added")
        files = {**settings.files, MODEL_FILE: sha256(part / MODEL_FILE)}
        replace(settings, version=version, files=files, limits=limits).save(part / CONFIG_FILE)
        write_reference(load(part), [m.message for m in splits["validation"]], part)
        replace_folder(part, out)


if __name__ == "__main__":
    typer.run(main)
