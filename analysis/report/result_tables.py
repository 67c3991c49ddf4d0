"""The tables of the confirmatory and exploratory results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from analysis.confirmatory import ContrastResult, FamilyResult, arm_label
from analysis.findings import Findings
from analysis.report.mixed_tables import mixed_tables
from analysis.report.table import Shown, Table, with_interval
from analysis.stats.results import NOT_ESTIMABLE, Estimate, number, statistic_text

_ARM = Shown("Arm", lambda row: arm_label(row["arm"]))


def result_tables(findings: Findings) -> list[Table]:
    """Every table of results, in the order of the report."""
    return [
        *(_family(family) for family in findings.families),
        _effects(findings),
        _sensitivity(findings),
        _unexcluded(findings),
        *mixed_tables(findings),
        _sentences(findings),
        _differences(findings),
        _omnibus(findings),
        _choices(findings),
        _preferences(findings),
        _guesses(findings),
    ]


def _contrasts(findings: Findings) -> list[tuple[FamilyResult, ContrastResult]]:
    return [(family, result) for family in findings.families for result in family.contrasts]


def _unexcluded(findings: Findings) -> Table:
    table = _family(findings.unexcluded)
    caption = "Sensitivity: the primary comparison without exclusions other than incomplete rounds"
    people = max((result.test.n for result in findings.unexcluded.contrasts), default=0)
    note = f"{people} participants, {findings.sample.n} in the confirmatory analysis. {table.note}"
    return replace(table, name="sensitivity_unexcluded", caption=caption, note=note)


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
        Shown("p", "p", "p"),
        Shown("p_Holm", "p_holm", "p"),
        Shown("d_z [95% CI]", with_interval("d_z", "d_z_low", "d_z_high"), "interval"),
    ]
    what = "one-sample t of participant slopes" if slopes else "paired t of participant means"
    unit = "points a round" if slopes else "points of the rating scale"
    note = (
        f"Two-sided {what}; Holm within the family, α = {family.alpha:g}. In {unit}; a positive "
        "value favours the first-named arm. d_z with its noncentral-t interval."
    )
    reasons = sorted({str(row["note"]) for row in rows if row["note"]})
    if reasons:
        note += " Not estimable: " + "; ".join(reasons) + "."
    frame = pd.DataFrame(rows, columns=list(_CONFIRMATORY), dtype=object)
    return Table(
        f"confirmatory_{family.name.lower()}",
        f"{family.name}. {family.title}",
        frame,
        tuple(columns),
        note,
        stacked=True,
    )


def _t_and_df(row: Mapping[str, Any]) -> str:
    return NOT_ESTIMABLE if row["t"] is None else f"{number(row['t'])} ({row['df']:g})"


_CONFIRMATORY = (
    *("family", "contrast", "kind", "treatment", "comparator", "item", "hypothesis", "n"),
    *("treatment_mean", "comparator_mean", "estimate", "ci_low", "ci_high", "t", "df", "p"),
    *("p_holm", "rejected", "d_z", "d_z_low", "d_z_high", "note"),
)


def _confirmatory_row(family: FamilyResult, result: ContrastResult) -> dict[str, object]:
    contrast, test = result.contrast, result.test
    estimate = test.estimate or Estimate("", None)
    low, high = _bounds(estimate)
    d_z = test.effect("d_z")
    d_z_low, d_z_high = _bounds(d_z)
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
        "rejected": None if rejected is None else "yes" if rejected else "no",
        "d_z": d_z.value,
        "d_z_low": d_z_low,
        "d_z_high": d_z_high,
        "note": test.note,
    }


def _bounds(estimate: Estimate) -> tuple[float | None, float | None]:
    interval_ = estimate.interval
    return (None, None) if interval_ is None else (interval_.low, interval_.high)


def _effects(findings: Findings) -> Table:
    rows = []
    for family, result in _contrasts(findings):
        ranked = result.sensitivity[0].effects
        for effect in (*result.test.effects, *ranked):
            method = effect.interval.method if effect.interval else ""
            cells = (effect.name, effect.value, *_bounds(effect), method, effect.note)
            rows.append((family.name, result.label, *cells))
    names = ["family", "contrast", "effect", "value", "ci_low", "ci_high", "method", "note"]
    frame = pd.DataFrame(rows, columns=names, dtype=object)
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
    return Table("effects", "Effect sizes of every contrast", frame, columns, note, stacked=True)


def _sensitivity(findings: Findings) -> Table:
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
        for family, result in _contrasts(findings)
        for test in result.sensitivity
    ]
    names = ["family", "contrast", "test", "symbol", "statistic", "p", "n", "note"]
    frame = pd.DataFrame(rows, columns=names, dtype=object)
    columns = (
        Shown("Family", "family"),
        Shown("Contrast", "contrast"),
        Shown("Test", "test"),
        Shown("Statistic", lambda row: _statistic(row["symbol"], row["statistic"]), "statistic"),
        Shown("p", "p", "p"),
        Shown("Note", "note"),
    )
    note = "Unadjusted two-sided p-values; they do not enter the confirmatory decision."
    caption = "Sensitivity: the same differences by ranks and by signs"
    return Table("sensitivity", caption, frame, columns, note, stacked=True)


def _statistic(symbol: str, value: float | None) -> str:
    return NOT_ESTIMABLE if value is None else f"{symbol} = {statistic_text(value)}"


def _sentences(findings: Findings) -> Table:
    rows = [(family.name, result.label, result.apa()) for family, result in _contrasts(findings)]
    frame = pd.DataFrame(rows, columns=["family", "contrast", "sentence"], dtype=object)
    columns = (Shown("Family", "family"), Shown("Sentence", "sentence"))
    return Table("apa_sentences", "Every contrast in words", frame, columns, stacked=True)


def _differences(findings: Findings) -> Table:
    rows = [
        (family.name, result.label, participant, value)
        for family, result in _contrasts(findings)
        for participant, value in zip(result.participants, result.values, strict=True)
    ]
    names = ["family", "contrast", "participant", "difference"]
    caption = "Every participant's difference, or slope of the difference"
    return Table("differences", caption, pd.DataFrame(rows, columns=names, dtype=object))


def _omnibus(findings: Findings) -> Table:
    rows = []
    for entry in findings.omnibus:
        test = entry.test
        w = test.effect("W").value
        cells = (test.statistic, test.df, test.p, entry.p_adjusted, w, test.n, test.note)
        rows.append((entry.item, *cells))
    names = ["item", "chi2", "df", "p", "p_bh", "kendall_w", "n", "note"]
    columns = (
        Shown("Item", "item"),
        Shown("χ²", "chi2", 2),
        Shown("df", "df", 0),
        Shown("p", "p", "p"),
        Shown("p_BH", "p_bh", "p"),
        Shown("W", "kendall_w", 2),
    )
    note = (
        "Exploratory, on participant means; Benjamini–Hochberg over the items. Not a gate. W: "
        "Kendall's coefficient of concordance."
    )
    frame = pd.DataFrame(rows, columns=names, dtype=object)
    return Table("friedman", "Friedman's test of all arms, by item", frame, columns, note)


def _choices(findings: Findings) -> Table:
    worths = findings.preferences.worths
    rows = []
    for k, share in enumerate(findings.preferences.shares):
        worth = None if worths.values is None else worths.values[k]
        note = "; ".join(part for part in (share.share.note, worths.note) if part)
        cells = (share.share.value, *_bounds(share.share), share.p, worth, note)
        rows.append((share.arm, share.count, share.total, *cells))
    names = ["arm", "count", "total", "share", "ci_low", "ci_high", "p", "worth", "note"]
    columns = (
        _ARM,
        Shown("Chosen", lambda row: f"{row['count']:,} of {row['total']:,}", "count"),
        Shown("Share [95% CI]", with_interval("share"), "interval"),
        Shown("p binomial", "p", "p"),
        Shown("Worth", "worth", 2),
    )
    chance = f"1/{len(rows)}" if rows else "chance"
    note = (
        f"Share with a BCa interval over participants. Exact binomial against {chance}: it takes "
        "the choices of one participant as independent, so it is exploratory and the interval is "
        "the safer reading. Worth: Bradley–Terry, summing to 1."
    )
    frame = pd.DataFrame(rows, columns=names, dtype=object)
    caption = "Best of the round: which arm's text was kept"
    return Table("choices", caption, frame, columns, note, stacked=True)


def _preferences(findings: Findings) -> Table:
    rows = [
        (first, second, estimate.value, *_bounds(estimate), estimate.note)
        for first, second, estimate in findings.preferences.pairs
    ]
    names = ["arm", "other", "p_win", "ci_low", "ci_high", "note"]
    columns = (
        _ARM,
        Shown("Other", lambda row: arm_label(row["other"])),
        Shown("P(win) [95% CI]", with_interval("p_win"), "interval"),
    )
    note = "Bradley–Terry probability that the arm beats the other; BCa interval over participants."
    frame = pd.DataFrame(rows, columns=names, dtype=object)
    return Table("preferences", "Which arm beats which", frame, columns, note)


def _guesses(findings: Findings) -> Table:
    rows = []
    for guess in findings.guesses:
        for index in guess.indices:
            value, bounds = index.index.value, _bounds(index.index)
            cells = (index.arm, index.count, index.total, value, *bounds, index.p, index.index.note)
            rows.append((guess.question, *cells))
    names = ["question", "arm", "count", "total", "index", "ci_low", "ci_high", "p", "note"]
    columns = (
        _ARM,
        *([Shown("Question", "question")] if len(findings.guesses) > 1 else []),
        Shown("Named by", lambda row: f"{row['count']:,} of {row['total']:,}", "count"),
        Shown("Index [95% CI]", with_interval("index"), "interval"),
        Shown("p binomial", "p", "p"),
    )
    note = (
        "One answer a participant. Index: share of answers that name the arm, corrected for chance "
        "(0 guessing, 1 everyone, negative less than chance; Bang's index when there are two "
        "arms), with Clopper–Pearson's interval; exact binomial against chance, exploratory."
    )
    frame = pd.DataFrame(rows, columns=names, dtype=object)
    caption = "Which arm participants thought adapted to them"
    return Table("blinding", caption, frame, columns, note, stacked=True)
