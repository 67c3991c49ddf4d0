"""Classification data as bandits: the classes are the arms, and only the chosen one is revealed.

A round shows an example's features; naming its class earns 1, any other class 0 (Dudík, Langford,
Li 2011, "Doubly robust policy evaluation and learning", section 4.1). Rewards have no noise and the
best arm always earns 1, so regret = 1 − reward, exactly. Every example is asked once, in an order
drawn by the seed. The data ship with scikit-learn: 1,797 digits (10 classes), 569 breast-cancer
cases (2), 178 wines (3).

The type is a sibling of `environments.Stream` with the same `users`, `expected`, `noise`, `reward`
and `regret`. What differs: there are no item vectors, so `contexts(t)` is one vector for all arms,
shape (d,), and nothing can be synthesised.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.preprocessing import StandardScaler

from hare.errors import SettingsError

Array = NDArray[np.float64]

DATASETS: dict[str, Callable[[], Any]] = {
    "digits": load_digits,
    "breast_cancer": load_breast_cancer,
    "wine": load_wine,
}


@dataclass(frozen=True, eq=False)
class ClassificationStream:
    """T rounds of one data set. All arrays are read-only.

    name      the data set's name
    users     (T,) zeros: nobody in particular asks
    features  (T, d - 1) standardised over the whole data set, then of unit norm
    labels    (T,) the right classes, in 0..K-1
    expected  (T, K) 1 for the right class, else 0
    noise     (T, K) zeros
    """

    name: str
    users: NDArray[np.intp]
    features: Array
    labels: NDArray[np.intp]
    expected: Array
    noise: Array

    def __len__(self) -> int:
        return len(self.labels)

    def contexts(self, t: int) -> Array:
        """(d,) what every policy may see: [features, 1] / √2, of norm 1, the same for all arms."""
        return np.append(self.features[t], 1.0) / np.sqrt(2.0)

    def reward(self, t: int, item: int) -> float:
        """1.0 for the right class, else 0.0."""
        return float(self.expected[t, item])

    def regret(self, t: int, item: int) -> float:
        """1 - reward, exactly."""
        return 1.0 - self.reward(t, item)


def draw_classification(name: str, seed: int, rounds: int | None = None) -> ClassificationStream:
    """Shuffle a data set into a stream; `rounds` defaults to all examples.

    >>> stream = draw_classification("wine", seed=1)
    >>> len(stream), stream.contexts(0).shape, stream.expected.shape
    (178, (14,), (178, 3))
    """
    if name not in DATASETS:
        raise SettingsError("name", name, f"must be one of {', '.join(DATASETS)}")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise SettingsError("seed", seed, "must be an integer of at least 0")
    data = DATASETS[name]()
    rounds = len(data.target) if rounds is None else rounds
    if not 1 <= rounds <= len(data.target):
        raise SettingsError("rounds", rounds, f"must lie in 1..{len(data.target)} for {name}")
    order = np.random.default_rng([seed, 1]).permutation(len(data.target))[:rounds]
    features = StandardScaler().fit_transform(data.data)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    labels = data.target[order].astype(np.intp)
    expected = np.eye(len(data.target_names))[labels]
    stream = ClassificationStream(
        name=name,
        users=np.zeros(rounds, dtype=np.intp),
        features=features[order],
        labels=labels,
        expected=expected,
        noise=np.zeros_like(expected),
    )
    for array in (stream.users, stream.features, labels, expected, stream.noise):
        array.flags.writeable = False
    return stream
