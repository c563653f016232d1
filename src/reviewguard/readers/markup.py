"""HTML to the text that is sent, hidden or not; quoted mail inside it becomes `> ` lines."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement


def _classed(name: str) -> str:
    return f"//*[contains(concat(' ', normalize-space(@class), ' '), ' {name} ')]"


_AROUND_QUOTES = ("gmail_quote", "protonmail_quote", "freshdesk_quote")
_QUOTES = " | ".join(
    (
        "//blockquote[@type='cite']",
        *(f"{_classed(name)}/descendant-or-self::blockquote" for name in _AROUND_QUOTES),
        *(_classed(name) for name in ("yahoo_quoted", "zmail_extra", "moz-cite-prefix")),
    )
)
"""What mail programs and helpdesks wrap an older message in.

In what Gmail, Proton and Freshdesk put around it, answers may stand between the passages that are quoted.
"""

_MARKUP = re.compile(
    r"<(?:!doctype\s|(?:html|body|div|p|br|table|tr|td|span|a|b|strong|em|i|u|h[1-6]|ul|ol|li|pre|font|img|center|"
    r"blockquote)(?:\s*/?>|\s[^<>=]{1,80}=))",
    re.IGNORECASE,
)
"""A whole tag, or one up to its first attribute: addresses and words in angle brackets are none."""
_MARKED_QUOTE = re.compile(r"<blockquote\b|<div\b[^>]{0,200}\b(?:freshdesk|gmail)_quote\b", re.IGNORECASE)
_HIDING = re.compile(r"\bdisplay\s*:\s*none\b", re.IGNORECASE)
_SAME_LINK = re.compile(r"\[([^\[\]\n]{1,300})\]\((?:mailto:)?\1/?\)")
_DOCUMENT_END = re.compile(r"</(?:html|body)\s*>", re.IGNORECASE)
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1b]")
_LINE_ENDS = str.maketrans(dict.fromkeys("\x0b\x0c\x1c\x1d\x1e\x1f", " "))
_TRAILING = re.compile(r"(?<![ \t])[ \t]+$", re.MULTILINE)
_EMPTY_LINES = re.compile(r"\n{3,}")


def looks_like_html(text: str) -> bool:
    """Whether a body whose kind is not stated is HTML."""
    return bool(_MARKUP.search(text))


def has_marked_quote(html: str) -> bool:
    """Whether HTML says where it quotes, which a plain version may not."""
    return bool(_MARKED_QUOTE.search(html))


def html_to_text(html: str) -> str:
    """The text of an HTML body, with link targets and image descriptions; never raises for broken mark-up.

    What a style hides is part of it, since mailboxes list it beside the subject and Amazon may read it.

    Quoted messages, as mail programs mark them, come out as lines that begin with `> `.
    """
    import lxml.html
    from lxml.etree import LxmlError

    whole = _DOCUMENT_END.sub(" ", html)  # what stands behind it would not be read
    data = _UNPRINTABLE.sub("", whole.translate(_LINE_ENDS)).encode("utf-8", "replace")
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
    try:
        tree = lxml.html.document_fromstring(data, parser=parser)
        _mark_quotes(tree)
        _show_hidden(tree)
        cut = any("RESOURCE_LIMIT" in entry.type_name for entry in parser.error_log)
        text = "" if cut else _rendered(tree)  # of mark-up nested without end the rest would not be read
    except (LxmlError, ValueError, RecursionError):
        text = ""
    return text or _bare_text(html)


def _mark_quotes(tree: HtmlElement) -> None:
    import lxml.html

    for quote in reversed(tree.xpath(_QUOTES)):  # from within, so that a quote in a quote has two marks
        parent = quote.getparent()
        if parent is None:
            continue
        block = lxml.html.Element("pre", {"data-quoted": ""})
        block.text = "\n".join(f"> {line}".rstrip() for line in _rendered(quote).splitlines())
        block.tail = quote.tail
        parent.replace(quote, block)


def _show_hidden(tree: HtmlElement) -> None:
    """Put what a style hides behind the rest: where it stands, it might part words that a buyer reads as one."""
    import lxml.html

    moved: set[HtmlElement] = set()
    for element in tree.xpath("//*[@style]"):
        if element in moved or element.getparent() is None or not _HIDING.search(element.get("style")):
            continue
        moved.update(element.iterdescendants())
        line = lxml.html.Element("p")
        line.text = element.text_content()
        element.drop_tree()
        (tree.find("body") if tree.find("body") is not None else tree).append(line)


def _rendered(tree: HtmlElement) -> str:
    from inscriptis.css_profiles import STRICT_CSS_PROFILE
    from inscriptis.html_engine import Inscriptis
    from inscriptis.model.config import ParserConfig

    config = ParserConfig(css=STRICT_CSS_PROFILE.copy(), display_links=True, display_images=True)
    return tidy(_SAME_LINK.sub(r"\1", Inscriptis(tree, config).get_text()))


def tidy(text: str) -> str:
    """No spaces at line ends, at most one empty line in a row, line feeds as line ends."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _EMPTY_LINES.sub("\n\n", _TRAILING.sub("", lines)).strip()


def _bare_text(html: str) -> str:
    """All character data in turn: for mark-up that is nested too deep to be laid out."""
    parser = _CharacterData()
    parser.feed(html)
    parser.close()
    return tidy("".join(parser.found))


class _CharacterData(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("script", "style", "title")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style", "title") and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(data)
