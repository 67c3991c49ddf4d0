"""Did participants see which arm adapts to them?

Bang, Ni and Davis (2004): for two choices the index of one arm is the share of correct guesses
minus the share of wrong ones, 2p − 1: 0 is guessing, 1 is unblinded, negative is misled. With k
choices chance is 1/k, and the index becomes (p − 1/k) / (1 − 1/k), which is 2p − 1 at k = 2.
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy import stats

from analysis.errors import InputError
from analysis.stats.results import Estimate, Interval


@dataclass(frozen=True, slots=True)
class GuessIndex:
    """Guesses for one arm: how many, the chance-corrected index, and p against chance."""

    arm: str
    count: int
    total: int
    index: Estimate
    p: float | None


def guess_index(
    arm: str, count: int, total: int, choices: int, *, level: float = 0.95
) -> GuessIndex:
    """The index of `count` guesses for `arm` among `total` participants, one guess each.

    choices  number of arms to guess from, at least 2
    The interval is Clopper–Pearson's for the share, carried over to the index.

    >>> round(guess_index("hare", 12, 24, 3).index.value, 2)
    0.25
    """
    if choices < 2 or not 0 <= count <= total:
        raise InputError(f"{count} of {total} guesses among {choices} choices is not possible")
    if total == 0:
        return GuessIndex(arm, 0, 0, Estimate("index", None, note="nobody answered"), None)
    chance = 1.0 / choices
    result = stats.binomtest(count, total, chance)
    exact = result.proportion_ci(confidence_level=level, method="exact")

    def corrected(share: float) -> float:
        return (share - chance) / (1.0 - chance)

    interval = Interval(corrected(exact.low), corrected(exact.high), level, "Clopper–Pearson")
    index = Estimate("index", corrected(count / total), interval)
    return GuessIndex(arm, count, total, index, float(result.pvalue))
