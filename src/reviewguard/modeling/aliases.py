"""The registered model's aliases in MLflow, brought in line with the models that are served and wait to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.utils.validation import MAX_MODEL_REGISTRY_TAG_VALUE_LENGTH

from reviewguard.errors import ModelError
from reviewguard.files import sha256
from reviewguard.modeling.registry import CONFIG_FILE, CONFIG_SHA256, REGISTERED_MODEL
from reviewguard.modeling.tracking import Tracker, told
from reviewguard.modeling.tracking_settings import tracking

ALIASES = ("champion", "challenger")
"""The aliases kept here; others are left alone."""
VERSION = "version"
EXAMPLE = {"text": "Your parcel left this morning.", "previous": "Has it been sent?"}


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """A model that bears an alias.

    Attributes:
        folder: its model folder, by whose `config.json` it is found again.
        version: its name in the store of models; MLflow numbers versions itself.
        tags: that MLflow's version of it gets.
    """

    folder: Path
    version: str
    tags: Mapping[str, str]


def set_aliases(entries: Mapping[str, RegistryEntry]) -> tuple[str, ...]:
    """Register what is not yet, set tags and aliases, and take away an alias that nobody bears now.

    The state is compared, not the change: what a dead server missed is caught up by the next call.

    Returns:
        What could not be done; nothing is raised.
    """
    problems: list[str] = []
    try:
        with _client() as client:
            missing = {e.version: e for e in entries.values() if _find(client, e) is None}
        for entry in missing.values():
            problems += _register(entry)
        with _client() as client:
            for alias in ALIASES:
                _point(client, alias, entries.get(alias))
    except Exception as error:  # a store must never cost a promotion, whatever MLflow raises
        problems.append(f"could not set the aliases in MLflow: {told(error)}")
    return tuple(problems)


@contextmanager
def _client() -> Iterator[MlflowClient]:
    with tracking():
        yield MlflowClient()


def _find(client: MlflowClient, entry: RegistryEntry) -> str | None:
    """MLflow's number of this model, the newest if it was registered more than once."""
    digest = sha256(entry.folder / CONFIG_FILE)
    wanted = f"name = '{REGISTERED_MODEL}' and tags.{CONFIG_SHA256} = '{digest}'"
    found = [int(known.version) for known in client.search_model_versions(wanted)]
    return str(max(found)) if found else None


def _register(entry: RegistryEntry) -> list[str]:
    with Tracker(run_name=f"register-{entry.version}") as tracker:
        tracker.model(entry.folder, [EXAMPLE])
    return tracker.problems


def _point(client: MlflowClient, alias: str, entry: RegistryEntry | None) -> None:
    if entry is None:
        _remove(client, alias)
        return
    number = _find(client, entry)
    if number is None:
        raise ModelError(f"{entry.version} is not registered")
    for name, value in {VERSION: entry.version, **entry.tags}.items():
        client.set_model_version_tag(
            REGISTERED_MODEL, number, name, value[:MAX_MODEL_REGISTRY_TAG_VALUE_LENGTH]
        )
    client.set_registered_model_alias(REGISTERED_MODEL, alias, number)


def _remove(client: MlflowClient, alias: str) -> None:
    try:
        borne = client.get_registered_model(REGISTERED_MODEL).aliases
    except MlflowException:  # never registered
        return
    if alias in borne:
        client.delete_registered_model_alias(REGISTERED_MODEL, alias)
