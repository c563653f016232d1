"""Words that stand near each other in an encoder, to put one in the place of another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import NamedTuple

from torch.nn import functional as F
from transformers import AutoModel, AutoTokenizer

_WORD = re.compile(r"[A-Za-z]{2,}")
_MOST = 8
_NEAR = 0.3
"""Least cosine of the vectors of two words that are taken for neighbours."""
_AT_ONCE = 2000


class Neighbours(NamedTuple):
    """For each word of a vocabulary the words nearest to it, at most `_MOST`, the nearest first, and their cosines."""

    words: Mapping[str, tuple[list[str], list[float]]]

    @classmethod
    def of(cls, base: Path) -> Neighbours:
        """Of the word vectors of a pretrained encoder: whole words of ASCII letters that have neighbours."""
        vocabulary = AutoTokenizer.from_pretrained(base).get_vocab()
        names = sorted(w for w in vocabulary if _WORD.fullmatch(w))
        vectors = AutoModel.from_pretrained(base).get_input_embeddings().weight.detach()
        vectors = F.normalize(vectors[[vocabulary[w] for w in names]], dim=1)
        found = {}
        for at in range(0, len(names), _AT_ONCE):
            nearest = (vectors[at : at + _AT_ONCE] @ vectors.T).topk(_MOST + 1)
            rows = zip(nearest.values[:, 1:].tolist(), nearest.indices[:, 1:].tolist(), strict=True)
            for name, (cosines, others) in zip(names[at : at + _AT_ONCE], rows, strict=True):
                if near := [c for c in cosines if c >= _NEAR]:
                    found[name] = ([names[o] for o in others[: len(near)]], near)
        return cls(found)

    def swap(self, text: str, share: float, rng: Random) -> str:
        """A text with about this share (0-1) of its words replaced by neighbours; nearer ones come more often."""

        def other(match: re.Match[str]) -> str:
            word = match[0]
            near = self.words.get(word.lower())
            if not near or rng.random() >= share:
                return word
            (new,) = rng.choices(*near)
            return new.capitalize() if word[0].isupper() else new

        return _WORD.sub(other, text)
