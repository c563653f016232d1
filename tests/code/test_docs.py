"""The documents say what the code does: generated blocks are fresh, and no figure stands outside of one."""

import re
from pathlib import Path

import blocks
import docs
import pytest

ROOT = Path(__file__).parents[2]
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
HEADER = re.compile(r"\A---\n.*?^---\n", re.DOTALL | re.MULTILINE)
NOT_PROSE = re.compile(r"`[^`]*`|\]\([^)]*\)|^\s*\d+\. ", re.MULTILINE)
LINK = re.compile(r"\]\((?P<path>[^)#:\s]*)(?:#(?P<anchor>[^)\s]*))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LINKING = (
    *docs.DOCUMENTS,
    docs.CARD,
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "data" / "briefs").glob("README.md")),
)
NUMBER = re.compile(r"(?<![\w.-])\d[\d.,]*%?(?![\w-])")


@pytest.mark.parametrize("path", (*docs.DOCUMENTS, docs.CARD), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_block_is_fresh(path: Path) -> None:
    difference = "".join(docs.diff(path, docs.render(path)))
    assert not difference, f"run `python scripts/docs.py`:\n{difference}"


@pytest.mark.parametrize("path", docs.DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_number_stands_in_a_block(path: Path) -> None:
    prose = path.read_text("utf-8")
    for pattern in (HEADER, docs.BLOCK, FENCED, NOT_PROSE):
        prose = pattern.sub("", prose)
    assert not NUMBER.findall(prose)


@pytest.mark.parametrize("path", LINKING, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    for link in LINK.finditer(FENCED.sub("", path.read_text("utf-8"))):
        there = (path.parent / link["path"]).resolve() if link["path"] else path
        assert there.exists(), link[0]
        assert not link["anchor"] or link["anchor"] in anchors(there), link[0]


def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub names them in links."""
    titles = HEADING.findall(FENCED.sub("", page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_part_of_the_package_is_on_the_map() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## Where things are")[2]
    named = {Path(name).name for name in re.findall(r"`([^`]*)`", guide)}
    parts = [
        p for p in (ROOT / "src" / "reviewguard").iterdir() if p.suffix in ("", ".py") and p.name[0] != "_"
    ]
    assert {path.name for path in parts} <= named


def test_every_block_is_used() -> None:
    used = {m["name"] for path in (*docs.DOCUMENTS, docs.CARD) for m in docs.BLOCK.finditer(path.read_text())}
    assert used == set(docs.BLOCKS)


def test_a_stale_block_is_shown_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- begin exit-codes -->\nold\n<!-- end exit-codes -->\nafter\n")
    monkeypatch.setattr(docs, "DOCUMENTS", (page,))
    monkeypatch.setattr(docs, "CARD", page)
    monkeypatch.setattr(docs, "outdated_figures", list)
    assert docs.main(["--check"]) == 1
    assert "-old\n" in capsys.readouterr().out
    assert "old" in page.read_text()
    assert docs.main([]) == 0
    assert docs.main(["--check"]) == 0
    assert "| 3 | needs-review |" in page.read_text()
    assert page.read_text().startswith("before\n")


def test_figures_of_another_model_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    now = blocks.fingerprints()
    monkeypatch.setattr(blocks, "figures", lambda: {"sources": now})
    assert not docs.outdated_figures()
    monkeypatch.setattr(blocks, "figures", lambda: {"sources": now | {"model": "another"}})
    assert ["model" in problem for problem in docs.outdated_figures()] == [True]


@pytest.mark.parametrize(
    ("missing", "left"),
    [
        ("violations_called_compliant", ": AUROC 0.980, F1 0.900; none of the compliant messages called"),
        ("f1", ": AUROC 0.980; 1.5% of the violations called compliant, none of the compliant"),
        ("auroc", ": F1 0.900; 1.5% of the violations"),
    ],
)
def test_the_headline_leaves_out_what_is_not_measured(
    monkeypatch: pytest.MonkeyPatch, missing: str, left: str
) -> None:
    measured = {
        "auroc": 0.98,
        "f1": 0.9,
        "violations_called_compliant": 0.015,
        "compliant_called_soliciting": 0.0,
    }
    figures = {
        key: {"value": value} for key, value in (measured | {"needs_review": 0.1, missing: None}).items()
    }
    found = {"dev": {"counts": {"messages": 10, "violations": 5}, "figures": figures}}
    monkeypatch.setattr(blocks, "evaluation", lambda: found)
    said = blocks.headline() or ""
    assert left in said
    assert said.endswith(" 10.0% of all left to a person.")
    assert missing != "violations_called_compliant" or "the violations" not in said


def test_a_share_of_nothing_seen_is_given_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = {name: {"value": 0.5, "low": 0.4, "high": 0.6} for name in blocks.RESULTS}
    seen = {"counts": {"messages": 155, "violations": 44}, "figures": figures}
    none = {"value": 0.0, "low": 0.0, "high": 0.0}
    unseen = {"violations_called_compliant": none, "compliant_called_soliciting": none}
    found = {"test": seen, "dev": seen | {"figures": figures | unseen}}
    monkeypatch.setattr(blocks, "evaluation", lambda: found)
    said = blocks.headline() or ""
    # 1 - 0.05 ** (1 / 44), 1 - 0.05 ** (1 / 111)
    assert re.search(r"none of the violations called compliant[^;]*\(at most 6.6%", said)
    assert re.search(r"none of the compliant messages called review-soliciting[^;]*\(at most 2.7%", said)
    assert "exact bounds" in (blocks.results() or "")
    monkeypatch.setattr(blocks, "evaluation", lambda: {"test": seen})
    assert "exact bounds" not in (blocks.results() or "")


def test_blocks_without_figures_say_how_to_get_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(blocks, "figures", dict)
    monkeypatch.setattr(blocks, "evaluation", dict)
    for name in (
        "READINGS",
        "MODEL_TABLE",
        "LEARNING_CURVE",
        "VOCABULARY_GAP",
        "RETRAINING",
        "THROUGHPUT",
        "SCALING",
        "HARMLESS",
    ):
        monkeypatch.setattr(blocks, name, tmp_path / "none")
    measured = set(docs.BLOCKS) - {
        "requirements",
        "exit-codes",
        "types",
        "profiles",
        "error-kinds",
        "label-errors",
        "commands",
        "explanations",
        "explanations-peers",
        "explanations-plain",
        "explanations-short",
    }
    assert {name for name in docs.BLOCKS if docs.BLOCKS[name]() is None} == measured
