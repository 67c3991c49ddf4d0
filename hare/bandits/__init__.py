"""Contextual bandits in scikit-learn's manner: `fit`, `partial_fit`, `predict`.

Every class here follows `hare.bandits.base.ContextualBandit`, where the shapes are said. The names
are loaded when first asked for, so that `import hare.bandits` stays light and loads no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hare.bandits.attentive import AttentiveBandit
    from hare.bandits.base import ContextualBandit
    from hare.bandits.epsilon import EpsilonGreedy, Greedy, RandomBandit
    from hare.bandits.hybrid import HybridLinUCB
    from hare.bandits.linucb import LinUCB
    from hare.bandits.neural_ucb import NeuralTS, NeuralUCB
    from hare.bandits.per_user import PerUser
    from hare.bandits.thompson import LinTS

__all__ = [
    "AttentiveBandit",
    "ContextualBandit",
    "EpsilonGreedy",
    "Greedy",
    "HybridLinUCB",
    "LinTS",
    "LinUCB",
    "NeuralTS",
    "NeuralUCB",
    "PerUser",
    "RandomBandit",
]

_MODULES = {
    "AttentiveBandit": "attentive",
    "ContextualBandit": "base",
    "EpsilonGreedy": "epsilon",
    "Greedy": "epsilon",
    "HybridLinUCB": "hybrid",
    "LinTS": "thompson",
    "LinUCB": "linucb",
    "NeuralTS": "neural_ucb",
    "NeuralUCB": "neural_ucb",
    "PerUser": "per_user",
    "RandomBandit": "epsilon",
}


def __getattr__(name: str) -> type:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
