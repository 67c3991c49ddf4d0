"""Aligned ranks against their definition in R, and what aligning must do to other effects."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis import InputError, aligned_ranks, rm_anova
from analysis.stats.aligned_ranks import _aligned

# (participants, arms, rounds)
RATINGS = np.array([int(x) for x in "342512443522254331532411443523155221"]).reshape(6, 2, 3)


def test_f_of_every_effect_equals_that_of_r() -> None:
    # R: aov(rank(aligned) ~ arm * round + Error(id / (arm * round))) of each effect in turn;
    # tests/gold/posthoc.R
    found = aligned_ranks(RATINGS, factors=["arm", "round"])
    expected = {
        "arm": (11.31284, 0.020032),
        "round": (1.85014, 0.20718),
        "arm × round": (10.23597, 0.0038063),
    }
    for name, (f, p) in expected.items():
        effect = found.effect(name)
        assert effect.statistic == pytest.approx(f, abs=1e-5)
        assert effect.p == pytest.approx(p, abs=1e-5)
        assert effect.note == "on aligned ranks"


def test_aligning_leaves_nothing_of_the_other_effects() -> None:
    # Wobbrock and others (2011): the F of all effects stripped out must be zero
    for k, aligned in enumerate(_aligned(RATINGS.astype(float))):
        effects = rm_anova(aligned, factors=["arm", "round"]).effects
        others = [e for e in effects if e is not effects[k]]
        assert [e.statistic for e in others] == pytest.approx([0.0, 0.0], abs=1e-9)


def test_one_factor_ranks_the_ratings_as_they_are() -> None:
    one = RATINGS[:, 0]
    ranks = pd.Series(one.ravel()).rank().to_numpy().reshape(one.shape)
    assert aligned_ranks(one).effects[0].statistic == rm_anova(ranks).effects[0].statistic


def test_a_tidy_frame_gives_what_its_array_gives() -> None:
    axes = [range(6), ["hare", "rag"], range(3)]
    index = pd.MultiIndex.from_product(axes, names=["participant", "arm", "round"])
    frame = pd.Series(RATINGS.ravel(), index=index, name="rating").reset_index()
    factors = ["arm", "round"]
    assert aligned_ranks(frame, factors=factors) == aligned_ranks(RATINGS, factors=factors)
    with pytest.raises(InputError, match="has 3 rows for arm"):
        aligned_ranks(frame)
