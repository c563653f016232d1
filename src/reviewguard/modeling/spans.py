"""Marked words: evidence against rationale.

A word is a maximal run of non-space characters; it is marked when it overlaps a span.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Span = tuple[int, int]
Marks = NDArray[np.bool_]


def word_spans(text: str) -> list[Span]:
    """Start and end of every word."""
    return [match.span() for match in re.finditer(r"\S+", text)]


def marked_words(text: str, spans: Iterable[Span]) -> Marks:
    """For every word whether it overlaps a span, shape `(words,)`."""
    words = np.array(word_spans(text), dtype=np.intp).reshape(-1, 2)
    marked = np.zeros(len(words), dtype=np.bool_)
    for start, end in spans:
        marked |= (words[:, 0] < end) & (words[:, 1] > start)
    return marked


def token_f1(found: Marks, rationale: Marks) -> float:
    """F1 of the marked words, 0–1; 0 where nothing is marked on either side."""
    total = int(found.sum() + rationale.sum())
    return 2 * int((found & rationale).sum()) / total if total else 0.0


def iou_f1(found: Marks, rationale: Marks) -> float:
    """F1 of whole stretches that overlap by IOU ≥ 0.5 (ERASER, DeYoung et al. 2020), 0–1."""
    ours, theirs = mark_runs(found), mark_runs(rationale)
    if not ours or not theirs:
        return 0.0
    precision = sum(any(_iou(a, b) >= 0.5 for b in theirs) for a in ours) / len(ours)
    recall = sum(any(_iou(a, b) >= 0.5 for a in ours) for b in theirs) / len(theirs)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def mark_runs(marks: Marks) -> list[Span]:
    """Maximal runs of marked words, as word indices (end exclusive)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marks.astype(np.int8), [0]])))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _iou(a: Span, b: Span) -> float:
    overlap = max(0, min(a[1], b[1]) - max(a[0], b[0]))
    return overlap / ((a[1] - a[0]) + (b[1] - b[0]) - overlap)
