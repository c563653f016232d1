"""Keeping the memory that a training frees."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys

import pytest

from reviewguard.modeling.memory import keep_large_blocks

FAULTS = """
import resource, sys
import numpy as np
from reviewguard.modeling.memory import keep_large_blocks
if sys.argv[1] == "kept":
    assert keep_large_blocks()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3):
    np.ones(8_000_000)
before = faults()
for _ in range(5):
    np.ones(8_000_000)
print(faults() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked")
def test_memory_that_is_kept_is_not_asked_for_again() -> None:
    asked, kept = (
        int(subprocess.run([sys.executable, "-c", FAULTS, how], check=True, capture_output=True).stdout)
        for how in ("given back", "kept")
    )
    assert kept * 10 < asked


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert not keep_large_blocks()
