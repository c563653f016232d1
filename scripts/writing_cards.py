"""Prints cards for writers: a product, a sender, a moment, a register and a length, drawn by a seed.

    python scripts/writing_cards.py --count 350 --seed 41 > cards.txt

One message (or one pair) is written to each card, so that a brief of hundreds does not circle around the same few
goods, people and lengths. A card proposes; where it does not fit the brief, the writer bends it.
"""

from __future__ import annotations

import random
import tomllib
from pathlib import Path
from typing import Annotated

import typer

DECKS = Path(__file__).parents[1] / "data" / "briefs" / "cards.toml"


def main(
    count: Annotated[int, typer.Option(min=1, help="How many cards.")] = 350,
    seed: Annotated[int, typer.Option(help="Another seed, other cards.")] = 13,
) -> None:
    """Print the cards, numbered, one a line."""
    decks = tomllib.loads(DECKS.read_text("utf-8")).values()
    rng = random.Random(seed)
    for number in range(1, count + 1):
        print(f"{number:3} | " + " | ".join(rng.choice(deck) for deck in decks))


if __name__ == "__main__":
    typer.run(main)
