"""The statistics of the study: from exported tables to results, figures and a report.

As a library: arrays or a tidy DataFrame in, result objects out, each with statistic, df, p, effect
sizes with intervals, n, a note, `.apa()` and `.to_frame()`; power is `study_design`'s, and refuses
values with its `DesignError`. As a program: `python -m analysis report --data DIR --out DIR`.

>>> paired_t([5.0, 4.0, 4.5, 3.0], [4.0, 3.5, 4.5, 2.0]).n
4

A tidy DataFrame has one row a rating, in the columns of the export's ratings.csv or in those that
keywords name. A difference is treatment − comparator; rounds are averaged when `mean_over` says so.

>>> import pandas as pd
>>> arms, scores = ["hare", "rag"] * 4, [5, 4, 4, 3, 3, 4, 4, 2]
>>> frame = pd.DataFrame({"participant": [1, 1, 1, 1, 2, 2, 2, 2], "arm": arms, "score": scores})
>>> frame["round"] = [1, 1, 2, 2] * 2
>>> means = {"treatment": "hare", "comparator": "rag", "value": "score", "mean_over": "round"}
>>> paired_t(frame, **means).estimate.value
0.75
"""

from analysis.errors import AnalysisError, ExportError, InputError, ReportError
from analysis.stats.aligned_ranks import aligned_ranks
from analysis.stats.alpha_spending import (
    Boundaries,
    classical_boundaries,
    spend,
    spending_boundaries,
)
from analysis.stats.anova import Anova, AnovaEffect, rm_anova
from analysis.stats.bayes import BayesFactor, jzs_bayes_factor
from analysis.stats.blinding import bang_index, guess_index, james_index
from analysis.stats.choices import (
    Worths,
    bradley_terry,
    choice_shares,
    choice_test,
    plackett_luce,
    win_probability,
)
from analysis.stats.effects import cohens_dav, cohens_dz, hedges_gz, rank_biserial
from analysis.stats.equivalence import tost
from analysis.stats.friedman import friedman
from analysis.stats.imputation import TippingPoint, multiple_imputation, tipping_point
from analysis.stats.marginal_means import MarginalMean, MarginalMeans, emmeans
from analysis.stats.missing import MissingSummary, missing_summary
from analysis.stats.mixed import MixedModel, linear_mixed
from analysis.stats.multiplicity import benjamini_hochberg, hochberg, holm
from analysis.stats.ordinal_mixed import OrdinalModel, ordinal_by_arm, ordinal_mixed
from analysis.stats.paired import paired_t
from analysis.stats.period import Diagnostic, carry_over, period
from analysis.stats.permutation import permutation_test
from analysis.stats.posthoc import Pairwise, PairwiseTests, pairwise_tests
from analysis.stats.power_simulation import LikertStudy, SimulatedPower, power_simulated
from analysis.stats.ranks import sign_test, signed_rank
from analysis.stats.reliability import IntraclassCorrelation, icc, krippendorff_alpha
from analysis.stats.response_quality import QualityCheck, QualityRules, response_quality
from analysis.stats.results import Estimate, Interval, TestResult
from analysis.stats.robust_errors import ClusteredModel, clustered_gee, clustered_ols
from analysis.stats.slope_power import LearningStudy, SlopePower, power_slopes
from analysis.stats.slopes import participant_slopes, slope_test
from study_design import power_paired, smallest_effect

__all__ = [
    "AnalysisError",
    "Anova",
    "AnovaEffect",
    "BayesFactor",
    "Boundaries",
    "ClusteredModel",
    "Diagnostic",
    "Estimate",
    "ExportError",
    "InputError",
    "Interval",
    "IntraclassCorrelation",
    "LearningStudy",
    "LikertStudy",
    "MarginalMean",
    "MarginalMeans",
    "MissingSummary",
    "MixedModel",
    "OrdinalModel",
    "Pairwise",
    "PairwiseTests",
    "QualityCheck",
    "QualityRules",
    "ReportError",
    "SimulatedPower",
    "SlopePower",
    "TestResult",
    "TippingPoint",
    "Worths",
    "aligned_ranks",
    "bang_index",
    "benjamini_hochberg",
    "bradley_terry",
    "carry_over",
    "choice_shares",
    "choice_test",
    "classical_boundaries",
    "clustered_gee",
    "clustered_ols",
    "cohens_dav",
    "cohens_dz",
    "emmeans",
    "friedman",
    "guess_index",
    "hedges_gz",
    "hochberg",
    "holm",
    "icc",
    "james_index",
    "jzs_bayes_factor",
    "krippendorff_alpha",
    "linear_mixed",
    "missing_summary",
    "multiple_imputation",
    "ordinal_by_arm",
    "ordinal_mixed",
    "paired_t",
    "pairwise_tests",
    "participant_slopes",
    "period",
    "permutation_test",
    "plackett_luce",
    "power_paired",
    "power_simulated",
    "power_slopes",
    "rank_biserial",
    "response_quality",
    "rm_anova",
    "sign_test",
    "signed_rank",
    "slope_test",
    "smallest_effect",
    "spend",
    "spending_boundaries",
    "tipping_point",
    "tost",
    "win_probability",
]
