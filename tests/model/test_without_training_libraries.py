"""What works after `make run`, by the README: here with every library missing that only `make test` installs."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAME = re.compile(r"^([\w.-]+)==", re.MULTILINE)
RUN = """
import sys
sys.modules.update(dict.fromkeys({missing!r}))
sys.argv[1:] = {arguments!r}
from reviewguard.cli import main
main()
"""


def missing() -> list[str]:
    """Modules of the packages that the lock of `make run` does not name."""
    there, all_of_them = (
        {name.lower().replace("_", "-") for name in NAME.findall((ROOT / lock).read_text("utf-8"))}
        for lock in ("requirements.lock", "requirements-dev.lock")
    )
    return [
        module
        for module, packages in packages_distributions().items()
        if all(p.lower().replace("_", "-") in all_of_them - there for p in packages)
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "Your parcel is on its way."],
        ["score", "mail.csv", "--out", "scored.csv"],
        ["audit", "mail.csv", "--out", "report"],
        ["drift", "mail.csv"],
        ["label", "mail.csv", "--who", "nora"],
        ["models", "list"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_commands_work(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "mail.csv").write_text(
        "message_id,text\n1,Five stars get you a free mug.\n2,Your parcel left today.\n", "utf-8"
    )
    assert {"torch", "mlflow", "pandas"} <= set(missing())
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(missing=missing(), arguments=arguments)],
        input="q",
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode in (0, 1) and done.stdout, done.stderr
