"""Picks messages that are worth a label and unlike each other.

Method: weighted k-means over what the messages say, one message a cluster (Zhdanov, "Diverse mini-batch active
learning", 2019); messages as TF-IDF of words and word pairs, with the buyer's words before them in dimensions of their
own, reduced by latent semantic analysis for the clusters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import hstack
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

from reviewguard.schema import Message

Floats = NDArray[np.float64]
SAME = 0.8
"""Cosine of two messages' TF-IDF from which they are near-identical."""
TEXT_SHARE = 0.6
"""Weight of the seller's words where a buyer wrote before; the buyer's words have the rest. So the same text after
different buyers, whose label may differ, stays below `SAME`."""
TOPICS = 100
"""Dimensions of the space in which messages are clustered."""


@dataclass(frozen=True, slots=True)
class Pick:
    """A chosen message.

    Attributes:
        index: its place among the candidates.
        nearest: similarity of the labelled message most like it, 0–1; None where nothing is labelled.
        alike: candidates in its cluster, itself included.
    """

    index: int
    nearest: float | None
    alike: int


def pick_diverse(
    messages: Sequence[Message],
    weights: Sequence[float],
    labelled: Sequence[Message],
    count: int,
    *,
    seed: int,
) -> list[Pick]:
    """At most `count` messages, the most valuable first; never two near-identical ones, nor one like a labelled one.

    A message's value is its weight times its distance to what is labelled.

    Args:
        weights: what a label of each message is worth, 0–1.
        labelled: messages that have labels already.
        seed: decides the clusters; the same again gives the same picks.
    """
    if not messages:
        return []
    vectors = _vectors([*messages, *labelled])
    vectors, known = vectors[: len(messages)], vectors[len(messages) :]
    nearest = _nearest(vectors, known)
    values = np.asarray(weights, dtype=np.float64) * (1.0 - nearest)
    clusters = _clusters(vectors, np.asarray(weights, dtype=np.float64), count, seed)
    chosen = _choose(vectors, values, clusters, nearest < SAME, count)
    sizes = Counter(clusters.tolist())
    return [
        Pick(i, float(nearest[i]) if labelled else None, sizes[int(clusters[i])])
        for i in sorted(chosen, key=lambda i: (-values[i], i))
    ]


def _vectors(messages: Sequence[Message]) -> Any:
    """TF-IDF rows of length 1 (less where there are no words): of the seller's words, then of the buyer's."""
    features = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b|[^\w\s]")
    texts = [message.text for message in messages]
    previous = [(message.previous or "").strip() for message in messages]
    features.fit([*texts, *filter(None, previous)])
    shares = np.array([TEXT_SHARE if words else 1.0 for words in previous])[:, np.newaxis]
    sellers = features.transform(texts).multiply(np.sqrt(shares))
    buyers = features.transform(previous).multiply(np.sqrt(1.0 - shares))
    return hstack([sellers, buyers], format="csr")


def _nearest(vectors: Any, known: Any) -> Floats:
    """Similarity to the nearest labelled message, shape `(messages,)`; 0 where nothing is labelled."""
    if not known.shape[0]:
        return np.zeros(vectors.shape[0])
    index = NearestNeighbors(n_neighbors=1, metric="cosine", algorithm="brute").fit(known)
    distances, _ = index.kneighbors(vectors)
    return np.asarray(np.clip(1.0 - distances[:, 0], 0.0, 1.0), dtype=np.float64)


def _clusters(vectors: Any, weights: Floats, count: int, seed: int) -> NDArray[np.int64]:
    """Number of each message's cluster; heavier ones draw more clusters."""
    messages, words = vectors.shape
    if messages <= count:
        return np.arange(messages)
    if words > TOPICS < messages:
        space = make_pipeline(TruncatedSVD(TOPICS, random_state=seed), Normalizer(copy=False))
        vectors = space.fit_transform(vectors)
    groups = KMeans(count, n_init=1, random_state=seed)
    return np.asarray(groups.fit_predict(vectors, sample_weight=weights + 1e-6), dtype=np.int64)


def _choose(
    vectors: Any, values: Floats, clusters: NDArray[np.int64], fresh: NDArray[np.bool_], count: int
) -> list[int]:
    """The most valuable message of each cluster, then of what is left, without near-identical ones."""
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
