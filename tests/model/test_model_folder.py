from __future__ import annotations

import json
import shutil
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import reviewguard
from reviewguard.errors import ConfigError, ModelError
from reviewguard.inference.model_folder import CONFIG_FILE, MODEL_FILE, TOKENIZER_FILE


@pytest.fixture
def folder(tiny_model_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model_dir, tmp_path / "model"))


@pytest.mark.parametrize("name", [MODEL_FILE, TOKENIZER_FILE, CONFIG_FILE])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name):
        reviewguard.load(folder)


@pytest.mark.parametrize("threads", [-1, None, "1", 1.5])
def test_fewer_threads_than_none_are_refused(folder: Path, threads: Any) -> None:
    with pytest.raises(ConfigError, match=f"threads is {threads!r}"):
        reviewguard.load(folder, threads=threads)


def test_a_folder_given_as_a_dot_is_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert reviewguard.load(".")("Please leave a review.").verdict


def test_a_dot_without_a_model_and_an_empty_name_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=CONFIG_FILE):
        reviewguard.load(".")
    with pytest.raises(ModelError, match="is empty"):
        reviewguard.load("")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), name=st.sampled_from([MODEL_FILE, TOKENIZER_FILE]))
def test_truncated_and_altered_files_are_refused(folder: Path, data: st.DataObject, name: str) -> None:
    original = (folder / name).read_bytes()
    at = data.draw(st.integers(0, len(original) - 1))
    cut = data.draw(st.booleans())
    changed = original[:at] if cut else original[:at] + bytes([original[at] ^ 1]) + original[at + 1 :]
    (folder / name).write_bytes(changed)
    try:
        with pytest.raises(ModelError, match="sha256"):
            reviewguard.load(folder)
    finally:
        (folder / name).write_bytes(original)


def test_a_folder_that_may_not_be_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **options: object) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(ModelError, match=r"model cannot be read: .*Permission denied"):
        reviewguard.load(folder)


def edit(folder: Path, **changes: object) -> None:
    values = json.loads((folder / CONFIG_FILE).read_text())
    (folder / CONFIG_FILE).write_text(json.dumps(values | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 99}, "format 99"),
        ({"normalizer": "0"}, "normalizer 0"),
        ({"types": ["a"]}, "malformed"),
        ({"unheard_of": 1}, "malformed"),
        ({"format": 99, "unheard_of": 1}, "format 99"),
        ({"files": None}, "malformed"),
        ({"token_threshold": None}, "malformed"),
        ({"self_check": None}, "no self_check"),
    ],
)
def test_a_configuration_of_another_kind_is_refused(
    folder: Path, changes: dict[str, object], message: str
) -> None:
    edit(folder, **changes)
    with pytest.raises(ModelError, match=message):
        reviewguard.load(folder)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("profiles.amazon.lower", "0,02"),
        ("profiles.amazon.lower", 1.01),
        ("profiles.amazon.upper", -0.01),
        ("profiles.amazon.upper", float("nan")),
        ("profiles.amazon.threshold", None),
        ("calibrations.pressure.scale", "steep"),
        ("limits.window", "256"),
        ("limits.window", 8),
        ("limits.stride", 900),
        ("self_check.tolerance", None),
    ],
)
def test_a_number_that_cannot_be_one_is_refused(folder: Path, place: str, value: object) -> None:
    values = json.loads((folder / CONFIG_FILE).read_text())
    *above, name = place.split(".")
    reduce(dict.__getitem__, above, values)[name] = value
    edit(folder, **values)
    with pytest.raises(ModelError, match="malformed"):
        reviewguard.load(folder)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 0.999))
def test_a_truncated_configuration_is_refused(folder: Path, at: float) -> None:
    original = (folder / CONFIG_FILE).read_text()
    (folder / CONFIG_FILE).write_text(original[: int(at * (len(original) - 2))])
    try:
        with pytest.raises(ModelError):
            reviewguard.load(folder)
    finally:
        (folder / CONFIG_FILE).write_text(original)


def test_a_processor_that_computes_something_else_is_noticed(folder: Path) -> None:
    values = json.loads((folder / CONFIG_FILE).read_text())
    values["self_check"]["logits"][0] += 3.0
    (folder / CONFIG_FILE).write_text(json.dumps(values))
    with pytest.raises(ModelError, match=r"off by 3\.0.*"):
        reviewguard.load(folder)
