from pathlib import Path

import pytest
from curation_helpers import message, write_lines

from reviewguard.curation.agreement import agreement, cohen_kappa, read_second_labels
from reviewguard.errors import InputError
from reviewguard.schema import LabelledMessage


def test_kappa_by_hand() -> None:
    # Agreement 0.7; both say yes by chance 0.5 * 0.6, no 0.5 * 0.4: kappa (0.7 - 0.5) / 0.5.
    table = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    assert cohen_kappa(table) == pytest.approx(0.4)
    assert cohen_kappa([(True, False), (False, True)]) == -1
    assert cohen_kappa([(False, False)] * 3) is None


@pytest.fixture
def messages() -> list[LabelledMessage]:
    return [
        message("leave a review", ("leave", "neutral_request"), id="a"),
        message("leave a review", ("leave", "selective"), id="b"),
        message("ships today", id="c"),
        message("read only once", id="d"),
    ]


def test_disagreements_are_listed_and_the_verdict_judged(messages: list[LabelledMessage]) -> None:
    result = agreement(messages, {"a": ("selective",), "b": ("selective",), "c": ()})
    assert result.messages == 3
    assert result.same == pytest.approx(2 / 3)
    (differing,) = result.disagreements
    assert (differing.id, differing.first, differing.second) == (
        "a",
        ("neutral_request",),
        ("selective",),
    )
    assert differing.verdict_differs
    assert result.kappa["verdict"] == pytest.approx(0.4)
    assert result.kappa["neutral_request"] == 0
    assert result.kappa["incentive"] is None


def test_unknown_or_no_messages_are_refused(messages: list[LabelledMessage]) -> None:
    with pytest.raises(InputError, match="unknown messages: z"):
        agreement(messages, {"z": ()})
    with pytest.raises(InputError, match="no second labels"):
        agreement(messages, {})


def test_second_labels_name_every_bad_line(tmp_path: Path) -> None:
    good = {"id": "a", "types": ["selective"]}
    path = write_lines(tmp_path / "s.jsonl", [good])
    assert read_second_labels(path) == {"a": ("selective",)}
    write_lines(path, [good, good, {"id": "b", "types": ["praise"]}, "{"])
    with pytest.raises(InputError) as caught:
        read_second_labels(path)
    for place in (":2: id", ":3: types.0", ":4: line"):
        assert f"{path}{place}" in str(caught.value)
