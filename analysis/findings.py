"""Everything that the analysis of one export finds, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.confirmatory import FamilyResult, confirm
from analysis.data.exports import Export
from analysis.data.ratings import Ratings, collect_ratings
from analysis.data.sample import Sample, draw_sample
from analysis.exploratory import (
    Guess,
    Omnibus,
    Preferences,
    guesses,
    omnibus,
    preferences,
)
from analysis.secondary import MixedResult, mixed_models, primary_unexcluded


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """The pre-registered results of an export, and what is reported beside them."""

    export: Export
    sample: Sample
    ratings: Ratings
    families: tuple[FamilyResult, ...]
    unexcluded: FamilyResult
    mixed: tuple[MixedResult, ...]
    omnibus: tuple[Omnibus, ...]
    preferences: Preferences
    guesses: tuple[Guess, ...]


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
    sample = draw_sample(export)
    ratings = collect_ratings(export, sample)
    return Findings(
        export=export,
        sample=sample,
        ratings=ratings,
        families=confirm(export.protocol, ratings),
        unexcluded=primary_unexcluded(export),
        mixed=mixed_models(export, ratings),
        omnibus=omnibus(ratings),
        preferences=preferences(export, sample),
        guesses=guesses(export, sample),
    )
