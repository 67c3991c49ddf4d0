"""The neural bandits: their network, its gradients, their two covariances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hare.bandits import NeuralTS, NeuralUCB
from hare.bandits.gradient_covariance import DiagonalPrecision, FullPrecision
from hare.bandits.neural_network import TwinNetwork
from hare.errors import InputError, SettingsError


def network(seed: int, depth: int = 1, inputs: int = 5, width: int = 12) -> TwinNetwork:
    return TwinNetwork(inputs, width, depth, np.random.default_rng(seed))


def moved(seed: int, depth: int) -> TwinNetwork:
    net = network(seed, depth)
    net.weights += np.random.default_rng(seed + 1).normal(0, 0.2, net.size)
    return net


def by_torch(net: TwinNetwork, weights: torch.Tensor, rows: NDArray[np.float64]) -> torch.Tensor:
    """The paper's f, written with torch's own calls on the flat weights."""
    blocks, start = [], 0
    for shape in net.shapes:
        stop = start + int(np.prod(shape))
        blocks.append(weights[start:stop].reshape(shape))
        start = stop
    towers = []
    for side in (0, 1):
        layer = torch.tensor(rows)
        for block in blocks[:-1]:
            layer = torch.relu(layer @ block[side].T)
        towers.append(layer @ blocks[-1][side])
    return net.width**0.5 * (towers[0] - towers[1])


@given(st.integers(0, 10**6), st.sampled_from([1, 2]), st.integers(1, 40))
def test_the_first_output_is_exactly_zero(seed: int, depth: int, count: int) -> None:
    rows = np.random.default_rng(seed).normal(size=(count, 5)) * 10
    assert not network(seed, depth).outputs(rows).any()


def test_a_bandit_expects_exactly_zero_before_it_has_trained() -> None:
    contexts = np.random.default_rng(0).normal(size=(7, 4, 3))
    assert not NeuralUCB(random_state=1, depth=2).predict_expectations(contexts).any()


@pytest.mark.parametrize("depth", [1, 2])
def test_outputs_and_gradient_features_agree_with_torch(depth: int) -> None:
    net, rows = moved(2, depth), np.random.default_rng(3).normal(size=(6, 5))
    weights = torch.tensor(net.weights, requires_grad=True)
    outputs = by_torch(net, weights, rows)
    np.testing.assert_allclose(net.outputs(rows), outputs.detach().numpy(), atol=1e-12)
    for i, feature in enumerate(net.features(rows)):
        (gradient,) = torch.autograd.grad(outputs[i], weights, retain_graph=True)
        np.testing.assert_allclose(feature, gradient.numpy() / np.sqrt(net.width), atol=1e-12)


@pytest.mark.parametrize("depth", [1, 2])
def test_the_gradient_of_the_loss_agrees_with_torch(depth: int) -> None:
    net, rng = moved(4, depth), np.random.default_rng(5)
    rows, targets = rng.normal(size=(9, 5)), rng.normal(size=9)
    weights = torch.tensor(net.weights, requires_grad=True)
    loss = ((by_torch(net, weights, rows) - torch.tensor(targets)) ** 2).mean() / 2
    loss = loss + 0.3 * ((weights - torch.tensor(net.initial)) ** 2).sum() / 2
    (gradient,) = torch.autograd.grad(loss, weights)
    np.testing.assert_allclose(net.loss_gradient(rows, targets, 0.3), gradient.numpy(), atol=1e-11)


def test_steps_are_those_of_torchs_adam() -> None:
    net, rng = network(6), np.random.default_rng(7)
    weights = torch.tensor(net.weights.copy(), requires_grad=True)
    adam = torch.optim.Adam([weights], lr=0.01)
    for _ in range(5):
        gradient = rng.normal(size=net.size)
        net.descend(gradient, 0.01)
        weights.grad = torch.tensor(gradient)
        adam.step()
    np.testing.assert_allclose(net.weights, weights.detach().numpy(), atol=1e-10)


@pytest.mark.parametrize("width", [8, 512])
def test_gradient_features_keep_their_length_as_the_network_widens(width: int) -> None:
    """The 1/m scaling: |g|^2 / m is about 3 |x|^2 for one hidden layer, whatever m."""
    rows = np.eye(16)[:4]
    lengths = [
        np.square(network(seed, inputs=16, width=width).features(rows)).sum(axis=1)
        for seed in range(200)
    ]
    assert np.mean(lengths) == pytest.approx(3.0, rel=0.15)


@given(st.integers(0, 10**6), st.integers(1, 30))
def test_diagonal_and_full_widths_agree_where_the_sum_is_diagonal(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    rows = np.eye(6)[rng.integers(6, size=count)] * rng.normal(size=(count, 1))
    full, diagonal = FullPrecision(6, 0.5, 1000), DiagonalPrecision(6, 0.5, 1000)
    for one in rows:
        full.add(one[None])
        diagonal.add(one[None])
    asked = rng.normal(size=(5, 6))
    np.testing.assert_allclose(full.squared_widths(asked), diagonal.squared_widths(asked))


@pytest.mark.parametrize("covariance", ["full", "diagonal"])
def test_scores_are_means_and_widths_over_the_features_played(covariance: str) -> None:
    rng = np.random.default_rng(8)
    contexts, decisions = rng.normal(size=(15, 3, 4)), rng.integers(3, size=15)
    bandit = NeuralUCB(
        alpha=0.4, ridge=0.2, width=8, covariance=covariance, train_every=100, random_state=9
    ).fit(contexts, decisions, rng.normal(size=15))
    net = bandit._network
    played = net.features(contexts[np.arange(15), decisions])
    Z = 0.2 * np.eye(net.size) + played.T @ played
    if covariance == "diagonal":
        Z = np.diag(np.diag(Z))
    features = net.features(contexts.reshape(-1, 4))
    widths = np.sqrt(np.einsum("np,pq,nq->n", features, np.linalg.inv(Z), features))
    np.testing.assert_allclose(
        bandit.decision_function(contexts), 0.4 * widths.reshape(15, 3), rtol=1e-6
    )


def test_training_fits_a_function_that_no_line_fits() -> None:
    rng = np.random.default_rng(10)
    contexts = rng.uniform(-1, 1, size=(400, 1, 2))
    rewards = np.abs(contexts[:, 0, 0]) - np.abs(contexts[:, 0, 1])
    bandit = NeuralUCB(ridge=0.01, learning_rate=1e-2, random_state=11)
    bandit.fit(contexts, np.zeros(400, dtype=int), rewards)
    left = rewards - bandit.predict_expectations(contexts)[:, 0]
    assert np.var(left) < 0.1 * np.var(rewards)


def test_training_comes_every_so_many_rounds() -> None:
    bandit = NeuralUCB(train_every=4, steps=3, random_state=0)
    counts = []
    for _ in range(9):
        bandit.partial_fit(np.ones((1, 2, 3)), [0], [1.0])
        counts.append(bandit._network.steps)
    assert counts == [0, 0, 0, 3, 3, 3, 3, 6, 6]


def test_a_bounded_memory_keeps_the_latest_rounds() -> None:
    bandit = NeuralUCB(memory=3, random_state=0)
    bandit.fit(np.ones((5, 2, 3)), [0] * 5, [1.0, 2.0, 3.0, 4.0, 5.0])
    np.testing.assert_array_equal(bandit._rewards, [3.0, 4.0, 5.0])


def test_one_vector_for_all_arms_goes_into_the_block_of_each() -> None:
    contexts = np.random.default_rng(12).normal(size=(20, 2))
    decisions = np.arange(20) % 3
    blocks = np.zeros((20, 3, 3, 2))
    for arm in range(3):
        blocks[:, arm, arm] = contexts
    settings: dict[str, Any] = {"n_arms": 3, "random_state": 1}
    one = NeuralUCB(**settings).fit(contexts, decisions, contexts[:, 0])
    other = NeuralUCB(**settings).fit(blocks.reshape(20, 3, 6), decisions, contexts[:, 0])
    np.testing.assert_allclose(
        one.decision_function(contexts),
        other.decision_function(blocks.reshape(20, 3, 6)),
        rtol=1e-4,
        atol=1e-6,
    )
    with pytest.raises(InputError, match="began with the other of the shapes"):
        one.predict(np.ones((1, 3, 2)))


def test_neural_thompson_draws_with_the_width_of_neural_ucb() -> None:
    rng = np.random.default_rng(13)
    contexts, decisions = rng.normal(size=(12, 3, 4)), rng.integers(3, size=12)
    rewards = rng.normal(size=12)
    sampler = NeuralTS(scale=0.5, random_state=14).fit(contexts, decisions, rewards)
    bounds = NeuralUCB(alpha=0.5, random_state=14).fit(contexts, decisions, rewards)
    asked = contexts[:1]
    draws = sampler.decision_function(np.repeat(asked, 20_000, axis=0))
    means = bounds.predict_expectations(asked)[0]
    width = bounds.decision_function(asked)[0] - means
    np.testing.assert_allclose(draws.mean(axis=0), means, atol=0.03)
    np.testing.assert_allclose(np.cov(draws.T), np.diag(width**2), atol=0.02 * width.max() ** 2)


def test_fitting_twice_from_a_seed_gives_the_same_network() -> None:
    rng = np.random.default_rng(15)
    contexts, rewards = rng.normal(size=(300, 2, 3)), rng.normal(size=300)
    bandit = NeuralUCB(random_state=16)  # more rounds than a batch: rows are drawn
    first = bandit.fit(contexts, [0, 1] * 150, rewards).decision_function(contexts)
    second = bandit.fit(contexts, [0, 1] * 150, rewards).decision_function(contexts)
    np.testing.assert_array_equal(first, second)


def test_an_odd_width_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="width = 7: must be even"):
        NeuralUCB(width=7).predict(np.ones((1, 2, 3)))
