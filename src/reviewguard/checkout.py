"""Where data and models lie, from the root of a checkout."""

from pathlib import Path

MESSAGES = Path("data/messages")
LABELS = Path("data/labels")
SPLITS = Path("data/splits.json")
"""Which split each message of earlier builds is in."""
BUILT = Path("build/data")
MODELS = Path("models")
