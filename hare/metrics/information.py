"""The entropy triple of an attention over items whose user is uncertain.

With weights A_u for each user u that one may be, and Ā = E_u[A_u],

    H(Ā) = E_u[H(A_u)] + I(item; user).

H(Ā) is how open the choice is; E_u[H(A_u)] is the part that would remain were the user known; the
mutual information I, which is also the mean divergence KL(A_u ‖ Ā), is what knowing the user would
tell (Houlsby et al. 2011, BALD). Under exact Bayes I and H(Ā) fall in expectation, not on every
path.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr, rel_entr

from hare.errors import InputError
from hare.metrics.checks import Array, numbers

_TOLERANCE = 1e-4  # single precision over a large pool


@dataclass(frozen=True, eq=False)
class EntropyTriple:
    """In nats, each of the shape (...).

    entropy       H(Ā), 0 to log N
    expected      E_u[H(A_u)], 0 to H(Ā)
    information   I(item; user) = H(Ā) − E_u[H(A_u)], >= 0
    """

    entropy: Array
    expected: Array
    information: Array


def entropy_triple(weights: ArrayLike, probabilities: ArrayLike | None = None) -> EntropyTriple:
    """The triple of weights (..., S, N): S users that one may be, N items.

    probabilities   (S,) of the users; equal when None

    Rows must be probabilities to within 1e-4 (single precision); they are scaled to add up to 1.

    >>> triple = entropy_triple([[1.0, 0.0], [0.0, 1.0]])
    >>> float(triple.entropy), float(triple.expected), float(triple.information)
    (0.6931471805599453, 0.0, 0.6931471805599453)
    """
    rows = numbers("weights", weights)
    if rows.ndim < 2 or 0 in rows.shape:
        raise InputError(f"weights: must be (..., S, N), not of the shape {rows.shape}")
    rows = _distributions("weights", rows)
    users = rows.shape[-2]
    prior = np.full(users, 1 / users)
    if probabilities is not None:
        prior = numbers("probabilities", probabilities)
        if prior.shape != (users,):
            raise InputError(f"probabilities: must be ({users},) like weights, not {prior.shape}")
        prior = _distributions("probabilities", prior)
    mean = np.einsum("s,...sn->...n", prior, rows)
    divergence = rel_entr(rows, np.broadcast_to(mean[..., None, :], rows.shape)).sum(axis=-1)
    # Where a user's probability is 0 the mean may lack its items: it counts for nothing.
    information = np.where(prior > 0, divergence, 0.0) @ prior
    expected = entr(rows).sum(axis=-1) @ prior
    return EntropyTriple(
        entropy=entr(mean).sum(axis=-1),
        expected=expected,
        information=np.maximum(information, 0.0),
    )


def _distributions(name: str, rows: Array) -> Array:
    totals = rows.sum(axis=-1, keepdims=True)
    if rows.min() < 0 or np.abs(totals - 1).max() > _TOLERANCE:
        raise InputError(f"{name}: must be >= 0 and add up to 1")
    return rows / totals
