"""Which data and which model the notebooks show: `notebooks/settings.toml`."""

from __future__ import annotations

import os
import tomllib
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

from reviewguard.curation.sources import Sources, read_messages
from reviewguard.errors import ConfigError, InputError

VARIABLE = "REVIEWGUARD_NOTEBOOKS"
"""Environment variable that names another file of settings."""
DEFAULT = Path("settings.toml")


@dataclass(frozen=True, slots=True)
class NotebookSettings:
    """Where everything lies; in the file, paths count from its folder.

    Attributes:
        messages: file or folder of labelled messages.
        splits: record of the splits of earlier builds.
        data: folder of splits built from them.
        model: model folder.
        export: messages without labels, in any format that is read.
        labels: messages labelled by people, to learn from.
        retraining: TOML file of how the last notebook trains, as `retrain.toml`.
        run: finished training run, with its model, that the last notebook begins with; None to train a small one.
    """

    messages: Path
    splits: Path
    data: Path
    model: Path
    export: Path
    labels: Path
    retraining: Path
    run: Path | None = None


def notebook_settings(path: Path | None = None) -> NotebookSettings:
    """Read a file; without one, the file that `REVIEWGUARD_NOTEBOOKS` names, else `settings.toml` beside the notebook.

    Raises:
        ConfigError: it cannot be read, or a key is unknown or missing.
    """
    path = path or Path(os.environ.get(VARIABLE) or DEFAULT)
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"cannot read {path}: {error}",
            expected="a TOML file like notebooks/settings.toml",
            fix=f"open the notebook from its own folder, or name a file in {VARIABLE}",
        ) from error
    known = {field.name: field.default is MISSING for field in fields(NotebookSettings)}
    needed = {name for name, required in known.items() if required}
    if wrong := sorted((needed - values.keys()) | (values.keys() - known.keys())):
        raise ConfigError(f"{path}: {', '.join(wrong)} missing or unknown", expected=", ".join(known))
    folder = path.resolve().parent
    return NotebookSettings(**{name: folder / str(value) for name, value in values.items()})


def written_messages(path: Path) -> Sources:
    """The written messages of a file or folder.

    Raises:
        InputError: none of its lines is one.
    """
    found = read_messages(path)
    if not found.messages:
        first = f", such as {found.issues[0]}" if found.issues else ""
        raise InputError(
            f"{path}: none of its {found.left_out:,} lines is a written message{first}",
            expected="lines as in data/messages, with id, family, product, register, channel and writer_brief",
            fix="name such a file or folder in settings.toml; data/labels, and what `reviewguard label` writes, differ",
        )
    return found
