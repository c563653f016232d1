"""Versions of the model: the champion that is served, those before it, and the one that wants to follow."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from reviewguard.errors import InputError
from reviewguard.files import disk_errors, write_json, write_text
from reviewguard.folders import copy_folder, remove_folder, replace_folder, restore_folder
from reviewguard.inference.model_folder import load
from reviewguard.retraining.history import Action, HistoryEntry, append_history, parse_entry
from reviewguard.retraining.shelf import SERVED, ModelShelf
from reviewguard.retraining.stored import (
    ADDED,
    CHALLENGER,
    CHAMPION,
    DATA_DIGEST,
    MODEL,
    MODEL_SHA256,
    PARENT,
    PREVIOUS,
    TAGS,
    StoredModel,
    is_whole,
    read_version,
    renew_reports,
    settings_tags,
    write_version,
)
from reviewguard.writer import WriteLock

INTENT = ".promotion.json"

Sync = Callable[[StoredModel, StoredModel | None], tuple[str, ...]]
"""Tells another registry who is champion and challenger; returns what went wrong there."""


def sync_mlflow(champion: StoredModel, challenger: StoredModel | None) -> tuple[str, ...]:
    """Bring the registered model's aliases in MLflow in line; returns what could not be done."""
    if find_spec("mlflow") is None:
        return ("MLflow is not installed, its registry was not told",)
    try:
        from reviewguard.modeling.aliases import RegistryEntry, set_aliases
    except ImportError as error:  # MLflow without the libraries of training
        return (f"MLflow's registry was not told: {error}",)

    models = {CHAMPION: champion} | ({CHALLENGER: challenger} if challenger else {})
    return set_aliases(
        {alias: RegistryEntry(model.folder, model.version, model.tags) for alias, model in models.items()}
    )


@dataclass(frozen=True, slots=True)
class Promotion:
    """A change of the champion.

    Attributes:
        entry: as it stands in the log.
        champion: what is served now.
        problems: what the MLflow registry could not be told; the next change tells it.
    """

    entry: HistoryEntry
    champion: StoredModel
    problems: tuple[str, ...] = ()


class ModelStore(ModelShelf):
    """The folder `models/`, for those who change it. Opening it finishes, or takes back, what a killed process left.

    Args:
        sync: tells another registry; MLflow's by default.

    Attributes:
        recovered: what was found unfinished at opening, and mended, or why it could not be.
    """

    def __init__(self, folder: Path, *, sync: Sync = sync_mlflow) -> None:
        super().__init__(folder)
        self._sync = sync
        self._intent = self._versions / INTENT
        self._new = self.folder / f".{SERVED}.new"
        self._lock = WriteLock(self._versions)
        self.recovered = self._recover()

    def writing(self, what: str, wait: float = 0) -> AbstractContextManager[None]:
        """Keep others from writing here: see `WriteLock.writing`. The methods below may be called inside."""
        return self._lock.writing(what, wait)

    def add(self, model_folder: Path, weights: Path | None, tags: Mapping[str, str]) -> StoredModel:
        """Copy a model into the store; it becomes the challenger, unless it is the champion.

        It is named as its `config.json` says, with more where another model has that name. A model that is there
        already gets the new tags and reports, and the weights if it has none. `sync` tells MLflow.

        Args:
            weights: folder with torch weights and tokenizer; `run.json` is taken from it or from beside it.
            tags: see `stored`; what the model folder tells itself is filled in.

        Raises:
            ModelError: the model does not load.
            InputError: another process is writing.
        """
        load(model_folder)
        with self.writing("add"), disk_errors(self.folder):
            champion = self._kept_champion()
            own = {ADDED: _now()} | ({PARENT: champion.version} if champion else {})
            version = self._name(model_folder)
            self._keep(version, model_folder, weights, own, tags)
            if champion and champion.version == version and not champion.folder.samefile(model_folder):
                renew_reports(champion.folder, model_folder)
            if champion is None or champion.version != version:
                write_text(self._candidate, version)
            return self.get(version)

    def promote(self, version: str, *, by: str, reason: str, forced: bool = False) -> Promotion:
        """Serve another version. The gate is the caller's; its answer is the tag `gate`.

        Args:
            version: or an alias.
            forced: to be logged: the gate had not let it through.

        Raises:
            InputError: no such version, it is served already, from a link, or another process is writing.
            ModelError: its folder is damaged; nothing changed.
        """
        self.get(version)  # before locking, which makes the folder
        with self.writing("promote"), disk_errors(self.folder):
            return self._change("promote", self.get(version), by, reason, forced=forced)

    def rollback(self, *, by: str, reason: str) -> Promotion:
        """Serve the champion before again; once more, the one before that.

        Raises:
            InputError: there is none, a link is served, or another process is writing.
            ModelError: its folder is damaged; nothing changed.
        """
        self._before()
        with self.writing("rollback"), disk_errors(self.folder):
            return self._change("rollback", self._before(), by, reason)

    def sync(self) -> tuple[str, ...]:
        """Tell MLflow who is champion and challenger; returns what went wrong."""
        challenger = [model for model in self.list() if CHALLENGER in model.aliases]
        return self._sync(self.champion(), challenger[0] if challenger else None)

    def _before(self) -> StoredModel:
        version = self._aliases(self._served_now()).get(PREVIOUS)
        if version is None:
            raise InputError(f"no champion before this one in {self.folder}", expected="a promotion earlier")
        if version not in {model.version for model in self.list()}:
            raise InputError(
                f"the champion before is {version}, and its folder is missing from {self._versions}",
                fix=f"put {self._versions / version} back, or promote another version",
            )
        return self.get(version)

    def _change(
        self, action: Action, model: StoredModel, by: str, reason: str, *, forced: bool = False
    ) -> Promotion:
        tuple(self._mended())  # what was cut off since the store was opened, or could not be mended then
        served = self._served_now()
        if served is not None and served.version == model.version:
            if self.history().entries:
                self.sync()  # what was cut off may have left another registry behind
            raise InputError(f"{model.version} is the champion already")
        if self._served.is_symlink():
            raise InputError(
                f"{self._served} is a link to {self._served.resolve()}",
                expected="the folder itself: a promotion would replace the link and not what it leads to",
                fix="put a copy of that folder in the place of the link",
            )
        before = self._kept_champion()
        with disk_errors(self._history):  # before the folders are exchanged: later it is too late to refuse
            self._history.open("ab").close()
        remove_folder(self._new)
        copy_folder(self._versions / model.version / MODEL, self._new)
        load(self._new)
        entry = HistoryEntry(
            id=uuid.uuid4().hex,
            when=_now(),
            action=action,
            by=_writable(by),
            reason=_writable(reason),
            from_version=before.version if before else None,
            to_version=model.version,
            gate=model.gate,
            forced=forced,
            data_digest=model.tags.get(DATA_DIGEST, ""),
            model_sha256=model.tags.get(MODEL_SHA256, ""),
        )
        write_json(self._intent, entry.to_dict())
        replace_folder(self._new, self._served)
        self._settle(entry)
        return Promotion(entry, self.champion(), self.sync())

    def _settle(self, entry: HistoryEntry) -> None:
        """What is left to do once the new champion is served; may be done again."""
        if entry.id not in {known.id for known in self.history().entries}:
            append_history(self._history, entry)
        if self._candidate_version() == entry.to_version:
            self._candidate.unlink()
        self._intent.unlink()

    def _recover(self) -> tuple[str, ...]:
        old = self._served.with_name(f".{SERVED}.old")
        parts = (path for end in ("part", "old") for path in self._versions.glob(f".*.{end}"))
        if not any(path.exists() for path in (self._intent, self._new, old, *parts)):
            return ()
        with suppress(InputError), self.writing("recovery"):  # unless someone is at it just now
            try:
                with disk_errors(self.folder):
                    return tuple(self._mended())
            except InputError as error:
                return (f"what a killed process left is not mended: {error}",)
        return ()

    def _mended(self) -> Iterator[str]:
        if restore_folder(self._served):
            yield f"put back {self._served}, which a killed process had moved away"
        for part in (self._new, *self._versions.glob(".*.part")):
            remove_folder(part)
        for old in self._versions.glob(".*.old"):
            restore_folder(old.with_name(old.name[1:].removesuffix(".old")))
        if not self._intent.exists():
            return
        entry = parse_entry(self._intent.read_bytes())
        if entry is None:
            raise InputError(
                f"{self._intent} does not say what was cut off, or another version wrote it",
                expected="the fields of a line of the log",
                fix="see with `reviewguard models list` which model is served, then delete the file",
            )
        served = self._served_now()
        if served is not None and served.version == entry.to_version:
            self._settle(entry)
            yield f"finished the {entry.action} of {entry.to_version} that was cut off ({entry.by}, {entry.when})"
            yield from self.sync()
        else:
            self._intent.unlink()
            yield f"dropped a {entry.action} of {entry.to_version} that was cut off before it took effect"

    def _keep(
        self,
        version: str,
        folder: Path,
        weights: Path | None,
        own: Mapping[str, str],
        tags: Mapping[str, str],
    ) -> None:
        """See that `versions/` holds this model, with these tags and with the card and figures of `folder`."""
        target = self._versions / version
        known = read_version(target) if target.is_dir() else None
        facts = settings_tags(folder)
        merged = {**own, **facts, **(known.tags if known else {}), **tags}
        merged[MODEL_SHA256] = facts[MODEL_SHA256]
        kept = known.weights if known else None
        if known is None or (weights and not kept) or not is_whole(known.folder):
            part = self._versions / f".{version}.part"
            write_version(target, folder, kept or weights, merged, part=part)
            return
        renew_reports(known.folder, folder)
        if merged != known.tags:
            write_json(target / TAGS, merged)

    def _kept_champion(self) -> StoredModel | None:
        """The champion, after a look that `versions/` holds it too."""
        if (champion := self._served_now()) is not None:
            self._keep(champion.version, champion.folder, None, {ADDED: _now()}, {})
        return champion


def _writable(words: str) -> str:
    """Without the bytes of a terminal that does not speak UTF-8, which no file here may hold."""
    return words.encode("utf-8", "replace").decode("utf-8")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
