"""Whether a new export still looks like what the model knows, or like an export before it."""

from reviewguard.inference.drift.movements import Drift, compare
from reviewguard.inference.drift.reference import REFERENCE_FILE, read_reference, write_reference
from reviewguard.inference.drift.run import find_drift
from reviewguard.inference.drift.sample import Sample, measure

__all__ = [
    "REFERENCE_FILE",
    "Drift",
    "Sample",
    "compare",
    "find_drift",
    "measure",
    "read_reference",
    "write_reference",
]
