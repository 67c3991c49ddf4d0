"""How far texts lie from everything in a pool.

    nearest(v) = max_j cos(v, pool_j)

A text counts as novel when its nearest item is less alike than a threshold. Such a share means
little alone: it depends on the threshold and on how dense the pool is. So it comes with how much it
moves when the threshold does, and with the pool's own share, each item measured against the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hare.errors import InputError, SettingsError
from hare.metrics.checks import Array, check_inside, numbers, unit_rows

_BLOCK = 1024  # rows compared at once, so that memory does not grow with both sides


@dataclass(frozen=True, eq=False)
class Novelty:
    """Of n texts against a pool.

    nearest       (n,) cosine with the most alike item, -1 to 1
    item          (n,) which item that is
    thresholds    (T,) cosines under which a text counts as novel
    share         (T,) share of the texts that do
    sensitivity   (T,) by how much that share grows from threshold - width to threshold + width
    pool_share    (T,) share of the pool's own items that are as far from all the others
    """

    nearest: Array
    item: NDArray[np.int64]
    thresholds: Array
    share: Array
    sensitivity: Array
    pool_share: Array


def novelty(
    vectors: ArrayLike,
    pool: ArrayLike,
    thresholds: Sequence[float] = (0.6, 0.7, 0.8, 0.9),
    width: float = 0.05,
) -> Novelty:
    """Nearest items, and the shares of texts and items without an alike one.

    vectors      (n, d), n >= 1, the texts' embeddings
    pool         (m, d), m >= 2, the items' embeddings by the same encoder
    thresholds   cosines between -1 and 1
    width        half of the window of the sensitivity, above 0

    >>> measured = novelty([[1.0, 0.0], [0.6, 0.8]], [[1.0, 0.0], [1.0, 0.1]], thresholds=[0.9])
    >>> measured.share.tolist(), measured.pool_share.tolist()
    ([0.5], [0.0])
    """
    cuts = numbers("thresholds", thresholds)
    if cuts.ndim != 1 or not len(cuts) or not (np.abs(cuts) <= 1).all():
        raise SettingsError("thresholds", thresholds, "must be one or more cosines, -1 to 1")
    check_inside("width", width, 0, 2)
    nearest, item = nearest_cosine(vectors, pool)
    items = unit_rows("pool", pool, least=2)
    among = _nearest(items, items, own=True)[0]
    return Novelty(
        nearest=nearest,
        item=item,
        thresholds=cuts,
        share=_under(nearest, cuts),
        sensitivity=_under(nearest, cuts + width) - _under(nearest, cuts - width),
        pool_share=_under(among, cuts),
    )


def nearest_cosine(vectors: ArrayLike, pool: ArrayLike) -> tuple[Array, NDArray[np.int64]]:
    """The largest cosine of each vector (n, d) with an item (m, d), and that item; (n,) each.

    Ties go to the lowest item.

    >>> cosine, item = nearest_cosine([[0.0, 2.0]], [[1.0, 0.0], [0.0, 1.0]])
    >>> cosine.tolist(), item.tolist()
    ([1.0], [1])
    """
    rows, items = unit_rows("vectors", vectors), unit_rows("pool", pool)
    if rows.shape[1] != items.shape[1]:
        raise InputError(f"pool: {items.shape[1]} dimensions, but vectors have {rows.shape[1]}")
    return _nearest(rows, items, own=False)


def _nearest(rows: Array, items: Array, *, own: bool) -> tuple[Array, NDArray[np.int64]]:
    """As `nearest_cosine` of unit rows; `own` leaves out each row's own place in the pool."""
    cosine, item = np.empty(len(rows)), np.empty(len(rows), dtype=np.int64)
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK] @ items.T
        if own:
            here = np.arange(len(block))
            block[here, start + here] = -np.inf
        best = block.argmax(axis=1)
        item[start : start + _BLOCK] = best
        cosine[start : start + _BLOCK] = block[np.arange(len(block)), best]
    return np.clip(cosine, -1.0, 1.0), item


def _under(values: Array, cuts: Array) -> Array:
    """Share of the values that are smaller than each cut."""
    return (values[:, None] < cuts).mean(axis=0)
