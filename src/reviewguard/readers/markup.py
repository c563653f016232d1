"""HTML to the text that is sent, hidden or not; quoted mail inside it becomes `> ` lines."""

from __future__ import annotations

import html as entities
import re
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
_SPACED = re.compile(r"(?:^|;)\s*(?:padding[^;]*|margin[^;]*(?:\d{4}|\de)[^;]*)", re.IGNORECASE)
"""Space that a style asks for and that would be laid out in blanks: all indents, and margins beyond reason."""
_MOST_QUOTES = 20
"""Quotes in a quote that get marks of their own."""
_MOST_PADDING = 100_000_000
"""Characters that a layout of tables may come to: each cell is filled up to the widest of its column."""
_TOKEN = re.compile(r"(<[^<>]*>?)")
_TAG_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")
_UNSHOWN = frozenset({"script", "style", "title"})
_BLOCKS = frozenset(
    {"p", "br", "div", "tr", "td", "th", "li", "table", "blockquote", "pre", "h1", "h2", "h3"}
)
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

    whole = _DOCUMENT_END.sub(" ", html)  # what stands behind it would not be read
    data = _UNPRINTABLE.sub("", whole.translate(_LINE_ENDS)).encode("utf-8", "replace")
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
    try:
        tree = lxml.html.document_fromstring(data, parser=parser)
        for element in tree.xpath("//*[@style]"):
            element.set("style", _SPACED.sub("", element.get("style")))
        _mark_quotes(tree)
        _show_hidden(tree)
        cut = any("RESOURCE_LIMIT" in entry.type_name for entry in parser.error_log)
        # Of mark-up nested without end the rest would not be read.
        text = "" if cut or _is_too_wide(tree) else _rendered(tree)
    except Exception:  # a stranger's mark-up raises whatever the libraries did not think of
        text = ""
    return text or _bare_text(html)


def _mark_quotes(tree: HtmlElement) -> None:
    import lxml.html

    depths: dict[HtmlElement, int] = {}
    for quote in tree.xpath(
        _QUOTES
    ):  # in the document's order, so that what a quote stands in comes before it
        around = next((depths[above] for above in quote.iterancestors() if above in depths), 0)
        depths[quote] = around + 1
    for quote in reversed(depths):  # from within, so that a quote in a quote has two marks
        parent = quote.getparent()
        if parent is None or depths[quote] > _MOST_QUOTES or _is_too_wide(quote):
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


def _is_too_wide(tree: HtmlElement) -> bool:
    cells = int(tree.xpath("count(.//td | .//th)"))
    return bool(cells) and cells * len(tree.text_content()) > _MOST_PADDING


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
    """All character data in turn, in time proportional to its length: for mark-up that cannot be laid out."""
    last = html.rfind("-->") + len("-->") if "-->" in html else 0
    shown = re.sub(r"<!--.*?-->", "", html[:last], flags=re.DOTALL) + html[last:]
    found: list[str] = []
    unshown = 0
    for token in _TOKEN.split(shown):
        tag = _TAG_NAME.match(token)
        name = tag[1].lower() if tag else ""
        if name in _UNSHOWN:
            unshown = unshown + 1 if token[1] != "/" else max(0, unshown - 1)
        elif name in _BLOCKS:
            found.append("\n")
        elif not unshown and not token.startswith("<"):
            found.append(entities.unescape(token))
    return tidy("".join(found))
