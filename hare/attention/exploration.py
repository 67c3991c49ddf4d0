"""From what is believed of the logits to weights: how attention or a bandit explores.

    cubature      mean over users of softmax(l(u) + alpha (U_j - U_bar)): optimism inside the logits
    thompson      softmax of one joint draw of the logits, its deviation scaled by alpha
    gumbel        softmax(mu + alpha U_j g_j), g_j standard Gumbel (their mean .577 is a bonus too)
    temperature   softmax(mu / tau), tau^2 = 1 + (pi / 8) v, v the items' mean variance
    none          softmax(mu)

mu is the mean logit, U_j the deviation of cluster j's logit, alpha in logit units (thompson and
gumbel: in deviations). temperature and none take no alpha. A bonus that is equal for all clusters
does nothing, so one cluster alone is never explored. Flattening is not exploration: temperature
raises the entropy with the doubt and still prefers what is known to be best.

The same functions serve items chosen one at a time (`linear_belief`, each item a cluster of its
own; take the argmax of the weights, or draw from them) and the pool's attention.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from hare.attention.checks import check_alpha, check_finite
from hare.attention.quadrature import Rule, user_points
from hare.attention.uncertainty import entropy
from hare.errors import InputError, SettingsError

Mode = Literal["cubature", "thompson", "gumbel", "temperature", "none"]
MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass(frozen=True, slots=True)
class Exploration:
    """How to explore."""

    mode: Mode = "cubature"
    points: Rule = "cubature"  # the users that are averaged over

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise SettingsError("mode", self.mode, f"must be one of {', '.join(MODES)}")
        if self.points not in get_args(Rule):
            raise SettingsError(
                "points", self.points, f"must be one of {', '.join(get_args(Rule))}"
            )


@dataclass(frozen=True, slots=True, eq=False)
class LogitBelief:
    """What is known of N logits, before any softmax.

    points          (..., M, N) the logits for M equally likely users; their spread over M is the
                    logits' joint covariance through the user
    deviation       (..., C) U_j, standard deviation of a cluster's logit from every source
    clusters        (N,) the cluster of each item; None: every item is a cluster of its own, C = N
    own_deviation   (..., C) the part of U_j that knowing the user would leave; None: nothing
    """

    points: Tensor
    deviation: Tensor
    clusters: Tensor | None = None
    own_deviation: Tensor | None = None

    def __post_init__(self) -> None:
        items = self.points.shape[-1] if self.points.ndim > 1 else 0
        if not items:
            raise InputError("points: must have shape (..., M, N) with N >= 1")
        if self.clusters is None and self.deviation.shape[-1] != items:
            raise InputError(f"deviation: must have {items} columns, one an item, without clusters")
        if self.clusters is not None and self.clusters.shape != (items,):
            raise InputError(f"clusters: must have shape ({items},)")
        check_finite("points", self.points)
        check_finite("deviation", self.deviation)

    def by_item(self, by_cluster: Tensor) -> Tensor:
        """(..., C) to (..., N)."""
        return by_cluster if self.clusters is None else by_cluster[..., self.clusters]


@dataclass(frozen=True, slots=True, eq=False)
class Weighing:
    """The result.

    weights      (..., N) what is played; sums to 1
    given_user   (..., M, N) the weights were the user known to be each of the M; with the bonus
                 in mode cubature, whose weights are their mean, and without exploration in others
    """

    weights: Tensor
    given_user: Tensor


def linear_belief(
    features: Tensor, mean: Tensor, covariance: Tensor, rule: Rule = "cubature"
) -> LogitBelief:
    """The belief about l = features @ u, u ~ N(mean, covariance): a linear bandit's.

    features (..., N, p), mean (..., p), covariance (..., p, p), symmetric and positive
    semi-definite; anything else is refused by name.
    """
    check_finite("features", features)
    check_finite("mean", mean)
    check_finite("covariance", covariance)
    variance = ((features @ covariance) * features).sum(dim=-1)
    points = user_points(mean, covariance, rule) @ features.transpose(-1, -2)
    return LogitBelief(points, variance.clamp(min=0).sqrt())


def weigh(
    belief: LogitBelief,
    mode: Mode = "cubature",
    alpha: float | Tensor = 1.0,
    generator: torch.Generator | None = None,
    excluded: Tensor | None = None,
) -> Weighing:
    """Weights of the items under a mode of exploration.

    alpha       a number, or a tensor that broadcasts against (..., C)
    generator   needed by thompson and gumbel. The first leading dimension counts requests; along
                the others (heads) the drawn user is the same
    excluded    broadcasts against (..., N), true where an item must get no weight
    """
    check_alpha(alpha)
    if mode not in MODES:
        raise SettingsError("mode", mode, f"must be one of {', '.join(MODES)}")
    points = belief.points
    if mode == "cubature":
        u = belief.deviation
        bonus = belief.by_item(alpha * (u - u.mean(dim=-1, keepdim=True)))
        given = _softmax(points + bonus.unsqueeze(-2), excluded, by_user=True)
        return Weighing(given.mean(dim=-2), given)
    mean = points.mean(dim=-2)
    if mode == "temperature":
        variance = belief.by_item(belief.deviation).square().mean(dim=-1, keepdim=True)
        logits = mean / (1 + math.pi / 8 * variance).sqrt()
    elif mode == "none":
        logits = mean
    elif generator is None:
        raise InputError(f"generator: mode {mode!r} draws, so it needs a torch.Generator")
    elif mode == "thompson":
        logits = mean + _thompson(belief, mean, alpha, generator)
    else:
        uniform = torch.rand(belief.deviation.shape, generator=generator, dtype=points.dtype)
        tiny = torch.finfo(points.dtype).tiny
        gumbel = -(-uniform.clamp(min=tiny).log()).clamp(min=tiny).log()
        logits = mean + belief.by_item(alpha * belief.deviation * gumbel)
    return Weighing(_softmax(logits, excluded), _softmax(points, excluded, by_user=True))


def information(given_user: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """H(A_bar), E[H(A_u)] and their difference I(item; u) >= 0, in nats.

    given_user (..., M, N) as in `Weighing`; each result (...,). Under exact Bayes H(A_bar) and I
    fall from round to round in expectation, not along every path.
    """
    total = entropy(given_user.mean(dim=-2))
    expected = entropy(given_user).mean(dim=-1)
    return total, expected, (total - expected).clamp(min=0)


def _thompson(
    belief: LogitBelief, mean: Tensor, alpha: float | Tensor, generator: torch.Generator
) -> Tensor:
    """What one draw of the user and of the clusters' parameters adds to the mean logits."""
    points, count = belief.points, belief.points.shape[-2]
    lead = points.shape[:-2]
    one_user = (*lead[:1], *(1 for _ in lead[1:]), 1, count)
    draw = torch.randn(one_user, generator=generator, dtype=points.dtype) / count**0.5
    # A normal mixture of the points' offsets has exactly the points' covariance.
    shift = (draw @ (points - mean.unsqueeze(-2))).squeeze(-2)  # (..., N)
    scale = belief.by_item(alpha * torch.ones_like(belief.deviation))
    shift = scale * shift
    if belief.own_deviation is not None:
        own = belief.own_deviation
        noise = torch.randn(own.shape, generator=generator, dtype=own.dtype)
        shift = shift + belief.by_item(alpha * own * noise)
    return shift


def _softmax(logits: Tensor, excluded: Tensor | None, by_user: bool = False) -> Tensor:
    if excluded is not None:
        hidden = excluded.unsqueeze(-2) if by_user else excluded
        logits = logits.masked_fill(hidden, float("-inf"))
    return logits.softmax(dim=-1)
