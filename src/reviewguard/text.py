"""The only normalisation in the project, with an exact map back to the text as given.

The encoder's vocabulary holds no emoji and no homoglyphs, so what people write around filters is turned back
into plain words first: ⭐⭐⭐⭐⭐ becomes "5 stars", Cyrillic letters inside Latin words become Latin, zero-width
characters vanish, "r e v i e w" closes up. Every character of the result knows the stretch it came from.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

NORMALIZER_VERSION = "1"
LINE_BREAK = re.compile("[\n\r\x0b\x0c\x85\u2028\u2029]")
_LATIN = "A-Za-z0-9_À-ɏ"
"""What an address is made of: Chinese and Japanese go on behind one without a blank, and may be a part of its path."""
_LINK = (
    rf"(?:https?://|(?<![{_LATIN}])www\.|(?<![{_LATIN}@.-])[{_LATIN}-]+(?:\.[a-z]{{2,}})+/)"
    r"(?:[!#-;=?-~À-ɏ]|(?<=/)[^\s<>\"'/]{1,200}(?=/[!-~]))+"
)
LINK = re.compile(_LINK, re.IGNORECASE)
_ADDRESS = re.compile(
    rf"{_LINK}|(?<![{_LATIN}.+-])[{_LATIN}.+-]+@(?:[{_LATIN}-]+\.)+[{_LATIN}]+", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class NormalizedText:
    """Normalised text and, for each of its characters, the stretch of the original it stands for.

    Attributes:
        text: what the tokenizer sees.
        starts, ends: for character `i` of `text`, `original[starts[i]:ends[i]]` is its source;
            both never decrease, and `starts[i] < ends[i]`.
    """

    text: str
    starts: tuple[int, ...] | range
    ends: tuple[int, ...] | range

    def to_original(self, start: int, end: int) -> tuple[int, int]:
        """Offsets into the original of the normalised stretch `[start, end)`; the stretch must not be empty."""
        return self.starts[start], self.ends[end - 1]

    def first(self, characters: int) -> NormalizedText:
        """So many of its characters, from the beginning."""
        if len(self.text) <= characters:
            return self
        return NormalizedText(self.text[:characters], self.starts[:characters], self.ends[:characters])

    def prose(self, original: str) -> str:
        """The text in the lines of the original, with blanks for web and mail addresses, which are of no language."""
        read = list(self.text)
        if LINE_BREAK.search(original):
            places = zip(self.text, self.starts, self.ends, strict=True)
            read = ["\n" if c == " " and LINE_BREAK.search(original, a, b) else c for c, a, b in places]
        for address in _ADDRESS.finditer(original):
            stretch = slice(bisect_right(self.ends, address.start()), bisect_left(self.starts, address.end()))
            read[stretch] = (c if c == "\n" else " " for c in read[stretch])
        return "".join(read)


def words(text: str) -> list[str]:
    """The words of the normalised text, in small letters."""
    return re.findall(r"\w+", normalize(text).text.casefold())


def has_words(text: str) -> bool:
    """Whether a word is read in the text; emoji are words, too."""
    return bool(re.search(r"\w", normalize(text).text))


def normalize(text: str) -> NormalizedText:
    """Resolve what the tokenizer cannot read: emoji, homoglyphs, hidden characters, mark-up, placeholders.

    Never raises, whatever the text holds. Of plain ASCII prose white space, what is repeated ("sooooo", "!!!!") and a
    backtick for an apostrophe change alone.
    """
    result = NormalizedText(text, range(len(text)), range(1, len(text) + 1))
    read = _run(result, _CONTROL if text.isascii() else _CONTROL + _UNICODE_STEPS)
    read = _run(read, _MARKUP)
    plain = _run(read, _ENTITIES)
    if plain is not read and not plain.text.isascii():
        plain = _run(plain, _CONTROL + _UNICODE_STEPS)
    return _run(plain, _PLAIN_TAIL)


def _run(text: NormalizedText, steps: Iterable[tuple[re.Pattern[str], Replacement]]) -> NormalizedText:
    for pattern, replace in steps:
        text = substitute(text, pattern, replace)
    return text


Replacement = Callable[[re.Match[str]], str]


def substitute(source: NormalizedText, pattern: re.Pattern[str], replace: Replacement) -> NormalizedText:
    """`pattern.sub(replace, …)` that carries the map along; a replaced stretch maps to all of its source."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    position = 0
    for match in pattern.finditer(source.text):
        new = replace(match)
        if new == match.group():
            continue
        begin, stop = match.span()
        pieces += (source.text[position:begin], new)
        starts += source.starts[position:begin]
        ends += source.ends[position:begin]
        starts += [source.starts[begin]] * len(new)
        ends += [source.ends[stop - 1]] * len(new)
        position = stop
    if position == 0:
        return source
    pieces.append(source.text[position:])
    starts += source.starts[position:]
    ends += source.ends[position:]
    return NormalizedText("".join(pieces), tuple(starts), tuple(ends))


def without_tags(text: str) -> str:
    """The text with blanks in place of its tags and of what is written for blanks (`&nbsp;`), of the same length.

    Links, whose targets are read, stay.
    """

    def blank(tag: re.Match[str]) -> str:
        return tag.group() if "href" in tag.group().lower() else " " * len(tag.group())

    def space(entity: re.Match[str]) -> str:
        return " " * len(entity.group()) if html.unescape(entity.group()).isspace() else entity.group()

    return _ANY_ENTITY.sub(space, _ANY_TAG.sub(blank, text))


def without_spans(text: str, spans: Iterable[tuple[int, int]], filler: str = " ") -> str:
    """The text with these stretches (which may overlap) taken out, `filler` in the place of each."""
    kept, position = [], 0
    for start, end in sorted(spans):
        kept.append(text[position : max(position, start)])
        position = max(position, end)
    return filler.join([*kept, text[position:]])


_STARS = "★☆✩✪✫✬✭✮✯✰⭐🌟⋆"
_EMPTY_STARS = "☆✩✰"
_PUNCTUATION = str.maketrans(
    dict.fromkeys("‘’‛´ʼ′", "'")
    | dict.fromkeys("“”„‟«»″", '"')
    | dict.fromkeys("‐‑‒–—―−", "-")
    | dict.fromkeys("•·∙●▪▸►➤→⇒👉", " ")
)
_TAGS = (
    "a|abbr|b|big|blockquote|body|br|center|code|div|em|font|footer|form|h[1-6]|head|header|hr|html|i|img"
    "|input|label|li|link|meta|ol|option|p|pre|s|script|section|select|small|span|strong|style|sub|sup|table"
    "|tbody|td|tfoot|th|thead|title|tr|u|ul"
)


def _stars(match: re.Match[str]) -> str:
    marks = [c for c in match.group() if c in _STARS]
    full = [c for c in marks if c not in _EMPTY_STARS] or marks
    return " star " if len(full) == 1 else f" {len(full)} stars "


def _emoji_words(match: re.Match[str]) -> str:
    return f" {_emoji_name(match.group('one'))} "


_NAMING = Lock()


@lru_cache(maxsize=4096)
def _emoji_name(symbol: str) -> str:
    import emoji

    with _NAMING:  # the first call fills a table, which another thread would find half full
        name = emoji.demojize(symbol, delimiters=("", ""))
    return "" if name == symbol else re.sub(r"[_\-:\u200d]+", " ", name.removeprefix("keycap_"))


def _emoji_pattern() -> str:
    """One emoji, repeated or not, as a pattern over the symbols' code points.

    Built from Unicode blocks rather than from the library's 4,000 alternatives: those take 0.1 s to compile.
    """
    base = (
        "[\U0001f1e6-\U0001f1ff]{2}"
        "|[0-9#*]\ufe0f?\u20e3"
        "|[\U0001f300-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\u25a0-\u25ff\u203c\u2049\u3030\u303d]"
    )
    modifier = "[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]*"
    one = f"(?P<one>(?:{base}){modifier}(?:\u200d(?:{base}){modifier}){{0,3}})"
    return rf"{one}(?:\s*(?P=one))*"


def _compatibility(match: re.Match[str]) -> str:
    # Before it, too: to NFKC, ´ is a blank with an accent. After it, for wide and small forms.
    plain = match.group().translate(_PUNCTUATION)
    return unicodedata.normalize("NFKC", plain).translate(_PUNCTUATION)


@lru_cache(maxsize=4096)
def _latin_lookalike(char: str) -> str:
    from confusable_homoglyphs import confusables

    found = confusables.is_confusable(char, greedy=True, preferred_aliases=["latin"])
    candidates = [h["c"] for item in found or [] for h in item["homoglyphs"]]
    return next((c for c in candidates if len(c) == 1 and c.isascii() and c.isalpha()), char)


def _framed_letter(match: re.Match[str]) -> str:
    """White letters in black circles and squares, of which Unicode does not say what letters they are."""
    return chr(ord("A") + (ord(match.group()) - 0x1F150) % 32)


def _markup(match: re.Match[str]) -> str:
    link = re.search(r"""href\s*=\s*["']?([^"'\s>]{1,300})""", match.group(), re.IGNORECASE)
    return f" {link.group(1)} " if link else " "


def _link(match: re.Match[str]) -> str:
    bare = re.sub(r"^https?://(www\.)?", "", match.group()).split("?")[0]
    return f" link {re.sub(r'[^0-9A-Za-z]+', ' ', bare)[:80]} "


def _placeholder(match: re.Match[str]) -> str:
    inner = re.sub(r"[\[\]{}<>%$#_.|\-]+", " ", match.group()).strip()
    inner = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", inner)
    return f" {inner} " if re.search(r"[A-Za-z]{2}", inner) else " name "


def _close_up(match: re.Match[str]) -> str:
    return re.sub(r"[^A-Za-z]", "", match.group())


def _steps(table: Iterable[tuple[str, Replacement]]) -> tuple[tuple[re.Pattern[str], Replacement], ...]:
    return tuple((re.compile(pattern), replace) for pattern, replace in table)


_DISGUISED: tuple[str, Replacement] = (
    "(?<=[A-Za-z])[^\\W\\d_a-zA-Z]|[^\\W\\d_a-zA-Z](?=[A-Za-z])",
    lambda match: _latin_lookalike(match.group()),
)
"""Foreign letters inside a word that also holds Latin ones are disguises; a wholly foreign word is not."""
_CONTROL = _steps(
    [
        ("[\x0b\x0c\x1c-\x1f\x85]", lambda _: " "),
        ("[\x80-\x9f]", lambda match: match.group().encode("latin-1").decode("cp1252", "ignore")),
        ("[\x00-\x08\x0e-\x1b\x7f\ud800-\udfff]+", lambda _: ""),
    ]
)
"""Odd line ends part words; quotes and dashes of Windows that were read as Latin-1 are what they were."""
_UNICODE_STEPS = _steps(
    [
        ("[\U0001f150-\U0001f169\U0001f170-\U0001f189]", _framed_letter),
        (rf"[{_STARS}](?:[\ufe0e\ufe0f\s]*[{_STARS}])*[\ufe0e\ufe0f]*", _stars),
        (_emoji_pattern(), _emoji_words),
        ("\u2800", lambda _: " "),
        (
            "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
            "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]+",
            lambda _: "",
        ),
        ("[^\x00-\x7f][\u0300-\u036f]{0,30}", _compatibility),
        _DISGUISED,
        _DISGUISED,  # a second look: a disguised letter whose neighbour was one too
    ]
)
_TAG = rf"</?(?:{_TAGS})(?:\s[^<>]{{0,5000}})?/?>|<!--(?s:.{{0,500}}?)-->"
_MARKUP = _steps([(rf"(?i){_TAG}", _markup)])
_ANY_TAG = re.compile(rf"(?i){_TAG}")
_ENTITY = r"&(?:#\d{1,6}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});"
_ENTITIES = _steps([(_ENTITY, lambda m: html.unescape(m.group()))])
_ANY_ENTITY = re.compile(_ENTITY)
_PLAIN_TAIL = _steps(
    [
        (r"https?://(?:(?![<>\"'\])}])[!-~À-ɏ]|(?<=/)[^\s<>\"'\])}/]{1,200}(?=/[!-~]))+", _link),
        (
            r"\{\{[^{}]{0,80}\}\}|\[\[[^\[\]]{0,120}\]\]|\$\{[^{}]{0,80}\}|%%[\w .]{1,40}%%|%\{[^{}]{1,60}\}"
            r"|\{%[^{}]{0,80}%\}|\{[\w. #$-]{0,40}\}|\[[A-Za-z_][\w .#$-]{1,40}\]|<[A-Z_][A-Z_ ]{2,30}>"
            r"|%\d?\$?[sd](?!\w)|%[A-Za-z_]{3,30}%|\*\|[A-Z_:]{2,30}\|\*",
            _placeholder,
        ),
        # The second lookbehind starts no search inside a run that was searched: a long one took quadratic time.
        (
            r"(?<!\w)[A-Za-z]([ .\-_*~])(?<!\1[A-Za-z]\1[A-Za-z]\1)(?:[A-Za-z]\1){2,}[A-Za-z](?!\w|[.\-_*~]\w)",
            _close_up,
        ),
        ("(?<=[A-Za-z])`(?=[A-Za-z])", lambda _: "'"),
        (r"([^\w\s])\1{3,}", lambda m: m.group(1) * 3),
        (r"(?i)([a-z])\1{3,}", lambda m: m.group(1) * 3),
        (r"\s+", lambda _: " "),
    ]
)
