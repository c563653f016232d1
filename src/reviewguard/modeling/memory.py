"""The memory of a training on a processor."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
"""Parameters of `mallopt`, as glibc's `malloc.h` numbers them."""


def keep_large_blocks() -> bool:
    """Let this process keep the memory that it frees, instead of giving it back and asking for it again in each step.

    The kernel clears every page that it gives, which takes longer than much of what is computed on long messages.

    Returns:
        Whether that was possible: it is with glibc.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library, or none that can be asked
        return False
    settings = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, 2**31 - 1), (_TOP_PAD, 2**28))
    taken = [mallopt(parameter, value) for parameter, value in settings]
    return all(taken)
