from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def cards(seed: int) -> list[str]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "writing_cards.py"), "--count", "40", "--seed", str(seed)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_cards_are_drawn_from_every_deck_and_depend_on_the_seed_alone() -> None:
    decks = tomllib.loads((ROOT / "data" / "briefs" / "cards.toml").read_text("utf-8"))
    drawn = cards(7)
    assert drawn == cards(7) != cards(8)
    for card in drawn:
        _, *parts = card.split(" | ")
        assert all(part in deck for part, deck in zip(parts, decks.values(), strict=True))
