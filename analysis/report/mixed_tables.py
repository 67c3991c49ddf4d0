"""The tables of the mixed models: coefficients on the page, variances beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.confirmatory import arm_label
from analysis.data.frames import frame
from analysis.findings import Findings
from analysis.report.table import Shown, Table, with_interval
from analysis.stats.results import NOT_ESTIMABLE, number

_LINEAR = (
    "Secondary, without a claim of confirmation: rating ~ arm × round + (1 | participant) + "
    "(1 | participant:arm) + (0 + round | participant:arm) + (1 | request) + (1 | request:arm), "
    "REML. Participants and requests are both drawn, so that what is inferred holds for requests "
    "like these, and not for these alone as in the t tests. An arm's row is its mean difference "
    "from {reference}, with the round centred; its row with × round is how that difference "
    "changes, in points a round. t with Satterthwaite's degrees of freedom."
)
_ORDINAL = (
    "Robustness: the same terms in a cumulative-link (logit) model of the ordered ratings, by "
    "Laplace's approximation. In log odds of a higher rating than {reference}'s; exp(b) is an odds "
    "ratio. z takes the numbers of participants and requests as large; with few, p is too small: "
    "with 24 participants and ten requests an arm without effect came to p ≤ .05 in 9% of "
    "null studies, by the linear model in 5.5%."
)


def mixed_tables(findings: Findings) -> list[Table]:
    """Fixed effects and variances of every fitted model; a row of its own for one that failed."""
    return [_linear(findings), _ordinal(findings), _variances(findings)]


def _linear(findings: Findings) -> Table:
    rows = []
    for result in findings.mixed:
        model = result.model
        head = (result.item, result.reference, model.n)
        if not model.coefficients:
            rows.append((*head, "every term", *[None] * 7, model.note))
        for term in model.coefficients:
            interval = term.t_interval or term.interval
            cells = (term.estimate, term.error, interval.low, interval.high, term.z)
            rows.append((*head, term.term, *cells, term.df, term.p, model.note))
    names = ["item", "reference", "n", "term", "estimate", "se", "ci_low", "ci_high", "t", "df"]
    columns = (
        Shown("Item", "item"),
        Shown("Term", lambda row: _term(row["term"])),
        Shown("Estimate [95% CI]", with_interval("estimate", digits=3), "interval"),
        Shown("SE", "se", 3),
        Shown("t (df)", _t_and_df, "t"),
        Shown("p", "p", "p"),
    )
    table = frame(rows, [*names, "p", "note"])
    note = _LINEAR.format(reference=_reference(findings)) + _notes(
        [(result.item, result.model.note) for result in findings.mixed]
    )
    caption = "Linear mixed model of the ratings"
    return Table("mixed", caption, table, columns, note, stacked=True, grouped=1)


def _ordinal(findings: Findings) -> Table:
    rows = []
    for result in findings.mixed:
        model = result.ordinal
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
        Shown("b [95% CI]", with_interval("estimate"), "interval"),
        Shown("SE", "se", 2),
        Shown("z", "z", 2),
        Shown("p", "p", "p"),
    )
    note = _ORDINAL.format(reference=_reference(findings)) + _notes(
        [(result.item, result.ordinal.note) for result in findings.mixed]
    )
    caption = "Ordinal mixed model of the ratings"
    table = frame(rows, [*names, "note"])
    return Table("ordinal", caption, table, columns, note, stacked=True, grouped=1)


def _reference(findings: Findings) -> str:
    return arm_label(findings.protocol.analysis.primary.comparator)


def _notes(notes: list[tuple[str, str]]) -> str:
    told = [f" {item}: {note}." for item, note in notes if note]
    return "".join(told)


def _t_and_df(row: Mapping[str, Any]) -> str:
    if row["t"] is None:
        return NOT_ESTIMABLE
    df = "" if row["df"] is None else f" ({row['df']:.1f})"
    return f"{number(row['t'])}{df}"


def _term(term: str) -> str:
    return " × ".join(arm_label(part) for part in term.split(" × "))


def _variances(findings: Findings) -> Table:
    rows: list[tuple[object, ...]] = []
    for result in findings.mixed:
        for name, model in (("linear", result.model), ("ordinal", result.ordinal)):
            head = (result.item, name)
            if model.variances is None:
                rows.append((*head, "every variance", None, model.note))
                continue
            rows += [(*head, part, value, model.note) for part, value in model.variances.items()]
            rows.append((*head, "log likelihood", model.log_likelihood, model.note))
        rows += [
            (result.item, "ordinal", f"threshold {t.term}", t.estimate, "")
            for t in result.ordinal.thresholds
        ]
    columns = (
        Shown("Item", "item"),
        Shown("Model", "model"),
        Shown("Part", "part"),
        Shown("Value", "value", 4),
    )
    note = (
        "Linear: in squared points of the scale, “round | participant × arm” in squared points a "
        "round; the log likelihood is the restricted one. Ordinal: in squared log odds, "
        "thresholds in log odds."
    )
    table = frame(rows, ["item", "model", "part", "value", "note"])
    caption = "Variances and thresholds of the mixed models"
    return Table("mixed_variances", caption, table, columns, note, grouped=2)
