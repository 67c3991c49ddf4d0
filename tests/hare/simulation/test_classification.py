"""Classification data as bandits: one right arm a round, exact regret, seeded order."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from hare.errors import SettingsError
from hare.simulation.classification import DATASETS, draw_classification

SHAPES = {"digits": (1797, 65, 10), "breast_cancer": (569, 31, 2), "wine": (178, 14, 3)}


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_a_stream_holds_every_example_once(name: str) -> None:
    rounds, dimension, classes = SHAPES[name]
    stream = draw_classification(name, seed=1)
    assert len(stream) == rounds
    assert stream.contexts(0).shape == (dimension,)
    assert stream.expected.shape == stream.noise.shape == (rounds, classes)
    other = draw_classification(name, seed=2)
    assert (stream.labels != other.labels).any()
    np.testing.assert_array_equal(np.sort(stream.labels), np.sort(other.labels))
    assert sorted(map(tuple, stream.features)) == sorted(map(tuple, other.features))


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_the_right_class_earns_one_and_regrets_nothing(name: str) -> None:
    stream = draw_classification(name, seed=3, rounds=50)
    for t in range(50):
        for item in range(stream.expected.shape[1]):
            right = float(item == stream.labels[t])
            assert (stream.reward(t, item), stream.regret(t, item)) == (right, 1.0 - right)


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_contexts_have_norm_one_and_are_finite(name: str) -> None:
    stream = draw_classification(name, seed=4)
    contexts = np.array([stream.contexts(t) for t in range(len(stream))])
    np.testing.assert_allclose(np.linalg.norm(contexts, axis=1), 1.0)


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_features_still_tell_the_classes_apart(name: str) -> None:
    """A linear classifier that sees all labels: what the bandits' regret is to be read against."""
    stream = draw_classification(name, seed=5)
    half = len(stream) // 2
    model = LogisticRegression(C=10.0, max_iter=1000)
    model.fit(stream.features[:half], stream.labels[:half])
    assert model.score(stream.features[half:], stream.labels[half:]) > 0.92


def test_equal_seeds_give_equal_streams_and_fewer_rounds_their_beginning() -> None:
    whole, again = (draw_classification("wine", seed=6) for _ in range(2))
    beginning = draw_classification("wine", seed=6, rounds=20)
    np.testing.assert_array_equal(whole.features, again.features)
    np.testing.assert_array_equal(whole.features[:20], beginning.features)
    np.testing.assert_array_equal(whole.labels[:20], beginning.labels)


def test_an_unknown_data_set_is_refused_with_the_known_names() -> None:
    with pytest.raises(SettingsError, match="name = 'iris': must be one of digits, breast_cancer"):
        draw_classification("iris", seed=1)


@pytest.mark.parametrize(("field", "value"), [("rounds", 0), ("rounds", 179), ("seed", -1)])
def test_numbers_outside_their_range_are_refused_by_name(field: str, value: int) -> None:
    with pytest.raises(SettingsError, match=f"{field} = {value}"):
        draw_classification("wine", **{"seed": 1, field: value})
