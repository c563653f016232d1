from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reviewguard.files import write_jsonl

SCRIPT = Path(__file__).parents[2] / "scripts" / "shared_runs.py"


@pytest.mark.parametrize("field", ["text", "previous"])
def test_words_in_a_row_are_found_in_any_rows_with_a_text(tmp_path: Path, field: str) -> None:
    """Rows of the exam, and of buyers, lack fields of the messages: left out, they passed as clean."""
    shared = "the lid sits tight at first, turn it gently"
    mail, ours = tmp_path / "mail.jsonl", tmp_path / "exam.jsonl"
    write_jsonl(mail, [{"text": f"Hello! The {shared}."}])
    write_jsonl(
        ours, [{"id": "one", "text": "Hello."}, {"id": "two", "text": "Hi.", field: f"As I said, {shared}"}]
    )
    command = [sys.executable, str(SCRIPT), str(mail), "--messages", str(ours)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"{ours}:2: two: " in done.stdout and "1 of 2 messages" in done.stdout
    assert subprocess.run([*command, "--words", "30"], capture_output=True, check=False).returncode == 0
