"""`reviewguard drift` from the command line, with the tiny model."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from tests.conftest import ROOT
from typer.testing import CliRunner, Result

from reviewguard.cli import app
from reviewguard.curation.storage import load_splits
from reviewguard.errors import InputError, ModelError
from reviewguard.files import read_jsonl
from reviewguard.inference.drift import read_reference, write_reference
from reviewguard.inference.model_folder import load
from reviewguard.schema import Message

OTHER = "El hervidor ya salió de nuestro almacén, gracias por su compra número {}, señora cliente {}"


def write_export(path: Path, texts: list[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "sender", "body"])
        writer.writerows([i, "seller", text] for i, text in enumerate(texts))
    return path


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two exports alike, which share messages as those of two months do, one in Spanish, and one of a few messages."""
    folder = tmp_path_factory.mktemp("exports")
    rows = read_jsonl(ROOT / "data" / "messages" / "start-voices.jsonl")
    texts = list(dict.fromkeys(row["text"] for _, row in rows))[:160]
    spanish = [OTHER.format(chr(97 + i % 26) * 3, chr(97 + i // 26) * 4) for i in range(70)]
    return {
        "old": write_export(folder / "old.csv", texts[:120]),
        "new": write_export(folder / "new.csv", texts[40:]),
        "spanish": write_export(folder / "spanish.csv", spanish),
        "few": write_export(folder / "few.csv", texts[:5]),
        "none": write_export(folder / "none.csv", ["", " "]),
    }


def drift(model: Path, *arguments: object) -> Result:
    return CliRunner().invoke(app, ["drift", *map(str, arguments), "--model", str(model), "--workers", "1"])


def test_two_exports_alike_do_not_drift(exports: dict[str, Path], tiny_model_dir: Path) -> None:
    result = drift(tiny_model_dir, exports["new"], "--against", exports["old"], "--fail-on-drift")
    assert result.exit_code == 0, result.output
    assert "Nothing moved" in result.output
    assert "old.csv" in result.output
    assert "p is that of KS, of shares that of a z-test" in " ".join(result.output.split())
    assert "not mail" not in result.output


def test_other_messages_drift(exports: dict[str, Path], tiny_model_dir: Path) -> None:
    arguments = (exports["spanish"], "--against", exports["old"], "--json")
    result = drift(tiny_model_dir, *arguments)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    moved = {m["measure"]: m for m in found["movements"] if m["moved"]}
    assert {"unknown", "language"} <= moved.keys()
    assert moved["language"]["after"] > 0.9
    assert found["moved"]
    assert "hervidor" not in result.stdout
    assert drift(tiny_model_dir, *arguments, "--fail-on-drift").exit_code == 1


def test_the_models_own_reference_is_compared_with_and_said_not_to_be_mail(
    exports: dict[str, Path], tiny_model_dir: Path, tiny_data_dir: Path
) -> None:
    result = drift(tiny_model_dir, exports["few"])
    assert result.exit_code == 0, result.output
    assert "not mail" in result.output
    assert "the reference of reviewguard-tiny" in result.output
    assert "Too few messages to tell" in result.output
    reference = (tiny_model_dir / "reference.json").read_text("utf-8")
    validation = load_splits(tiny_data_dir)["validation"]
    counts = json.loads(reference)["profiles"]
    assert counts.keys() == {"amazon", "strict", "ftc"}
    assert counts["strict"]["messages"] == len(validation)
    assert not any(word in reference for m in validation for word in m.text.split() if len(word) > 10)


def test_a_reference_is_measured_with_the_tokenizer_of_the_model_that_judged_it(
    tiny_model_dir: Path, tmp_path: Path
) -> None:
    classifier = load(tiny_model_dir)
    messages = [Message(OTHER.format(name, name)) for name in ("Ana", "Eva")]
    write_reference(classifier, messages, tmp_path)  # which holds no tokenizer
    assert read_reference(tmp_path, classifier.settings, "amazon").texts == 2


def test_a_model_without_a_reference_is_refused_before_anything_is_read(
    exports: dict[str, Path], tiny_model_dir: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old"
    shutil.copytree(tiny_model_dir, old)
    (old / "reference.json").unlink()
    refused = drift(old, tmp_path / "nowhere.csv")
    assert isinstance(refused.exception, ModelError)
    assert "--against" in str(refused.exception)
    assert drift(old, exports["few"], "--against", exports["old"]).exit_code == 0


def test_rows_that_cannot_be_read_are_counted(
    exports: dict[str, Path], tiny_model_dir: Path, tmp_path: Path
) -> None:
    torn = tmp_path / "torn.jsonl"
    torn.write_text('{"text": "Your kettle left today."}\n{"text": "Your k\n[1]\n')
    arguments = (torn, "--against", exports["old"], "--json")
    notes = json.loads(drift(tiny_model_dir, *arguments).stdout)["notes"]
    assert any(note.startswith(f"{torn}: 2 rows could not be read and were left out") for note in notes)
    assert any("old.csv: All 120 messages were taken for the seller's" in note for note in notes)


def test_what_is_to_say_of_an_export_held_against_itself_is_said_once(
    exports: dict[str, Path], tiny_model_dir: Path
) -> None:
    arguments = (exports["old"], "--against", exports["old"], "--json")
    notes = json.loads(drift(tiny_model_dir, *arguments).stdout)["notes"]
    assert sum("All 120 messages were taken for the seller's" in note for note in notes) == 1


def test_an_export_without_messages_is_an_error(exports: dict[str, Path], tiny_model_dir: Path) -> None:
    refused = drift(tiny_model_dir, exports["none"])
    assert isinstance(refused.exception, InputError)
    assert "no message to judge" in str(refused.exception)
