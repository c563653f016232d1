"""A message as the encoder reads it, every token with its word, and copies of it with words erased.

A word is a maximal run of non-space characters of the text as given. A token belongs to the word in which its
source begins: the two tokens that ⭐⭐⭐ is read as belong to that one emoji word, and a placeholder's belong to
`{{name}}`. Special tokens and the buyer's segment belong to no word.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reviewguard.encoding import MessageEncoder, Window
from reviewguard.modeling.spans import Marks, Span, marked_words, word_spans
from reviewguard.schema import LabelledMessage

Floats = NDArray[np.float64]
Erasure = Literal["mask", "delete"]
ERASURES: tuple[Erasure, ...] = ("mask", "delete")


@dataclass(frozen=True, slots=True, eq=False)
class WordedMessage:
    """A message that fits into one window.

    Attributes:
        example: the message with its labels and rationales; only `oracle` looks at those.
        window: what the encoder reads.
        words: character offsets of each word in the text as given.
        owner: for each token of the window its word's index, -1 where it has none, shape `(tokens,)`.
    """

    example: LabelledMessage
    window: Window
    words: tuple[Span, ...]
    owner: NDArray[np.intp]

    def per_word(self, token_scores: Floats) -> Floats:
        """Token scores, shape `(tokens,)`, summed to words, shape `(words,)`; 0 for a word without a token."""
        own = self.owner >= 0
        sums = np.bincount(self.owner[own], weights=token_scores[own], minlength=len(self.words))
        return np.asarray(sums, dtype=np.float64)

    def best_per_word(self, token_scores: Floats) -> Floats:
        """The highest of each word's token scores, none below 0, shape `(words,)`."""
        best = np.zeros(len(self.words))
        own = self.owner >= 0
        np.maximum.at(best, self.owner[own], token_scores[own])
        return best

    def rationale(self, types: Collection[str]) -> Marks:
        """Words that the labels mark for any of these types or for no stated one, shape `(words,)`."""
        parts = [(r.start, r.end) for r in self.example.rationale if not r.type or r.type in types]
        return marked_words(self.example.text, parts)

    def erased(self, words: Marks, erasure: Erasure, mask_id: int) -> Window:
        """The window without these words: their tokens replaced by [MASK], or taken out."""
        gone = (self.owner >= 0) & words[self.owner]
        ids = np.array(self.window.ids)
        if erasure == "mask":
            masked = np.where(gone, mask_id, ids)
            return Window(tuple(masked.tolist()), self.window.type_ids, self.window.seller, ())
        kept, (first, end) = ~gone, self.window.seller
        kinds = np.array(self.window.type_ids)[kept]
        return Window(tuple(ids[kept].tolist()), tuple(kinds.tolist()), (first, end - int(gone.sum())), ())


def read_words(examples: Sequence[LabelledMessage], encoder: MessageEncoder) -> list[WordedMessage]:
    """The messages that fit into one window, in order; longer ones and those with no word to read are left out."""
    encoded = encoder.encode_batch([example.message for example in examples])
    return [
        _worded(example, message.windows[0])
        for example, message in zip(examples, encoded, strict=True)
        if len(message.windows) == 1 and not message.truncated
    ]


def _worded(example: LabelledMessage, window: Window) -> WordedMessage:
    words = word_spans(example.text)
    starts = np.array([start for start, _ in words])
    tokens = np.array([start for start, _ in window.offsets])
    owner = np.full(len(window.ids), -1, dtype=np.intp)
    owner[slice(*window.seller)] = np.clip(np.searchsorted(starts, tokens, side="right") - 1, 0, None)
    return WordedMessage(example, window, tuple(words), owner)
