"""The tables of the diagnostics: reliability, agreement, order and carry-over, missing rounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.confirmatory import arm_label
from analysis.data.frames import frame
from analysis.findings import Findings
from analysis.report.table import Shown, Table, bounds, with_interval
from analysis.stats.period import Diagnostic
from analysis.stats.results import NOT_ESTIMABLE, Estimate, number


def diagnostic_tables(findings: Findings) -> list[Table]:
    """Every table of the diagnostics, in the order of the report."""
    return [
        _care(findings),
        _reliability(findings),
        _agreement(findings),
        _order(findings),
        _rated_rounds(findings),
        _missing(findings),
    ]


def _care(findings: Findings) -> Table:
    rows = [
        (check.rule, "yes" if check.registered else "no", check.count, check.flagged.size)
        for check in findings.diagnostics.care
    ]
    columns = (
        Shown("Sign of careless answers", "rule"),
        Shown("Excluded for it", "registered"),
        Shown("Participants", lambda row: f"{row['flagged']:,} of {row['n']:,}", "count"),
    )
    note = (
        "Everyone who completed every round. Only what the protocol states excludes; the others "
        "are counted with limits that are fixed in the software, and change nothing."
    )
    table = frame(rows, ["rule", "registered", "flagged", "n"])
    return Table("care", "Signs of careless answers", table, columns, note, stacked=True)


def _reliability(findings: Findings) -> Table:
    rows = []
    for entry in findings.diagnostics.reliability:
        one, all_ = entry.single, entry.mean
        cells = (one.estimate.value, *bounds(one.estimate), all_.estimate.value)
        notes = (one.estimate.note, all_.estimate.note)
        note = "; ".join(dict.fromkeys(part for part in notes if part))
        rows.append((_named(entry.what), one.n, one.k, *cells, *bounds(all_.estimate), note))
    names = ["what", "n", "rounds", "icc_one", "one_low", "one_high", "icc_mean", "mean_low"]
    columns = (
        Shown("Rating", "what"),
        Shown("n", "n", "count"),
        Shown("One round [95% CI]", with_interval("icc_one", "one_low", "one_high"), "interval"),
        Shown(
            "Mean of all [95% CI]", with_interval("icc_mean", "mean_low", "mean_high"), "interval"
        ),
    )
    note = (
        "ICC(C,1) and ICC(C,k) of McGraw and Wong, participants as targets and rounds as raters, "
        "with F intervals. The primary differences come first."
    )
    caption = "Reliability over rounds"
    table = frame(rows, [*names, "mean_high", "note"])
    return Table("reliability", caption, table, columns, note, stacked=True)


def _named(what: str) -> str:
    """An arm's label in place of its name, where `what` is an arm on an item."""
    arm, comma, item = what.partition(", ")
    return f"{arm_label(arm)}{comma}{item}"


def _agreement(findings: Findings) -> Table:
    rows = [
        (entry.item, entry.units, entry.alpha.value, *bounds(entry.alpha), entry.alpha.note)
        for entry in findings.diagnostics.agreement
    ]
    columns = (
        Shown("Item", "item"),
        Shown("Arm × request", "units", "count"),
        Shown("α [95% CI]", with_interval("alpha"), "interval"),
    )
    note = (
        "Ordinal: 1 is perfect agreement, 0 what chance gives. Participants as coders, BCa "
        "interval over units."
    )
    table = frame(rows, ["item", "units", "alpha", "ci_low", "ci_high", "note"])
    caption = "Krippendorff's alpha between participants"
    return Table("agreement", caption, table, columns, note)


def _order(findings: Findings) -> Table:
    rows = []
    for entry in findings.diagnostics.order:
        slots = dict(enumerate(findings.protocol.slots, start=1))
        rows += [_diagnostic(entry.item, d, _placed(d.name, slots)) for d in entry.place]
        rows += [_diagnostic(entry.item, d, _after("right of", d)) for d in entry.after_left]
        rows += [_diagnostic(entry.item, d, _after("a round after", d)) for d in entry.after_round]
    names = ["item", "name", "n", "estimate", "ci_low", "ci_high", "t", "df", "p", "p_bh", "note"]
    columns = (
        Shown("Item", "item"),
        Shown("Disturbance", "name"),
        Shown("Estimate [95% CI]", with_interval("estimate", digits=3), "interval"),
        Shown("t (df)", _t_and_df, "t"),
        Shown("p", "p", "p"),
        Shown("p_BH", "p_bh", "p"),
    )
    note = (
        "Deviation from the mean of the slots or of the arms before, in points of the scale; for "
        "the round, points a round. “A round after”: the arm that stood in the same slot one round "
        "earlier. Exploratory, p corrected by Benjamini and Hochberg over the table."
    )
    caption = "Order, period and carry-over"
    return Table("order", caption, frame(rows, names), columns, note, stacked=True, grouped=1)


def _placed(name: str, slots: Mapping[int, str]) -> str:
    """ "slot 2" as the page letters it, and "round" as it is."""
    kind, _, place = name.partition(" ")
    return f"slot {slots[int(place)]}" if place else kind


def _after(where: str, entry: Diagnostic) -> str:
    return f"{where} {arm_label(entry.name.removeprefix('after '))}"


def _diagnostic(item: str, entry: Diagnostic, name: str) -> tuple[object, ...]:
    test, estimate = entry.test, entry.test.estimate or Estimate("", None)
    cells = (estimate.value, *bounds(estimate), test.statistic, test.df, test.p)
    return (item, name, test.n, *cells, entry.p_adjusted, test.note)


def _t_and_df(row: Mapping[str, Any]) -> str:
    return NOT_ESTIMABLE if row["t"] is None else f"{number(row['t'])} ({row['df']:g})"


def _rated_rounds(findings: Findings) -> Table:
    summary = findings.missing.summary
    rows = [
        (number_ + 1, count, summary.participants - count)
        for number_, count in enumerate(summary.by_round)
    ]
    columns = (
        Shown("Round", "round", "count"),
        Shown("Rated by", "rated", "count"),
        Shown("Missing", "missing", "count"),
    )
    note = "Participants with at least one round whom no other rule excludes."
    caption = "Who rated each round"
    return Table("rated_rounds", caption, frame(rows, ["round", "rated", "missing"]), columns, note)


def _missing(findings: Findings) -> Table:
    summary = findings.missing.summary
    names = ("participants", "complete", "stopped", "gaps", "empty", "missing_rounds")
    row = tuple(getattr(summary, name) for name in names)
    return Table("missing", "What is missing", frame([row], names))
