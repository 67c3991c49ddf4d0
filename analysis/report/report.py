"""The report as a value: title, summary, outline, tables and figures, before it is written out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Literal

from analysis.confirmatory import arm_label
from analysis.findings import Findings
from analysis.report import words
from analysis.report.background_tables import background_tables
from analysis.report.confirmatory_tables import confirmatory_tables
from analysis.report.diagnostic_tables import diagnostic_tables
from analysis.report.equivalence_table import equivalence_tables
from analysis.report.exploratory_tables import exploratory_tables
from analysis.report.figures import Figure, report_figures
from analysis.report.mixed_tables import mixed_tables
from analysis.report.outline import Section, Shows, outline
from analysis.report.people_tables import people_tables
from analysis.report.rating_tables import rating_tables
from analysis.report.request_tables import request_table
from analysis.report.robust_tables import robust_tables
from analysis.report.study_tables import study_tables
from analysis.report.table import Table
from analysis.report.verdict_table import verdict_table


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """Everything that the written forms share.

    warning   that the participants are simulated, or empty
    summary   paragraphs; byline and kicker: single lines under and over the title
    numbers   of each table and figure that is shown, by its name
    """

    title: str
    kicker: str
    byline: str
    warning: str
    summary: tuple[str, ...]
    sections: tuple[Section, ...]
    tables: Mapping[str, Table]
    figures: Mapping[str, Figure]
    numbers: Mapping[tuple[str, str], int]

    def number(self, kind: Literal["figure", "table"], name: str) -> int:
        """The number of the figure or table of this name."""
        return self.numbers[kind, name]


def build_report(findings: Findings) -> Report:
    """Tables, figures and words of an analysis. The same findings give the same report."""
    study = findings.study
    tables = {
        table.name: table
        for table in [
            *people_tables(study),
            *confirmatory_tables(findings),
            *mixed_tables(findings),
            *robust_tables(findings),
            *rating_tables(study),
            *equivalence_tables(findings),
            *exploratory_tables(findings),
            *diagnostic_tables(findings),
            *background_tables(findings),
            request_table(findings),
            verdict_table(findings),
            *study_tables(study),
        ]
    }
    figures = report_figures(findings, tables)
    sections = outline(findings, tables, figures)
    return Report(
        title=report_title(findings),
        kicker=_kicker(findings),
        byline=_byline(findings),
        warning=words.SIMULATED if findings.export.simulated else "",
        summary=tuple(words.summary(findings, tables)),
        sections=sections,
        tables=tables,
        figures=figures,
        numbers=dict(_numbers(sections)),
    )


def report_title(findings: Findings) -> str:
    """The title of the report; simulated data are named first."""
    title = f"{findings.protocol.study.title}: analysis report"
    return f"Simulated data — {title}" if findings.export.simulated else title


def _kicker(findings: Findings) -> str:
    study, exported = findings.protocol.study, findings.export.manifest.created_at[:10]
    return f"Analysis report · study {study.id}, version {study.version} · data exported {exported}"


def _byline(findings: Findings) -> str:
    protocol, n = findings.protocol, findings.sample.n
    completed = dict(findings.sample.flow())["completed"]
    arms = ", ".join(arm_label(arm) for arm in protocol.arm_names)
    return (
        f"{n} participant{'' if n == 1 else 's'} analysed of {protocol.participants} planned "
        f"({completed} completed) · "
        f"{protocol.rounds} rounds · {len(protocol.arms)} arms: {arms}"
    )


def _numbers(sections: tuple[Section, ...]) -> Iterator[tuple[tuple[str, str], int]]:
    """Figures and tables are each numbered in the order in which they are shown."""
    counters = {"figure": count(1), "table": count(1)}
    for section in sections:
        for block in section.blocks:
            if isinstance(block, Shows):
                yield (block.kind, block.name), next(counters[block.kind])
