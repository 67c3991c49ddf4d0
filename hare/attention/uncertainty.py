"""How uncertain is the attention, and about what.

For a query q ~ N(mu, S) and a cluster whose parameter is theta_j ~ N(theta_hat_j, Lambda_j^-1), the
logit theta_j'q / sqrt(d_k) has variance

    (mu' Lambda_j^-1 mu + tr(S Lambda_j^-1) + theta_hat_j' S theta_hat_j) / d_k,

and U_j is its square root: what the cluster was not asked for yet, and what is not known of the
user.
"""

from __future__ import annotations

import torch
from torch import Tensor


def cubature_points(mean: Tensor, covariance: Tensor) -> Tensor:
    """The 2p points of the third-degree spherical cubature rule (Arasaratnam and Haykin 2009).

    mean (B, p), covariance (B, p, p) positive semi-definite; returns (B, 2p, p), equal weights.
    Their mean and covariance are the given ones.
    """
    p = mean.shape[-1]
    values, vectors = torch.linalg.eigh(covariance)
    root = vectors * values.clamp(min=0).sqrt().unsqueeze(-2)  # (B, p, p), root root' = covariance
    offsets = root.transpose(-1, -2) * p**0.5  # row i is sqrt(p) * root e_i
    return mean.unsqueeze(-2) + torch.cat([offsets, -offsets], dim=-2)


def logit_deviation(mean: Tensor, covariance: Tensor, gram: Tensor, centroids: Tensor) -> Tensor:
    """U_j, the standard deviation of each cluster's logit.

    mean (B, H, d) and covariance (B, H, d, d) of the query; gram (B, H, C, d, d) positive definite;
    centroids (H, C, d), the clusters' mean keys. Returns (B, H, C).
    """
    inverse = torch.linalg.inv(gram)
    asked = torch.einsum("bhd,bhcde,bhe->bhc", mean, inverse, mean)
    user = torch.einsum("bhde,bhced->bhc", covariance, inverse)
    taste = torch.einsum("hcd,bhde,hce->bhc", centroids, covariance, centroids)
    return ((asked + user + taste).clamp(min=0) / mean.shape[-1]).sqrt()


def gram_matrices(queries: Tensor, credit: Tensor, ridge: float, dtype: torch.dtype) -> Tensor:
    """Lambda_j = ridge I + sum_t a_tj^2 q_t q_t'.

    queries (B, T, H, d), credit (B, T, H, C) attention by cluster; returns (B, H, C, d, d).
    The information about a cluster grows with the square of its attention, not with the attention.
    """
    d = queries.shape[-1]
    outer = torch.einsum("bthc,bthd,bthe->bhcde", credit.square(), queries, queries)
    return outer.to(dtype) + ridge * torch.eye(d, dtype=dtype)


def entropy(weights: Tensor) -> Tensor:
    """Shannon entropy in nats over the last dimension."""
    return torch.special.entr(weights).sum(dim=-1)
