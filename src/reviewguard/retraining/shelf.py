"""The models' folder, read: which versions there are, which is served, and what the log says."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from reviewguard.errors import InputError, ModelError
from reviewguard.files import sha256
from reviewguard.folders import standing_folder
from reviewguard.inference.model_folder import CONFIG_FILE
from reviewguard.retraining.history import History, champions, read_history
from reviewguard.retraining.stored import (
    ADDED,
    ALIASES,
    CHALLENGER,
    CHAMPION,
    MODEL,
    PREVIOUS,
    TAGS,
    StoredModel,
    read_version,
    same_model,
    settings_tags,
)
from reviewguard.settings import Settings

SERVED, VERSIONS, HISTORY, CANDIDATE = "default", "versions", "history.jsonl", ".challenger"


class ModelShelf:
    """The folder `models/`, for those who only look.

    `default` is the champion: in a checkout's own folder, the model that `reviewguard.load()` loads.
    `versions/<version>/` holds each version whole, the champion's too once a model was added or promoted;
    `versions/.challenger` names the challenger, and `history.jsonl` is the log.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._served = self.folder / SERVED
        self._versions = self.folder / VERSIONS
        self._history = self.folder / HISTORY
        self._candidate = self._versions / CANDIDATE

    def champion(self) -> StoredModel:
        """The version that is served.

        Raises:
            ModelError: there is none.
        """
        folder = standing_folder(self._served)
        if not folder.is_dir():
            raise ModelError(
                f"no model in {self._served}", fix="put a model folder there, or name another store"
            )
        version = self._name(folder)
        kept = self._versions / version
        if kept.is_dir():
            return replace(read_version(kept), folder=folder, aliases=(CHAMPION,))
        return StoredModel(version, folder, None, settings_tags(folder), (CHAMPION,))

    def list(self) -> tuple[StoredModel, ...]:
        """Every version with its aliases, in the order in which they came."""
        found = {path.parent.name: read_version(path.parent) for path in self._versions.glob(f"[!.]*/{TAGS}")}
        if (champion := self._served_now()) is not None:
            found[champion.version] = champion
        aliases = self._aliases(champion)
        models = [
            replace(model, aliases=tuple(a for a in ALIASES if aliases.get(a) == model.version))
            for model in found.values()
        ]
        return tuple(sorted(models, key=lambda model: (model.tags.get(ADDED, ""), model.version)))

    def get(self, version_or_alias: str) -> StoredModel:
        """One version, by its name or an alias.

        Raises:
            InputError: there is none.
        """
        models = self.list()
        for model in models:
            if version_or_alias in (model.version, *model.aliases):
                return model
        known = [*(model.version for model in models), *(a for model in models for a in model.aliases)]
        raise InputError(
            f"no model {version_or_alias!r} in {self.folder}", expected=" or ".join(known) or "a model there"
        )

    def history(self) -> History:
        """What the log says."""
        return read_history(self._history)

    def _served_now(self) -> StoredModel | None:
        return self.champion() if standing_folder(self._served).is_dir() else None

    def _aliases(self, champion: StoredModel | None) -> dict[str, str]:
        before = champions(self.history().entries, champion.version if champion else None)[-2:-1]
        found = {CHAMPION: champion.version} if champion else {}
        if (candidate := self._candidate_version()) not in (None, found.get(CHAMPION)):
            found[CHALLENGER] = str(candidate)
        return found | ({PREVIOUS: before[0]} if before else {})

    def _candidate_version(self) -> str | None:
        with suppress(FileNotFoundError):  # there is none, or it was promoted a moment ago
            return self._candidate.read_text("utf-8")
        return None

    def _name(self, folder: Path) -> str:
        """The name of a model here: its own, unless another model has that."""
        own = Settings.read(folder / CONFIG_FILE).version
        plain = re.sub(r"[^\w.+-]", "-", own).lstrip(".") or "unnamed"
        kept = self._versions / plain / MODEL
        if plain not in ALIASES and (not (kept / CONFIG_FILE).is_file() or same_model(kept, folder)):
            return plain
        return f"{plain}-{sha256(folder / CONFIG_FILE)[:8]}"
