"""What the protocol promises beside its tests: mixed models, and F1 without further exclusions."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.confirmatory import FamilyResult, confirm_family
from analysis.data.exports import Export
from analysis.data.ratings import Ratings, collect_ratings
from analysis.data.sample import ONLY_INCOMPLETE, draw_sample
from analysis.stats.mixed import MixedModel, linear_mixed
from study_design import families


@dataclass(frozen=True, slots=True)
class MixedResult:
    """The mixed model of one item; `reference` is the arm that the others are compared with."""

    item: str
    reference: str
    model: MixedModel


def mixed_models(export: Export, ratings: Ratings) -> tuple[MixedResult, ...]:
    """One model for each item of the primary comparison, against its comparator."""
    primary = export.protocol.analysis.primary
    return tuple(
        MixedResult(
            item,
            primary.comparator,
            linear_mixed(
                ratings.values[..., ratings.items.index(item)],
                ratings.arms,
                reference=primary.comparator,
            ),
        )
        for item in primary.items
    )


def primary_unexcluded(export: Export) -> FamilyResult:
    """The primary family on everyone who completed every round, no other exclusion applied."""
    ratings = collect_ratings(export, draw_sample(export, ONLY_INCOMPLETE))
    protocol = export.protocol
    return confirm_family(families(protocol)[0], ratings, protocol.analysis.alpha)
