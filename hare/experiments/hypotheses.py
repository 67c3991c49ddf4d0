"""Verdicts on the research plan's hypotheses (§5.4: 1, 3, 4, 5), from what was measured.

Every statement is paired over seeds and has one number with a 95% interval. It is

    supported       where the interval lies wholly on the side that the hypothesis names
    contradicted    where it lies wholly on the other side
    not supported   otherwise

A hypothesis over several environments is supported if each of its statements is, contradicted if
any is, else not supported. Intervals are one at a time, not adjusted for how many there are; the
pre-registered study has its own analysis, and these are simulations. The aims that were set for
the numbers are judged besides, met or missed, by the point estimate and its interval.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hare.experiments.results import Rows
from hare.experiments.statistics import (
    Interval,
    mean_interval,
    paired_difference,
    paired_ratio,
    slopes,
)

Array = NDArray[np.float64]
NONLINEAR = ("nonlinear_shared", "nonlinear", "drifting", "cold_start", "piecewise")
WITH_USERS = ("bilinear", "nonlinear", "drifting", "cold_start")
POLICIES = ("hare", "hare_no_user", "attention_only", "linucb", "neural_ucb")  # what is needed
SUPPORTED, NOT_SUPPORTED, CONTRADICTED = "supported", "not supported", "contradicted"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One statement in one environment, or (`environment` "all") the whole hypothesis.

    threshold  the number that the interval must lie on the `side` ("below", "above") of
    """

    hypothesis: str
    statement: str
    environment: str
    verdict: str
    measure: str
    value: float | None
    ci_low: float | None
    ci_high: float | None
    side: str
    threshold: float | None


@dataclass(frozen=True, slots=True)
class Aim:
    """A number that was aimed at. met: the estimate reaches it and, if `strict`, the interval
    lies below 1."""

    aim: str
    environment: str
    value: float
    ci_low: float
    ci_high: float
    at_most: float
    strict: bool
    met: bool


def verdicts(by_seed: Rows, trends: Rows) -> list[Verdict]:
    """All statements that the measurements allow, and one verdict a hypothesis.

    by_seed  rows of `regret.SeedRecord`; trends  rows of `entropy.Trend`
    """
    totals = _by_environment(by_seed, lambda row: np.sum(row["quarters"], axis=1))
    items = _by_environment(by_seed, lambda row: np.asarray(row["effective_items"]))
    quarters = _by_environment(by_seed, lambda row: np.asarray(row["quarters"]))
    statements: list[Verdict] = []

    def compare(
        name: str,
        statement: str,
        measure: str,
        source: Mapping[str, Mapping[str, Array]],
        pair: tuple[str, str],
        environments: tuple[str, ...],
        function: Callable[[Array, Array], Interval],
        side: str,
        threshold: float,
    ) -> None:
        for environment in environments:
            found = source.get(environment, {})
            if set(pair) <= set(found):
                interval = function(found[pair[0]], found[pair[1]])
                statements.append(
                    _judge(name, statement, environment, measure, interval, side, threshold)
                )

    compare(
        "H1",
        "HARE's regret is below LinUCB's where rewards are not linear",
        "HARE / LinUCB",
        totals,
        ("hare", "linucb"),
        NONLINEAR,
        paired_ratio,
        "below",
        1.0,
    )
    compare(
        "H3 regret",
        "exploring (α > 0) has less regret than α = 0",
        "HARE / α = 0",
        totals,
        ("hare", "attention_only"),
        NONLINEAR,
        paired_ratio,
        "below",
        1.0,
    )
    compare(
        "H3 diversity",
        "exploring plays more different items than α = 0",
        "effective items, HARE − α = 0",
        items,
        ("hare", "attention_only"),
        NONLINEAR,
        paired_difference,
        "above",
        0.0,
    )
    compare(
        "H4",
        "HARE's regret is below that of HARE without user state",
        "HARE / without user",
        totals,
        ("hare", "hare_no_user"),
        WITH_USERS,
        paired_ratio,
        "below",
        1.0,
    )
    compare(
        "H4 widens",
        "the advantage over HARE without user state grows from quarter to quarter",
        "slope by quarter of regret, without user − HARE",
        quarters,
        ("hare_no_user", "hare"),
        WITH_USERS,
        lambda a, b: mean_interval(slopes(a - b)),
        "above",
        0.0,
    )
    compare(
        "H4 still grows",
        "in the last quarter the advantage in cumulative regret still grows",
        "regret of the last quarter, without user − HARE",
        quarters,
        ("hare_no_user", "hare"),
        WITH_USERS,
        lambda a, b: paired_difference(a[:, -1], b[:, -1]),
        "above",
        0.0,
    )
    for measure, text in (
        ("entropy", "H(Ā)"),
        ("expected_entropy", "E[H(A_u)]"),
        ("mutual_information", "I(item; u)"),
    ):
        for row in trends:
            if row["measure"] == measure and row["alpha"] > 0:
                interval = Interval(row["slope"], row["slope_ci_low"], row["slope_ci_high"])
                statements.append(
                    _judge(
                        f"H5 {text}",
                        f"{text} falls over a user's own rounds",
                        row["environment"],
                        "slope, nats an own round",
                        interval,
                        "below",
                        0.0,
                    )
                )
    return _with_overall(statements)


def aims(by_seed: Rows) -> list[Aim]:
    """The aims that were set, where they were measured."""
    totals = _by_environment(by_seed, lambda row: np.sum(row["quarters"], axis=1))
    found = []
    for text, environment, other, at_most, strict in (
        ("regret at most 0.6 of LinUCB's", "nonlinear", "linucb", 0.6, True),
        ("regret at most 0.9 of NeuralUCB's", "nonlinear", "neural_ucb", 0.9, True),
        (
            "regret at most 1.1 of LinUCB's where the truth is linear",
            "linear",
            "linucb",
            1.1,
            False,
        ),
        ("regret below HARE's without user", "nonlinear", "hare_no_user", 1.0, True),
    ):
        policies = totals.get(environment, {})
        if {"hare", other} <= set(policies):
            ratio = paired_ratio(policies["hare"], policies[other])
            met = ratio.value <= at_most and (ratio.high < 1 or not strict)
            found.append(
                Aim(text, environment, ratio.value, ratio.low, ratio.high, at_most, strict, met)
            )
    return found


def _judge(
    name: str,
    statement: str,
    environment: str,
    measure: str,
    interval: Interval,
    side: str,
    threshold: float,
) -> Verdict:
    below, above = interval.high < threshold, interval.low > threshold
    for_it, against = (below, above) if side == "below" else (above, below)
    verdict = SUPPORTED if for_it else CONTRADICTED if against else NOT_SUPPORTED
    return Verdict(
        name,
        statement,
        environment,
        verdict,
        measure,
        interval.value,
        interval.low,
        interval.high,
        side,
        threshold,
    )


def _with_overall(statements: list[Verdict]) -> list[Verdict]:
    """Each hypothesis' statements after its verdict over all of them."""
    out: list[Verdict] = []
    for name in dict.fromkeys(s.hypothesis for s in statements):
        own = [s for s in statements if s.hypothesis == name]
        given = {s.verdict for s in own}
        verdict = (
            CONTRADICTED
            if CONTRADICTED in given
            else SUPPORTED
            if given == {SUPPORTED}
            else NOT_SUPPORTED
        )
        first = own[0]
        out.append(
            Verdict(
                *(name, first.statement, "all", verdict, first.measure),
                *(None, None, None),
                *(first.side, first.threshold),
            )
        )
        out += own
    return out


def _by_environment(
    rows: Rows, value: Callable[[dict[str, Any]], Array]
) -> dict[str, dict[str, Array]]:
    """environment -> policy -> array of seeds first."""
    found: dict[str, dict[str, Array]] = {}
    for row in rows:
        found.setdefault(row["environment"], {})[row["policy"]] = value(row)
    return found
