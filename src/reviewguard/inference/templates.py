"""Message templates judged, at the places where their words stand: texts, and files of one message each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from reviewguard.errors import InputError
from reviewguard.inference.classifier import Classifier
from reviewguard.inference.spans import EDGES, bare
from reviewguard.inference.template_text import TemplateText, read_template
from reviewguard.policy import NEUTRAL_REQUEST, load_policy
from reviewguard.readers.sources import HEAD, is_utf16
from reviewguard.schema import NEEDS_REVIEW, REVIEW_SOLICITING, Evidence, Message, Quote, Verdict

MARKUP_SUFFIXES = frozenset({".html", ".htm"})
"""Of files that are mark-up whatever they hold."""
MAX_BYTES = 1_000_000
"""Larger files are exports, not templates."""
_CONDITIONAL = (
    "condition: asks for a review, and a condition of the template looks at how content the buyer is: "
    "see who is asked"
)


@dataclass(frozen=True, slots=True)
class CheckedTemplate:
    """A template and what is said of it.

    Attributes:
        path: the file as named.
        line: line of the strongest marked words, of those that break a rule where any do, from 1; None where nothing
            is marked, or where it cannot be told for certain where in an HTML file these words stand.
        verdict: see `check_template`.
        text: what offsets count in where that is not the file: the text that HTML shows; else None.
        left_out: whether there is nothing to judge: no words, or a binary file that nobody named.
    """

    path: Path
    line: int | None
    verdict: Verdict
    text: str | None = None
    left_out: bool = False


class _BinaryError(InputError):
    """A file that is no text, such as an image."""


def check_template(
    classifier: Classifier,
    source: str,
    *,
    profile: str = "amazon",
    proof: bool = False,
    markup: bool = False,
) -> Verdict:
    """Judge a template as one message, as `reviewguard check --file` does; placeholders stay.

    Conditions, comments and front matter are not read; where a condition looks at how content the buyer is and the
    template asks for a review, a person is to see who is asked.

    Args:
        source: the template as written. What begins with a tag and holds tags of HTML and MJML alone, no scripts and
            no components, is read as the text it shows, and its title.
        proof: see `Classifier.predict`.
        markup: whether it is HTML or MJML even if its content does not show that, as of files named `.html`.

    Returns:
        Its `text` is what its offsets count in: the source, or the text of HTML and MJML.

    Raises:
        InputError: the source is no text.
        ConfigError: as `Classifier.predict`.
    """
    if not isinstance(source, str):
        raise InputError(f"the template is of type {type(source).__name__}", expected="text")
    template = read_template(source, markup=markup)
    return _judged(template, classifier(template.seen, profile=profile, proof=proof))


def check_templates(
    classifier: Classifier,
    paths: Sequence[Path],
    *,
    profile: str = "amazon",
    found: Collection[Path] = (),
) -> list[CheckedTemplate]:
    """Judge each file as `check_template` does, with proof.

    A file that is no text, or has none, gets a verdict with `error`.

    Args:
        found: those of the paths that nobody named: binary files among them are left out, not refused.
    """
    read = {path: _read(path) for path in paths}
    readable = {path: t for path, t in read.items() if isinstance(t, TemplateText) and t.has_words}
    messages = [Message(template.seen, id=str(path)) for path, template in readable.items()]
    verdicts = dict(
        zip(readable, classifier.predict(messages, profile=profile, proof=True), strict=True),
    )
    return [
        _checked(path, readable[path], _judged(readable[path], verdicts[path]))
        if path in readable
        else _unread(path, read[path], profile, named=path not in found)
        for path in paths
    ]


def _unread(path: Path, read: TemplateText | InputError, profile: str, *, named: bool) -> CheckedTemplate:
    wordless = isinstance(read, TemplateText)
    left_out = wordless or (isinstance(read, _BinaryError) and not named)
    error = "nothing to read" if wordless else "left out, no text" if left_out else str(read)
    return CheckedTemplate(
        path, None, Verdict(str(path), None, None, profile=profile, error=error), left_out=left_out
    )


def _judged(template: TemplateText, verdict: Verdict) -> Verdict:
    """What the model says of what is read, said of the template."""
    text, seen = template.text, template.seen
    marked = (piece for e in verdict.evidence for piece in _pieces(e, text, seen))
    decisive = verdict.decisive and replace(
        verdict.decisive,
        words=tuple(
            Quote(start, end, text[start:end])
            for quote in verdict.decisive.words
            for start, end in _read_stretches(text, seen, quote.start, quote.end)
        ),
    )
    evidence = tuple(sorted(marked, key=lambda e: (e.start, e.end)))
    verdict = replace(verdict, text=text, evidence=evidence, decisive=decisive)
    return _for_a_person(verdict) if template.on_mood else verdict


def _for_a_person(verdict: Verdict) -> Verdict:
    """Left to a person where content buyers alone may be asked, which is `selective`: conditions are not read."""
    asks = any(found.type == NEUTRAL_REQUEST for found in verdict.types)
    selects = load_policy().profile(verdict.profile).mentions("selective")
    if verdict.verdict == REVIEW_SOLICITING or not (asks and selects):
        return verdict
    return replace(verdict, verdict=NEEDS_REVIEW, reasons=(*verdict.reasons, _CONDITIONAL), clear_because=())


def _checked(path: Path, template: TemplateText, verdict: Verdict) -> CheckedTemplate:
    broken = load_policy().profile(verdict.profile).breaking_types([t.type for t in verdict.types])
    strongest = max(verdict.evidence, key=lambda e: (e.type in broken, e.weight), default=None)
    line = template.line(strongest.start, strongest.end) if strongest else None
    return CheckedTemplate(path, line, verdict, None if template.text == template.source else template.text)


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


def _read(path: Path) -> TemplateText | InputError:
    try:
        if _is_binary(path):
            return _BinaryError(f"{path} is no text", expected="a UTF-8 text file")
        if path.stat().st_size > MAX_BYTES:
            return InputError(
                f"{path} has more than {MAX_BYTES:,} bytes", fix="score exports with `reviewguard score`"
            )
        source = path.read_bytes().decode("utf-8-sig")  # line ends stay, so that offsets are the file's
    except (OSError, UnicodeDecodeError) as error:
        return InputError(f"{path} cannot be read: {error}", expected="a UTF-8 text file")
    # What is made of it may be named, too: `page.html.j2`.
    return read_template(source, markup=any(suffix.lower() in MARKUP_SUFFIXES for suffix in path.suffixes))


def _is_binary(path: Path) -> bool:
    """UTF-16 is text that cannot be read: left out without a word, an ask in it would pass."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    return b"\0" in head and not is_utf16(head)
