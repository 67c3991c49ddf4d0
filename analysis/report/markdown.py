"""The report as Markdown: the same outline, with tables as pipes and figures as links to files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from analysis.report.outline import Paragraph
from analysis.report.report import Report
from analysis.report.table import Table

ROWS_SHOWN = 200


def render_markdown(report: Report, files: Mapping[str, Sequence[str]]) -> str:
    """The whole report in Markdown.

    files   figure -> paths of its panels' files, relative to the document; without a figure's files
            the text says where it can be seen
    """
    return "\n\n".join(_parts(report, files)) + "\n"


def _parts(report: Report, files: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield f"# {report.title}"
    yield report.kicker
    if report.warning:
        yield f"**{report.warning}**"
    yield report.byline
    yield "## Summary"
    yield from report.summary
    for number, section in enumerate(report.sections, start=1):
        yield f"## {number}. {section.title}"
        for block in section.blocks:
            if isinstance(block, Paragraph):
                yield {"plain": "{}", "quote": "> {}", "none": "*{}*"}[block.tone].format(
                    block.text
                )
            elif block.kind == "table":
                yield from _table(report, block.name, block.empty)
            else:
                yield from _figure(report, block.name, files.get(block.name, ()))
    yield "Every number of this report is in a file beside it: `results.json` and"
    yield "\n".join(f"- [tables/{name}.csv](tables/{name}.csv)" for name in report.tables)


def _figure(report: Report, name: str, paths: Sequence[str]) -> Iterator[str]:
    figure, number = report.figures[name], report.number("figure", name)
    for (heading, _), path in zip(figure.panels, paths, strict=False):
        yield f"![{heading}]({path})"
    where = "" if paths else f" (drawn in [index.html](index.html#figure-{name}))"
    yield f"**Figure {number}.** {figure.caption}{where}"


def _table(report: Report, name: str, empty: str) -> Iterator[str]:
    table, number = report.tables[name], report.number("table", name)
    yield f"**Table {number}. {table.caption}.** {table.note}".rstrip()
    if table.frame.empty:
        yield f"*{empty}*"
        return
    yield pipe_table(table)
    rows = len(table.frame)
    if rows > ROWS_SHOWN:
        yield f"*The first {ROWS_SHOWN} of {rows} rows; all are in tables/{name}.csv.*"


def pipe_table(table: Table) -> str:
    """The rows that the page shows, as a table of Markdown."""
    lines = [
        [column.heading for column in table.columns],
        ["---:" if column.numeric else "---" for column in table.columns],
        *table.rows()[:ROWS_SHOWN],
    ]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
