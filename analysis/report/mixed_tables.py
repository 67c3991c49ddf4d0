"""The tables of the mixed models: coefficients on the page, variances beside them."""

from __future__ import annotations

import pandas as pd

from analysis.confirmatory import arm_label
from analysis.findings import Findings
from analysis.report.table import Shown, Table, with_interval

_NOTE = (
    "Secondary, without a claim of confirmation: rating ~ arm × round + (1|p) + (1|p:arm) + "
    "(0 + round|p:arm), REML. An arm's row is its mean difference from {reference}, with the round "
    "centred; its row with × round is how that difference changes, in points a round. z and its "
    "intervals treat the number of participants as large and are too narrow for this one: the t "
    "tests of the families decide."
)


def mixed_tables(findings: Findings) -> list[Table]:
    """Fixed effects and variances of every fitted model; a row of its own for one that failed."""
    return [_coefficients(findings), _variances(findings)]


def _coefficients(findings: Findings) -> Table:
    rows = []
    for result in findings.mixed:
        model = result.model
        head = (result.item, result.reference, model.n)
        if not model.coefficients:
            rows.append((*head, "every term", *[None] * 6, model.note))
        for term in model.coefficients:
            bounds = (term.interval.low, term.interval.high)
            cells = (term.estimate, term.error, *bounds, term.z, term.p, model.note)
            rows.append((*head, term.term, *cells))
    names = ["item", "reference", "n", "term", "estimate", "se", "ci_low", "ci_high", "z", "p"]
    columns = (
        Shown("Item", "item"),
        Shown("Term", lambda row: _term(row["term"])),
        Shown("Estimate [95% CI]", with_interval("estimate", digits=3), "interval"),
        Shown("SE", "se", 3),
        Shown("z", "z", 2),
        Shown("p", "p", "p"),
        Shown("Note", "note"),
    )
    frame = pd.DataFrame(rows, columns=[*names, "note"], dtype=object)
    note = _NOTE.format(reference=arm_label(findings.export.protocol.analysis.primary.comparator))
    return Table("mixed", "Linear mixed model of the ratings", frame, columns, note, stacked=True)


def _term(term: str) -> str:
    return " × ".join(arm_label(part) for part in term.split(" × "))


def _variances(findings: Findings) -> Table:
    rows = []
    for result in findings.mixed:
        model = result.model
        if model.variances is None:
            rows.append((result.item, "every variance", None, model.note))
            continue
        rows += [(result.item, name, value, model.note) for name, value in model.variances.items()]
        rows.append((result.item, "log likelihood (REML)", model.log_likelihood, model.note))
    columns = (Shown("Item", "item"), Shown("Part", "part"), Shown("Value", "value", 4))
    frame = pd.DataFrame(rows, columns=["item", "part", "value", "note"], dtype=object)
    note = "In squared points of the scale; “round | p:arm” in squared points a round."
    return Table("mixed_variances", "Variances of the mixed model", frame, columns, note)
