"""Attention of one query over a large pool, 10^5 to 10^6 items, whose keys and values are kept.

    z_h = softmax( q_h K_h' / sqrt(d_k) + alpha_h (U_hj - U_bar_h) ) V_h

The bonus is known by cluster: C numbers a head, gathered to the items and added to the logits, so
that the pool is read once, as without a bonus. Of a single query the two products, with the keys
and with the values, take less time than torch's fused attention with the bonus as its bias (2.9 ms
for 3.4 on one core, 100,000 items of 64 numbers), so they are used. With `offsets` the weights
are averaged over who the user may be, 2R users that stand in mirrored pairs, all with the same
bias. The same numbers as `PoolAttention`, without its weights and entropies.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hare.attention.checks import check_alpha, check_clusters, check_tensor
from hare.attention.cross_attention import PoolAttention
from hare.attention.uncertainty import pooled_deviation
from hare.errors import InputError

FARTHEST = 30.0  # a user may move a logit so far before exp(l) and exp(k'o) are kept together


@dataclass(frozen=True, slots=True, eq=False)
class PoolIndex:
    """What is computed once for a pool; every array is contiguous by head.

    keys        (H, N, d)
    values      (H, N, v)
    clusters    (N,) int32, in 0..C-1
    centroids   (H, C, d) the clusters' mean keys
    longest     (H,) the greatest norm of a key
    """

    keys: Tensor
    values: Tensor
    clusters: Tensor
    centroids: Tensor
    longest: Tensor


def index_pool(keys: Tensor, values: Tensor, clusters: Tensor) -> PoolIndex:
    """The index of keys (H, N, d) and values (H, N, v) in clusters (N,), all of them occupied."""
    check_tensor("keys", keys, ("H", "N", "d"))
    heads, items, _ = keys.shape
    check_tensor("values", values, (heads, items, "v"))
    count = check_clusters(clusters, items)
    sums = keys.new_zeros(heads, count, keys.shape[-1]).index_add_(1, clusters, keys)
    sizes = torch.bincount(clusters).to(keys.dtype)
    return PoolIndex(
        keys.contiguous(),
        values.contiguous(),
        clusters.to(torch.int32).contiguous(),
        sums / sizes.unsqueeze(-1),
        torch.linalg.vector_norm(keys, dim=-1).amax(dim=-1),
    )


def index_for(attention: PoolAttention, pool: Tensor, clusters: Tensor) -> PoolIndex:
    """The index of a pool's texts, (N, e), as a trained attention sees them."""
    s = attention.settings
    keys = attention.keys(pool).view(-1, s.heads, s.key_size).transpose(0, 1)
    values = attention.values(pool).view(-1, s.heads, s.value_size).transpose(0, 1)
    return index_pool(keys, values, clusters)


def attend(
    index: PoolIndex,
    query: Tensor,  # (H, d), at the user's mean
    inverse: Tensor | None = None,  # (H, C, d, d) Lambda_j^-1 in the keys' type; None: no bonus
    alpha: float | Tensor = 1.0,  # one number, or (H,) one a head
    spread: Tensor | None = None,  # (H, d, d) S = W_u P W_u', the doubt about the query
    offsets: Tensor | None = None,  # (R, H, d) the 2R users' queries are query +- offset
) -> Tensor:
    """z, (H, v). Without bonus and offsets this is torch's scaled dot-product attention itself.

    spread alone is the plug-in: the user's doubt widens U_j, and the weights are the mean user's.
    `PoolAttention.queries` gives query, spread and, for user_points, the users' queries: offsets
    are the first half of them less the query.
    """
    heads, _, size = index.keys.shape
    check_tensor("query", query, (heads, size))
    bias = None if inverse is None else _bias(index, query, inverse, alpha, spread)
    if offsets is None:
        if bias is None:
            return _standard(index, query.unsqueeze(1), None)[:, 0]
        parts = zip(_logits(index, query, bias), index.values, strict=True)
        return torch.stack([logits.softmax(dim=0) @ values for logits, values in parts])
    check_tensor("offsets", offsets, ("R", heads, size))
    farthest = torch.linalg.vector_norm(offsets, dim=-1).amax(dim=0) * index.longest / size**0.5
    if (farthest > FARTHEST).any():
        users = torch.cat([query + offsets, query - offsets]).transpose(0, 1)  # (H, 2R, d)
        return _standard(index, users, bias).mean(dim=1)
    moved = offsets.permute(1, 2, 0) / size**0.5  # (H, d, R)
    heads_of = zip(_logits(index, query, bias), index.keys, index.values, moved, strict=True)
    return torch.stack([_mirrored(*head) for head in heads_of])


def _logits(index: PoolIndex, query: Tensor, bias: Tensor | None) -> list[Tensor]:
    """The mean user's logits, (N,) one a head."""
    scaled = query / query.shape[-1] ** 0.5
    if bias is None:
        return [keys @ q for keys, q in zip(index.keys, scaled, strict=True)]
    return [torch.addmv(*head) for head in zip(bias, index.keys, scaled, strict=True)]


def _standard(index: PoolIndex, asked: Tensor, bias: Tensor | None) -> Tensor:
    """Attention of M queries a head, (H, M, d), with one bias (H, N) for all: (H, M, v)."""
    mask = None if bias is None else bias[None, :, None].expand(-1, -1, asked.shape[1], -1)
    return nn.functional.scaled_dot_product_attention(
        asked[None], index.keys[None], index.values[None], attn_mask=mask
    )[0]


def _mirrored(logits: Tensor, keys: Tensor, values: Tensor, moved: Tensor) -> Tensor:
    """One head's average over users whose logits are l +- K o, (v,); moved (d, R) has the o.

    exp(l +- k'o) = exp(l) exp(k'o)^{+-1}: half of the products and exponentials, and the values are
    read once, for the mean weights.
    """
    mean = (logits - logits.max()).exp()  # (N,)
    plus = (keys @ moved).exp()  # (N, R)
    minus = plus.reciprocal()
    weights = plus @ (mean @ plus).reciprocal() + minus @ (mean @ minus).reciprocal()
    return (weights * mean / (2 * moved.shape[-1])) @ values


def bonus(
    index: PoolIndex, query: Tensor, inverse: Tensor, alpha: float | Tensor, spread: Tensor | None
) -> Tensor:
    """alpha (U_j - U_bar), (H, C)."""
    u = pooled_deviation(query, inverse, spread, None if spread is None else index.centroids)
    strength = alpha.view(-1, 1) if isinstance(alpha, Tensor) else alpha
    return strength * (u - u.mean(dim=-1, keepdim=True))


def _bias(
    index: PoolIndex, query: Tensor, inverse: Tensor, alpha: float | Tensor, spread: Tensor | None
) -> Tensor:
    check_alpha(alpha)
    heads, count, size = index.centroids.shape
    shape = (heads, count, size, size)
    if inverse.shape != shape or inverse.dtype != index.keys.dtype:
        raise InputError(
            f"inverse: must be {index.keys.dtype} of shape {shape}, "
            f"not {inverse.dtype} of shape {tuple(inverse.shape)}"
        )
    if spread is not None:
        check_tensor("spread", spread, (heads, size, size))
    by_cluster = bonus(index, query, inverse, alpha, spread)
    if not torch.isfinite(by_cluster).all():
        raise InputError("inverse: must be finite")
    return by_cluster.index_select(1, index.clusters)  # (H, N)
