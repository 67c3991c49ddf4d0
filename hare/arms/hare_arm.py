"""HARE: attention over the pool under the uncertainty of the user, decoded into a text.

The state holds the rated history (features, rewards, queries, attention by cluster) and mean and
covariance of the posterior computed from it: a mixture over archetypes of users, each updated by
the whole history at once, so that it does not depend on the order of the ratings. The history of
queries gives the Gram matrices of the clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

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
from hare.attention.exploration import Exploration, Mode
from hare.errors import InputError, ModelFilesError, StateError
from hare.synthesis.generator import Conditioner, request_prompt
from hare.synthesis.resources import Resources
from hare.user_state.state import Array, UserState

VERSION = "2"
KIND = "mixture"


class HareArm:
    """The system that learns from the participant.

    learns   false for the ablation without a user: everyone is served as on their first round
    doubts   false for the ablation that takes the mean of the posterior for the truth and does not
             explore: P = 0 and alpha = 0
    """

    def __init__(
        self, resources: Resources, name: str = "hare", learns: bool = True, doubts: bool = True
    ) -> None:
        if resources.trained.model.conditioner is None:
            raise ModelFilesError(
                f"the model {resources.settings.model!r} has no conditioner, which the arm "
                f"{name!r} needs: train one with `python -m hare train --base "
                f"{resources.settings.model} --out DIR` and name DIR as the model"
            )
        self.name = name
        self.adaptive = learns
        self._doubts = doubts
        self._exploration = Exploration(cast(Mode, resources.settings.exploration))
        self._resources = resources
        self._conditioner: Conditioner = resources.trained.model.conditioner
        sizes = self._conditioner.attention.settings
        self._heads, self._key_size = sizes.heads, sizes.key_size
        self._user_size = sizes.user_size
        self._prior_variance = float(np.trace(resources.trained.prior.covariance))
        self._clusters = int(resources.trained.pool.clusters.max()) + 1
        self._pool = torch.tensor(resources.trained.pool.embeddings, dtype=torch.float32)
        self._cluster_of = torch.tensor(resources.trained.pool.clusters)

    def initial_state(self) -> UserState:
        """The prior over the archetypes and an empty history."""
        prior = self._resources.trained.prior
        return UserState(
            KIND,
            0,
            {
                "features": np.zeros((0, self._user_size + 1)),
                "rewards": np.zeros(0),
                "queries": np.zeros((0, self._heads * self._key_size)),
                "credit": np.zeros((0, self._heads * self._clusters)),
                "mean": prior.mean,
                "covariance": prior.covariance,
            },
        )

    def recommend(self, requests: Sequence[Request]) -> list[Recommendation]:
        if not requests:
            return []
        attended = [self.attend(request) for request in requests]
        soft = self._soft_tokens(requests, attended)
        prompts = [request_prompt(r.query) for r in requests]
        written = self._resources.write(prompts, [r.seed for r in requests], soft)
        trained = self._resources.trained
        return [
            Recommendation(
                text=text.text,
                features={"text": self._resources.features(text.text), **self.traces(seen)},
                diagnostics=self.diagnostics(request.state, seen),
                provenance=Provenance(
                    arm=self.name,
                    version=VERSION,
                    model=trained.fingerprint,
                    prompt=prompt,
                    seed=request.seed,
                    decoding={
                        **self._resources.decoding_record(),
                        "alpha": self._alpha,
                        "exploration": self._exploration.mode,
                    },
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
        if not self.adaptive:
            return state
        old = self._read(state)
        own = recommendation.features
        if "text" not in own or own["text"].shape != (self._user_size + 1,):
            raise InputError(f"features['text']: must have shape ({self._user_size + 1},)")
        query = own.get("query", np.zeros(self._heads * self._key_size))
        credit = own.get("credit", np.zeros(self._heads * self._clusters))
        features = np.vstack([old["features"], own["text"]])
        rewards = np.append(old["rewards"], check_reward(reward))
        belief = self._resources.trained.prior.learn(features, rewards)
        return UserState(
            KIND,
            state.rounds + 1,
            {
                "features": features,
                "rewards": rewards,
                "queries": np.vstack([old["queries"], query]),
                "credit": np.vstack([old["credit"], credit]),
                "mean": belief.mean,
                "covariance": belief.covariance,
            },
        )

    def soft_tokens(self, requests: Sequence[Request]) -> torch.Tensor:
        """(B, k, width) soft tokens that condition the language model for these requests."""
        return self._soft_tokens(requests, [self.attend(request) for request in requests])

    def _soft_tokens(
        self, requests: Sequence[Request], attended: Sequence[Attended]
    ) -> torch.Tensor:
        means = _tensor(np.stack([self._read(r.state)["mean"] for r in requests]))
        with torch.inference_mode():
            condition = self._conditioner.condition(torch.cat([a.z for a in attended]), means)
            return self._conditioner.soft_tokens(condition)

    @property
    def _alpha(self) -> float:
        return self._resources.alpha if self._doubts else 0.0

    def attend(self, request: Request) -> Attended:
        """The attention over the pool for one request, a batch of one."""
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
                _tensor(arrays["covariance"] * self._doubts)[None],
                self._pool,
                self._cluster_of,
                alpha=self._alpha,
                history=history,
                exploration=self._exploration,
                generator=torch.Generator().manual_seed(request.seed),
            )

    def traces(self, seen: Attended) -> dict[str, Array]:
        """What `learn` keeps of the attention: the query and the weight of each cluster."""
        return {"query": _flat(seen.query[0]), "credit": _flat(seen.cluster_weights[0])}

    def diagnostics(self, state: UserState, seen: Attended) -> Diagnostics:
        """What the attention says of how the text came about."""
        entropy, expected = float(seen.entropy[0]), float(seen.expected_entropy[0])
        weights = seen.cluster_weights[0].mean(0).double()
        return Diagnostics(
            entropy=entropy,
            expected_entropy=expected,
            mutual_information=max(0.0, entropy - expected),
            uncertainty=float(np.trace(state.arrays["covariance"]) / self._prior_variance),
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
