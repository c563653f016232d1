"""The report in a real browser: filter, open a thread, follow a finding; no request, no error, any width, no script."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.audit_rows import audited, small_export, soliciting

from reviewguard.inference.report.folder import write_report

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium")
FIRST, SECOND = 0, 1


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit") / "out"
    write_report(audited(small_export()), folder, created=datetime(2025, 1, 7, tzinfo=UTC))
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, report: Path) -> Iterator[Page]:
    """The open report; fails the test if the page asks for anything or complains."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    asked: list[str] = []
    complaints: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(report.as_uri())
    yield opened
    context.close()
    assert {url for url in asked if not url.startswith("data:")} == {report.as_uri()}
    assert complaints == []


def shown(page: Page) -> list[str]:
    return page.locator("article.finding:visible h3").all_inner_texts()


def test_filters_narrow_the_findings_and_can_be_cleared(page: Page) -> None:
    everything = shown(page)
    assert len(everything) == 5
    page.get_by_label("Verdict").select_option("needs-review")
    assert shown(page) == ["To check: asks satisfied buyers, or steers unhappy ones away"]
    expect(page.locator("#shown")).to_have_text("1 of 5 shown")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#shown")).to_have_text("5 of 5 shown")
    assert shown(page) == everything
    page.get_by_label("Type").select_option("repeat_request")
    assert shown(page) == ["Asks the same order more than once"]
    page.get_by_label("Type").select_option("")
    page.get_by_label("Agent").select_option(label="Tobias")
    assert shown(page) == [everything[1], everything[2]]
    page.get_by_label("Words, order or ASIN").fill("delete the review")
    assert shown(page) == [everything[1]]
    page.get_by_label("Words, order or ASIN").fill("nothing of the kind")
    assert shown(page) == []
    expect(page.get_by_text("No finding fits these filters.")).to_be_visible()


def test_a_thread_opens_by_mouse_and_by_keyboard(page: Page) -> None:
    card = page.locator("article.finding").nth(SECOND)
    thread = card.locator("details.thread")
    assert not thread.get_by_text("ok, done").is_visible()
    thread.locator("summary").click()
    expect(thread.get_by_text("ok, done")).to_be_visible()
    thread.locator("summary").press("Enter")
    expect(thread.get_by_text("ok, done")).to_be_hidden()


def test_a_finding_can_be_followed_even_while_it_is_filtered_out(page: Page) -> None:
    card = page.locator("article.finding").nth(SECOND)
    name = card.get_attribute("id")
    page.get_by_label("Verdict").select_option("needs-review")
    expect(card).to_be_hidden()
    page.evaluate(f"location.hash = '{name}'")
    expect(card).to_be_visible()
    expect(card).to_be_focused()
    expect(card).to_be_in_viewport()
    page.locator("article.finding").nth(FIRST).get_by_role("link", name="Link to finding 1").click()
    assert page.url.endswith(f"#{page.locator('article.finding').nth(FIRST).get_attribute('id')}")


def test_the_first_tab_skips_to_the_findings(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the findings")).to_be_focused()
    expect(page.get_by_text("Skip to the findings")).to_be_in_viewport()


def test_marks_are_visible_whatever_the_scheme(page: Page) -> None:
    mark = page.locator("article.finding mark").first
    expect(mark).to_have_text("Leave us five stars and we send a $10 gift card")
    looks = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        look = mark.evaluate(
            "m => [getComputedStyle(m).backgroundColor, getComputedStyle(m).textDecorationLine]"
        )
        assert look[1] == "underline"
        looks.add(look[0])
    assert len(looks) == 2
    page.emulate_media(media="print")
    assert int(mark.evaluate("m => getComputedStyle(m).fontWeight")) >= 600


def test_the_facts_are_copied_or_selected(page: Page) -> None:
    page.get_by_role("button", name="Copy as plain text").click()
    expect(page.locator("#copied")).not_to_be_empty()
    assert "TEMPLATES TO WITHDRAW" in page.locator("#facts-text").inner_text()


def test_findings_in_short_are_filtered_too(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reviewguard.inference.report.page.IN_FULL", 1)
    write_report(audited(small_export()), tmp_path / "out", created=datetime(2025, 1, 7, tzinfo=UTC))
    page = browser.new_page()
    page.goto((tmp_path / "out" / "report.html").as_uri())
    rows = page.locator("table.short tbody tr:visible")
    assert rows.count() == 4
    page.get_by_label("Type").select_option("repeat_request")
    expect(page.locator("#shown")).to_have_text("1 of 5 shown")
    assert "more than once" in rows.inner_text()
    page.get_by_role("button", name="Clear").click()
    page.get_by_label("Words, order or ASIN").fill("999-3333333-3333333")
    expect(page.locator("#shown")).to_have_text("1 of 5 shown")
    assert shown(page) == []
    name = page.locator("table.short tr[hidden]").first.get_attribute("id")
    page.evaluate(f"location.hash = '{name}'")
    expect(page.locator(f"[id='{name}']")).to_be_in_viewport()
    page.close()


def test_a_long_agents_name_is_not_wider_than_the_window(browser: Browser, tmp_path: Path) -> None:
    rows = [soliciting(1, "Five stars for a mug?", agent="A" * 120)]
    write_report(audited(rows), tmp_path / "out", created=datetime(2025, 1, 7, tzinfo=UTC))
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto((tmp_path / "out" / "report.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


_CONTRAST = """field => {
  const style = getComputedStyle(field);
  const [edge, inside] = [style.borderTopColor, style.backgroundColor].map((colour) => {
    const parts = colour.match(/[0-9]+/g).slice(0, 3).map((n) => n / 255);
    const [r, g, b] = parts.map((p) => (p <= 0.04045 ? p / 12.92 : ((p + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  });
  return Math.max(edge, inside) / Math.min(edge, inside);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fields_have_an_edge_that_can_be_seen(page: Page, scheme: Literal["light", "dark"]) -> None:
    """WCAG 2.2, 1.4.11: three to one."""
    page.emulate_media(color_scheme=scheme)
    assert page.locator("#by-text").evaluate(_CONTRAST) >= 3


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_window(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_print_shows_the_threads_without_a_click(page: Page) -> None:
    page.emulate_media(media="print")
    thread = page.locator("details.thread .words").filter(has_text="ok, done").first
    assert thread.evaluate("e => e.checkVisibility({contentVisibilityAuto: true})")
    assert page.locator("form.filters").evaluate("f => getComputedStyle(f).display") == "none"
    assert len(page.pdf(format="A4")) > 10_000


def test_without_scripts_everything_is_there_but_the_filters(browser: Browser, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    assert len(shown(page)) == 5
    assert not page.locator("form.filters").is_visible()
    assert not page.locator("#copy").is_visible()
    page.locator("details.thread summary").first.click()
    assert page.locator("details.thread").first.get_attribute("open") is not None
    context.close()
