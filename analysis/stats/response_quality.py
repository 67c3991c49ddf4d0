"""Signs of careless answers: straight-lining, long runs of one answer, rounds that went too fast.

A. W. Meade and S. B. Craig (2012), "Identifying careless responses in survey data", Psychological
Methods 17, 437-455 (longstring, response time); C. Leys et al. (2013), Journal of Experimental
Social Psychology 49, 764-766 (outliers by the median absolute deviation).

A rule excludes nobody unless the protocol names it before the first participant. The protocol names
one, `analysis.exclusions.straight_lining`: every rating of every round is the same number. The
others are counted beside it, with limits that are stated here and never tuned to the data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.errors import InputError
from analysis.stats.arrays import Array, check_aligned, numbers, vector
from analysis.stats.tabular import Cells, Tabular
from study_design.parts import Exclusions

Flags = NDArray[np.bool_]
TO_SD = 1.482602218505602  # the median absolute deviation of a normal is its SD over this


@dataclass(frozen=True, slots=True)
class QualityRules:
    """The limits; None leaves a rule out.

    run          this many equal ratings in a row, in the order of the questions, or more
    seconds      a round is too fast when it took less; three guides of 120 words in 20 seconds
                 would be read at more than 1,000 words a minute
    fast_rounds  this many too-fast rounds, or more
    outlier      this many robust SDs from the median of the participants' differences, or more
    """

    run: int | None = 20
    seconds: float | None = 20.0
    fast_rounds: int = 3
    outlier: float | None = 3.0

    def __post_init__(self) -> None:
        for name in ("run", "seconds", "fast_rounds", "outlier"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"{name} = {value!r}: must be > 0, or None where it may be")


@dataclass(frozen=True, slots=True, eq=False)
class QualityCheck(Tabular):
    """One rule and whom it meets.

    rule         in words, with its limit
    registered   whether the protocol excludes by it
    flagged      (participants,) whether it is met
    values       (participants,) what is compared with the limit; nan where nothing was answered
    """

    rule: str
    registered: bool
    flagged: Flags
    values: Array

    def table_rows(self) -> list[Cells]:
        whole = {"rule": self.rule, "registered": self.registered}
        people = zip(self.flagged.tolist(), self.values.tolist(), strict=True)
        return [
            whole | {"place": k, "flagged": flagged, "value": value}
            for k, (flagged, value) in enumerate(people)
        ]

    @property
    def count(self) -> int:
        """How many participants meet the rule."""
        return int(self.flagged.sum())

    def apa(self) -> str:
        """One line for the results section."""
        use = "excluded by the protocol" if self.registered else "counted, nobody excluded"
        return f"{self.rule}: {self.count} of {self.flagged.size} participants ({use})"


def response_quality(
    ratings: ArrayLike,
    seconds: ArrayLike | None = None,
    differences: ArrayLike | None = None,
    *,
    rules: QualityRules | None = None,
    exclusions: Exclusions | None = None,
) -> tuple[QualityCheck, ...]:
    """Apply every rule and count.

    ratings      (participants, rounds, answers) in the order in which they were asked, nan where
                 one is missing
    seconds      (participants, rounds) spent on each round, nan where unknown
    differences  (participants,) the differences that the primary test is about, for outliers
    exclusions   those of the protocol: which rules exclude

    InputError for shapes that do not fit.

    >>> flat, varied = [[3, 3, 3], [3, 3, 3]], [[3, 4, 3], [2, 5, 3]]
    >>> [check.count for check in response_quality([flat, varied], rules=QualityRules(run=6))]
    [1, 1, 1]
    """
    limits = rules or QualityRules()
    check_aligned({"seconds": seconds, "differences": differences})
    table = numbers(ratings, "ratings")
    if table.ndim != 3:
        raise InputError(
            f"ratings must be (participants, rounds, answers), has shape {table.shape}"
        )
    registered = exclusions is not None and exclusions.straight_lining
    flat, rounds = straight_lining(table), flat_rounds(table)
    checks = [
        QualityCheck("every rating is the same", registered, flat, rounds),
        QualityCheck("at least half of the rounds are rated flat", False, rounds >= 0.5, rounds),
    ]
    if limits.run is not None:
        runs = longest_run(_in_rows(table))
        rule = f"{limits.run} or more equal ratings in a row"
        checks.append(QualityCheck(rule, False, runs >= limits.run, runs))
    if seconds is not None and limits.seconds is not None:
        times = numbers(seconds, "seconds")
        if times.shape != table.shape[:2]:
            raise InputError(f"seconds must be {table.shape[:2]}, has shape {times.shape}")
        fast = (times < limits.seconds).sum(axis=1).astype(np.float64)
        rule = f"{limits.fast_rounds} or more rounds under {limits.seconds:g} s"
        checks.append(QualityCheck(rule, False, fast >= limits.fast_rounds, fast))
    if differences is not None and limits.outlier is not None:
        distance = robust_distance(differences)
        if distance.size != len(table):
            raise InputError(f"differences must have {len(table)} values, has {distance.size}")
        rule = f"{limits.outlier:g} or more robust SDs from the median difference"
        if np.isnan(distance).any():
            rule += " (not defined: half of the differences or more are equal)"
        checks.append(QualityCheck(rule, False, distance >= limits.outlier, distance))
    return tuple(checks)


def straight_lining(ratings: Array) -> Flags:
    """Whether every rating of (participants, …) is the same number, missing ones left out.

    >>> straight_lining(np.array([[[2.0, 2.0]], [[2.0, 3.0]]])).tolist()
    [True, False]
    """
    flat = _in_rows(ratings)
    there = np.logical_not(np.isnan(flat))
    highest = np.where(there, flat, -np.inf).max(axis=1, initial=-np.inf)
    lowest = np.where(there, flat, np.inf).min(axis=1, initial=np.inf)
    return highest == lowest


def _in_rows(ratings: Array) -> Array:
    """(participants, …) as (participants, answers), also when there are none."""
    return ratings.reshape(len(ratings), int(np.prod(ratings.shape[1:])))


def flat_rounds(ratings: Array) -> Array:
    """Share of the rated rounds of (participants, rounds, answers) whose answers are all equal.

    nan without a rated round.
    """
    there = np.logical_not(np.isnan(ratings).any(axis=2))
    equal = there & (ratings == ratings[:, :, :1]).all(axis=2)
    rated = there.sum(axis=1).astype(np.float64)
    return np.divide(equal.sum(axis=1), rated, out=np.full(len(ratings), np.nan), where=rated > 0)


def longest_run(answers: Array) -> Array:
    """Longest run of equal answers in each row of (participants, answers); a gap is skipped.

    >>> longest_run(np.array([[1.0, 2.0, 2.0, np.nan, 2.0, 1.0], [1.0, 2.0, 1.0, 2.0, 1.0, 2.0]]))
    array([3., 1.])
    """
    longest = np.zeros(len(answers))
    run, last = np.zeros(len(answers)), np.full(len(answers), np.nan)
    for answer in answers.T:
        there = np.logical_not(np.isnan(answer))
        run = np.where(there, np.where(answer == last, run + 1.0, 1.0), run)
        last = np.where(there, answer, last)
        longest = np.maximum(longest, run)
    return longest


def robust_distance(differences: ArrayLike) -> Array:
    """Distance of each value from the median, in robust SDs; nan when half or more are equal.

    >>> robust_distance([1.0, 2.0, 3.0, 4.0, 30.0]).round(1).tolist()
    [1.3, 0.7, 0.0, 0.7, 18.2]
    """
    d = vector(differences, "differences")
    off = np.abs(d - np.median(d)) if d.size else d
    spread = TO_SD * float(np.median(off)) if d.size else 0.0
    return off / spread if spread > 0.0 else np.full_like(off, np.nan)
