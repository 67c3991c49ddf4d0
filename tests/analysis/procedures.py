"""The procedures that compare two arms, and the arms that the tests compare."""

from __future__ import annotations

from collections.abc import Callable

from analysis import (
    cohens_dav,
    cohens_dz,
    hedges_gz,
    jzs_bayes_factor,
    paired_t,
    rank_biserial,
    sign_test,
    signed_rank,
    tost,
)
from analysis.stats.tidy import Contrast

PAIR: Contrast = {"treatment": "hare", "comparator": "rag"}
PAIRED: dict[str, Callable[..., object]] = {
    "paired_t": paired_t,
    "signed_rank": signed_rank,
    "sign_test": sign_test,
    "tost": lambda *x, **tidy: tost(*x, low=-0.5, high=0.5, **tidy),
    "jzs_bayes_factor": jzs_bayes_factor,
    "cohens_dz": cohens_dz,
    "cohens_dav": cohens_dav,
    "hedges_gz": hedges_gz,
    "rank_biserial": rank_biserial,
}
