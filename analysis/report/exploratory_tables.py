"""The tables of what is exploratory: omnibus tests, no difference, choices, guesses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.confirmatory import arm_label
from analysis.data.frames import frame
from analysis.findings import Findings
from analysis.report.table import Shown, Table, bounds, with_interval
from analysis.stats.bayes import BayesFactor
from analysis.stats.results import NOT_ESTIMABLE, Estimate, number

_ARM = Shown("Arm", lambda row: arm_label(row["arm"]))


def exploratory_tables(findings: Findings) -> list[Table]:
    """Every exploratory table, in the order of the report."""
    return [
        _no_difference(findings),
        _omnibus(findings),
        _variances(findings),
        _choices(findings),
        _preferences(findings),
        _guesses(findings),
        _james(findings),
    ]


def _no_difference(findings: Findings) -> Table:
    rows = []
    for entry in findings.no_differences:
        interval = entry.interval
        ends = (None, None) if interval is None else (interval.low, interval.high)
        cells = (entry.bayes.log, entry.bayes.value, entry.bayes.scale, *ends)
        rows.append((entry.label, entry.bayes.n, *cells, entry.smallest.value, entry.bayes.note))
    names = ["contrast", "n", "log_bf10", "bf10", "prior_scale", "ci_low", "ci_high"]
    names += ["smallest_bounds", "note"]
    level = 100 * (1 - 2 * findings.protocol.analysis.alpha)
    columns = (
        Shown("Contrast", "contrast"),
        Shown("BF₁₀", lambda row: _bayes(row["log_bf10"]), "bayes"),
        Shown(f"{level:.4g}% CI", _interval, "interval"),
        Shown("Smallest bounds ±", "smallest_bounds", 2),
    )
    note = (
        "Of the mean difference in points of the scale; bf10 in the file may be too large to write."
    )
    table = frame(rows, names)
    caption = "Evidence for no difference"
    return Table("no_difference", caption, table, columns, note, stacked=True)


def _bayes(log: float | None) -> str:
    if log is None:
        return NOT_ESTIMABLE
    size = BayesFactor(abs(log), None, 0, 1.0).apa().partition(" = ")[2].partition(",")[0]
    return size if log >= 0 else f"1/{size}"


def _interval(row: Mapping[str, Any]) -> str:
    if row["ci_low"] is None:
        return NOT_ESTIMABLE
    return f"[{number(row['ci_low'])}, {number(row['ci_high'])}]"


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
    return Table(
        "friedman", "Friedman's test of all arms, by item", frame(rows, names), columns, note
    )


def _variances(findings: Findings) -> Table:
    rows = []
    for entry in findings.variances:
        e = entry.effect
        share = (e.partial_eta2.value, *bounds(e.partial_eta2), e.generalized_eta2.value)
        tests = (e.statistic, e.df, e.df_error, e.p, e.epsilon_gg, e.p_gg, e.epsilon_hf, e.p_hf)
        rows.append((entry.item, e.name, entry.n, *tests, entry.p_adjusted, *share, e.note))
    names = [
        *("item", "effect", "n", "f", "df", "df_error", "p", "epsilon_gg", "p_gg", "epsilon_hf"),
        *("p_hf", "p_bh", "partial_eta2", "ci_low", "ci_high", "generalized_eta2", "note"),
    ]
    columns = (
        Shown("Item", "item"),
        Shown("Effect", "effect"),
        Shown("F (df)", _f_and_df, "F"),
        Shown("ε", "epsilon_gg", 2),
        Shown("p_GG", "p_gg", "p"),
        Shown("p_HF", "p_hf", "p"),
        Shown("p_BH", "p_bh", "p"),
        Shown("η²_p [90% CI]", with_interval("partial_eta2"), "interval"),
    )
    note = (
        "Descriptive, not a gate. Arm × round, both within participants; p after Greenhouse and "
        "Geisser's and after Huynh and Feldt's correction for lack of sphericity, the former also "
        "corrected by Benjamini and Hochberg over the table."
    )
    caption = "Repeated-measures analysis of variance"
    return Table("anova", caption, frame(rows, names), columns, note, stacked=True, grouped=1)


def _f_and_df(row: Mapping[str, Any]) -> str:
    if row["f"] is None:
        return NOT_ESTIMABLE
    return f"{number(row['f'])} ({row['df']}, {row['df_error']:,})"


def _choices(findings: Findings) -> Table:
    worths, ranked = findings.preferences.worths, findings.preferences.plackett_luce
    rows = []
    for k, share in enumerate(findings.preferences.shares):
        worth = worths.estimates[k] if worths.estimates else Estimate("worth", None)
        luce = None if ranked.values is None else ranked.values[k]
        note = "; ".join(dict.fromkeys(n for n in (share.share.note, worths.note, worth.note) if n))
        p = (share.p, findings.preferences.p_adjusted[k])
        cells = (share.share.value, *bounds(share.share), *p, worth.value, *bounds(worth))
        rows.append((share.arm, share.count, share.total, *cells, luce, note))
    names = ["arm", "count", "total", "share", "ci_low", "ci_high", "p", "p_bh", "worth"]
    names += ["worth_low", "worth_high", "plackett_luce", "note"]
    columns = (
        _ARM,
        Shown("Chosen", lambda row: f"{row['count']:,} of {row['total']:,}", "count"),
        Shown("Share [95% CI]", with_interval("share"), "interval"),
        Shown("p binomial", "p", "p"),
        Shown("p_BH", "p_bh", "p"),
        Shown("Worth [95% CI]", with_interval("worth", "worth_low", "worth_high"), "interval"),
    )
    chance = f"1/{len(rows)}" if rows else "chance"
    note = (
        f"Share with a BCa interval over participants. Exact binomial against {chance}: it takes "
        "the choices of one participant as independent, so it is exploratory and the interval is "
        "the safer reading; p_BH is corrected over the table. Worth: Bradley–Terry, summing to 1, "
        "with a BCa interval; Plackett and Luce's worths of these choices are the same and in the "
        "file."
    )
    caption = "Best of the round: which arm's text was kept"
    return Table("choices", caption, frame(rows, names), columns, note, stacked=True)


def _preferences(findings: Findings) -> Table:
    rows = [
        (first, second, estimate.value, *bounds(estimate), estimate.note)
        for first, second, estimate in findings.preferences.pairs
    ]
    names = ["arm", "other", "p_win", "ci_low", "ci_high", "note"]
    columns = (
        _ARM,
        Shown("Other", lambda row: arm_label(row["other"])),
        Shown("P(win) [95% CI]", with_interval("p_win"), "interval"),
    )
    note = "Bradley–Terry probability that the arm beats the other; BCa interval over participants."
    return Table("preferences", "Which arm beats which", frame(rows, names), columns, note)


def _guesses(findings: Findings) -> Table:
    rows = []
    for guess in findings.guesses:
        for index, adjusted in zip(guess.indices, guess.p_adjusted, strict=True):
            ends = (index.index.value, *bounds(index.index))
            cells = (
                index.arm,
                index.count,
                index.total,
                *ends,
                index.p,
                adjusted,
                index.index.note,
            )
            rows.append((guess.question, *cells))
    names = ["question", "arm", "count", "total", "index", "ci_low", "ci_high", "p", "p_bh"]
    columns = (
        _ARM,
        *([Shown("Question", "question")] if len(findings.guesses) > 1 else []),
        Shown("Named by", lambda row: f"{row['count']:,} of {row['total']:,}", "count"),
        Shown("Index [95% CI]", with_interval("index"), "interval"),
        Shown("p binomial", "p", "p"),
        Shown("p_BH", "p_bh", "p"),
    )
    note = (
        "One answer a participant. Index: share of answers that name the arm, corrected for chance "
        "(0 guessing, 1 everyone, negative less than chance; Bang's index when there are two "
        "arms), with Clopper–Pearson's interval; exact binomial against chance, exploratory, "
        "corrected by Benjamini and Hochberg over the table."
    )
    caption = "Which arm participants thought adapted to them"
    table = frame(rows, [*names, "note"])
    return Table("blinding", caption, table, columns, note, stacked=True)


def _james(findings: Findings) -> Table:
    rows = [
        (guess.question, guess.learning or "none", guess.james.value, *bounds(guess.james))
        for guess in findings.guesses
    ]
    notes = [guess.james.note for guess in findings.guesses]
    names = ["question", "learning_arm", "james", "ci_low", "ci_high", "note"]
    table = frame([(*row, note) for row, note in zip(rows, notes, strict=True)], names)
    return Table("blinding_james", "James's index of all arms", table)
