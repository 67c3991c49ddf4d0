"""Bootstrap intervals over participants: bias-corrected and accelerated, never "basic".

Efron (1987), "Better bootstrap confidence intervals", JASA 82; computed by scipy.stats.bootstrap,
which gives nan for degenerate resamples. Here that becomes a reason in words.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from scipy import stats

from analysis.stats.arrays import Array, check_level
from analysis.stats.results import Interval

SEED = 20_261_122
_MANY = 500
_BATCH_CELLS = 500_000  # of resampled values; more at once is slower, for want of cache


def bca(
    statistic: Callable[..., Array],
    *samples: Array,
    level: float = 0.95,
    resamples: int | None = None,
    seed: int = SEED,
) -> tuple[Interval | None, str]:
    """The BCa interval of `statistic` over participants, and why there is none when None.

    statistic  takes as many arrays as `samples` and `axis`, and reduces along that axis
    samples    arrays (n,), one value a participant, resampled together
    resamples  9,999 up to 500 participants and 1,999 beyond, unless given

    >>> interval, _ = bca(np.mean, np.arange(20.0))
    >>> interval is not None and interval.low < 9.5 < interval.high
    True
    """
    check_level(level)
    n = samples[0].size
    if n < 3:
        return None, f"no bootstrap interval from {n} participant{'s' * (n != 1)}"
    if all(np.ptp(sample) == 0 for sample in samples):
        return None, "no bootstrap interval: every participant has the same value"
    count = resamples or (9_999 if n <= _MANY else 1_999)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        result = stats.bootstrap(
            samples,
            statistic,
            n_resamples=count,
            batch=max(1, _BATCH_CELLS // n),
            paired=True,
            vectorized=True,
            confidence_level=level,
            method="BCa",
            rng=np.random.default_rng(seed),
        )
    low, high = (float(bound) for bound in result.confidence_interval)
    if not np.isfinite([low, high]).all():
        return None, "no bootstrap interval: the resamples hardly differ"
    return Interval(low, high, level, f"BCa, {count:,} resamples of participants"), ""
