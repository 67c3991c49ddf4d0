"""Cross-attention from (request, user) to the pool, averaged over who the user may be.

    A = E_{u ~ N(m, P)} softmax( q(u) K' / sqrt(d_k) + alpha (U_j - U_bar) ),   q(u) = W_x x + W_u u

With alpha = 0 and P = 0 this is standard multi-head attention.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hare.attention.uncertainty import (
    cubature_points,
    entropy,
    gram_matrices,
    logit_deviation,
)


@dataclass(frozen=True, slots=True)
class PoolAttentionSettings:
    """Sizes of the attention."""

    embedding_size: int = 384  # of requests and of the pool's texts
    user_size: int = 12  # p
    heads: int = 4
    key_size: int = 32  # d_k of one head
    value_size: int = 64  # of one head
    ridge: float = 1.0  # Lambda_j starts at ridge * I


@dataclass(frozen=True, slots=True)
class Attended:
    """The result for a batch of B.

    z                   (B, heads * value_size)
    weights             (B, H, N), average over the user's uncertainty; rows sum to 1
    cluster_weights     (B, H, C)
    query               (B, H, d_k), at the user's mean
    deviation           (B, H, C), U_j
    entropy             (B,), of the weights averaged over heads, nats
    expected_entropy    (B,), the mean entropy given the user, nats
    """

    z: Tensor
    weights: Tensor
    cluster_weights: Tensor
    query: Tensor
    deviation: Tensor
    entropy: Tensor
    expected_entropy: Tensor


class PoolAttention(nn.Module):
    """Multi-head attention over a clustered pool, with the bonus of its uncertainty."""

    def __init__(self, settings: PoolAttentionSettings) -> None:
        super().__init__()
        self.settings = settings
        h, d = settings.heads, settings.key_size
        self.from_request = nn.Linear(settings.embedding_size, h * d, bias=False)  # W_x
        self.from_user = nn.Linear(settings.user_size, h * d, bias=False)  # W_u
        self.keys = nn.Linear(settings.embedding_size, h * d, bias=False)  # W_K
        self.values = nn.Linear(settings.embedding_size, h * settings.value_size, bias=False)  # W_V

    def forward(
        self,
        request: Tensor,  # (B, e)
        mean: Tensor,  # (B, p)
        covariance: Tensor,  # (B, p, p)
        pool: Tensor,  # (N, e)
        clusters: Tensor,  # (N,) integers in 0..C-1, every cluster occupied
        alpha: float | Tensor = 1.0,  # scalar, or (B, 1, 1)
        history: tuple[Tensor, Tensor] | None = None,  # queries (B,T,H,d), credit (B,T,H,C)
        excluded: Tensor | None = None,  # (B, N) true where an item must not be seen
    ) -> Attended:
        """Attend. `excluded` leaves items out, e.g. the target itself during training."""
        s = self.settings
        count = int(clusters.max()) + 1
        keys = self.keys(pool).view(-1, s.heads, s.key_size)  # (N, H, d)
        values = self.values(pool).view(-1, s.heads, s.value_size)  # (N, H, v)
        member = nn.functional.one_hot(clusters, count).to(pool.dtype)  # (N, C)
        centroids = torch.einsum("nc,nhd->hcd", member / member.sum(0), keys)

        users = cubature_points(mean, covariance)  # (B, 2p, p)
        base = self.from_request(request).view(-1, s.heads, s.key_size)
        shift = self.from_user(users).view(*users.shape[:2], s.heads, s.key_size)
        logits = torch.einsum("bmhd,nhd->bmhn", base.unsqueeze(1) + shift, keys) / s.key_size**0.5

        query = base + self.from_user(mean).view_as(base)
        deviation = self._deviation(query, covariance, centroids, history)
        bonus = alpha * (deviation - deviation.mean(dim=-1, keepdim=True))  # (B, H, C)
        logits = logits + torch.einsum("bhc,nc->bhn", bonus, member).unsqueeze(1)
        if excluded is not None:
            logits = logits.masked_fill(excluded[:, None, None, :], float("-inf"))

        given_user = logits.softmax(dim=-1)  # (B, 2p, H, N)
        weights = given_user.mean(dim=1)  # (B, H, N)
        return Attended(
            z=torch.einsum("bhn,nhv->bhv", weights, values).flatten(1),
            weights=weights,
            cluster_weights=torch.einsum("bhn,nc->bhc", weights, member),
            query=query,
            deviation=deviation,
            entropy=entropy(weights.mean(dim=1)),
            expected_entropy=entropy(given_user.mean(dim=2)).mean(dim=1),
        )

    def _deviation(
        self,
        query: Tensor,
        covariance: Tensor,
        centroids: Tensor,
        history: tuple[Tensor, Tensor] | None,
    ) -> Tensor:
        s = self.settings
        w_user = self.from_user.weight.view(s.heads, s.key_size, s.user_size)
        spread = torch.einsum("hdp,bpq,heq->bhde", w_user, covariance, w_user)
        if history is None:
            # All clusters are alike before the first round: one Gram matrix serves them all.
            history = (
                query.new_zeros(len(query), 0, s.heads, s.key_size),
                query.new_zeros(len(query), 0, s.heads, 1),
            )
        gram = gram_matrices(*history, ridge=s.ridge, dtype=query.dtype)
        return logit_deviation(query, spread, gram, centroids)
