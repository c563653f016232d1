"""`config.json` of a model folder: everything about a model that is not weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from reviewguard.encoding import Limits
from reviewguard.errors import ModelError
from reviewguard.files import write_json
from reviewguard.text import NORMALIZER_VERSION

FORMAT = 1
TYPE_COUNTS = "type_counts"
"""Fact of a training: type → training messages that carry it."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt scaling: probability = sigmoid(scale · logit + bias). Platt, "Probabilistic outputs", 1999."""

    scale: float = 1.0
    bias: float = 0.0


@dataclass(frozen=True, slots=True)
class ProfileSettings:
    """Where one profile decides, on calibrated probabilities (0–1).

    Attributes:
        calibration: applied to the logit of the profile's noisy-or.
        lower: below it a message is compliant.
        upper: from it on a message is review-soliciting; between the two a person decides.
        threshold: the single cut behind precision, recall and F1.
        missed_at_most: share of violations, 0–1, that lie below `lower` with 95% confidence at most, on messages
            like those it was fitted on.
    """

    calibration: Calibration = field(default_factory=Calibration)
    lower: float = 0.5
    upper: float = 0.5
    threshold: float = 0.5
    missed_at_most: float = 1.0


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """A stored message whose logits this processor must reproduce to within `tolerance`."""

    text: str
    previous: str | None
    logits: tuple[float, ...]
    tolerance: float


@dataclass(frozen=True, slots=True)
class Settings:
    """A model's types, calibration, thresholds, limits and identity; `Classifier.with_settings` takes changed ones.

    Attributes:
        types: names of the outputs, in order.
        calibrations, type_thresholds: per type.
        profiles: per profile of the policy.
        token_threshold: token probability, 0–1, from which a word is marked.
        files: SHA-256 of each file of the folder.
        training: run id, data digest, versions, date … as written by the training run.
    """

    name: str
    version: str
    types: tuple[str, ...]
    calibrations: Mapping[str, Calibration]
    type_thresholds: Mapping[str, float]
    profiles: Mapping[str, ProfileSettings]
    limits: Limits = field(default_factory=Limits)
    token_threshold: float = 0.5
    normalizer: str = NORMALIZER_VERSION
    format: int = FORMAT
    files: Mapping[str, str] = field(default_factory=dict)
    self_check: SelfCheck | None = None
    training: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def uncalibrated(
        cls, name: str, version: str, types: tuple[str, ...], profiles: tuple[str, ...]
    ) -> Settings:
        """Logits taken at face value, one threshold of 0.5: the state before calibration."""
        return cls(
            name,
            version,
            types,
            {t: Calibration() for t in types},
            dict.fromkeys(types, 0.5),
            {p: ProfileSettings() for p in profiles},
        )

    def save(self, path: Path) -> None:
        """Write as JSON."""
        write_json(path, asdict(self))

    @classmethod
    def read(cls, path: Path) -> Settings:
        """Read `config.json`.

        Raises:
            ModelError: missing, malformed, or written by another version.
        """
        try:
            values = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(
                f"cannot read {path}: {error}", expected="the config.json of a model folder", fix=_REBUILD
            ) from error
        try:
            # First: the keys of another version are other ones.
            _check_version(path, "format", values.get("format", FORMAT), FORMAT)
            _check_version(
                path, "normalizer", values.get("normalizer", NORMALIZER_VERSION), NORMALIZER_VERSION
            )
            return cls._parse(values)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(f"{path} is malformed: {error!r}", fix=_REBUILD) from error

    @classmethod
    def _parse(cls, values: dict[str, Any]) -> Settings:
        values["types"] = tuple(values["types"])
        values["calibrations"] = {t: _calibration(values["calibrations"][t]) for t in values["types"]}
        values["type_thresholds"] = {t: float(values["type_thresholds"][t]) for t in values["types"]}
        values["profiles"] = {name: _profile(name, item) for name, item in values["profiles"].items()}
        values["limits"] = _limits(values["limits"])
        values["token_threshold"] = float(values["token_threshold"])
        values["files"] = dict(values["files"])
        if check := values.get("self_check"):
            numbers = {"logits": tuple(map(float, check["logits"])), "tolerance": float(check["tolerance"])}
            values["self_check"] = SelfCheck(**(check | numbers))
        return cls(**values)


def _calibration(item: dict[str, Any]) -> Calibration:
    return Calibration(**{name: float(value) for name, value in item.items()})


def _profile(name: str, item: dict[str, Any]) -> ProfileSettings:
    numbers = {key: float(value) for key, value in item.items() if key != "calibration"}
    found = ProfileSettings(_calibration(item["calibration"]), **numbers)
    if not (0 <= found.lower <= found.upper and found.threshold >= 0):
        raise ValueError(f"thresholds of the profile {name}: {numbers}")
    return found


def _limits(item: dict[str, Any]) -> Limits:
    found = Limits(**item)
    if not 0 <= found.stride < found.window - found.previous - 3:  # what a window has for the seller
        raise ValueError(f"limits: {item}")
    return found


_REBUILD = "use the shipped model, or export the folder again with `reviewguard export`"


def _check_version(path: Path, what: str, found: object, expected: object) -> None:
    if found != expected:
        raise ModelError(f"{path}: {what} {found}", expected=f"{what} {expected}", fix=_REBUILD)
