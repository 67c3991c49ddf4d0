"""The tables of the confirmatory families and of their sensitivity analyses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from analysis.confirmatory import ContrastResult, FamilyResult
from analysis.data.frames import frame
from analysis.findings import Findings
from analysis.report.table import Shown, Table, bounds, with_interval
from analysis.sequential import level_text
from analysis.stats.imputation import TippingPoint
from analysis.stats.results import NOT_ESTIMABLE, Estimate, number, statistic_text

Rows = Sequence[tuple[FamilyResult, ContrastResult]]


def confirmatory_tables(findings: Findings) -> list[Table]:
    """Every table of the families, in the order of the report."""
    contrasts = _contrasts(findings)
    primary = [pair for pair in contrasts if pair[0].name == "F1"]
    return [
        *(_family(family) for family in findings.families),
        _effects(contrasts),
        _sensitivity("sensitivity", primary, "F1"),
        _sensitivity("sensitivity_f2_f3", [p for p in contrasts if p not in primary], "F2 and F3"),
        _unexcluded(findings),
        _imputed(findings),
        _sentences(contrasts),
        _differences(contrasts),
    ]


def _contrasts(findings: Findings) -> list[tuple[FamilyResult, ContrastResult]]:
    return [(family, result) for family in findings.families for result in family.contrasts]


def _unexcluded(findings: Findings) -> Table:
    table = _family(findings.unexcluded)
    caption = "Sensitivity: the primary comparison without exclusions other than incomplete rounds"
    people = max((result.test.n for result in findings.unexcluded.contrasts), default=0)
    counted = f"{people} participant{'' if people == 1 else 's'}"
    note = f"{counted}, {findings.sample.n} in the confirmatory analysis. {table.note}"
    if findings.stage and findings.stage.too_early:
        note = table.note
    return replace(table, name="sensitivity_unexcluded", caption=caption, note=note)


def _imputed(findings: Findings) -> Table:
    rows = []
    for entry in findings.missing.imputed:
        test, tipping = entry.test, entry.tipping
        estimate = test.estimate or Estimate("", None)
        cells = (estimate.value, *bounds(estimate), test.statistic, test.df, test.p)
        rows.append((entry.label, test.n, *cells, test.note, _tipping(tipping)))
    names = ["contrast", "n", "estimate", "ci_low", "ci_high", "t", "df", "p", "note", "tipping"]
    columns = (
        Shown("Contrast", "contrast"),
        Shown("n", "n", "count"),
        Shown("Difference [95% CI]", with_interval("estimate"), "interval"),
        Shown("t (df)", _t_and_df, "t"),
        Shown("p", "p", "p"),
        Shown("Imputed", "note"),
        Shown("Tipping point", "tipping"),
    )
    note = (
        "Everyone who rated at least one round and whom no other rule excludes; missing rounds are "
        "imputed under missing at random, which cannot be tested. Unadjusted p. Tipping point: how "
        "far every imputed difference must move against the finding before p > α."
    )
    caption = "Sensitivity: the primary comparison with missing rounds imputed"
    table = frame(rows, names)
    return Table("sensitivity_imputed", caption, table, columns, note, stacked=True)


def _tipping(tipping: TippingPoint) -> str:
    if tipping.delta is None:
        return f"none: {tipping.note}"
    return f"{number(tipping.delta)} points"


def _family(family: FamilyResult) -> Table:
    slopes = all(result.contrast.kind == "slope" for result in family.contrasts)
    rows = [_confirmatory_row(family, result) for result in family.contrasts]
    digits = 3 if slopes else 2
    columns = [
        Shown("Contrast", lambda row: str(row["contrast"]).removeprefix("slope of ")),
        Shown(
            f"{'Slope' if slopes else 'Difference'} [95% CI]",
            with_interval("estimate", digits=digits),
            "interval",
        ),
        Shown("t (df)", _t_and_df, "t"),
        *_decision(family),
        Shown("d_z [95% CI]", with_interval("d_z", "d_z_low", "d_z_high"), "interval"),
    ]
    what = "one-sample t of participant slopes" if slopes else "paired t of participant means"
    unit = "points a round" if slopes else "points of the rating scale"
    note = (
        f"Two-sided {what}; {_correction(family)}. In {unit}; a positive "
        "value favours the first-named arm. d_z with its noncentral-t interval."
    )
    reasons = sorted({str(row["note"]) for row in rows if row["note"]})
    if reasons:
        note += " Not estimable: " + "; ".join(reasons) + "."
    if family.closed:
        note += f" {family.closed[0].upper()}{family.closed[1:]}; p is shown for the record."
    return Table(
        f"confirmatory_{family.name.lower()}",
        f"{family.name}. {family.title}",
        pd.DataFrame(rows, columns=_confirmatory_columns(family), dtype=object),
        tuple(columns),
        note,
        stacked=True,
    )


def _t_and_df(row: Mapping[str, Any]) -> str:
    return NOT_ESTIMABLE if row["t"] is None else f"{number(row['t'])} ({row['df']:.4g})"


def _decision(family: FamilyResult) -> tuple[Shown, ...]:
    """The columns of p and of what was made of it."""
    if family.stage is None:
        return (Shown("p", "p", "p"), Shown("p_Holm", "p_holm", "p"))
    return (
        Shown("p", lambda row: level_text(row["p"]), "p"),
        Shown("Level", lambda row: level_text(row["level"]), "p"),
        Shown("Rejected", "rejected"),
    )


def _correction(family: FamilyResult) -> str:
    stage, alpha = family.stage, f"α = {family.alpha:g}"
    if stage is None:
        return f"Holm within the family, {alpha}"
    if stage.too_early:
        return f"to be tested at {len(stage.planned)} looks that spend {alpha}"
    return (
        f"Holm's procedure within the family at look {stage.number} of {len(stage.planned)}: "
        f"rejected where p is at most its level; the levels spend {alpha} over all looks, and the "
        "intervals are not corrected for them"
    )


def _confirmatory_columns(family: FamilyResult) -> list[str]:
    return [
        *("family", "contrast", "kind", "treatment", "comparator", "item", "hypothesis", "n"),
        *("treatment_mean", "comparator_mean", "estimate", "ci_low", "ci_high", "t", "df", "p"),
        *("level" if family.stage else "p_holm", "rejected", "d_z", "d_z_low", "d_z_high", "note"),
    ]


def _confirmatory_row(family: FamilyResult, result: ContrastResult) -> dict[str, object]:
    contrast, test = result.contrast, result.test
    estimate = test.estimate or Estimate("", None)
    low, high = bounds(estimate)
    d_z = test.effect("d_z")
    d_z_low, d_z_high = bounds(d_z)
    rejected = family.rejected(result)
    return {
        "family": family.name,
        "contrast": result.label,
        "kind": contrast.kind,
        "treatment": contrast.treatment,
        "comparator": contrast.comparator,
        "item": contrast.item,
        "hypothesis": contrast.hypothesis or "",
        "n": test.n,
        "treatment_mean": result.means[0] if result.means else "",
        "comparator_mean": result.means[1] if result.means else "",
        "estimate": estimate.value,
        "ci_low": low,
        "ci_high": high,
        "t": test.statistic,
        "df": test.df,
        "p": test.p,
        "p_holm": result.p_adjusted,
        "level": result.level,
        "rejected": None if rejected is None else "yes" if rejected else "no",
        "d_z": d_z.value,
        "d_z_low": d_z_low,
        "d_z_high": d_z_high,
        "note": test.note,
    }


def _effects(contrasts: Rows) -> Table:
    rows = []
    for family, result in contrasts:
        ranked = result.sensitivity[0].effects
        for effect in (*result.test.effects, *ranked):
            method = effect.interval.method if effect.interval else ""
            cells = (effect.name, effect.value, *bounds(effect), method, effect.note)
            rows.append((family.name, result.label, *cells))
    names = ["family", "contrast", "effect", "value", "ci_low", "ci_high", "method", "note"]
    columns = (
        Shown("Family", "family"),
        Shown("Contrast", "contrast"),
        Shown("Effect", "effect"),
        Shown("Value [95% CI]", with_interval("value"), "interval"),
        Shown("Note", "note"),
    )
    note = (
        "d_z: mean over SD of the differences, noncentral-t interval. g_z: d_z with Hedges' "
        "correction J(df). d_av: mean difference over the root mean variance of the two arms. "
        "r_rb: matched-pairs rank-biserial. d_av and r_rb with BCa intervals over participants."
    )
    caption = "Effect sizes of every contrast"
    return Table("effects", caption, frame(rows, names), columns, note, stacked=True, grouped=2)


def _sensitivity(name: str, contrasts: Rows, families: str) -> Table:
    rows = [
        (
            family.name,
            result.label,
            test.test,
            test.symbol,
            test.statistic,
            test.p,
            test.n,
            test.note,
        )
        for family, result in contrasts
        for test in result.sensitivity
    ]
    names = ["family", "contrast", "test", "symbol", "statistic", "p", "n", "note"]
    columns = (
        Shown("Family", "family"),
        Shown("Contrast", "contrast"),
        Shown("Test", "test"),
        Shown("Statistic", lambda row: _statistic(row["symbol"], row["statistic"]), "statistic"),
        Shown("p", "p", "p"),
        Shown("Note", "note"),
    )
    note = "Unadjusted two-sided p-values; they do not enter the confirmatory decision."
    caption = f"Sensitivity: the differences of {families} by ranks and by signs"
    return Table(name, caption, frame(rows, names), columns, note, stacked=True, grouped=2)


def _statistic(symbol: str, value: float | None) -> str:
    return NOT_ESTIMABLE if value is None else f"{symbol} = {statistic_text(value)}"


def _sentences(contrasts: Rows) -> Table:
    rows = [(family.name, result.label, result.apa()) for family, result in contrasts]
    columns = (Shown("Family", "family"), Shown("Sentence", "sentence"))
    table = frame(rows, ["family", "contrast", "sentence"])
    caption = "Every contrast in words"
    closed = {family.name: family.closed for family, _ in contrasts if family.closed}
    said = "; ".join(f"{name} {reason}" for name, reason in closed.items())
    note = f"For the record: {said}." if said else ""
    return Table("apa_sentences", caption, table, columns, note, stacked=True, grouped=1)


def _differences(contrasts: Rows) -> Table:
    rows = [
        (family.name, result.label, participant, value)
        for family, result in contrasts
        for participant, value in zip(result.participants, result.values, strict=True)
    ]
    names = ["family", "contrast", "participant", "difference"]
    caption = "Every participant's difference, or slope of the difference"
    return Table("differences", caption, frame(rows, names))
