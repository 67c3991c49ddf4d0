"""Every public procedure on degenerate input: InputError, or a result in which nothing is nan."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from inspect import isfunction
from typing import Any

import numpy as np
import pytest

import analysis
from analysis import InputError, TestResult

NAN, INF = math.nan, math.inf
ARMS = ["a", "b", "c"]
Procedure = Callable[..., object]


def places(values: object) -> np.ndarray:
    """Slots that fit the shape of the values, where it is one of values by round and arm."""
    shape = np.shape(values) if isinstance(values, np.ndarray) else (6, 4, 3)
    return np.broadcast_to(np.arange(shape[-1] if shape else 1), shape or (1,))


def by_rows(values: object) -> object:
    return analysis.ordinal_mixed(
        values,  # pyright: ignore[reportArgumentType]
        np.tile([0.0, 1.0], 3)[:, None],
        {"p": np.repeat(range(3), 2)},
        terms=["x"],
    )


# Each with the shape that it wants, the participants first.
OF_ARRAYS: dict[str, tuple[tuple[int, ...], Procedure]] = {
    "aligned_ranks": ((6, 3, 4), analysis.aligned_ranks),
    "bradley_terry": ((6, 3, 3), analysis.bradley_terry),
    "carry_over": ((6, 4, 3), lambda v: analysis.carry_over(v, places(v), ARMS)),
    "choice_shares": ((6, 3), lambda v: analysis.choice_shares(v, ARMS)),
    "clustered_gee": ((6, 4, 3), partial(analysis.clustered_gee, arms=ARMS, reference="a")),
    "clustered_ols": ((6, 4, 3), partial(analysis.clustered_ols, arms=ARMS, reference="a")),
    "cohens_dav": ((6,), lambda v: analysis.cohens_dav(v, v)),
    "cohens_dz": ((6,), analysis.cohens_dz),
    "emmeans": (
        (6, 4, 3),
        lambda v: analysis.emmeans(analysis.linear_mixed(v, ARMS, reference="a"), rounds=[1]),
    ),
    "friedman": ((6, 3), analysis.friedman),
    "hedges_gz": ((6,), analysis.hedges_gz),
    "icc": ((6, 3), analysis.icc),
    "james_index": ((3, 4), analysis.james_index),
    "jzs_bayes_factor": ((6,), analysis.jzs_bayes_factor),
    "krippendorff_alpha": (
        (6, 3),
        partial(analysis.krippendorff_alpha, measurement="interval", resamples=99),
    ),
    "linear_mixed": ((6, 4, 3), partial(analysis.linear_mixed, arms=ARMS, reference="a")),
    "missing_summary": ((6, 4, 3), analysis.missing_summary),
    "multiple_imputation": ((6, 4), partial(analysis.multiple_imputation, imputations=5)),
    "ordinal_by_arm": ((6, 4, 3), partial(analysis.ordinal_by_arm, arms=ARMS, reference="a")),
    "ordinal_mixed": ((6,), by_rows),
    "paired_t": ((6,), analysis.paired_t),
    "pairwise_tests": ((6, 3), partial(analysis.pairwise_tests, bayes=True)),
    "pairwise_tests, ranks": ((6, 3), partial(analysis.pairwise_tests, test="signed_rank")),
    "participant_slopes": ((6, 4), analysis.participant_slopes),
    "permutation_test": ((6,), analysis.permutation_test),
    "period": ((6, 4, 3), lambda v: analysis.period(v, places(v))),
    "plackett_luce": ((6, 3), analysis.plackett_luce),
    "rank_biserial": ((6,), analysis.rank_biserial),
    "response_quality": ((6, 4, 3), analysis.response_quality),
    "rm_anova": ((6, 3), analysis.rm_anova),
    "sign_test": ((6,), analysis.sign_test),
    "signed_rank": ((6,), analysis.signed_rank),
    "slope_test": ((6, 4), analysis.slope_test),
    "tipping_point": ((6, 4), partial(analysis.tipping_point, imputations=5)),
    "tost": ((6,), partial(analysis.tost, low=-0.5, high=0.5)),
    "win_probability": ((6,), lambda v: analysis.win_probability(v, v)),
}
OF_NUMBERS: dict[str, Procedure] = {
    "bang_index": lambda v: analysis.bang_index(v, 3, 1),
    "benjamini_hochberg": lambda v: analysis.benjamini_hochberg([v, 0.5]),
    "choice_test": lambda v: analysis.choice_test(v, 3),
    "classical_boundaries": lambda v: analysis.classical_boundaries("pocock", [v, 1.0]),
    "guess_index": lambda v: analysis.guess_index("a", 1, 3, v),
    "hochberg": lambda v: analysis.hochberg([v]),
    "holm": lambda v: analysis.holm([v, None]),
    "power_simulated": lambda v: analysis.power_simulated(v, 0.5, repetitions=20),
    "power_simulated, effect": lambda v: analysis.power_simulated(12, v, repetitions=20),
    "power_simulated, noise": lambda v: analysis.LikertStudy(noise=v),
    "power_simulated, rounds": lambda v: analysis.LikertStudy(rounds=v),
    "power_slopes": lambda v: analysis.power_slopes(v, 0.5, repetitions=20),
    "power_slopes, effect": lambda v: analysis.power_slopes(12, v, repetitions=20),
    "power_slopes, mixed": lambda v: analysis.power_slopes(12, 0.5, repetitions=20, mixed=v),
    "power_slopes, rounds": lambda v: analysis.LearningStudy(rounds=v),
    "power_slopes, drift": lambda v: analysis.LearningStudy(drift=v),
    "spend": lambda v: analysis.spend("pocock", v),
    "spending_boundaries": lambda v: analysis.spending_boundaries("pocock", [v, 1.0]),
}
OF_LEVELS = {
    "bang_index": lambda v: analysis.bang_index(2, 3, 1, level=v),
    "choice_test": lambda v: analysis.choice_test(1, 3, level=v),
    "guess_index": lambda v: analysis.guess_index("a", 1, 3, 3, level=v),
    "james_index": lambda v: analysis.james_index([[8, 2, 1], [2, 9, 8]], level=v),
    "multiple_imputation": lambda v: analysis.multiple_imputation(np.eye(5), level=v),
    "pairwise_tests": lambda v: analysis.pairwise_tests(np.eye(5), level=v),
    "permutation_test": lambda v: analysis.permutation_test([1.0, 2.0], level=v),
    "paired_t": lambda v: analysis.paired_t([1.0, 2.0, 4.0], level=v),
    "power_simulated": lambda v: analysis.power_simulated(9, 0.5, repetitions=9, level=v),
    "power_slopes": lambda v: analysis.power_slopes(9, 0.5, repetitions=9, level=v),
    "rank_biserial": lambda v: analysis.rank_biserial([1.0, 2.0, -4.0], level=v),
    "slope_test": lambda v: analysis.slope_test(np.eye(5), level=v),
}
OF_STUDY_DESIGN = {"power_paired", "smallest_effect"}  # they raise its DesignError


def degenerate(shape: tuple[int, ...]) -> dict[str, object]:
    """Tables of this shape, or not of it, with which something is wrong."""
    table = np.random.default_rng(0).integers(1, 6, shape).astype(float)
    gap, endless = table.copy(), table.copy()
    gap.flat[0], endless.flat[0] = NAN, INF
    level = np.broadcast_to(table[(slice(None), *(slice(1) for _ in shape[1:]))], shape)
    return {
        "no participants": table[:0],
        "one participant": table[:1],
        "two participants": table[:2],
        "all equal": np.full(shape, 3.0),
        "all zero": np.zeros(shape),
        "equal within participants": level.copy(),
        "all missing": np.full(shape, NAN),
        "one missing": gap,
        "one infinite": endless,
        "too large to square": table * 1e200,
        "too small to square": table * 1e-200,
        "a dimension less": table[0],
        "a dimension more": table[..., None],
        "one column": table[..., :1],
        "no columns": table[..., :0],
        "text": np.full(shape, "a").tolist(),
        "ragged": [[1.0], [1.0, 2.0]],
        "complex": table * 1j,
        "None": None,
    }


def not_finite(result: object, name: str = "result") -> Iterator[str]:
    """Where in a result there is a nan or an infinity.

    Arrays, one value a participant, may hold nan by contract: a slope of one round, for example.
    """
    if isinstance(result, float | np.floating):
        if not math.isfinite(result):
            yield f"{name} is {result}"
    elif dataclasses.is_dataclass(result):
        for field in dataclasses.fields(result):
            yield from not_finite(getattr(result, field.name), f"{name}.{field.name}")
    elif isinstance(result, Mapping):
        for key, value in result.items():
            yield from not_finite(value, f"{name}[{key!r}]")
    elif isinstance(result, tuple | list):
        for k, value in enumerate(result):
            yield from not_finite(value, f"{name}[{k}]")


def texts(result: object) -> list[str]:
    """How a result, or each of several, reads."""
    several: tuple[Any, ...] = result if isinstance(result, tuple) else (result,)
    return [one.apa() for one in several if hasattr(one, "apa")]


def sound(procedure: Procedure, value: object) -> None:
    """A refusal in words, or a result without nan; warnings are errors in these tests."""
    try:
        result = procedure(value)
    except InputError:
        return
    assert list(not_finite(result)) == []
    assert [text for text in texts(result) if re.search(r"\b(nan|inf)\b", text)] == []
    if isinstance(result, TestResult):
        assert result.estimable or result.note


def test_every_public_procedure_is_tried() -> None:
    tried = {name.partition(",")[0] for name in (*OF_ARRAYS, *OF_NUMBERS)} | OF_STUDY_DESIGN
    assert tried == {name for name in analysis.__all__ if isfunction(getattr(analysis, name))}


@pytest.mark.parametrize("case", degenerate((2, 2)))
@pytest.mark.parametrize("name", OF_ARRAYS)
def test_degenerate_tables_are_refused_or_explained(name: str, case: str) -> None:
    shape, procedure = OF_ARRAYS[name]
    sound(procedure, degenerate(shape)[case])


@pytest.mark.parametrize("value", [-1, 0, 1, 0.5, 2, NAN, INF])
@pytest.mark.parametrize("name", OF_NUMBERS)
def test_numbers_out_of_range_are_refused_or_explained(name: str, value: float) -> None:
    sound(OF_NUMBERS[name], value)


@pytest.mark.parametrize("level", [-1.0, 0.0, 1.0, 95.0, NAN])
@pytest.mark.parametrize("name", OF_LEVELS)
def test_levels_that_are_no_share_are_refused(name: str, level: float) -> None:
    with pytest.raises(InputError, match=r"level = .*: must be in \(0, 1\)"):
        OF_LEVELS[name](level)


@pytest.mark.parametrize("procedure", [analysis.rm_anova, analysis.friedman, analysis.paired_t])
def test_nobody_is_too_few(procedure: Procedure) -> None:
    nobody = np.empty((0, 3)) if procedure is not analysis.paired_t else np.empty(0)
    assert "needs at least 2 participants, has 0" in texts(procedure(nobody))[0]


def test_a_shift_between_participants_alone_leaves_a_mixed_model_nothing_to_estimate() -> None:
    values = np.broadcast_to(np.arange(6.0)[:, None, None], (6, 4, 3))
    model = analysis.linear_mixed(values, ARMS, reference="a")
    assert model.coefficients == ()
    assert model.note == "the likelihood has no finite maximum"
