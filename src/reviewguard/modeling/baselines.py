"""Baselines that a new model has to beat: a keyword filter, and linear models over TF-IDF or frozen embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion

from reviewguard.modeling.calibration import best_f1_threshold, single_cut
from reviewguard.modeling.evidence_quality import rationale_agreement
from reviewguard.modeling.keyword_filter import KeywordFilter
from reviewguard.modeling.scorer import Scorer, observe
from reviewguard.modeling.spans import mark_runs, token_f1, word_spans
from reviewguard.policy import NEUTRAL_REQUEST, load_policy
from reviewguard.schema import (
    COMPLIANT,
    REVIEW_SOLICITING,
    Evidence,
    LabelledMessage,
    Message,
    TypeScore,
    Verdict,
)
from reviewguard.text import normalize

Floats = NDArray[np.float64]
TFIDF = "TF-IDF + logistic regression"
NOBODY = "nobody has written"
"""Stands for the buyer's words where there are none."""
PENALTIES = (1.0, 10.0, 100.0)
"""Inverse strengths of regularisation that are tried on validation."""
EVIDENCE_SHARES = (0.5, 0.6, 0.7, 0.8, 0.9)


def fit_baselines(
    train: Sequence[LabelledMessage],
    validation: Sequence[LabelledMessage],
    *,
    seed: int,
    embeddings: Path | None = None,
) -> tuple[Scorer, ...]:
    """Every baseline, ready to be compared.

    Args:
        embeddings: also logistic regression over the pretrained encoder's embeddings, kept in this file; minutes on a
            CPU the first time.
    """
    fitted: list[Scorer] = [
        KeywordFilter(),
        LinearBaseline.fit(train, validation, tfidf_features(), seed=seed),
    ]
    if embeddings:
        from reviewguard.modeling.embeddings import FrozenEmbeddings

        encoder, name = FrozenEmbeddings(kept=embeddings), "frozen MiniLM + logistic regression"
        features = BothSides(encoder, encoder)
        fitted.append(LinearBaseline.fit(train, validation, features, seed=seed, name=name))
    return tuple(fitted)


class BothSides:
    """Features of the seller's words and, in columns of their own, of the buyer's, all read as the heads read them.

    Args:
        seller, buyer: have scikit-learn's `fit_transform` and `transform`, texts → matrix.
    """

    def __init__(self, seller: Any, buyer: Any) -> None:
        self.seller = seller
        self.buyer = buyer

    def fit_transform(self, messages: Sequence[Message]) -> Any:
        """Learn the columns from these messages; their matrix."""
        sellers, buyers = _sides(messages)
        return _beside(self.seller.fit_transform(sellers), self.buyer.fit_transform(buyers))

    def transform(self, messages: Sequence[Message]) -> Any:
        """The messages' matrix, shape `(messages, columns of both sides)`."""
        sellers, buyers = _sides(messages)
        return _beside(self.seller.transform(sellers), self.buyer.transform(buyers))


def _sides(messages: Sequence[Message]) -> tuple[list[str], list[str]]:
    return (
        [normalize(message.text).text for message in messages],
        [normalize(message.previous or NOBODY).text for message in messages],
    )


def _beside(one: Any, other: Any) -> Any:
    return sparse.hstack([one, other], "csr") if sparse.issparse(one) else np.hstack([one, other])


@dataclass(frozen=True, slots=True, eq=False)
class LinearBaseline:
    """One logistic regression per type and one for "any violation" over features of the text.

    Attributes:
        features: has `fit_transform` and `transform`, messages → matrix. Words are marked by `BothSides` of a sparse
            matrix only, whose columns are words or parts of them.
        evidence_share: words are marked, heaviest first, until they hold this share (0–1) of the
            message's weight for "any violation".
    """

    features: Any
    models: Any
    threshold: float
    type_thresholds: Floats
    name: str = TFIDF
    type_names: tuple[str, ...] = field(default_factory=lambda: tuple(load_policy().types))
    evidence_share: float = EVIDENCE_SHARES[0]

    @classmethod
    def fit(
        cls,
        train: Sequence[LabelledMessage],
        validation: Sequence[LabelledMessage],
        features: Any,
        *,
        seed: int,
        name: str = TFIDF,
    ) -> LinearBaseline:
        """Learn from `train`; cut on `validation` as the heads are, types and evidence where their F1 is best.

        The penalty is the one whose "any violation" ranks `validation` best, or the middle one where either holds one
        verdict only.
        """
        learnt = features.fit_transform([example.message for example in train])
        shown = features.transform([example.message for example in validation])
        targets, sought = _targets(train), _targets(validation)

        def regression(penalty: float) -> LogisticRegression:
            return LogisticRegression(C=penalty, solver="liblinear", random_state=seed)

        def ranking(penalty: float) -> float:
            fitted = regression(penalty).fit(learnt, targets[:, -1])
            return float(roc_auc_score(sought[:, -1], fitted.decision_function(shown)))

        ranks = all(0 < side[:, -1].sum() < len(side) for side in (targets, sought))
        penalty = max(PENALTIES, key=ranking) if ranks else PENALTIES[1]
        models = OneVsRestClassifier(regression(penalty)).fit(learnt, targets)
        scores = models.predict_proba(shown)
        *types, broken = zip(scores.T, sought.astype(bool).T, strict=True)
        best = [best_f1_threshold(column, positive) for column, positive in types]
        fitted = cls(features, models, single_cut(*broken), np.array(best), name)
        candidates = [replace(fitted, evidence_share=share) for share in EVIDENCE_SHARES]
        return max(candidates, key=lambda model: _evidence_f1(model, validation))

    def predict(self, messages: Sequence[Message]) -> list[Verdict]:
        """One verdict a message, in order; there is no needs-review."""
        rows = self.features.transform(messages)
        scores = np.asarray(self.models.predict_proba(rows))
        return [self._verdict(m, scores[place], rows[[place]]) for place, m in enumerate(messages)]

    def predict_types(self, messages: Sequence[Message]) -> Floats:
        """Probabilities of the types, shape `(messages, types)`."""
        return np.asarray(self.models.predict_proba(self.features.transform(messages)))[:, :-1]

    def _verdict(self, message: Message, scores: Floats, row: Any) -> Verdict:
        probability, type_scores = float(scores[-1]), scores[:-1]
        broken = probability >= self.threshold
        ranked = np.argsort(-type_scores, kind="stable")
        present = [i for i in ranked if type_scores[i] >= self.type_thresholds[i]]
        return Verdict(
            id=message.id,
            verdict=REVIEW_SOLICITING if broken else COMPLIANT,
            probability=probability,
            types=tuple(TypeScore(self.type_names[i], float(type_scores[i])) for i in present),
            evidence=self._evidence(message.text, row, self._likeliest(ranked)) if broken else (),
            model=self.name,
        )

    def _likeliest(self, ranked: NDArray[np.intp]) -> str:
        names: list[str] = [self.type_names[i] for i in ranked.tolist()]
        return next(name for name in names if name != NEUTRAL_REQUEST)

    def _evidence(self, text: str, row: Any, type_name: str) -> tuple[Evidence, ...]:
        """The words that weigh most for "any violation", neighbours joined.

        A word weighs what its columns add to this message, coefficient times value; words that share a column share
        that. What a pair of words adds together is no single word's.
        """
        spans, regression = word_spans(text), self.models.estimators_[-1]
        if not (spans and sparse.issparse(row) and hasattr(regression, "coef_")):
            return ()
        words = self.features.seller.transform([normalize(text[start:end]).text for start, end in spans])
        added = row.toarray()[0] * regression.coef_[0]
        has = words > 0
        of_each = added[: words.shape[1]] / np.maximum(np.asarray(has.sum(axis=0)).ravel(), 1)
        weights = np.maximum(has @ of_each, 0.0)
        stretches = mark_runs(_heaviest(weights, self.evidence_share))
        total = weights.sum()
        return tuple(
            Evidence(
                start := spans[first][0],
                end := spans[last - 1][1],
                text[start:end],
                type_name,
                float(weights[first:last].sum() / total),
            )
            for first, last in stretches
        )


def _evidence_f1(model: LinearBaseline, examples: Sequence[LabelledMessage]) -> float:
    """Mean token F1 of evidence against rationale; 0 where no violation is caught."""
    observed = observe(model, examples, load_policy().profile("amazon"))
    scores = rationale_agreement(observed, token_f1)
    known = scores[~np.isnan(scores)]
    return float(known.mean()) if len(known) else 0.0


def _heaviest(weights: Floats, share: float) -> NDArray[np.bool_]:
    """The fewest weights that hold `share` of the total; zero weights never do."""
    order = np.argsort(-weights, kind="stable")
    before = np.cumsum(weights[order]) - weights[order]
    marks = np.zeros(len(weights), dtype=np.bool_)
    marks[order] = (before < share * weights.sum()) & (weights[order] > 0)
    return marks


def tfidf_features() -> BothSides:
    """Word and character n-grams of either side, weighted by TF-IDF."""

    def side() -> FeatureUnion:
        words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=2, sublinear_tf=True)
        return FeatureUnion([("words", words), ("letters", letters)])

    return BothSides(side(), side())


def _targets(examples: Sequence[LabelledMessage]) -> NDArray[np.bool_]:
    """Labelled types and, last, whether any is a violation, shape `(messages, types + 1)`."""
    policy = load_policy()
    return np.array(
        [
            [name in example.types for name in policy.types]
            + [any(name in policy.violation_types for name in example.types)]
            for example in examples
        ]
    )
