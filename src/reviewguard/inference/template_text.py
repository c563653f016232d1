"""What a buyer would read of a message template: no conditions, comments, front matter or tags of HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reviewguard.readers.markup import html_to_text, looks_like_html
from reviewguard.text import normalize

_COMMENTS = "|".join(
    rf"{opening}(?:(?!{opening}).)*?{closing}"
    for opening, closing in (
        (r"\{%[-+~]?\s*comment\b", r"\{%[-+~]?\s*endcomment\s*[-+~]?%\}"),
        (r"\{#(?!\w)", r"#\}"),
        (r"<%(?!=)", r"%>"),
        (r"\{\{[-~]?!--", r"--~?\}\}"),
        (r"\{\{[-~]?!", r"\}\}"),
        (r"\{\{[-~]?\s*/\*", r"\*/\s*-?\}\}"),
        (r"\{\*\s", r"\s\*\}"),
        (r"@\*", r"\*@"),
    )
)
"""Of Liquid and Django; Jinja and Twig; ERB and EJS (with its conditions); Handlebars; Go; Smarty; Razor."""
_CONTROL = re.compile(
    rf"{_COMMENTS}|<[!#]--.*?-->"
    r"|(?P<giving>\{%(?:(?!\{%).)*?%\}|\{\{~?\s*#?>[^{}]*\}\})"
    r"|\{\{~?\s*[#/^][^{}]*\}\}|\{\{~?\s*else(?=[\s~}])[^{}]*\}\}",
    re.DOTALL,
)
"""Comments, those of HTML and FreeMarker too, conditions, loops and partials: no buyer reads them …"""
_ASKING = re.compile(r"\{%[-+~]?\s*(?:#|(?:if\w*|else\w*|els?if|unless|case|when|for|end\w*|comment)\b)")
_QUOTED = re.compile(r"""(["'])((?:(?!\1)[^\\]|\\.)*)\1|\\.|[^\r\n]""", re.DOTALL)
"""… but for the phrases that a tag sets, translates or gives to a partial. What is not quoted is one character."""
_CONDITION = re.compile(
    r"(?:\{%[-+~]?\s*(?:if|els?e?if|unless|case)\b"
    r"|\{\{[-~]?\s*(?:[#^]|(?:else\s+)?if\b)"
    r"|<%[-_]?\s*\}?\s*(?:else\s+)?(?:if|elsif|unless|case)\b)"
    r"([^%{}]{0,200})",
    re.IGNORECASE,
)
"""Of Jinja, Twig and Liquid; of Handlebars, Mustache and Go; of ERB and EJS: what is asked there."""
_INNER_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MOOD = re.compile(
    r"csat|mood|nps|promoter|detractor|satisf|sentiment|complain"
    r"|(?<![a-z])(?:(?:un)?happy|(?:dis)?liked|loved|good|bad|positive|negative|rating|score|stars?)(?![a-z])",
    re.IGNORECASE,
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
_MJML = re.compile(r"(</?)mj-([\w-]+)", re.IGNORECASE)
_MJML_TAGS = {"style": "style", "title": "title", "image": "img", "button": "a"}
"""Tags of MJML that are tags of HTML by another name; the others lay out what they hold."""
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
        asked = " ".join(_CONDITION.findall(self.source))
        return _MOOD.search(_INNER_WORD.sub(" ", asked)) is not None

    def line(self, start: int, end: int) -> int | None:
        """Line of the source, from 1, at which a stretch of `text` begins; None where the source has it otherwise."""
        at: int | None = start
        if self.text != self.source:
            words = re.findall(r"\w+", self.text[start:end].partition("](")[0])
            found = re.search(_BETWEEN_WORDS.join(words), visible(self.source)) if words else None
            at = found and found.start()
        return None if at is None else self.source.count("\n", 0, at) + 1


def read_template(source: str, *, markup: bool = False) -> TemplateText:
    """What is read of a template.

    Args:
        markup: whether it is HTML or MJML even if its content does not show that.
    """
    seen = visible(source)
    page = _MJML.sub(lambda tag: tag[1] + _MJML_TAGS.get(tag[2].lower(), "div"), seen)
    if not (markup or looks_like_html(page)):
        return TemplateText(source, source, seen)
    text = html_to_text(page)
    return TemplateText(source, text, text)


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
