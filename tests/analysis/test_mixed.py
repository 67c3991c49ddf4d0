"""The mixed model against lme4, and what becomes of data that it cannot be fitted to."""

from __future__ import annotations

import numpy as np
import pytest
from broken_exports import gold

from analysis import InputError, linear_mixed
from analysis.stats import mixed
from analysis.stats.mixed import mixed_model

ARMS = ("rag", "hare", "gpt2")


@pytest.fixture(scope="module")
def rated() -> np.ndarray:
    """(12 participants, 6 rounds, 3 arms), those of tests/gold/rated_rounds.R."""
    table = gold("rated_rounds")
    values = np.empty((12, 6, 3))
    arm = [ARMS.index(name) for name in table["arm"]]
    values[table["p"] - 1, table["round"] - 1, arm] = table["rating"]
    return values


def test_reml_equals_lme4_on_the_sleep_study() -> None:
    # lme4: lmer(Reaction ~ Days + (Days | Subject), sleepstudy); tests/gold/sleepstudy.R
    table = gold("sleepstudy")
    design = np.column_stack([np.ones(len(table)), table["Days"]])
    fit = mixed_model(
        table["Reaction"],
        design,
        table["Subject"],
        terms=["intercept", "days"],
        random=design,
    )
    intercept, days = fit.coefficients
    assert (intercept.estimate, days.estimate) == pytest.approx((251.405105, 10.467286), abs=1e-5)
    assert (intercept.error, days.error) == pytest.approx((6.8245967, 1.5457896), rel=2e-4)
    assert fit.variances == pytest.approx(
        {"group 0": 612.100, "group 0, group 1": 9.6044, "group 1": 35.0717, "residual": 654.940},
        rel=2e-3,
    )
    assert fit.log_likelihood == pytest.approx(-871.814136, abs=1e-4)


def test_the_model_of_the_study_equals_lme4(rated: np.ndarray) -> None:
    # lme4: rating ~ arm * time + (1|p) + (1|p:arm) + (0+time|p:arm); tests/gold/rated_rounds.R
    model = linear_mixed(rated, ARMS, reference="rag")
    assert [term.term for term in model.coefficients] == [
        "intercept", "hare", "gpt2", "round", "hare × round", "gpt2 × round",
    ]  # fmt: skip
    assert [term.estimate for term in model.coefficients] == pytest.approx(
        [2.733472222, 0.32, 0.010833333, 0.065214286, 0.023142857, -0.080761905], abs=1e-6
    )
    assert [term.error for term in model.coefficients] == pytest.approx(
        [0.176448675, *[0.147937674] * 2, 0.052933586, *[0.074859395] * 2], rel=1e-3
    )
    assert model.variances == pytest.approx(
        {
            "group": 0.242296285,
            "p:arm": 0.070013337,
            "round | p:arm": 0.012606433,
            "residual": 0.367799974,
        },
        rel=3e-3,
    )
    assert model.log_likelihood == pytest.approx(-238.0379401, abs=1e-4)
    assert model.note == ""


def test_the_reference_arm_changes_the_sign_and_nothing_else(rated: np.ndarray) -> None:
    pair = rated[:, :, :2]
    one = linear_mixed(pair, ARMS[:2], reference="rag").coefficients[1]
    other = linear_mixed(pair, ARMS[:2], reference="hare").coefficients[1]
    assert one.estimate == pytest.approx(-other.estimate, abs=1e-6)
    assert one.error == pytest.approx(other.error, rel=1e-3)
    assert one.estimate == pytest.approx(np.mean(pair[..., 1] - pair[..., 0]), abs=1e-6)


def test_missing_rounds_are_left_out_and_said(rated: np.ndarray) -> None:
    values = rated.copy()
    values[0, 3:] = np.nan
    model = linear_mixed(values, ARMS, reference="rag")
    assert model.rows == 216 - 9
    assert "cannot be checked against cell means" in model.note


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros((2, 4, 2)), "needs at least 3 participants, has 2"),
        (np.full((5, 4, 2), np.nan), "needs at least 3 participants, has 0"),
        (np.zeros((5, 1, 2)), "needs at least 2 rounds"),
        (np.full((5, 4, 2), 3.0), "every rating is the same"),
    ],
)
def test_data_without_a_model_are_explained(values: np.ndarray, reason: str) -> None:
    model = linear_mixed(values, ["rag", "hare"], reference="rag")
    assert (model.coefficients, model.note) == ((), reason)


def test_a_fit_that_does_not_converge_is_not_reported(
    rated: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mixed, "LIMIT", 1)
    model = linear_mixed(rated, ARMS, reference="rag")
    assert model.coefficients == ()
    assert model.note == "the optimiser did not converge"


def test_a_fit_away_from_the_cell_means_is_not_reported(
    rated: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mixed, "CELL_TOLERANCE", -1.0)
    assert "away from the cell means" in linear_mixed(rated, ARMS, reference="rag").note


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(InputError, match=r"has shape \(3, 4\)"):
        linear_mixed(np.zeros((3, 4)), ["a", "b"], reference="a")
    with pytest.raises(InputError, match="'c' is none of"):
        linear_mixed(np.zeros((3, 4, 2)), ["a", "b"], reference="c")
    with pytest.raises(InputError, match="finite"):
        linear_mixed(np.full((3, 4, 2), np.inf), ["a", "b"], reference="a")
