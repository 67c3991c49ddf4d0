"""The statistics of the study: from exported tables to results, figures and a report.

As a library: arrays in, result objects out, each with statistic, df, p, effect sizes with
intervals, n, a note, and `.apa()`; power is `study_design`'s, and refuses values with its
`DesignError`. As a program: `python -m analysis report --data DIR --out DIR`.

>>> paired_t([5.0, 4.0, 4.5, 3.0], [4.0, 3.5, 4.5, 2.0]).n
4
"""

from analysis.errors import AnalysisError, ExportError, InputError, ReportError
from analysis.stats.blinding import guess_index
from analysis.stats.choices import bradley_terry, choice_shares, win_probability
from analysis.stats.effects import cohens_dav, cohens_dz, hedges_gz, rank_biserial
from analysis.stats.friedman import friedman
from analysis.stats.mixed import MixedModel, linear_mixed
from analysis.stats.multiplicity import benjamini_hochberg, holm
from analysis.stats.paired import paired_t
from analysis.stats.ranks import sign_test, signed_rank
from analysis.stats.results import Estimate, Interval, TestResult
from analysis.stats.slopes import participant_slopes, slope_test
from study_design import paired_power, smallest_effect

__all__ = [
    "AnalysisError",
    "Estimate",
    "ExportError",
    "InputError",
    "Interval",
    "MixedModel",
    "ReportError",
    "TestResult",
    "benjamini_hochberg",
    "bradley_terry",
    "choice_shares",
    "cohens_dav",
    "cohens_dz",
    "friedman",
    "guess_index",
    "hedges_gz",
    "holm",
    "linear_mixed",
    "paired_power",
    "paired_t",
    "participant_slopes",
    "rank_biserial",
    "sign_test",
    "signed_rank",
    "slope_test",
    "smallest_effect",
    "win_probability",
]
