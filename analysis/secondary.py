"""What the protocol promises beside its tests: mixed models, and F1 under other choices.

The linear mixed model is secondary, the ordinal one its robustness check. The sensitivity analyses
repeat the primary family on everyone who completed, and with missing rounds imputed under MAR.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.confirmatory import FamilyResult, confirm_family, contrast_label
from analysis.data.exports import Export
from analysis.data.ratings import Ratings, collect_ratings
from analysis.data.sample import ONLY_INCOMPLETE, draw_sample
from analysis.data.study import collect
from analysis.sequential import stage_of
from analysis.stats.imputation import TippingPoint, multiple_imputation, tipping_point
from analysis.stats.missing import MissingSummary, missing_summary
from analysis.stats.mixed import MixedModel, linear_mixed
from analysis.stats.ordinal_mixed import OrdinalModel, ordinal_by_arm
from analysis.stats.results import TestResult
from study_design import families


@dataclass(frozen=True, slots=True)
class MixedResult:
    """The two mixed models of one item; `reference` is the arm the others are compared with."""

    item: str
    reference: str
    model: MixedModel
    ordinal: OrdinalModel


@dataclass(frozen=True, slots=True)
class Imputed:
    """A primary contrast with missing rounds imputed, and how far they may be off until it tips."""

    label: str
    test: TestResult
    tipping: TippingPoint


@dataclass(frozen=True, slots=True)
class MissingData:
    """Who rated what among everyone whom no other rule excludes, and F1 with the rest imputed."""

    summary: MissingSummary
    imputed: tuple[Imputed, ...]


def mixed_models(export: Export, ratings: Ratings) -> tuple[MixedResult, ...]:
    """Both models for each item of the primary comparison, against its comparator.

    Participants and requests are random, as both are samples of those that there could be.

    None before the first look of a study that plans several.
    """
    primary = export.protocol.analysis.primary
    results = []
    for item in () if _too_early(export) else primary.items:
        values = ratings.values[..., ratings.items.index(item)]
        reference, requests = primary.comparator, ratings.requests
        linear = linear_mixed(values, ratings.arms, reference=reference, requests=requests)
        ordinal = ordinal_by_arm(values, ratings.arms, reference=reference, requests=requests)
        results.append(MixedResult(item, reference, linear, ordinal))
    return tuple(results)


def primary_unexcluded(export: Export) -> FamilyResult:
    """The primary family on everyone who completed every round, no other exclusion applied."""
    ratings = collect_ratings(export, draw_sample(export, ONLY_INCOMPLETE))
    protocol = export.protocol
    return confirm_family(families(protocol)[0], ratings, protocol.analysis.alpha, stage_of(export))


def missing_data(export: Export) -> MissingData:
    """The missing rounds of everyone with at least one, and the primary contrasts under MAR.

    No contrast before the first look of a study that plans several.
    """
    protocol = export.protocol
    rules = protocol.analysis.exclusions.model_copy(update={"complete_rounds": False})
    ratings = collect(export, rules).ratings
    imputed = []
    for contrast in () if _too_early(export) else families(protocol)[0].contrasts:
        values = ratings.difference(contrast.treatment, contrast.comparator, contrast.item)
        scale = protocol.item(contrast.item).scale
        tipping = TippingPoint(None, (), "nothing is missing")
        if np.isnan(values).any():
            tipping = tipping_point(
                values, alpha=protocol.analysis.alpha, largest=float(scale.high - scale.low)
            )
        imputed.append(Imputed(contrast_label(contrast), multiple_imputation(values), tipping))
    return MissingData(missing_summary(ratings.values), tuple(imputed))


def _too_early(export: Export) -> bool:
    stage = stage_of(export)
    return stage is not None and bool(stage.too_early)
