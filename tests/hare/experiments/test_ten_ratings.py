"""What ten ratings can do, on a small pool of made-up texts."""

from __future__ import annotations

import numpy as np
import pytest

from hare.data.corpus import load_corpus
from hare.data.skills import LEVELS
from hare.errors import InputError, SettingsError
from hare.experiments.ten_ratings import (
    BONUSES,
    TenRatingsRow,
    Variant,
    ten_ratings,
    variants,
)
from hare.experiments.ten_ratings_crowd import Setting, Texts, draw_crowd, label_texts

SETTING = Setting("small", domains=4, second_domain=0.0)
LEARNED = Variant("linear", "mixture")


def made_up_texts(noise: float = 0.2) -> Texts:
    """4 domains, 5 tasks, 3 levels, 2 of each; one of the tasks is missing in each domain."""
    cells = [
        (d, t, v)
        for d in range(4)
        for t in range(5)
        for v in range(len(LEVELS))
        for _ in range(2)
        if (d - t) % 5
    ]
    domains, tasks, levels = np.array(cells).T
    rng = np.random.default_rng(0)
    embeddings = np.hstack([np.eye(4)[domains], np.eye(5)[tasks], np.eye(3)[levels]])
    return Texts(embeddings + noise * rng.normal(size=embeddings.shape), domains, tasks, levels)


def measured(*table: Variant, setting: Setting = SETTING, users: int = 120) -> list[TenRatingsRow]:
    texts = made_up_texts()
    return ten_ratings(texts, users, 20, 300, 5, settings=[setting], table=table)


def shares(rows: list[TenRatingsRow], variant: Variant) -> list[float]:
    chosen = (variant.features, variant.prior, variant.choice, variant.learns, variant.batch)
    return [r.share for r in rows if (r.features, r.prior, r.choice, r.learns, r.batch) == chosen]


def test_there_is_a_row_for_every_round_between_its_interval_with_chance_and_ceiling() -> None:
    rows = measured(LEARNED)
    assert [r.round for r in rows] == [1, 2, 3, 4, 5]
    for row in rows:
        assert row.ci_low <= row.share <= row.ci_high
        assert 0 < row.chance < row.ceiling < 1
        assert row.share <= row.ceiling
        assert row.bonus in BONUSES
    # A task is missing in each of 4 domains: .8 of rounds have one of 3.2 domains to offer.
    assert np.mean([r.ceiling for r in rows]) == pytest.approx(0.8)
    assert np.mean([r.chance for r in rows]) == pytest.approx(0.25, abs=0.01)


def test_ratings_teach_and_those_of_all_texts_teach_sooner() -> None:
    every = Variant("linear", "mixture", learns="all_slots")
    rows = measured(LEARNED, every)
    own, all_slots = shares(rows, LEARNED), shares(rows, every)
    assert own[4] > own[0] + 0.3
    assert all_slots[2] > own[2]
    assert all_slots[4] > 0.7


def test_learning_beats_features_that_know_nothing_of_users() -> None:
    pca = Variant("pca")
    rows = measured(pca, Variant("kinds", "mixture"))
    assert shares(rows, Variant("kinds", "mixture"))[4] > shares(rows, pca)[4]


def test_the_whole_history_at_once_and_rating_by_rating_choose_nearly_alike() -> None:
    batch = Variant("linear", "normal", batch=True, choice="greedy")
    step = Variant("linear", "normal", choice="greedy")
    rows = measured(batch, step)
    assert shares(rows, batch) == pytest.approx(shares(rows, step), abs=0.1)


@pytest.mark.parametrize("ratings", ["ordinal", "gaussian"])
@pytest.mark.parametrize("prior", ["normal", "mixture"])
@pytest.mark.parametrize("choice", ["ucb", "greedy", "thompson"])
def test_every_kind_of_variant_learns_something(ratings: str, prior: str, choice: str) -> None:
    row = measured(Variant("labels", prior, ratings, choice), users=60)[-1]
    assert row.share > row.chance


def test_equal_seeds_give_equal_rows_and_the_order_of_the_table_does_not_matter() -> None:
    other = Variant("labels", choice="thompson")
    one, again = measured(LEARNED, other, users=20), measured(other, LEARNED, users=20)
    assert one == again[5:] + again[:5]


def test_reported_users_are_others_than_those_tuned_and_raters_of_another_law_differ() -> None:
    texts = made_up_texts()
    a, b = (draw_crowd(texts, SETTING, 50, 5, np.random.default_rng([0, k])) for k in (1, 2))
    assert (a.liked != b.liked).any()
    assert not np.isin(a.noise, b.noise).any()
    law = Setting("others", 4, 0.4, others=True)
    others = draw_crowd(texts, law, 400, 5, np.random.default_rng(0))
    assert others.liked.any(axis=1).all()
    assert others.expected.mean(axis=1).std() > 0.3  # strict and mild raters
    assert others.noise.std(axis=(1, 2)).std() > 0.05


def test_a_round_asks_for_a_task_not_asked_before_and_shows_its_texts() -> None:
    texts = made_up_texts()
    crowd = draw_crowd(texts, SETTING, 30, 5, np.random.default_rng(3))
    assert (np.sort(crowd.asked, axis=1) == np.arange(5)).all()
    assert (texts.tasks[crowd.others] == crowd.asked[..., None]).all()
    assert (crowd.others[..., 0] != crowd.others[..., 1]).all()


def test_the_table_compares_what_the_question_asks() -> None:
    table = variants()
    assert len(set(table)) == len(table)
    for field, values in {
        "features": {"pca", "linear", "kinds", "labels"},
        "prior": {"normal", "mixture"},
        "ratings": {"ordinal", "gaussian"},
        "choice": {"ucb", "greedy", "thompson"},
        "learns": {"own", "all_slots"},
    }.items():
        assert {getattr(v, field) for v in table} == values


def test_the_pool_is_labelled_from_its_skills() -> None:
    skills = load_corpus().written
    texts = label_texts(skills, np.eye(len(skills)))
    domains = list(load_corpus().domains)
    assert [domains[d] for d in texts.domains] == [s.domain for s in skills]
    few = texts.of_domains(3)
    assert set(few.domains) == {0, 1, 2}
    with pytest.raises(InputError, match="embeddings for"):
        label_texts(skills, np.zeros((2, 3)))


def test_settings_out_of_range_are_refused_by_name() -> None:
    texts = made_up_texts()
    with pytest.raises(SettingsError, match=r"rounds = 6: must be in 1\.\.5"):
        ten_ratings(texts, rounds=6)
    with pytest.raises(SettingsError, match="users = 1"):
        ten_ratings(texts, users=1, rounds=5)
    with pytest.raises(SettingsError, match="features = 'magic'"):
        ten_ratings(texts, 4, 4, 100, 2, settings=[SETTING], table=[Variant("magic")])
