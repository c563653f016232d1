import json
from pathlib import Path
from typing import Any

import pytest
from tests.data.curation_helpers import write_lines

from reviewguard.curation.drafts import import_drafts
from reviewguard.schema import Rationale

DRAFT: dict[str, Any] = {
    "text": "Love it? Rate us 5 stars!",
    "previous": None,
    "types": ["selective", "positive_request"],
    "rationale": [
        {"quote": "5 stars", "type": "positive_request"},
        {"quote": "Love it? Rate us", "type": "selective"},
    ],
    "family": "a-love",
    "product": "candle",
    "register": "insert",
}


def test_quotes_become_offsets_in_text_order(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "d.jsonl", [DRAFT])
    (item,) = import_drafts([path], "brief").messages
    assert item.rationale == (
        Rationale(0, 16, "selective"),
        Rationale(17, 24, "positive_request"),
    )
    assert item.types == ("positive_request", "selective")
    assert (item.id, item.writer_brief) == ("brief-0001", "brief")


@pytest.mark.parametrize(
    ("register", "channel"),
    [("insert", "insert"), ("button", "app"), ("chat", "chat"), ("letter", "marketplace")],
)
def test_a_missing_channel_follows_the_register(tmp_path: Path, register: str, channel: str) -> None:
    path = write_lines(tmp_path / "d.jsonl", [DRAFT | {"register": register}])
    assert import_drafts([path], "brief").messages[0].channel == channel


def test_numbers_go_on_over_files_and_own_ids_stay(tmp_path: Path) -> None:
    one = write_lines(tmp_path / "1.jsonl", [DRAFT, DRAFT | {"id": "own-7", "channel": "sms"}])
    two = write_lines(tmp_path / "2.jsonl", [DRAFT])
    items = import_drafts([one, two], "brief", "b").messages
    assert [item.id for item in items] == ["b-0001", "own-7", "b-0003"]
    assert items[1].channel == "sms"


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(json.dumps(DRAFT), "utf-8-sig")
    assert len(import_drafts([path], "brief").messages) == 1


@pytest.mark.parametrize("quote", ["not there", "a"])
def test_a_quote_must_occur_exactly_once(tmp_path: Path, quote: str) -> None:
    draft = DRAFT | {"text": "aa bb", "rationale": [{"quote": quote, "type": "selective"}]}
    result = import_drafts([write_lines(tmp_path / "d.jsonl", ["", draft])], "brief")
    (issue,) = result.issues
    assert (issue.line, issue.field) == (2, "rationale.0.quote")
    assert "expected once" in issue.message
    assert result.messages == ()


def test_overlapping_occurrences_count(tmp_path: Path) -> None:
    draft = DRAFT | {"text": "⭐⭐⭐", "rationale": [{"quote": "⭐⭐", "type": "selective"}]}
    (issue,) = import_drafts([write_lines(tmp_path / "d.jsonl", [draft])], "brief").issues
    assert "2 times" in issue.message
