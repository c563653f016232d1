"""Turns a trained model into a model folder: quantise, calibrate what will run, hash, describe."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from reviewguard.attribution_fit import add_attribution
from reviewguard.classifier_scorer import PRECISION
from reviewguard.encoding import Limits, MessageEncoder, collate
from reviewguard.errors import ConfigError, InputError
from reviewguard.files import check_writable, sha256
from reviewguard.folders import beside, remove_folder, replace_folder
from reviewguard.inference.backend import OnnxBackend
from reviewguard.inference.classifier import Classifier
from reviewguard.inference.drift import REFERENCE_FILE, write_reference
from reviewguard.inference.model_folder import CONFIG_FILE, MODEL_FILE, TOKENIZER_FILE, from_parts, load
from reviewguard.modeling.calibration import fit_settings
from reviewguard.modeling.onnx_export import INPUTS, export_onnx
from reviewguard.modeling.quantize import Inputs, quantize_int8
from reviewguard.modeling.runs import FinishedRun
from reviewguard.modeling.spans import marked_words, token_f1
from reviewguard.modeling.trainer import TrainedModel
from reviewguard.policy import load_policy
from reviewguard.schema import LabelledMessage, Message
from reviewguard.settings import SelfCheck, Settings
from reviewguard.writer import WriteLock

NAME = "reviewguard"
PRECISIONS = ("int8", "fp32")
CARD_FILE, FIGURES_FILE, DIAGRAM_FILE = "README.md", "evaluation.json", "calibration.png"
REPORT_FILE, REPORT_TEXT_FILE = "retraining.json", "retraining.md"
DESCRIPTION = (CARD_FILE, FIGURES_FILE, DIAGRAM_FILE, REPORT_FILE, REPORT_TEXT_FILE)
FILES = frozenset((MODEL_FILE, TOKENIZER_FILE, CONFIG_FILE, REFERENCE_FILE, *DESCRIPTION))
"""All that a model folder of ours may hold; a folder with more is not replaced."""
CALIBRATION = 300
"""Messages whose activations are measured for int8."""
SEED = 13
"""Of the copies that attribution is fitted on."""
TOKEN_THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)
"""How strong a token's evidence may have to be for its word to be marked: those that are tried."""
SELF_CHECK = Message(
    "Dear friend, glad the kettle arrived. Give us five stars and we refund you by PayPal, then tell us on WhatsApp.",
    "it came today",
)
SELF_CHECK_TOLERANCE = 0.5
"""Logits. Right processors agree to a few hundredths; wrong arithmetic is off by whole logits."""


def export_model(run: FinishedRun, validation: Sequence[LabelledMessage], folder: Path) -> Classifier:
    """Write the model folder of a training whole or not at all, and return the classifier it holds: see `exported`."""
    with exported(run, validation, folder) as (classifier, _):
        return classifier


@contextmanager
def exported(
    run: FinishedRun, validation: Sequence[LabelledMessage], folder: Path, *, precision: str = "int8"
) -> Iterator[tuple[Classifier, Path]]:
    """The classifier of a training and its model folder, to be measured and described; then it takes its place.

    The classifier remembers what it read of `validation` (`Classifier.remembering`), for who measures it next.

    Args:
        validation: messages that activation ranges are measured on, and calibrations, thresholds and attribution
            fitted on with the exported weights.
        folder: the place, or a link to it. What stands there stays until the new folder is whole.

    Raises:
        ConfigError: no such precision.
        InputError: `folder` holds something other than a model, or another export writes it.
    """
    check_target(folder)
    if precision not in PRECISIONS:
        raise ConfigError(f"precision is {precision!r}", expected=" or ".join(PRECISIONS))
    folder = folder.resolve() if folder.is_symlink() else folder
    work = beside(folder, "part")
    with WriteLock(work).writing("export"):
        part = work / "model"
        remove_folder(part)  # of an export that was killed
        try:
            part.mkdir()
            classifier = _export(run, validation, part, precision)
            yield classifier, part
            replace_folder(part, folder)
        finally:
            remove_folder(work)


def check_target(folder: Path) -> None:
    """Refuse a folder that a model may not replace: what it holds would be gone.

    Raises:
        InputError: it is a file, holds something other than a model, or cannot be written.
    """
    what = "is a file"
    if folder.is_dir():
        names = {path.name for path in folder.iterdir()}
        others = [name for name in sorted(names - FILES) if not name.startswith(_HALF_WRITTEN)]
        if not names or (not others and _is_model(folder)):
            return
        what = f"holds something other than a model: {', '.join(others[:3]) or CONFIG_FILE}"
    if folder.exists() or folder.is_symlink():
        what = what if folder.exists() else "is a link that leads nowhere"
        raise InputError(f"{folder} {what}", expected="a model folder, or none yet", fix="name a new folder")
    check_writable(folder)


_HALF_WRITTEN = tuple(f".{name}." for name in FILES)
"""Beginnings of the temporary files that a killed process leaves behind: see `atomic_write`."""


def _is_model(folder: Path) -> bool:
    """Whether it is one, of this version or another."""
    try:
        values = json.loads((folder / CONFIG_FILE).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(values, dict) and {"types", "profiles", "files"} <= values.keys()


def _export(
    run: FinishedRun, validation: Sequence[LabelledMessage], folder: Path, precision: str
) -> Classifier:
    trained, limits = run.trained, run.config.limits
    _write_weights(trained, folder, precision, validation[:CALIBRATION], limits)
    settings = replace(
        Settings.uncalibrated(
            NAME, run.facts["version"], trained.model.head_config.types, tuple(load_policy().profiles)
        ),
        limits=limits,
        training={**run.facts, PRECISION: precision},
    )
    encoder = MessageEncoder.from_file(folder / TOKENIZER_FILE, limits)
    if trained.model.head_config.head == "evidence":
        add_attribution(folder / MODEL_FILE, encoder, validation, SEED, run.config.attribution)
    classifier = _fit(folder, settings, validation)
    classifier.settings.save(folder / CONFIG_FILE)
    load(folder)  # what cannot be loaded replaces nothing
    write_reference(classifier, [m.message for m in validation], folder)
    return classifier


def _write_weights(
    trained: TrainedModel,
    folder: Path,
    precision: str,
    samples: Sequence[LabelledMessage],
    limits: Limits,
) -> None:
    trained.tokenizer.save(str(folder / TOKENIZER_FILE))
    if precision == "fp32":
        export_onnx(trained.model, folder / MODEL_FILE)
        return
    with tempfile.TemporaryDirectory() as temporary:
        full = Path(temporary) / MODEL_FILE
        export_onnx(trained.model, full)
        encoder = MessageEncoder.from_file(folder / TOKENIZER_FILE, limits)
        quantize_int8(full, folder / MODEL_FILE, _inputs(encoder, samples))


def _inputs(encoder: MessageEncoder, messages: Sequence[LabelledMessage]) -> Iterator[Inputs]:
    """What the model sees of each message: a batch for each window."""
    for message in encoder.encode_batch([m.message for m in messages]):
        for window in message.windows:
            inputs = collate([window], encoder.pad_id).as_inputs()
            yield {name: inputs[name] for name in INPUTS}


def _fit(folder: Path, settings: Settings, validation: Sequence[LabelledMessage]) -> Classifier:
    backend = OnnxBackend(folder / MODEL_FILE)
    classifier = from_parts(backend, folder / TOKENIZER_FILE, settings).remembering()
    logits = classifier.predict_logits([m.message for m in validation])
    fitted = replace(
        fit_settings(settings, logits, validation),
        files={file: sha256(folder / file) for file in (MODEL_FILE, TOKENIZER_FILE)},
        self_check=_self_check(classifier),
    )
    calibrated = classifier.with_settings(fitted)
    threshold = _best_token_threshold(calibrated, validation)
    return classifier.with_settings(replace(fitted, token_threshold=threshold))


def _best_token_threshold(classifier: Classifier, validation: Sequence[LabelledMessage]) -> float:
    """The one of `TOKEN_THRESHOLDS` whose marked words agree best with the rationales (mean word F1)."""
    rules = load_policy().profile("amazon")
    examples = [m for m in validation if m.rationale and rules.is_broken(m.types)]
    if not examples:
        return classifier.settings.token_threshold
    rationales = [marked_words(m.text, [(r.start, r.end) for r in m.rationale]) for m in examples]

    def agreement(threshold: float) -> float:
        trial = classifier.with_settings(replace(classifier.settings, token_threshold=threshold))
        verdicts = trial.predict([m.message for m in examples])
        marks = [marked_words(v.text, [(e.start, e.end) for e in v.evidence]) for v in verdicts]
        return float(np.mean([token_f1(m, r) for m, r in zip(marks, rationales, strict=True)]))

    return max(TOKEN_THRESHOLDS, key=agreement)


def _self_check(classifier: Classifier) -> SelfCheck:
    logits = np.round(classifier.predict_logits([SELF_CHECK])[0], 4)
    return SelfCheck(SELF_CHECK.text, SELF_CHECK.previous, tuple(logits.tolist()), SELF_CHECK_TOLERANCE)
