"""The keyword filter, TF-IDF with logistic regression, and the comparison of both."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from reviewguard.errors import InputError
from reviewguard.modeling import embeddings
from reviewguard.modeling.baselines import BothSides, LinearBaseline, fit_baselines, tfidf_features
from reviewguard.modeling.calibration import FALSE_ALARMS, best_f1_threshold
from reviewguard.modeling.compare import ComparisonTable, compare, figure_text
from reviewguard.modeling.embeddings import FrozenEmbeddings
from reviewguard.modeling.keyword_filter import PHRASES, KeywordFilter
from reviewguard.modeling.metrics import Figure
from reviewguard.policy import load_policy
from reviewguard.schema import LabelledMessage, Message

TYPES = tuple(load_policy().types)
ASKS = {
    "positive_request": "Please leave us a five-star review.",
    "incentive": "Write feedback and a gift card is yours.",
    "change_or_remove": "Could you delete your rating?",
    "selective": "If you are happy with it, post a review.",
    "pressure": "My job depends on your feedback.",
    "off_platform": "WhatsApp us a screenshot of the review.",
    "insider": "Ask your family to leave a review too.",
    "neutral_request": "You can share your review on the page.",
}
OPENINGS = ("Hello!", "Your kettle left today.", "Sorry for the delay.", "Thanks for ordering.")


def messages() -> list[LabelledMessage]:
    clean = [
        LabelledMessage(f"clean-{o}-{i}", f"{o} The parcel is number {i}.", None, (), family=str(i))
        for o, i in product(OPENINGS, range(4))
    ]
    asking = [
        LabelledMessage(f"{name}-{o}", f"{o} {ask}", None, (name,), family=name)
        for (name, ask), o in product(ASKS.items(), OPENINGS)
    ]
    return clean + asking


@pytest.fixture(scope="module")
def tfidf() -> LinearBaseline:
    return LinearBaseline.fit(messages(), messages(), tfidf_features(), seed=1)


def test_the_cut_lets_no_more_false_alarms_through_than_the_heads_may(tfidf: LinearBaseline) -> None:
    alike = [
        LabelledMessage(f"alike-{i}", f"{i} {text}", None, (), family=f"a{i}")
        for i, text in enumerate(ASKS.values())
    ]
    fitted = LinearBaseline.fit(messages(), [*messages(), *alike], tfidf_features(), seed=1)
    clean = [m.message for m in (*messages(), *alike) if not set(m.types) - {"neutral_request"}]
    flagged = [v.verdict == "review-soliciting" for v in fitted.predict(clean)]
    assert np.mean(flagged) <= FALSE_ALARMS
    assert (
        np.mean([v.verdict == "review-soliciting" for v in tfidf.predict([m.message for m in alike])]) > 0.5
    )


@pytest.mark.parametrize("name", [name for name in TYPES if name != "neutral_request"])
def test_the_keyword_filter_knows_the_obvious_phrase_of_every_type(name: str) -> None:
    (verdict,) = KeywordFilter().predict([Message(ASKS[name])])
    assert name in [item.type for item in verdict.types]
    assert verdict.verdict == "review-soliciting"
    assert all(ASKS[name][e.start : e.end] == e.text for e in verdict.evidence)


def test_the_keyword_filter_lets_neutral_asks_and_service_pass() -> None:
    texts = [ASKS["neutral_request"], "Your refund for the kettle is on its way."]
    verdicts = KeywordFilter().predict([Message(text) for text in texts])
    assert [item.verdict for item in verdicts] == ["compliant", "compliant"]
    assert [item.type for item in verdicts[0].types] == ["neutral_request"]


def test_every_type_has_phrases() -> None:
    assert tuple(PHRASES) == TYPES


def test_tfidf_learns_its_training_messages(tfidf: LinearBaseline) -> None:
    examples = messages()
    verdicts = tfidf.predict([example.message for example in examples])
    violations = [any(t in TYPES[:-1] for t in example.types) for example in examples]
    assert [verdict.verdict == "review-soliciting" for verdict in verdicts] == violations
    types = tfidf.predict_types([example.message for example in examples])
    assert types.shape == (len(examples), len(TYPES))
    found = types >= tfidf.type_thresholds
    assert found.tolist() == [[name in example.types for name in TYPES] for example in examples]


def test_tfidf_evidence_names_deciding_words_only(tfidf: LinearBaseline) -> None:
    text = "Hello! Could you delete your rating?"
    (verdict,) = tfidf.predict([Message(text)])
    assert "delete" in " ".join(item.text for item in verdict.evidence)
    assert sum(e.end - e.start for e in verdict.evidence) < len(text)
    assert all(text[e.start : e.end] == e.text for e in verdict.evidence)
    assert {item.type for item in verdict.evidence} == {"change_or_remove"}
    shares = [
        sum(e.weight for e in replace(tfidf, evidence_share=s).predict([Message(text)])[0].evidence)
        for s in (0.2, 1.0)
    ]
    assert 0.2 <= shares[0] < shares[1]
    assert shares[1] == pytest.approx(1.0)


def test_tfidf_reads_the_buyers_message() -> None:
    ask, happy, question = "Please leave a review.", "I love it!", "Has it shipped?"
    pairs = [
        LabelledMessage(f"{i}", ask, previous, types)
        for i in range(6)
        for previous, types in ((happy, ("selective",)), (question, ("neutral_request",)))
    ]
    model = LinearBaseline.fit(messages() + pairs, pairs, tfidf_features(), seed=1)
    verdicts = model.predict([Message(ask, happy), Message(ask, question)])
    assert [item.verdict for item in verdicts] == ["review-soliciting", "compliant"]


def test_a_word_of_the_buyers_is_not_the_sellers() -> None:
    features = tfidf_features()
    features.fit_transform([Message("review", "review"), Message("review", "review")])
    both, seller = features.transform([Message("r e v i e w", "Review"), Message("review")]).toarray()
    width = features.transform([Message("review")]).shape[1] // 2
    assert both[:width].any() and both[width:].any()
    assert seller[:width].any() and not seller[width:].any()
    assert (both[:width] == seller[:width]).all()  # read as the heads read it


@pytest.mark.parametrize("kept", [lambda m: not m.types, lambda m: m.types])
def test_validation_of_one_verdict_is_no_obstacle(kept: Callable[[LabelledMessage], object]) -> None:
    validation = [m for m in messages() if kept(m) and m.types != ("neutral_request",)]
    model = LinearBaseline.fit(messages(), validation, tfidf_features(), seed=1)
    assert 0 < model.threshold <= 1


def test_an_empty_message_is_scored_without_evidence(tfidf: LinearBaseline) -> None:
    (verdict,) = replace(tfidf, threshold=0.0).predict([Message("")])
    assert verdict.evidence == ()


def test_best_f1_threshold_by_hand() -> None:
    positive = np.array([False, True, False, True, True])
    scores = np.array([0.1, 0.3, 0.4, 0.6, 0.9])
    # at .3: precision 3/4, recall 1, F1 6/7; at .6: 1 and 2/3, F1 4/5
    # the cut lies in the middle of the gap below .3
    assert best_f1_threshold(scores, positive) == pytest.approx(0.2)
    assert best_f1_threshold(np.zeros(3), np.zeros(3, dtype=bool)) == 0.5


@pytest.fixture(scope="module")
def table() -> ComparisonTable:
    scorers = fit_baselines(messages(), messages(), seed=1)
    clean = [example for example in messages() if not example.types]
    return compare(scorers, {"own": messages(), "clean": clean}, seed=1, bootstrap=20)


def test_comparison_leaves_out_columns_that_no_model_has(table: ComparisonTable) -> None:
    own, clean = (block.splitlines()[0] for block in table.to_markdown().split("\n\n"))
    assert "| AUROC |" in own
    assert "| false alarms |" in clean
    assert "AUROC" not in clean


def test_comparison_as_markdown(table: ComparisonTable) -> None:
    lines = table.to_markdown().splitlines()
    assert lines[0].startswith("| own | AUROC | F1 |")
    assert lines[2].startswith("| keyword filter | ")
    assert lines[3].startswith("| TF-IDF + logistic regression | 1.000 (1.000–1.000) |")
    for start in (0, 5):
        block = lines[start : start + 4]
        assert len({line.count("|") for line in block}) == 1


def test_scorers_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="two models are called keyword filter"):
        compare([KeywordFilter(), KeywordFilter()], {"own": messages()}, seed=1)


def test_figures_as_text() -> None:
    assert figure_text(Figure(None)) == "–"
    assert figure_text(Figure(0.5)) == "0.500"
    assert figure_text(Figure(0.5, 0.25, 0.75)) == "0.500 (0.250–0.750)"


@pytest.fixture
def few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "KEPT_FROM", 1)


@pytest.mark.usefixtures("few_are_kept")
def test_embeddings_are_kept_for_later_calls(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, texts = tmp_path / "build" / "embeddings.npz", ["Your kettle left today.", "Leave us five stars"]
    vectors = FrozenEmbeddings(str(tiny_base), kept=kept).transform(texts)
    FrozenEmbeddings(str(tiny_base), kept=kept).transform(["A third."])
    with monkeypatch.context() as patch:
        patch.delattr(FrozenEmbeddings, "_embed")
        again = FrozenEmbeddings(str(tiny_base), kept=kept).transform([*texts[::-1], "A third."])
    assert (again[:2] == vectors[::-1]).all()
    assert "kettle" not in kept.read_bytes().decode("latin-1")
    cut_shorter = FrozenEmbeddings(str(tiny_base), tokens=4, kept=kept).transform(texts)
    assert not np.allclose(cut_shorter, vectors)


def test_embeddings_of_a_few_texts_are_not_kept(tiny_base: Path, tmp_path: Path) -> None:
    FrozenEmbeddings(str(tiny_base), kept=tmp_path / "embeddings.npz").transform(["Leave us five stars"])
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("few_are_kept")
@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04"])
def test_a_broken_file_of_embeddings_is_written_anew(tiny_base: Path, tmp_path: Path, content: bytes) -> None:
    kept = tmp_path / "embeddings.npz"
    kept.write_bytes(content)
    FrozenEmbeddings(str(tiny_base), kept=kept).transform(["Leave us five stars"])
    with np.load(kept) as file:
        assert file["vectors"].shape[0] == 1


def test_frozen_embeddings_are_features_like_any_other(tiny_base: Path) -> None:
    features = FrozenEmbeddings(str(tiny_base))
    vectors = features.transform(
        ["Your kettle left today.", "Leave us five stars", "Your kettle left today."]
    )
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0)
    assert (vectors[0] == vectors[2]).all()
    alone = FrozenEmbeddings(str(tiny_base)).transform(["Leave us five stars"])
    assert alone[0] == pytest.approx(vectors[1], abs=1e-5)
    sides = BothSides(features, features)
    model = LinearBaseline.fit(messages(), messages(), sides, seed=1, name="frozen")
    (verdict,) = replace(model, threshold=0.0).predict([Message(ASKS["incentive"])])
    assert verdict.evidence == ()  # no column is a word
    assert verdict.model == "frozen"
    assert 0 <= (verdict.probability or 0) <= 1
