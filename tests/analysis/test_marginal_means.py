"""Marginal means and contrasts of the mixed model against R's emmeans, and against cell means."""

from __future__ import annotations

import numpy as np
import pytest
from broken_exports import gold

from analysis import InputError, MixedModel, emmeans, holm, linear_mixed
from analysis.stats.mixed import mixed_model

ARMS = ["rag", "hare", "gpt2"]
OWN = {
    "hare − others": {"rag": -0.5, "hare": 1.0, "gpt2": -0.5},
    "rag − gpt2": {"rag": 1.0, "gpt2": -1.0},
}


@pytest.fixture(scope="module")
def rated() -> np.ndarray:
    """(12 participants, 6 rounds, 3 arms), those of tests/gold/rated_rounds.R."""
    table = gold("rated_rounds")
    values = np.empty((12, 6, 3))
    arm = [ARMS.index(name) for name in table["arm"]]
    values[table["p"] - 1, table["round"] - 1, arm] = table["rating"]
    return values


@pytest.fixture(scope="module")
def model(rated: np.ndarray) -> MixedModel:
    return linear_mixed(rated, ARMS, reference="rag")


def test_means_at_the_mean_round_and_the_last_equal_emmeans(model: MixedModel) -> None:
    # R: emmeans(fit, ~ arm | time, at = list(time = c(0, 2.5)), lmer.df = "satterthwaite");
    # tests/gold/posthoc.R. lme4 stops where an SE is 2e-5 of itself too large
    found = emmeans(model, rounds=[3.5, 6])
    assert [(mean.name, mean.round) for mean in found.means] == [
        (arm, place) for place in (3.5, 6.0) for arm in ARMS
    ]
    assert [mean.estimate for mean in found.means] == pytest.approx(
        [2.73347222, 3.05347222, 2.74430556, 2.89650794, 3.27436508, 2.70543651], abs=1e-7
    )
    assert [mean.error for mean in found.means] == pytest.approx(
        [0.176448675] * 3 + [0.220559319] * 3, rel=5e-5
    )
    assert [mean.df for mean in found.means] == pytest.approx(
        [17.9233527] * 3 + [37.3404043] * 3, abs=2e-3
    )


def test_contrasts_of_ones_own_equal_emmeans(model: MixedModel) -> None:
    # R: contrast(means, list(c(-0.5, 1, -0.5), c(1, 0, -1))); tests/gold/posthoc.R
    found = emmeans(model, rounds=[3.5, 6], contrasts=OWN).contrasts
    assert [row.estimate for row in found] == pytest.approx(
        [0.3145833333, -0.0108333333, 0.4733928571, 0.1910714286], abs=1e-7
    )
    assert [row.error for row in found] == pytest.approx(
        [0.128117784, 0.147937674, 0.206597638, 0.238558404], rel=5e-5
    )
    assert [row.df for row in found] == pytest.approx([21.999, 21.999, 54.944, 54.944], abs=3e-3)
    p = [row.p for row in found]
    assert p == pytest.approx([0.0224427278, 0.9422856156, 0.0257998579, 0.42661530], abs=2e-5)
    assert [row.adjusted for row in found] == list(holm(p))


def test_means_of_complete_ratings_are_the_means_of_the_cells(
    rated: np.ndarray, model: MixedModel
) -> None:
    found = emmeans(model).means
    assert [mean.estimate for mean in found] == pytest.approx(
        rated.mean(axis=(0, 1)).tolist(), abs=1e-6
    )


def test_a_contrast_with_the_reference_is_the_coefficient(model: MixedModel) -> None:
    row = emmeans(model, contrasts={"hare": {"hare": 1, "rag": -1}}).contrasts[0]
    term = model.coefficient("hare")
    assert (row.estimate, row.error, row.df) == pytest.approx(
        (term.estimate, term.error, term.df), rel=1e-9
    )
    assert row.interval == term.t_interval


def test_the_reference_makes_no_difference(rated: np.ndarray, model: MixedModel) -> None:
    other = emmeans(linear_mixed(rated, ARMS, reference="gpt2"), rounds=[2])
    for one, two in zip(emmeans(model, rounds=[2]).contrasts, other.contrasts, strict=True):
        assert one.name == two.name
        assert one.estimate == pytest.approx(two.estimate, abs=1e-6)
        assert (one.error, one.df) == pytest.approx((two.error, two.df), rel=1e-3)


def test_where_a_high_rater_is_missing_the_mean_falls_less_than_that_of_the_cell(
    rated: np.ndarray,
) -> None:
    higher = rated + 4.0 * (np.arange(12) == 0)[:, None, None]
    fewer = higher.copy()
    fewer[0, 1:, 0] = np.nan  # of this participant's rag ratings, one is left
    found = emmeans(linear_mixed(fewer, ARMS, reference="rag"))
    assert "ratings are missing" in found.note
    full, cell = higher[..., 0].mean(), np.nanmean(fewer[..., 0])
    assert abs(found.means[0].estimate - full) < 0.2 * abs(cell - full)


def test_a_model_that_was_not_fitted_has_no_means_and_says_why(rated: np.ndarray) -> None:
    found = emmeans(linear_mixed(rated[:2], ARMS, reference="rag"))
    assert found.means == ()
    assert found.apa() == "marginal means: not estimable (needs at least 3 participants, has 2)"
    other = mixed_model(rated.ravel(), np.ones((216, 1)), np.repeat(range(12), 18), terms=["x"])
    assert "linear_mixed" in emmeans(other).note


def test_a_table_has_a_row_for_every_mean_and_contrast(model: MixedModel) -> None:
    frame = emmeans(model, rounds=[1, 6]).to_frame()
    assert frame["kind"].tolist() == ["mean"] * 6 + ["contrast"] * 6
    assert (frame["low"] < frame["estimate"]).all()
    assert frame["name"].tolist()[-3:] == ["rag − hare", "rag − gpt2", "hare − gpt2"]
    line = emmeans(model, rounds=[6]).apa().splitlines()[3]
    assert line == (
        "rag − hare, round 6: −0.38, SE = 0.24, 95% CI [−0.86, 0.10], t(54.95) = −1.58, "
        "p = .119, adjusted p = .238"
    )


def test_what_cannot_be_asked_for_is_refused_by_name(model: MixedModel) -> None:
    with pytest.raises(InputError, match="rounds = 7: must be from 1 to 6"):
        emmeans(model, rounds=[7])
    with pytest.raises(InputError, match=r"contrasts\['own'\] names 'bert': the arms are rag"):
        emmeans(model, contrasts={"own": {"bert": 1.0, "rag": -1.0}})
    with pytest.raises(InputError, match="must sum to zero"):
        emmeans(model, contrasts={"own": {"hare": 1.0, "rag": -0.5}})
    with pytest.raises(InputError, match="adjust = 'tukey'"):
        emmeans(model, adjust="tukey")
