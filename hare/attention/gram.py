"""Lambda_j of every head and cluster, kept up to date with its inverse while rounds go by.

    Lambda_j <- Lambda_j + a_j^2 q q',   Lambda_j(0) = ridge I

a_j is the attention that cluster j got: what a reward tells of it grows with the square (its
variance explained), not with the attention. The inverses follow by the Sherman-Morrison formula
and are rebuilt by Cholesky now and then, because rounding adds up. `every` makes several rounds
wait and enter together: the bonus is then the same for so long, and the cost is spread.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hare.attention.checks import check_tensor
from hare.errors import InputError, SettingsError, StateError


@dataclass(frozen=True, slots=True)
class GramSettings:
    """Sizes and habits of the matrices."""

    heads: int = 1
    clusters: int = 1
    size: int = 32  # d_k of one head
    ridge: float = 1.0  # Lambda_j starts at ridge * I
    every: int = 1  # rounds that enter together: the covariance update frequency
    refresh: int = 1000  # updates until the inverses are rebuilt

    def __post_init__(self) -> None:
        for name in ("heads", "clusters", "size", "every", "refresh"):
            if getattr(self, name) < 1:
                raise SettingsError(name, getattr(self, name), "must be >= 1")
        if not 1e-3 <= self.ridge < float("inf"):
            raise SettingsError("ridge", self.ridge, "must be >= 0.001 and finite")


class ClusterGrams:
    """Gram matrices and their inverses, in float64.

    matrices  (H, C, d, d) Lambda_j;   inverse (H, C, d, d);   rounds  how many were observed
    """

    def __init__(self, settings: GramSettings) -> None:
        self.settings = s = settings
        shape = (s.heads, s.clusters, s.size, s.size)
        eye = torch.eye(s.size, dtype=torch.float64)
        self.matrices = (s.ridge * eye).expand(shape).contiguous()
        self.inverse = (eye / s.ridge).expand(shape).contiguous()
        self.rounds = 0
        self._waiting: list[Tensor] = []  # (H, C, d) a_j q, one a round
        self._since_refresh = 0

    def observe(self, query: Tensor, credit: Tensor) -> None:
        """Take in a round: query (H, d) and the attention by cluster, credit (H, C)."""
        s = self.settings
        check_tensor("query", query, (s.heads, s.size))
        check_tensor("credit", credit, (s.heads, s.clusters))
        self._waiting.append((credit.unsqueeze(-1) * query.unsqueeze(-2)).double())
        self.rounds += 1
        if len(self._waiting) >= s.every:
            self.update()

    def update(self) -> None:
        """Let the rounds that wait enter now."""
        if not self._waiting:
            return
        asked = torch.stack(self._waiting, dim=-1).flatten(0, 1)  # (H C, d, m)
        self.matrices.view(-1, *self.matrices.shape[2:]).baddbmm_(asked, asked.mT)
        self._since_refresh += len(self._waiting)
        self._waiting.clear()
        if self._since_refresh >= self.settings.refresh:
            self.inverse = torch.cholesky_inverse(torch.linalg.cholesky(self.matrices))
            self._since_refresh = 0
            return
        inverse = self.inverse.view(-1, *self.inverse.shape[2:])
        for step in asked.unbind(-1):
            gain = torch.bmm(inverse, step.unsqueeze(-1))  # (H C, d, 1)
            scale = 1 + torch.bmm(step.unsqueeze(-2), gain)
            inverse.baddbmm_(gain / scale, gain.mT, alpha=-1)

    def arrays(self) -> dict[str, Tensor]:
        """Everything that was learned, for storing beside the settings."""
        s = self.settings
        waiting = (
            torch.stack(self._waiting)
            if self._waiting
            else torch.zeros(0, s.heads, s.clusters, s.size, dtype=torch.float64)
        )
        return {
            "matrices": self.matrices.clone(),
            "inverse": self.inverse.clone(),
            "waiting": waiting,
            "counts": torch.tensor([self.rounds, self._since_refresh]),
        }

    @classmethod
    def from_arrays(cls, settings: GramSettings, arrays: dict[str, Tensor]) -> ClusterGrams:
        """The inverse of `arrays`. Raises StateError when they belong to other settings."""
        restored = cls(settings)
        own = restored.arrays()
        if {n: a.shape[-3:] for n, a in arrays.items()} != {
            n: a.shape[-3:] for n, a in own.items()
        }:
            raise StateError("these arrays are no Gram matrices of these settings")
        try:
            for name in ("matrices", "inverse"):
                check_tensor(name, arrays[name], tuple(own[name].shape))
        except InputError as error:
            raise StateError(str(error)) from error
        restored.matrices = arrays["matrices"].double().clone()
        restored.inverse = arrays["inverse"].double().clone()
        restored._waiting = list(arrays["waiting"].double().unbind(0))
        restored.rounds, restored._since_refresh = (int(n) for n in arrays["counts"])
        return restored
