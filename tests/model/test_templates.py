from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import cast

import pytest
import yaml
from identify.identify import tags_from_filename

from reviewguard import Classifier
from reviewguard.errors import InputError
from reviewguard.inference.template_text import TemplateText, read_template, visible
from reviewguard.inference.templates import (
    MAX_BYTES,
    CheckedTemplate,
    _checked,
    _judged,
    check_template,
    check_templates,
)
from reviewguard.schema import Evidence, Proof, Quote, TypeScore, Verdict

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "data" / "examples" / "templates"
ASK = "Leave us 5 stars and get a gift card."


def check(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reviewguard", "check", *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=cwd,
        check=False,
    )


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("{% if love %}Hi{% endif %} {{ name }}", "Hi {{ name }}"),
        ("{# five stars #}Hi {{name}}", "Hi {{name}}"),
        ("{{#if vip}}Hi{{else}}Bye{{/if}} {{> footer}}%FIRST%", "Hi Bye %FIRST%"),
        ("<!-- ask for\nstars -->Hi ${name} <%= x %><% end %>", "Hi ${name} <%= x %>"),
        ("{% comment %}never ask for {{ x }} stars{%- endcomment -%}{% if a %}Hi", "Hi"),
        ("{{!-- never {{stars}} --}}Hi {{! five stars }}", "Hi"),
        ("{{~#if vip~}}Hi{{else if stars}}Bye{{~else~}}Yo{{~/if~}} {{elsewhere}}", "Hi Bye Yo {{elsewhere}}"),
        ("{{~! five stars }}Hi{{~!-- {{stars}} --~}}", "Hi"),
        ("{% comment 'why' %}stars{% endcomment %}Hi{% comment %}stars{% endcomment %}", "Hi"),
        ("{% comment %}" + "five stars " * 1000 + "{% endcomment %}Hi", "Hi"),
        ("<!--[if !mso]><!-- -->Hi<!--<![endif]-->", "Hi"),
        ("{% comment %} {# a {# b #} <% {{! c", "{# a <% {{! c"),
        ("{{- /* five {{stars}} */ -}}Hi{{/* stars */}}{{-!-- {{stars}} --}}", "Hi"),
        (
            "<#-- five ${stars}\n--> Hi {* five stars *} @* five stars *@",
            "Hi {* five stars *} @* five stars *@",
        ),
        ("<!-- five {# <!-- stars #} --> {# x #} <!-- <#-- {% if stars %}Hi", "<!-- <#-- Hi"),
        ("<%# five stars %>Hi <% if stars %><%- end -%>", "Hi"),
        ("{%+ comment %}five stars{%~ endcomment +%} Hi *|NAME|* and @*|NAME|*", "Hi *|NAME|* and @*|NAME|*"),
        ("---\nname: five stars\ntags:\n- stars\n  # stars\n\n# stars\n---\nHi [name]", "Hi [name]"),
        ("---\r\nSubject: your parcel\r\nid: stars\r\n--- \r\nHi [name]", "your parcel Hi [name]"),
        ("---\nid: stars\nbody: >\n  Hi Ana,\n  bye\nlang: en\n---", "> Hi Ana, bye"),
        (f"---\nbody:\n- {ASK}\ntags:\n- stars\n---\nBye", f"- {ASK} Bye"),
        (f"---\nnote: |\n  ask\n\n  stars\ntext: |\n  One\n\n  {ASK}\n---\nBye", f"| One {ASK} Bye"),
        (f'{{% trans "{ASK}" %}}{{% load i18n %}}', ASK),
        (f'{{%- assign cta = "{ASK}" -%}}{{{{ cta }}}}', f"{ASK} {{{{ cta }}}}"),
        (
            f'{{% set a = \'{ASK}\' %}}{{% set b = "It\'s \\"five\\" stars" %}}',
            f'{ASK} It\'s \\"five\\" stars',
        ),
        (f'{{% include "a/button.txt" with label="{ASK}" %}}', ASK),
        (f'{{{{> cta text="{ASK}" link="/us"}}}}{{{{#> page title="Rate us"}}}}Hi', f"{ASK} Rate us Hi"),
        ('{% if mood == "very happy" %}Hi{% elseif a == "five stars" %}{% when "five stars" %}', "Hi"),
        ('{% comment "five stars" %}{%- # "five stars" %}{#"five stars"#}{% now "jS F Y" %}Hi', "Hi"),
        (f"---\nHi Ana,\n{ASK}\n---\nBye", f"--- Hi Ana, {ASK} --- Bye"),
        (f"---\nid: a\n{ASK}\n---\nBye", f"--- id: a {ASK} --- Bye"),
        (f"---\nImportant: {ASK}\n---\nBye", f"--- Important: {ASK} --- Bye"),
        (f"---\n- {ASK}\n---\nBye", f"--- - {ASK} --- Bye"),
    ],
)
def test_control_tags_are_blanked_and_every_character_keeps_its_place(text: str, read: str) -> None:
    seen = visible(text)
    assert " ".join(seen.split()) == read
    assert len(seen) == len(text)
    assert all(a in (b, " ") for a, b in zip(seen, text, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "{% " * 300_000,
        "{{> " * 200_000,
        '{% x "' + '\\"' * 300_000 + "%}",
        '{% x "' + "- " * 300_000 + '"%}',
        "{% comment " * 90_000,
        "{# " * 300_000,
        "<% " * 300_000,
        "{{! " * 250_000,
        "{{!-- " * 160_000,
        "{{/* " * 200_000,
        "<!-- " * 100_000,
        "Hi --> <#--" * 100_000,
        "<%" + " " * 300_000,
        '<p><a href="<%=' + " %>" * 200_000,
        "<p>" + "<a " * 200_000,
        "<p>" + "<style>" * 100_000,
        "{% if " + "a." * 300_000,
    ],
)
def test_tags_without_an_end_take_no_quadratic_time(text: str) -> None:
    began = process_time()
    template = read_template(text)
    assert (len(template.seen), template.on_mood) == (len(text), False)
    assert process_time() - began < 15


def test_front_matter_without_an_end_is_told_at_once() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from reviewguard.inference.template_text import visible\n"
            "text = '---\\n' + 'subject: a\\nTitle: b\\n' * 40 + 'Hello'\n"
            "assert visible(text) == text",
        ],
        timeout=60,
        check=False,
    )
    assert done.returncode == 0


def test_marks_lie_on_the_files_own_text(shipped: Classifier, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text(f"{{# internal #}}\nHi {{{{name}}}},\n\n{ASK}\n", "utf-8")
    (item,) = check_templates(shipped, [file])
    assert item.verdict.verdict == "review-soliciting"
    assert item.line == 4
    assert item.verdict.evidence
    assert all(item.verdict.text[e.start : e.end] == e.text for e in item.verdict.evidence)


def test_what_is_not_read_is_neither_marked_nor_named(shipped: Classifier, tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text(f"---\nname: ask\nSubject: {ASK[:-1]}\nlang: en\n---\nYour lamp ships.\n", "utf-8")
    (item,) = check_templates(shipped, [file])
    assert item.line == 3
    assert item.verdict.evidence
    assert not any("lang" in e.text or "---" in e.text for e in item.verdict.evidence)


def checked(text: str, verdict: Verdict) -> CheckedTemplate:
    template = TemplateText(text, text, visible(text))
    return _checked(Path("a.txt"), template, _judged(template, verdict))


def test_tags_cut_marks_and_deciding_words_and_these_are_the_files_own() -> None:
    text = "Leave us five{# a #} stars and {% if a %}get{% endif %} a gift card."
    words = [(0, 26), (31, len(text) - 1)]
    verdict = Verdict(
        None,
        "review-soliciting",
        0.9,
        evidence=tuple(Evidence(a, b, visible(text)[a:b], "incentive", 0.5) for a, b in words),
        decisive=Proof((Quote(9, 26, visible(text)[9:26]),), 0.1),
    )
    item = checked(text, verdict)
    assert [e.text for e in item.verdict.evidence] == ["Leave us five", "stars", "get", "a gift card"]
    assert sum(e.weight for e in item.verdict.evidence) == pytest.approx(1, abs=0.001)
    assert item.verdict.decisive is not None
    assert [q.text for q in item.verdict.decisive.words] == ["five", "stars"]


@pytest.mark.parametrize(
    "text",
    [
        f'{{% trans "{ASK}" %}}',
        f'{{{{> cta text="{ASK}"}}}}',
        f'Hi,\n{{% set cta = "{ASK}" %}}\n{{{{ cta }}}}',
    ],
)
def test_an_ask_that_a_tag_is_given_is_read(shipped: Classifier, tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text(text, "utf-8")
    (item,) = check_templates(shipped, [tmp_path / "a.txt"])
    assert item.verdict.verdict == "review-soliciting"
    assert item.line == text[: text.index(ASK)].count("\n") + 1
    assert all(e.text in ASK for e in item.verdict.evidence)


def test_the_line_is_of_words_that_break_a_rule() -> None:
    text = "Please leave a review.\nYou get a gift card for five stars.\n"
    words = ((0, 21, "neutral_request", 0.9), (23, 56, "incentive", 0.4))
    verdict = Verdict(
        None,
        "review-soliciting",
        0.9,
        types=(TypeScore("neutral_request", 0.9), TypeScore("incentive", 0.8)),
        evidence=tuple(Evidence(a, b, text[a:b], kind, weight) for a, b, kind, weight in words),
    )
    assert checked(text, verdict).line == 2
    permitted = replace(verdict, types=verdict.types[:1])
    assert checked(text, permitted).line == 1


def test_an_ask_between_two_rules_is_read(shipped: Classifier, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text(f"---\nHi Ana,\n{ASK}\n---\nYour parcel left today.\n", "utf-8")
    (item,) = check_templates(shipped, [file])
    assert (item.verdict.verdict, item.line) == ("review-soliciting", 3)


def test_offsets_count_the_files_own_line_ends(shipped: Classifier, tmp_path: Path) -> None:
    text = f"---\r\nid: a\r\n---\r\nHi Ana,\r\n\r\n{ASK}\r\n"
    file = tmp_path / "a.txt"
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    (item,) = check_templates(shipped, [file])
    assert item.line == 6
    assert item.verdict.evidence
    assert all(text[e.start : e.end] == e.text for e in item.verdict.evidence)


def test_a_file_that_is_no_template_is_named_and_the_others_are_judged(
    shipped: Classifier, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "b.html").write_text(f"<style>p {{color: red}}</style><p>{ASK}</p>", "utf-8")
    (tmp_path / "c.txt").write_text("x" * (MAX_BYTES + 1), "utf-8")
    bad, page, big = check_templates(shipped, sorted(tmp_path.iterdir()))
    assert "UTF-8" in (bad.verdict.error or "")
    assert page.verdict.verdict == "review-soliciting"
    assert "color" not in page.verdict.text
    assert "reviewguard score" in (big.verdict.error or "")


def test_a_template_of_html_is_read_as_html(shipped: Classifier, tmp_path: Path) -> None:
    file = tmp_path / "a.html.j2"
    file.write_text(f"<style>.five-stars {{color: red}}</style><p>{ASK} {{{{ name }}}}</p>", "utf-8")
    (item,) = check_templates(shipped, [file])
    assert item.verdict.text == f"{ASK} {{{{ name }}}}"


PAGE = """<html><head><title>Order</title><style>.five-stars {{color: red}}</style></head>
<body class="five-stars"><p>Hi <b>Ana</b>,</p>
<!-- Leave us a good review. -->
<p>{words}</p></body></html>
"""
MAIL = """<mjml><mj-head><mj-title>Order</mj-title><mj-style inline="inline">.stars {{color: red}}</mj-style></mj-head>
<mj-body><mj-column><mj-image src="a.png" alt="Lumen" /><mj-text font-size="16px">Hi <b>Ana</b>,</mj-text>
<mj-raw><!-- Leave us a good review. --></mj-raw>
<mj-text>{words}</mj-text><mj-button href="{{{{url}}}}">Track it</mj-button></mj-column></mj-body></mjml>
"""


@pytest.mark.parametrize("source", [PAGE, MAIL])
@pytest.mark.parametrize("name", ["a.liquid", "a.mjml", "a.html"])
def test_html_is_told_by_content_and_has_lines_and_the_text_that_offsets_count_in(
    shipped: Classifier, tmp_path: Path, source: str, name: str
) -> None:
    bad, fine = tmp_path / "bad" / name, tmp_path / "fine" / name
    for file, words in (
        (bad, "Leave us <b>5&nbsp;stars</b> and get a gift card."),
        (fine, "Your lamp ships."),
    ):
        file.parent.mkdir()
        file.write_text(source.format(words=words), "utf-8")
    found, clear = check_templates(shipped, [bad, fine])
    assert (found.verdict.verdict, found.line, clear.verdict.verdict) == ("review-soliciting", 4, "compliant")
    assert found.text is not None
    assert all(found.text[e.start : e.end] == e.text for e in found.verdict.evidence)
    assert found.text.startswith("Order\n")
    assert not any(word in found.text for word in ("color", "font", "<", "good"))
    said = json.loads(check("--file", str(bad), "--json").stdout)
    assert (said["text"], said["line"]) == (found.text, 4)


@pytest.mark.parametrize(
    "source",
    [
        f"Dear <title> <surname>,\n<b>Thanks for your order</b>. {ASK}",
        f'<?php if ($x) {{ echo "{ASK}"; }} ?>\n<p>Hi <b>Ana</b></p>',
        f"<html><head><title>{ASK}</title></head><body><p>Hi</p></body></html>",
        f"<title>{ASK}<br><p>Hi</p>",
        f'<p>Hi</p><Preview text="{ASK}"/><p>x</p>',
        f'<p>Hi</p><Button title="{ASK}"/>',
        f'<p>Hi</p><input type="submit" value="{ASK}">',
        f'{{"a": "<title>Order", "b": "{ASK}<br>"}}',
        f'const a = i<b && c > d; const e = "{ASK}";',
        f'<p>Hi</p><script>const a = "{ASK}"</script>',
        f"<p>Hi</p><style>p {ASK}",
        f"<p>Hi</p><!-- {ASK}",
        f"<p>Hi</p><!doctype {ASK}><br>",
        f'<p>Hi</p><a href="x>{ASK}</p>',
        f"<p>Hi</p><a {ASK[:-1]}>",
        f"<p>Hi</p><textarea>{ASK}<br>",
    ],
)
def test_what_is_read_as_html_loses_no_words(source: str) -> None:
    assert ASK[:-1] in " ".join(read_template(source).seen.split())


def test_html_is_what_begins_with_a_tag_behind_front_matter_and_control_tags() -> None:
    page = (
        '<!DOCTYPE html PUBLIC "-//W3C//DTD" "http://x">\n<BODY {{ attrs }} class="<%= a %>"><p>Hi<br/></p>'
    )
    before = '---\nid: a\nsubject: Your order\n---\n{% assign a = "Your parcel" %}\n<?xml version="1.0"?>\n'
    assert read_template(before + page).seen == "Your order Your parcel\n\nHi"
    for text in (f"Hi,\n{page}", f"Hi <b>Ana</b>,\n{ASK}", "<name>,\nHi <b>Ana</b>"):
        assert read_template(text).text == text


def test_the_line_in_html_is_that_of_the_same_words_again() -> None:
    source = "<p>By bus 5 stars.</p>\n<p>Give us 5 stars.</p>\n<p>Give us 5 stars.</p>\n<p>A <b>gif</b>t</p>"
    text = "By bus 5 stars.\n\nGive us 5 stars.\n\nGive us 5 stars.\n\nA gift"
    template = TemplateText(source, text, text)
    first = text.index("us 5 stars", 8)
    second = text.index("us 5 stars", first + 1)
    assert [template.line(at, at + len("us 5 stars")) for at in (first, second)] == [2, 3]
    assert template.line(text.index("gift"), len(text)) is None
    attribute = TemplateText('<p class="gift">A</p>\n<p>gift</p>', "A\n\ngift", "A\n\ngift")
    assert attribute.line(3, 7) is None


@pytest.mark.parametrize(
    ("phrase", "line"),
    [
        ("us 5 stars", 2),
        ("5 stars [here](https://a.example/b)", 2),
        ("a gift we offer", 3),
        ("Track it]", None),
    ],
)
def test_words_of_html_are_found_in_its_lines(phrase: str, line: int | None) -> None:
    source = "<p>Hi,</p>\n<p>us <i class='a'>5&nbsp;stars</i> <a href='b'>here</a> &ndash;</p>\n<p>a gift\nwe offer</p>"
    template = TemplateText(source, phrase, phrase)
    assert template.line(0, len(phrase)) == line


def test_a_template_held_as_text_is_judged_as_its_file_is(shipped: Classifier, tmp_path: Path) -> None:
    text = f"Hi {{{{ name }}}},\n{{# {ASK} #}}\nyour parcel left our warehouse today.\n"
    assert check_template(shipped, text).verdict == "compliant"
    source = text.replace("{# ", "").replace(" #}", "")
    (tmp_path / "a.txt").write_text(source, "utf-8")
    (item,) = check_templates(shipped, [tmp_path / "a.txt"])
    assert replace(item.verdict, id=None) == check_template(shipped, source, proof=True)
    assert item.text is None
    asks = "{{#if isHappy}}Please leave us a review on Amazon.{{/if}}"
    assert check_template(shipped, asks).verdict == "needs-review"
    assert check_template(shipped, "<section>Hi</section>", markup=True).text == "Hi"
    assert "empty" in (check_template(shipped, "{% if a %}{% endif %}").error or "")
    with pytest.raises(InputError, match="the template is of type bytes"):
        check_template(shipped, cast(str, b"Hi"))


def test_the_examples_by_the_command_of_the_manual() -> None:
    done = check("--file", *map(str, sorted(EXAMPLES.glob("*.txt"))))
    assert done.returncode == 1, done.stderr
    assert "follow_up.txt:5:" in done.stdout
    assert "shipped.txt: compliant" in done.stdout


def test_json_has_a_line_a_file_and_a_folder_is_searched() -> None:
    done = check("--file", str(EXAMPLES), "--json")
    said = {Path(v["id"]).name: v for v in map(json.loads, done.stdout.splitlines())}
    assert said.keys() == {p.name for p in EXAMPLES.iterdir()}
    assert (said["follow_up.txt"]["verdict"], said["follow_up.txt"]["line"]) == ("review-soliciting", 5)
    assert (said["shipped.txt"]["line"], said["shipped.txt"]["left_out"]) == (None, False)
    assert said["follow_up.txt"]["text"] is None


def test_exit_codes_of_files(tmp_path: Path) -> None:
    assert check("--file", str(EXAMPLES / "shipped.txt")).returncode == 0
    assert check("--file").returncode == 2
    assert check("--file", str(tmp_path / "none.txt")).returncode == 2
    (tmp_path / "empty.txt").write_text("", "utf-8")
    assert check("--file", str(tmp_path / "empty.txt"), str(EXAMPLES / "shipped.txt")).returncode == 0
    foreign = tmp_path / "de.txt"
    foreign.write_text("Guten Tag, Ihre Lampe ist heute abgeschickt worden und kommt am Montag an.", "utf-8")
    assert check("--file", str(foreign)).returncode == 3
    assert check("--file", str(foreign), "--fail-on", "review-soliciting").returncode == 0
    assert check("--file", str(foreign), str(EXAMPLES / "follow_up.txt")).returncode == 1


@pytest.mark.parametrize(
    "replies", [("one reply", "another"), (str(EXAMPLES / "shipped.txt"),), (str(EXAMPLES),)]
)
def test_files_and_several_replies_without_file_are_refused(replies: tuple[str, ...]) -> None:
    done = check(*replies)
    assert done.returncode == 2
    assert "use --file" in done.stderr


def test_the_hook_refuses_a_template_that_asks_and_lets_the_others_pass(tmp_path: Path) -> None:
    """Runs the entry of `.pre-commit-hooks.yaml` as pre-commit would: with the changed files behind it."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    program, command, *options = hook["entry"].split()
    assert (program, command) == ("reviewguard", "check")
    shutil.copytree(EXAMPLES, tmp_path / "templates")
    refused = check(*options, "templates/shipped.txt", "templates/follow_up.txt", cwd=tmp_path)
    assert refused.returncode == 1
    assert check(*options, "templates/shipped.txt", "templates/delivered.txt", cwd=tmp_path).returncode == 0
    locale = tmp_path / "en.yml"
    locale.write_text(
        f'en:\n  shipped:\n    subject: "Your order has shipped"\n    review: "{ASK}"\n', "utf-8"
    )
    assert check(*options, str(locale)).returncode == 1
    for name in ("en.yml", "package-lock.json"):  # of many messages or of none: read if the user names them
        assert set(hook["exclude_types"]) & tags_from_filename(name)
    (tmp_path / "de.txt").write_text("Guten Tag, Ihre Lampe ist heute abgeschickt worden.", "utf-8")
    assert check(*options, "de.txt", cwd=tmp_path).returncode == 0
    assert hook["verbose"]  # a doubt passes, and is shown
    assert check(*options, "--fail-on", "needs-review", "de.txt", cwd=tmp_path).returncode == 3


def test_a_closed_standard_input_is_no_message() -> None:
    command = f"{sys.executable} -m reviewguard check - <&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, "no message" in done.stderr) == (2, True)


def test_files_without_words_and_images_in_a_folder_are_named_and_do_not_fail(tmp_path: Path) -> None:
    (tmp_path / "base.txt").write_text('{% extends "base.html" %}\n', "utf-8")
    (tmp_path / "frame.md").write_text("--\n{{> agent}}\n_____\n\u200b", "utf-8")
    image = tmp_path / "logo.png"
    image.write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff")
    (tmp_path / "ok.txt").write_text("Your lamp ships today.", "utf-8")
    done = check("--file", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "base.txt: nothing to read\n" in done.stdout
    assert "frame.md: nothing to read\n" in done.stdout
    assert "logo.png: left out, no text\n" in done.stdout
    assert check("--file", str(image)).returncode == 2
    (tmp_path / "ok.txt").write_text("Your lamp ships today.", "utf-16")
    assert check("--file", str(tmp_path)).returncode == 2


@pytest.mark.parametrize("name", ["a.txt", "a.html"])
def test_an_ask_under_a_condition_on_the_buyers_mood_is_for_a_person(
    shipped: Classifier, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_text("{% if rating >= 4 %}Please leave us a review on Amazon.{% endif %}", "utf-8")
    (checked,) = check_templates(shipped, [path])
    assert checked.verdict.verdict == "needs-review"
    assert any("a condition of the template" in reason for reason in checked.verdict.reasons)


@pytest.mark.parametrize(
    "condition",
    [
        *(
            "{{#if isHappy}}",
            "{{#if customerHappy}}",
            "{{#if is_happy}}",
            "{{#happy}}",
            "{{#if (gte rating 4)}}",
        ),
        *(
            "{{#if starRating}}",
            "{{#if customerRating}}",
            "{{#if avgScore}}",
            "{{~#if NPS}}",
            "{{else  if happy}}",
        ),
        *("{{#unless unhappy}}", "{{^complaint}}", "{{#if review.good}}", "{{#if liked}}", "{{if .IsHappy}}"),
        *("{% if not complained %}", "{% if customer.isHappy %}", "{%+ if happy %}", "{%~ elseif happy %}"),
        *('{%- if feedback == "good" -%}', "{% unless negative_feedback %}", "{{- if gt .Score 8 -}}"),
        *("<% if isPositive %>", "<%_ if (happy) { _%>", "<% } else if (user.rating > 3) { %>"),
        *("{{#if cSat}}", '{% case mood %}{% when "happy" %}', "{% else if happy %}", "{{#if avgNPSScore}}"),
        *(
            '{% if feedback contains "very good" %}',
            "{{#if customer.isDissatisfied}}",
            "{{#if order.hasComplaint}}",
        ),
        *("{% if topic == 'complaint' %}", "{{#if review.star}}", "<!-- {% if happy %} -->"),
    ],
)
def test_a_condition_on_the_mood_is_known_in_any_spelling(condition: str) -> None:
    assert read_template(f"Hi\n{condition} Please leave a review.").on_mood


@pytest.mark.parametrize(
    "condition",
    [
        *("{{#if startDate}}", "{{#if operating}}", "{{#each starters}}", "{{if .HasTracking}}", "{{happy}}"),
        *("{% if scoreboard %}", "{% if restart %}", "{% if order.goodsReceived %}", "{% set rating = 5 %}"),
        *("<%= rating %>", "{% if a %}Rate us with a good score{% endif %}", "{{#if (eq unit 'badge')}}"),
        *('{% if item.condition == "Used - Good" %}', '{% if review_url %}{% if condition == "Good" %}'),
        *(
            "{{#if fraudScore}}",
            "{{#if balance.negative}}",
            "{% if positive_balance %}",
            "{{#if gift.forLovedOne}}",
        ),
        *(
            '{% if "bad_address" in order.tags %}',
            "{% if customer.liked_products %}",
            "{% if promoteReviews %}",
        ),
        *("{{#if order.hasComplaintForm}}", "{% if shop.star_seller %}", "{{#if product.moodLight}}"),
        *("{{#each stars}}", "{# {% if happy %} #}", "{{!-- {{#if happy}} --}}", "<%# if happy %>"),
        "{% comment %}{% if happy %}{% endcomment %}",
    ],
)
def test_other_words_are_no_mood(condition: str) -> None:
    assert not read_template(f"Hi\n{condition} Please leave a review.").on_mood


@pytest.mark.parametrize(
    ("condition", "profile"),
    [
        ("order.express", "amazon"),
        ("hours.operating", "amazon"),
        ("feedback_url", "amazon"),
        ("rating >= 4", "ftc"),
    ],
)
def test_other_conditions_and_rules_make_no_doubt(
    shipped: Classifier, tmp_path: Path, condition: str, profile: str
) -> None:
    path = tmp_path / "a.txt"
    path.write_text(f"{{% if {condition} %}}Please leave us a review on Amazon.{{% endif %}}", "utf-8")
    (checked,) = check_templates(shipped, [path], profile=profile)
    assert not any("a condition of the template" in reason for reason in checked.verdict.reasons)


def test_an_html_comment_of_nothing_swallows_no_words() -> None:
    assert "5 stars" in visible("<!--><p>Leave us 5 stars.</p><!-- a note -->")
    assert "a note" not in visible("<!--><p>Leave us 5 stars.</p><!-- a note -->")
