"""Where the characters of a text that is read come from."""

from __future__ import annotations

from reviewguard.text import NormalizedText


def source(raw: str, read: NormalizedText, words: str) -> str:
    """What stands in the text as given where `words` is read."""
    start = read.text.index(words)
    return raw[slice(*read.to_original(start, start + len(words)))]


def check_places(raw: str, read: NormalizedText) -> None:
    """Every character has a source, in order."""
    assert len(read.starts) == len(read.ends) == len(read.text)
    assert all(0 <= s < e <= len(raw) for s, e in zip(read.starts, read.ends, strict=True))
    assert list(read.starts) == sorted(read.starts)
