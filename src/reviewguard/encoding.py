"""From a message to the encoder's windows of token ids, and back to characters.

A window is `[CLS] seller [SEP]`, or `[CLS] buyer [SEP] seller [SEP]` when the buyer wrote before; the buyer's
segment has token type 1. A long seller text is read through overlapping windows. Training and inference both
use this module, so they see the same ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reviewguard.errors import ModelError
from reviewguard.schema import Message
from reviewguard.spelling import correct_spelling
from reviewguard.text import LINE_BREAK, NormalizedText, normalize

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MAX_CHARACTERS = 100_000
"""Characters of a message that are read, as given and after normalisation, where one may stand for eighteen; what lies
beyond is reported, never ignored in silence."""
MAX_PREVIOUS_CHARACTERS = 4_000
ATTRIBUTION = "attribution"
"""Name of the output that not every model has."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How messages become windows, kept in the model folder; sizes are in tokens.

    Attributes:
        window: longest window, special tokens included.
        stride: seller tokens that neighbouring windows share at most.
        previous: buyer tokens kept (from the start of the message).
        spelling: whether misspelt words are read as the words that were meant.
    """

    window: int = 256
    stride: int = 64
    previous: int = 64
    spelling: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """One row for the encoder.

    Attributes:
        ids: token ids, special tokens included.
        type_ids: 1 on the buyer's segment, else 0.
        seller: index of the first seller token and one past the last, within `ids`.
        offsets: for each seller token, character offsets into the text as given.
    """

    ids: tuple[int, ...]
    type_ids: tuple[int, ...]
    seller: tuple[int, int]
    offsets: tuple[tuple[int, int], ...]

    @property
    def is_empty(self) -> bool:
        """Whether no token of the seller is left, so that there is nothing to judge."""
        return self.seller[0] == self.seller[1]


@dataclass(frozen=True, slots=True)
class EncodedMessage:
    """All windows of a message.

    Attributes:
        text: the seller's text after normalisation, in the spelling as given, with its line breaks but without its
            addresses: what tells its language.
        buyer: the same of the buyer's; empty where there is none.
        windows: at least one, except when the text holds no token.
        truncated: whether the text, as given or after normalisation, was longer than `MAX_CHARACTERS`.
        buyer_cut: whether the buyer's message was longer than what is read of it.
    """

    text: str
    buyer: str
    windows: tuple[Window, ...]
    truncated: bool
    buyer_cut: bool


class MessageEncoder:
    """Turns messages into windows. Stateless after construction, safe to share between threads."""

    def __init__(self, tokenizer: Tokenizer, limits: Limits) -> None:
        self._tokenizer = tokenizer
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.limits = limits
        self._ends = {self._tokenizer.token_to_id(mark) for mark in ".!?"}
        self.cls_id = self._special("[CLS]")
        self.sep_id = self._special("[SEP]")
        self.pad_id = self._special("[PAD]")

    @classmethod
    def from_file(cls, path: Path, limits: Limits) -> MessageEncoder:
        """Read a `tokenizer.json`.

        Raises:
            ModelError: the file cannot be read as a tokenizer.
        """
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # tokenizers raises bare Exception
            raise ModelError(f"cannot read {path}: {error}", expected="a tokenizers JSON file") from error
        return cls(tokenizer, limits)

    @property
    def has_mask(self) -> bool:
        """Whether the tokenizer has a [MASK]."""
        return self._tokenizer.token_to_id("[MASK]") is not None

    @property
    def mask_id(self) -> int:
        """What stands for a word that was taken out.

        Raises:
            ModelError: the tokenizer has no [MASK].
        """
        return self._special("[MASK]")

    def _special(self, token: str) -> int:
        found = self._tokenizer.token_to_id(token)
        if found is None:
            raise ModelError(f"the tokenizer has no {token} token", expected="a BERT-style tokenizer")
        return int(found)

    def encode(self, message: Message) -> EncodedMessage:
        """Windows of one message."""
        return self.encode_batch([message])[0]

    def encode_batch(self, messages: Sequence[Message]) -> list[EncodedMessage]:
        """Windows of each message, in order."""
        ends = [MAX_CHARACTERS + len(m.text) - len(m.text.lstrip()) for m in messages]
        whole = [normalize(m.text[:end]) for m, end in zip(messages, ends, strict=True)]
        texts = [text.first(MAX_CHARACTERS) for text in whole]
        buyers = [normalize((m.previous or "")[:MAX_PREVIOUS_CHARACTERS]) for m in messages]
        read = [self._read(text) for text in texts]
        sellers = self._tokenizer.encode_batch([t.text for t in read], add_special_tokens=False)
        previous = self._tokenizer.encode_batch(
            [self._read(t).text for t in buyers], add_special_tokens=False
        )
        return [
            EncodedMessage(
                text.prose(message.text[:end]),
                words.prose((message.previous or "")[:MAX_PREVIOUS_CHARACTERS]),
                self._windows(
                    seller.ids,
                    [as_read.to_original(*place) for place in seller.offsets],
                    buyer.ids,
                    message.text,
                ),
                len(message.text.rstrip()) > end or len(given.text.rstrip()) > MAX_CHARACTERS,
                len(buyer.ids) > self.limits.previous
                or len((message.previous or "").rstrip()) > MAX_PREVIOUS_CHARACTERS,
            )
            for message, end, given, text, words, as_read, seller, buyer in zip(
                messages, ends, whole, texts, buyers, read, sellers, previous, strict=True
            )
        ]

    def _read(self, text: NormalizedText) -> NormalizedText:
        return correct_spelling(text, self._is_token) if self.limits.spelling else text

    def read_of(self, previous: str) -> str:
        """The beginning of a buyer's message that is read."""
        text = self._read(normalize(previous[:MAX_PREVIOUS_CHARACTERS]))
        tokens = self._tokenizer.encode(text.text, add_special_tokens=False)
        if len(tokens.ids) <= self.limits.previous:
            return previous[:MAX_PREVIOUS_CHARACTERS]
        first_unread = tokens.offsets[self.limits.previous]
        return previous[: text.to_original(*first_unread)[0]]

    def _is_token(self, word: str) -> bool:
        return self._tokenizer.token_to_id(word) is not None

    def word_counts(self, text: str) -> tuple[int, int]:
        """Words of a text, and how many of them the vocabulary lacks: cut into pieces, or not read at all ([UNK]).

        Words are the tokenizer's, after normalisation; punctuation is none.
        """
        plain = normalize(text[:MAX_CHARACTERS]).text
        encoded = self._tokenizer.encode(plain, add_special_tokens=False)
        unknown = self._tokenizer.token_to_id("[UNK]")
        pieces: Counter[int | None] = Counter()
        for word, token, (start, _) in zip(encoded.word_ids, encoded.ids, encoded.offsets, strict=True):
            if word in pieces or plain[start].isalnum():
                pieces[word] += 2 if token == unknown else 1
        return len(pieces), sum(count > 1 for count in pieces.values())

    def _windows(
        self, ids: list[int], offsets: list[tuple[int, int]], buyer: list[int], text: str
    ) -> tuple[Window, ...]:
        prefix = [self.cls_id]
        if buyer:
            prefix += [*buyer[: self.limits.previous], self.sep_id]
        types = [0] + [1] * (len(prefix) - 1)
        room = self.limits.window - len(prefix) - 1

        def sentence(at: int) -> bool:
            return ids[at - 1] in self._ends and ids[at] not in self._ends

        def line(at: int) -> bool:
            return LINE_BREAK.search(text, offsets[at - 1][1], offsets[at][0]) is not None

        return tuple(
            Window(
                ids=(*prefix, *ids[start:end], self.sep_id),
                type_ids=(*types, *([0] * (end - start + 1))),
                seller=(len(prefix), len(prefix) + end - start),
                offsets=tuple(offsets[start:end]),
            )
            for start, end in _window_bounds(len(ids), room, self.limits.stride, (sentence, line))
        )


def _window_bounds(
    tokens: int, room: int, stride: int, begins: Sequence[Callable[[int], bool]]
) -> Iterator[tuple[int, int]]:
    """First token of each window and one past its last.

    Windows end and begin between sentences where they can: half of "we never ask you to remove a review" asks.

    Args:
        room: tokens that a window has for the seller, more than `stride`.
        stride: tokens that neighbouring windows share, or fewer, from the beginning of a sentence.
        begins: whether a token, not the first, begins a sentence; where none does, a line.
    """

    def best(places: range, otherwise: int) -> int:
        return next((at for is_one in begins for at in places if is_one(at)), otherwise)

    start = 0
    while (full := start + room) < tokens:
        end = best(range(full, max(full - stride, start + stride), -1), full)
        yield start, end
        start = best(range(end - stride, end), end - stride)
    if tokens:
        yield start, tokens


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Padded windows, ready for the encoder; every array has shape `(windows, tokens)`.

    Attributes:
        seller_mask: 1 on the seller's tokens, which alone can carry evidence.
    """

    input_ids: NDArray[np.int64]
    attention_mask: NDArray[np.int64]
    token_type_ids: NDArray[np.int64]
    seller_mask: NDArray[np.int64]

    def as_inputs(self) -> dict[str, NDArray[np.int64]]:
        """The model's inputs by name."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, eq=False)
class Forward:
    """One forward pass over a batch.

    Attributes:
        logits: per window and type, shape `(windows, types)`.
        evidence, attention: per token and type, shape `(windows, tokens, types)`.
        attribution: each token's effect: what it adds to the log-odds of any violation, on average over copies with
            other words masked, shape `(windows, tokens)`; None where the model does not say.
    """

    logits: NDArray[np.float32]
    evidence: NDArray[np.float32]
    attention: NDArray[np.float32]
    attribution: NDArray[np.float32] | None = None


def collate(windows: Sequence[Window], pad_id: int) -> Batch:
    """Pad windows to the longest of them."""
    shape = (len(windows), max(len(w.ids) for w in windows))
    ids = np.full(shape, pad_id, dtype=np.int64)
    mask, types, seller = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    for row, window in enumerate(windows):
        length = len(window.ids)
        ids[row, :length] = window.ids
        mask[row, :length] = 1
        types[row, :length] = window.type_ids
        seller[row, slice(*window.seller)] = 1
    return Batch(ids, mask, types, seller)
