"""Message templates as files: what a buyer would read of them, at the places where it stands in the file."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from reviewguard.errors import InputError
from reviewguard.inference.classifier import Classifier
from reviewguard.inference.spans import EDGES, bare
from reviewguard.policy import NEUTRAL_REQUEST, load_policy
from reviewguard.readers.markup import html_to_text
from reviewguard.readers.sources import HEAD, is_utf16
from reviewguard.schema import NEEDS_REVIEW, REVIEW_SOLICITING, Evidence, Message, Quote, Verdict
from reviewguard.text import normalize

MARKUP_SUFFIXES = frozenset({".html", ".htm"})
MAX_BYTES = 1_000_000
"""Larger files are exports, not templates."""

_CONTROL = re.compile(
    r"\{%-?\s*comment\b(?:(?!\{%-?\s*comment\b).)*?\{%-?\s*endcomment\s*-?%\}|\{#(?!\w)(?:(?!\{#(?!\w)).)*?#\}"
    r"|<%(?!=)(?:(?!<%(?!=)).)*?%>|<!--.*?-->|\{\{~?!--(?:(?!\{\{~?!--).)*?--~?\}\}|\{\{~?!(?:(?!\{\{~?!).)*?\}\}"
    r"|(?P<giving>\{%(?:(?!\{%).)*?%\}|\{\{~?\s*#?>[^{}]*\}\})"
    r"|\{\{~?\s*[#/^][^{}]*\}\}|\{\{~?\s*else(?=[\s~}])[^{}]*\}\}",
    re.DOTALL,
)
"""Conditions, loops, partials and comments of Jinja, Liquid, Handlebars, Mustache and ERB: no buyer reads them …"""
_ASKING = re.compile(r"\{%[-+~]?\s*(?:#|(?:if\w*|else\w*|els?if|unless|case|when|for|end\w*|comment)\b)")
_QUOTED = re.compile(r"""(["'])((?:(?!\1)[^\\]|\\.)*)\1|\\.|[^\r\n]""", re.DOTALL)
"""… but for the phrases that a tag sets, translates or gives to a partial. What is not quoted is one character."""
_ON_MOOD = re.compile(
    r"(?:\{%-?\s*(?:if|elif|elsif|unless|case)\b|\{\{~?\s*(?:[#^]|else if\b)|<%-?\s*(?:if|elsif|unless|case)\b)"
    r"[^%{}]{0,200}?"
    r"(?:csat|mood|nps|promoter|satisf|sentiment|(?<![a-z])(?:happy|positive|rating|score|stars?)(?![a-z]))",
    re.IGNORECASE,
)
_CONDITIONAL = (
    "asks for a review, and a condition of the template looks at how content the buyer is: see who is asked"
)
_KEY = r"(?:[a-z_][\w.-]*|S(?i:ubject)|T(?i:itle)):(?=\s)[^\n]*\n"
_FRONT_MATTER = re.compile(
    rf"\A---[ \t]*\r?\n(?:#[^\n]*\n|\r?\n)*{_KEY}"
    rf"(?:{_KEY}|-[ \t][^\n]*\n|[ \t][^\n]*\n|#[^\n]*\n|\r?\n)*---[ \t]*(?:\r?\n|\Z)"
)
"""Keys, lists, indented lines and comments, nothing else; capitals begin sentences (`Important: …`), not keys."""
_ENTRY = re.compile(r"^(\S+)(.*\n?(?:-?[ \t].*\n?|\r?\n)*)", re.MULTILINE)
"""A key with its value: the rest of its line, and the indented lines, list items and empty lines below."""
_SHOWN = frozenset({"subject:", "title:", "preheader:", "body:", "text:", "message:", "content:"})
"""Keys whose values a buyer reads."""


@dataclass(frozen=True, slots=True)
class CheckedTemplate:
    """A template and what is said of it.

    Attributes:
        path: the file as named.
        line: line of the strongest marked words, of those that break a rule where any do, from 1; None where nothing
            is marked or the file is HTML.
        verdict: its `text` is the file's own, or of HTML the text it shows.
        left_out: whether there is nothing to judge: no words, or a binary file that nobody named.
    """

    path: Path
    line: int | None
    verdict: Verdict
    left_out: bool = False


class _BinaryError(InputError):
    """A file that is no text, such as an image."""


def check_templates(
    classifier: Classifier,
    paths: Sequence[Path],
    *,
    profile: str = "amazon",
    found: Collection[Path] = (),
) -> list[CheckedTemplate]:
    """Judge each file as one message; placeholders stay, control tags and comments are not read.

    A file that is no text, or has none, gets a verdict with `error`.

    Args:
        found: those of the paths that nobody named: binary files among them are left out, not refused.
    """
    sources = {path: _read(path) for path in paths}
    texts = {path: _shown(path, source) for path, source in sources.items()}
    seen = {path: visible(text) for path, text in texts.items() if isinstance(text, str)}
    readable = {path: text for path, text in seen.items() if _has_words(text)}
    messages = [Message(text, id=str(path)) for path, text in readable.items()]
    verdicts = dict(
        zip(readable, classifier.predict(messages, profile=profile, proof=True), strict=True),
    )
    return [
        _with_conditions(_checked(path, str(texts[path]), readable[path], verdicts[path]), str(sources[path]))
        if path in readable
        else _unread(path, texts[path], profile, named=path not in found)
        for path in paths
    ]


def _unread(path: Path, text: str | InputError, profile: str, *, named: bool) -> CheckedTemplate:
    left_out = isinstance(text, str) or (isinstance(text, _BinaryError) and not named)
    error = "nothing to read" if isinstance(text, str) else "left out, no text" if left_out else str(text)
    return CheckedTemplate(
        path, None, Verdict(str(path), None, None, profile=profile, error=error), left_out=left_out
    )


def _has_words(text: str) -> bool:
    """Whether there is anything to judge: words, numbers, or emoji, which are read as words."""
    return re.search(r"[^\W_]", normalize(text).text) is not None


def visible(text: str) -> str:
    """The text with control tags, comments and front matter blanked, each character at its old place.

    What a buyer reads of them stays: the subject or the message in front matter, and phrases quoted in tags.
    """
    return _CONTROL.sub(_phrases, _FRONT_MATTER.sub(_values, text))


def _phrases(control: re.Match[str]) -> str:
    tag = control["giving"]
    if not tag or _ASKING.match(tag):
        return _blank(control.group())
    return _QUOTED.sub(lambda m: f" {m[2]} " if _is_phrase(m[2] or "") else _blank(m.group()), tag)


def _is_phrase(quoted: str) -> bool:
    """Whether it is two words or more, and no format of dates; paths and keys are one."""
    words = [word for word in quoted.split() if re.search(r"\w", word)]
    return len(words) > 1 and any(re.search(r"[^\W\d_]{3}", word) for word in words)


def _values(front_matter: re.Match[str]) -> str:
    return _ENTRY.sub(
        lambda entry: _blank(entry[1]) + (entry[2] if entry[1].lower() in _SHOWN else _blank(entry[2])),
        front_matter.group(),
    )


def _blank(text: str) -> str:
    return re.sub(r"[^\r\n]", " ", text)


def _checked(path: Path, text: str, seen: str, verdict: Verdict) -> CheckedTemplate:
    pieces = (piece for e in verdict.evidence for piece in _pieces(e, text, seen))
    marked = tuple(sorted(pieces, key=lambda e: (e.start, e.end)))
    broken = load_policy().profile(verdict.profile).breaking_types([t.type for t in verdict.types])
    strongest = max(marked, key=lambda e: (e.type in broken, e.weight), default=None)
    line = None if strongest is None or _is_markup(path) else text.count("\n", 0, strongest.start) + 1
    decisive = verdict.decisive and replace(
        verdict.decisive,
        words=tuple(
            Quote(start, end, text[start:end])
            for quote in verdict.decisive.words
            for start, end in _read_stretches(text, seen, quote.start, quote.end)
        ),
    )
    return CheckedTemplate(path, line, replace(verdict, text=text, evidence=marked, decisive=decisive))


def _with_conditions(checked: CheckedTemplate, source: str) -> CheckedTemplate:
    """For a person, where content buyers alone may be asked, which is `selective`: conditions are not read."""
    verdict = checked.verdict
    asks = any(found.type == NEUTRAL_REQUEST for found in verdict.types)
    selects = load_policy().profile(verdict.profile).mentions("selective")
    if verdict.verdict == REVIEW_SOLICITING or not (asks and selects and _ON_MOOD.search(source)):
        return checked
    reasons = (*verdict.reasons, _CONDITIONAL)
    return replace(checked, verdict=replace(verdict, verdict=NEEDS_REVIEW, reasons=reasons, clear_because=()))


def _pieces(evidence: Evidence, text: str, seen: str) -> list[Evidence]:
    """A marked phrase without what no buyer reads; its weight is shared by length."""
    spans = _read_stretches(text, seen, evidence.start, evidence.end)
    length = sum(end - start for start, end in spans)
    return [
        replace(
            evidence,
            start=start,
            end=end,
            text=text[start:end],
            weight=round(evidence.weight * (end - start) / length, 4),
        )
        for start, end in spans
    ]


def _read_stretches(text: str, seen: str, start: int, end: int) -> list[tuple[int, int]]:
    """What is read of a stretch: it is cut where more than white space was blanked, and the pieces are trimmed."""
    runs = groupby(range(start, end), key=lambda at: text[at] == seen[at])
    whole = [list(run) for read, run in runs if read]
    spans = [bare(text, run[0], run[-1] + 1) for run in whole]
    return [(a, b) for a, b in spans if text[a:b].strip(EDGES)] or [(start, end)]


def _read(path: Path) -> str | InputError:
    try:
        if _is_binary(path):
            return _BinaryError(f"{path} is no text", expected="a UTF-8 text file")
        if path.stat().st_size > MAX_BYTES:
            return InputError(
                f"{path} has more than {MAX_BYTES:,} bytes", fix="score exports with `reviewguard score`"
            )
        text = path.read_bytes().decode("utf-8-sig")  # line ends stay, so that offsets are the file's
    except (OSError, UnicodeDecodeError) as error:
        return InputError(f"{path} cannot be read: {error}", expected="a UTF-8 text file")
    return text


def _shown(path: Path, source: str | InputError) -> str | InputError:
    """What is judged of a file: of HTML its text, of another the file itself."""
    return html_to_text(visible(source)) if isinstance(source, str) and _is_markup(path) else source


def _is_markup(path: Path) -> bool:
    """Whether the file, or what is made of it (`page.html.j2`), is HTML."""
    return any(suffix.lower() in MARKUP_SUFFIXES for suffix in path.suffixes)


def _is_binary(path: Path) -> bool:
    """UTF-16 is text that cannot be read: left out without a word, an ask in it would pass."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    return b"\0" in head and not is_utf16(head)
