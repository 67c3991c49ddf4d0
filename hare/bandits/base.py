"""What all contextual bandits share: shapes, refusals, randomness, bytes.

A round: every arm shows its context vector, one arm is decided on, its reward alone is seen.

    contexts    (n, K, d): a vector for each of K arms in each of n rounds;
                or (n, d): one vector for all arms, which needs n_arms
    decisions   (n,) integers in 0..K-1
    rewards     (n,) finite floats

Contexts are the caller's to normalise: at most about unit length suits the default ridge and
widths. Constructors store their parameters unchanged; they are checked when first used.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from hare.bandits import saving
from hare.bandits.checks import (
    Array,
    Integers,
    check_contexts,
    check_count,
    check_decisions,
    check_rewards,
    generator_of,
)
from hare.errors import InputError, StateError

RandomState = int | np.random.Generator | None


class ContextualBandit(BaseEstimator, ABC):
    """Base of the bandits. Children say what they learn and how they score.

    Children store `n_arms` and `random_state` among their parameters and write

        _check_parameters()   refuse parameters by name (SettingsError)
        _check_shape(contexts)   refuse contexts that the parameters cannot use (InputError)
        _begin(contexts)      set up the prior, once K and d are known
        _learn(contexts, decisions, rewards)   take in n >= 1 checked rounds
        _scores(contexts) and _means(contexts)   (n, K) from checked contexts, n >= 1
        _arrays() -> (arrays, values) and _set_arrays(arrays, values)   what was learned, for bytes

    After the first call: n_arms_ (None while K may vary), n_features_in_, rounds_ and rng_.
    """

    n_arms: int | None
    random_state: RandomState
    n_arms_: int | None
    n_features_in_: int
    rounds_: int
    rng_: np.random.Generator
    _ndim: int  # of the first contexts

    def fit(self, contexts: ArrayLike, decisions: ArrayLike, rewards: ArrayLike) -> Self:
        """Forget what was learned, begin again from `random_state`, and learn n >= 1 rounds."""
        self._check_parameters()
        array = check_contexts(contexts, self.n_arms)
        if not len(array):
            raise InputError("contexts: fit needs at least one round; partial_fit takes none")
        self._check_shape(array)
        chosen, values = self._check_feedback(array, decisions, rewards)
        self._forget()
        self._prepare(array)
        self._take(array, chosen, values)
        return self

    def partial_fit(self, contexts: ArrayLike, decisions: ArrayLike, rewards: ArrayLike) -> Self:
        """Learn n >= 0 more rounds, in their order. No rounds change nothing."""
        array = self._checked(contexts)
        chosen, values = self._check_feedback(array, decisions, rewards)
        if len(array):
            self._take(array, chosen, values)
        return self

    def predict(self, contexts: ArrayLike) -> Integers:
        """(n,) decisions: the arm with the highest score, the lowest index among equals."""
        return self.decision_function(contexts).argmax(axis=1)

    def decision_function(self, contexts: ArrayLike) -> Array:
        """(n, K) the scores that `predict` maximises. Randomised bandits draw anew in each call."""
        array = self._checked(contexts)
        return self._scores(array) if len(array) else self._no_rounds(array)

    def predict_expectations(self, contexts: ArrayLike) -> Array:
        """(n, K) posterior-mean rewards."""
        array = self._checked(contexts)
        return self._means(array) if len(array) else self._no_rounds(array)

    def to_bytes(self) -> bytes:
        """Parameters, what was learned, and the generator's state; `from_bytes` restores them."""
        self._check_parameters()
        self._prepare_rng()
        parameters = self.get_params(deep=False)
        if isinstance(self.random_state, np.random.Generator):
            parameters["random_state"] = {"generator": True}
        header: dict[str, Any] = {
            "class": type(self).__name__,
            "parameters": parameters,
            "rng": saving.generator_state(self.rng_),
            "fitted": None,
        }
        arrays: dict[str, NDArray[Any]] = {}
        if hasattr(self, "n_features_in_"):
            arrays, values = self._arrays()
            header["fitted"] = {
                "n_arms": self.n_arms_,
                "n_features": self.n_features_in_,
                "ndim": self._ndim,
                "rounds": self.rounds_,
                "values": values,
            }
        return saving.pack(header, arrays)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The bandit that `to_bytes` saved; StateError for other bytes or another class."""
        header, arrays = saving.unpack(data)
        try:
            if header["class"] != cls.__name__:
                raise StateError(f"these bytes hold a {header['class']}, not a {cls.__name__}")
            rng = saving.generator_from(header["rng"])
            parameters = {
                name: saving.plain_parameter(value) for name, value in header["parameters"].items()
            }
            if parameters["random_state"] == {"generator": True}:
                parameters["random_state"] = rng
            bandit = cls(**parameters)
            bandit._check_parameters()
            bandit.rng_ = np.random.default_rng(0)  # what the prior draws here is overwritten
            fitted = header["fitted"]
            if fitted is not None:
                shape = (0, fitted["n_arms"] or 1, fitted["n_features"])
                bandit._prepare(np.empty(shape if fitted["ndim"] == 3 else shape[::2]))
                bandit.rounds_ = int(fitted["rounds"])
                bandit._set_arrays(arrays, fitted["values"])
            bandit.rng_ = rng
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, StateError):
                raise
            raise StateError(f"these bytes are no saved {cls.__name__}: {error}") from error
        return bandit

    def _check_parameters(self) -> None:
        check_count("n_arms", self.n_arms, optional=True)

    @abstractmethod
    def _begin(self, contexts: Array) -> None: ...

    @abstractmethod
    def _learn(self, contexts: Array, decisions: Integers, rewards: Array) -> None: ...

    @abstractmethod
    def _scores(self, contexts: Array) -> Array: ...

    @abstractmethod
    def _means(self, contexts: Array) -> Array: ...

    @abstractmethod
    def _arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]: ...

    @abstractmethod
    def _set_arrays(self, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> None: ...

    def _check_shape(self, contexts: Array) -> None:
        """Refuse contexts that these parameters cannot use (InputError)."""

    def _arms_may_vary(self) -> bool:
        """Whether K may differ between calls: where the arms share their parameters."""
        return False

    def _checked(self, contexts: ArrayLike) -> Array:
        self._check_parameters()
        array = check_contexts(contexts, self.n_arms)
        self._check_shape(array)
        self._prepare(array)
        return array

    def _check_feedback(
        self, contexts: Array, decisions: ArrayLike, rewards: ArrayLike
    ) -> tuple[Integers, Array]:
        arms = self._arms_of(contexts)
        return (
            check_decisions(decisions, len(contexts), arms),
            check_rewards(rewards, len(contexts)),
        )

    def _prepare(self, contexts: Array) -> None:
        """Set up the prior at the first call; later, refuse another K or d."""
        features = contexts.shape[-1]
        if not hasattr(self, "n_features_in_"):
            self._prepare_rng()
            self.n_arms_ = None if self._arms_may_vary() else self._arms_of(contexts)
            self.rounds_ = 0
            self._ndim = contexts.ndim
            self._begin(contexts)
            self.n_features_in_ = features  # last: its presence says that the prior stands
        elif features != self.n_features_in_:
            raise InputError(
                f"contexts: {features} features, but this bandit began with {self.n_features_in_}"
            )
        elif self.n_arms_ is not None and self._arms_of(contexts) != self.n_arms_:
            raise InputError(
                f"contexts: {self._arms_of(contexts)} arms, but this bandit began with "
                f"{self.n_arms_}"
            )

    def _prepare_rng(self) -> None:
        if not hasattr(self, "rng_"):
            self.rng_ = generator_of(self.random_state)

    def _take(self, contexts: Array, decisions: Integers, rewards: Array) -> None:
        self._learn(contexts, decisions, rewards)
        self.rounds_ += len(contexts)

    def _forget(self) -> None:
        """Drop every fitted attribute; the parameters stay."""
        parameters = self.get_params(deep=False)
        for name in [name for name in vars(self) if name not in parameters]:
            delattr(self, name)

    def _arms_of(self, contexts: Array) -> int:
        if contexts.ndim == 3:
            return contexts.shape[1]
        assert self.n_arms is not None  # check_contexts refused it
        return self.n_arms

    def _no_rounds(self, contexts: Array) -> Array:
        return np.empty((0, self._arms_of(contexts)))


def chosen_rows(contexts: Array, decisions: Integers) -> Array:
    """(n, d) the vectors of the arms decided on."""
    if contexts.ndim == 2:
        return contexts
    return contexts[np.arange(len(contexts)), decisions]
