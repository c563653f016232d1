"""`reference.json` of a model folder: how the messages look that the model was calibrated on. It holds no words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from reviewguard.errors import ModelError
from reviewguard.files import write_text
from reviewguard.inference.classifier import Classifier
from reviewguard.inference.drift.sample import Sample, measure
from reviewguard.inference.model_folder import MODEL_FILE
from reviewguard.schema import Message
from reviewguard.settings import Settings

REFERENCE_FILE = "reference.json"
MOST = 500
"""Messages measured at most: enough for the tests to see a shift of a tenth."""
_FIX = (
    "compare with an export that you know by --against, or export the model again with `reviewguard export`"
)


def write_reference(classifier: Classifier, messages: Sequence[Message], folder: Path) -> None:
    """Measure an even choice of the messages under every profile; write the counts into the model's folder."""
    chosen = messages[:: max(1, -(-len(messages) // MOST))]
    samples = {
        profile: measure(classifier.predict(chosen, profile=profile), classifier.encoder).to_dict()
        for profile in classifier.settings.profiles
    }
    values = {"weights": classifier.settings.files[MODEL_FILE], "profiles": samples}
    write_text(folder / REFERENCE_FILE, json.dumps(values) + "\n")


def read_reference(folder: Path, settings: Settings, profile: str) -> Sample:
    """What the model's own messages look like under a profile.

    Raises:
        ModelError: there is no such file, or it is another model's, or it lacks the profile.
    """
    path = folder / REFERENCE_FILE
    if not path.is_file():
        raise ModelError(
            f"{folder} has no {REFERENCE_FILE}: the model was exported before there was one", fix=_FIX
        )
    try:
        values = json.loads(path.read_text("utf-8"))
        weights, profiles = values["weights"], values["profiles"]
        sample = Sample.from_dict(profiles[profile]) if profile in profiles else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} is malformed: {error!r}", fix=_FIX) from error
    if weights != settings.files.get(MODEL_FILE):
        raise ModelError(f"{path} was measured with another model", fix=_FIX)
    if sample is None or not sample.texts:
        raise ModelError(f"{path} knows no profile {profile!r}", expected=" or ".join(profiles), fix=_FIX)
    return sample
