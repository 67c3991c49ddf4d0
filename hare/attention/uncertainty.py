"""How uncertain is the attention, and about what.

For a query q ~ N(mu, S) and a cluster whose parameter is theta_j ~ N(theta_hat_j, Lambda_j^-1), the
logit theta_j'q / sqrt(d_k) has variance

    (mu' Lambda_j^-1 mu + tr(S Lambda_j^-1) + theta_hat_j' S theta_hat_j) / d_k,

and U_j is its square root: what the cluster was not asked for yet, and what is not known of the
user. The first two terms are the cluster's, the third is the user's.
"""

from __future__ import annotations

import torch
from torch import Tensor


def logit_deviation(mean: Tensor, covariance: Tensor, gram: Tensor, centroids: Tensor) -> Tensor:
    """U_j, the standard deviation of each cluster's logit.

    mean (B, H, d) and covariance (B, H, d, d) of the query; gram (B, H, C, d, d) positive definite;
    centroids (H, C, d), the clusters' mean keys. Returns (B, H, C).
    """
    return deviations(mean, covariance, torch.linalg.inv(gram), centroids)[0]


def deviations(
    mean: Tensor, covariance: Tensor, inverse: Tensor, centroids: Tensor
) -> tuple[Tensor, Tensor]:
    """U_j, and the part of it that knowing the user would leave: the cluster's own.

    As `logit_deviation`, with inverse (B, H, C, d, d) = Lambda_j^-1; each (B, H, C).
    """
    size = mean.shape[-1]
    asked = torch.einsum("bhd,bhcde,bhe->bhc", mean, inverse, mean)
    user = torch.einsum("bhde,bhced->bhc", covariance, inverse)
    taste = torch.einsum("hcd,bhde,hce->bhc", centroids, covariance, centroids)
    own = asked + user
    return _root(own + taste, size), _root(own, size).expand(*taste.shape)


def pooled_deviation(
    query: Tensor, inverse: Tensor, spread: Tensor | None = None, centroids: Tensor | None = None
) -> Tensor:
    """U_j of one query in two products, for many clusters: tr((qq' + S) Lambda_j^-1) in one pass.

    query (H, d), inverse (H, C, d, d), spread S (H, d, d) with centroids (H, C, d), or neither for
    a certain user; returns (H, C).
    """
    heads, count, size, _ = inverse.shape
    second = query.unsqueeze(-1) * query.unsqueeze(-2)
    if spread is not None:
        second = second + spread
    # Matrix times vector a head: torch's batched product takes twice as long here.
    flat = inverse.reshape(heads, count, size * size)
    variance = torch.stack([torch.mv(flat[h], second[h].flatten()) for h in range(heads)])
    if spread is not None and centroids is not None:
        variance = variance + ((centroids @ spread) * centroids).sum(dim=-1)
    return _root(variance, size)


def gram_matrices(queries: Tensor, credit: Tensor, ridge: float, dtype: torch.dtype) -> Tensor:
    """Lambda_j = ridge I + sum_t a_tj^2 q_t q_t'.

    queries (B, T, H, d), credit (B, T, H, C) attention by cluster; returns (B, H, C, d, d).
    The information about a cluster grows with the square of its attention, not with the attention.
    """
    d = queries.shape[-1]
    outer = torch.einsum("bthc,bthd,bthe->bhcde", credit.square(), queries, queries)
    return outer.to(dtype) + ridge * torch.eye(d, dtype=dtype, device=outer.device)


def entropy(weights: Tensor) -> Tensor:
    """Shannon entropy in nats over the last dimension; its gradient is 0 where a weight is 0."""
    return torch.special.entr(torch.where(weights > 0, weights, 1.0)).sum(dim=-1)


def _root(variance: Tensor, size: int) -> Tensor:
    return (variance.clamp(min=0) / size).sqrt()
