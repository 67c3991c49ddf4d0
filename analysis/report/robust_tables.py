"""Tables beside the models: cluster-robust regressions, and normal quantiles of what t tests take.

The quantiles are those of statsmodels' ProbPlot: of the i-th of n values, that at i / (n + 1).
"""

from __future__ import annotations

import numpy as np
from statsmodels.graphics.gofplots import ProbPlot

from analysis.confirmatory import ContrastResult, arm_label
from analysis.data.frames import frame
from analysis.findings import Findings
from analysis.report.table import Shown, Table, with_interval
from analysis.stats.multiplicity import benjamini_hochberg

_ROBUST = (
    "Robustness: rating ~ arm × round without random effects; terms as in the linear mixed model, "
    "compared with {reference}. OLS: errors clustered by participant, times G/(G − 1) · "
    "(N − 1)/(N − K) for G participants, N ratings and K terms. GEE: exchangeable within "
    "participants, errors corrected for few of them (Mancl and DeRouen). t on G − 1 degrees of "
    "freedom. Exploratory: p_BH by Benjamini and Hochberg over the table."
)


def robust_tables(findings: Findings) -> list[Table]:
    """The cluster-robust coefficients, and the quantiles of the differences as a file."""
    return [_robust(findings), _quantiles(findings)]


def _robust(findings: Findings) -> Table:
    tested = [
        term.p
        for result in findings.robust
        for model in result.models
        for term in model.coefficients[1:]
    ]
    adjusted = iter(benjamini_hochberg(tested))
    rows, notes = [], []
    for result in findings.robust:
        for model in result.models:
            head = (result.item, model.method, result.reference, model.n, model.rows)
            if not model.coefficients:
                rows.append((*head, "every term", *[None] * 8, model.note))
                notes.append(f" {result.item}, {model.method}: {model.note}.")
            for term in model.coefficients[1:]:
                ends = term.t_interval or term.interval
                cells = (term.estimate, term.error, ends.low, ends.high, term.z, term.df, term.p)
                rows.append((*head, term.term, *cells, next(adjusted), model.note))
    names = ["item", "method", "reference", "n", "ratings", "term", "estimate", "se", "ci_low"]
    table = frame(rows, [*names, "ci_high", "t", "df", "p", "p_bh", "note"])
    columns = (
        Shown("Item", "item"),
        Shown("Method", "method"),
        Shown("Term", lambda row: " × ".join(map(arm_label, row["term"].split(" × ")))),
        Shown("Estimate [95% CI]", with_interval("estimate", digits=3), "interval"),
        Shown("SE", "se", 3),
        Shown("t", "t", 2),
        Shown("p", "p", "p"),
        Shown("p_BH", "p_bh", "p"),
    )
    note = _ROBUST.format(reference=arm_label(findings.protocol.analysis.primary.comparator))
    caption = "The ratings with errors clustered by participant"
    return Table("robust", caption, table, columns, note + "".join(notes), True, 2)


def _quantiles(findings: Findings) -> Table:
    results = [*findings.families[0].contrasts, *findings.families[1].contrasts]
    rows = [row for result in results for row in _points(result)]
    caption = "Normal quantiles of the participants' differences and slopes"
    return Table("quantiles", caption, frame(rows, ["contrast", "normal_quantile", "value"]))


def _points(result: ContrastResult) -> list[tuple[str, float, float]]:
    """The values of a contrast that can be tested, sorted, each with its normal quantile."""
    if not result.test.estimable:
        return []
    plot = ProbPlot(np.array(result.values))
    pairs = zip(np.array(plot.theoretical_quantiles), np.array(plot.sorted_data), strict=True)
    return [(result.label, float(quantile), float(value)) for quantile, value in pairs]
