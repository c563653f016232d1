"""Tells which messages say the same, in little memory: a template sent to many buyers is one kind of message."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b

from reviewguard.inference.audit.templates import skeleton


class KindCounter:
    """Counts messages by kind: what they say once names, numbers, days and links are taken out.

    Only digests of eight bytes are kept, two for each distinct text.

    Attributes:
        counts: kind → messages of it.
    """

    def __init__(self) -> None:
        self.counts: Counter[bytes] = Counter()
        self._kinds: dict[bytes, bytes] = {}

    def add(self, text: str, decision: str = "") -> tuple[bytes, bool]:
        """The message's kind, and whether it is the first of it.

        Args:
            decision: makes a kind of its own of what is decided otherwise, as after other words of the buyer.
        """
        name = _digest(text)
        said = self._kinds.get(name)
        if said is None:
            said = self._kinds[name] = _digest(skeleton(text))
        kind = said + decision.encode()
        self.counts[kind] += 1
        return kind, self.counts[kind] == 1


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
