"""Trains a challenger: the new labels, made many, among a replay of what the champion knows.

From the champion's weights one short pass at a low rate is enough; where those of its training are not at hand, its
model folder's are unpacked. Rehearsal keeps it from forgetting what the new
labels do not show (Robins, "Catastrophic forgetting, rehearsal and pseudorehearsal", 1995): messages of the whole
training split, in the shares of its types. Without the weights the base model is trained on everything.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from transformers import TrainerCallback

from reviewguard.curation.augment import Pool, augment
from reviewguard.errors import ConfigError, ModelError
from reviewguard.inference.classifier import Classifier
from reviewguard.modeling.config import TrainConfig, load_config
from reviewguard.modeling.evidence_model import EvidenceModel
from reviewguard.modeling.runs import RUN
from reviewguard.modeling.trainer import TrainedModel, fine_tune
from reviewguard.policy import load_policy
from reviewguard.retraining.config import RetrainConfig, Settings
from reviewguard.retraining.labels import RoundOfLabels
from reviewguard.schema import LabelledMessage
from reviewguard.unpacking import unpack_model

LEAST_COPIES = 4
"""Copies of a new label among many, whatever `copies_in_all` says; half as many of one without types."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where training begins.

    Attributes:
        weights: the champion's; None for the base model.
        reason: why the base model, empty otherwise.
        config: of the training.
        unpacked: the weights come from the model folder, not from the training.
        shares: of the weights that may be kept, least first.
    """

    weights: Path | None
    reason: str
    config: TrainConfig
    unpacked: bool = False
    shares: tuple[float, ...] = ()

    def words(self, champion: str, kept: float = 0.0) -> str:
        """Where, for a person.

        Args:
            kept: share of the weights, 0–1, that the challenger has kept; 0 where that is not known yet.
        """
        if self.weights is None:
            return f"from the base model, since {self.reason}"
        unpacked = ", unpacked from its model folder" if self.unpacked else ""
        return f"from the weights of {champion}{unpacked}" + (f", {kept:.0%} of them kept" if kept else "")


@dataclass(frozen=True, slots=True)
class Mix:
    """What a challenger is trained on."""

    messages: tuple[LabelledMessage, ...]
    replayed: int
    labels: int
    copies: int

    @property
    def counts(self) -> dict[str, int]:
        """Messages by what they are, for people."""
        return {"messages replayed": self.replayed, "new labels": self.labels, "copies of them": self.copies}


def choose_start(
    champion: Classifier, weights: Path | None, settings: Settings, *, folder: Path, unpack_to: Path
) -> Start:
    """From the champion's weights where they fit, else from the base model.

    Args:
        weights: of its training; None where they are not at hand.
        folder: the champion's model folder, whose weights are used then.
        unpack_to: folder for them.

    Raises:
        ConfigError: the configuration of the training from the base model cannot be read, or the weights are not the
            champion's.
    """
    full = load_config(settings.full)
    reason = ""
    unpacked = weights is None
    if weights is None:
        try:
            unpack_model(folder).save_pretrained(unpack_to)
            weights = unpack_to
        except ModelError as error:
            reason = str(error)
    else:
        check_owner(champion.settings.version, weights)
    if weights is None or (reason := _unfit(champion, weights)):
        return Start(None, reason, full)
    limits, own = champion.settings.limits, settings.train
    config = replace(
        full,
        base_model=champion.settings.training.get("base_model", full.base_model),
        window=limits.window,
        stride=limits.stride,
        previous=limits.previous,
        spelling=limits.spelling,
        epochs=own.epochs,
        batch_size=own.batch_size,
        learning_rate=own.learning_rate,
        head_learning_rate=own.head_learning_rate,
        warmup=own.warmup,
        augment=0,
        seed=own.seed,
    )
    return Start(weights, "", config, unpacked, own.shares)


def check_owner(version: str, weights: Path) -> None:
    """Refuse a folder without weights, and weights that are known not to be those of the model of this version.

    Raises:
        ConfigError: it is one.
    """
    if not (weights / "model.safetensors").is_file():
        raise ConfigError(
            f"no weights in {weights}", expected="a folder with model.safetensors and head.json"
        )
    for run in (weights / RUN, weights.parent / RUN):
        if run.is_file():
            try:
                found = json.loads(run.read_text("utf-8"))["facts"]["version"]
            except (ValueError, KeyError, TypeError) as error:
                raise ConfigError(
                    f"{run} does not say whose weights these are: {error!r}",
                    expected="what `reviewguard train` wrote beside them",
                    fix="name the folder of the champion's own training, or leave --weights out",
                ) from error
            if found != version:
                raise ConfigError(f"{weights} holds the weights of {found}", expected=f"those of {version}")
            return


def _unfit(champion: Classifier, weights: Path) -> str:
    types = EvidenceModel.from_pretrained(weights).head_config.types
    known = tuple(load_policy().types)
    return "" if types == known else f"the policy has other types than {champion.settings.version}"


def training_mix(labels: RoundOfLabels, config: RetrainConfig, *, everything: bool, augmented: int) -> Mix:
    """Messages, labels and augmented copies of them.

    Args:
        everything: all messages instead of a sample of them, each with `augmented` copies.
    """
    pool = Pool.of(labels.known)
    if everything:
        replayed = [*labels.known, *augment(labels.known, config.seed, augmented, pool=pool)]
    else:
        replayed = _replay(labels.known, config, pool)
    copies = _copies(labels.new, config, pool)
    messages = (*replayed, *labels.earlier, *labels.new, *copies)
    return Mix(messages, len(replayed) + len(labels.earlier), len(labels.new), len(copies))


def _replay(known: Sequence[LabelledMessage], config: RetrainConfig, pool: Pool) -> list[LabelledMessage]:
    """Half as written, half as copies of other messages; more copies where there are too few messages."""
    half = config.replay // 2
    written = sample(known, half, config.seed)
    copies = max(0, config.replay - len(written))
    each = -(-copies // max(1, len(known)))
    copied = augment(sample(known, copies, config.seed + 1), config.seed, each, pool=pool)
    return [*written, *Random(config.seed).sample(copied, min(copies, len(copied)))]


def _copies(new: Sequence[LabelledMessage], config: RetrainConfig, pool: Pool) -> list[LabelledMessage]:
    each = min(config.copies, max(LEAST_COPIES, config.copies_in_all // max(1, len(new))))
    violating = [m for m in new if m.types]
    clean = [m for m in new if not m.types]
    return [
        *augment(violating, config.seed, each, pool=pool),
        *augment(clean, config.seed, -(-each // 2), pool=pool),
    ]


def sample(messages: Sequence[LabelledMessage], size: int, seed: int) -> list[LabelledMessage]:
    """Messages in the shares of their types; one with several counts for the rarest."""
    if size >= len(messages):
        return list(messages)
    if not size:
        return []
    frequency = Counter(name for m in messages for name in m.types)
    strata: defaultdict[str, list[LabelledMessage]] = defaultdict(list)
    for message in messages:
        strata[min(message.types, key=lambda name: frequency[name], default="")].append(message)
    rng = Random(seed)
    chosen = [m for name in sorted(strata) for m in _share(strata[name], size / len(messages), rng)]
    return sorted(chosen, key=lambda message: message.id)


def _share(messages: list[LabelledMessage], share: float, rng: Random) -> list[LabelledMessage]:
    return rng.sample(messages, min(len(messages), max(1, round(share * len(messages)))))


def train_challenger(
    start: Start,
    mix: Mix,
    validation: Sequence[LabelledMessage],
    checkpoints: Path,
    callbacks: Sequence[TrainerCallback],
) -> TrainedModel:
    """Train; a training that was cut off goes on from its last whole epoch in `checkpoints`, or begins anew."""
    model = EvidenceModel.from_pretrained(start.weights) if start.weights else None
    types = tuple(load_policy().types)
    return fine_tune(
        start.config,
        mix.messages,
        validation,
        types,
        checkpoints,
        callbacks=callbacks,
        start_from=model,
        shares=start.shares,
        quiet=True,
    )
