"""The behaviour suite: its runner, its data, and what the shipped model makes of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.code.fake_scorer import FakeScorer

from reviewguard import Classifier
from reviewguard.classifier_scorer import ClassifierScorer
from reviewguard.errors import InputError
from reviewguard.modeling.behaviour import BehaviourReport, passes, run_behaviour
from reviewguard.modeling.behaviour_cases import PARAGRAPHS, Case, load_cases
from reviewguard.modeling.behaviour_text import LETTER_WORDS, no_punctuation, typos
from reviewguard.policy import load_policy
from reviewguard.schema import LabelledMessage

ROOT = Path(__file__).parents[2]
SUITE = Path(__file__).parent / "behaviour"


MOST_FAILURES = {
    "context_pairs": 3,
    "direction": 3,
    "invariance": 3,
    "long_letters": 1,
    "minimal_pairs": 4,
    "negation": 7,
    "obfuscation": 2,
    "plain": 2,
    "overall": 17,
}
"""Those in `docs/figures.json`, and a case or two more; overall a hundredth more, as `retrain.toml` allows."""

LEAST_CASES = {
    "context_pairs": 25,
    "direction": 40,
    "invariance": 100,
    "long_letters": 15,
    "minimal_pairs": 60,
    "negation": 30,
    "obfuscation": 35,
    "plain": 75,
}


def case(id: str, *said: tuple[str, str], direction: str | None = None) -> Case:
    """A case of (text, types separated by spaces)."""
    messages = tuple(LabelledMessage(f"{id}#{n}", t, None, tuple(k.split())) for n, (t, k) in enumerate(said))
    return Case(id, messages, direction)


ASKED = ("ask", "positive_request")
CLEAN = ("clean", "")


@pytest.fixture(scope="module")
def suite() -> dict[str, tuple[Case, ...]]:
    return load_cases(SUITE)


def messages(suite: dict[str, tuple[Case, ...]]) -> Iterator[tuple[str, LabelledMessage]]:
    return ((name, m) for name, cases in suite.items() for c in cases for m in c.messages)


# The runner


@pytest.mark.parametrize(
    ("ask", "clean", "right"), [(0.5, 0.49, True), (0.49, 0.1, False), (0.9, 0.5, False), (0.1, 0.9, False)]
)
def test_a_pair_passes_when_both_verdicts_are_right(ask: float, clean: float, right: bool) -> None:
    assert passes(case("pair", ASKED, CLEAN), (ask, clean), 0.5) is right


@pytest.mark.parametrize(
    ("before", "after", "right"),
    [(0.2, 0.3, True), (0.2, 0.205, False), (0.3, 0.2, False), (0.991, 0.989, False), (0.4, 0.42, True)],
)
def test_a_direction_needs_a_move_of_the_margin(before: float, after: float, right: bool) -> None:
    up, down = case("up", CLEAN, ASKED, direction="up"), case("down", ASKED, CLEAN, direction="down")
    assert passes(up, (before, after), 0.5) is right
    assert passes(down, (1 - before, 1 - after), 0.5) is right


def test_the_report_counts_cases_names_failures_and_finds_types() -> None:
    scorer = FakeScorer({"ask": (0.9, ("positive_request",), ()), "loud": (0.8, (), ())})
    suite = {
        "one": (case("good", ASKED, CLEAN), case("loud", ("loud", "")), case("gift", ("gift", "incentive"))),
        "two": (case("up", CLEAN, ASKED, direction="up"),),
    }
    report = run_behaviour(scorer, suite)
    one, two = report.capabilities
    assert (one.cases, one.failures, one.failed_ids) == (3, 2, ("loud", "gift"))
    assert one.failure_rate == pytest.approx(2 / 3)
    assert (one.types_found, one.types_expected) == (1, 2)
    assert two.failures == 0
    assert report.overall.cases == 4
    assert report.overall.failed_ids == ("one:loud", "one:gift")
    assert one.failed[0].probabilities == (0.8,)


def test_a_message_that_cannot_be_scored_is_no_violation_found() -> None:
    report = run_behaviour(FakeScorer({"ask": (None, (), ())}), {"one": (case("ask", ASKED),)})
    assert report.capabilities[0].failed[0].probabilities == (0.0,)


def test_the_report_has_a_table_and_a_json_form() -> None:
    report = run_behaviour(FakeScorer({}), {"one": (case("ask", ASKED),), "two": (case("clean", CLEAN),)})
    assert "| one | 1 | 1 | 100.0% | 0.0% |" in report.to_markdown()
    assert "| two | 1 | 0 | 0.0% | – |" in report.to_markdown()
    assert "| overall | 2 | 1 | 50.0% | 0.0% |" in report.to_markdown()
    assert "one: ask" in report.to_markdown()
    values = json.loads(json.dumps(report.to_dict()))
    assert values["model"] == "fake"
    assert values["overall"]["failure_rate"] == 0.5
    assert values["capabilities"]["one"]["failed"] == [{"id": "ask", "probabilities": [0.0]}]


# The loader


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write_rows(*rows: object, paragraphs: str = "") -> Path:
        (tmp_path / "some.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        if paragraphs:
            (tmp_path / PARAGRAPHS).write_text(paragraphs, encoding="utf-8")
        return tmp_path

    return write_rows


def test_variants_are_replaced_transformed_and_wrapped_in_this_order(write: Callable[..., Path]) -> None:
    variant = {
        "name": "v",
        "replace": {"mug": "cup"},
        "apply": ["upper"],
        "put_before": "a ",
        "put_after": " b",
    }
    base, changed = load_cases(write({"id": "x", "text": "A mug.", "variants": [variant]}))["some"]
    assert (base.id, base.messages[0].text) == ("x", "A mug.")
    assert (changed.id, changed.messages[0].text) == ("x/v", "a A CUP. b")


def test_one_text_goes_to_every_buyer(write: Callable[..., Path]) -> None:
    buyers = [
        {"previous": "Lovely!", "types": ["selective"]},
        {"previous": None, "types": ["neutral_request"]},
    ]
    (pair,) = load_cases(write({"id": "x", "text": "Review it?", "buyers": buyers}))["some"]
    assert [(m.text, m.previous) for m in pair.messages] == [("Review it?", "Lovely!"), ("Review it?", None)]
    assert pair.violates == (True, False)


def test_a_letter_holds_its_line_at_the_start_in_the_middle_and_at_the_end(
    write: Callable[..., Path],
) -> None:
    long = "\n\n".join(f"paragraph{n} " + "word " * (LETTER_WORDS // 4) for n in range(4))
    rows = {"id": "x", "letter": 1, "line": "Here."}, {"id": "y", "letter": 1}
    start, middle, end, clean = (
        c.messages[0].text for c in load_cases(write(*rows, paragraphs=long))["some"]
    )
    assert [t.split("\n\n").index("Here.") for t in (start, middle, end)] == [0, 2, 4]
    assert {t.replace("\n\nHere.", "").replace("Here.\n\n", "") for t in (start, middle, end)} == {clean}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "x", "text": "a", "typo": 1}, "typo"),
        ({"id": "x", "text": ""}, "text"),
        ({"text": "a"}, "id"),
        ({"id": "x"}, "expected one of"),
        ({"id": "x", "text": "a", "types": ["bribe"]}, "bribe"),
        ({"id": "x", "direction": "left", "before": {"text": "a"}, "after": {"text": "b"}}, "direction"),
        (
            {"id": "x", "text": "a", "variants": [{"name": "v", "replace": {"z": "y"}}]},
            "'z' is not in the text",
        ),
        ({"id": "x", "text": "a", "variants": [{"name": "v", "apply": ["rot13"]}]}, "rot13"),
        ({"id": "x", "text": "a", "variants": [{"name": "v", "apply": ["lower"]}]}, "changes nothing"),
        ({"id": "x", "letter": 1}, "a letter needs"),
        ({"id": "ok", "text": "again"}, "given twice"),
    ],
)
def test_a_malformed_row_is_named_with_file_and_line(
    write: Callable[..., Path], row: dict[str, object], said: str
) -> None:
    folder = write({"id": "ok", "text": "fine"}, row)
    with pytest.raises(InputError, match=re.escape(f"{folder / 'some.jsonl'}:2: ")) as caught:
        load_cases(folder)
    assert said in str(caught.value)


def test_a_folder_without_cases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no behaviour cases"):
        load_cases(tmp_path)


def test_paragraphs_that_are_not_utf8_are_named(write: Callable[..., Path]) -> None:
    folder = write({"id": "x", "letter": 1})
    (folder / PARAGRAPHS).write_bytes("Ein schöner Gruß.".encode("latin-1"))
    with pytest.raises(
        InputError, match=rf"cannot read .*{PARAGRAPHS}: .*\n  expected: a text file in UTF-8"
    ):
        load_cases(folder)


def test_typos_are_drawn_by_the_seed_and_spare_placeholders_and_short_words() -> None:
    text = "Dear {{customer}}, the delivery left our warehouse on time, see example.com/parcels"
    assert typos(text, 1) == typos(text, 1) != text
    assert len({typos(text, seed) for seed in range(20)}) > 5
    assert all("{{customer}}" in typos(text, seed) and "on time" in typos(text, seed) for seed in range(20))


def test_no_punctuation_keeps_numbers() -> None:
    assert no_punctuation("It's 18.20, isn't it? Yes!", 0) == "Its 18.20 isnt it? Yes"


# The data


def test_there_are_enough_cases_of_each_capability(suite: dict[str, tuple[Case, ...]]) -> None:
    assert {name: len(cases) for name, cases in suite.items() if len(cases) < LEAST_CASES[name]} == {}
    assert suite.keys() == LEAST_CASES.keys() == MOST_FAILURES.keys() - {"overall"}
    assert sum(map(len, suite.values())) >= 320


def test_no_message_comes_twice(suite: dict[str, tuple[Case, ...]]) -> None:
    seen = Counter((m.text.lower(), m.previous) for name, m in messages(suite) if name != "invariance")
    assert [text for text, count in seen.items() if count > 1] == []
    exact = Counter((m.text, m.previous) for _, m in messages(suite))
    assert [text for text, count in exact.items() if count > 1] == []


@pytest.mark.parametrize("name", ["minimal_pairs", "context_pairs", "negation"])
def test_pairs_have_opposite_verdicts(suite: dict[str, tuple[Case, ...]], name: str) -> None:
    assert [c.id for c in suite[name] if sorted(c.violates) != [False, True]] == []


def test_context_pairs_differ_only_in_the_buyers_message(suite: dict[str, tuple[Case, ...]]) -> None:
    for pair in suite["context_pairs"]:
        assert len({m.text for m in pair.messages}) == 1
        assert len({m.previous for m in pair.messages}) == 2


def test_directions_agree_with_the_labels(suite: dict[str, tuple[Case, ...]]) -> None:
    towards = {"up": (False, True), "down": (True, False)}
    wrong = [
        c.id
        for c in suite["direction"]
        if c.direction is None or (len(set(c.violates)) == 2 and c.violates != towards[c.direction])
    ]
    assert wrong == []
    assert {c.direction for c in suite["direction"]} == {"up", "down"}


@pytest.mark.parametrize("name", ["invariance", "obfuscation", "long_letters", "plain"])
def test_both_verdicts_are_well_represented(suite: dict[str, tuple[Case, ...]], name: str) -> None:
    bad = sum(c.violates[0] for c in suite[name])
    assert 0.25 <= bad / len(suite[name]) <= 0.75


def test_invariance_has_enough_bases_of_both_classes(suite: dict[str, tuple[Case, ...]]) -> None:
    bases = Counter(c.violates[0] for c in suite["invariance"] if "/" not in c.id)
    assert min(bases[True], bases[False]) >= 15


def test_every_violation_type_is_tested(suite: dict[str, tuple[Case, ...]]) -> None:
    for name, least in (("plain", 5), ("minimal_pairs", 5)):
        counts = Counter(t for n, m in messages(suite) if n == name for t in m.types)
        assert {t: counts[t] for t in load_policy().violation_types if counts[t] < least} == {}


def test_letters_are_long(suite: dict[str, tuple[Case, ...]]) -> None:
    lengths = [len(m.text.split()) for name, m in messages(suite) if name == "long_letters"]
    assert min(lengths) >= LETTER_WORDS
    assert max(lengths) < LETTER_WORDS * 1.1


def test_nothing_was_taken_from_the_training_messages(suite: dict[str, tuple[Case, ...]]) -> None:
    ours = {run for _, m in messages(suite) for run in _runs(m.text)}
    whole = {
        words
        for _, m in messages(suite)
        for said in (m.text, m.previous or "")
        if len(words := _words(said)) > 5
    }
    rows = (row for file in (ROOT / "data" / "messages").glob("*.jsonl") for row in _rows(file))
    written = (said for row in rows for said in (row["text"], row["previous"] or ""))
    assert [text for text in written if _runs(text) & ours or _words(text) in whole] == []


def test_no_brief_quotes_seven_words_of_a_case(suite: dict[str, tuple[Case, ...]]) -> None:
    ours = {run for _, m in messages(suite) for said in (m.text, m.previous or "") for run in _runs(said, 7)}
    for brief in (ROOT / "data" / "briefs").glob("*.md"):
        quotes = re.findall(r"[\"“']([^\"“”'\n]{15,200})[\"”']", brief.read_text("utf-8"))
        assert [quote for quote in quotes if _runs(quote, 7) & ours] == [], brief.name


def _rows(file: Path) -> Iterator[dict[str, str]]:
    return map(json.loads, file.read_text("utf-8").splitlines())


def _runs(text: str, length: int = 12) -> set[tuple[str, ...]]:
    words = _words(text)
    return {words[i : i + length] for i in range(len(words) - length + 1)}


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text.lower()))


# The shipped model


@pytest.fixture(scope="module")
def report(suite: dict[str, tuple[Case, ...]], shipped: Classifier) -> BehaviourReport:
    return run_behaviour(ClassifierScorer(shipped), suite)


@pytest.mark.parametrize("capability", MOST_FAILURES)
def test_the_shipped_model_behaves(report: BehaviourReport, capability: str) -> None:
    results = {result.name: result for result in (*report.capabilities, report.overall)}
    assert results[capability].failures <= MOST_FAILURES[capability], report.to_markdown()
