r"""Give a model folder the output that says what each word does; scores, thresholds and everything else stay.

For folders whose weights are at hand only as they ship: `reviewguard export` would round them again. Training messages
are asked about beside those of the validation split, which alone an export has.

    python scripts/add_attribution.py models/default build/model --data build/data --version 0.12.0 \
        --measure ../shared/realworld/dev.jsonl
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
from reviewguard.readers.labelled import read_labelled
from reviewguard.training import measure_and_describe


def main() -> None:
    """Copy the folder, add the output, measure and describe the model anew."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="model folder")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--data", type=Path, required=True, help="folder of `reviewguard data build`")
    parser.add_argument("--version", required=True)
    parser.add_argument("--messages", type=int, default=9000, help="violations to fit on, at most")
    parser.add_argument("--measure", type=Path, nargs="*", default=[], help="further labelled messages")
    options = parser.parse_args()
    splits = load_splits(options.data)
    asked = [*splits["validation"], *splits["train"]]
    measure_on = {path.stem: list(read_labelled(path)) for path in options.measure}
    settings = load(options.model).settings
    check_target(options.out)
    with TemporaryDirectory(dir=options.out.parent) as temporary:
        part = Path(temporary) / "model"
        shutil.copytree(options.model, part)
        encoder = MessageEncoder.from_file(part / TOKENIZER_FILE, settings.limits)
        if not add_attribution(part / MODEL_FILE, encoder, asked, SEED, options.messages):
            raise SystemExit("the graph or the messages are of another kind: nothing was added")
        files = {**settings.files, MODEL_FILE: sha256(part / MODEL_FILE)}
        replace(settings, version=options.version, files=files).save(part / CONFIG_FILE)
        classifier = load(part)
        write_reference(classifier, [m.message for m in splits["validation"]], part)
        measure_and_describe(classifier, part, splits, splits["train"], measure_on)
        replace_folder(part, options.out)


if __name__ == "__main__":
    main()
