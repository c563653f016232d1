"""Fine-tune the encoder and its head with the Hugging Face Trainer."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate.utils import extract_model_from_parallel
from datasets import Dataset
from sklearn.metrics import roc_auc_score
from tokenizers import Tokenizer
from transformers import (
    AutoTokenizer,
    EarlyStoppingCallback,
    PreTrainedModel,
    ProgressCallback,
    Trainer,
    TrainerCallback,
    TrainerState,
    TrainingArguments,
    set_seed,
)
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_callback import ExportableState
from transformers.trainer_utils import EvalPrediction

from reviewguard.decision import sigmoid
from reviewguard.encoding import MessageEncoder
from reviewguard.errors import ConfigError
from reviewguard.modeling.attribution import AttributionHead
from reviewguard.modeling.base_model import reading_base_model, resolve_base_model
from reviewguard.modeling.checkpoints import last_checkpoint
from reviewguard.modeling.config import TrainConfig
from reviewguard.modeling.dataset import WindowCollator, training_rows
from reviewguard.modeling.evidence_model import EvidenceModel, fast_training
from reviewguard.schema import LabelledMessage

RANK_LOSS = 0.002
"""Fall of the AUROC that is no loss: half its standard error on 1,500 messages (Hanley & McNeil, 1982, at 0.984)."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainedModel:
    """A fine-tuned model, on the CPU, with what is needed to run it.

    Attributes:
        history: the Trainer's log, one dict per entry.
        seconds: wall time of training, that before an interruption too; steps done twice count once.
        kept: share, 0–1, of the weights that training began with.
        attribution: the head that says what each token does, which only a model folder has.
    """

    model: EvidenceModel
    tokenizer: Tokenizer
    history: tuple[dict[str, float], ...]
    seconds: float
    kept: float = 0.0
    attribution: AttributionHead | None = None


def load_tokenizer(base_model: str) -> Tokenizer:
    """The fast tokenizer of a base model, which neither cuts nor pads: windows do.

    Raises:
        ConfigError: the base model has none, or one without words.
        ModelError: there is no such base model.
    """
    folder = resolve_base_model(base_model)
    with reading_base_model(base_model):
        tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True)
    # Without files of one, transformers makes a tokenizer of nothing but special tokens: no word would be read.
    if not tokenizer.is_fast or len(tokenizer) <= len(tokenizer.all_special_tokens):
        raise ConfigError(
            f"{base_model} has no fast tokenizer with words", expected="tokenizer.json beside the weights"
        )
    own = copy.deepcopy(tokenizer.backend_tokenizer)
    own.no_truncation()
    own.no_padding()
    return own


def fine_tune(
    config: TrainConfig,
    train: Sequence[LabelledMessage],
    validation: Sequence[LabelledMessage],
    types: tuple[str, ...],
    run_dir: Path,
    *,
    callbacks: Sequence[TrainerCallback] = (),
    start_from: EvidenceModel | None = None,
    shares: Sequence[float] = (),
    quiet: bool = False,
) -> TrainedModel:
    """Train on messages; an interrupted run in the same `run_dir` goes on from its last epoch.

    The checkpoints stay, so that a finished training is not lost before it is saved; then call `remove_checkpoints`.

    Args:
        train: training messages, augmented already.
        start_from: a model whose weights to begin with, instead of the base model's.
        shares: of those weights to keep, least first, instead of `config.keep_start`: the first is taken with which
            the validation messages are ranked no worse than with the starting weights alone, else the last; an AUROC
            lower by `RANK_LOSS` is no worse.
        quiet: show no bar and no figures; `callbacks` may.

    Raises:
        ConfigError: the encoder does not fit the tokenizer or the windows, or has one token type only.
    """
    set_seed(config.seed)
    tokenizer = load_tokenizer(config.base_model)
    encoder = MessageEncoder(tokenizer, config.limits)
    if start_from is None:
        model = EvidenceModel.from_base(resolve_base_model(config.base_model), config.head_config(types))
    else:
        model = start_from
        model.configure(config.head_config(types))
    _check_encoder(model.encoder, tokenizer, config.window)
    model.encoder.get_input_embeddings().weight.requires_grad_(not config.freeze_embeddings)
    shares = tuple(shares) or (config.keep_start,)
    start = _weights(model) if start_from is not None and max(shares) else None
    rows, unseen = (training_rows(part, encoder, types) for part in (train, validation))
    trainer = Trainer(
        model=model,
        args=_arguments(config, run_dir, steps=-(-len(rows) // config.batch_size) * config.epochs),
        train_dataset=rows,
        eval_dataset=unseen,
        data_collator=WindowCollator(encoder.pad_id, len(types)),
        optimizers=(_optimizer(model, config), None),
        compute_metrics=_ranking,
        preprocess_logits_for_metrics=lambda outputs, _: outputs[0],
        callbacks=[EarlyStoppingCallback(config.patience), _Stopwatch(), *callbacks],
    )
    if quiet:
        trainer.remove_callback(ProgressCallback)
    checkpoint = last_checkpoint(run_dir)
    if checkpoint and (epochs := _stopped_after(checkpoint, config.patience)):
        trainer.args.num_train_epochs = epochs  # else one that stopped early would go on for an epoch more
    with fast_training(model.encoder):
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    kept = _keep(model, start, shares, partial(_auroc, trainer, unseen)) if start is not None else 0.0
    watch: Any = trainer.pop_callback(_Stopwatch)  # not the one from above: a checkpoint brings its own
    # Mixed precision leaves autocast around `forward`; what is exported and measured must be the plain model.
    extract_model_from_parallel(model, keep_fp32_wrapper=False)
    return TrainedModel(model.cpu().eval(), tokenizer, tuple(trainer.state.log_history), watch.seconds, kept)


def _check_encoder(encoder: PreTrainedModel, tokenizer: Tokenizer, window: int) -> None:
    """Refuse an encoder that would fail on a message."""
    config = encoder.config
    for name, found, least in (
        ("type_vocab_size", getattr(config, "type_vocab_size", 0) or 2, 2),  # 0: it takes none
        ("vocab_size", config.vocab_size, max(tokenizer.get_vocab().values()) + 1),
        ("max_position_embeddings", getattr(config, "max_position_embeddings", window), window),
    ):
        if found < least:
            raise ConfigError(
                f"the encoder's {name} is {found}",
                expected=f"{least} or more: a BERT-like encoder with two token types or none, of its tokenizer's "
                "vocabulary and with a position for each token of a window",
                fix="choose another base_model, or a smaller window if that is too long",
            )


class _Stopwatch(TrainerCallback, ExportableState):
    """Counts the seconds of a training; checkpoints keep them."""

    def __init__(self, before: float = 0.0) -> None:
        self._before, self._started = before, time.monotonic()

    @property
    def seconds(self) -> float:
        return self._before + time.monotonic() - self._started

    def state(self) -> dict[str, Any]:
        """What the Trainer makes the next one from."""
        return {"args": {"before": self.seconds}, "attributes": {}}


def _stopped_after(checkpoint: Path, patience: int) -> float | None:
    """Epochs after which patience came to its end; None where it did not."""
    state = TrainerState.load_from_json(str(checkpoint / TRAINER_STATE_NAME))
    stopping: Any = state.stateful_callbacks.get(EarlyStoppingCallback.__name__, {})
    counted = stopping.get("attributes", {}).get("early_stopping_patience_counter", 0)
    return state.epoch if counted >= patience else None


def _ranking(prediction: EvalPrediction) -> dict[str, float]:
    """AUROC of "any violation" over the validation windows; 0.5 with one class only."""
    violation = np.asarray(prediction.label_ids)[:, :-1].max(axis=1) > 0.5
    probability = 1.0 - np.prod(1.0 - sigmoid(np.asarray(prediction.predictions)[:, :-1]), axis=1)
    return {"auroc": float(roc_auc_score(violation, probability)) if 0 < violation.mean() < 1 else 0.5}


def _arguments(config: TrainConfig, run_dir: Path, steps: int) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(run_dir.absolute()),  # as it is: transformers takes ~ for a home
        num_train_epochs=config.epochs,
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=2 * config.batch_size,
        learning_rate=config.learning_rate,
        warmup_steps=int(config.warmup * steps),
        weight_decay=config.weight_decay,
        lr_scheduler_type="linear",
        train_sampling_strategy="group_by_length",
        length_column_name="length",
        bf16=_use_bf16(config.bf16),
        use_cpu=not torch.cuda.is_available(),
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=2,  # the last one and the best
        load_best_model_at_end=True,
        restore_callback_states_from_checkpoint=True,  # else patience begins anew with a training that goes on
        # Not the loss: it punishes confidence, which calibration mends later, and so stops too early.
        metric_for_best_model="auroc",
        greater_is_better=True,
        logging_steps=max(1, min(20, steps // 10)),
        remove_unused_columns=False,
        label_names=["labels"],
        seed=config.seed,
        report_to="none",
    )


def _use_bf16(choice: str) -> bool:
    """bfloat16 pays where the processor multiplies it in hardware (AVX-512: 1.6 times, AMX: 2.2 times)."""
    if choice == "auto":
        in_hardware = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
        return torch.cuda.is_available() or bool(in_hardware)
    return choice == "on"


def _optimizer(model: EvidenceModel, config: TrainConfig) -> torch.optim.Optimizer:
    """AdamW with a higher rate for the new layers and no decay on biases and norms."""
    groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        decays = parameter.ndim > 1
        groups.setdefault((name.startswith("encoder."), decays), []).append(parameter)
    settings: list[dict[str, Any]] = [
        {
            "params": parameters,
            "lr": config.learning_rate if is_encoder else config.head_learning_rate,
            "weight_decay": config.weight_decay if decays else 0.0,
        }
        for (is_encoder, decays), parameters in groups.items()
    ]
    return torch.optim.AdamW(settings, fused=True)


def _weights(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {k: v.detach().cpu().clone() for k, v in model.state_dict().items()}


def _auroc(trainer: Trainer, rows: Dataset) -> float:
    """Of the weights as they are now."""
    return float((trainer.predict(rows).metrics or {})["test_auroc"])


def _keep(
    model: torch.nn.Module,
    start: Mapping[str, torch.Tensor],
    shares: Sequence[float],
    auroc: Callable[[], float],
) -> float:
    """Move the weights back towards those that training began with; the share that was taken."""
    end = _weights(model)

    def ranked(share: float) -> float:
        interpolate(model, end, start, share)
        return auroc()

    least = ranked(1.0) - RANK_LOSS if len(shares) > 1 else 0.0
    taken = next((share for share in shares[:-1] if ranked(share) >= least), shares[-1])
    interpolate(model, end, start, taken)
    return taken


def interpolate(
    model: torch.nn.Module, end: Mapping[str, torch.Tensor], start: Mapping[str, torch.Tensor], share: float
) -> None:
    """Give the model the weights at its training's end, moved by a share, 0–1, back towards its start's."""
    model.load_state_dict(mixed_weights(end, start, share))


def mixed_weights(
    end: Mapping[str, torch.Tensor], start: Mapping[str, torch.Tensor], share: float
) -> dict[str, torch.Tensor]:
    """Weights moved by a share, 0–1, towards others of the same names and shapes."""
    return {k: v.lerp(start[k], share) if v.is_floating_point() else v for k, v in end.items()}
