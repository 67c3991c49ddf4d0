"""What the attention's inputs must be; what they are not is refused by name."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hare.errors import InputError, SettingsError

ALPHA_RULE = "must be >= 0 and finite: a negative strength would avoid what is uncertain"


def check_tensor(name: str, tensor: Tensor, shape: tuple[int | str, ...]) -> None:
    """Refuse a tensor of another shape or with a number that is not finite.

    shape   a size, or a letter where any size will do, e.g. ("B", 384)
    """
    fits = tensor.ndim == len(shape) and all(
        isinstance(wanted, str) or found == wanted
        for wanted, found in zip(shape, tensor.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join(str(size) for size in shape)
        raise InputError(f"{name}: must have shape ({wanted}), not {tuple(tensor.shape)}")
    check_finite(name, tensor)


def check_finite(name: str, tensor: Tensor) -> None:
    """Refuse numbers that are not finite."""
    # One pass over the numbers; only a sum that is not finite asks which of them is not.
    if not torch.isfinite(tensor.sum()) and not torch.isfinite(tensor).all():
        raise InputError(f"{name}: must be finite")


def check_clusters(clusters: Tensor, items: int) -> int:
    """The number of clusters; (N,) integers in 0..C-1 of which every one occurs."""
    if not items:
        raise InputError("pool: must have at least one item")
    if clusters.dtype not in (torch.int32, torch.int64):
        raise InputError(f"clusters: must be int32 or int64, not {clusters.dtype}")
    if clusters.shape != (items,):
        raise InputError(f"clusters: must have shape ({items},), not {tuple(clusters.shape)}")
    if int(clusters.min()) < 0:
        raise InputError("clusters: must be >= 0")
    empty = torch.bincount(clusters) == 0
    if empty.any():
        raise InputError(f"clusters: cluster {int(empty.nonzero()[0])} has no item")
    return len(empty)


def check_alpha(alpha: float | Tensor) -> None:
    """The strength of exploration, a number or a tensor of them, in logit units."""
    if isinstance(alpha, Tensor):
        if not (torch.isfinite(alpha) & (alpha >= 0)).all():
            raise SettingsError("alpha", alpha.tolist(), ALPHA_RULE)
    elif not 0 <= alpha < math.inf:
        raise SettingsError("alpha", alpha, ALPHA_RULE)
