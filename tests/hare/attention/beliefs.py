"""Small beliefs about logits that the tests of exploration share."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from hare.attention.exploration import LogitBelief

ITEMS, CLUSTERS, USERS = 12, 4, 6


def belief(seed: int, doubt: float = 1.0) -> LogitBelief:
    """Two heads over 12 items in four clusters."""
    rng = np.random.default_rng(seed)
    centre = rng.normal(size=(2, 1, ITEMS))
    return LogitBelief(
        points=torch.tensor(centre + doubt * rng.normal(size=(2, USERS, ITEMS))),
        deviation=torch.tensor(rng.gamma(2.0, size=(2, CLUSTERS))),
        clusters=torch.arange(ITEMS) % CLUSTERS,
        own_deviation=torch.tensor(rng.gamma(1.0, size=(2, CLUSTERS))),
    )


def linear(seed: int, scale: float = 1.0, items: int = 32, p: int = 8) -> tuple[Tensor, ...]:
    """Features (N, p), mean (p,) and covariance (p, p)."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(p, p)) / p**0.5
    features = rng.normal(size=(items, p))
    arrays = features, rng.normal(size=p), scale * (root @ root.T + 0.1 * np.eye(p))
    return tuple(torch.tensor(a) for a in arrays)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
