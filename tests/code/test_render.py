"""What people are shown: in a terminal, without one, in a notebook; nothing in a message gets out of its place."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from reviewguard.inference.render import (
    bracketed,
    marked_html,
    printable,
    proof_lines,
    verdict_html,
    verdict_view,
)
from reviewguard.policy import load_policy
from reviewguard.schema import Evidence, Proof, Quote, TypeScore, Verdict

TEXT = "Hi, five stars = gift!"


def marked(start: int, end: int, kind: str) -> Evidence:
    return Evidence(start, end, TEXT[start:end], kind, 1.0)


VERDICT = Verdict(
    None,
    "review-soliciting",
    0.97,
    types=(TypeScore("incentive", 0.95), TypeScore("positive_request", 0.9)),
    evidence=(marked(4, 14, "positive_request"), marked(9, 21, "incentive")),
    without_evidence=0.02,
    text=TEXT,
)


def shown(verdict: Verdict, *, colour: bool) -> str:
    out = io.StringIO()
    console = Console(
        file=out, force_terminal=colour, color_system="standard", width=200, soft_wrap=not colour
    )
    console.print(verdict_view(verdict, colour=colour), highlight=False)
    return out.getvalue()


def test_overlapping_marks_are_cut_where_they_cross() -> None:
    assert (
        bracketed(TEXT, VERDICT.evidence)
        == "Hi, [five |positive_request][stars|positive_request+incentive][ = gift|incentive]!"
    )


def test_verdict_rule_advice_and_proof_are_printed() -> None:
    page = shown(VERDICT, colour=False)
    assert page.startswith("review-soliciting  97% likely to break the amazon rules")
    for name in ("incentive", "positive_request"):
        kind = load_policy().types[name]
        assert kind.clause in page
        assert kind.advice in page
    assert page.endswith("Without the marked words: 2% (with them: 97%)\n")
    assert "\x1b" not in page


def test_marks_without_which_it_is_as_likely_do_not_decide() -> None:
    (line,) = proof_lines(Verdict(None, "needs-review", 0.3, text=TEXT, without_evidence=0.4))
    assert line == "Without the marked words: 40% (with them: 30%): they do not decide"


def test_a_terminal_gets_colours_instead_of_brackets() -> None:
    page = shown(VERDICT, colour=True)
    assert "\x1b[4;33mfive " in page
    assert "|positive_request" not in page


def test_an_error_and_reasons_are_printed() -> None:
    assert shown(Verdict(None, None, None, error="an empty message"), colour=False).startswith(
        "not scored: an empty"
    )
    doubtful = Verdict(None, "needs-review", 0.01, reasons=("language: de",), text="Hallo")
    assert "\n  language: de\n" in shown(doubtful, colour=False)


@pytest.mark.parametrize("colour", [True, False])
def test_a_message_cannot_steer_the_terminal(colour: bool) -> None:
    verdict = Verdict(None, "compliant", 0.01, text="a\x1b[2Jb [bold]c[/bold] \u202ed \ud800")
    page = shown(verdict, colour=colour)
    assert "a\ufffd[2Jb [bold]c[/bold] \ufffdd \ufffd" in page


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("a\r\nb\rc", "a \nb\nc"),
        ("10\u202f000\u00a0EUR\u2009net", "10 000 EUR net"),
        ("\U0001f469\U0001f3fd\u200d\U0001f52c \u2764\ufe0f\u200d\U0001f525",) * 2,
        ("re\u200dview\u200d \u200d\U0001f525", "re\ufffdview\ufffd \ufffd\U0001f525"),
        ("a\u200bb\u2066c\x00d", "a\ufffdb\ufffdc\ufffdd"),
    ],
)
def test_spaces_line_ends_and_joined_emoji_are_shown_and_hidden_characters_named(
    text: str, page: str
) -> None:
    assert printable(text) == page
    assert len(page) == len(text)


def test_html_is_escaped_and_marked() -> None:
    text = "<script>five</script> & stars"
    page = marked_html(text, [Evidence(8, 12, "five", "positive_request", 1.0)])
    assert page.startswith("&lt;script&gt;<mark ")
    assert page.endswith(">five</mark>&lt;/script&gt; &amp; stars")


def test_a_page_with_its_own_style_sheet_gets_classes() -> None:
    page = marked_html(TEXT, VERDICT.evidence, styled=False)
    assert '<mark title="positive_request" class="t-positive_request">five </mark>' in page
    assert 'class="t-positive_request also-incentive">stars</mark>' in page
    assert "style=" not in page


def test_a_notebook_shows_the_verdict_with_rule_and_advice() -> None:
    page = VERDICT._repr_html_()
    assert page == verdict_html(VERDICT)
    assert "<b>review-soliciting</b> (97%, profile amazon)" in page
    assert page.count("<mark ") == 3
    assert load_policy().types["incentive"].title in page
    assert (
        verdict_html(Verdict(None, None, None, error="<empty>"))
        == "<div><b>not scored</b>: &lt;empty&gt;</div>"
    )


PROVEN = replace(
    VERDICT,
    decisive=Proof((Quote(9, 14, "stars"),), 0.1),
    buyer=Proof((Quote(0, 8, "<so\x1bglad"),), 0.2),
    clear_because=("'review' <here>",),
)


def test_the_deciding_words_are_bold_and_named_and_the_buyers_too() -> None:
    assert "\x1b[1;4;33mstars" in shown(PROVEN, colour=True)
    page = shown(PROVEN, colour=False)
    assert "Enough to take out: “stars”, which leaves 10%\n" in page
    assert page.endswith(
        "The buyer had just said “<so\N{REPLACEMENT CHARACTER}glad”; without these words: 20%\n"
    )


def test_each_type_names_its_words() -> None:
    page = shown(VERDICT, colour=False)
    for item in VERDICT.types:
        (mark,) = (e for e in VERDICT.evidence if e.type == item.type)
        assert f"({item.type}, {item.probability:.0%})\n  Words: “{mark.text}”\n" in page


def test_a_notebook_shows_the_proof_and_the_reasons_escaped() -> None:
    page = verdict_html(PROVEN)
    assert "<b>stars</b></mark>" in page
    assert (
        "<li>The buyer had just said “&lt;so\N{REPLACEMENT CHARACTER}glad”; without these words: 20%</li>"
        in page
    )
    assert "<li>Clear: &#x27;review&#x27; &lt;here&gt;</li>" in page


def test_words_are_quoted_without_half_a_link() -> None:
    for text, shown in (
        ("Unhappy? [Tell us", "Unhappy? Tell us"),
        ("us](mailto:help@shop.example) so that", "us so that"),
        ("[Tell us](mailto:help@shop.example) so that", "[Tell us](mailto:help@shop.example) so that"),
    ):
        proof = Proof((Quote(0, len(text), text),), 0.1)
        (line,) = proof_lines(Verdict(None, "review-soliciting", 0.9, decisive=proof, text=text))
        assert line.startswith(f"Enough to take out: “{shown}”")
