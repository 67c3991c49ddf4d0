"""HARE: attention over the pool under the uncertainty of the user, decoded into a text.

The state holds the rated history (features, rewards, queries, attention by cluster) and the
posterior computed from it. The posterior is the batch MAP over the whole history, so it does not
depend on the order of the ratings; the history of queries gives the Gram matrices of the
clusters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from hare.arms.interface import (
    Diagnostics,
    Provenance,
    Recommendation,
    Request,
    check_reward,
)
from hare.attention.cross_attention import Attended
from hare.errors import InputError, ModelFilesError, StateError
from hare.synthesis.generator import Conditioner, request_prompt
from hare.synthesis.resources import Resources
from hare.user_state.state import Array, UserState

VERSION = "1"
KIND = "ordinal"


class HareArm:
    """The system that learns from the participant."""

    adaptive = True

    def __init__(self, resources: Resources, name: str = "hare") -> None:
        if resources.trained.model.conditioner is None:
            raise ModelFilesError(
                f"the model {resources.settings.model!r} has no conditioner, which the arm "
                f"{name!r} needs: train one with `python -m hare train --base "
                f"{resources.settings.model} --out DIR` and name DIR as the model"
            )
        self.name = name
        self._resources = resources
        self._conditioner: Conditioner = resources.trained.model.conditioner
        sizes = self._conditioner.attention.settings
        self._heads, self._key_size = sizes.heads, sizes.key_size
        self._user_size = sizes.user_size
        self._clusters = int(resources.trained.pool.clusters.max()) + 1
        self._pool = torch.tensor(resources.trained.pool.embeddings, dtype=torch.float32)
        self._cluster_of = torch.tensor(resources.trained.pool.clusters)

    def initial_state(self) -> UserState:
        """The standard normal prior and an empty history."""
        return UserState(
            KIND,
            0,
            {
                "features": np.zeros((0, self._user_size + 1)),
                "rewards": np.zeros(0),
                "queries": np.zeros((0, self._heads * self._key_size)),
                "credit": np.zeros((0, self._heads * self._clusters)),
                "mean": np.zeros(self._user_size),
                "covariance": np.eye(self._user_size),
            },
        )

    def recommend(self, requests: Sequence[Request]) -> list[Recommendation]:
        attended = [self._attend(request) for request in requests]
        soft = self._soft_tokens(requests, attended)
        prompts = [request_prompt(r.query) for r in requests]
        written = self._resources.write(prompts, [r.seed for r in requests], soft)
        trained = self._resources.trained
        return [
            Recommendation(
                text=text.text,
                features={
                    "text": self._resources.features(text.text),
                    "query": _flat(seen.query[0]),
                    "credit": _flat(seen.cluster_weights[0]),
                },
                diagnostics=self._diagnostics(request.state, seen),
                provenance=Provenance(
                    arm=self.name,
                    version=VERSION,
                    model=trained.fingerprint,
                    prompt=prompt,
                    seed=request.seed,
                    decoding={**self._resources.decoding_record(), "alpha": self._resources.alpha},
                    tokens=text.tokens,
                    latency_s=text.latency_s,
                    notes=text.notes,
                ),
            )
            for request, seen, text, prompt in zip(
                requests, attended, written, prompts, strict=True
            )
        ]

    def learn(self, state: UserState, recommendation: Recommendation, reward: float) -> UserState:
        """Add the rating to the history and compute the posterior anew.

        A text of another arm has no query of ours: it teaches about the user, not about clusters.
        """
        old = self._read(state)
        own = recommendation.features
        if "text" not in own or own["text"].shape != (self._user_size + 1,):
            raise InputError(f"features['text']: must have shape ({self._user_size + 1},)")
        query = own.get("query", np.zeros(self._heads * self._key_size))
        credit = own.get("credit", np.zeros(self._heads * self._clusters))
        features = np.vstack([old["features"], own["text"]])
        rewards = np.append(old["rewards"], check_reward(reward))
        mean, covariance = self._resources.trained.rating_model.posterior(features, rewards)
        return UserState(
            KIND,
            state.rounds + 1,
            {
                "features": features,
                "rewards": rewards,
                "queries": np.vstack([old["queries"], query]),
                "credit": np.vstack([old["credit"], credit]),
                "mean": mean,
                "covariance": covariance,
            },
        )

    def soft_tokens(self, requests: Sequence[Request]) -> torch.Tensor:
        """(B, k, width) soft tokens that condition the language model for these requests."""
        return self._soft_tokens(requests, [self._attend(request) for request in requests])

    def _soft_tokens(
        self, requests: Sequence[Request], attended: Sequence[Attended]
    ) -> torch.Tensor:
        means = _tensor(np.stack([self._read(r.state)["mean"] for r in requests]))
        with torch.inference_mode():
            condition = self._conditioner.condition(torch.cat([a.z for a in attended]), means)
            return self._conditioner.soft_tokens(condition)

    def _attend(self, request: Request) -> Attended:
        arrays = self._read(request.state)
        rounds = len(arrays["queries"])
        history = (
            _tensor(arrays["queries"]).view(1, rounds, self._heads, self._key_size),
            _tensor(arrays["credit"]).view(1, rounds, self._heads, self._clusters),
        )
        with torch.inference_mode():
            return self._conditioner.attention(
                _tensor(self._resources.embed(request.query))[None],
                _tensor(arrays["mean"])[None],
                _tensor(arrays["covariance"])[None],
                self._pool,
                self._cluster_of,
                alpha=self._resources.alpha,
                history=history,
            )

    def _diagnostics(self, state: UserState, seen: Attended) -> Diagnostics:
        entropy, expected = float(seen.entropy[0]), float(seen.expected_entropy[0])
        weights = seen.cluster_weights[0].mean(0).double()
        return Diagnostics(
            entropy=entropy,
            expected_entropy=expected,
            mutual_information=max(0.0, entropy - expected),
            uncertainty=float(np.trace(state.arrays["covariance"]) / self._user_size),
            cluster_weights=tuple((weights / weights.sum()).tolist()),
        )

    def _read(self, state: UserState) -> dict[str, Array]:
        if state.kind != KIND:
            raise StateError(f"the arm {self.name!r} reads {KIND!r} states, not {state.kind!r}")
        arrays = dict(state.arrays)
        own = self.initial_state().arrays
        if {n: a.shape[1:] for n, a in arrays.items()} != {n: a.shape[1:] for n, a in own.items()}:
            raise StateError(
                f"the state was made with another model: the arm {self.name!r} has users of size "
                f"{self._user_size} and {self._clusters} clusters"
            )
        return arrays


def _tensor(array: np.ndarray) -> torch.Tensor:
    return torch.tensor(array, dtype=torch.float32)


def _flat(tensor: torch.Tensor) -> Array:
    return tensor.flatten().double().numpy()
