"""The one interface that every system under study implements.

An arm is stateless: what it knows of a participant is passed in and handed back. The study, the
simulations and the experiments see nothing else of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from hare.user_state.state import Array, UserState


@dataclass(frozen=True, slots=True)
class Request:
    """One participant's request in one round.

    query   what the participant asks for
    state   what this arm knows of the participant
    seed    source of every random draw for this request, 0 <= seed < 2**63
    """

    query: str
    state: UserState
    seed: int


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """What the arm can say about how it chose. None where the notion does not apply.

    entropy             H(A) of the attention over the pool, in nats
    expected_entropy    E_u[H(A_u)], in nats
    mutual_information  entropy - expected_entropy, in nats, >= 0
    uncertainty         trace of the posterior covariance over the prior's, 1 at the start, > 0
    propensity          probability of the shown item, for arms that select by chance
    cluster_weights     attention by cluster of the pool, sums to 1
    """

    entropy: float | None = None
    expected_entropy: float | None = None
    mutual_information: float | None = None
    uncertainty: float | None = None
    propensity: float | None = None
    cluster_weights: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a text comes from: enough to write it again and to say what wrote it.

    arm, version     the system and its version
    model            fingerprint of the model's files ("" for an arm without a model)
    prompt           the text that the language model was given
    seed             the request's seed
    decoding         the decoding settings
    tokens           number of tokens written
    latency_s        seconds from request to text
    notes            remarks of the arm, e.g. that no draft was well formed
    """

    arm: str
    version: str
    model: str
    prompt: str
    seed: int
    decoding: Mapping[str, Any] = field(default_factory=dict)
    tokens: int = 0
    latency_s: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Recommendation:
    """A text for a participant, with what is needed to learn from its rating.

    features   float64 arrays by name. "text" is the feature vector of the text itself, the same map
               for every arm of a study, so that an arm can learn from another's text too.
    """

    text: str
    features: Mapping[str, Array]
    diagnostics: Diagnostics
    provenance: Provenance

    def features_to_bytes(self) -> bytes:
        """The features as bytes, for storage; `features_from_bytes` gives them back exactly."""
        return UserState("features", 0, self.features).to_bytes()

    def to_json(self) -> dict[str, Any]:
        """Everything but the features, as plain JSON values."""
        return {
            "text": self.text,
            "diagnostics": asdict(self.diagnostics),
            "provenance": asdict(self.provenance),
        }

    @classmethod
    def from_stored(cls, record: Mapping[str, Any], features: bytes) -> Recommendation:
        """Rebuild a recommendation from `to_json` and `features_to_bytes`."""
        diagnostics = dict(record["diagnostics"])
        diagnostics["cluster_weights"] = tuple(diagnostics.get("cluster_weights", ()))
        provenance = dict(record["provenance"])
        provenance["notes"] = tuple(provenance.get("notes", ()))
        return cls(
            text=record["text"],
            features=UserState.from_bytes(features).arrays,
            diagnostics=Diagnostics(**diagnostics),
            provenance=Provenance(**provenance),
        )


@runtime_checkable
class Arm(Protocol):
    """A system under study.

    name       its name in the registry
    adaptive   whether `recommend` depends on the state; texts of other arms can be written ahead
    """

    name: str
    adaptive: bool

    def initial_state(self) -> UserState:
        """The state of a participant of whom nothing is known."""
        ...

    def recommend(self, requests: Sequence[Request]) -> list[Recommendation]:
        """One recommendation a request, in order. Equal requests give equal texts."""
        ...

    def learn(self, state: UserState, recommendation: Recommendation, reward: float) -> UserState:
        """The state after a rating of `recommendation`; pure, takes milliseconds.

        reward: in [0, 1], 0 the worst and 1 the best point of the rating scale.
        """
        ...


def check_reward(reward: float) -> float:
    """The reward as a float, or InputError when it is not in [0, 1]."""
    from hare.errors import InputError

    value = float(reward)
    if not np.isfinite(value) or not 0.0 <= value <= 1.0:
        raise InputError(f"reward = {reward!r}: must be a number in [0, 1]")
    return value
