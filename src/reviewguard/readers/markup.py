"""HTML to the text that is sent, hidden or not; quoted mail inside it becomes `> ` lines."""

from __future__ import annotations

import html as entities
import re
from collections import Counter
from contextlib import suppress
from copy import copy
from typing import TYPE_CHECKING

from reviewguard.errors import InputError

if TYPE_CHECKING:
    from inscriptis.model.html_document_state import HtmlDocumentState
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
_ENTITY = re.compile(r"&(?:#\d{1,6}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});")
_MARKED_QUOTE = re.compile(r"<blockquote\b|<div\b[^>]{0,200}\b(?:freshdesk|gmail)_quote\b", re.IGNORECASE)
_HIDING = re.compile(r"\bdisplay\s*:\s*none\b", re.IGNORECASE)
_LAID_OUT = frozenset({"display", "white-space", "vertical-align", "margin-top", "margin-bottom"})
"""What is kept of a style: an indent would be laid out in blanks."""
_HUGE = re.compile(r"(?<![.\d])\d{4}")
"""A number in a margin that is beyond reason."""
_BLOCK_NAMES = "caption center dd details dl dt fieldset form hr legend optgroup option section summary"
_BLOCKS = _BLOCK_NAMES.split()
"""Elements on lines of their own that `inscriptis` does not know as such."""
_MOST_QUOTES = 20
"""Quotes in a quote that get marks of their own."""
_MOST_LISTS = 10
"""Lists in a list that are indented."""
_MOST_PADDING = 10_000_000
"""Characters that a table may be laid out in: each line of a cell is filled up to the widest of its column."""
_TABLE = ("table", "thead", "tbody", "tfoot", "tr", "td", "th")
_TAG = re.compile(r"""<!--|</?([a-zA-Z][a-zA-Z0-9]*|[!?])(?:=\s*"[^"]*"|=\s*'[^']*'|[^<>])*>?""")
_UNSHOWN = frozenset({"script", "style", "title"})
_BLOCK = re.compile("|".join(("blockquote|br|div|h[1-6]|li|ol|p|pre|table|t[dhr]|ul", *_BLOCKS)))
_SAME_LINK = re.compile(r"\[([^\[\]\n]{1,300})\]\((?:mailto:)?\1/?\)")
_DOCUMENT_END = re.compile(r"</(?:html|body)\s*>", re.IGNORECASE)
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1b]")
_LINE_ENDS = str.maketrans(dict.fromkeys("\x0b\x0c\x1c\x1d\x1e\x1f", " "))
_TRAILING = re.compile(r"(?<![ \t])[ \t]+$", re.MULTILINE)
_EMPTY_LINES = re.compile(r"\n{3,}")


def looks_like_html(text: str) -> bool:
    """Whether a body whose kind is not stated is HTML."""
    return bool(_MARKUP.search(text))


def has_entities(text: str) -> bool:
    """Whether a body whose kind is not stated has characters as HTML writes them."""
    return bool(_ENTITY.search(text))


def has_marked_quote(html: str) -> bool:
    """Whether HTML says where it quotes, which a plain version may not."""
    return bool(_MARKED_QUOTE.search(html))


def html_to_text(html: str) -> str:
    """The text of an HTML body, with link targets and image descriptions; never raises for broken mark-up.

    What a style hides is part of it, since mailboxes list it beside the subject and Amazon may read it.

    Quoted messages, as mail programs mark them, come out as lines that begin with `> `.

    Raises:
        InputError: it is no text.
    """
    if not isinstance(html, str):
        raise InputError(f"the HTML is of type {type(html).__name__}", expected="text")
    text = ""
    with suppress(Exception):  # a stranger's mark-up raises whatever the libraries did not think of
        try:
            text = _laid_out(html, tables=True)
        except _TooWideError:
            text = _laid_out(html, tables=False)
    return text or _bare_text(html)


class _TooWideError(Exception):
    """A table would be laid out in more blanks than memory should hold."""


def _laid_out(html: str, *, tables: bool) -> str:
    """The text as it is shown; "" where the rest of it would not be read, since it is nested without end.

    Args:
        tables: whether cells stand side by side, else one below the other.
    """
    import lxml.html

    whole = _DOCUMENT_END.sub(" ", html)  # what stands behind it would not be read
    data = _UNPRINTABLE.sub("", whole.translate(_LINE_ENDS)).encode("utf-8", "replace")
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
    tree = lxml.html.document_fromstring(data, parser=parser)
    for element in tree.xpath("//*[@style]"):
        element.set("style", ";".join(filter(_is_laid_out, element.get("style").split(";"))))
    for element in tree.xpath(f"(//ul | //ol)[count(ancestor::ul | ancestor::ol) >= {_MOST_LISTS}]"):
        element.tag = "div"
    if not tables:
        for element in tree.iter(*_TABLE):
            element.tag = "div"
            element.attrib.pop("style", None)
    _mark_quotes(tree)
    _show_hidden(tree)
    cut = any("RESOURCE_LIMIT" in entry.type_name for entry in parser.error_log)
    return "" if cut else _rendered(tree)


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
        block.tail, quote.tail = quote.tail, None  # what follows is an answer, no part of it
        block.text = "\n".join(f"> {line}".rstrip() for line in _rendered(quote).splitlines())
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


def _rendered(tree: HtmlElement) -> str:
    from inscriptis.css_profiles import STRICT_CSS_PROFILE
    from inscriptis.html_engine import Inscriptis
    from inscriptis.html_properties import Display
    from inscriptis.model.config import ParserConfig
    from inscriptis.model.html_element import HtmlElement as Style
    from inscriptis.model.tag import CustomHtmlTagHandlerMapping

    styles = dict.fromkeys(_BLOCKS, Style(display=Display.block))
    styles["body"] = copy(STRICT_CSS_PROFILE["body"])  # written to: of two threads, each needs its own
    config = ParserConfig(
        css=STRICT_CSS_PROFILE | styles,
        display_links=True,
        display_images=True,
        custom_html_tag_handler_mapping=CustomHtmlTagHandlerMapping({}, {"table": _end_table}),
    )
    return tidy(_SAME_LINK.sub(r"\1", Inscriptis(tree, config).get_text()))


def _end_table(state: HtmlDocumentState) -> None:
    """Lay the table out, unless that takes too much: as many lines as its rows have, each as wide as all columns."""
    from inscriptis.model.tag.table_tag import table_end_handler

    height, widths = 0, Counter[int]()
    for row in state.current_table[-1].rows if state.current_table else ():
        height += max((cell.normalize_blocks() for cell in row.columns), default=0)
        for place, cell in enumerate(row.columns):
            widths[place] = max(widths[place], cell.width)
    if height * widths.total() > _MOST_PADDING:
        raise _TooWideError
    table_end_handler(state)


def tagless_to_text(html: str) -> str:
    """The text of HTML without a tag; what follows an ampersand within a link is no entity."""
    return tidy(_ENTITY.sub(lambda match: entities.unescape(match[0]), html))


def tidy(text: str) -> str:
    """No spaces at line ends, at most one empty line in a row, line feeds as line ends."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _EMPTY_LINES.sub("\n\n", _TRAILING.sub("", lines)).strip()


def _bare_text(html: str) -> str:
    """All character data in turn, in time proportional to its length: for mark-up that cannot be laid out."""
    found: list[str] = []
    at, comments_end = 0, html.rfind("-->")
    while tag := _TAG.search(html, at):
        found.append(entities.unescape(html[at : tag.start()]))
        at, name = tag.end(), (tag[1] or "").lower()
        if not name:
            at = html.find("-->", at) + len("-->") if at <= comments_end else at
        elif name in _UNSHOWN and html[tag.start() + 1] != "/":
            end = re.compile(rf"</{name}\b[^<>]*>?", re.IGNORECASE).search(html, at)
            at = end.end() if end else len(html)
        elif _BLOCK.fullmatch(name):
            found.append("\n")
    return tidy("".join([*found, entities.unescape(html[at:])]))
