"""A feature map for texts that come in kinds: what a text's kind tells, averaged over its kinds.

Texts whose factors are alike form a kind (k-means, Lloyd 1982); multinomial logistic regression
says how probable each kind is given an embedding; the features are the expected factors. Where
texts do come in kinds this is the conditional mean of the factors, which a linear map only
approximates: that one has to trade the inside of a kind against the steps between kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from scipy.special import softmax

from hare.errors import InputError, SettingsError
from hare.user_state.features import Array, Factors


@dataclass(frozen=True, slots=True, eq=False)
class KindMap:
    """Embeddings to features.

    weights     (e, c) and intercept (c,) of the logits of c kinds
    factors     (c, p + 1) of the kinds, the last column the appeal to everyone
    scale       logits for one unit of the population's utilities
    """

    weights: Array
    intercept: Array
    factors: Array
    scale: float

    @property
    def size(self) -> int:
        """p, the dimension of the user state."""
        return self.factors.shape[1] - 1

    def probabilities(self, embeddings: Array) -> Array:
        """(n, e) embeddings to (n, c) probabilities of the kinds."""
        if embeddings.ndim != 2 or embeddings.shape[1] != self.weights.shape[0]:
            raise InputError(
                f"embeddings of shape {embeddings.shape}: must be (n, {self.weights.shape[0]})"
            )
        return softmax(embeddings @ self.weights + self.intercept, axis=1)

    def __call__(self, embeddings: Array) -> Array:
        """(n, e) embeddings to (n, p + 1) features; the last column does not depend on the user."""
        return self.probabilities(embeddings) @ self.factors


def classify(
    embeddings: Array, factors: Factors, kinds: int, penalty: float = 0.01, seed: int = 0
) -> KindMap:
    """Find the kinds in the factors, and learn to tell them by embedding.

    embeddings   (n, e) of the texts
    kinds        c, in 2..number of texts with different factors
    penalty      ridge penalty of the logistic regression, > 0
    """
    from sklearn.cluster import KMeans
    from sklearn.linear_model import LogisticRegression

    targets = factors.targets
    if not (np.isfinite(penalty) and penalty > 0):
        raise SettingsError("penalty", penalty, "must be finite and > 0")
    if embeddings.ndim != 2 or len(embeddings) != len(targets):
        raise InputError(f"embeddings {embeddings.shape}: must be ({len(targets)}, e)")
    if not (np.isfinite(embeddings).all() and np.isfinite(targets).all()):
        raise InputError("embeddings and factors must be finite")
    distinct = len(np.unique(targets.round(9), axis=0))
    if not 2 <= kinds <= distinct:
        raise SettingsError("kinds", kinds, f"must be in 2..{distinct}")
    labels = KMeans(kinds, n_init=cast(Any, 4), random_state=seed).fit_predict(targets)
    centres = np.stack([targets[labels == k].mean(axis=0) for k in range(kinds)])
    fitted = LogisticRegression(C=1.0 / penalty, max_iter=2000).fit(embeddings, labels)
    weights, intercept = np.asarray(fitted.coef_).T, np.asarray(fitted.intercept_)
    if kinds == 2:  # scikit-learn then gives the logit of the second kind alone
        weights = np.column_stack([np.zeros(len(weights)), weights[:, 0]])
        intercept = np.array([0.0, intercept[0]])
    return KindMap(weights, intercept, centres, factors.scale)
