"""Picks texts that are worth a label and unlike each other.

Method: weighted k-means over what the texts say, one text a cluster (Zhdanov, "Diverse mini-batch active learning",
2019); texts as TF-IDF of words and word pairs, reduced by latent semantic analysis for the clusters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

Floats = NDArray[np.float64]
SAME = 0.8
"""Cosine of two texts' TF-IDF from which they are near-identical."""
TOPICS = 100
"""Dimensions of the space in which texts are clustered."""


@dataclass(frozen=True, slots=True)
class Pick:
    """A chosen text.

    Attributes:
        index: its place among the candidates.
        nearest: similarity of the labelled text most like it, 0–1; None where nothing is labelled.
        alike: candidates in its cluster, itself included.
    """

    index: int
    nearest: float | None
    alike: int


def pick_diverse(
    texts: Sequence[str], weights: Sequence[float], labelled: Sequence[str], count: int, *, seed: int
) -> list[Pick]:
    """At most `count` texts, the most valuable first; never two near-identical ones, nor one like a labelled one.

    A text's value is its weight times its distance to what is labelled.

    Args:
        weights: what a label of each text is worth, 0–1.
        labelled: texts that have labels already.
        seed: decides the clusters; the same again gives the same picks.
    """
    if not texts:
        return []
    vectors, known = _vectors(texts, labelled)
    nearest = _nearest(vectors, known)
    values = np.asarray(weights, dtype=np.float64) * (1.0 - nearest)
    clusters = _clusters(vectors, np.asarray(weights, dtype=np.float64), count, seed)
    chosen = _choose(vectors, values, clusters, nearest < SAME, count)
    sizes = Counter(clusters.tolist())
    return [
        Pick(i, float(nearest[i]) if labelled else None, sizes[int(clusters[i])])
        for i in sorted(chosen, key=lambda i: (-values[i], i))
    ]


def _vectors(texts: Sequence[str], labelled: Sequence[str]) -> tuple[Any, Any]:
    """TF-IDF rows of length 1 (0 for a text without words): of the texts, and of the labelled ones."""
    features = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b|[^\w\s]")
    matrix = features.fit_transform([*texts, *labelled])
    return matrix[: len(texts)], matrix[len(texts) :]


def _nearest(vectors: Any, known: Any) -> Floats:
    """Similarity to the nearest labelled text, shape `(texts,)`; 0 where nothing is labelled."""
    if not known.shape[0]:
        return np.zeros(vectors.shape[0])
    index = NearestNeighbors(n_neighbors=1, metric="cosine", algorithm="brute").fit(known)
    distances, _ = index.kneighbors(vectors)
    return np.asarray(np.clip(1.0 - distances[:, 0], 0.0, 1.0), dtype=np.float64)


def _clusters(vectors: Any, weights: Floats, count: int, seed: int) -> NDArray[np.int64]:
    """Number of each text's cluster; heavier texts draw more clusters."""
    texts, words = vectors.shape
    if texts <= count:
        return np.arange(texts)
    if words > TOPICS < texts:
        space = make_pipeline(TruncatedSVD(TOPICS, random_state=seed), Normalizer(copy=False))
        vectors = space.fit_transform(vectors)
    groups = KMeans(count, n_init=1, random_state=seed)
    return np.asarray(groups.fit_predict(vectors, sample_weight=weights + 1e-6), dtype=np.int64)


def _choose(
    vectors: Any, values: Floats, clusters: NDArray[np.int64], fresh: NDArray[np.bool_], count: int
) -> list[int]:
    """The most valuable text of each cluster, then of what is left, without near-identical ones."""
    ranked = [int(i) for i in np.lexsort((np.arange(len(values)), -values)) if fresh[i]]
    chosen: list[int] = []
    taken: set[int] = set()
    for once in (True, False):
        for i in ranked:
            if len(chosen) == count:
                return chosen
            if i in chosen or (once and clusters[i] in taken):
                continue
            if not chosen or (vectors[chosen] @ vectors[i].T).max() < SAME:
                chosen.append(i)
                taken.add(int(clusters[i]))
    return chosen
