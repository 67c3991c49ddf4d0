"""Every pair of arms compared: the post-hoc table, with p-values adjusted over its rows.

One paired test a pair, of the participants who have a value in every arm; no error term is pooled
over arms, as sphericity is not assumed. Holm (1979) by default, over all pairs of the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal, Unpack, get_args

import pandas as pd
from numpy.typing import ArrayLike

from analysis.errors import InputError
from analysis.stats.arrays import Array, check_level, matrix
from analysis.stats.bayes import BayesFactor, jzs_bayes_factor
from analysis.stats.multiplicity import adjust_p
from analysis.stats.paired import paired_t
from analysis.stats.ranks import signed_rank
from analysis.stats.results import Estimate, TestResult, noted, p_text
from analysis.stats.tabular import Cells, Tabular
from analysis.stats.tidy import AVERAGE, Arms, Averaged
from analysis.stats.tidy_frame import tidy_frame

Test = Literal["t", "signed_rank"]


@dataclass(frozen=True, slots=True)
class Pairwise(Tabular):
    """One pair of arms; every difference is treatment − comparator.

    test      with its statistic, df, p, interval, and all its effect sizes
    effect    the one that the table shows
    adjusted  p over all pairs; None when not estimable
    bayes     BF₁₀ of the paired t test, where it was asked for
    """

    treatment: str
    comparator: str
    test: TestResult
    effect: Estimate
    adjusted: float | None
    bayes: BayesFactor | None = None

    def table_rows(self) -> list[Cells]:
        return [_row(self)]

    def apa(self) -> str:
        """One line for the results section."""
        bayes = "" if self.bayes is None else f", {self.bayes.apa()}"
        adjusted = "" if self.adjusted is None else f", adjusted {p_text(self.adjusted)}"
        return f"{self.treatment} − {self.comparator}: {self.test.apa()}{adjusted}{bayes}"


@dataclass(frozen=True, slots=True)
class PairwiseTests(Tabular):
    """The pairs in the order of the arms, and how their p-values were adjusted."""

    pairs: tuple[Pairwise, ...]
    adjust: str

    def pair(self, treatment: str, comparator: str) -> Pairwise:
        """The row of these two arms; KeyError names those there are."""
        for found in self.pairs:
            if (found.treatment, found.comparator) == (treatment, comparator):
                return found
        there = ", ".join(f"{found.treatment} − {found.comparator}" for found in self.pairs)
        raise KeyError(f"no pair {treatment} − {comparator}; there are {there}")

    def apa(self) -> str:
        """One line a pair."""
        return "\n".join(pair.apa() for pair in self.pairs)

    def table_rows(self) -> list[Cells]:
        """One row a pair; None where nothing can be estimated, `note` says why."""
        return [_row(pair) for pair in self.pairs]


def pairwise_tests(
    values: ArrayLike | pd.DataFrame,
    arms: Arms = None,
    *,
    test: Test = "t",
    effect: str | None = None,
    adjust: str = "holm",
    bayes: bool = False,
    level: float = 0.95,
    **tidy: Unpack[Averaged],
) -> PairwiseTests:
    """Compare every pair of the arms of `values` (participants, arms).

    values  or a tidy DataFrame, one row a rating
    arms    names of the columns, "1", "2", … when None (or those of a wide DataFrame); of a tidy
            one: which arms, in their order, and all when None
    test    "t" for the paired t test, "signed_rank" for Wilcoxon's (no mean difference then)
    effect  shown: "d_z" (when None), "g_z" or "d_av" of the t test; "r_rb" of the signed ranks
    adjust  "holm", "hochberg", "benjamini_hochberg" or "none", over all pairs
    bayes   adds the JZS Bayes factor of every paired t test
    tidy    mean_over="round" averages the rounds; participant, arm, value and item: columns not
            called as in the export

    The treatment of a pair is the arm that comes first. Every participant needs a value in every
    arm: InputError for one that is missing, and for unknown names. Pairs with constant differences
    are "not estimable", and count in the adjustment as if their p were 1.

    >>> found = pairwise_tests([[5, 4, 2], [4, 3, 3], [5, 3, 1], [3, 3, 2]], ["a", "b", "c"])
    >>> print(found.pair("a", "c").test.apa().split(", M")[0])
    t(3) = 3.00, p = .058
    >>> [round(pair.adjusted, 3) for pair in found.pairs]
    [0.173, 0.173, 0.173]
    """
    check_level(level)
    if test not in get_args(Test):
        raise InputError(f"test = {test!r}: must be 't' or 'signed_rank'")
    known = ("d_z", "g_z", "d_av") if test == "t" else ("r_rb",)
    shown = known[0] if effect is None else effect
    if shown not in known:
        raise InputError(f"effect = {effect!r}: must be one of {', '.join(known)} with {test!r}")
    if bayes and test != "t":
        raise InputError("bayes = True: the Bayes factor is that of the t test, not of the ranks")
    table, names, note = _table(values, arms, tidy)
    compared = []
    for a, b in combinations(range(len(names)), 2):
        x, y = table[:, a], table[:, b]
        found = paired_t(x, y, level=level) if test == "t" else signed_rank(x, y, level=level)
        compared.append((a, b, noted(found, note), jzs_bayes_factor(x, y) if bayes else None))
    adjusted = adjust_p([found.p for _, _, found, _ in compared], adjust)
    pairs = tuple(
        Pairwise(names[a], names[b], found, found.effect(shown), p, factor)
        for (a, b, found, factor), p in zip(compared, adjusted, strict=True)
    )
    return PairwiseTests(pairs, adjust)


def _table(values: ArrayLike, arms: Arms, tidy: Averaged) -> tuple[Array, list[str], str]:
    """(participants, arms), the names of the arms, and a note for the results."""
    note = ""
    frame = tidy_frame(values, tidy, Averaged.__optional_keys__)
    if frame is not None:
        axes = frame.people() | frame.arms(arms)
        table, note = frame.compared(axes, hint=AVERAGE)
        names = [str(arm) for arm in list(axes.values())[-1]]
    else:
        table = matrix(values, "values")
        wide = isinstance(values, pd.DataFrame)
        columns = values.columns if wide else range(1, table.shape[1] + 1)
        names = [str(column) for column in columns] if arms is None else list(arms)
        if len(names) != table.shape[1] or len(set(names)) < len(names):
            raise InputError(f"arms must name the {table.shape[1]} columns of values, is {names}")
    if len(names) < 2:
        raise InputError(f"values must hold at least 2 arms, has {len(names)}")
    return table, names, note


def _row(pair: Pairwise) -> Cells:
    test, estimate = pair.test, pair.test.estimate
    row: Cells = {
        "treatment": pair.treatment,
        "comparator": pair.comparator,
        "n": test.n,
        **({} if estimate is None else estimate.as_columns("mean_difference")),
        "statistic": test.statistic,
        "df": test.df,
        **pair.effect.as_columns(pair.effect.name),
        "p": test.p,
        "p_adjusted": pair.adjusted,
    }
    if pair.bayes is not None:
        row["log_bf10"] = pair.bayes.log
    return {**row, "note": test.note}
