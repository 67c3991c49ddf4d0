"""What the protocol does not confirm with: omnibus tests, preferences, guesses. Labelled so."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.data.exports import Export
from analysis.data.ratings import Ratings
from analysis.data.sample import Sample
from analysis.stats.arrays import Array
from analysis.stats.blinding import GuessIndex, guess_index
from analysis.stats.choices import (
    ChoiceShare,
    Worths,
    bradley_terry,
    choice_shares,
    win_probability,
    wins_of_best,
)
from analysis.stats.friedman import friedman
from analysis.stats.multiplicity import benjamini_hochberg
from analysis.stats.results import Estimate, TestResult


@dataclass(frozen=True, slots=True)
class Preferences:
    """The best-of-k choices of all rounds.

    shares  one an arm; worths: Bradley–Terry; pairs: (arm, other, P(arm beats other))
    """

    shares: tuple[ChoiceShare, ...]
    worths: Worths
    pairs: tuple[tuple[str, str, Estimate], ...]


@dataclass(frozen=True, slots=True)
class Guess:
    """The answers to a closing question that asks for a slot, by the arm that stood there."""

    question: str
    text: str
    indices: tuple[GuessIndex, ...]


@dataclass(frozen=True, slots=True)
class Omnibus:
    """Friedman's test of all arms on one item, with its Benjamini–Hochberg-adjusted p."""

    item: str
    test: TestResult
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


def preferences(export: Export, sample: Sample) -> Preferences:
    """Shares, worths and win probabilities from the choices of the analysed participants."""
    arms = tuple(arm.name for arm in export.protocol.arms)
    counts = choice_counts(export.tables["choices"], sample.analysed, arms)
    pairs = tuple(
        (first, second, win_probability(counts[:, i], counts[:, j]))
        for (i, first), (j, second) in combinations(enumerate(arms), 2)
    )
    worths = bradley_terry(wins_of_best(counts.sum(axis=0)))
    return Preferences(choice_shares(counts, arms), worths, pairs)


def choice_counts(choices: pd.DataFrame, people: tuple[str, ...], arms: tuple[str, ...]) -> Array:
    """(participants, arms) number of rounds in which each participant chose each arm."""
    row = pd.Index(list(people)).get_indexer(pd.Index(choices["participant"]))
    column = pd.Index(list(arms)).get_indexer(pd.Index(choices["arm"]))
    counts = np.zeros((len(people), len(arms)))
    np.add.at(counts, (row[row >= 0], column[row >= 0]), 1.0)
    return counts


def guesses(export: Export, sample: Sample) -> tuple[Guess, ...]:
    """Every closing question that asks for a slot, as guesses of an arm against chance."""
    closing = export.tables["closing"]
    closing = closing[closing["participant"].isin(sample.analysed) & (closing["arm"] != "")]
    arms = [arm.name for arm in export.protocol.arms]
    found = []
    for question in export.protocol.closing:
        if question.kind == "slot":
            answers = closing.loc[closing["question"] == question.id, "arm"]
            indices = tuple(
                guess_index(arm, int((answers == arm).sum()), len(answers), len(arms))
                for arm in arms
            )
            found.append(Guess(question.id, question.question, indices))
    return tuple(found)
