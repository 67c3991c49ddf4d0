"""How probable a language model finds texts: perplexity, bits per byte, nats a document.

From the token costs −log p(y_t | y_<t, condition) in nats,

    perplexity    = exp( Σ nats / tokens ),
    bits per byte = Σ nats / (log 2 · bytes of the UTF-8 text).

Perplexity depends on the tokenizer, bits per byte does not: it compares models of different
vocabularies (Gao et al. 2020, The Pile, section 3.1). Both average over every token, most of which
the context alone decides; what a condition adds shows in the nats of whole documents, so report
these too. Sums run over all documents: a long one counts for more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from numpy.typing import ArrayLike

from hare.errors import InputError
from hare.metrics.checks import Array, check_texts, numbers


@dataclass(frozen=True, slots=True)
class Likelihood:
    """What a set of documents costs a model.

    nats       the sum of −log p over all tokens
    tokens     how many were predicted
    size       bytes of the texts in UTF-8
    documents  how many
    """

    nats: float
    tokens: int
    size: int
    documents: int

    @property
    def perplexity(self) -> float:
        """>= 1; infinite where it is beyond the range of a float."""
        try:
            return math.exp(self.nats / self.tokens)
        except OverflowError:
            return math.inf

    @property
    def bits_per_byte(self) -> float:
        return self.nats / (math.log(2) * self.size)

    @property
    def nats_per_document(self) -> float:
        return self.nats / self.documents


def likelihood(token_nats: Sequence[ArrayLike], texts: Sequence[str]) -> Likelihood:
    """Add up what each document's tokens cost.

    token_nats   for each text (T_i,) values of −log p >= 0 in nats, T_i >= 1; padding left out
    texts        the texts that were scored, without prompt; not blank

    The end token, where it is scored, counts as a token of no bytes: score it for all models or
    for none. InputError for other lengths, negative or not finite values, and blank texts.

    >>> import math
    >>> measured = likelihood([[math.log(2)] * 8], ["12345678"])
    >>> round(measured.perplexity, 6), round(measured.bits_per_byte, 6)
    (2.0, 1.0)
    """
    listed = check_texts("texts", texts)
    if len(token_nats) != len(listed):
        raise InputError(f"token_nats: {len(token_nats)} documents, but {len(listed)} texts")
    costs = [_document(k, values) for k, values in enumerate(token_nats)]
    return Likelihood(
        nats=math.fsum(float(cost.sum()) for cost in costs),
        tokens=sum(len(cost) for cost in costs),
        size=sum(len(text.encode()) for text in listed),
        documents=len(listed),
    )


def _document(k: int, values: ArrayLike) -> Array:
    name = f"token_nats[{k}]"
    cost = numbers(name, values)
    if cost.ndim != 1 or not len(cost):
        raise InputError(f"{name}: must be (T,) with T >= 1, not of the shape {cost.shape}")
    if cost.min() < 0:
        raise InputError(f"{name}: must be >= 0, for it is −log of a probability")
    return cost
