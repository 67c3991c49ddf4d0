"""The likelihood of the ordinal model: its gradient, its integral, and how it lays out the rows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.optimize import approx_fprime
from scipy.special import expit

from analysis.stats.cumulative_link import CumulativeLogit, RandomEffect

RNG = np.random.default_rng(12)
PEOPLE, ITEM = np.repeat(np.arange(6), 8), np.tile(np.arange(8), 6)
OWN = 2 * PEOPLE + ITEM % 2
ROUND = ITEM / 4.0 - 0.875
X = np.column_stack([(ITEM % 2).astype(float), RNG.normal(size=48)])
CATEGORY = np.clip(np.rint(1.5 + X @ [0.6, 0.3] + RNG.normal(size=48)), 0, 3).astype(np.intp)
POINT = np.array([-1.2, 0.3, 0.1, 0.5, -0.4, 0.9, 0.6])  # alpha_1, two gaps, b, two deviations


def intercepts(*groups: np.ndarray) -> list[RandomEffect]:
    return [RandomEffect(codes, np.ones(codes.size)) for codes in groups]


@pytest.mark.parametrize(
    ("effects", "points"),
    [
        (intercepts(PEOPLE), 1),
        (intercepts(PEOPLE), 2),
        (intercepts(PEOPLE), 9),
        (intercepts(PEOPLE, OWN), 1),
        (intercepts(PEOPLE, ITEM), 1),
        ([*intercepts(PEOPLE), RandomEffect(OWN, ROUND)], 1),
        ([*intercepts(PEOPLE), RandomEffect(ITEM, ROUND)], 1),
        ([RandomEffect(PEOPLE, ROUND)], 9),
    ],
    ids=[
        "Laplace",
        "two points",
        "nine points",
        "nested",
        "crossed",
        "nested slope",
        "crossed slope",
        "slope alone",
    ],
)
def test_the_gradient_is_that_of_the_value(effects: list[RandomEffect], points: int) -> None:
    likelihood = CumulativeLogit(CATEGORY, X, effects, points)
    point = POINT[: 5 + len(effects)]
    numeric = approx_fprime(point, lambda x: likelihood(x)[0], 1e-6)
    assert likelihood(point)[1] == pytest.approx(numeric, abs=1e-4)


@pytest.mark.parametrize("covariate", [np.ones(48), ROUND], ids=["intercept", "slope"])
def test_many_points_are_the_integral(covariate: np.ndarray) -> None:
    likelihood = CumulativeLogit(CATEGORY, X, [RandomEffect(PEOPLE, covariate)], 40)
    point = POINT[:6]
    cuts = np.concatenate([[-np.inf], likelihood.alpha(point), [np.inf]])
    eta = X @ point[3:5]

    def density(u: float, person: int) -> float:
        rows = person == PEOPLE
        upper, lower = cuts[CATEGORY[rows] + 1], cuts[CATEGORY[rows]]
        at = eta[rows] + point[5] * covariate[rows] * u
        return float(np.prod(expit(upper - at) - expit(lower - at)) * stats.norm.pdf(u))

    pieces = [
        integrate.quad(density, -9, 9, args=(p,), epsabs=0, epsrel=1e-10)[0] for p in range(6)
    ]
    assert likelihood(point)[0] == pytest.approx(np.log(pieces).sum(), abs=1e-7)


def test_without_intercepts_it_is_the_plain_cumulative_logit() -> None:
    point = np.append(POINT[:5], [0.0, 0.0])
    likelihood = CumulativeLogit(CATEGORY, X, intercepts(PEOPLE, OWN), 1)
    cuts = np.concatenate([[-np.inf], likelihood.alpha(point), [np.inf]])
    eta = X @ point[3:5]
    chance = expit(cuts[CATEGORY + 1] - eta) - expit(cuts[CATEGORY] - eta)
    assert likelihood(point)[0] == pytest.approx(np.log(chance).sum(), rel=1e-12)


def test_the_sign_of_a_deviation_and_the_order_of_the_rows_do_not_matter() -> None:
    value = CumulativeLogit(CATEGORY, X, intercepts(PEOPLE, OWN), 1)(POINT)[0]
    flipped = np.concatenate([POINT[:5], -POINT[5:]])
    assert CumulativeLogit(CATEGORY, X, intercepts(PEOPLE, OWN), 1)(flipped)[0] == pytest.approx(
        value
    )
    order = np.random.default_rng(0).permutation(48)
    shuffled = CumulativeLogit(CATEGORY[order], X[order], intercepts(PEOPLE[order], OWN[order]), 1)
    assert shuffled(POINT)[0] == pytest.approx(value, rel=1e-10)


def test_nested_intercepts_lie_within_their_participant_and_crossed_ones_in_the_border() -> None:
    nested = CumulativeLogit(CATEGORY, X, intercepts(PEOPLE, OWN), 1)
    assert (nested.Z.shape, nested.W.shape) == ((6, 8, 3), (6, 8, 0))
    crossed = CumulativeLogit(CATEGORY, X, intercepts(PEOPLE, ITEM), 1)
    assert (crossed.Z.shape, crossed.W.shape) == ((6, 8, 1), (6, 8, 8))


def test_participants_may_have_different_numbers_of_rows() -> None:
    kept = np.arange(48) % 7 > 0
    likelihood = CumulativeLogit(CATEGORY[kept], X[kept], intercepts(PEOPLE[kept]), 1)
    parts = 0.0
    for person in range(6):
        rows = kept & (person == PEOPLE)
        pair = np.concatenate([rows.nonzero()[0], np.arange(48)])  # all categories occur
        codes = np.where(np.arange(pair.size) < rows.sum(), 0, 1 + PEOPLE[pair])
        whole = CumulativeLogit(CATEGORY[pair], X[pair], intercepts(codes), 1)(POINT[:6])[0]
        parts += whole - CumulativeLogit(CATEGORY, X, intercepts(PEOPLE), 1)(POINT[:6])[0]
    assert likelihood(POINT[:6])[0] == pytest.approx(parts, rel=1e-9)
