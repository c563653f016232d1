"""What a buyer would read of a message template: no conditions, comments, front matter or tags of HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from reviewguard.readers.markup import html_to_text, looks_like_html
from reviewguard.text import normalize

_COMMENTS = "|".join(
    rf"{opening}(?:(?!{opening}).)*?{closing}"
    for opening, closing in (
        (r"\{%[-+~]?\s*comment\b", r"\{%[-+~]?\s*endcomment\s*[-+~]?%\}"),
        (r"\{#(?!\w)", r"#\}"),
        (r"\{\{[-~]?!--", r"--~?\}\}"),
        (r"\{\{[-~]?!", r"\}\}"),
        (r"\{\{[-~]?\s*/\*", r"\*/\s*-?\}\}"),
    )
)
"""Of Liquid and Django; Jinja and Twig; Handlebars; Go."""
_TAGS = (
    rf"{_COMMENTS}|<%(?!=)(?:(?!<%(?!=)).)*?%>"
    r"|(?P<giving>\{%(?:(?!\{%).)*?%\}|\{\{~?\s*#?>[^{}]*\}\})"
    r"|\{\{~?\s*[#/^][^{}]*\}\}|\{\{~?\s*else(?=[\s~}])[^{}]*\}\}"
)
_CONTROL = re.compile(rf"<!---?>|<[!#]--.*?-->|(?P<endless><[!#]--.*)|{_TAGS}", re.DOTALL)
"""Comments, those of ERB, EJS, HTML and FreeMarker too, conditions, loops and partials: no buyer reads them …"""
_BEHIND_ENDLESS = re.compile(_TAGS, re.DOTALL)
"""Where a comment of HTML or FreeMarker has no end, none behind it has one: to look on for it takes quadratic time."""
_ASKING = re.compile(r"\{%[-+~]?\s*(?:#|(?:if\w*|else\w*|els?if|unless|case|when|for|end\w*|comment)\b)")
_QUOTED = re.compile(r"""(["'])((?:(?!\1)[^\\]|\\.)*)\1|\\.|[^\r\n]""", re.DOTALL)
"""… but for the phrases that a tag sets, translates or gives to a partial. What is not quoted is one character."""
_COMMENT = re.compile(_COMMENTS, re.DOTALL)
_CONDITION = re.compile(
    r"(?:\{%[-+~]?\s*(?:(?:else\s+)?if|els?e?if|unless|case|when)\b"
    r"|\{\{[-~]?\s*(?:[#^](?!each\b)|(?:else\s+)?if\b)"
    r"|<%[-_]?\s*(?:\}\s*)?(?:else\s+)?(?:if|elsif|unless|case)\b)"
    r"([^%{}]{0,200})",
    re.IGNORECASE,
)
"""Of Jinja, Twig and Liquid; of Handlebars, Mustache and Go; of ERB and EJS: what is asked there."""
_ASKED = re.compile(r"""(?P<value>"[^"]*"|'[^']*')|[\w.]+""")
"""A value or a name in a condition."""
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_MOOD = re.compile(
    r"(?:csat|nps)\w*|promoters?|detractors?|(?:dis|un)?satisf\w*|sentiments?|(?:un)?happy|ratings?|stars"
)
"""Words of the buyer's mood wherever they stand …"""
_JUDGING = frozenset({
    "good", "bad", "positive", "negative", "liked", "disliked", "loved", "mood", "score", "scores", "star",
    "complain", "complained", "complains", "complaint", "complaints",
})  # fmt: skip
"""… and those that stand beside no words but these here: `avgScore`, not `fraudScore`; …"""
_OPINIONS = frozenset({"feedback", "review", "reviews", "experience", "complaint", "complaints"})
"""… a quoted `"good"` only in a condition on one of these."""
_OF_BUYERS = (
    _JUDGING
    | _OPINIONS
    | {"is", "has", "was", "very", "avg", "average", "customer", "buyer", "user", "order"}
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
_RENAMED = re.compile(r"(</?)(mj[\w-]*|title|TITLE)\b")
_NAMES = {"mj-style": "style", "mj-image": "img", "mj-carousel-image": "img", "mj-button": "a"}
"""Tags of MJML that are tags of HTML by another name; the others, and the title, only hold what a buyer reads."""
_QUOTES = "|".join(rf"{q}(?:[^{q}<>]|<%=[^{q}<]*?%>)*{q}" for q in "\"'")
_ATTRIBUTE = (
    rf"""\s+(?:[\w:.-]+\s*=\s*(?:{_QUOTES}|[^\s"'<>]+)|\{{\{{[^{{}}<>"']*\}}\}}|nowrap|noshade|itemscope)"""
)
_MAYBE_TAG = re.compile(r"<[a-zA-Z/!?]")
_BETWEEN_WORDS = r"(?:<[^<>]*>|&#?\w{1,8};|\W)++"


@dataclass(frozen=True, slots=True)
class TemplateText:
    """A template, and what is read of it.

    Attributes:
        source: as written.
        text: what verdicts are about: the source, or, of HTML and MJML, the text it shows.
        seen: what is read: `text` with blanks for what no buyer reads, of the same length.
    """

    source: str
    text: str
    seen: str

    @property
    def has_words(self) -> bool:
        """Whether there is anything to judge: words, numbers, or emoji, which are read as words."""
        return re.search(r"[^\W_]", normalize(self.seen).text) is not None

    @property
    def on_mood(self) -> bool:
        """Whether a condition looks at how content the buyer is."""
        return any(map(_asks_mood, _CONDITION.findall(_COMMENT.sub(" ", self.source))))

    def line(self, start: int, end: int) -> int | None:
        """Line of the source, from 1, at which a stretch of `text` begins; None where it cannot be told for certain."""
        at = start if self.text == self.source else self._place(start, end)
        return None if at is None else self.source.count("\n", 0, at) + 1

    def _place(self, start: int, end: int) -> int | None:
        """Where its words begin in the source, if these stand there as often as in `text`: first is first."""
        words = re.findall(r"\w+", self.text[start:end].partition("](")[0])
        phrase = re.compile(rf"\b{_BETWEEN_WORDS.join(words)}\b")
        there = [match.start() for match in phrase.finditer(visible(self.source))] if words else []
        here = [match.start() for match in phrase.finditer(self.text)]
        before = sum(at < start for at in here)
        return there[before] if len(there) == len(here) > before else None


def read_template(source: str, *, markup: bool = False) -> TemplateText:
    """What is read of a template.

    Args:
        markup: whether it is HTML or MJML even if its content does not show that.
    """
    seen = visible(source)
    page = _RENAMED.sub(lambda tag: tag[1] + _NAMES.get(tag[2], "div"), seen)
    if not (markup or (_begins_with_tag(source) and looks_like_html(page) and _has_whole_tags(page))):
        return TemplateText(source, source, seen)
    text = html_to_text(page)
    return TemplateText(source, text, text)


def _begins_with_tag(source: str) -> bool:
    rest = _CONTROL.sub(lambda tag: tag["endless"] or "", _FRONT_MATTER.sub("", source))
    return rest.lstrip().startswith("<")


def _has_whole_tags(page: str) -> bool:
    """Whether all that may be a tag is a whole one of HTML, so that no word is lost where it is read as HTML."""
    return not _MAYBE_TAG.search(_html_tag().sub("", page))


@cache
def _html_tag() -> re.Pattern[str]:
    """No components (`<Button`) and fields, which hold words in attributes, no scripts, and styles only if they end."""
    from lxml.html import defs

    names = "|".join((defs.tags | {"main", "picture"}) - {"input", "script", "style"})
    return re.compile(
        r"(?i:<!doctype\s+html(?:\s+public)?(?:\s+\"[^\"<>]*\")*+)\s*>"
        rf"|<\?xml(?:{_ATTRIBUTE})*+\s*\?>"
        r"|<(?i:style)\b[^<>]*>[^<]*</(?i:style)\s*>"
        rf"|</?(?:{names}|{names.upper()})(?:{_ATTRIBUTE})*+\s*/?>"
    )


def _asks_mood(condition: str) -> bool:
    """Whether it names the buyer's mood, in any spelling: `is_happy`, `cSat`, `feedback == "good"`."""
    asked = [(set(_parts(match[0])), match) for match in _ASKED.finditer(condition)]
    opinion = any(parts & _OPINIONS for parts, _ in asked)
    return any(
        any(map(_MOOD.fullmatch, (*parts, *_parts(match[0].lower()))))
        or (parts & _JUDGING and parts <= _OF_BUYERS and (opinion or not match["value"]))
        for parts, match in asked
    )


def _parts(name: str) -> list[str]:
    """The words of a name in lower case: `order.isHappy` has three."""
    return [part.lower() for part in _PART.findall(name)]


def visible(text: str) -> str:
    """The text with control tags, comments and front matter blanked, each character at its old place.

    What a buyer reads of them stays: the subject or the message in front matter, and phrases quoted in tags.
    """
    return _CONTROL.sub(_phrases, _FRONT_MATTER.sub(_values, text))


def _phrases(control: re.Match[str]) -> str:
    tag = control.group()
    if control.lastgroup == "endless":
        return _BEHIND_ENDLESS.sub(_phrases, tag)
    if control.lastgroup != "giving" or _ASKING.match(tag):
        return _blank(tag)
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
