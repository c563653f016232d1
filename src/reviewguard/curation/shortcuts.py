"""What a model could learn without reading: surface baselines, and how alike messages are."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler, normalize
from sklearn.utils.extmath import safe_sparse_dot

from reviewguard.curation.storage import label_of
from reviewguard.curation.vocabulary import REVIEW_WORDS
from reviewguard.schema import REVIEW_SOLICITING, LabelledMessage

Embed = Callable[[Sequence[str]], NDArray[Any]]

_FOLDS = 5
_BLOCK = 500
_MARKS = ".,!?;:'\"-–()/&…\n"


def surface_auroc(messages: Sequence[LabelledMessage]) -> float | None:
    """AUROC, 0–1, of a logistic regression on length and punctuation alone; near 0.5 is wanted.

    Five folds that keep families whole; None with fewer than five families of either verdict.
    """
    features = FunctionTransformer(surface_features)
    model = make_pipeline(features, StandardScaler(), LogisticRegression(max_iter=1000))
    return _auroc(messages, model)


def words_auroc(messages: Sequence[LabelledMessage]) -> float | None:
    """AUROC, 0–1, of a bag of words that lacks the words of reviews; folds, and None, as `surface_auroc`.

    None also where a fold has no other words.
    """
    words = CountVectorizer(binary=True, stop_words=sorted(REVIEW_WORDS))
    try:
        return _auroc(messages, make_pipeline(words, LogisticRegression(max_iter=1000)))
    except ValueError as error:
        if "empty vocabulary" in str(error):
            return None
        raise


def surface_features(texts: Sequence[str]) -> NDArray[np.float64]:
    """Shape `(messages, features)`: log lengths, shares of capitals and digits, counts of marks."""
    return np.array([_surface(text) for text in texts], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A message, the one most like it among those apart from it, and their cosine similarity, 0–1."""

    message: LabelledMessage
    other: LabelledMessage
    similarity: float


def nearest_similarity(
    messages: Sequence[LabelledMessage], embed: Embed | None = None
) -> NDArray[np.float64]:
    """Cosine similarity of each message to the nearest of another family, shape `(messages,)`; 0 without any.

    Args:
        embed: texts → vectors of shape `(messages, dimensions)`; by default TF-IDF of character
            3- to 5-grams.
    """
    return np.maximum(_nearest(messages, [message.family for message in messages], embed)[1], 0.0)


def neighbours(
    messages: Sequence[LabelledMessage], apart: Callable[[LabelledMessage], str]
) -> list[Neighbour]:
    """For each message the nearest one that differs in this, its family, say, or its verdict; none where none does."""
    places, similarity = _nearest(messages, [apart(message) for message in messages], None)
    return [
        Neighbour(message, messages[place], float(value))
        for message, place, value in zip(messages, places, similarity, strict=True)
        if np.isfinite(value)
    ]


def _nearest(
    messages: Sequence[LabelledMessage], groups: Sequence[str], embed: Embed | None
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Place and similarity of the message of another group that is nearest to each; −∞ where there is none."""
    texts = [message.text for message in messages]
    unit = normalize(embed(texts) if embed else _tfidf(texts))
    group = np.array(groups)
    places = np.zeros(len(texts), dtype=np.intp)
    nearest = np.zeros(len(texts), dtype=np.float64)
    for begin in range(0, len(texts), _BLOCK):
        rows = slice(begin, begin + _BLOCK)
        similarity = safe_sparse_dot(unit[rows], unit.T, dense_output=True)
        similarity[group[rows, None] == group[None, :]] = -np.inf
        places[rows] = similarity.argmax(axis=1)
        nearest[rows] = similarity.max(axis=1)
    return places, nearest


def _tfidf(texts: Sequence[str]) -> sparse.csr_matrix:
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    return vectorizer.fit_transform(texts)


def _surface(text: str) -> list[float]:
    capitals = sum(map(str.isupper, text)) / len(text)
    digits = sum(map(str.isdigit, text)) / len(text)
    lengths = (np.log1p(len(text)), np.log1p(len(re.findall(r"\S+", text))))
    return [*lengths, capitals, digits, *(np.log1p(text.count(mark)) for mark in _MARKS)]


def _auroc(messages: Sequence[LabelledMessage], model: BaseEstimator) -> float | None:
    broken = np.array([label_of(message) == REVIEW_SOLICITING for message in messages])
    families = np.array([message.family for message in messages])
    if min(len(set(families[broken])), len(set(families[~broken]))) < _FOLDS:
        return None
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0)
    texts = [message.text for message in messages]
    probabilities = cross_val_predict(model, texts, broken, groups=families, cv=folds, method="predict_proba")
    return float(roc_auc_score(broken, probabilities[:, 1]))
