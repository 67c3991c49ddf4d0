"""The likelihood of the ordinal model: its gradient, its integral, and how it lays out the rows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.optimize import approx_fprime
from scipy.special import expit

from analysis.stats.cumulative_link import CumulativeLogit

RNG = np.random.default_rng(12)
PEOPLE, ITEM = np.repeat(np.arange(6), 8), np.tile(np.arange(8), 6)
OWN = 2 * PEOPLE + ITEM % 2
X = np.column_stack([(ITEM % 2).astype(float), RNG.normal(size=48)])
CATEGORY = np.clip(np.rint(1.5 + X @ [0.6, 0.3] + RNG.normal(size=48)), 0, 3).astype(np.intp)
POINT = np.array([-1.2, 0.3, 0.1, 0.5, -0.4, 0.9, 0.6])  # alpha_1, two gaps, b, two deviations


@pytest.mark.parametrize(
    ("groups", "points"),
    [
        ([PEOPLE], 1),
        ([PEOPLE], 2),
        ([PEOPLE], 9),
        ([PEOPLE, OWN], 1),
        ([PEOPLE, ITEM], 1),
    ],
    ids=["Laplace", "two points", "nine points", "nested", "crossed"],
)
def test_the_gradient_is_that_of_the_value(groups: list[np.ndarray], points: int) -> None:
    likelihood = CumulativeLogit(CATEGORY, X, groups, points)
    point = POINT[: 5 + len(groups)]
    numeric = approx_fprime(point, lambda x: likelihood(x)[0], 1e-6)
    assert likelihood(point)[1] == pytest.approx(numeric, abs=1e-4)


def test_many_points_are_the_integral() -> None:
    likelihood = CumulativeLogit(CATEGORY, X, [PEOPLE], 40)
    point = POINT[:6]
    cuts = np.concatenate([[-np.inf], likelihood.alpha(point), [np.inf]])
    eta = X @ point[3:5]

    def density(u: float, person: int) -> float:
        rows = person == PEOPLE
        upper, lower = cuts[CATEGORY[rows] + 1], cuts[CATEGORY[rows]]
        at = eta[rows] + point[5] * u
        return float(np.prod(expit(upper - at) - expit(lower - at)) * stats.norm.pdf(u))

    pieces = [
        integrate.quad(density, -9, 9, args=(p,), epsabs=0, epsrel=1e-10)[0] for p in range(6)
    ]
    assert likelihood(point)[0] == pytest.approx(np.log(pieces).sum(), abs=1e-7)


def test_without_intercepts_it_is_the_plain_cumulative_logit() -> None:
    point = np.append(POINT[:5], [0.0, 0.0])
    likelihood = CumulativeLogit(CATEGORY, X, [PEOPLE, OWN], 1)
    cuts = np.concatenate([[-np.inf], likelihood.alpha(point), [np.inf]])
    eta = X @ point[3:5]
    chance = expit(cuts[CATEGORY + 1] - eta) - expit(cuts[CATEGORY] - eta)
    assert likelihood(point)[0] == pytest.approx(np.log(chance).sum(), rel=1e-12)


def test_the_sign_of_a_deviation_and_the_order_of_the_rows_do_not_matter() -> None:
    value = CumulativeLogit(CATEGORY, X, [PEOPLE, OWN], 1)(POINT)[0]
    flipped = np.concatenate([POINT[:5], -POINT[5:]])
    assert CumulativeLogit(CATEGORY, X, [PEOPLE, OWN], 1)(flipped)[0] == pytest.approx(value)
    order = np.random.default_rng(0).permutation(48)
    shuffled = CumulativeLogit(CATEGORY[order], X[order], [PEOPLE[order], OWN[order]], 1)
    assert shuffled(POINT)[0] == pytest.approx(value, rel=1e-10)


def test_nested_intercepts_fall_apart_by_participant_and_crossed_ones_do_not() -> None:
    assert CumulativeLogit(CATEGORY, X, [PEOPLE, OWN], 1).Z.shape == (6, 8, 3)
    assert CumulativeLogit(CATEGORY, X, [PEOPLE, ITEM], 1).Z.shape == (1, 48, 14)


def test_participants_may_have_different_numbers_of_rows() -> None:
    kept = np.arange(48) % 7 > 0
    likelihood = CumulativeLogit(CATEGORY[kept], X[kept], [PEOPLE[kept]], 1)
    parts = 0.0
    for person in range(6):
        rows = kept & (person == PEOPLE)
        pair = np.concatenate([rows.nonzero()[0], np.arange(48)])  # all categories occur
        codes = np.where(np.arange(pair.size) < rows.sum(), 0, 1 + PEOPLE[pair])
        whole = CumulativeLogit(CATEGORY[pair], X[pair], [codes], 1)(POINT[:6])[0]
        parts += whole - CumulativeLogit(CATEGORY, X, [PEOPLE], 1)(POINT[:6])[0]
    assert likelihood(POINT[:6])[0] == pytest.approx(parts, rel=1e-9)
