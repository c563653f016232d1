from pathlib import Path

import pytest
from tests.data.curation_helpers import write_lines

from reviewguard.curation.agreement import Reading, agreement, read_readings
from reviewguard.errors import InputError


def readings(*rows: tuple[str, list[str], list[str]]) -> list[Reading]:
    return [Reading(id=name, first=tuple(a), second=tuple(b)) for name, a, b in rows]


def kappa(*pairs: tuple[bool, bool]) -> float | None:
    label = {True: ["insider"], False: []}
    return agreement(readings(*[("x", label[one], label[other]) for one, other in pairs])).kappa["insider"]


def test_kappa_by_hand() -> None:
    # Agreement 0.7; both say yes by chance 0.5 * 0.6, no 0.5 * 0.4: kappa (0.7 - 0.5) / 0.5.
    table = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    assert kappa(*table) == pytest.approx(0.4)
    assert kappa((True, False), (False, True)) == -1
    assert kappa(*[(False, False)] * 3) is None
    assert kappa(*[(True, True)] * 3) is None


def test_agreement_is_told_by_type_and_by_verdict() -> None:
    result = agreement(
        readings(
            ("a", ["neutral_request"], ["selective"]), ("b", ["selective"], ["selective"]), ("c", [], [])
        )
    )
    assert result.messages == 3
    assert result.same == pytest.approx(2 / 3)
    assert result.kappa["verdict"] == pytest.approx(0.4)
    assert result.kappa["neutral_request"] == 0
    assert result.kappa["incentive"] is None
    assert "| verdict | 0.400 |" in result.to_markdown()


def test_readings_name_every_bad_line(tmp_path: Path) -> None:
    good = {"id": "a", "first": [], "second": ["selective"]}
    path = write_lines(tmp_path / "s.jsonl", [good])
    assert read_readings(path) == readings(("a", [], ["selective"]))
    write_lines(path, [good, good, {"id": "b", "first": [], "second": ["praise"]}, "{"])
    with pytest.raises(InputError) as caught:
        read_readings(path)
    for place in (":2: id", ":3: second.0", ":4: line"):
        assert f"{path}{place}" in str(caught.value)
    path.write_text("")
    with pytest.raises(InputError, match="is empty"):
        read_readings(path)
