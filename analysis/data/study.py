"""An export with the participants who are analysed and their ratings: what everything rests on."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.data.exports import Export
from analysis.data.ratings import Ratings, collect_ratings
from analysis.data.sample import Sample, draw_sample
from study_design import Protocol
from study_design.parts import Exclusions


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """An export, whom of it is analysed, and their ratings."""

    export: Export
    sample: Sample
    ratings: Ratings

    @property
    def protocol(self) -> Protocol:
        return self.export.protocol


def collect(export: Export, rules: Exclusions | None = None) -> Study:
    """Apply exclusion rules, the protocol's unless others are given, and collect the ratings.

    >>> import tempfile
    >>> from analysis.data.exports import read_export
    >>> from analysis.data.synthetic import write_synthetic_export
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = collect(read_export(write_synthetic_export(folder, participants=6)))
    >>> study.sample.n, study.ratings.values.shape
    (6, (6, 10, 3, 4))
    """
    sample = draw_sample(export, rules)
    return Study(export, sample, collect_ratings(export, sample))
