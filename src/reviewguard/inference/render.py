"""Verdicts for people: in the terminal, as plain text and as HTML. The report uses the same code."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from unicodedata import category

from rich.console import Group, RenderableType
from rich.text import Text

from reviewguard.inference.doubts import percent
from reviewguard.policy import load_policy
from reviewguard.schema import COMPLIANT, NEEDS_REVIEW, REVIEW_SOLICITING, Evidence, Proof, Quote, Verdict

_STYLES = {
    "positive_request": "underline yellow",
    "incentive": "underline red",
    "change_or_remove": "underline magenta",
    "selective": "underline cyan",
    "pressure": "underline bright_red",
    "off_platform": "underline blue",
    "insider": "underline bright_magenta",
    "neutral_request": "underline green",
}
COLOURS = {
    "positive_request": "#b58900",
    "incentive": "#dc322f",
    "change_or_remove": "#d33682",
    "selective": "#268bd2",
    "pressure": "#cb4b16",
    "off_platform": "#6c71c4",
    "insider": "#a0522d",
    "neutral_request": "#2e8b57",
}
_VERDICT_STYLES = {
    COMPLIANT: "bold green",
    NEEDS_REVIEW: "bold yellow",
    REVIEW_SOLICITING: "bold red",
    None: "bold red",
}


_EMOJI = "\u2190-\u2bff\U0001f000-\U0001faff"
_JOINED_EMOJI = re.compile(f"[{_EMOJI}\ufe0f]\u200d[{_EMOJI}]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text with the types it is evidence for (none for unmarked text), and whether it decides."""

    text: str
    types: tuple[str, ...]
    decisive: bool = False


def pieces(text: str, evidence: Sequence[Evidence], decisive: Sequence[Quote] = ()) -> list[Piece]:
    """The text cut wherever a marked or deciding stretch begins or ends."""
    marks: tuple[Evidence | Quote, ...] = (*evidence, *decisive)
    cuts = sorted({0, len(text)} | {p for m in marks for p in (m.start, m.end)})
    return [
        Piece(
            text[a:b],
            tuple(dict.fromkeys(e.type for e in evidence if e.start < b and e.end > a)),
            any(q.start < b and q.end > a for q in decisive),
        )
        for a, b in pairwise(cuts)
    ]


def printable(text: str) -> str:
    """The text as it is safe to send to a terminal, each character at its old place.

    Control characters, other hidden ones and lone surrogates are made visible; a carriage return ends a line.
    """
    if text.isprintable():
        return text
    return "".join(c if c in "\n\t" or c.isprintable() else _stand_in(text, at) for at, c in enumerate(text))


def _stand_in(text: str, at: int) -> str:
    """What is shown for a character that is not printable."""
    if text[at] == "\r":
        return " " if text[at + 1 : at + 2] == "\n" else "\n"
    if category(text[at]) == "Zs":
        return " "
    return text[at] if _JOINED_EMOJI.match(text, max(at - 1, 0)) else "\N{REPLACEMENT CHARACTER}"


def bracketed(text: str, evidence: Sequence[Evidence]) -> str:
    """Plain text with marked stretches as `[words|type]`."""
    return "".join(
        f"[{printable(p.text)}|{'+'.join(p.types)}]" if p.types else printable(p.text)
        for p in pieces(text, evidence)
    )


def marked_text(
    text: str, evidence: Sequence[Evidence], decisive: Sequence[Quote] = (), *, colour: bool
) -> Text:
    """The message with its words marked by type; in colour, those that decide are bold."""
    if not colour:
        return Text(bracketed(text, evidence))
    marked = Text()
    for piece in pieces(text, evidence, decisive):
        style = _STYLES[piece.types[0]] if piece.types else ""
        marked.append(printable(piece.text), style=f"bold {style}" if piece.decisive else style)
    return marked


def verdict_view(verdict: Verdict, *, colour: bool) -> RenderableType:
    """Everything `check` prints about one message."""
    lines: list[RenderableType] = [_headline(verdict, colour=colour)]
    lines += [Text(f"  {reason}") for reason in verdict.reasons]
    if verdict.error:
        return Group(*lines)
    marked = marked_text(verdict.text, verdict.evidence, decided_by(verdict.decisive), colour=colour)
    lines += [Text(), marked, Text()]
    lines += _advice(verdict, colour=colour)
    lines += map(Text, (*clear_lines(verdict.clear_because), *proof_lines(verdict)))
    return Group(*lines)


def proof_lines(verdict: Verdict) -> list[str]:
    """The proof in words, a sentence each; empty where there is none."""
    lines = []
    if verdict.without_evidence is not None:
        without, with_them = percent(verdict.without_evidence), percent(verdict.probability or 0.0)
        vain = ": they do not decide" if verdict.without_evidence >= (verdict.probability or 0.0) else ""
        lines.append(f"Without the marked words: {without} (with them: {with_them}){vain}")
    if verdict.decisive:
        left = percent(verdict.decisive.probability)
        lines.append(f"Enough to take out: {_quoted(verdict.decisive.words)}, which leaves {left}")
    if verdict.buyer:
        without = percent(verdict.buyer.probability)
        words = _quoted(verdict.buyer.words)
        lines.append(f"The buyer had just said {words}; without these words: {without}")
    return lines


def clear_lines(reasons: Sequence[str]) -> list[str]:
    """Why a compliant message is clear, in words."""
    return [f"Clear: {printable(reason)}" for reason in reasons]


def _quoted(quotes: Iterable[Quote | Evidence]) -> str:
    return ", ".join(f"“{' '.join(printable(_unlinked(quote.text)).split())}”" for quote in quotes)


def _unlinked(text: str) -> str:
    """Without the target of a link whose label begins before the quote, and the bracket of one that ends after it."""
    whole = re.sub(r"^([^\[\]]*)\]\([^()\s]*\)", r"\1", text)
    return re.sub(r"\[([^\[\]]*)$", r"\1", whole)


def decided_by(proof: Proof | None) -> tuple[Quote, ...]:
    """The words of a proof; none where there is no proof."""
    return proof.words if proof else ()


def _headline(verdict: Verdict, *, colour: bool) -> Text:
    if verdict.verdict is None:
        return Text(
            f"not scored: {printable(verdict.error or '')}", style=_VERDICT_STYLES[None] if colour else ""
        )
    text = Text(verdict.verdict, style=_VERDICT_STYLES[verdict.verdict] if colour else "")
    chance = percent(verdict.probability or 0.0)
    return text.append(f"  {chance} likely to break the {verdict.profile} rules", style="not bold")


def _advice(verdict: Verdict, *, colour: bool) -> Iterable[Text]:
    for item in verdict.types:
        kind = load_policy().types[item.type]
        line = Text(kind.title, style=_STYLES[item.type] if colour else "")
        line.append(f" ({item.type}, {percent(item.probability)})", style="not bold not underline")
        yield line
        if words := [e for e in verdict.evidence if e.type == item.type]:
            yield Text(f"  Words: {_quoted(words)}")
        yield Text(f"  Rule: {kind.clause} [{kind.source}]")
        yield Text(f"  Instead: {kind.advice}")


def marked_html(
    text: str, evidence: Sequence[Evidence], decisive: Sequence[Quote] = (), *, styled: bool = True
) -> str:
    """The message as HTML, everything escaped, marked stretches in `<mark>`, deciding ones in `<b>`.

    Args:
        styled: write colours into each mark; without, each has the class `t-TYPE`, and `also-TYPE` for a second one,
            for a page's own style sheet.
    """
    out = []
    for piece in pieces(text, evidence, decisive):
        escaped = html.escape(printable(piece.text))
        if piece.decisive:
            escaped = f"<b>{escaped}</b>"
        if piece.types:
            look = _inline_style(piece.types[0]) if styled else _classes(piece.types)
            out.append(f'<mark title="{" + ".join(piece.types)}" {look}>{escaped}</mark>')
        else:
            out.append(escaped)
    return "".join(out)


def _inline_style(type_name: str) -> str:
    colour = COLOURS[type_name]
    return f'style="background:{colour}26;border-bottom:2px solid {colour};color:inherit"'


def _classes(types: Sequence[str]) -> str:
    also = [f"also-{name}" for name in types[1:2]]
    return f'class="{" ".join([f"t-{types[0]}", *also])}"'


def verdict_html(verdict: Verdict) -> str:
    """One verdict for a notebook or a page."""
    if verdict.verdict is None:
        return f"<div><b>not scored</b>: {html.escape(verdict.error or '')}</div>"
    rows = "".join(
        f"<li><b>{html.escape(kind.title)}</b> ({percent(item.probability)}): {html.escape(kind.clause)} "
        f"<i>{html.escape(kind.advice)}</i></li>"
        for item in verdict.types
        for kind in [load_policy().types[item.type]]
    )
    notes = (*verdict.reasons, *clear_lines(verdict.clear_because), *proof_lines(verdict))
    reasons = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
    if verdict.text:
        body = marked_html(verdict.text, verdict.evidence, decided_by(verdict.decisive))
    else:  # read back from JSON, which leaves it out
        body = html.escape(_quoted(verdict.evidence))
    return (
        f'<div style="max-width:48em"><p><b>{verdict.verdict}</b> '
        f"({percent(verdict.probability or 0.0)}, profile {html.escape(verdict.profile)})</p>"
        f'<p style="white-space:pre-wrap">{body}</p><ul>{rows}{reasons}</ul></div>'
    )
