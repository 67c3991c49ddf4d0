"""Requests as items, crossed with participants, in both mixed models: against lmerTest and clmm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from broken_exports import gold

from analysis import InputError, linear_mixed, ordinal_by_arm

ARMS = ("rag", "hare", "gpt2")
TERMS = ["hare", "gpt2", "round", "hare × round", "gpt2 × round"]


def rated() -> tuple[np.ndarray, np.ndarray]:
    """(12, 8 rounds, 3 arms) ratings and (12, 8) requests of tests/gold/rated_requests.R."""
    table = gold("rated_requests")
    values, requests = np.empty((12, 8, 3)), np.empty((12, 8), dtype=int)
    arm = [ARMS.index(name) for name in table["arm"]]
    values[table["p"] - 1, table["round"] - 1, arm] = table["rating"]
    requests[table["p"] - 1, table["round"] - 1] = table["request"]
    return values, requests


def categories() -> np.ndarray:
    return np.clip(np.rint(rated()[0]), 1, 5)


def test_crossed_requests_equal_lmertest() -> None:
    # lmerTest: … + (1 | request) + (1 | request:arm); tests/gold/rated_requests.R. lmerTest takes
    # the derivatives of its df numerically, which is where their fourth digits come from.
    values, requests = rated()
    model = linear_mixed(values, ARMS, reference="rag", requests=requests)
    assert [c.term for c in model.coefficients] == ["intercept", *TERMS]
    assert [c.estimate for c in model.coefficients] == pytest.approx(
        [3.4634375, 0.290416667, -0.124583333, -0.031020787, 0.133864919, -0.016573289], abs=2e-6
    )
    assert [c.error for c in model.coefficients] == pytest.approx(
        [0.277840753, *[0.305340995] * 2, 0.048261753, *[0.068170620] * 2], rel=5e-5
    )
    assert [c.df for c in model.coefficients] == pytest.approx(
        [32.700536, *[21.246394] * 2, 36.452535, *[36.306397] * 2], rel=1e-3
    )
    assert model.variances == pytest.approx(
        {
            "participant": 0.203913863,
            "participant × arm": 0.131771382,
            "round | participant × arm": 0.017215529,
            "request": 0.108688807,
            "request × arm": 0.256325608,
            "residual": 0.345111552,
        },
        rel=5e-4,
    )
    assert model.log_likelihood == pytest.approx(-341.9377587, abs=1e-6)
    assert model.note == ""


def test_slopes_of_participants_equal_clmm() -> None:
    # ordinal: clmm(… + (1|p) + (1|own) + (0+time|own)); tests/gold/rated_requests.R
    model = ordinal_by_arm(categories(), ARMS, reference="rag")
    assert [c.estimate for c in model.coefficients] == pytest.approx(
        [0.636324462, -0.226627964, -0.061299583, 0.215437542, -0.068091925], abs=2e-5
    )
    assert [c.error for c in model.coefficients] == pytest.approx(
        [0.37765766, 0.38059301, 0.10613894, 0.14968344, 0.15269619], rel=2e-5
    )
    assert model.variances == pytest.approx(
        {
            "participant": 0.81461514,
            "participant × arm": 0.4101845,
            "round | participant × arm": 0.049379034,
        },
        rel=2e-4,
    )
    assert model.log_likelihood == pytest.approx(-375.8376049, abs=1e-6)


def test_crossed_requests_equal_clmm() -> None:
    # ordinal: clmm(… + (1|request) + (1|item)); tests/gold/rated_requests.R. Its errors come from
    # second differences of a value whose modes stop early: good to three digits.
    model = ordinal_by_arm(categories(), ARMS, reference="rag", requests=rated()[1])
    assert [c.term for c in model.coefficients] == TERMS
    assert [c.estimate for c in model.coefficients] == pytest.approx(
        [0.898487919, -0.332189249, -0.054443278, 0.298772479, -0.122914617], abs=2e-4
    )
    assert [c.error for c in model.coefficients] == pytest.approx(
        [0.90264998, 0.90075114, 0.13121617, 0.18616674, 0.18593350], rel=2e-3
    )
    assert model.variances == pytest.approx(
        {
            "participant": 1.7824293,
            "participant × arm": 1.1689378,
            "round | participant × arm": 0.076975474,
            "request": 0.59812618,
            "request × arm": 2.1264952,
        },
        rel=1e-3,
    )
    assert model.log_likelihood == pytest.approx(-334.1025921, abs=1e-5)


def test_an_arm_is_less_certain_when_requests_are_drawn_too() -> None:
    values, requests = rated()
    fixed = linear_mixed(values, ARMS, reference="rag").coefficient("hare")
    drawn = linear_mixed(values, ARMS, reference="rag", requests=requests).coefficient("hare")
    assert drawn.estimate == pytest.approx(fixed.estimate, abs=1e-8)
    assert drawn.error > 1.2 * fixed.error


@pytest.mark.parametrize("model", [linear_mixed, ordinal_by_arm])
def test_requests_come_from_a_column_as_from_an_array(model) -> None:
    frame = gold("rated_requests").rename(columns={"p": "participant"})
    frame["rating"] = np.clip(np.rint(frame["rating"]), 1, 5)
    tidy = model(frame, list(ARMS), reference="rag", requests="request")
    array = model(categories(), ARMS, reference="rag", requests=rated()[1].astype(str))
    assert [c.estimate for c in tidy.coefficients] == pytest.approx(
        [c.estimate for c in array.coefficients], abs=1e-5
    )
    assert tidy.log_likelihood == pytest.approx(array.log_likelihood, abs=1e-8)


def test_requests_that_were_not_rated_equally_often_are_said() -> None:
    values, requests = rated()
    requests[0, 0] = requests[0, 1]
    model = linear_mixed(values, ARMS, reference="rag", requests=requests)
    assert model.note == "requests were not rated equally often, so no coefficient can be checked"


def test_one_request_has_no_effects_of_requests() -> None:
    model = ordinal_by_arm(categories(), ARMS, reference="rag", requests=np.zeros((12, 8)))
    assert model.note == "needs at least 2 requests to have effects of requests"


@pytest.mark.parametrize("people", [0, 1])
def test_requests_of_too_few_participants_are_explained(people: int) -> None:
    values, requests = rated()
    few = linear_mixed(values[:people], ARMS, reference="rag", requests=requests[:people])
    assert few.note == f"needs at least 3 participants, has {people}"


def test_wrong_requests_are_refused() -> None:
    values, requests = rated()
    with pytest.raises(InputError, match=r"requests must be \(participants, rounds\) of values"):
        linear_mixed(values, ARMS, reference="rag", requests=requests[:5])
    with pytest.raises(InputError, match="requests = 'request': names a column"):
        linear_mixed(values, ARMS, reference="rag", requests="request")
    frame = pd.DataFrame({"participant": [1], "round": [1], "arm": ["rag"], "rating": [3]})
    with pytest.raises(InputError, match="must name the column of a tidy DataFrame"):
        linear_mixed(frame, reference="rag", requests=requests)
    with pytest.raises(InputError, match="column 'request' is missing"):
        linear_mixed(frame, reference="rag", requests="request")
