"""Every result is a DataFrame too: to_frame() of all that the public procedures hand back."""

from __future__ import annotations

import dataclasses
import inspect
import math
import typing
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.stats.blinding import GuessIndex
from analysis.stats.choices import ChoiceShare
from analysis.stats.coefficients import Coefficient
from analysis.stats.fixed_effects import ArmsByRound, FixedEffects
from analysis.stats.tabular import Tabular

RNG = np.random.default_rng(5)
VALUES = np.clip(np.rint(3 + RNG.normal(size=(8, 4, 2)) + RNG.normal(size=(8, 1, 1))), 1, 5)
D = VALUES[..., 0].mean(axis=1) - VALUES[..., 1].mean(axis=1)
SLOTS = np.tile([0, 1], (8, 4, 1))
FLAT = [1.0, 1.0, 1.0]


def linear() -> analysis.MixedModel:
    return analysis.linear_mixed(VALUES, ["rag", "hare"], reference="rag")


KEPT = (FixedEffects, ArmsByRound)  # what a model keeps for emmeans, and shows nobody


def only_row(result: Tabular) -> dict[str, object]:
    (row,) = result.to_frame().to_dict(orient="records")
    return {str(column): cell for column, cell in row.items()}


EXAMPLES: dict[str, Callable[[], object]] = {
    "Anova": lambda: analysis.rm_anova(VALUES),
    "AnovaEffect": lambda: analysis.rm_anova(VALUES).effects[0],
    "BayesFactor": lambda: analysis.jzs_bayes_factor(D),
    "Boundaries": lambda: analysis.spending_boundaries("pocock", 2),
    "ChoiceShare": lambda: analysis.choice_shares([[3, 1], [2, 2]], ["a", "b"])[0],
    "Coefficient": lambda: linear().coefficients[0],
    "Diagnostic": lambda: analysis.period(VALUES, SLOTS)[0],
    "Estimate": lambda: analysis.cohens_dz(D),
    "GuessIndex": lambda: analysis.guess_index("hare", 5, 8, choices=3),
    "Interval": lambda: analysis.cohens_dz(D).interval,
    "IntraclassCorrelation": lambda: analysis.icc(VALUES[..., 0]),
    "MissingSummary": lambda: analysis.missing_summary(VALUES),
    "MixedModel": linear,
    "OrdinalModel": lambda: analysis.ordinal_by_arm(VALUES, ["rag", "hare"], reference="rag"),
    "Pairwise": lambda: analysis.pairwise_tests(VALUES.mean(axis=1), ["hare", "rag"]).pairs[0],
    "PairwiseTests": lambda: analysis.pairwise_tests(VALUES.mean(axis=1), ["hare", "rag"]),
    "QualityCheck": lambda: analysis.response_quality(VALUES)[0],
    "SimulatedPower": lambda: analysis.power_simulated(6, 0.5, repetitions=20),
    "TestResult": lambda: analysis.paired_t(D),
    "TippingPoint": lambda: analysis.tipping_point(VALUES[..., 0] - VALUES[..., 1]),
    "ClusteredModel": lambda: analysis.clustered_ols(VALUES, ["rag", "hare"], reference="rag"),
    "MarginalMean": lambda: analysis.emmeans(linear()).means[0],
    "MarginalMeans": lambda: analysis.emmeans(linear()),
    "SlopePower": lambda: analysis.power_slopes(6, 0.5, repetitions=20),
    "Worths": lambda: analysis.bradley_terry([[0, 3], [2, 0]]),
}


def results_in(annotation: object) -> Iterator[type]:
    """The dataclasses of this package in an annotation, and in the fields of these."""
    for part in typing.get_args(annotation):
        yield from results_in(part)
    if not (isinstance(annotation, type) and dataclasses.is_dataclass(annotation)):
        return
    if annotation.__module__.startswith("analysis.") and annotation not in KEPT:
        yield annotation
        for hint in typing.get_type_hints(annotation).values():
            yield from results_in(hint)


def handed_back() -> set[type]:
    """Every result that a public procedure of the library gives."""
    found: set[type] = set()
    for name in analysis.__all__:
        procedure = getattr(analysis, name)
        if inspect.isfunction(procedure):
            found |= set(results_in(typing.get_type_hints(procedure).get("return")))
    return found


def test_every_result_of_a_public_procedure_has_a_frame_and_an_example_here() -> None:
    results = handed_back()
    assert {analysis.TestResult, Coefficient, ChoiceShare, GuessIndex} <= results
    assert [result.__name__ for result in results if not issubclass(result, Tabular)] == []
    assert {result.__name__ for result in results} <= EXAMPLES.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_result_is_a_table_with_a_row_at_least_and_no_none_in_it(name: str) -> None:
    result = EXAMPLES[name]()
    assert type(result).__name__ == name
    assert isinstance(result, Tabular)
    frame = result.to_frame()
    assert len(frame) >= 1
    assert frame.columns.is_unique
    cells = frame.to_numpy(dtype=object).ravel().tolist()
    assert all(isinstance(cell, str | int | float | bool) for cell in cells)


def test_a_test_is_a_row_with_its_estimate_and_effects_beside_it() -> None:
    result = analysis.paired_t(D)
    row = only_row(result)
    assert (row["test"], row["statistic"], row["df"]) == ("paired t", result.statistic, 7.0)
    assert result.estimate is not None
    assert result.estimate.interval is not None
    assert row["estimate"] == result.estimate.value
    assert row["estimate_low"] == result.estimate.interval.low
    assert row["d_z"] == result.effect("d_z").value
    assert row["level"] == 0.95


def test_what_cannot_be_estimated_is_nan_and_the_note_says_why_once() -> None:
    row = only_row(analysis.paired_t(FLAT))
    assert [row["p"], row["d_z"], row["d_z_low"]] == pytest.approx([math.nan] * 3, nan_ok=True)
    assert row["note"] == "all 3 differences equal 1, so their spread is zero"
    empty = analysis.linear_mixed(VALUES[:2], ["rag", "hare"], reference="rag").to_frame()
    assert empty["note"].tolist() == ["needs at least 3 participants, has 2"]


def test_a_model_has_a_row_a_term_a_threshold_and_a_variance() -> None:
    frame = linear().to_frame()
    part, term = frame["part"], frame["term"]
    terms = ["intercept", "hare", "round", "hare × round"]
    assert term[part == "coefficient"].tolist() == terms
    variances = ["participant", "participant × arm", "round | participant × arm", "residual"]
    assert term[part == "variance"].tolist() == variances
    hare = linear().coefficient("hare")
    assert frame[["estimate", "df", "p"]].iloc[1].tolist() == [hare.estimate, hare.df, hare.p]
    ordinal = analysis.ordinal_by_arm(VALUES, ["rag", "hare"], reference="rag").to_frame()
    assert "1|2" in ordinal["term"][ordinal["part"] == "threshold"].tolist()
    assert ordinal["p"].notna().sum() == (ordinal["part"] != "variance").sum()


def test_frames_of_several_tests_go_under_one_another() -> None:
    both = pd.concat([analysis.paired_t(D).to_frame(), analysis.signed_rank(D).to_frame()])
    assert both["test"].tolist()[0] == "paired t"
    assert both["r_rb"].notna().tolist() == [False, True]
    anova = analysis.rm_anova(VALUES, factors=["round", "arm"]).to_frame()
    assert anova["name"].tolist() == ["round", "arm", "round × arm"]
    assert {"partial_eta2", "partial_eta2_low", "p_gg"} <= set(anova.columns)
