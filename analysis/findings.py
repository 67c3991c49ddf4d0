"""Everything that the analysis of one export finds, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.by_background import BackgroundDifference, background_differences
from analysis.by_request import RequestDifference, request_differences
from analysis.confirmatory import FamilyResult, confirm
from analysis.data.exports import Export
from analysis.data.ratings import Ratings
from analysis.data.sample import Sample
from analysis.data.study import Study, collect
from analysis.diagnostics import Diagnostics, diagnose
from analysis.equivalence import EquivalenceResult, equivalences
from analysis.exploratory import (
    Guess,
    NoDifference,
    Omnibus,
    Preferences,
    Variance,
    guesses,
    no_differences,
    omnibus,
    preferences,
    variances,
)
from analysis.robustness import RobustResult, robust_models
from analysis.secondary import (
    MissingData,
    MixedResult,
    missing_data,
    mixed_models,
    primary_unexcluded,
)
from analysis.sequential import Stage, stage_of
from analysis.verdicts import Verdict, verdicts
from study_design import Protocol


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """The pre-registered results of an export, and what is reported beside them.

    stage   where the study stands, if the protocol plans several looks at the data
    """

    study: Study
    stage: Stage | None
    families: tuple[FamilyResult, ...]
    verdicts: tuple[Verdict, ...]
    by_background: tuple[BackgroundDifference, ...]
    by_request: tuple[RequestDifference, ...]
    unexcluded: FamilyResult
    missing: MissingData
    mixed: tuple[MixedResult, ...]
    robust: tuple[RobustResult, ...]
    omnibus: tuple[Omnibus, ...]
    variances: tuple[Variance, ...]
    preferences: Preferences
    no_differences: tuple[NoDifference, ...]
    equivalences: tuple[EquivalenceResult, ...]
    guesses: tuple[Guess, ...]
    diagnostics: Diagnostics

    @property
    def export(self) -> Export:
        return self.study.export

    @property
    def protocol(self) -> Protocol:
        return self.study.protocol

    @property
    def sample(self) -> Sample:
        return self.study.sample

    @property
    def ratings(self) -> Ratings:
        return self.study.ratings


def analyse(export: Export) -> Findings:
    """Apply the exclusions, run the families and everything that the report describes.

    >>> import tempfile
    >>> from analysis.data.exports import read_export
    >>> from analysis.data.synthetic import write_synthetic_export
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     findings = analyse(read_export(write_synthetic_export(folder, participants=6)))
    >>> [family.name for family in findings.families]
    ['F1', 'F2', 'F3']
    """
    study = collect(export)
    confirmed = confirm(study)
    return Findings(
        study=study,
        stage=stage_of(export),
        families=confirmed,
        verdicts=verdicts(export.protocol, confirmed),
        by_background=background_differences(export, confirmed[0]),
        by_request=request_differences(study, confirmed[0]),
        unexcluded=primary_unexcluded(export),
        missing=missing_data(export),
        mixed=mixed_models(export, study.ratings),
        robust=robust_models(study),
        omnibus=omnibus(study.ratings),
        variances=variances(study.ratings),
        preferences=preferences(export, study.sample),
        no_differences=no_differences(confirmed),
        equivalences=equivalences(confirmed, export.protocol.analysis.equivalence),
        guesses=guesses(export, study.sample),
        diagnostics=diagnose(study),
    )
