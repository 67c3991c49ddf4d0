"""The arms that select: an existing skill of the pool, in the same presentation as written texts.

best_existing   the skill that HARE's own attention dwells on most, for this request and user: the
                same knowledge and the same learning as HARE, without synthesis
linucb          LinUCB with one ridge regression a participant (Li et al. 2010), over the skills
                nearest to the request
random          one of these, by chance
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hare.arms.hare_arm import HareArm
from hare.arms.interface import Diagnostics, Provenance, Recommendation, Request, check_reward
from hare.data.skills import format_skill
from hare.errors import InputError, StateError
from hare.synthesis.resources import Resources
from hare.user_state.state import Array, UserState

VERSION = "1"
CANDIDATES = 40  # skills nearest to the request, among which linucb and random choose


class BestExistingArm:
    """Shows the skill with the most attention: that of the heads for the user's wish times that of
    the heads for the request. It learns as HARE does, from the text shown."""

    adaptive = True

    def __init__(self, resources: Resources, name: str) -> None:
        self.name = name
        self._resources = resources
        self._hare = HareArm(resources, name)

    def initial_state(self) -> UserState:
        return self._hare.initial_state()

    def recommend(self, requests: Sequence[Request]) -> list[Recommendation]:
        shown = []
        for request in requests:
            seen = self._hare.attend(request)
            by_head = np.log(seen.weights[0].double().numpy() + 1e-12)  # (H, N)
            half = len(by_head) // 2
            item = int((by_head[:half].mean(axis=0) + by_head[half:].mean(axis=0)).argmax())
            diagnostics = self._hare.diagnostics(request.state, seen)
            shown.append(
                show(
                    self._resources, self.name, request, item, diagnostics, self._hare.traces(seen)
                )
            )
        return shown

    def learn(self, state: UserState, recommendation: Recommendation, reward: float) -> UserState:
        return self._hare.learn(state, recommendation, reward)


class LinUCBArm:
    """Ridge regression of a participant's rewards on a skill's features, its nearness to the
    request and a constant; shows the candidate with the highest upper confidence bound.

    alpha   width multiplier, >= 0
    """

    adaptive = True

    def __init__(self, resources: Resources, name: str, alpha: float = 0.5) -> None:
        self.name = name
        self._alpha = alpha
        self._resources = resources
        pool = resources.trained.pool
        features = resources.trained.feature_map(pool.embeddings)
        self._features = features / np.linalg.norm(features, axis=1).mean()
        self._size = features.shape[1] + 2

    def initial_state(self) -> UserState:
        arrays = {"precision": np.eye(self._size), "moments": np.zeros(self._size)}
        return UserState("linucb", 0, arrays)

    def recommend(self, requests: Sequence[Request]) -> list[Recommendation]:
        shown = []
        for request in requests:
            arrays = self._read(request.state)
            items = self._resources.nearest(request.query, CANDIDATES)
            rows = self._rows(request.query, items)
            inverse = np.linalg.inv(arrays["precision"])
            width = np.sqrt(np.einsum("nd,de,ne->n", rows, inverse, rows))
            score = rows @ inverse @ arrays["moments"] + self._alpha * width
            best = int(score.argmax())
            row = {"row": rows[best]}
            shown.append(show(self._resources, self.name, request, items[best], traces=row))
        return shown

    def learn(self, state: UserState, recommendation: Recommendation, reward: float) -> UserState:
        """One ridge update. A text of another arm has no row of ours and teaches nothing."""
        arrays = self._read(state)
        row = recommendation.features.get("row")
        value = check_reward(reward)
        if row is None:
            return state
        if row.shape != (self._size,):
            raise InputError(f"features['row']: must have shape ({self._size},)")
        learned = {
            "precision": arrays["precision"] + np.outer(row, row),
            "moments": arrays["moments"] + value * row,
        }
        return UserState("linucb", state.rounds + 1, learned)

    def _rows(self, query: str, items: Sequence[int]) -> Array:
        near = self._resources.trained.pool.embeddings[items] @ self._resources.embed(query)
        constant = np.ones(len(items))
        rows = np.column_stack([self._features[items], near, constant])
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def _read(self, state: UserState) -> Mapping[str, Array]:
        if state.kind != "linucb" or state.arrays["moments"].shape != (self._size,):
            raise StateError(
                f"the arm {self.name!r} reads 'linucb' states of size {self._size}, not one of "
                f"kind {state.kind!r}"
            )
        return state.arrays


class RandomArm:
    """Shows one of the skills nearest to the request, each as probable as the others."""

    adaptive = False

    def __init__(self, resources: Resources, name: str) -> None:
        self.name = name
        self._resources = resources

    def initial_state(self) -> UserState:
        return UserState("empty")

    def recommend(self, requests: Sequence[Request]) -> list[Recommendation]:
        shown = []
        for request in requests:
            items = self._resources.nearest(request.query, CANDIDATES)
            item = items[int(np.random.default_rng(request.seed).integers(len(items)))]
            chance = Diagnostics(propensity=1.0 / len(items))
            shown.append(show(self._resources, self.name, request, item, chance))
        return shown

    def learn(self, state: UserState, recommendation: Recommendation, reward: float) -> UserState:
        """The same state: this arm does not learn."""
        return state


def show(
    resources: Resources,
    arm: str,
    request: Request,
    item: int,
    diagnostics: Diagnostics | None = None,
    traces: Mapping[str, Array] | None = None,
) -> Recommendation:
    """A skill of the pool as a recommendation.

    traces   features that the arm learns from, besides those of the text
    """
    text = format_skill(resources.trained.pool.skills[item])
    return Recommendation(
        text=text,
        features={"text": resources.features(text), **(traces or {})},
        diagnostics=diagnostics or Diagnostics(),
        provenance=Provenance(
            arm=arm,
            version=VERSION,
            model=resources.trained.fingerprint,
            prompt=request.query,
            seed=request.seed,
            notes=(f"skill {item} of the pool",),
        ),
    )
