"""PerUser: every user a bandit, and none of them hears of the others."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone

from hare.bandits import ContextualBandit, LinTS, LinUCB, NeuralUCB, PerUser
from hare.errors import InputError, SettingsError, StateError


def stream(seed: int, count: int = 60) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=(count, 4, 3)),
        rng.integers(4, size=count),
        rng.normal(size=count),
        rng.integers(-2, 3, size=count),
    )


def test_each_user_has_the_bandit_of_their_rounds_alone() -> None:
    contexts, decisions, rewards, users = stream(1)
    each = PerUser(LinUCB()).fit(contexts, decisions, rewards, users)
    expected = each.predict_expectations(contexts, users)
    scores = each.decision_function(contexts, users)
    for user in np.unique(users):
        mine = users == user
        alone = LinUCB().fit(contexts[mine], decisions[mine], rewards[mine])
        np.testing.assert_allclose(
            expected[mine], alone.predict_expectations(contexts[mine]), atol=1e-12
        )
        np.testing.assert_array_equal(
            each.predict(contexts, users)[mine], scores[mine].argmax(axis=1)
        )


def test_a_user_never_seen_gets_the_prior() -> None:
    contexts, decisions, rewards, users = stream(2)
    each = PerUser(LinUCB()).fit(contexts, decisions, rewards, users)
    assert not each.predict_expectations(contexts, np.full(60, 99)).any()


@pytest.mark.parametrize("seed", [3, np.random.default_rng(3)])
def test_users_draw_the_same_in_whichever_order_they_come(seed: int | np.random.Generator) -> None:
    contexts, _, _, users = stream(3)
    one, other = PerUser(LinTS(random_state=seed)), PerUser(LinTS(random_state=seed))
    forth = one.predict(contexts, users)
    back = np.array(
        [other.predict(contexts[[t]], users[[t]])[0] for t in np.argsort(users, kind="stable")]
    )
    for user in np.unique(users):
        np.testing.assert_array_equal(forth[users == user], back[np.sort(users) == user])
    assert len({tuple(forth[users == user][:8]) for user in np.unique(users)}) > 1


@pytest.mark.parametrize(
    "bandit", [LinUCB(), LinTS(random_state=4), NeuralUCB(width=4, random_state=4)]
)
def test_all_users_come_back_from_bytes(bandit: ContextualBandit) -> None:
    contexts, decisions, rewards, users = stream(4)
    one = PerUser(bandit).fit(contexts, decisions, rewards, users)
    other = PerUser.from_bytes(one.to_bytes())
    assert other.to_bytes() == one.to_bytes()
    more = users + 1  # one of them is new
    np.testing.assert_array_equal(
        one.decision_function(contexts, more), other.decision_function(contexts, more)
    )
    with pytest.raises(StateError):
        PerUser.from_bytes(bandit.to_bytes())
    with pytest.raises(StateError):
        PerUser.from_bytes(b"nobody")


def test_parameters_of_the_inner_bandit_are_reached_by_name() -> None:
    each = PerUser(LinUCB(alpha=2.0))
    assert each.get_params()["bandit__alpha"] == 2.0
    copy = clone(each.set_params(bandit__alpha=0.5))
    assert isinstance(copy, PerUser)
    assert copy.get_params()["bandit__alpha"] == 0.5
    assert "PerUser(bandit=LinUCB(alpha=0.5))" in repr(each)


def test_the_bandit_given_stays_untouched() -> None:
    contexts, decisions, rewards, users = stream(5)
    rng = np.random.default_rng(6)
    bandit = LinTS(random_state=rng)
    before = rng.bit_generator.state
    PerUser(bandit).fit(contexts, decisions, rewards, users).predict(contexts, users)
    assert not hasattr(bandit, "n_features_in_")
    assert rng.bit_generator.state == before


def test_bad_input_is_refused_before_anybody_learns() -> None:
    contexts, decisions, rewards, users = stream(7)
    each = PerUser(LinUCB()).fit(contexts, decisions, rewards, users)
    before = each.to_bytes()
    rewards[-1] = np.nan
    with pytest.raises(InputError, match="rewards: hold a value that is not finite"):
        each.partial_fit(contexts, decisions, rewards, users)
    with pytest.raises(InputError, match="users: must be integers"):
        each.predict(contexts, users.astype(float))
    with pytest.raises(InputError, match=r"users: must be \(60,\)"):
        each.predict(contexts, users[:1])
    with pytest.raises(SettingsError, match="bandit"):
        PerUser("LinUCB").predict(contexts, users)  # pyright: ignore[reportArgumentType]
    assert each.to_bytes() == before


def test_no_rounds_give_no_decisions() -> None:
    contexts, decisions, rewards, users = stream(8)
    each = PerUser(LinUCB())
    assert each.predict(contexts[:0], users[:0]).shape == (0,)
    assert each.predict_expectations(contexts[:0], users[:0]).shape == (0, 4)
    with pytest.raises(InputError, match="fit needs at least one round"):
        each.fit(contexts[:0], decisions[:0], rewards[:0], users[:0])
