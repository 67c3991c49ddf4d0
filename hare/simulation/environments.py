"""Environments with known rewards and exact regret, drawn as whole streams in advance.

A stream holds who asks, what they ask, the pool, and the reward (expected and noise) of every item
in every round, so that policies are compared on common random numbers. What a policy may see is
`users[t]` and `contexts(t)`; everything else is for keeping score. Equal seeds give equal streams,
and environments of one seed share pool, requests, users and noise.

With x the request, v the item, u the state of the user who asks (all but g, the spread's scale,
drawn by the seed; the parts a, Q, B, C have unit spread over the pool before they are weighted):

    linear            w'v + h'x + c                                      the same for all users
    bilinear          w'v + u'Bv + h'x + c
    nonlinear_shared  tanh g[ v'Qx ]                                     the same for all users
    nonlinear         tanh g[ v'Qx + u'Bv + 0.7 (u'Cx)(a'v) ]
    drifting          nonlinear, every user's u an AR(1) with ρ = 0.999 a round
    cold_start        nonlinear, every user arrives, asks ten times and leaves
    piecewise         b_kl + w_kl'v + h_kl'x, k the region of x, l that of v; no users

Within a round the scores' standard deviation over the pool is, in the root mean square over rounds,
`spread`: chosen so that the best item's advantage over the average is about 0.6 in each of them.
Rewards lie in about [-1, 1]; their noise is normal. Measured, mean over 30 seeds of 1,000 rounds:

                      advantage over the pool's average of         standard deviation of expected
                      best item   best fixed item   best vector    rewards in a round   in all
    linear                 0.60              0.60          0.93                  0.31     0.33
    bilinear               0.58              0.41          0.92                  0.30     0.33
    nonlinear_shared       0.62              0.02          0.81                  0.35     0.37
    nonlinear              0.61              0.19          0.81                  0.34     0.37
    drifting               0.61              0.13          0.80                  0.34     0.37
    cold_start             0.61              0.18          0.81                  0.34     0.37
    piecewise              0.58              0.30          0.92                  0.30     0.35

Matrices are drawn without structure, so an item similar to the request is not for that reason good.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hare.errors import InputError, SettingsError
from hare.simulation.populations import ArchetypePopulation, draw_users, drift
from hare.simulation.surfaces import Surface

Array = NDArray[np.float64]

DIMENSION = 8  # of requests and of items
DOMAINS = 8  # centres of the pool's mixture
DOMAIN_SPREAD = 0.2  # standard deviation around a centre in each coordinate, before normalising
REQUEST_REGIONS, ITEM_REGIONS = 3, 4  # of the piecewise environment

# One generator for each thing drawn: a change of one leaves the others as they were.
_POOL, _REQUESTS, _USERS, _ASKERS, _WEIGHTS, _NOISE, _DRIFT = range(1, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What an environment is made of. Weights multiply parts of unit spread over the pool."""

    item: float = 0.0  # w'v
    request: float = 0.0  # v'Qx
    user: float = 0.0  # u'Bv
    user_request: float = 0.0  # (u'Cx)(a'v)
    piecewise: bool = False  # regions, in place of the four parts above
    offset: float = 0.0  # standard deviation of h'x and of c, which no choice can change
    saturating: bool = False  # tanh around the score
    spread: float = 0.31  # of the score over the pool, before the tanh
    noise: float = 0.2  # standard deviation of one reward
    users: int = 20  # who ask in random order; 0 where they come one after the other
    visits: int = 0  # rounds that a user asks for before leaving, where they do
    persistence: float = 1.0  # AR(1) coefficient of the users' states, a round
    population: ArchetypePopulation = field(default_factory=ArchetypePopulation)


_NONLINEAR = {"request": 1.0, "user": 1.0, "user_request": 0.7, "saturating": True, "spread": 0.41}

ENVIRONMENTS: dict[str, Environment] = {
    "linear": Environment(item=1.0, offset=0.1),
    "bilinear": Environment(item=0.7, user=1.0, offset=0.1),
    "nonlinear_shared": Environment(request=1.0, saturating=True, spread=0.41),
    "nonlinear": Environment(**_NONLINEAR),
    "drifting": Environment(**_NONLINEAR, persistence=0.999),
    "cold_start": Environment(**_NONLINEAR, users=0, visits=10),
    "piecewise": Environment(piecewise=True),
}


@dataclass(frozen=True, eq=False)
class Stream:
    """T rounds of one environment. All arrays are read-only.

    name              the environment's name
    users             (T,) who asks, in 0..M-1
    requests          (T, dx) unit norm
    items             (N, dv) the pool, unit norm; every item is available in each round
    domains           (N,) the centre that each item was drawn around
    states            (T, p) the hidden state of the user who asks: no policy may see it
    expected          (T, N) exact expected rewards
    noise             (T, N) what is added to them
    surface           expected reward of any vector in the items' space
    best_vector_value (T,) highest expected reward over the unit ball (see `surfaces`)
    """

    name: str
    users: NDArray[np.intp]
    requests: Array
    items: Array
    domains: NDArray[np.intp]
    states: Array
    expected: Array
    noise: Array
    surface: Surface
    best_vector_value: Array
    vector_optimum_exact: bool = True

    def __len__(self) -> int:
        return len(self.users)

    def contexts(self, t: int) -> Array:
        """(N, dx + dv + 1) what every policy may see: [request, item, 1] / √3, of norm 1."""
        request = np.broadcast_to(self.requests[t], (len(self.items), self.requests.shape[1]))
        ones = np.ones((len(self.items), 1))
        return np.hstack([request, self.items, ones]) / np.sqrt(3.0)

    def reward(self, t: int, item: int) -> float:
        """The noisy reward of this item in round t: the same whoever asks for it, and when."""
        return float(self.expected[t, item] + self.noise[t, item])

    def regret(self, t: int, item: int) -> float:
        """Exact: best item's expected reward in round t less this item's; never negative."""
        return float(self.expected[t].max() - self.expected[t, item])

    def value(self, t: int, vectors: Array) -> Array:
        """(n,) expected rewards in round t of synthesised vectors (n, dv)."""
        return self.surface.value(t, vectors)

    def vector_regret(self, t: int, vector: Array) -> float:
        """Best over the unit ball less this vector's expected reward. `vector` (dv,), norm <= 1."""
        norm = float(np.linalg.norm(vector))
        if not norm <= 1 + 1e-9:
            raise InputError(f"vector has norm {norm}: must be at most 1")
        return float(self.best_vector_value[t] - self.value(t, np.asarray(vector)[None])[0])


def draw_stream(
    name: str, seed: int, rounds: int = 1000, users: int | None = None, items: int = 40
) -> Stream:
    """Draw a whole stream. `users` defaults to 20, in cold_start to one for every ten rounds.

    >>> stream = draw_stream("nonlinear", seed=1, rounds=50)
    >>> stream.contexts(0).shape, stream.regret(0, int(stream.expected[0].argmax()))
    ((40, 17), 0.0)
    """
    if name not in ENVIRONMENTS:
        raise SettingsError("name", name, f"must be one of {', '.join(ENVIRONMENTS)}")
    environment = ENVIRONMENTS[name]
    if users is None:
        users = -(-rounds // environment.visits) if environment.visits else environment.users
    for label, number, least in (
        ("seed", seed, 0), ("rounds", rounds, 1), ("users", users, 1), ("items", items, 2)
    ):  # fmt: skip
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < least:
            raise SettingsError(label, number, f"must be an integer of at least {least}")
    pool, domains = _pool(items, np.random.default_rng([seed, _POOL]))
    requests = _unit(np.random.default_rng([seed, _REQUESTS]).normal(size=(rounds, DIMENSION)))
    askers = _askers(environment, rounds, users, np.random.default_rng([seed, _ASKERS]))
    states = _states(environment, askers, users, seed)
    weights = np.random.default_rng([seed, _WEIGHTS])
    draw = _piecewise if environment.piecewise else _smooth
    surface = draw(environment, pool, requests, states, weights)
    expected = surface.expected(pool)
    noise = np.random.default_rng([seed, _NOISE]).normal(0.0, environment.noise, expected.shape)
    best = surface.best()
    kept = (askers, requests, pool, domains, states, expected, noise, best)
    for array in (*kept, surface.offsets, surface.coefficients, surface.anchors):
        array.flags.writeable = False
    return Stream(name, askers, requests, pool, domains, states, expected, noise, surface, best)


def _smooth(
    environment: Environment, pool: Array, requests: Array, states: Array, rng: np.random.Generator
) -> Surface:
    """One linear form of the item a round, made of the request and of who asks."""
    T, p = states.shape
    d = DIMENSION
    w, a, h, c = rng.normal(size=d), rng.normal(size=d), rng.normal(size=d), rng.normal()
    Q, B, C = rng.normal(size=(d, d)), rng.normal(size=(p, d)), rng.normal(size=(p, d))
    parts = [
        (environment.item, np.tile(w, (T, 1))),
        (environment.request, requests @ Q.T),
        (environment.user, states @ B),
        (environment.user_request, np.einsum("tp,pd,td->t", states, C, requests)[:, None] * a),
    ]
    forms = np.zeros((T, d))
    for weight, form in parts:
        if weight:
            forms += weight * form / _spread(form @ pool.T)
    forms *= environment.spread / _spread(forms @ pool.T)
    # h'x has variance |h|²/d over the sphere, so |h| = √d · offset.
    constant = environment.offset * (requests @ (h / np.linalg.norm(h)) * np.sqrt(d) + c)
    return Surface(constant[:, None], forms[:, None, :], np.zeros((1, d)), environment.saturating)


def _piecewise(
    environment: Environment, pool: Array, requests: Array, states: Array, rng: np.random.Generator
) -> Surface:
    """Another linear function in each pair of a request region and an item region."""
    d, regions = DIMENSION, (REQUEST_REGIONS, ITEM_REGIONS)
    request_anchors = _unit(rng.normal(size=(regions[0], d)))
    anchors = _unit(rng.normal(size=(regions[1], d)))
    item_forms, request_forms = rng.normal(size=(2, *regions, d))
    region = (requests @ request_anchors.T).argmax(axis=1)  # (T,)
    base = rng.normal(size=regions) / np.sqrt(d)
    offsets = base[region] + np.einsum("tjd,td->tj", request_forms[region], requests)
    surface = Surface(offsets, item_forms[region], anchors, environment.saturating)
    scale = environment.spread / _spread(surface.expected(pool))
    return Surface(scale * offsets, scale * item_forms[region], anchors, environment.saturating)


def _spread(scores: Array) -> float:
    """Standard deviation over the pool, root mean square over rounds. `scores` (T, N)."""
    return float(np.sqrt(scores.var(axis=1).mean()))


def _pool(items: int, rng: np.random.Generator) -> tuple[Array, NDArray[np.intp]]:
    centres = _unit(rng.normal(size=(DOMAINS, DIMENSION)))
    domains = np.arange(items) % DOMAINS
    return _unit(centres[domains] + rng.normal(0.0, DOMAIN_SPREAD, (items, DIMENSION))), domains


def _askers(
    environment: Environment, rounds: int, users: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    if environment.visits:
        return np.arange(rounds) * users // rounds
    return rng.integers(users, size=rounds)


def _states(environment: Environment, askers: NDArray[np.intp], users: int, seed: int) -> Array:
    """(T, p) the state of whoever asks, at that time."""
    population = environment.population
    states = draw_users(population, users, np.random.default_rng([seed, _USERS])).states
    if environment.persistence == 1.0:
        return states[askers]
    rng = np.random.default_rng([seed, _DRIFT])
    paths = drift(states, len(askers), environment.persistence, population.scale, rng)
    return paths[np.arange(len(askers)), askers]


def _unit(vectors: Array) -> Array:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
