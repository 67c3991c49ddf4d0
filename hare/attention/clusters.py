"""Clusters of knowledge: k-means over the pool.

Every cluster keeps a Gram matrix of its own, d_k x d_k a head, so there are far fewer clusters than
items: sqrt(N) of them unless another number is set, never more than 256. A large pool is learned
from a sample of 256 items a cluster and then assigned as a whole (the rule of thumb that faiss
uses for its k-means).
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from hare.errors import InputError, SettingsError

MOST_CLUSTERS = 256
SAMPLE_PER_CLUSTER = 256
STARTS = 4


def default_cluster_count(items: int) -> int:
    """sqrt(N), rounded, at least 1 and at most 256."""
    return int(min(MOST_CLUSTERS, max(1, round(items**0.5))))


def cluster_pool(
    embeddings: np.ndarray, count: int | None = None, seed: int = 0
) -> NDArray[np.int64]:
    """The cluster of every item, (N,) in 0..C-1; every cluster has an item.

    embeddings   (N, e), finite, N >= 1; equal items land in one cluster
    count        the number of clusters; None: sqrt(N), or as many as there are different items
    seed         of the starting centres

    Raises InputError for an empty, mis-shaped or non-finite pool, SettingsError for more clusters
    than different items. C is `count`, or less if k-means leaves a cluster empty.
    """
    embeddings = np.asarray(embeddings)
    if embeddings.ndim != 2 or not len(embeddings):
        raise InputError(f"embeddings: must have shape (N >= 1, e), not {embeddings.shape}")
    if not np.isfinite(embeddings).all():
        raise InputError("embeddings: must be finite")
    wanted = default_cluster_count(len(embeddings)) if count is None else count
    if wanted < 1:
        raise SettingsError("count", count, "must be >= 1")
    different = _different(embeddings, wanted)
    if wanted > different:
        if count is not None:
            raise SettingsError("count", count, f"must be <= {different}, the different items")
        wanted = different
    if wanted == 1:
        return np.zeros(len(embeddings), dtype=np.int64)
    return _k_means(embeddings, wanted, seed)


def _different(embeddings: np.ndarray, enough: int) -> int:
    """The number of different rows; counting stops where a part of the pool has enough."""
    part = embeddings[: 4 * enough]
    found = len(np.unique(part, axis=0))
    if found >= enough or len(part) == len(embeddings):
        return found
    return len(np.unique(embeddings, axis=0))


def _k_means(embeddings: np.ndarray, count: int, seed: int) -> NDArray[np.int64]:
    from sklearn.cluster import KMeans

    model = KMeans(count, n_init=cast("str", STARTS), random_state=seed)
    sample = SAMPLE_PER_CLUSTER * count
    if len(embeddings) <= sample:
        labels = model.fit_predict(embeddings)
    else:
        chosen = np.random.default_rng(seed).choice(len(embeddings), sample, replace=False)
        labels = model.fit(embeddings[np.sort(chosen)]).predict(embeddings)
    _, dense = np.unique(labels, return_inverse=True)
    return dense.astype(np.int64)
