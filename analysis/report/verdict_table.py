"""The table of the hypotheses: what the study says of each, by the registered rule."""

from __future__ import annotations

from analysis.data.frames import frame
from analysis.findings import Findings
from analysis.report.table import Shown, Table


def verdict_table(findings: Findings) -> Table:
    """One row a hypothesis, with its verdict, or why these arms cannot test it."""
    rows = []
    for verdict in findings.verdicts:
        hypothesis = verdict.hypothesis
        tested = "yes" if hypothesis.testable else "no"
        cells = (hypothesis.id, hypothesis.statement, tested, hypothesis.reason)
        rows.append((*cells, verdict.text if hypothesis.testable else ""))
    columns = (
        Shown("", "id"),
        Shown("Hypothesis", "statement"),
        Shown("Tested here", "testable"),
        Shown("Verdict", lambda row: row["verdict"] or row["reason"]),
    )
    note = (
        "Supported on an item when its test in F1 is significant and HARE is higher; that a gap "
        "widens is claimed only from F2. F3 gives no verdict."
    )
    table = frame(rows, ["id", "statement", "testable", "reason", "verdict"])
    return Table("hypotheses", "What becomes of the hypotheses", table, columns, note, stacked=True)
