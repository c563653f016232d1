"""`retrain.toml`: how a challenger is trained, and the gate it must pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reviewguard.errors import ConfigError
from reviewguard.modeling.config import read_toml, require, require_fit, typed
from reviewguard.retraining.gate import GateConfig

DEFAULT = Path("retrain.toml")

STEPS = (0.5, 0.65)
"""Shares of the champion's weights that are tried after the least one."""


@dataclass(frozen=True, slots=True)
class RetrainConfig:
    """Everything that decides how a challenger is trained.

    Attributes:
        full: configuration of a training from the base model, for when the champion's weights are not at hand; what
            the keys below do not name is taken from it in any case. A path from the TOML file on; without one the
            built-in defaults.
        epochs: passes over the mix, from the champion's weights.
        batch_size: windows per step.
        learning_rate: peak, for the encoder; `head_learning_rate` for the head.
        warmup: share of the steps, 0–1.
        keep_start: least share, 0–1, of the champion's weights in the challenger's: see `TrainConfig.keep_start`.
            More is kept, in steps, while the challenger ranks validation messages worse than the champion, by
            more than `RANK_LOSS` of `modeling/trainer.py`.
        replay: messages that the champion learnt, learnt once more so that they are not forgotten: half of them as
            written, half as augmented copies, so that what augmentation adds is no sign of a new label. Labels of
            earlier rounds come on top.
        copies: augmented copies of each new label beside the label itself, at most; half as many of one without types.
        copies_in_all: about so many for all new labels together, so that many of them do not make a round long; but at
            least four each, half as many of one without types.
        held_out: share of the new labels, 0–1, that are kept for measuring in this round.
        held_out_from: new labels from which on some are kept; of fewer, each is learnt.
    """

    full: str = ""
    epochs: int = 1
    batch_size: int = 16
    learning_rate: float = 1e-4
    head_learning_rate: float = 1e-3
    warmup: float = 0.1
    keep_start: float = 0.35
    replay: int = 3000
    copies: int = 48
    copies_in_all: int = 800
    held_out: float = 0.2
    held_out_from: int = 10
    seed: int = 13

    def __post_init__(self) -> None:
        require_fit(self)
        require(0 <= self.held_out <= 0.5, "held_out", self.held_out, "0 to 0.5")
        require(self.held_out_from >= 2, "held_out_from", self.held_out_from, "at least 2")
        for name in ("replay", "copies", "copies_in_all"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "0 or more")

    @property
    def shares(self) -> tuple[float, ...]:
        """Shares of the champion's weights that are tried, least first."""
        return (self.keep_start, *(share for share in STEPS if share > self.keep_start))


@dataclass(frozen=True, slots=True)
class Settings:
    """The two tables of `retrain.toml`.

    Attributes:
        folder: that `train.full` is relative to.
    """

    train: RetrainConfig = field(default_factory=RetrainConfig)
    gate: GateConfig = field(default_factory=GateConfig)
    folder: Path = Path()

    @property
    def full(self) -> Path | None:
        """The configuration of a training from the base model; None for the built-in defaults."""
        return self.folder / self.train.full if self.train.full else None


def load_settings(path: Path | None = None) -> Settings:
    """Read a file; without one `retrain.toml`, and the defaults where there is none.

    Raises:
        ConfigError: the file cannot be read, a table or key is unknown, or a value has the wrong type or range.
    """
    if path is None:
        return load_settings(DEFAULT) if DEFAULT.is_file() else Settings()
    tables = read_toml(path)
    train, gate = (_table(tables, name) for name in ("train", "gate"))
    if tables:
        raise ConfigError(f"unknown in {path}: {sorted(tables)}", expected="the tables train and gate")
    return Settings(typed(RetrainConfig, train), typed(GateConfig, gate), path.parent)


def _table(tables: dict[str, Any], name: str) -> Mapping[str, Any]:
    table = tables.pop(name, {})
    if not isinstance(table, Mapping):
        raise ConfigError(f"{name} is {table!r}", expected=f"a table [{name}]")
    return table
