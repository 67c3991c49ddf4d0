"""Plackett–Luce and Bradley–Terry worths, their intervals, and choices against chance."""

from __future__ import annotations

from itertools import permutations

import choix
import numpy as np
import pytest
from broken_exports import gold
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis import InputError, bradley_terry, choice_shares
from analysis.stats import worths as module
from analysis.stats.choices import choice_test, plackett_luce, wins_of_best

ARMS = ("rag", "hare", "gpt2")
RANKS = gold("rankings")[list(ARMS)].to_numpy(float).reshape(12, 5, 3)  # (participants, rounds, k)


def shares_of(log_worths: np.ndarray) -> np.ndarray:
    """choix's parameters as worths that sum to one."""
    return np.exp(log_worths) / np.exp(log_worths).sum()


def drawn(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Ranks (…, k), every ranking equally likely."""
    return rng.random(shape).argsort(axis=-1).argsort(axis=-1) + 1.0


def test_rankings_equal_a_stratified_cox_model() -> None:
    # R: survival::coxph(Surv(place, chosen) ~ arm + strata(game)); tests/gold/rankings.R
    values = plackett_luce(RANKS, bootstrap=False).values
    assert values == pytest.approx((0.393938184, 0.444083966, 0.161977850), abs=1e-9)


def test_first_places_alone_give_the_shares() -> None:
    # R: the same model of first places alone gives 0.40, 0.45 and 0.15; tests/gold/rankings.R
    best = np.where(RANKS == 1, 1.0, np.nan)
    assert plackett_luce(best, bootstrap=False).values == pytest.approx((0.40, 0.45, 0.15))
    wins = wins_of_best((RANKS == 1).sum(axis=(0, 1)))
    assert bradley_terry(wins).values == pytest.approx((0.40, 0.45, 0.15))


@given(st.integers(0, 10_000), st.integers(3, 5))
@settings(max_examples=20, deadline=None)
def test_rankings_equal_choix(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    ranks = np.concatenate([drawn(rng, (6, 5, k)), drawn(rng, (1, 1, k)).repeat(5, axis=1)])
    found = plackett_luce(ranks, bootstrap=False).values
    if found is None:
        return
    order = [tuple(int(a) for a in row) for row in ranks.reshape(-1, k).argsort(axis=1)]
    assert found == pytest.approx(shares_of(choix.ilsr_rankings(k, order)), abs=1e-6)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_rankings_that_stop_early_equal_choix(seed: int) -> None:
    ranks = drawn(np.random.default_rng(seed), (8, 4, 4))
    partial = np.where(ranks <= 2, ranks, np.nan)
    found = plackett_luce(partial, bootstrap=False).values
    if found is None:
        return
    sets = []
    for row in ranks.reshape(-1, 4).argsort(axis=1):
        sets += [(int(row[place]), tuple(int(a) for a in row[place + 1 :])) for place in (0, 1)]
    assert found == pytest.approx(shares_of(choix.ilsr_top1(4, sets)), abs=1e-6)


def test_pairs_equal_choix() -> None:
    wins = np.random.default_rng(2).integers(1, 20, size=(5, 5)).astype(float)
    np.fill_diagonal(wins, 0.0)
    expected = shares_of(choix.ilsr_pairwise_dense(wins))
    assert bradley_terry(wins).values == pytest.approx(expected, abs=1e-8)


def test_rankings_of_two_arms_are_pairs() -> None:
    ranks = drawn(np.random.default_rng(3), (30, 2))
    first = int((ranks[:, 0] == 1).sum())
    assert plackett_luce(ranks, bootstrap=False).values == pytest.approx(
        (first / 30, 1 - first / 30)
    )


def test_every_ranking_once_gives_equal_worths() -> None:
    ranks = np.array(list(permutations([1.0, 2.0, 3.0])))
    assert plackett_luce(ranks, bootstrap=False).values == pytest.approx([1 / 3] * 3)


def test_missing_rankings_are_left_out() -> None:
    ranks = RANKS.copy()
    ranks[0, 2:] = np.nan
    kept = np.concatenate([RANKS[0, :2], RANKS[1:].reshape(-1, 3)])
    assert plackett_luce(ranks, bootstrap=False).values == pytest.approx(
        plackett_luce(kept, bootstrap=False).values, abs=1e-9
    )


def test_intervals_are_those_of_the_shares_for_best_of_three() -> None:
    counts = (RANKS == 1).sum(axis=1)
    shares = choice_shares(counts, ARMS)
    for worths in (
        plackett_luce(np.where(RANKS == 1, 1.0, np.nan)),
        bradley_terry(wins_of_best(counts)),
    ):
        for estimate, share in zip(worths.estimates, shares, strict=True):
            assert estimate.interval is not None
            assert share.share.interval is not None
            # the resamples are the same ones; a share is a lattice of steps of 1/60
            assert estimate.interval.low == pytest.approx(share.share.interval.low, abs=1 / 59)
            assert estimate.interval.high == pytest.approx(share.share.interval.high, abs=1 / 59)
            assert estimate.interval.method.startswith("BCa, 9,999 resamples of participants")


def test_participants_alike_within_themselves_widen_the_intervals() -> None:
    rng = np.random.default_rng(7)
    loose = drawn(rng, (12, 10, 3))
    steady = np.repeat(drawn(rng, (12, 1, 3)), 10, axis=1)
    widths = []
    for ranks in (loose, steady):
        interval = plackett_luce(ranks).estimates[0].interval
        assert interval is not None
        widths.append(interval.high - interval.low)
    assert widths[1] > 1.8 * widths[0]  # sqrt(10) times in expectation


def test_intervals_cover_as_often_as_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    def few(statistic, *samples, level):
        return bca(statistic, *samples, level=level, resamples=399)

    bca = module.bca
    monkeypatch.setattr(module, "bca", few)
    rng = np.random.default_rng(11)
    covered = 0
    for _ in range(120):
        own = np.exp(0.5 * rng.normal(size=(24, 1, 3)))  # exchangeable arms: a third each
        ranks = (rng.exponential(size=(24, 10, 3)) / own).argsort(axis=2).argsort(axis=2) + 1.0
        interval = plackett_luce(ranks).estimates[0].interval
        assert interval is not None
        covered += interval.low <= 1 / 3 <= interval.high
    assert stats.binomtest(covered, 120, 0.95).pvalue > 1e-3


def test_a_resample_may_lose_an_arm_and_keeps_its_limit() -> None:
    counts = np.array([[3, 2, 0], [4, 1, 0], [2, 3, 0], [1, 3, 1], [4, 1, 0], [3, 2, 0]])
    worth = bradley_terry(wins_of_best(counts)).estimates[2]
    assert worth.value == pytest.approx(1 / 30)
    assert worth.interval is not None
    assert worth.interval.low == pytest.approx(0.0, abs=1e-12)


def test_resamples_without_worths_leave_no_interval_and_say_why() -> None:
    wins = np.zeros((4, 3, 3))
    wins[:, 0, 1] = wins[:, 1, 0] = 1.0
    wins[0, 1, 2] = wins[0, 2, 1] = 1.0  # the third arm was met by one participant alone
    worths = bradley_terry(wins)
    assert worths.values == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert worths.estimates[2].interval is None
    assert worths.estimates[2].note == (
        "no bootstrap interval: in some resamples an arm met none of the others"
    )


@pytest.mark.parametrize(
    ("ranks", "note"),
    [
        (np.full((3, 3), np.nan), "no choices were made"),
        (
            np.tile([1.0, 2.0, 3.0], (4, 1)),
            "an arm, or a group of arms, won every or no comparison with the rest",
        ),
    ],
)
def test_rankings_without_worths_are_explained(ranks: np.ndarray, note: str) -> None:
    worths = plackett_luce(ranks)
    assert (worths.values, worths.estimates, worths.note) == (None, (), note)


def test_worths_that_do_not_settle_are_not_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEPS", 1)
    assert plackett_luce(RANKS).note == "the worths did not settle in 1 steps"


def test_choices_equal_rs_exact_binomial_test() -> None:
    # R: binom.test(27, 60, 1/3) and binom.test(110, 240, 1/3); tests/gold/rankings.R
    hare = choice_test(int((RANKS[..., 1] == 1).sum()), 60)
    assert (hare.statistic, hare.n) == (27.0, 60)
    assert hare.p == pytest.approx(0.07386, abs=5e-6)
    assert hare.estimate is not None
    assert hare.estimate.interval is not None
    assert (hare.estimate.interval.low, hare.estimate.interval.high) == pytest.approx(
        (0.3212215, 0.5838809), abs=5e-8
    )
    assert hare.note == "takes the 60 choices as independent"
    assert choice_test(110, 240).p == pytest.approx(6.536e-5, abs=5e-9)
    assert choice_test(3, 4, choices=2).p == pytest.approx(0.625)


def test_no_choices_have_no_test() -> None:
    result = choice_test(0, 0)
    assert result.p is None
    assert result.apa() == "exact binomial against 1/3: not estimable (no choices were made)"


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(InputError, match="position 0, 0 tie"):
        plackett_luce([[1, 1, 2], [1, 2, 3]])
    with pytest.raises(InputError, match=r"has shape \(3,\)"):
        plackett_luce([1, 2, 3])
    with pytest.raises(InputError, match="finite, or nan"):
        plackett_luce([[1, 2, np.inf]])
    with pytest.raises(InputError, match=r"has shape \(2, 3\)"):
        bradley_terry(np.ones((2, 3)))
    with pytest.raises(InputError, match="counts >= 0"):
        bradley_terry([[0, -1], [2, 0]])
    with pytest.raises(InputError, match="5 of 4 choices among 3"):
        choice_test(5, 4)
