"""How far is the wording of other mail from that of the training messages?

    python scripts/vocabulary_gap.py ../shared/realworld/dev.jsonl --out docs/vocabulary_gap.json

Per state of the training messages (all, and without the latest waves of briefs): the share of the other mail's running
words, two-word and three-word runs that stand anywhere in them, and the words that the other mail uses most out of
proportion. Single words only are written, never a sentence. It says what to write next; the model is not asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from sklearn.feature_extraction.text import CountVectorizer

from reviewguard.curation.labels import BRIEF
from reviewguard.curation.storage import load_splits
from reviewguard.files import write_json
from reviewguard.readers.labelled import read_labelled
from reviewguard.schema import LabelledMessage

RUNS = (1, 2, 3)
TOKEN = r"[^\W\d_]+(?:'[^\W\d_]+)?"
FIRST = 4
"""The first state that is told apart."""
COMMON, WORDS = 8, 12
"""Messages of the other mail that a listed word must stand in, and how many words are listed."""


def main(
    mail: Annotated[Path, typer.Argument(help="Labelled messages, as `reviewguard evaluate` takes them.")],
    data: Path = Path("build/data"),
    out: Path = Path("docs/vocabulary_gap.json"),
) -> None:
    """Measure how far the wording of other mail is from that of the training messages, and write it."""
    other = [_plain(m.text) for m in read_labelled(mail)]
    train = [m for m in load_splits(data)["train"] if m.writer_brief != BRIEF]
    waves = sorted({w for m in train if (w := _wave(m.writer_brief)) >= FIRST})
    ours = {wave: _of_wave(train, wave) for wave in waves}
    write_json(
        out,
        {
            "mail": mail.stem,
            "messages": len(other),
            "states": [_state(wave, texts, other) for wave, texts in ours.items()],
            "words": _words(list(ours.values()), other),
        },
    )


def _state(wave: int, ours: Sequence[str], other: Sequence[str]) -> dict[str, Any]:
    known = {str(n): round(_known(ours, other, n), 4) for n in RUNS}
    return {"last_wave": wave, "messages": len(ours), "known_runs": known}


def _of_wave(train: Sequence[LabelledMessage], last: int) -> list[str]:
    return [_plain(m.text) for m in train if _wave(m.writer_brief) <= last]


def _wave(brief: str) -> int:
    """1 for the first wave, whose briefs bear no number."""
    number = re.match(r"(\d+)-", brief)
    return int(number[1]) if number else 1


def _known(ours: Iterable[str], other: Iterable[str], words: int) -> float:
    """The share of the other mail's runs of so many words that stand in ours, each as often as it occurs."""
    counter = CountVectorizer(ngram_range=(words, words), token_pattern=TOKEN)
    counts = np.asarray(counter.fit_transform(other).sum(axis=0)).ravel()
    there = CountVectorizer(
        ngram_range=(words, words), token_pattern=TOKEN, vocabulary=counter.vocabulary_, binary=True
    )
    seen = np.asarray(there.transform(ours).sum(axis=0)).ravel() > 0
    return float(counts[seen].sum() / counts.sum())


def _words(states: Sequence[Sequence[str]], other: Sequence[str]) -> list[dict[str, Any]]:
    """Words that the messages of the last state but one (or the only one) lack most, with their shares."""
    counter = CountVectorizer(token_pattern=TOKEN, binary=True)
    there = np.asarray(counter.fit_transform(other).sum(axis=0)).ravel()
    same = CountVectorizer(token_pattern=TOKEN, binary=True, vocabulary=counter.vocabulary_)
    here = [np.asarray(same.transform(ours).sum(axis=0)).ravel() for ours in states]
    lack = np.where(there >= COMMON, there / (here[-2:][0] + 1), 0)
    names = counter.get_feature_names_out()
    return [
        {
            "word": names[i],
            "there": round(there[i] / len(other), 4),
            "here": [round(own[i] / len(ours), 4) for own, ours in zip(here, states, strict=True)],
        }
        for i in np.argsort(-lack)[:WORDS]
    ]


def _plain(text: str) -> str:
    return text.replace("’", "'")


if __name__ == "__main__":
    typer.run(main)
