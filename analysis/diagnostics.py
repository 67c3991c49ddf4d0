"""Can the ratings be trusted? Care, reliability, agreement, and what round and slot do to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np
import pandas as pd

from analysis.confirmatory import contrast_label
from analysis.data.exports import Export
from analysis.data.ratings import Ratings, mean_over_rounds
from analysis.data.sample import ONLY_INCOMPLETE, Sample
from analysis.data.study import Study, collect
from analysis.stats.arrays import Array
from analysis.stats.period import Diagnostic, adjusted_together, carry_over, period
from analysis.stats.reliability import IntraclassCorrelation, icc, krippendorff_alpha
from analysis.stats.response_quality import QualityCheck, response_quality
from analysis.stats.results import Estimate
from study_design import families


@dataclass(frozen=True, slots=True)
class Reliability:
    """How well `rounds` rounds measure one thing about a participant.

    what    an arm on an item, or a difference of two arms
    single  of one round, ICC(C,1); mean: of the mean over all rounds, ICC(C,k)
    """

    what: str
    single: IntraclassCorrelation
    mean: IntraclassCorrelation


@dataclass(frozen=True, slots=True)
class Agreement:
    """Krippendorff's alpha between participants, over arm × request."""

    item: str
    units: int
    alpha: Estimate


@dataclass(frozen=True, slots=True)
class Order:
    """The diagnostics of one item: round and slots, what stood to the left, and a round before.

    p-values are adjusted (Benjamini–Hochberg) over the diagnostics of all items together.
    """

    item: str
    place: tuple[Diagnostic, ...]
    after_left: tuple[Diagnostic, ...]
    after_round: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """What speaks for or against the quality of the measurement."""

    care: tuple[QualityCheck, ...]
    reliability: tuple[Reliability, ...]
    agreement: tuple[Agreement, ...]
    order: tuple[Order, ...]


def diagnose(study: Study) -> Diagnostics:
    """Every diagnostic of the analysed participants; empty parts where a study has one round.

    `care` is about everyone who completed, before the exclusions that it may lead to.
    """
    return Diagnostics(
        _care(study.export),
        _reliabilities(study),
        _agreements(study.export, study.sample),
        orders(study.ratings),
    )


def _care(export: Export) -> tuple[QualityCheck, ...]:
    completed = collect(export, ONLY_INCOMPLETE)
    ratings, primary = completed.ratings, export.protocol.analysis.primary
    if ratings.n == 0:
        return ()
    order = np.argsort(ratings.slots, axis=2)  # (participants, rounds, slots)
    shown = np.take_along_axis(ratings.values, order[..., None], axis=2)
    first = ratings.difference(primary.treatment, primary.comparator, primary.items[0])
    return response_quality(
        shown.reshape(ratings.n, ratings.rounds, -1),
        round_seconds(export, completed.sample),
        mean_over_rounds(first),
        exclusions=export.protocol.analysis.exclusions,
    )


def round_seconds(export: Export, sample: Sample) -> Array:
    """(participants, rounds) seconds on each round's page; nan where none were recorded."""
    timings = export.tables["timings"]
    own = timings[timings["participant"].isin(sample.analysed) & timings["round"].between(1, 10**9)]
    own = own.groupby(["participant", "round"], as_index=False)["seconds"].sum()
    table = np.full((sample.n, export.protocol.rounds), np.nan)
    round_ = own["round"].to_numpy(dtype=np.int64) - 1
    table[_codes(sample.analysed, own["participant"]), round_] = own["seconds"].to_numpy()
    return table


def _reliabilities(study: Study) -> tuple[Reliability, ...]:
    ratings = study.ratings
    if ratings.rounds < 2:
        return ()
    tables = {
        contrast_label(contrast): ratings.difference(
            contrast.treatment, contrast.comparator, contrast.item
        )
        for contrast in families(study.protocol)[0].contrasts
    }
    for item in ratings.items:
        tables |= {f"{arm}, {item}": ratings.of(arm, item) for arm in ratings.arms}
    return tuple(
        Reliability(what, icc(table, form="ICC(C,1)"), icc(table, form="ICC(C,k)"))
        for what, table in tables.items()
    )


def _agreements(export: Export, sample: Sample) -> tuple[Agreement, ...]:
    ordinal = []
    for item in export.protocol.items:
        table = by_request(export, sample, item.id)
        alpha = krippendorff_alpha(table, measurement="ordinal")
        ordinal.append(Agreement(item.id, table.shape[1], alpha))
    return tuple(ordinal)


def by_request(export: Export, sample: Sample, item: str) -> Array:
    """(participants, arms × requests) ratings of one item; nan where a participant has none."""
    protocol = export.protocol
    requests = [request.id for request in protocol.requests]
    rows = export.tables["ratings"]
    rows = rows[(rows["item"] == item) & rows["participant"].isin(sample.analysed)]
    table = np.full((sample.n, len(protocol.arms) * len(requests)), np.nan)
    person = _codes(sample.analysed, rows["participant"])
    arm = _codes(protocol.arm_names, rows["arm"])
    unit = arm * len(requests) + _codes(requests, rows["request"])
    table[person, unit] = rows["rating"].to_numpy(dtype=np.float64)
    return table


def _codes(names: Sequence[str], column: pd.Series) -> np.ndarray:
    return pd.Index(list(names)).get_indexer(pd.Index(column))


def orders(ratings: Ratings) -> tuple[Order, ...]:
    """What round, slot and what came before do to each item; empty with one round or nobody."""
    if ratings.rounds < 2 or ratings.n == 0:
        return ()
    parts: list[tuple[Diagnostic, ...]] = []
    for place in range(len(ratings.items)):
        values, slots = ratings.values[..., place], ratings.slots
        parts.append(period(values, slots))
        parts += [carry_over(values, slots, ratings.arms, before=b) for b in ("slot", "round")]
    together = iter(adjusted_together(chain.from_iterable(parts)))
    adjusted = [tuple(islice(together, len(part))) for part in parts]
    return tuple(
        Order(item, *adjusted[3 * place : 3 * place + 3])
        for place, item in enumerate(ratings.items)
    )
