"""Load a model folder, and refuse one that is incomplete, altered or miscomputed by this processor."""

from __future__ import annotations

from importlib.resources import files
from numbers import Integral
from pathlib import Path

import numpy as np

from reviewguard.encoding import MessageEncoder
from reviewguard.errors import ConfigError, ModelError
from reviewguard.files import sha256
from reviewguard.folders import standing_folder
from reviewguard.inference.backend import Backend, OnnxBackend
from reviewguard.inference.classifier import Classifier
from reviewguard.schema import Message
from reviewguard.settings import Settings

MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
CONFIG_FILE = "config.json"
ATTEMPTS = 10
"""At a folder that is replaced while it is read."""


def shipped_model() -> Path:
    """The folder of the model that comes with the package (or with the checkout)."""
    packaged = Path(str(files("reviewguard").joinpath("default_model")))
    if packaged.is_dir():
        return packaged
    return Path(__file__).resolve().parents[3] / "models" / "default"


def load(path: str | Path | None = None, *, threads: int = 0) -> Classifier:
    """Load a model folder, the shipped one by default.

    A folder that is replaced meanwhile (by `reviewguard models promote`, say) is loaded again, so that the
    classifier is the old model or the new one, never parts of both.

    Args:
        path: folder with `model.onnx`, `tokenizer.json` and `config.json`.
        threads: forward passes that one call runs side by side, each on one core; 0 for one per core. A server that
            judges in several threads of its own wants 1.

    Raises:
        ConfigError: `threads` is no whole number, or negative.
        ModelError: no folder is named, a file is missing or altered, or the stored message does not reproduce its
            scores.
    """
    if not isinstance(threads, Integral) or threads < 0:
        raise ConfigError(f"threads is {threads!r}", expected="a whole number, 0 or more")
    if path == "":
        raise ModelError(
            "the name of the model folder is empty", expected="a folder, or None for the shipped model"
        )
    folder = shipped_model() if path is None else Path(path)
    for _ in range(ATTEMPTS):
        standing, before = folder, None
        try:
            standing = standing_folder(folder)
            before = _identity(standing)
            classifier = _load(standing, folder, threads)
        except OSError as error:
            if _identity(standing) == before:
                raise ModelError(f"{folder} cannot be read: {error}", expected="a model folder") from error
        except ModelError:
            if before is None and _identity(standing) is None:
                raise ModelError(
                    f"there is no folder {folder}",
                    expected=f"a model folder with {CONFIG_FILE}, or none for the shipped model",
                ) from None
            if _identity(standing) == before:
                raise
        else:
            if _identity(standing) == before:
                return classifier
    raise ModelError(f"{folder} is replaced again and again", fix="try again later")


def _load(folder: Path, name: Path, threads: int) -> Classifier:
    settings = Settings.read(folder / CONFIG_FILE)
    verify_files(folder, settings)
    encoder = MessageEncoder.from_file(folder / TOKENIZER_FILE, settings.limits)
    backend = OnnxBackend(folder / MODEL_FILE, threads)
    classifier = Classifier(backend, encoder, settings, folder=name)
    _self_check(classifier, folder)
    return classifier


def _identity(folder: Path) -> tuple[int, ...] | None:
    """Differs for a folder that was put in this one's place."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_ctime_ns


def from_parts(backend: Backend, tokenizer_file: Path, settings: Settings) -> Classifier:
    """A classifier around another backend, a torch model say."""
    return Classifier(backend, MessageEncoder.from_file(tokenizer_file, settings.limits), settings)


def verify_files(folder: Path, settings: Settings) -> None:
    """See that a folder's files are those its settings name.

    Raises:
        ModelError: a file is missing or altered.
    """
    for name in (MODEL_FILE, TOKENIZER_FILE):
        expected = settings.files.get(name)
        if not (folder / name).is_file():
            raise ModelError(f"{folder / name} is missing", expected=f"a model folder with {name}", fix=_FIX)
        found = sha256(folder / name)
        if found != expected:
            raise ModelError(
                f"{folder / name} has sha256 {found}", expected=f"{expected}, as {CONFIG_FILE} says", fix=_FIX
            )


def _self_check(classifier: Classifier, folder: Path) -> None:
    check = classifier.settings.self_check
    if check is None:
        raise ModelError(f"{folder / CONFIG_FILE} has no self_check", fix=_FIX)
    found = classifier.predict_logits([Message(check.text, check.previous)])[0]
    gap = float(np.abs(found - np.array(check.logits)).max())
    if not gap <= check.tolerance:
        raise ModelError(
            f"{folder}: the stored message scores differently on this processor (off by {gap:.2f})",
            expected=f"at most {check.tolerance:.2f}: as stored when the model was exported",
            fix="try the locked onnxruntime, or pass --model one without int8: after `make test` in a checkout, "
            f"`reviewguard data build` and `reviewguard export {folder} --precision fp32 --out DIR` write one",
        )


_FIX = "reinstall the package, or export the folder again"
