"""The secondary model without random effects: least squares and GEE, clustered by participant."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.data.study import Study
from analysis.sequential import stage_of
from analysis.stats.robust_errors import ClusteredModel, clustered_gee, clustered_ols


@dataclass(frozen=True, slots=True)
class RobustResult:
    """The regressions of one item; `reference` is the arm the others are compared with."""

    item: str
    reference: str
    models: tuple[ClusteredModel, ...]


def robust_models(study: Study) -> tuple[RobustResult, ...]:
    """OLS and GEE for each item of the primary comparison, against its comparator.

    None before the first look of a study that plans several.
    """
    stage = stage_of(study.export)
    if stage and stage.too_early:
        return ()
    primary, ratings = study.protocol.analysis.primary, study.ratings
    results = []
    for item in primary.items:
        values = ratings.values[..., ratings.items.index(item)]
        models = tuple(
            fit(values, ratings.arms, reference=primary.comparator)
            for fit in (clustered_ols, clustered_gee)
        )
        results.append(RobustResult(item, primary.comparator, models))
    return tuple(results)
