"""A base model small enough for tests: two layers, a vocabulary learnt from a few messages, random weights."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.trainers import WordPieceTrainer
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from reviewguard.modeling.config import TrainConfig, load_config

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def write_tiny_base(folder: Path, texts: Iterable[str], *, seed: int = 0) -> Path:
    """Write a base model folder that `AutoModel` and `AutoTokenizer` open."""
    tokenizer = Tokenizer(WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.train_from_iterator(texts, WordPieceTrainer(vocab_size=800, special_tokens=SPECIAL))
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=256,
    )
    BertModel(config).save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    ).save_pretrained(folder)
    return folder


def tiny_config(base: Path, **values: object) -> TrainConfig:
    """One epoch on a tiny base model, in seconds."""
    sets = {
        "base_model": base,
        "hidden": 16,
        "window": 128,
        "previous": 32,
        "stride": 16,
        "epochs": 1,
        "bf16": "off",  # or another processor would train another model
    } | values
    return load_config(None, [f"{key}={value}" for key, value in sets.items()])


def write_tiny_toml(path: Path, base: Path) -> None:
    """The configuration of `tiny_config` as a file."""
    values = asdict(tiny_config(base, augment=0))
    path.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items()), "utf-8")
