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
_LAID_OUT = frozenset({"display", "white-space", "margin-top", "margin-bottom"})
"""What is kept of a style: an indent would be laid out in blanks."""
_HUGE = re.compile(r"(?<![.\d])\d{4}")
"""A number in a margin that is beyond reason."""
_MOST_QUOTES = 20
"""Quotes in a quote that get marks of their own."""
_MOST_PADDING = 100_000_000
"""Characters that a layout of tables may come to: each line of a cell is filled up to the widest of its column."""
_TABLE = ("table", "thead", "tbody", "tfoot", "tr", "td", "th")
_TOKEN = re.compile(r"(</?[a-zA-Z!?][^<>]*>?)")
_TAG_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")
_UNSHOWN = frozenset({"script", "style", "title"})
_BLOCKS = frozenset(
    {"blockquote", "br", "div", "hr", "li", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul"}
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
            element.set("style", ";".join(filter(_is_laid_out, element.get("style").split(";"))))
        if _is_too_wide(tree):
            for element in tree.iter(*_TABLE):
                element.tag = "div"
        _mark_quotes(tree)
        _show_hidden(tree)
        cut = any("RESOURCE_LIMIT" in entry.type_name for entry in parser.error_log)
        # Of mark-up nested without end the rest would not be read.
        text = "" if cut else _rendered(tree)
    except Exception:  # a stranger's mark-up raises whatever the libraries did not think of
        text = ""
    return text or _bare_text(html)


def _mark_quotes(tree: HtmlElement) -> None:
    import lxml.html

    depths: dict[HtmlElement, int] = {}
    found = tree.xpath(_QUOTES)  # in the document's order: what a quote stands in comes before it
    for quote in found:
        around = next((depths[above] for above in quote.iterancestors() if above in depths), 0)
        depths[quote] = around + 1
    for quote in reversed(depths):  # from within, so that a quote in a quote has two marks
        parent = quote.getparent()
        if parent is None or depths[quote] > _MOST_QUOTES:
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


def _is_laid_out(declaration: str) -> bool:
    key, _, value = declaration.partition(":")
    return key.strip().lower() in _LAID_OUT and not _HUGE.search(value)


def _is_too_wide(tree: HtmlElement) -> bool:
    """Whether tables may take too much when they are laid out: at most all lines, each as wide as all of the text."""
    if not tree.xpath("boolean(//td | //th)"):
        return False
    text = tree.text_content()
    lines = int(tree.xpath("count(//td | //th | //br | //p | //div | //li | //hr)"))
    lines += text.count("\n") if tree.xpath("boolean(//pre | //*[contains(@style, 'white-space')])") else 0
    return lines * len(text) > _MOST_PADDING


def _rendered(tree: HtmlElement) -> str:
    from inscriptis.css_profiles import STRICT_CSS_PROFILE
    from inscriptis.html_engine import Inscriptis
    from inscriptis.html_properties import Display
    from inscriptis.model.config import ParserConfig
    from inscriptis.model.html_element import HtmlElement as Look

    css = STRICT_CSS_PROFILE.copy() | {name: Look(display=Display.block) for name in ("ul", "ol")}
    config = ParserConfig(css=css, display_links=True, display_images=True)
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
    unshown = ""  # the element that is passed over
    for token in _TOKEN.split(shown):
        tag = _TAG_NAME.match(token)
        name = tag[1].lower() if tag else ""
        if unshown:
            unshown = "" if token.startswith("</") and name == unshown else unshown
        elif name in _UNSHOWN:
            unshown = "" if token.startswith("</") else name
        elif name in _BLOCKS or re.fullmatch("h[1-6]", name):
            found.append("\n")
        elif not _TOKEN.fullmatch(token):
            found.append(entities.unescape(token))
    return tidy("".join(found))
