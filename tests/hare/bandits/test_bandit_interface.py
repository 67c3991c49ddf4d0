"""What holds for every bandit: shapes, refusals, copies, bytes, and that learning pays."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, cast

import numpy as np
import pytest
from sklearn.base import clone

import hare.bandits
from hare.bandits import (
    AttentiveBandit,
    ContextualBandit,
    EpsilonGreedy,
    Greedy,
    HybridLinUCB,
    LinTS,
    LinUCB,
    NeuralTS,
    NeuralUCB,
    PerUser,
    RandomBandit,
)
from hare.errors import InputError, SettingsError, StateError

BANDITS: list[ContextualBandit] = [
    LinUCB(),
    LinUCB(parameters="shared", centre_rewards=True),
    LinUCB(forgetting=0.95),
    HybridLinUCB(shared_features=slice(0, 2), arm_features=[1, 2]),
    HybridLinUCB(centre_rewards=True),
    LinTS(random_state=1),
    LinTS(parameters="shared", random_state=np.random.default_rng(2)),
    EpsilonGreedy(epsilon=0.5, random_state=3),
    Greedy(),
    RandomBandit(random_state=4),
    NeuralUCB(width=8, train_every=5, steps=4, batch_size=16, random_state=5),
    NeuralUCB(width=8, depth=2, covariance="full", train_every=5, memory=9, random_state=6),
    NeuralTS(width=8, train_every=5, centre_rewards=True, random_state=np.random.default_rng(7)),
    AttentiveBandit(random_state=8),
    AttentiveBandit(
        exploration="thompson", schedule="learned", heads=2, update_every=3, random_state=9
    ),
]


def fresh(bandit: ContextualBandit) -> ContextualBandit:
    return cast(ContextualBandit, clone(bandit))


def of(bandits: list[ContextualBandit]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("bandit", bandits, ids=lambda bandit: type(bandit).__name__)


every = of(BANDITS)
learners = of([bandit for bandit in BANDITS if not isinstance(bandit, RandomBandit)])
drawing = of([bandit for bandit in BANDITS if bandit.random_state is not None])
told_apart = of([bandit for bandit in BANDITS if getattr(bandit, "parameters", "") != "shared"])


def rounds(seed: int, count: int, arms: int = 4, features: int = 3) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=(count, arms, features)),
        rng.integers(arms, size=count),
        rng.normal(size=count),
    )


def test_every_exported_bandit_is_among_those_tested_here() -> None:
    exported = {getattr(hare.bandits, name) for name in hare.bandits.__all__}
    bandits = {kind for kind in exported if issubclass(kind, ContextualBandit)}
    assert bandits - {type(bandit) for bandit in BANDITS} == {ContextualBandit}
    assert exported - bandits == {PerUser}  # which holds one of them for each user


@every
def test_shapes_are_those_promised(bandit: ContextualBandit) -> None:
    bandit = fresh(bandit)
    contexts, decisions, rewards = rounds(1, 23)
    assert bandit.fit(contexts, decisions, rewards) is bandit
    assert bandit.partial_fit(contexts, decisions, rewards) is bandit
    assert bandit.predict(contexts).shape == (23,)
    assert bandit.predict(contexts).dtype.kind == "i"
    assert bandit.predict_expectations(contexts).shape == (23, 4)
    assert bandit.decision_function(contexts).shape == (23, 4)
    assert (bandit.n_features_in_, bandit.rounds_) == (3, 46)


@told_apart
def test_one_vector_for_all_arms_works_where_arms_have_parameters(bandit: ContextualBandit) -> None:
    bandit = fresh(bandit).set_params(n_arms=5)
    contexts = rounds(2, 12)[0][:, 0]
    bandit.partial_fit(contexts, np.arange(12) % 5, contexts[:, 0])
    assert bandit.decision_function(contexts).shape == (12, 5)
    with pytest.raises(SettingsError, match="n_arms = None: must be given"):
        fresh(bandit).set_params(n_arms=None).predict(contexts)


@every
def test_round_one_is_decided_from_the_prior(bandit: ContextualBandit) -> None:
    bandit = fresh(bandit)
    contexts = rounds(3, 2)[0]
    assert bandit.predict(contexts[:1])[0] in range(4)
    assert not bandit.predict_expectations(contexts).any()


@every
def test_predictions_are_the_argmax_of_the_scores(bandit: ContextualBandit) -> None:
    contexts, decisions, rewards = rounds(4, 40)
    one = fresh(bandit).fit(contexts, decisions, rewards)
    other = type(bandit).from_bytes(one.to_bytes())  # it draws the same
    np.testing.assert_array_equal(
        one.predict(contexts), other.decision_function(contexts).argmax(axis=1)
    )


@every
def test_a_bandit_comes_back_from_its_bytes_and_goes_on_alike(bandit: ContextualBandit) -> None:
    contexts, decisions, rewards = rounds(5, 60)
    one = fresh(bandit).fit(contexts[:30], decisions[:30], rewards[:30])
    one.predict(contexts)  # the generator has moved
    other = type(bandit).from_bytes(one.to_bytes())
    assert other.to_bytes() == one.to_bytes()
    for t in range(30, 60):
        context = contexts[t : t + 1]
        np.testing.assert_array_equal(
            one.decision_function(context), other.decision_function(context)
        )
        for each in (one, other):
            each.partial_fit(context, decisions[t : t + 1], rewards[t : t + 1])
    assert other.to_bytes() == one.to_bytes()


@every
def test_an_unlearned_bandit_comes_back_too(bandit: ContextualBandit) -> None:
    contexts = rounds(6, 5)[0]
    one = fresh(bandit)
    other = type(bandit).from_bytes(one.to_bytes())
    np.testing.assert_array_equal(one.predict(contexts), other.predict(contexts))


@every
def test_bytes_of_something_else_are_refused(bandit: ContextualBandit) -> None:
    contexts, decisions, rewards = rounds(7, 10)
    data = fresh(bandit).fit(contexts, decisions, rewards).to_bytes()
    for spoilt in (b"", b"no bandit", data[:-1], data[:40], data.replace(b"n_features", b"m_x")):
        with pytest.raises(StateError):
            type(bandit).from_bytes(spoilt)
    stranger = Greedy if not isinstance(bandit, Greedy) else LinUCB
    with pytest.raises(StateError, match="these bytes hold a"):
        stranger.from_bytes(data)


@every
def test_parameters_clone_and_print_as_in_scikit_learn(bandit: ContextualBandit) -> None:
    copy = fresh(bandit)
    assert copy.get_params().keys() == bandit.get_params().keys()
    assert repr(copy).startswith(type(bandit).__name__)
    assert copy.set_params(n_arms=4) is copy
    contexts, decisions, rewards = rounds(8, 10)
    copy.fit(contexts, decisions, rewards)
    assert not hasattr(fresh(copy), "n_features_in_")
    assert copy.get_params()["n_arms"] == 4


@drawing
def test_the_same_seed_gives_the_same_decisions(bandit: ContextualBandit) -> None:
    contexts, decisions, rewards = rounds(9, 50)
    if isinstance(bandit.random_state, np.random.Generator):
        bandit = fresh(bandit).set_params(random_state=11)
    one = fresh(bandit).fit(contexts, decisions, rewards).predict(contexts)
    other = fresh(bandit).fit(contexts, decisions, rewards).predict(contexts)
    np.testing.assert_array_equal(one, other)


@every
def test_no_rounds_change_nothing_and_fit_refuses_them(bandit: ContextualBandit) -> None:
    contexts, decisions, rewards = rounds(10, 10)
    bandit = fresh(bandit).fit(contexts, decisions, rewards)
    before = bandit.to_bytes()
    assert bandit.predict(contexts[:0]).shape == (0,)
    assert bandit.predict_expectations(contexts[:0]).shape == (0, 4)
    bandit.partial_fit(contexts[:0], decisions[:0], rewards[:0])
    bandit.partial_fit(contexts[:0], [], [])
    assert bandit.to_bytes() == before
    with pytest.raises(InputError, match="contexts: fit needs at least one round"):
        bandit.fit(contexts[:0], [], [])
    assert bandit.to_bytes() == before


@every
def test_a_single_arm_and_equal_arms_work(bandit: ContextualBandit) -> None:
    contexts, _, rewards = rounds(11, 12, arms=1)
    alone = fresh(bandit).fit(contexts, np.zeros(12, dtype=int), rewards)
    assert not alone.predict(contexts).any()
    twins = np.repeat(contexts, 3, axis=1)
    equal = fresh(bandit).fit(twins, np.arange(12) % 3, rewards)
    assert np.isfinite(equal.decision_function(twins)).all()


NAN = np.full((1, 4, 3), np.nan)
REFUSED: list[tuple[str, Any, Any, Any]] = [
    ("contexts: hold a value that is not finite", NAN, [0], [1.0]),
    (r"contexts: must be \(n, K, d\) or \(n, d\)", np.ones(3), [0], [1.0]),
    ("contexts: at least one arm and one feature", np.ones((1, 0, 3)), [0], [1.0]),
    ("contexts: at least one arm and one feature", np.ones((1, 4, 0)), [0], [1.0]),
    ("contexts: must be real numbers", np.full((1, 4, 3), "a"), [0], [1.0]),
    ("contexts: must be real numbers", np.ones((1, 4, 3), dtype=complex), [0], [1.0]),
    ("contexts: cannot be made an array", [[[1.0], [1.0, 2.0]]], [0], [1.0]),
    ("contexts: 5 features, but this bandit began with 3", np.ones((1, 4, 5)), [0], [1.0]),
    (r"decisions: must lie in 0\.\.3", np.ones((1, 4, 3)), [4], [1.0]),
    (r"decisions: must lie in 0\.\.3", np.ones((1, 4, 3)), [-1], [1.0]),
    ("decisions: must be integers", np.ones((1, 4, 3)), [0.0], [1.0]),
    ("decisions: must be integers", np.ones((1, 4, 3)), [True], [1.0]),
    (r"decisions: must be \(1,\) like contexts", np.ones((1, 4, 3)), [0, 1], [1.0]),
    ("rewards: hold a value that is not finite", np.ones((1, 4, 3)), [0], [np.inf]),
    (r"rewards: must be \(1,\) like contexts", np.ones((1, 4, 3)), [0], [[1.0]]),
    ("rewards: must be real numbers", np.ones((1, 4, 3)), [0], ["good"]),
]


@every
def test_bad_input_is_refused_by_name_and_changes_nothing(bandit: ContextualBandit) -> None:
    bandit = fresh(bandit).fit(*rounds(12, 10))
    before = bandit.to_bytes()
    for message, contexts, decisions, rewards in REFUSED:
        with pytest.raises(InputError, match=message):
            bandit.partial_fit(contexts, decisions, rewards)
    assert bandit.to_bytes() == before


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (LinUCB, "alpha", -0.1),
        (LinUCB, "alpha", np.nan),
        (LinUCB, "ridge", 1e-4),
        (LinUCB, "ridge", "much"),
        (LinUCB, "parameters", "joint"),
        (LinUCB, "centre_rewards", "yes"),
        (LinUCB, "forgetting", 0.0),
        (LinUCB, "forgetting", 1.1),
        (LinUCB, "refresh", 0),
        (LinUCB, "n_arms", 0),
        (LinUCB, "n_arms", 2.5),
        (HybridLinUCB, "ridge", 0.0),
        (LinTS, "scale", -1.0),
        (EpsilonGreedy, "epsilon", 1.5),
        (NeuralUCB, "width", 0),
        (NeuralUCB, "depth", 3),
        (NeuralUCB, "covariance", "block"),
        (NeuralUCB, "learning_rate", 0.0),
        (NeuralUCB, "memory", 0),
        (NeuralTS, "scale", np.inf),
        (LinTS, "random_state", "today"),
        (LinTS, "random_state", -1),
    ],
)
def test_parameters_are_stored_and_refused_by_name_when_first_used(
    kind: type[ContextualBandit], field: str, value: object
) -> None:
    bandit = kind(**{field: value})
    assert bandit.get_params()[field] is value
    with pytest.raises(SettingsError, match=f"^{field} = "):
        bandit.predict(np.ones((1, 2, 3)))


@learners
def test_learning_beats_chance_on_a_linear_problem(bandit: ContextualBandit) -> None:
    def regret(player: ContextualBandit) -> float:
        rng = np.random.default_rng(13)
        truth = rng.normal(size=3)
        total = 0.0
        for _ in range(150):
            context = rng.normal(size=(1, 4, 3))
            context /= np.linalg.norm(context, axis=2, keepdims=True)
            expected = context[0] @ truth
            arm = int(player.predict(context)[0])
            total += float(expected.max() - expected[arm])
            player.partial_fit(context, [arm], [expected[arm] + 0.1 * rng.normal()])
        return total

    assert regret(fresh(bandit)) < 0.8 * regret(RandomBandit(random_state=0))


def test_importing_the_bandits_loads_no_torch() -> None:
    code = (
        "import sys, hare, hare.bandits as b; assert 'torch' not in sys.modules; "
        "b.LinUCB(2).predict([[1.0]]); b.NeuralUCB(2).predict([[1.0]]); "
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_every_exported_name_is_there_and_no_other() -> None:
    assert set(hare.bandits.__all__) == set(hare.bandits._MODULES)
    for name in hare.bandits.__all__:
        assert getattr(hare.bandits, name).__name__ == name
    with pytest.raises(AttributeError):
        hare.bandits.UnknownBandit  # noqa: B018
