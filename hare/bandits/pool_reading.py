"""How HARE reads a pool of items: attention to its clusters, and what a reward is linear in.

Softmax attention to the clusters of the pool (the keys are k-means centres, one set a head), so
that knowledge about one item serves those like it; and linear attention (Katharopoulos et al.
2020), which is the product of item and request itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from hare.attention.clusters import cluster_pool
from hare.bandits.checks import Array, Integers
from hare.errors import SettingsError


@dataclass(frozen=True, slots=True, eq=False)
class PoolReading:
    """Features of pairs (K, D), what is known of request and item together in one round.

    items       columns that describe the item; rest the others, the request
    centres     (H, C, dv) the keys
    spread      mean squared distance of the pool's items from their mean
    sharpness   of the softmax: a_c(v) = softmax_c(−sharpness |v − c|² / spread)
    crossed     attend linearly too;  user_state  features for users
    """

    items: Integers
    rest: Integers
    centres: Array
    spread: float
    sharpness: float
    crossed: bool
    user_state: bool

    @classmethod
    def of(
        cls,
        pairs: Array,
        items: Integers,
        *,
        clusters: int | None,
        heads: int,
        sharpness: float,
        crossed: bool,
        user_state: bool,
    ) -> Self:
        """Read the pool that one round's pairs show. SettingsError for clusters it has not."""
        pool = pairs[:, items]
        try:
            labels = [cluster_pool(pool, clusters, seed) for seed in range(heads)]
        except SettingsError as error:  # the pool's rule, under the name of the parameter here
            raise SettingsError("clusters", error.value, error.rule) from error
        if len({int(own.max()) for own in labels}) > 1:
            raise SettingsError("clusters", clusters, "too many: not every head found them")
        centres = [[pool[own == c].mean(axis=0) for c in range(own.max() + 1)] for own in labels]
        spread = float(((pool - pool.mean(axis=0)) ** 2).sum(axis=1).mean()) or 1.0
        rest = np.setdiff1d(np.arange(pairs.shape[1]), items)
        return cls(items, rest, np.array(centres), spread, sharpness, crossed, user_state)

    def attention(self, pairs: Array) -> Array:
        """(K, H C) attention of the items to the clusters; a head's sums to 1."""
        items = pairs[:, self.items]
        squared = ((items[:, None, None, :] - self.centres) ** 2).sum(axis=-1)  # (K, H, C)
        return softmax(-self.sharpness * squared / self.spread, axis=-1).reshape(len(items), -1)

    def parts(self, pairs: Array) -> tuple[list[Array], Array]:
        """Features of everybody's part by block, (K, .) each, and of the user's part, (K, Dh)."""
        items, rest = pairs[:, self.items], pairs[:, self.rest]
        read, ones = self.attention(pairs), np.ones((len(pairs), 1))
        crossed = _products(items, rest) if self.crossed else np.empty((len(pairs), 0))
        user = np.hstack([items, ones, read]) if self.user_state else np.empty((len(pairs), 0))
        attended = _products(read, np.hstack([rest, ones]))
        return [np.hstack([pairs, ones]), attended, crossed], user

    def features(self, pairs: Array) -> tuple[Array, Array]:
        """(K, Dg) of everybody's part and (K, Dh) of the user's."""
        parts, user = self.parts(pairs)
        return np.hstack(parts), user

    def arrays(self) -> dict[str, NDArray[Any]]:
        """With `values`, what `restore` takes."""
        return {"items": self.items, "rest": self.rest, "centres": self.centres}

    def values(self) -> dict[str, Any]:
        names = ("spread", "sharpness", "crossed", "user_state")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], values: Mapping[str, Any]) -> Self:
        return cls(**{name: arrays[name] for name in ("items", "rest", "centres")}, **values)


def item_columns(pairs: Array, items: slice | list[int] | None) -> Integers:
    """The columns that `items` picks; None: those in which the pairs differ, or all."""
    size = pairs.shape[1]
    if items is None:
        differ = np.flatnonzero(np.ptp(pairs, axis=0) > 0)
        return differ if len(differ) else np.arange(size)
    try:
        columns = np.atleast_1d(np.arange(size)[items])
    except (IndexError, TypeError) as error:
        raise SettingsError("items", items, f"must pick columns: {error}") from error
    if not len(columns):
        raise SettingsError("items", items, "must pick at least one column")
    return columns


def _products(left: Array, right: Array) -> Array:
    """(K, a b) all products of a row of left (K, a) and of right (K, b)."""
    return (left[:, :, None] * right[:, None, :]).reshape(len(left), -1)
