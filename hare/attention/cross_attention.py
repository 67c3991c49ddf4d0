"""Cross-attention from (request, user) to the pool, averaged over who the user may be.

    A = E_{u ~ N(m, P)} softmax( q(u) K' / sqrt(d_k) + alpha (U_j - U_bar) ),   q(u) = W_x x + W_u u
    z = concat(heads) W_O

With alpha = 0 and P = 0 this is standard multi-head attention, and torch's fused kernel computes z.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hare.attention.checks import check_alpha, check_clusters, check_tensor
from hare.attention.exploration import Exploration, LogitBelief, weigh
from hare.attention.quadrature import user_points
from hare.attention.uncertainty import deviations, entropy, gram_matrices
from hare.errors import InputError, SettingsError

DEFAULT = Exploration()


@dataclass(frozen=True, slots=True)
class PoolAttentionSettings:
    """Sizes of the attention."""

    embedding_size: int = 384  # of requests and of the pool's texts
    user_size: int = 12  # p
    heads: int = 4
    key_size: int = 32  # d_k of one head
    value_size: int = 64  # of one head
    ridge: float = 1.0  # Lambda_j starts at ridge * I
    output_size: int = 0  # of z after W_O; 0: no W_O, the heads side by side

    def __post_init__(self) -> None:
        for name in ("embedding_size", "user_size", "heads", "key_size", "value_size"):
            if getattr(self, name) < 1:
                raise SettingsError(name, getattr(self, name), "must be >= 1")
        if self.output_size < 0:
            raise SettingsError("output_size", self.output_size, "must be >= 0")
        if not 0 < self.ridge < float("inf"):
            raise SettingsError("ridge", self.ridge, "must be > 0 and finite")

    @property
    def width(self) -> int:
        """The size of z."""
        return self.output_size or self.heads * self.value_size


@dataclass(frozen=True, slots=True)
class Attended:
    """The result for a batch of B.

    z                   (B, width)
    weights             (B, H, N) what was played; rows sum to 1
    cluster_weights     (B, H, C)
    query               (B, H, d_k), at the user's mean
    deviation           (B, H, C), U_j
    entropy             (B,), of the weights averaged over users and heads, nats
    expected_entropy    (B,), the mean entropy given the user, nats

    In modes that draw or flatten, the entropies are those of the belief without exploration.
    """

    z: Tensor
    weights: Tensor
    cluster_weights: Tensor
    query: Tensor
    deviation: Tensor
    entropy: Tensor
    expected_entropy: Tensor

    @property
    def mutual_information(self) -> Tensor:
        """(B,) what knowing the user would tell of the item, >= 0, nats."""
        return (self.entropy - self.expected_entropy).clamp(min=0)


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
        self.output = (
            nn.Linear(h * settings.value_size, settings.output_size, bias=False)  # W_O
            if settings.output_size
            else nn.Identity()
        )

    def forward(
        self,
        request: Tensor,  # (B, e)
        mean: Tensor,  # (B, p)
        covariance: Tensor,  # (B, p, p), positive semi-definite
        pool: Tensor,  # (N, e), N >= 1; equal items are allowed and share alike
        clusters: Tensor,  # (N,) integers in 0..C-1, every cluster occupied
        alpha: float | Tensor = 1.0,  # one number, (H,) one a head, or (B, 1, 1) one a row
        history: tuple[Tensor, Tensor] | None = None,  # queries (B,T,H,d), credit (B,T,H,C)
        excluded: Tensor | None = None,  # (B, N) true where an item must not be seen
        exploration: Exploration = DEFAULT,
        generator: torch.Generator | None = None,  # for the modes that draw
        inverse: Tensor | None = None,  # (B or 1, H, C, d, d) Lambda_j^-1, instead of history
    ) -> Attended:
        """Attend. `excluded` leaves items out, e.g. the target itself during training.

        Raises InputError or SettingsError that name the argument and the rule.
        """
        s = self.settings
        alpha = self._strength(alpha)
        count = self._check(request, mean, covariance, pool, clusters, excluded)
        keys = self.keys(pool).view(-1, s.heads, s.key_size)  # (N, H, d)
        values = self.values(pool).view(-1, s.heads, s.value_size)  # (N, H, v)
        member = nn.functional.one_hot(clusters.long(), count).to(pool.dtype)  # (N, C)
        centroids = torch.einsum("nc,nhd->hcd", member / member.sum(0), keys)

        certain = not covariance.any()
        users = mean[:, None] if certain else user_points(mean, covariance, exploration.points)
        query, spread, asked = self.queries(request, mean, covariance, users)
        logits = torch.einsum("bmhd,nhd->bmhn", asked, keys) / s.key_size**0.5
        u, own = deviations(query, spread, self._inverse(query, count, history, inverse), centroids)
        hidden = None if excluded is None else excluded[:, None, :]
        belief = LogitBelief(logits.transpose(1, 2), u, clusters, own)
        weighing = weigh(belief, exploration.mode, alpha, generator, hidden)

        weights = weighing.weights  # (B, H, N)
        unbiased = exploration.mode == "none" or (
            exploration.mode == "cubature" and certain and not torch.as_tensor(alpha).any()
        )
        if unbiased:
            z = _standard(query, keys, values, excluded)
        else:
            z = torch.einsum("bhn,nhv->bhv", weights, values)
        given_user = weighing.given_user  # (B, H, M, N)
        return Attended(
            z=self.output(z.flatten(1)),
            weights=weights,
            cluster_weights=torch.einsum("bhn,nc->bhc", weights, member),
            query=query,
            deviation=u,
            entropy=entropy(given_user.mean(dim=2).mean(dim=1)),
            expected_entropy=entropy(given_user.mean(dim=1)).mean(dim=-1),
        )

    def queries(
        self, request: Tensor, mean: Tensor, covariance: Tensor, users: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What is asked: at the mean user (B, H, d), its covariance S = W_u P W_u' (B, H, d, d),
        and for each of M users (B, M, p), (B, M, H, d)."""
        s = self.settings
        base = self.from_request(request).view(-1, s.heads, s.key_size)
        shift = self.from_user(users).view(*users.shape[:2], s.heads, s.key_size)
        w_user = self.from_user.weight.view(s.heads, s.key_size, s.user_size)
        spread = torch.einsum("hdp,bpq,heq->bhde", w_user, covariance, w_user)
        return base + self.from_user(mean).view_as(base), spread, base.unsqueeze(1) + shift

    def _strength(self, alpha: float | Tensor) -> float | Tensor:
        check_alpha(alpha)
        if isinstance(alpha, Tensor) and alpha.ndim == 1:
            if len(alpha) != self.settings.heads:
                rule = f"must be one number for each of {self.settings.heads} heads"
                raise SettingsError("alpha", alpha.tolist(), rule)
            return alpha.unsqueeze(-1)
        return alpha

    def _inverse(
        self,
        query: Tensor,
        count: int,
        history: tuple[Tensor, Tensor] | None,
        inverse: Tensor | None,
    ) -> Tensor:
        h, d = self.settings.heads, self.settings.key_size
        if inverse is not None:
            if history is not None:
                raise InputError("inverse: give this or history, not both")
            check_tensor("inverse", inverse, ("B", h, count, d, d))
            return inverse
        if history is None:
            # All clusters are alike before the first round: one Gram matrix serves them all.
            history = query.new_zeros(len(query), 0, h, d), query.new_zeros(len(query), 0, h, 1)
        else:
            rounds = history[0].shape[1] if history[0].ndim > 1 else "T"
            check_tensor("history queries", history[0], (len(query), rounds, h, d))
            check_tensor("history credit", history[1], (len(query), rounds, h, count))
        return torch.linalg.inv(
            gram_matrices(*history, ridge=self.settings.ridge, dtype=query.dtype)
        )

    def _check(
        self,
        request: Tensor,
        mean: Tensor,
        covariance: Tensor,
        pool: Tensor,
        clusters: Tensor,
        excluded: Tensor | None,
    ) -> int:
        s = self.settings
        check_tensor("request", request, ("B", s.embedding_size))
        batch = len(request)
        check_tensor("mean", mean, (batch, s.user_size))
        check_tensor("covariance", covariance, (batch, s.user_size, s.user_size))
        check_tensor("pool", pool, ("N", s.embedding_size))
        count = check_clusters(clusters, len(pool))
        if excluded is not None:
            if excluded.dtype != torch.bool or excluded.shape != (batch, len(pool)):
                raise InputError(f"excluded: must be booleans of shape ({batch}, {len(pool)})")
            if excluded.all(dim=1).any():
                raise InputError("excluded: must leave at least one item in every row")
        return count


def _standard(query: Tensor, keys: Tensor, values: Tensor, excluded: Tensor | None) -> Tensor:
    """Scaled dot-product attention of one query a head: (B, H, v)."""
    rows = len(query)
    attended = nn.functional.scaled_dot_product_attention(
        query.unsqueeze(2),  # (B, H, 1, d)
        keys.transpose(0, 1).expand(rows, -1, -1, -1),  # (B, H, N, d)
        values.transpose(0, 1).expand(rows, -1, -1, -1),
        attn_mask=None if excluded is None else ~excluded[:, None, None, :],
    )
    return attended.squeeze(2)
