"""The post-hoc table: its rows are the single tests, its adjusted p are over its pairs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis import (
    InputError,
    holm,
    jzs_bayes_factor,
    paired_t,
    pairwise_tests,
    signed_rank,
)

RATINGS = np.array(
    [[4.1, 3.2, 2.5], [3.6, 3.9, 2.2], [4.8, 3.1, 3.0], [3.3, 3.0, 2.9], [4.0, 4, 2]]
)
ARMS = ["hare", "rag", "gpt2"]
PAIRS = [("hare", "rag"), ("hare", "gpt2"), ("rag", "gpt2")]


def test_every_pair_is_the_single_paired_t_test_with_its_effect_and_bayes_factor() -> None:
    found = pairwise_tests(RATINGS, ARMS, bayes=True, level=0.9)
    assert [(pair.treatment, pair.comparator) for pair in found.pairs] == PAIRS
    for pair in found.pairs:
        x, y = (RATINGS[:, ARMS.index(arm)] for arm in (pair.treatment, pair.comparator))
        assert pair.test == paired_t(x, y, level=0.9)
        assert pair.effect == pair.test.effect("d_z")
        assert pair.bayes == jzs_bayes_factor(x, y)


def test_three_pairs_have_the_adjusted_p_of_r() -> None:
    # R: pairwise.t.test(rating, arm, paired = TRUE, p.adjust.method = "holm"); tests/gold/posthoc.R
    expected = {
        "none": [0.21739662347, 0.00665519487, 0.0818894177],
        "holm": [0.2173966235, 0.0199655846, 0.163778835],
        "benjamini_hochberg": [0.2173966235, 0.0199655846, 0.1228341266],
    }
    for method, adjusted in expected.items():
        found = pairwise_tests(RATINGS, ARMS, adjust=method)
        assert [pair.adjusted for pair in found.pairs] == pytest.approx(adjusted, abs=1e-9)


def test_signed_ranks_show_the_rank_biserial_and_no_mean() -> None:
    found = pairwise_tests(RATINGS, ARMS, test="signed_rank")
    assert found.pairs[0].test == signed_rank(RATINGS[:, 0], RATINGS[:, 1])
    assert found.pairs[0].effect.name == "r_rb"
    frame = found.to_frame()
    assert "mean_difference" not in frame
    assert frame["r_rb"].tolist() == [pair.effect.value for pair in found.pairs]


def test_a_tidy_frame_gives_what_its_array_of_means_gives() -> None:
    rounds = RATINGS[:, None, :] + [[[-0.5], [0.0], [0.5]]]  # (participants, rounds, arms)
    index = pd.MultiIndex.from_product(
        [range(5), range(3), ARMS], names=["participant", "r", "arm"]
    )
    tidy = pd.Series(rounds.ravel(), index=index, name="rating").reset_index()
    wide = pd.DataFrame(RATINGS, columns=ARMS)
    found = pairwise_tests(tidy, ARMS, mean_over="r")
    assert found == pairwise_tests(wide)
    assert found == pairwise_tests(RATINGS, ARMS)
    two = pairwise_tests(tidy, ["gpt2", "hare"], mean_over="r")
    assert [(pair.treatment, pair.comparator) for pair in two.pairs] == [("gpt2", "hare")]
    with pytest.raises(InputError, match="average by mean_over"):
        pairwise_tests(tidy)


def test_a_pair_without_a_test_says_why_and_counts_in_the_adjustment() -> None:
    same = np.column_stack([RATINGS[:, 0], RATINGS[:, 0] - 1.0, RATINGS[:, 1]])
    found = pairwise_tests(same, ARMS)
    p = [pair.test.p for pair in found.pairs]
    assert p[0] is None
    assert [pair.adjusted for pair in found.pairs] == list(holm(p))
    row = found.to_frame().iloc[0]
    assert pd.isna(row["p"])
    assert "all 5 differences equal 1" in row["note"]
    assert "not estimable" in found.apa().splitlines()[0]


def test_what_cannot_be_asked_for_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="adjust = 'tukey': must be one of holm"):
        pairwise_tests(RATINGS, ARMS, adjust="tukey")
    with pytest.raises(InputError, match="effect = 'eta': must be one of d_z, g_z, d_av"):
        pairwise_tests(RATINGS, ARMS, effect="eta")
    with pytest.raises(InputError, match="test = 'z'"):
        pairwise_tests(RATINGS, ARMS, test="z")  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="bayes = True"):
        pairwise_tests(RATINGS, ARMS, test="signed_rank", bayes=True)
    with pytest.raises(InputError, match="arms must name the 3 columns"):
        pairwise_tests(RATINGS, ["hare", "rag"])
    with pytest.raises(KeyError, match="there are hare − rag, hare − gpt2"):
        pairwise_tests(RATINGS, ARMS).pair("rag", "hare")
