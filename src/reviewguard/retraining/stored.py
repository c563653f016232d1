"""What a stored version is, and how it lies on the disk."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reviewguard.errors import InputError, ModelError
from reviewguard.files import atomic_write, sha256, write_json
from reviewguard.folders import copy_folder, remove_folder, replace_folder
from reviewguard.inference.model_folder import CONFIG_FILE, MODEL_FILE, verify_files
from reviewguard.settings import Settings

CHAMPION, CHALLENGER, PREVIOUS = ALIASES = ("champion", "challenger", "previous")
"""The version that is served, the one that wants to be, and the one that a rollback goes to."""

MODEL, WEIGHTS, TAGS, RUN = "model", "weights", "tags.json", "run.json"
"""What lies in a version's folder; `run.json`, in its weights."""

DATA_DIGEST, GATE, PARENT, MODEL_SHA256, ADDED = "data_digest", "gate", "parent", "model_sha256", "added"
"""Tags that every version may carry: what it was trained on, what the gate said, the champion it was trained
against, the SHA-256 of its `model.onnx`, and when it came into the store."""
PASSED, NOT_RUN = "passed", "not run"
"""The tag `gate` of a version that passed, and what stands for a missing one; a failed one says `failed on …`."""


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A version of the model.

    Attributes:
        folder: its model folder; the champion's is the one that is served.
        weights: folder with torch weights, tokenizer and, where known, `run.json`; None where they are not at hand.
        aliases: those of `ALIASES` that are its own.
    """

    version: str
    folder: Path
    weights: Path | None
    tags: Mapping[str, str]
    aliases: tuple[str, ...] = ()

    @property
    def gate(self) -> str:
        """What the gate said; "not run" where it said nothing."""
        return self.tags.get(GATE, NOT_RUN)

    @property
    def passed(self) -> bool:
        """Whether the gate let it through."""
        return self.gate.startswith(PASSED)


def check_gate(model: StoredModel, champion: StoredModel | None) -> None:
    """Refuse a version that the gate did not let through, or let through against another champion than this one.

    Raises:
        InputError: it failed, never ran, or was measured against another.
    """
    if not model.passed:
        raise InputError(
            f"{model.version}: gate {model.gate}",
            expected="a version that passed the gate of `reviewguard retrain`",
            fix="retrain, or promote it with --force; the log will say so",
        )
    parent = model.tags.get(PARENT)
    if champion is not None and champion.version not in (parent, model.version):
        raise InputError(
            f"{model.version}: gate measured against {parent or 'no champion'}, champion is {champion.version}",
            expected="a version that passed the gate against the champion",
            fix="run `reviewguard retrain` again, or promote it with --force; the log will say so",
        )


def settings_tags(folder: Path) -> dict[str, str]:
    """The tags that a model folder tells itself.

    Raises:
        ModelError: it is no model folder.
    """
    settings = Settings.read(folder / CONFIG_FILE)
    digest = str(settings.training.get(DATA_DIGEST, ""))
    return {DATA_DIGEST: digest, MODEL_SHA256: settings.files.get(MODEL_FILE, "")}


def same_model(one: Path, other: Path) -> bool:
    """Whether two folders hold the same model: weights (by their hashes), calibration and thresholds."""
    return sha256(one / CONFIG_FILE) == sha256(other / CONFIG_FILE)


def is_whole(model: Path) -> bool:
    """Whether a kept model has its files as they were written; a disk or a restored backup may have lost some."""
    try:
        verify_files(model, Settings.read(model / CONFIG_FILE))
    except ModelError:
        return False
    return True


def write_version(
    folder: Path, model: Path, weights: Path | None, tags: Mapping[str, str], *, part: Path
) -> None:
    """Copy a model and its weights into the folder of a version, which appears whole or not at all.

    Args:
        part: where it is put together, on the same file system.
    """
    remove_folder(part)
    part.mkdir(parents=True)
    copy_folder(model, part / MODEL)
    if weights is not None:
        copy_folder(weights, part / WEIGHTS)
        run = weights.parent / RUN
        if run.is_file() and not (part / WEIGHTS / RUN).exists():
            shutil.copy2(run, part / WEIGHTS / RUN)
    write_json(part / TAGS, dict(tags))
    replace_folder(part, folder)


def renew_reports(folder: Path, model: Path) -> None:
    """Bring what lies beside a kept model (card, figures, report) in line with another folder of the same model."""
    own = {CONFIG_FILE, *Settings.read(folder / CONFIG_FILE).files}
    for path in sorted(model.iterdir()):
        if path.is_file() and path.name not in own:
            with atomic_write(folder / path.name) as file:
                file.write(path.read_bytes())


def read_version(folder: Path) -> StoredModel:
    """A version as it lies in its folder.

    Raises:
        ModelError: its tags cannot be read.
    """
    try:
        tags = json.loads((folder / TAGS).read_text("utf-8"))
        named = {str(name): str(value) for name, value in tags.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"cannot read {folder / TAGS}: {error}", fix=f"remove {folder}") from error
    weights = folder / WEIGHTS
    return StoredModel(folder.name, folder / MODEL, weights if weights.is_dir() else None, named)
