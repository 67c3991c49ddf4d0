"""HARE as a bandit: attention over items whose logits know what is uncertain about the user.

Items are read through softmax attention over clusters of the pool (the keys are k-means centres,
one set a head), so that knowledge about one item serves those like it, and through linear
attention (Katharopoulos et al. 2020), which is the product of item and request itself:

    a_c(v) = softmax_c( −sharpness |v − c|² / s² ),         s² the pool's mean squared spread

A reward is linear in what was attended to, for everybody and for the user who asks,

    r = [context, 1]'θ₁ + (a(v) ⊗ [request, 1])'θ₂ + (v ⊗ request)'θ₃ + [v, 1, a(v)]'δ_u + ε,

so a cluster is credited with the square of its attention and all share one innovation
(`mixed_effects`: the posterior is exact; how much each part may say is learned from rewards). Items
are then attended to with logits μ_k / temperature of deviation U_k / temperature, explored as
`hare.attention.exploration` offers; the default averages over who the user may be and is
optimistic inside the softmax:

    Ā = E_u softmax( ℓ(u) + α (U − Ū) ),   decision argmax_k Ā_k,   synthesis z = Σ_k Ā_k v_k

No regret bound is claimed. The one that was sketched for this idea is a conjecture: it would hold
at alpha = 0 too, where nothing is explored and the regret of a greedy choice grows linearly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hare.attention.schedules import GRID, AlphaSchedule, LearnedAlpha
from hare.bandits.base import ContextualBandit, RandomState
from hare.bandits.checks import (
    Array,
    Integers,
    check_choice,
    check_contexts,
    check_count,
    check_flag,
    check_integers,
    check_real,
)
from hare.bandits.mixed_effects import MixedEffects, Predictive
from hare.bandits.pool_reading import PoolReading, item_columns
from hare.errors import InputError, SettingsError

if TYPE_CHECKING:
    from hare.attention.exploration import Mode, Weighing
    from hare.attention.schedules import Form

MODES = ("cubature", "thompson", "gumbel", "temperature", "none")
SCHEDULES = ("fixed", "linear", "inverse_sqrt", "learned")
SIMPLER = 0.15  # what the other parts may first add, against the context itself: simple first
FIRST_PRIOR, PRIOR_GROWTH = 10, 1.5  # rounds until the prior is first learned; then by this factor


@dataclass(frozen=True, slots=True, eq=False)
class ItemAttention:
    """Attention over K items in n rounds.

    weights             (n, K) Ā; rows sum to 1
    clusters            (n, H C) what of it falls on each cluster of each head; sums to 1 a row
    entropy             (n,) H(Ā) in nats; expected_entropy (n,) E[H(A_u)]; both with the bonus
    mutual_information  (n,) I(item; u) >= 0, nats
    uncertainty         (n,) trace of the user's posterior covariance over the prior's, 1 for a new
                        user
    """

    weights: Array
    clusters: Array
    entropy: Array
    expected_entropy: Array
    mutual_information: Array
    uncertainty: Array


class AttentiveBandit(ContextualBandit):
    """The bandit. Its public methods also take `users`, (n,) integers: who asks in each round
    (None: always the same person).

    n_arms        K, needed for contexts (n, d), whose items are then the arms themselves
    alpha         strength of exploration in units of U, >= 0
    exploration   cubature, thompson, gumbel, temperature or none
    temperature   of the logits, in units of reward, > 0
    heads         H, sets of clusters of their own
    clusters      C a head; None for √K, or K where the items are the arms themselves
    sharpness     of the attention to clusters, > 0
    items         columns of the contexts that describe the item (a slice, or integers); None: those
                  in which the arms differ when first seen
    crossed       attend linearly too (not where the items are the arms: clusters say it all)
    user_state    learn what each user adds; False is the ablation "HARE without user"
    schedule      of alpha over rounds: fixed, linear (to 0 at `horizon`), inverse_sqrt, learned
    update_every  rounds between two computations of the posterior of θ
    learn_prior   scales, noise and the users' covariance by empirical Bayes
    prior_sd      standard deviation that the context may first add to a reward; attention and users
                  may add less, until the rewards show more
    noise         first standard deviation of one reward around its expectation
    """

    def __init__(
        self,
        n_arms: int | None = None,
        alpha: float = 2.0,
        exploration: str = "cubature",
        temperature: float = 0.1,
        heads: int = 1,
        clusters: int | None = None,
        sharpness: float = 2.0,
        items: slice | list[int] | None = None,
        crossed: bool = True,
        user_state: bool = True,
        schedule: str = "fixed",
        horizon: int = 1000,
        update_every: int = 1,
        learn_prior: bool = True,
        prior_sd: float = 0.5,
        noise: float = 0.3,
        random_state: RandomState = None,
    ) -> None:
        self.n_arms = n_arms
        self.alpha = alpha
        self.exploration = exploration
        self.temperature = temperature
        self.heads = heads
        self.clusters = clusters
        self.sharpness = sharpness
        self.items = items
        self.crossed = crossed
        self.user_state = user_state
        self.schedule = schedule
        self.horizon = horizon
        self.update_every = update_every
        self.learn_prior = learn_prior
        self.prior_sd = prior_sd
        self.noise = noise
        self.random_state = random_state

    def fit(
        self,
        contexts: ArrayLike,
        decisions: ArrayLike,
        rewards: ArrayLike,
        users: ArrayLike | None = None,
    ) -> Self:
        self._check_parameters()
        array = check_contexts(contexts, self.n_arms)
        if not len(array):
            raise InputError("contexts: fit needs at least one round; partial_fit takes none")
        chosen, values = self._check_feedback(array, decisions, rewards)
        askers = self._askers(users, len(array))
        before = dict(vars(self))
        self._forget()
        try:
            return self.partial_fit(array, chosen, values, askers)
        except SettingsError:  # the pool is smaller than `clusters` or `items` asks for
            self._forget()
            vars(self).update(before)
            raise

    def partial_fit(
        self,
        contexts: ArrayLike,
        decisions: ArrayLike,
        rewards: ArrayLike,
        users: ArrayLike | None = None,
    ) -> Self:
        array = self._checked(contexts)
        chosen, values = self._check_feedback(array, decisions, rewards)
        self._learn(array, chosen, values, self._askers(users, len(array)))
        self.rounds_ += len(array)
        return self

    def _learn(
        self,
        contexts: Array,
        decisions: Integers,
        rewards: Array,
        users: ArrayLike | None = None,
    ) -> None:
        askers = self._askers(users, len(contexts))
        rounds = zip(contexts, decisions, rewards, askers, strict=True)
        for seen, (row, arm, value, user) in enumerate(rounds, start=self.rounds_ + 1):
            g, h = self._reading.features(self._pairs(row)[arm : arm + 1])
            self._model.add(g[0], h[0], float(value), int(user))
            if self._tried is not None:
                self._learned = self._learned.learn(self._tried, float(value))
                self._tried = None
            if self.learn_prior and seen == self._next_prior:
                self._model.learn_prior()
                self._next_prior = int(PRIOR_GROWTH * self._next_prior)
            elif seen % self.update_every == 0:
                self._model.refresh()

    def predict(self, contexts: ArrayLike, users: ArrayLike | None = None) -> Integers:
        return self.decision_function(contexts, users).argmax(axis=1)

    def decision_function(self, contexts: ArrayLike, users: ArrayLike | None = None) -> Array:
        """(n, K) weights of the attention over items; thompson and gumbel draw in each call."""
        array = self._checked(contexts)
        return self._scores(array, users) if len(array) else self._no_rounds(array)

    def _scores(self, contexts: Array, users: ArrayLike | None = None) -> Array:
        return np.stack([w.weights.numpy() for w in self._weighings(contexts, users)])

    def predict_expectations(self, contexts: ArrayLike, users: ArrayLike | None = None) -> Array:
        array = self._checked(contexts)
        return self._means(array, users) if len(array) else self._no_rounds(array)

    def _means(self, contexts: Array, users: ArrayLike | None = None) -> Array:
        rounds = zip(contexts, self._askers(users, len(contexts)), strict=True)
        return np.stack([self._belief(row, int(user)).mean for row, user in rounds])

    def attend(self, contexts: ArrayLike, users: ArrayLike | None = None) -> ItemAttention:
        """The attention that `predict`, called next, takes the argmax of. Looking changes nothing:
        what is drawn here is drawn again there."""
        from hare.attention.exploration import information

        array = self._checked(contexts)
        if not len(array):
            raise InputError("contexts: at least one round to attend in")
        drawing, tried = self.rng_.bit_generator.state, self._tried
        weighings = self._weighings(array, users)
        self.rng_.bit_generator.state, self._tried = drawing, tried
        weights = np.stack([w.weights.numpy() for w in weighings])
        told = np.array([[float(x) for x in information(w.given_user)] for w in weighings])
        read = [self._reading.attention(self._pairs(row)) for row in array]
        askers = self._askers(users, len(array))
        return ItemAttention(
            weights=weights,
            clusters=np.stack([w @ a / self.heads for w, a in zip(weights, read, strict=True)]),
            entropy=told[:, 0],
            expected_entropy=told[:, 1],
            mutual_information=told[:, 2],
            uncertainty=np.array([self._model.uncertainty(int(user)) for user in askers]),
        )

    def synthesise(self, contexts: ArrayLike, users: ArrayLike | None = None) -> Array:
        """(n, dv) the attended mixture z = Σ_k Ā_k v_k of the items' columns in each round.

        Played as an arm of its own it is learned from like any other: a context with these values
        in the items' columns.
        """
        array = self._checked(contexts)
        mixed = [
            w.weights.numpy() @ self._pairs(row)[:, self._reading.items]
            for row, w in zip(array, self._weighings(array, users), strict=True)
        ]
        return np.stack(mixed) if mixed else np.empty((0, len(self._reading.items)))

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_real("alpha", self.alpha)
        check_choice("exploration", self.exploration, MODES)
        check_real("temperature", self.temperature, above=True)
        check_count("heads", self.heads)
        check_count("clusters", self.clusters, optional=True)
        check_real("sharpness", self.sharpness, above=True)
        check_flag("crossed", self.crossed)
        check_flag("user_state", self.user_state)
        check_choice("schedule", self.schedule, SCHEDULES)
        check_count("horizon", self.horizon)
        check_count("update_every", self.update_every)
        check_flag("learn_prior", self.learn_prior)
        check_real("prior_sd", self.prior_sd, above=True)
        check_real("noise", self.noise, above=True)

    def _arms_may_vary(self) -> bool:
        return self.n_arms is None

    def _begin(self, contexts: Array) -> None:
        if not len(contexts):  # nothing seen yet: the pool is read from the first round
            return
        pairs, by_arm = self._pairs(contexts[0]), contexts.ndim == 2
        last = np.arange(pairs.shape[1])[-len(pairs) :]  # the arms' own columns
        self._reading = PoolReading.of(
            pairs,
            last if by_arm else item_columns(pairs, self.items),
            clusters=len(pairs) if by_arm and self.clusters is None else self.clusters,
            heads=self.heads,
            sharpness=float(self.sharpness),
            crossed=bool(self.crossed) and not by_arm,
            user_state=bool(self.user_state),
        )
        parts, user = self._reading.parts(pairs)
        allowed = self.prior_sd * np.array([1.0, SIMPLER, SIMPLER])
        self._model = MixedEffects(
            blocks=np.repeat(np.arange(len(parts)), [part.shape[1] for part in parts]),
            user_size=user.shape[1],
            scales=np.array([sd / _norm(part) for sd, part in zip(allowed, parts, strict=True)]),
            user_scale=SIMPLER * self.prior_sd / _norm(user),
            noise=self.noise,
        )
        self._next_prior = FIRST_PRIOR
        self._learned = self._first_learned()
        self._tried: int | None = None

    def _prepare(self, contexts: Array) -> None:
        super()._prepare(contexts)
        if contexts.ndim != self._ndim:
            raise InputError(
                "contexts: this bandit began with the other of the shapes (n, K, d) and (n, d)"
            )

    def _checked(self, contexts: ArrayLike) -> Array:
        array = super()._checked(contexts)
        if len(array) and not hasattr(self, "_model"):
            self._begin(array)
        return array

    def _first_learned(self) -> LearnedAlpha:
        grid = tuple(sorted({float(self.alpha) * factor for factor in GRID}))
        sd = float(self.prior_sd)
        return LearnedAlpha(grid=grid, noise=sd, level=sd, contrast=sd / 4)

    def _pairs(self, row: Array) -> Array:
        """(K, D) what is known of request and item together in one round."""
        if row.ndim == 2:
            return row
        assert self.n_arms is not None  # check_contexts refused it
        return np.hstack([np.tile(row, (self.n_arms, 1)), np.eye(self.n_arms)])

    def _belief(self, row: Array, user: int) -> Predictive:
        return self._model.predict(*self._reading.features(self._pairs(row)), user)

    def _weighings(self, array: Array, users: ArrayLike | None) -> list[Weighing]:
        import torch

        from hare.attention.exploration import LogitBelief, weigh

        weighings = []
        for row, user in zip(array, self._askers(users, len(array)), strict=True):
            belief = self._belief(row, int(user))
            # A draw is joint over all that is unknown; the average is over who the user may be.
            unknown = belief.user
            if self.exploration == "thompson":
                unknown = np.hstack([belief.population, belief.user])
            if not unknown.shape[1]:
                unknown = np.zeros((len(unknown), 1))
            offsets = np.sqrt(unknown.shape[1]) * unknown.T
            points = (belief.mean + np.vstack([offsets, -offsets])) / self.temperature
            generator = torch.Generator().manual_seed(int(self.rng_.integers(2**63)))
            weighings.append(
                weigh(
                    LogitBelief(
                        torch.from_numpy(points),
                        torch.from_numpy(belief.deviation / self.temperature),
                    ),
                    cast("Mode", self.exploration),
                    self._strength(),
                    generator,
                )
            )
        return weighings

    def _strength(self) -> float:
        """alpha in this round."""
        if self.schedule == "learned":
            self._tried = self._learned.choose(self.rng_)
            return self._learned.grid[self._tried]
        schedule = AlphaSchedule(cast("Form", self.schedule), self.alpha, self.horizon)
        return float(schedule(self.rounds_))

    def _askers(self, users: ArrayLike | None, rounds: int) -> Integers:
        if users is None:
            return np.zeros(rounds, dtype=np.int64)
        return check_integers("users", users, rounds)

    def _arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        if not hasattr(self, "_model"):
            return {}, {}
        values = {
            "reading": self._reading.values(),
            "next_prior": self._next_prior,
            "tried": self._tried,
            "learned": self._learned.to_bytes().decode(),
            "model": self._model.values(),
        }
        return {**self._reading.arrays(), **self._model.arrays()}, values

    def _set_arrays(self, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> None:
        if not values:
            return
        self._reading = PoolReading.restore(arrays, values["reading"])
        self._next_prior, self._tried = int(values["next_prior"]), values["tried"]
        self._learned = LearnedAlpha.from_bytes(values["learned"].encode())
        self._model = MixedEffects.restore(arrays, values["model"])


def _norm(rows: Array) -> float:
    """Root mean squared length of rows, 1 where they are empty or all zero."""
    return float(np.sqrt((rows**2).sum(axis=1).mean())) or 1.0
