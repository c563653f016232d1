r"""Give a model folder what later exports have; its scores' weights, calibrations and thresholds stay.

For folders whose weights are at hand only as they ship: `reviewguard export` would round them again. What was measured
before is carried along; `scripts/describe_model.py` measures anew.

    python scripts/amend_model.py models/default build/model --version 0.13.0 --spelling
    python scripts/amend_model.py models/default build/model --version 0.12.0 --attribution 9000
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from reviewguard.attribution_fit import add_attribution
from reviewguard.curation.storage import load_splits
from reviewguard.encoding import MessageEncoder
from reviewguard.exporting import SEED, check_target
from reviewguard.files import sha256
from reviewguard.folders import replace_folder
from reviewguard.inference.drift import write_reference
from reviewguard.inference.model_folder import CONFIG_FILE, MODEL_FILE, TOKENIZER_FILE, load


def main() -> None:
    """Copy the folder and amend it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="model folder")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--data", type=Path, default=Path("build/data"))
    parser.add_argument("--version", required=True)
    parser.add_argument("--spelling", action="store_true", help="read misspelt words as what was meant")
    parser.add_argument(
        "--attribution",
        type=int,
        default=0,
        metavar="N",
        help="fit the output that says what each word does on N violations, of the training split too",
    )
    options = parser.parse_args()
    splits, settings = load_splits(options.data), load(options.model).settings
    limits = replace(settings.limits, spelling=options.spelling or settings.limits.spelling)
    check_target(options.out)
    with TemporaryDirectory(dir=options.out.parent) as temporary:
        part = Path(temporary) / "model"
        shutil.copytree(options.model, part)
        encoder = MessageEncoder.from_file(part / TOKENIZER_FILE, limits)
        asked = [*splits["validation"], *splits["train"]]
        if options.attribution and not add_attribution(
            part / MODEL_FILE, encoder, asked, SEED, options.attribution
        ):
            raise SystemExit("the graph or the messages are of another kind: nothing was added")
        files = {**settings.files, MODEL_FILE: sha256(part / MODEL_FILE)}
        replace(settings, version=options.version, files=files, limits=limits).save(part / CONFIG_FILE)
        write_reference(load(part), [m.message for m in splits["validation"]], part)
        replace_folder(part, options.out)


if __name__ == "__main__":
    main()
