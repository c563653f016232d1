"""More training messages out of the written ones, made anew at every training and never stored.

Each change keeps the labels true and the rationale on its words. Validation and test stay as
written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from reviewguard.curation.edits import Edit, apply_edits
from reviewguard.curation.noise import (
    Noise,
    add_emoji,
    add_hidden,
    add_homoglyphs,
    add_html,
    add_typos,
    change_case,
    damage_space,
    obfuscate,
)
from reviewguard.curation.placeholders import fill_placeholders, insert_placeholders
from reviewguard.curation.rules import remainder
from reviewguard.curation.vocabulary import ASK_ISH, DEAL, LEFT_ASK, LOADED, SATISFIED, TRIGGER
from reviewguard.policy import NEUTRAL_REQUEST
from reviewguard.schema import LabelledMessage
from reviewguard.spelling import correct_spelling
from reviewguard.text import normalize

_ERASE_SHARE = 0.2
_LETTER_SHARE = 0.08
_LETTER_SENTENCES = (6, 24)
_ATTEMPTS = 4
_FEWEST_WORDS = 4
_SENTENCE = re.compile(r"(?<!\S)[A-Z][^.!?\n]*[.!?](?=\s|$)")


@dataclass(frozen=True, slots=True)
class Pool:
    """What is borrowed from compliant messages.

    Attributes:
        sentences: plain statements with nothing about reviews, benefits, conditions or happiness.
        questions: buyers' questions that express no satisfaction and name no review.
    """

    sentences: tuple[str, ...]
    questions: tuple[str, ...]

    @classmethod
    def of(cls, messages: Iterable[LabelledMessage]) -> Pool:
        """Collect from the messages that have no type at all."""
        clean = [message for message in messages if not message.types]
        sentences = {s for message in clean for s in _plain_sentences(message.text)}
        questions = {m.previous for m in clean if m.previous and _is_neutral_question(m.previous)}
        return cls(tuple(sorted(sentences)), tuple(sorted(questions)))


def augment(
    messages: Sequence[LabelledMessage], seed: int, per_message: int, *, pool: Pool | None = None
) -> list[LabelledMessage]:
    """Up to `per_message` changed copies of each message, ids `<id>~a1`, `<id>~a2` …

    A copy depends on its message, the seed and the pool of all messages, not on the order. Where
    nothing could be changed there is no copy.

    Args:
        messages: the training split only.
        pool: where these are few, what is borrowed from others; by default from themselves.
    """
    pool = pool or Pool.of(messages)
    copies = (
        _copy(message, number, pool, seed) for message in messages for number in range(1, per_message + 1)
    )
    return [copy for copy in copies if copy is not None]


def erase(message: LabelledMessage) -> LabelledMessage | None:
    """A violation without its rationale, which makes it compliant, with no type left.

    None where that is not certain or not a message any more: nothing is marked; a neutral ask is in
    it or may be in the rest; fewer than four words remain; or the rest may lean on the buyer's
    words, which made it `selective` or speak of a review or a benefit ("OK, we do like this").
    """
    if not message.rationale or NEUTRAL_REQUEST in message.types or _by_context(message):
        return None
    rest = re.sub(r"[ \t]{2,}", " ", remainder(message)).strip()
    if len(re.findall(r"\w+", rest)) < _FEWEST_WORDS or _says(rest, LEFT_ASK):
        return None
    return replace(message, text=rest, types=(), rationale=())


def _by_context(message: LabelledMessage) -> bool:
    if message.previous is None:
        return False
    return "selective" in message.types or _says(message.previous, ASK_ISH, DEAL, TRIGGER)


def insert_sentences(message: LabelledMessage, rng: Random, pool: Pool) -> LabelledMessage:
    """Put one to four plain sentences of other messages before, after or between paragraphs."""
    if not pool.sentences:
        return message
    text = message.text
    breaks = [match.end() for match in re.finditer(r"\n+", text) if match.end() < len(text)]
    places = [at for at in (0, len(text), *breaks) if not _inside_rationale(message, at)]
    count = min(rng.randint(1, 4), len(pool.sentences))
    sentences = " ".join(rng.sample(pool.sentences, count))
    place = rng.choice(places)
    new = f" {sentences}" if place == len(text) else f"{sentences} "
    return apply_edits(message, [Edit(place, place, new)])


def make_letter(message: LabelledMessage, rng: Random, pool: Pool) -> LabelledMessage:
    """Bury the message among paragraphs of other messages' plain sentences: one line decides in a long letter."""
    count = min(rng.randint(*_LETTER_SENTENCES), len(pool.sentences))
    sentences = rng.sample(pool.sentences, count)
    paragraphs = [" ".join(sentences[at : at + 3]) for at in range(0, count, 3)]
    above = rng.randint(0, len(paragraphs))
    before = "".join(f"{p}\n\n" for p in paragraphs[:above])
    after = "".join(f"\n\n{p}" for p in paragraphs[above:])
    end = len(message.text)
    return apply_edits(message, [Edit(0, 0, before), Edit(end, end, after)])


def set_unrelated_previous(message: LabelledMessage, rng: Random, pool: Pool) -> LabelledMessage:
    """Give a message without a buyer's message a neutral question before it.

    Never where `selective` is present and never a satisfied buyer's words: the label must not move.
    """
    if message.previous is not None or "selective" in message.types or not pool.questions:
        return message
    return replace(message, previous=rng.choice(pool.questions))


def _plain_sentences(text: str) -> Iterator[str]:
    for match in _SENTENCE.finditer(text):
        sentence = match.group()
        fits = 4 <= len(sentence.split()) <= 25 and not sentence.isupper()
        if fits and not _says(sentence, LOADED, SATISFIED, DEAL, ASK_ISH, TRIGGER):
            yield sentence


def _is_neutral_question(text: str) -> bool:
    """One question and nothing else."""
    alone = re.fullmatch(r"[^.!?\n]+\?+\s*", text) is not None
    return alone and not _says(text, SATISFIED, DEAL, ASK_ISH, TRIGGER)


def _says(text: str, *lists: re.Pattern[str]) -> bool:
    """Whether it holds a word of the lists, also in disguise or misspelt."""
    return any(words.search(form) for form in _forms(text) for words in lists)


def _forms(text: str) -> Iterator[str]:
    yield text
    plain = normalize(text)
    yield plain.text
    yield correct_spelling(plain, lambda word: False).text


def _inside_rationale(message: LabelledMessage, place: int) -> bool:
    return any(stretch.start < place < stretch.end for stretch in message.rationale)


def _copy(message: LabelledMessage, number: int, pool: Pool, seed: int) -> LabelledMessage | None:
    rng = Random(f"{seed}:{message.id}:{number}")
    changed = erase(message) if rng.random() < _ERASE_SHARE else None
    if rng.random() < _LETTER_SHARE:
        changed = make_letter(changed or message, rng, pool)
    for _ in range(_ATTEMPTS):
        changed = changed or _distort(message, pool, rng)
        if (changed.text, changed.previous) != (message.text, message.previous):
            return replace(changed, id=f"{message.id}~a{number}")
        changed = None
    return None


def _distort(message: LabelledMessage, pool: Pool, rng: Random) -> LabelledMessage:
    """One to three changes, each kind at most once, in random order."""
    kinds = _kinds(pool)
    for change in rng.sample(kinds, rng.choice((1, 1, 2, 2, 3))):
        message = change(message, rng)
    return message


def _kinds(pool: Pool) -> tuple[Noise, ...]:
    return (
        add_typos,
        change_case,
        add_homoglyphs,
        obfuscate,
        add_hidden,
        add_emoji,
        damage_space,
        add_html,
        fill_placeholders,
        insert_placeholders,
        partial(insert_sentences, pool=pool),
        partial(set_unrelated_previous, pool=pool),
    )
