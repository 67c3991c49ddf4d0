"""Does the primary difference depend on who rates? Exploratory, for each background choice.

The participants' differences of a primary contrast are compared between those who gave different
answers, by Welch's analysis of variance, which takes no equal variances for granted: B. L. Welch
(1951), "On the comparison of several mean values", Biometrika 38, 330-336, by statsmodels. Answers
of fewer than `FEWEST` participants, and who gave none, are left out of the test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from statsmodels.stats.oneway import anova_oneway

from analysis.confirmatory import ContrastResult, FamilyResult
from analysis.data.exports import Export
from analysis.stats.multiplicity import benjamini_hochberg
from analysis.stats.paired import paired_t
from analysis.stats.results import TestResult

FEWEST = 3


@dataclass(frozen=True, slots=True)
class Group:
    """Those who gave one answer: their mean difference, in points."""

    answer: str
    test: TestResult


@dataclass(frozen=True, slots=True)
class BackgroundDifference:
    """One primary contrast by the answers to one background question.

    statistic  Welch's F with df and df_error; None with p and p_adjusted where `note` says why
    p_adjusted Benjamini–Hochberg over all questions and contrasts
    """

    contrast: str
    question: str
    groups: tuple[Group, ...]
    statistic: float | None
    df: float | None
    df_error: float | None
    p: float | None
    note: str
    p_adjusted: float | None = None


def background_differences(
    export: Export, primary: FamilyResult
) -> tuple[BackgroundDifference, ...]:
    """Every primary contrast by every background question with options; empty without any."""
    asked = [question for question in export.protocol.background if question.kind == "choice"]
    people = export.tables["participants"].set_index("participant")
    found = []
    for question in asked:
        answers = people[f"background_{question.id}"]
        for result in primary.contrasts:
            own = [str(answers.loc[who]) for who in result.participants]
            found.append(_difference(result, question.id, own, question.options))
    adjusted = benjamini_hochberg([difference.p for difference in found])
    return tuple(
        BackgroundDifference(
            d.contrast, d.question, d.groups, d.statistic, d.df, d.df_error, d.p, d.note, p
        )
        for d, p in zip(found, adjusted, strict=True)
    )


def _difference(
    result: ContrastResult, question: str, answers: Sequence[str], options: Sequence[str]
) -> BackgroundDifference:
    values, given = np.array(result.values), np.array(answers, dtype=object)
    by_answer = {option: values[given == option] for option in options}
    groups = tuple(
        Group(answer, paired_t(own, test="mean difference"))
        for answer, own in by_answer.items()
        if own.size
    )
    large = [own for own in by_answer.values() if own.size >= FEWEST]
    name = (result.label, question, groups)
    if len(large) < 2:
        reason = f"fewer than two answers were given by {FEWEST} participants or more"
        return BackgroundDifference(*name, None, None, None, None, result.test.note or reason)
    if any(np.ptp(own) == 0.0 for own in large):
        reason = "the differences of those who gave one of the answers are all equal"
        return BackgroundDifference(*name, None, None, None, None, reason)
    found = anova_oneway(large, use_var="unequal")
    df, df_error = (float(value) for value in found.df)
    left_out = values.size - sum(own.size for own in large)
    people = f"{left_out} participant{'' if left_out == 1 else 's'}"
    note = f"{people} with rarer answers or none left out of the test" if left_out else ""
    return BackgroundDifference(
        *name, float(found.statistic), df, df_error, float(found.pvalue), note
    )
