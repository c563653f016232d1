"""The wheel carries the model: built, installed into an empty folder, run from elsewhere without the sources."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.conftest import ROOT
from tests.mlflow_server import COVERAGE

SHIPPED = ROOT / "models" / "default"
MODEL = {"model.onnx", "tokenizer.json", "config.json", "README.md"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Built from a copy, so that no build leaves anything in the checkout; with the tiny model until one is shipped."""
    tree, out = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, tree)
    shutil.copytree(ROOT / "src", tree / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shipped = (SHIPPED / "config.json").is_file()
    shutil.copytree(
        SHIPPED if shipped else request.getfixturevalue("tiny_model_dir"), tree / "models" / "default"
    )
    run("-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(tree))
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    run("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder), str(wheel))
    return folder


def run(*arguments: str) -> None:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_wheel_holds_the_package_and_the_model_and_nothing_of_the_tests(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"LICENSE", "NOTICE"} <= {Path(name).name for name in names if ".dist-info/licenses/" in name}
    assert {f"reviewguard/default_model/{name}" for name in MODEL} < names
    assert {"reviewguard/policy.toml", "reviewguard/py.typed"} < names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"reviewguard"}


def test_check_runs_from_any_folder_with_the_model_inside(installed: Path, tmp_path: Path) -> None:
    def python(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": str(installed)}
        environment.pop(COVERAGE, None)  # it would count the installed copy as uncovered sources
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    where = "from reviewguard.inference.model_folder import shipped_model; print(shipped_model())"
    assert python("-c", where).stdout.strip() == str(installed / "reviewguard" / "default_model")
    text = "Leave us five stars and we refund you."
    done = python(str(installed / "bin" / "reviewguard"), "check", text, "--json")
    verdict = json.loads(done.stdout)
    assert done.returncode == {"compliant": 0, "review-soliciting": 1, "needs-review": 3}[verdict["verdict"]]
    assert verdict["error"] is None
