r"""Tables of the report as LaTeX: what is special there is escaped, and the rows are the page's."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from analysis.data.exports import Export
from analysis.findings import analyse
from analysis.report.latex import escaped, latex_table
from analysis.report.report import Report, build_report
from analysis.report.table import Shown, Table
from analysis.report.write import report_files

FRAME = pd.DataFrame(
    {
        "arm": ["hare_no_user", "hare_no_user", "A & B"],
        "share": [0.5, -0.25, None],
        "note": ["50% of $5", "[0.1, 0.2]", "a~b^c\\d {e} #1"],
    },
    dtype=object,
)
COLUMNS = (Shown("Arm", "arm"), Shown("p_Holm %", "share", 2), Shown("R&D", "note"))
TABLE = Table("shares", "Shares_of 100%", FRAME, COLUMNS, "Read & see", grouped=1)


@pytest.fixture(scope="module")
def report(pilot: Export) -> Report:
    return build_report(analyse(pilot))


def test_special_characters_are_escaped_in_headings_rows_caption_and_note() -> None:
    lines = latex_table(TABLE).splitlines()
    assert r"Arm & p\_Holm \% & R\&D \\" in lines
    assert r"hare\_no\_user & 0.50 & 50\% of \$5 \\" in lines
    assert r" & $-$0.25 & [0.1, 0.2] \\" in lines
    last = r"A \& B & not estimable & a\textasciitilde{}b\textasciicircum{}c\textbackslash{}d "
    assert last + r"\{e\} \#1 \\" in lines
    assert r"\caption[Shares\_of 100\%]{Shares\_of 100\%. Read \& see}" in lines
    assert r"\label{tab:shares}" in lines
    assert r"\begin{tabular}{lrl}" in lines
    assert [line for line in lines if line.endswith("rule")] == [
        "\\toprule",
        "\\midrule",
        "\\bottomrule",
    ]


def test_a_row_that_begins_with_a_bracket_is_no_option_of_the_line_break() -> None:
    table = Table("t", "t", FRAME, (Shown("Interval", "note"), Shown("Arm", "arm")))
    assert r"{}[0.1, 0.2] & hare\_no\_user \\" in latex_table(table).splitlines()


def test_long_tables_go_over_pages_and_wide_cells_over_lines() -> None:
    frame = pd.DataFrame({"text": ["word " * 20] * 40}, dtype=object)
    text = latex_table(Table("long", "Long", frame, (Shown("Text", "text"),)))
    assert r"\begin{longtable}{p{0.5\linewidth}}" in text
    assert text.startswith("% \\usepackage{booktabs, longtable}\n")


def test_the_report_writes_every_table_that_it_shows(report: Report, pilot: Export) -> None:
    files = report_files(analyse(pilot), report)
    shown = {name for name, table in report.tables.items() if table.columns and len(table.frame)}
    assert {name for name in files if name.startswith("latex/")} == {
        f"latex/{name}.tex" for name in shown
    }
    assert all(report.tables[name].csv() == files[f"tables/{name}.csv"] for name in shown)


def test_every_table_of_the_report_is_what_latex_can_read(report: Report) -> None:
    for name, table in report.tables.items():
        if not (table.columns and len(table.frame)):
            continue
        text = latex_table(table, warning=report.warning)
        bare = re.sub(r"\\.|\\\\", "", text)
        assert bare.count("{") == bare.count("}"), name
        assert bare.count("$") % 2 == 0, name
        ends = [line for line in text.splitlines() if line.endswith(r"\\")]
        rows = [line for line in ends if r"\caption" not in line and r"\multicolumn" not in line]
        columns = [len(re.findall(r"(?<!\\)&", line)) + 1 for line in rows]
        assert set(columns) == {len(table.columns)}, name
        known = re.sub(r"[–…“”‘’’]", "", text)  # which pdfLaTeX sets
        assert not [sign for sign in known if ord(sign) > 255], name
        assert escaped(report.warning.rstrip(".")) in text
