"""Do different users get different texts, beyond what chance alone would make different?

For one request every user u gets several texts, each drawn with a seed of its own. Over the cosine
distances of their vectors,

    between = mean over pairs of texts of two users,
    within  = mean over pairs of texts of one user (the control: same user, other seeds),
    effect  = between − within,

and over several requests the mean of each. A decoder that only wanders has between = within,
however far apart its texts are.

Test: were the user without influence, a request's texts would be exchangeable, so the effect is
compared with its values under all divisions of the texts among users (exact), or under many drawn
ones with p = (1 + hits) / (1 + draws) (Phipson and Smyth 2010); each request's texts are divided by
themselves. One-sided: larger effects. It is Anderson's (2001) permutation test on distances.

Interval: for the mean effect over users like these, by leaving out one user at a time (jackknife of
a U-statistic, Arvesen 1969) with Student's t on U − 1 degrees of freedom. The requests are taken as
given. The test and the interval ask different questions and need not agree for few users.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from math import factorial, prod, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from hare.errors import InputError
from hare.metrics.checks import Array, check_count, check_inside, labels, unit_rows

_BLOCK = 500  # divisions looked at in one go


@dataclass(frozen=True, slots=True)
class Divergence:
    """Personalisation divergence with its control.

    between, within   mean cosine distances, 0 to 2
    effect            between − within
    low, high         confidence interval of the effect over users; None with two users
    p_value           of an effect as large without any influence of the user
    divisions         how many divisions of the texts the p value rests on
    exact             whether these are all there are
    users, requests, texts   how many
    """

    between: float
    within: float
    effect: float
    low: float | None
    high: float | None
    p_value: float
    divisions: int
    exact: bool
    users: int
    requests: int
    texts: int

    @property
    def smallest_p(self) -> float:
        """The p value that no result could undercut with these numbers of texts and divisions."""
        return 1 / self.divisions if self.exact else 1 / (self.divisions + 1)


@dataclass(frozen=True, eq=False)
class _Request:
    """One request's texts: distances (n, n), users (n,) from 0 to U − 1, and sums over pairs."""

    distances: Array
    users: NDArray[np.int64]
    total: float
    pairs: int
    within_pairs: int

    def means(self, within_sum: Array) -> tuple[Array, Array]:
        """(between, within) given the sums of the distances within users."""
        others = self.pairs - self.within_pairs
        return (self.total - within_sum) / others, within_sum / self.within_pairs

    def effects(self, divisions: NDArray[np.int64]) -> Array:
        """(k,) effects were the texts divided as in (k, n)."""
        between, within = self.means(_within_sums(self.distances, divisions))
        return between - within


def personalisation_divergence(
    vectors: ArrayLike,
    users: ArrayLike,
    requests: ArrayLike | None = None,
    *,
    confidence: float = 0.95,
    draws: int = 9999,
    exact_up_to: int = 20_000,
    seed: int | np.random.Generator = 0,
) -> Divergence:
    """Divergence between users, the control within them, a permutation test and an interval.

    vectors       (n, d) embeddings of the texts; not zero
    users         (n,) for whom each text was written, integers or names
    requests      (n,) what it answers; one request for all when None
    confidence    of the interval
    draws         divisions drawn where there are more than exact_up_to of them
    seed          for these draws

    Every user has at least two texts for every request, and there are at least two users;
    InputError otherwise. The texts must not share random numbers: with a common seed for all users,
    texts differ less between than within users, and the test is not valid.

    >>> texts = [[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0], [-1.0, 0.0], [-1.0, 0.1]]
    >>> found = personalisation_divergence(texts, ["a", "a", "b", "b", "c", "c"])
    >>> round(found.effect, 2), round(found.p_value, 3), found.divisions
    (1.29, 0.067, 15)
    """
    check_inside("confidence", confidence, 0, 1)
    check_count("draws", draws, 1)
    check_count("exact_up_to", exact_up_to, 0)
    units = unit_rows("vectors", vectors, least=4)
    who = labels("users", users, len(units))
    what = np.zeros(len(units), dtype=np.int64)
    if requests is not None:
        what = labels("requests", requests, len(units))
    count = int(who.max()) + 1
    _check_design(who, what, count)
    blocks = [_request(units[what == r], who[what == r]) for r in range(int(what.max()) + 1)]
    between, within = _means(blocks)
    effect = between - within
    exact = prod(count_divisions(np.bincount(block.users).tolist()) for block in blocks)
    if exact <= exact_up_to:
        under = _all_effects(blocks)
    else:
        under = _drawn_effects(blocks, draws, np.random.default_rng(seed))
    # Divisions alike up to rounding are ties, and ties count.
    hits = int((under >= effect - 1e-9).sum())
    low, high = _interval(blocks, effect, count, confidence)
    return Divergence(
        between=between,
        within=within,
        effect=effect,
        low=low,
        high=high,
        p_value=hits / exact if exact <= exact_up_to else (1 + hits) / (1 + draws),
        divisions=len(under),
        exact=exact <= exact_up_to,
        users=count,
        requests=len(blocks),
        texts=len(units),
    )


def count_divisions(sizes: Sequence[int]) -> int:
    """In how many ways a request's texts can be divided into unnamed groups of these sizes.

    >>> count_divisions([2, 2, 2])
    15
    """
    alike = prod(factorial(times) for times in Counter(sizes).values())
    return factorial(sum(sizes)) // (prod(map(factorial, sizes)) * alike)


def _check_design(who: NDArray[np.int64], what: NDArray[np.int64], count: int) -> None:
    if count < 2:
        raise InputError("users: there must be at least two different ones")
    texts = np.zeros((int(what.max()) + 1, count), dtype=np.int64)
    np.add.at(texts, (what, who), 1)
    if texts.min() < 2:
        request, user = np.argwhere(texts < 2)[0]
        raise InputError(
            f"users: number {user + 1} in sorted order has {texts[request, user]} texts for "
            f"request number {request + 1}; every user needs two for each, or there is no control"
        )


def _request(units: Array, users: NDArray[np.int64]) -> _Request:
    distances = 1 - np.clip(units @ units.T, -1.0, 1.0)
    np.fill_diagonal(distances, 0.0)
    return _of_distances(distances, np.unique(users, return_inverse=True)[1])


def _of_distances(distances: Array, users: NDArray[np.int64]) -> _Request:
    n, sizes = len(users), np.bincount(users)
    return _Request(
        distances=distances,
        users=users,
        total=float(distances.sum()) / 2,
        pairs=n * (n - 1) // 2,
        within_pairs=int((sizes * (sizes - 1) // 2).sum()),
    )


def _within_sums(distances: Array, divisions: NDArray[np.int64]) -> Array:
    """(k,) sums of the distances of pairs in the same group, for divisions (k, n)."""
    groups = np.arange(divisions.max() + 1)
    member = (divisions[..., None] == groups).astype(np.float64)  # (k, n, U)
    return np.einsum("knu,knu->k", member, distances @ member) / 2


def _means(blocks: Sequence[_Request]) -> tuple[float, float]:
    """(between, within), the means over the requests."""
    means = [block.means(_within_sums(block.distances, block.users[None])) for block in blocks]
    between, within = np.mean(means, axis=0)[:, 0]
    return float(between), float(within)


def _interval(
    blocks: Sequence[_Request], effect: float, count: int, confidence: float
) -> tuple[float | None, float | None]:
    if count < 3:
        return None, None
    left_out = np.empty(count)
    for user in range(count):
        kept = []
        for block in blocks:
            rows = block.users != user
            others = np.unique(block.users[rows], return_inverse=True)[1]
            kept.append(_of_distances(block.distances[np.ix_(rows, rows)], others))
        between, within = _means(kept)
        left_out[user] = between - within
    pseudo = count * effect - (count - 1) * left_out
    half = float(student.ppf((1 + confidence) / 2, count - 1) * pseudo.std(ddof=1) / sqrt(count))
    return effect - half, effect + half


def _all_effects(blocks: Sequence[_Request]) -> Array:
    """The effect under every combination of the requests' divisions."""
    by_request = []
    for block in blocks:
        divisions = np.array(list(_divisions(np.bincount(block.users).tolist())))
        parts = np.array_split(divisions, max(len(divisions) // _BLOCK, 1))
        by_request.append(np.concatenate([block.effects(part) for part in parts]))
    return reduce(np.add.outer, by_request).ravel() / len(blocks)


def _drawn_effects(blocks: Sequence[_Request], draws: int, rng: np.random.Generator) -> Array:
    effects = np.zeros(draws)
    for block in blocks:
        for start in range(0, draws, _BLOCK):
            size = min(_BLOCK, draws - start)
            divisions = rng.permuted(np.tile(block.users, (size, 1)), axis=1)
            effects[start : start + size] += block.effects(divisions)
    return effects / len(blocks)


def _divisions(sizes: Sequence[int]) -> Iterator[NDArray[np.int64]]:
    """Every division of Σ sizes texts into unnamed groups of these sizes, once each."""
    division = np.empty(sum(sizes), dtype=np.int64)

    def divide(texts: tuple[int, ...], left: tuple[int, ...], group: int) -> Iterator[None]:
        if not left:
            yield
            return
        first, *rest = texts
        for size in set(left):  # the group of the first text that is in none yet
            others = list(left)
            others.remove(size)
            for companions in combinations(rest, size - 1):
                division[[first, *companions]] = group
                remaining = tuple(text for text in rest if text not in companions)
                yield from divide(remaining, tuple(others), group + 1)

    for _ in divide(tuple(range(len(division))), tuple(sizes), 0):
        yield division.copy()
