"""The policies of every table: how each is built, told who asks, and tuned.

All see the same contexts. Tunable policies choose among `GRID_SIZE` settings each; random and RAG
have nothing to tune. On pair contexts (request, item, 1):

    linucb           one ridge regression over the pair: few coefficients, every item is evidence
                     about all others; the strong form where the truth is linear
    linucb_disjoint  one regression an item: slower, but it can learn any interaction of a request
                     with an item, so it is the stronger form of the two where the truth has one
    linucb_crossed   `linucb` told the products request x item; not in the literature's tables, but
                     what a reader asks for next
    hybrid_linucb    as in Li et al. (2010), section 4.1: shared coefficients of request x item,
                     and an item's own of the request
    rag              the item most alike the request (cosine); never learns

Told who asks: `hare`, and as harder peers `linucb_per_user` (a regression a user) and
`neural_ucb_users` (the user as a one-hot among the inputs). Where all arms share one context
(classification data) LinUCB, LinTS and greedy are the disjoint forms, and policies that need
vectors of items, or users, do not apply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hare.bandits import (
    AttentiveBandit,
    Greedy,
    HybridLinUCB,
    LinTS,
    LinUCB,
    NeuralTS,
    NeuralUCB,
    PerUser,
    RandomBandit,
)
from hare.errors import SettingsError
from hare.simulation.classification import ClassificationStream
from hare.simulation.environments import DIMENSION, Stream

Array = NDArray[np.float64]
Settings = Mapping[str, Any]
AnyStream = Stream | ClassificationStream

GRID_SIZE = 6  # settings tried for each tunable policy
REQUEST = slice(0, DIMENSION)  # columns of a pair context
ITEM = slice(DIMENSION, 2 * DIMENSION)
HARE_ON_DATA: Settings = {"user_state": False, "update_every": 10}  # one user; many coefficients
HARE_FIXED: Settings = {"items": ITEM, "clusters": 8}  # the pool's size is known: √40 and a little


class Player(Protocol):
    """What plays a stream: decides on a round, then learns that round's reward."""

    def decide(self, context: Array, user: int) -> int: ...

    def learn(self, context: Array, user: int, decision: int, reward: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Shape:
    """What a policy knows of a stream in advance."""

    arms: int
    users: int
    pairs: bool  # a context for every arm, [request, item, 1]; else one for all arms

    @classmethod
    def of(cls, stream: AnyStream) -> Shape:
        users = int(stream.users.max()) + 1
        return cls(stream.expected.shape[1], users, isinstance(stream, Stream))


@dataclass(frozen=True, slots=True)
class Policy:
    """A name in the tables.

    build       settings, shape of the stream, generator -> player
    grid        the settings that tuning chooses among
    needs       "pairs" and "users": where it applies
    """

    label: str
    build: Callable[[Settings, Shape, np.random.Generator], Player]
    grid: tuple[Settings, ...] = ({},)
    uses_users: bool = False
    needs: frozenset[str] = field(default=frozenset())

    def applies(self, shape: Shape) -> bool:
        return (shape.pairs or "pairs" not in self.needs) and (
            shape.users > 1 or "users" not in self.needs
        )


@dataclass(slots=True)
class BanditPlayer:
    """A bandit, one round at a time. `see` turns what is shown into what the bandit is given."""

    bandit: Any
    told_users: bool = False
    see: Callable[[Array, int], Array] = lambda context, user: context

    def decide(self, context: Array, user: int) -> int:
        return int(self.bandit.predict(self.see(context, user)[None], *self._who(user))[0])

    def learn(self, context: Array, user: int, decision: int, reward: float) -> None:
        seen = self.see(context, user)[None]
        self.bandit.partial_fit(seen, [decision], [reward], *self._who(user))

    def _who(self, user: int) -> list[list[int]]:
        return [[user]] if self.told_users else []


class CosinePlayer:
    """Retrieval as in RAG: the item whose direction is nearest to the request's."""

    def decide(self, context: Array, user: int) -> int:
        request, items = context[0, REQUEST], context[:, ITEM]
        return int(((items @ request) / np.linalg.norm(items, axis=1)).argmax())

    def learn(self, context: Array, user: int, decision: int, reward: float) -> None:
        """Nothing: that is the point."""


def attentive(settings: Settings, shape: Shape, random_state: Any) -> AttentiveBandit:
    """HARE with these settings over what every experiment gives it."""
    own = HARE_FIXED if shape.pairs else {"n_arms": shape.arms, **HARE_ON_DATA}
    return AttentiveBandit(**{**own, **settings}, random_state=random_state)


def _hare(**fixed: Any) -> Callable[[Settings, Shape, np.random.Generator], Player]:
    def build(settings: Settings, shape: Shape, rng: np.random.Generator) -> Player:
        bandit = attentive({**settings, **fixed}, shape, rng)
        return BanditPlayer(bandit, told_users=True, see=without_constant)

    return build


def without_constant(context: Array, user: int) -> Array:
    """HARE adds its own."""
    return context[:, : ITEM.stop] if context.ndim == 2 else context


def _linear(kind: type, parameters: str | None = None) -> Callable[..., Player]:
    """`parameters` None: shared over pairs, disjoint where arms share a context."""

    def build(settings: Settings, shape: Shape, rng: np.random.Generator) -> Player:
        form = parameters or ("shared" if shape.pairs else "disjoint")
        arms = None if form == "shared" else shape.arms
        bandit = kind(
            n_arms=arms, parameters=form, centre_rewards=True, random_state=rng, **settings
        )
        return BanditPlayer(bandit)

    return build


def _crossed(settings: Settings, shape: Shape, rng: np.random.Generator) -> Player:
    bandit = LinUCB(parameters="shared", centre_rewards=True, random_state=rng, **settings)
    return BanditPlayer(bandit, see=_with_products)


def _hybrid(settings: Settings, shape: Shape, rng: np.random.Generator) -> Player:
    features: dict[str, Any] = {}
    if shape.pairs:  # columns of `_with_products`
        size = 2 * DIMENSION + 1
        features["shared_features"] = list(range(size + DIMENSION**2))
        features["arm_features"] = [*range(DIMENSION), size - 1]
    bandit = HybridLinUCB(
        n_arms=shape.arms, centre_rewards=True, random_state=rng, **features, **settings
    )
    return BanditPlayer(bandit, see=_with_products) if shape.pairs else BanditPlayer(bandit)


def _per_user(settings: Settings, shape: Shape, rng: np.random.Generator) -> Player:
    bandit = LinUCB(parameters="shared", centre_rewards=True, random_state=rng, **settings)
    return BanditPlayer(PerUser(bandit), told_users=True)


def _neural(
    kind: type[NeuralUCB] | type[NeuralTS], with_users: bool = False
) -> Callable[[Settings, Shape, np.random.Generator], Player]:
    def build(settings: Settings, shape: Shape, rng: np.random.Generator) -> Player:
        arms = None if shape.pairs else shape.arms
        bandit = kind(n_arms=arms, random_state=rng, **settings)
        if not with_users:
            return BanditPlayer(bandit)
        one_hot = np.eye(shape.users) / np.sqrt(3.0)  # as long as the request's part and the item's

        def see(context: Array, user: int) -> Array:
            return np.hstack([context, np.tile(one_hot[user], (len(context), 1))])

        return BanditPlayer(bandit, see=see)

    return build


def _with_products(context: Array, user: int) -> Array:
    """The pair, and all products of a request's entry and an item's, of norm 1/√3 as its parts."""
    products = context[:, REQUEST, None] * context[:, None, ITEM] * np.sqrt(3.0)
    return np.hstack([context, products.reshape(len(context), -1)])


def _grid(**values: Iterable[Any]) -> tuple[Settings, ...]:
    return tuple(dict(zip(values, row, strict=True)) for row in product(*values.values()))


_PAIRS = frozenset({"pairs"})
_USERS = frozenset({"pairs", "users"})
_HARE_GRID = _grid(alpha=(1.0, 2.0, 3.0), temperature=(0.03, 0.1))
_LINUCB_GRID = _grid(alpha=(0.03, 0.1, 0.3), ridge=(0.1, 1.0))
_WIDER_GRID = _grid(alpha=(0.1, 0.3, 1.0), ridge=(0.1, 1.0))  # few coefficients: wider pays
_NEURAL_UCB_GRID = _grid(alpha=(0.01, 0.03, 0.1), learning_rate=(3e-3, 1e-2))

POLICIES: dict[str, Policy] = {
    "hare": Policy("HARE", _hare(), _HARE_GRID, uses_users=True),
    "hare_no_user": Policy(
        "HARE without user state",
        _hare(user_state=False),
        _HARE_GRID,
        uses_users=True,
        needs=_USERS,
    ),
    "attention_only": Policy(
        "attention only (α = 0)",
        _hare(alpha=0.0),
        _grid(temperature=(0.03, 0.1), prior_sd=(0.25, 0.5, 1.0)),
        uses_users=True,
    ),
    "linucb": Policy("LinUCB", _linear(LinUCB), _WIDER_GRID),
    "linucb_disjoint": Policy(
        "LinUCB, disjoint", _linear(LinUCB, "disjoint"), _LINUCB_GRID, needs=_PAIRS
    ),
    "linucb_crossed": Policy("LinUCB, crossed", _crossed, _LINUCB_GRID, needs=_PAIRS),
    "linucb_per_user": Policy(
        "LinUCB, per user", _per_user, _LINUCB_GRID, uses_users=True, needs=_USERS
    ),
    "hybrid_linucb": Policy("hybrid LinUCB", _hybrid, _LINUCB_GRID),
    "lin_ts": Policy("LinTS", _linear(LinTS), _grid(scale=(0.03, 0.1, 0.3), ridge=(0.1, 1.0))),
    "neural_ucb": Policy("NeuralUCB", _neural(NeuralUCB), _NEURAL_UCB_GRID),
    "neural_ucb_users": Policy(
        "NeuralUCB, users",
        _neural(NeuralUCB, with_users=True),
        _NEURAL_UCB_GRID,
        uses_users=True,
        needs=_USERS,
    ),
    "neural_ts": Policy(
        "NeuralTS",
        _neural(NeuralTS),
        _grid(scale=(0.01, 0.03, 0.1), learning_rate=(3e-3, 1e-2)),
    ),
    "greedy": Policy("greedy", _linear(Greedy), _grid(ridge=(0.01, 0.03, 0.1, 0.3, 1.0, 3.0))),
    "random": Policy("random", lambda settings, shape, rng: BanditPlayer(_random(shape, rng))),
    "rag": Policy("RAG (cosine)", lambda settings, shape, rng: CosinePlayer(), needs=_PAIRS),
}


def policy_named(name: str) -> Policy:
    """The policy; SettingsError for a name that is none."""
    if name not in POLICIES:
        raise SettingsError("policies", name, f"must be among {', '.join(POLICIES)}")
    return POLICIES[name]


def _random(shape: Shape, rng: np.random.Generator) -> RandomBandit:
    return RandomBandit(n_arms=shape.arms, random_state=rng)
