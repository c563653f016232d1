"""What lies in `notebooks/`: nothing but calls and words, without outputs, and the settings they begin with."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import notebooks
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from reviewguard.errors import ConfigError, InputError
from reviewguard.notebooks.settings import VARIABLE, NotebookSettings, notebook_settings, written_messages

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "notebooks").glob("*.ipynb"))
LOGIC = (
    ast.If, ast.IfExp, ast.For, ast.While, ast.Try, ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.ListComp,
    ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip
FIGURE = re.compile(r"(?<![\w.-])\d[\d.,]*%?(?![\w-])")


def test_there_are_three() -> None:
    assert [path.name for path in FILES] == [
        "01_messages.ipynb",
        "02_explanations.ipynb",
        "03_retraining.ipynb",
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_notebook_is_stripped(path: Path) -> None:
    notebook = notebooks.read(path)
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert not notebooks.strip(notebook), "run `python scripts/notebooks.py --strip`"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_cells_hold_no_logic(path: Path) -> None:
    cells = [cell.source for cell in notebooks.read(path).cells if cell.cell_type == "code"]
    trees = [ast.parse(re.sub(r"^%.*", "", cell, flags=re.MULTILINE)) for cell in cells]
    assert [ast.unparse(node) for tree in trees for node in ast.walk(tree) if isinstance(node, LOGIC)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_words_lead_and_quote_no_figure(path: Path) -> None:
    cells = notebooks.read(path).cells
    assert cells[0].source.startswith("# ")
    words = "\n".join(re.sub(r"`[^`]*`", "", cell.source) for cell in cells if cell.cell_type == "markdown")
    assert FIGURE.findall(words) == []


def test_outputs_are_found_and_taken_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cell = new_code_cell("1 + 1", execution_count=3, outputs=[new_output("stream", text="2")])
    path = tmp_path / "dirty.ipynb"
    notebooks.write(new_notebook(cells=[cell]), path)
    assert notebooks.main(["--check", str(path)]) == 1
    assert "--strip" in capsys.readouterr().out
    assert notebooks.main(["--strip", str(path)]) == 0
    (clean,) = notebooks.read(path).cells
    assert (clean.source, clean.outputs, clean.execution_count) == ("1 + 1", [], None)
    assert notebooks.main(["--check", str(path)]) == 0


def test_the_settings_name_what_is_there() -> None:
    settings = notebook_settings(ROOT / "notebooks" / "settings.toml")
    there = (settings.messages, settings.splits, settings.model, settings.export, settings.labels)
    assert all(path.exists() for path in there)
    assert settings.run is None


def test_settings_are_beside_the_notebook_or_where_the_variable_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [name for name in NotebookSettings.__slots__ if name != "run"]
    text = "\n".join(f'{name} = "{name}"' for name in names)
    (tmp_path / "settings.toml").write_text(text)
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    assert notebook_settings().messages == tmp_path / "messages"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "small.toml").write_text(text + '\nrun = "../run"')
    monkeypatch.setenv(VARIABLE, "other/small.toml")
    assert notebook_settings().messages == tmp_path / "other" / "messages"
    assert notebook_settings().run == tmp_path / "other" / ".." / "run"


@pytest.mark.parametrize(
    ("text", "wrong"), [("messages = 'a'", "data, export"), ("[", "cannot read"), ("typo = 1", "typo")]
)
def test_wrong_settings_are_named(tmp_path: Path, text: str, wrong: str) -> None:
    (tmp_path / "settings.toml").write_text(text)
    with pytest.raises(ConfigError, match=wrong):
        notebook_settings(tmp_path / "settings.toml")


def test_messages_that_cannot_be_read_are_counted_or_refused(tmp_path: Path) -> None:
    written = (ROOT / "data" / "messages" / "start-voices.jsonl").read_text("utf-8").splitlines()[:3]
    path = tmp_path / "own.jsonl"
    path.write_text("\n".join([*written, '{"text": "Left today", "types": []}']), "utf-8")
    found = written_messages(path)
    assert (len(found.messages), found.left_out) == (3, 1)
    path.write_text('{"text": "Left today", "types": []}', "utf-8")
    with pytest.raises(InputError, match="none of its 1 lines is a written message"):
        written_messages(path)


def test_settings_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="from its own folder"):
        notebook_settings(tmp_path / "settings.toml")
