"""Exact intervals of shares against scipy's and a published one."""

from __future__ import annotations

import pytest
from scipy import stats

from analysis.stats.proportions import clopper_pearson, exact_share


@pytest.mark.parametrize(("count", "total"), [(0, 5), (5, 5), (3, 1_000), (110, 240)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_interval_equals_scipys(count: int, total: int, level: float) -> None:
    expected = stats.binomtest(count, total).proportion_ci(level, method="exact")
    found = clopper_pearson(count, total, level)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert (found.level, found.method) == (level, "Clopper–Pearson")


def test_the_interval_equals_that_of_r() -> None:
    # R: binom.test(7, 20)$conf.int
    found = exact_share(7, 20, "power")
    assert (found.name, found.value) == ("power", 0.35)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx(
        (0.1539092, 0.5921885), abs=5e-8
    )
