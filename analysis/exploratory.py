"""What the protocol does not confirm with: omnibus tests, preferences, guesses, no difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice

import numpy as np
import pandas as pd

from analysis.confirmatory import ContrastResult, FamilyResult
from analysis.data.exports import Export
from analysis.data.ratings import Ratings
from analysis.data.sample import Sample
from analysis.stats.anova import AnovaEffect, rm_anova
from analysis.stats.arrays import Array
from analysis.stats.bayes import BayesFactor, jzs_bayes_factor
from analysis.stats.blinding import GuessIndex, guess_index, james_index
from analysis.stats.choices import (
    ChoiceShare,
    Worths,
    bradley_terry,
    choice_shares,
    plackett_luce,
    win_probability,
    wins_of_best,
)
from analysis.stats.friedman import friedman
from analysis.stats.multiplicity import benjamini_hochberg
from analysis.stats.paired import paired_t
from analysis.stats.results import Estimate, Interval, TestResult


@dataclass(frozen=True, slots=True)
class Preferences:
    """The best-of-k choices of all rounds.

    shares   one an arm, with p_adjusted (Benjamini–Hochberg) for each; pairs: (arm, other,
             P(arm beats other))
    worths   Bradley–Terry, with intervals over participants; plackett_luce: without, since
             best-of-k choices among the same arms give the same worths
    """

    shares: tuple[ChoiceShare, ...]
    p_adjusted: tuple[float | None, ...]
    worths: Worths
    plackett_luce: Worths
    pairs: tuple[tuple[str, str, Estimate], ...]


@dataclass(frozen=True, slots=True)
class Guess:
    """The answers to a closing question that asks for a slot, by the arm that stood there.

    indices   one an arm, with p_adjusted for each: Benjamini–Hochberg over all such questions
    learning  the arm whose guesses are the right ones, None where the protocol lets no arm learn
    james     James's index, from 0 (all right) over 0.5 (guessing) to 1
    """

    question: str
    text: str
    indices: tuple[GuessIndex, ...]
    learning: str | None
    james: Estimate
    p_adjusted: tuple[float | None, ...] = ()

    @property
    def right(self) -> tuple[GuessIndex, float | None]:
        """The index of the arm that learns, and its adjusted p; there must be one that learns."""
        place = [index.arm for index in self.indices].index(self.learning or "")
        return self.indices[place], self.p_adjusted[place]


@dataclass(frozen=True, slots=True)
class NoDifference:
    """What one contrast says about the absence of a difference.

    bayes     JZS Bayes factor; interval: of the mean difference, at 1 − 2 alpha
    smallest  the smallest bounds ± in which two one-sided tests would have shown equivalence
    """

    label: str
    bayes: BayesFactor
    interval: Interval | None
    smallest: Estimate


@dataclass(frozen=True, slots=True)
class Omnibus:
    """Friedman's test of all arms on one item, with its Benjamini–Hochberg-adjusted p."""

    item: str
    test: TestResult
    p_adjusted: float | None


@dataclass(frozen=True, slots=True)
class Variance:
    """One effect of the repeated-measures ANOVA of an item, over arms and rounds.

    p_adjusted  Benjamini–Hochberg over items and effects, of the Greenhouse–Geisser p
    """

    item: str
    n: int
    effect: AnovaEffect
    p_adjusted: float | None


def omnibus(ratings: Ratings) -> tuple[Omnibus, ...]:
    """Friedman's test on the participants' means, one an item; empty with fewer than three arms."""
    if len(ratings.arms) < 3:
        return ()
    tests = [
        friedman(np.column_stack([ratings.means(arm, item) for arm in ratings.arms]))
        for item in ratings.items
    ]
    adjusted = benjamini_hochberg([test.p for test in tests])
    return tuple(Omnibus(*row) for row in zip(ratings.items, tests, adjusted, strict=True))


def variances(ratings: Ratings) -> tuple[Variance, ...]:
    """Repeated-measures ANOVA, arm × round, of those who rated every round; every item.

    Empty when nobody did.
    """
    complete = ~np.isnan(ratings.values).any(axis=(1, 2, 3))
    if not complete.any():
        return ()
    rows: list[tuple[str, int, AnovaEffect]] = []
    for place, item in enumerate(ratings.items):
        table = ratings.values[complete, :, :, place].swapaxes(1, 2)  # (participants, arms, rounds)
        if ratings.rounds < 2:
            found = rm_anova(table[:, :, 0], factors=["arm"])
        else:
            found = rm_anova(table, factors=["arm", "round"])
        rows += [(item, found.n, effect) for effect in found.effects]
    adjusted = benjamini_hochberg([effect.p_gg for _, _, effect in rows])
    return tuple(Variance(*row, p) for row, p in zip(rows, adjusted, strict=True))


def preferences(export: Export, sample: Sample) -> Preferences:
    """Shares, worths and win probabilities from the choices of the analysed participants."""
    arms = export.protocol.arm_names
    counts = choice_counts(export.tables["choices"], sample.analysed, arms)
    pairs = tuple(
        (first, second, win_probability(counts[:, i], counts[:, j]))
        for (i, first), (j, second) in combinations(enumerate(arms), 2)
    )
    worths = bradley_terry(wins_of_best(counts))
    ranks = best_ranks(export, sample.analysed, arms)
    listed = plackett_luce(ranks, bootstrap=False)
    shares = choice_shares(counts, arms)
    adjusted = benjamini_hochberg([share.p for share in shares])
    return Preferences(shares, adjusted, worths, listed, pairs)


def choice_counts(choices: pd.DataFrame, people: tuple[str, ...], arms: tuple[str, ...]) -> Array:
    """(participants, arms) number of rounds in which each participant chose each arm."""
    row = pd.Index(list(people)).get_indexer(pd.Index(choices["participant"]))
    column = pd.Index(list(arms)).get_indexer(pd.Index(choices["arm"]))
    counts = np.zeros((len(people), len(arms)))
    np.add.at(counts, (row[row >= 0], column[row >= 0]), 1.0)
    return counts


def best_ranks(export: Export, people: tuple[str, ...], arms: tuple[str, ...]) -> Array:
    """(participants, rounds, arms) with 1 for the arm that was chosen, and nan for the others."""
    choices = export.tables["choices"]
    own = choices[choices["participant"].isin(people)]
    ranks = np.full((len(people), export.protocol.rounds, len(arms)), np.nan)
    row = pd.Index(list(people)).get_indexer(pd.Index(own["participant"]))
    column = pd.Index(list(arms)).get_indexer(pd.Index(own["arm"]))
    ranks[row, own["round"].to_numpy(dtype=np.int64) - 1, column] = 1.0
    return ranks


def guesses(export: Export, sample: Sample) -> tuple[Guess, ...]:
    """Every closing question that asks for a slot, as guesses of an arm against chance."""
    closing = export.tables["closing"]
    closing = closing[closing["participant"].isin(sample.analysed) & (closing["arm"] != "")]
    arms = export.protocol.arm_names
    learns = export.protocol.update.policy != "frozen"
    learning = export.protocol.analysis.primary.treatment if learns else None
    found = []
    for question in export.protocol.closing:
        if question.kind == "slot":
            answers = closing.loc[closing["question"] == question.id, "arm"]
            indices = tuple(
                guess_index(arm, int((answers == arm).sum()), len(answers), len(arms))
                for arm in arms
            )
            james = james_of_one_choice(indices, learning, len(arms))
            found.append(Guess(question.id, question.question, indices, learning, james))
    together = iter(benjamini_hochberg([index.p for guess in found for index in guess.indices]))
    return tuple(
        replace(guess, p_adjusted=tuple(islice(together, len(guess.indices)))) for guess in found
    )


def james_of_one_choice(indices: Sequence[GuessIndex], learning: str | None, arms: int) -> Estimate:
    """James's index when everyone had every arm and named one of them.

    Of a participant's k slots one holds the arm that learns, and one is named. With p the share who
    named it, the index is k (1 − p) / (2 (k − 1)) = (1 − g) / 2, where g is p corrected for chance
    (`guess_index`; Bang's index at k = 2). It is no second piece of evidence: its interval is that
    of g, turned over.
    """
    name = "James index"
    if learning is None:
        return Estimate(name, None, note="no arm learns in this study, so no guess is right")
    right = next(index for index in indices if index.arm == learning)
    if right.total == 0:
        return Estimate(name, None, note=right.index.note)
    others = right.total * (arms - 1)
    wrong = right.total - right.count
    table = [[right.count, wrong, 0], [wrong, others - wrong, 0]]
    value = james_index(table).value
    named, interval = right.index.interval, None
    if named is not None:
        low, high = (1.0 - named.high) / 2.0, (1.0 - named.low) / 2.0
        interval = Interval(low, high, named.level, named.method)
    note = "(1 − the index of guesses) / 2, no further evidence: one choice among all arms"
    return Estimate(name, value, interval, note)


def no_differences(
    families: Sequence[FamilyResult],
) -> tuple[NoDifference, ...]:
    """Bayes factor and smallest equivalence bounds of every contrast of means."""
    return tuple(
        _no_difference(result, family.alpha)
        for family in families
        for result in family.contrasts
        if result.contrast.kind == "mean"
    )


def _no_difference(result: ContrastResult, alpha: float) -> NoDifference:
    estimate = paired_t(result.values, level=1.0 - 2.0 * alpha).estimate
    interval = None if estimate is None else estimate.interval
    smallest = Estimate("smallest bounds", None, note=result.test.note)
    if interval is not None:
        reach = max(abs(interval.low), abs(interval.high))
        smallest = Estimate("smallest bounds", reach)
    bayes = jzs_bayes_factor(result.values)
    if not result.values:
        bayes = replace(bayes, note=result.test.note)
    return NoDifference(result.label, bayes, interval, smallest)
