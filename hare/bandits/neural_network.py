"""The network of the neural bandits: two towers with equal first weights, one minus the other.

Zhou, Li, Gu (2020), "Neural contextual bandits with UCB-based exploration": f(x) = sqrt(m) w'
relu(W_L ... relu(W_1 x)), m units a layer, W ~ N(0, 4/m), w ~ N(0, 2/m), where the weights of the
second half repeat those of the first and w changes its sign, so that f is 0 at the start. Here the
halves are two towers that never mix (the blocks between them, which begin at 0 in the paper, are
left out): the two then do the same operations, and the output is 0 to the last bit.

Gradients are written by hand in numpy: at these sizes (a few hundred weights, 40 to 128 rows) the
calls cost more than the sums, and there are fewer of them than in a framework with a tape.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hare.bandits.checks import Array

_SIGN = np.array([1.0, -1.0])[:, None]  # tower one minus tower two
_BETA_1, _BETA_2, _TINY = 0.9, 0.999, 1e-8  # Adam's own constants


class TwinNetwork:
    """Weights theta (p,) as one vector, the initial ones beside them, and Adam's moments.

    inputs   d, length of a row
    width    m, hidden units a layer, even: m/2 a tower
    depth    hidden layers, 1 or 2
    """

    def __init__(self, inputs: int, width: int, depth: int, rng: np.random.Generator) -> None:
        half = width // 2
        self.width = width
        self.shapes = [(2, half, inputs), *[(2, half, half)] * (depth - 1), (2, half)]
        drawn = [rng.normal(0.0, np.sqrt(4.0 / width), shape[1:]) for shape in self.shapes[:-1]]
        drawn.append(rng.normal(0.0, np.sqrt(2.0 / width), half))
        self.initial = np.concatenate([np.stack([block, block]).ravel() for block in drawn])
        self.weights = self.initial.copy()
        self.first_moment = np.zeros_like(self.weights)
        self.second_moment = np.zeros_like(self.weights)
        self.steps = 0

    @property
    def size(self) -> int:
        """p, the number of weights."""
        return len(self.weights)

    def outputs(self, rows: Array) -> Array:
        """(n,) f(x) of rows (n, d)."""
        blocks = self._blocks()
        return self._combine(self._layers(rows, blocks)[-1], blocks[-1])

    def features(self, rows: Array) -> Array:
        """(n, p) gradient of f by theta, over sqrt(m), at the present weights."""
        blocks = self._blocks()
        layers = self._layers(rows, blocks)
        parts = [_SIGN[:, None] * layers[-1]]  # by w: the last activations
        deltas = np.broadcast_to((_SIGN * blocks[-1])[:, None], layers[-1].shape)
        for level in range(len(blocks) - 2, -1, -1):
            deltas = deltas * (layers[level + 1] > 0)  # (2, n, half)
            parts.append(deltas[..., None] * layers[level][:, :, None, :])
            if level:
                deltas = deltas @ blocks[level]
        flat = [part.swapaxes(0, 1).reshape(len(rows), -1) for part in reversed(parts)]
        return np.concatenate(flat, axis=1)

    def loss_gradient(self, rows: Array, targets: Array, pull: float) -> Array:
        """(p,) gradient of mean (f(x) - target)^2 / 2 + pull |theta - theta_0|^2 / 2."""
        blocks = self._blocks()
        layers = self._layers(rows, blocks)
        errors = self._combine(layers[-1], blocks[-1]) - targets
        errors *= np.sqrt(self.width) / len(rows)
        parts = [_SIGN * (errors @ layers[-1])]
        deltas = errors[:, None] * (_SIGN * blocks[-1])[:, None]  # (2, n, half)
        for level in range(len(blocks) - 2, -1, -1):
            deltas = deltas * (layers[level + 1] > 0)
            parts.append(deltas.swapaxes(1, 2) @ layers[level])
            if level:
                deltas = deltas @ blocks[level]
        gradient = np.concatenate([part.ravel() for part in reversed(parts)])
        gradient += pull * (self.weights - self.initial)
        return gradient

    def descend(self, gradient: Array, learning_rate: float) -> None:
        """One step of Adam (Kingma and Ba 2015, Algorithm 1)."""
        self.steps += 1
        self.first_moment += (1.0 - _BETA_1) * (gradient - self.first_moment)
        self.second_moment += (1.0 - _BETA_2) * (gradient * gradient - self.second_moment)
        rate = learning_rate / (1.0 - _BETA_1**self.steps)
        spread = np.sqrt(self.second_moment / (1.0 - _BETA_2**self.steps))
        self.weights -= rate * self.first_moment / (spread + _TINY)

    def state(self) -> dict[str, NDArray[np.float64]]:
        """The four vectors (p,) that make the network, by name."""
        return {
            "weights": self.weights,
            "initial": self.initial,
            "first_moment": self.first_moment,
            "second_moment": self.second_moment,
        }

    def restore(self, state: dict[str, NDArray[np.float64]], steps: int) -> None:
        """Take over what `state` gave; ValueError where the shapes are not this network's."""
        for name, own in self.state().items():
            if state[name].shape != own.shape:
                raise ValueError(f"{name} has the shape {state[name].shape}, not {own.shape}")
            own[:] = state[name]
        self.steps = steps

    def _blocks(self) -> list[Array]:
        """The weights as matrices: views of theta."""
        blocks, start = [], 0
        for shape in self.shapes:
            stop = start + int(np.prod(shape))
            blocks.append(self.weights[start:stop].reshape(shape))
            start = stop
        return blocks

    @staticmethod
    def _layers(rows: Array, blocks: list[Array]) -> list[Array]:
        """Rows and activations by layer, each (2, n, units)."""
        layers = [np.broadcast_to(rows, (2, *rows.shape))]
        for block in blocks[:-1]:
            layers.append(np.maximum(layers[-1] @ block.swapaxes(1, 2), 0.0))
        return layers

    def _combine(self, last: Array, output: Array) -> Array:
        towers = (last @ output[:, :, None])[..., 0]  # (2, n)
        return np.sqrt(self.width) * (towers[0] - towers[1])
