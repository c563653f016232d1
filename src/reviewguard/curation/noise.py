"""Surface damage that leaves a message's labels true: pure functions of a message and a generator.

All choices come from the generator, so the same state gives the same result; a message in which
there is nothing to change comes back as it is. Placeholders, tags, links and addresses stay whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from random import Random

from reviewguard.curation.edits import Edit, apply_edits
from reviewguard.curation.vocabulary import TRIGGER
from reviewguard.schema import LabelledMessage

Noise = Callable[[LabelledMessage, Random], LabelledMessage]

_PROTECTED = re.compile(
    r"\{\{.{0,80}?\}\}|\[\[.{0,80}?\]\]|\$?\{[^{}]*\}|%[A-Z_0-9]+%|%[a-z]|<[^<>]{1,80}>|&\w+;|&#\d+;"
    # Looked for where a word, or what follows a placeholder, begins: from each letter it took quadratic time.
    r"|(?<![^\s}\]>;%])(?:\S*(?:@|://)\S*|\S+\.(?:com|org|net)\S*)|\d{3}-\d{7}-\d{7}"
)
_WORD = re.compile(r"[^\W\d_]{4,}")
_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj",
    "i": "uo", "j": "hk", "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o",
    "q": "w", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe", "x": "zc",
    "y": "tu", "z": "x",
}  # fmt: skip
_HOMOGLYPHS = str.maketrans("aceiopsxyABCEHIKMOPTX", "асеіорѕхуАВСЕНІКМОРТХ")
_LEET = str.maketrans("aeiost", "4310$7")
_HIDDEN = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_ORNAMENTS = ("😊", "🙏", "📦", "🚚", "✨", "👋", "🎉", "🙂", "💛", "✅")
_AS_EMOJI: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(?:5|five)[- ]?stars?\b", re.IGNORECASE), "⭐⭐⭐⭐⭐"),
    (re.compile(r"\bstars?\b", re.IGNORECASE), "⭐"),
    (re.compile(r"\bgift(?! ?card)\b", re.IGNORECASE), "🎁"),
    (re.compile(r"\blove\b", re.IGNORECASE), "❤️"),
)
_SENTENCE_END = re.compile(r"(?<=[.!?])(?=\s|$)|(?=\n)|$")


def add_typos(message: LabelledMessage, rng: Random) -> LabelledMessage:
    """Swap, drop, double or mistype a letter in about one word of twelve."""
    words = _words(message.text)
    chosen = rng.sample(words, min(len(words), 1 + len(words) // 12))
    return apply_edits(message, [_typo(message.text, word, rng) for word in chosen])


def change_case(message: LabelledMessage, rng: Random) -> LabelledMessage:
    """Everything in capitals, everything in small letters, or one line in capitals."""
    text = message.text
    line = rng.choice([m.span() for m in re.finditer(r"[^\n]+", text)])
    begin, end = rng.choice([(0, len(text)), line])
    change = str.upper if (begin, end) == line or rng.random() < 0.5 else str.lower
    return apply_edits(
        message,
        (Edit(s, e, _cased(text[s:e], change)) for s, e in _open_parts(text, begin, end)),
    )


def add_homoglyphs(message: LabelledMessage, rng: Random) -> LabelledMessage:
    """Write one to three words with Cyrillic letters that look Latin."""
    return _disguise(message, rng, lambda word: word.translate(_HOMOGLYPHS))


def obfuscate(message: LabelledMessage, rng: Random) -> LabelledMessage:
    """Write one to three words as "r3v13w", "r e v i e w" or "r.e.v.i.e.w"."""
    ways: tuple[Callable[[str], str], ...] = (
        lambda word: word.translate(_LEET),
        " ".join,
        ".".join,
    )
    return _disguise(message, rng, rng.choice(ways))


def add_hidden(message: LabelledMessage, rng: Random) -> LabelledMessage:
    """Put zero-width characters or soft hyphens inside one to three words."""

    def hide(word: str) -> str:
        middle = rng.randrange(1, len(word))
        return word[:middle] + rng.choice(_HIDDEN) + word[middle:]

    return _disguise(message, rng, hide)


def add_emoji(message: LabelledMessage, rng: Random) -> LabelledMessage:
    """Turn words into emoji ("5 stars" into five of them), and end a sentence or two with one."""
    edits = _emoji_for_words(message.text)
    taken = [(edit.start, edit.end) for edit in edits]
    ends = [m.start() for m in _SENTENCE_END.finditer(message.text)]
    for place in rng.sample(ends, min(len(ends), rng.randint(1, 2))):
        if not any(start < place < end for start, end in taken):
            edits.append(Edit(place, place, " " + rng.choice(_ORNAMENTS)))
    return apply_edits(message, _open_edits(message.text, edits))


def damage_space(message: LabelledMessage, rng: Random) -> LabelledMessage:
    """Lose line breaks, double spaces, glue sentences together, or wrap lines as old mail does."""
    ways = (_joined_lines, _doubled_spaces, _glued_sentences, _wrapped_lines)
    return apply_edits(message, _open_edits(message.text, rng.choice(ways)(message.text, rng)))


def add_html(message: LabelledMessage, rng: Random) -> LabelledMessage:
    """Leave mark-up behind: line breaks, entities, a paragraph around it all."""
    ways = (
        ("\n", "<br>"),
        ("\n", "<br />\n"),
        ("'", "&#39;"),
        ('"', "&quot;"),
        (" & ", " &amp; "),
    )
    edits = [
        Edit(match.start(), match.end(), new)
        for old, new in dict(rng.sample(ways, 3)).items()
        for match in re.finditer(old, message.text)
    ]
    edits = _open_edits(message.text, edits)
    around = [Edit(0, 0, "<p>"), Edit(len(message.text), len(message.text), "</p>")]
    return apply_edits(message, edits + (around if rng.random() < 0.5 or not edits else []))


def _words(text: str) -> list[re.Match[str]]:
    """Words of four letters or more outside the protected parts."""
    closed = _closed(text)
    return [word for word in _WORD.finditer(text) if not _overlaps(word.start(), word.end(), closed)]


def _open_edits(text: str, edits: Iterable[Edit]) -> list[Edit]:
    """Those that change nothing within the protected parts."""
    closed = _closed(text)
    return [edit for edit in edits if not _overlaps(edit.start, edit.end, closed)]


def _closed(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in _PROTECTED.finditer(text)]


def _overlaps(start: int, end: int, closed: Iterable[tuple[int, int]]) -> bool:
    return any(first < end and start < last for first, last in closed)


def _open_parts(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    for match in _PROTECTED.finditer(text, begin, end):
        yield begin, match.start()
        begin = match.end()
    yield begin, end


def _cased(text: str, change: Callable[[str], str]) -> str:
    """Leaves letters alone that grow when their case changes (ß → SS): offsets must hold."""
    return "".join(new if len(new := change(c)) == 1 else c for c in text)


def _typo(text: str, word: re.Match[str], rng: Random) -> Edit:
    at = rng.randrange(word.start() + 1, word.end() - 1)
    letter, following = text[at], text[at + 1]
    mistyped = rng.choice(_NEIGHBOURS.get(letter.lower(), letter))
    options = (
        Edit(at, at + 2, following + letter),
        Edit(at, at + 1, ""),
        Edit(at, at + 1, letter * 2),
        Edit(at, at + 1, mistyped),
    )
    return rng.choice(options)


def _disguise(message: LabelledMessage, rng: Random, change: Callable[[str], str]) -> LabelledMessage:
    """Prefers the words a filter looks for, in violations and clean messages alike."""
    words = _words(message.text)
    telling = [word for word in words if TRIGGER.fullmatch(word.group())] or words
    chosen = rng.sample(telling, min(len(telling), rng.randint(1, 3)))
    return apply_edits(message, (Edit(w.start(), w.end(), change(w.group())) for w in chosen))


def _emoji_for_words(text: str) -> list[Edit]:
    edits: list[Edit] = []
    for pattern, emoji in _AS_EMOJI:
        for match in pattern.finditer(text):
            if not any(e.start < match.end() and match.start() < e.end for e in edits):
                edits.append(Edit(match.start(), match.end(), emoji))
    return edits


def _joined_lines(text: str, rng: Random) -> Iterable[Edit]:
    return (Edit(m.start(), m.end(), " ") for m in re.finditer(r"\s*\n\s*", text.rstrip()))


def _doubled_spaces(text: str, rng: Random) -> Iterable[Edit]:
    spaces = [match.start() for match in re.finditer(" ", text)]
    return [Edit(at, at, " ") for at in spaces if rng.random() < 0.2]


def _glued_sentences(text: str, rng: Random) -> Iterable[Edit]:
    return [Edit(m.start(), m.end(), "") for m in re.finditer(r"(?<=[.!?,]) (?=\w)", text)]


def _wrapped_lines(text: str, rng: Random) -> Iterable[Edit]:
    width, line_start = rng.randint(40, 76), 0
    for match in re.finditer(r"(\s)(?=(\S+))", text):
        if match.group(1) == "\n":
            line_start = match.end()
        elif match.end(2) - line_start > width:
            yield Edit(match.start(), match.end(1), "\n")
            line_start = match.end()
