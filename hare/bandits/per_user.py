"""One bandit a user: what each user's rounds teach is kept apart.

The no-sharing end of learning for many users; the other end is one bandit for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Self, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone

from hare.bandits import saving
from hare.bandits.base import ContextualBandit
from hare.bandits.checks import (
    Array,
    Integers,
    check_contexts,
    check_decisions,
    check_integers,
    check_rewards,
    generator_of,
)
from hare.errors import InputError, SettingsError, StateError


class PerUser(BaseEstimator):
    """A clone of `bandit` for every user, made when the user is first seen.

    bandit   a ContextualBandit that stays untouched. Its random_state is the root of the clones'
             generators: user u draws the same whoever else there is, in whichever order.
    users    (n,) integers, any; who each round belongs to

    Fitted: bandits_, a dict from user to bandit.

    >>> from hare.bandits import LinUCB
    >>> each = PerUser(LinUCB(n_arms=2))
    >>> each.partial_fit([[1.0], [1.0]], [0, 1], [1.0, 1.0], users=[7, 8]).predict([[1.0]], [8])
    array([1])
    """

    def __init__(self, bandit: ContextualBandit) -> None:
        self.bandit = bandit

    def fit(
        self, contexts: ArrayLike, decisions: ArrayLike, rewards: ArrayLike, users: ArrayLike
    ) -> Self:
        """Forget every user, and learn n >= 1 rounds."""
        array = self._rounds(contexts)
        if not len(array):
            raise InputError("contexts: fit needs at least one round; partial_fit takes none")
        whose, arms, values = self._feedback(array, decisions, rewards, users)
        for name in ("bandits_", "root_"):
            if hasattr(self, name):
                delattr(self, name)
        return self.partial_fit(array, arms, values, whose)

    def partial_fit(
        self, contexts: ArrayLike, decisions: ArrayLike, rewards: ArrayLike, users: ArrayLike
    ) -> Self:
        """Learn more rounds, each with its user's bandit."""
        array = self._rounds(contexts)
        whose, arms, values = self._feedback(array, decisions, rewards, users)
        for user, mine in _by_user(whose):
            self._bandit_of(user).partial_fit(array[mine], arms[mine], values[mine])
        return self

    def predict(self, contexts: ArrayLike, users: ArrayLike) -> Integers:
        """(n,) decisions; a user never seen gets the prior's."""
        array = self._rounds(contexts)
        out = np.empty(len(array), dtype=np.int64)
        for user, mine in _by_user(check_integers("users", users, len(array))):
            out[mine] = self._bandit_of(user).predict(array[mine])
        return out

    def decision_function(self, contexts: ArrayLike, users: ArrayLike) -> Array:
        """(n, K) the scores that `predict` maximises."""
        return self._matrix(lambda bandit: bandit.decision_function, contexts, users)

    def predict_expectations(self, contexts: ArrayLike, users: ArrayLike) -> Array:
        """(n, K) posterior-mean rewards."""
        return self._matrix(lambda bandit: bandit.predict_expectations, contexts, users)

    def to_bytes(self) -> bytes:
        """The bandit, and every user's; `from_bytes` gives them back."""
        _base(self.bandit)
        self._prepare()
        header = {
            "class": "PerUser",
            "of": type(self.bandit).__name__,
            "root": self.root_,
            "users": sorted(self.bandits_),
        }
        arrays = {f"user_{user}": _bytes(bandit) for user, bandit in self.bandits_.items()}
        return saving.pack(header, {**arrays, "bandit": _bytes(self.bandit)})

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """What `to_bytes` saved; StateError for other bytes."""
        header, arrays = saving.unpack(data)
        try:
            if header["class"] != "PerUser":
                raise StateError(f"these bytes hold a {header['class']}, not a PerUser")
            bandits = import_module("hare.bandits")
            if header["of"] not in bandits.__all__:
                raise StateError(f"unknown bandit {header['of']!r}")
            kind = getattr(bandits, header["of"])
            each = cls(kind.from_bytes(arrays["bandit"].tobytes()))
            each.root_ = int(header["root"])
            each.bandits_ = {
                int(user): kind.from_bytes(arrays[f"user_{user}"].tobytes())
                for user in header["users"]
            }
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, StateError):
                raise
            raise StateError(f"these bytes are no saved PerUser: {error}") from error
        return each

    def _rounds(self, contexts: ArrayLike) -> Array:
        return check_contexts(contexts, _base(self.bandit).n_arms)

    def _feedback(
        self, contexts: Array, decisions: ArrayLike, rewards: ArrayLike, users: ArrayLike
    ) -> tuple[Integers, Integers, Array]:
        """Everything is checked before the first user's bandit learns."""
        rounds = len(contexts)
        arms = contexts.shape[1] if contexts.ndim == 3 else _base(self.bandit).n_arms
        assert arms is not None  # check_contexts refused it
        return (
            check_integers("users", users, rounds),
            check_decisions(decisions, rounds, arms),
            check_rewards(rewards, rounds),
        )

    def _matrix(
        self,
        method: Callable[[ContextualBandit], Callable[[Array], Array]],
        contexts: ArrayLike,
        users: ArrayLike,
    ) -> Array:
        array = self._rounds(contexts)
        whose = check_integers("users", users, len(array))
        if not len(array):
            return method(_unlearned(self.bandit))(array)
        parts = [
            (mine, method(self._bandit_of(user))(array[mine])) for user, mine in _by_user(whose)
        ]
        out = np.empty((len(array), parts[0][1].shape[1]))
        for mine, values in parts:
            out[mine] = values
        return out

    def _prepare(self) -> None:
        if not hasattr(self, "bandits_"):
            # Drawn from a copy where random_state is a generator: `bandit` stays untouched.
            source = _unlearned(self.bandit).random_state
            self.root_ = int(generator_of(source).integers(2**63))
            self.bandits_: dict[int, ContextualBandit] = {}

    def _bandit_of(self, user: int) -> ContextualBandit:
        self._prepare()
        if user not in self.bandits_:
            seeds = [self.root_, abs(user), int(user < 0)]
            bandit = _unlearned(self.bandit)
            self.bandits_[user] = bandit.set_params(random_state=np.random.default_rng(seeds))
        return self.bandits_[user]


def _base(bandit: object) -> ContextualBandit:
    if not isinstance(bandit, ContextualBandit):
        raise SettingsError("bandit", bandit, "must be a ContextualBandit")
    return bandit


def _unlearned(bandit: object) -> ContextualBandit:
    return cast(ContextualBandit, clone(_base(bandit)))


def _by_user(users: Integers) -> list[tuple[int, Any]]:
    """Each user with the rounds that are theirs, in the rounds' order."""
    if len(users) == 1:
        return [(int(users[0]), slice(None))]
    return [(int(user), users == user) for user in np.unique(users)]


def _bytes(bandit: ContextualBandit) -> NDArray[np.uint8]:
    return np.frombuffer(bandit.to_bytes(), dtype=np.uint8)
