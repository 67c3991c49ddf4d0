"""Writing the report: everything into a folder beside the target, then one rename."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analysis.data.exports import Export, read_export
from analysis.errors import ReportError
from analysis.findings import Findings, analyse
from analysis.report.datasheet import render_datasheet
from analysis.report.figure_files import Format, figure_files, figure_paths
from analysis.report.latex import latex_table
from analysis.report.markdown import render_markdown
from analysis.report.page import render_page
from analysis.report.report import Report, build_report

_FILES_ONLY = ("differences", "participant_means", "deviations", "quantiles")


def write_report(
    data: str | Path, out: str | Path, *, simulated: bool = False, figures: Format | None = None
) -> Path:
    """Analyse the export in `data`, and write the report to the folder `out`.

    simulated  must be True for a simulated export, and only for one
    figures    also write every figure to figures/ as "svg" or "png"; needs kaleido and a Chrome

    Returns the path of index.html; report.md, datasheet.md, results.json, tables/*.csv and
    latex/*.tex lie beside it. An earlier report in `out` is replaced; any other content is left
    alone and refused with ReportError. ExportError when the export is not sound. Nothing is written
    unless all of it can be.
    """
    target = Path(out).absolute()
    _check_target(target)
    export = read_export(data)
    refuse_other_kind(export, simulated=simulated)
    findings = analyse(export)
    report = build_report(findings)
    drawn = {} if figures is None else figure_files(report, figures)
    paths = {} if figures is None else figure_paths(report, figures)
    files = report_files(findings, report, paths)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as scratch:
        fresh, old = Path(scratch) / "new", Path(scratch) / "old"
        for name, content in {**files, **drawn}.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        if target.exists():
            target.rename(old)
        fresh.rename(target)
    return target / "index.html"


def refuse_other_kind(export: Export, *, simulated: bool) -> None:
    """ReportError unless the export holds the kind of participants that was asked for."""
    if export.simulated and not simulated:
        raise ReportError(
            f"the export in {export.folder} holds simulated participants and would be reported as "
            "a study; add --simulated to report it as what it is"
        )
    if simulated and not export.simulated:
        raise ReportError(
            f"the export in {export.folder} holds human participants; leave out --simulated"
        )


def report_files(
    findings: Findings,
    report: Report | None = None,
    figures: Mapping[str, list[str]] | None = None,
) -> dict[str, str]:
    """The report's text files by their path in its folder; the same export gives the same files.

    report   what `build_report` gives, where it is at hand
    figures  paths of the figures' files, by figure, for the Markdown to show
    """
    built = report or build_report(findings)
    files = {
        "index.html": render_page(built),
        "report.md": render_markdown(built, figures or {}),
        "datasheet.md": render_datasheet(findings.protocol, findings.study),
        "results.json": json.dumps(_results(findings, built), indent=1, allow_nan=False) + "\n",
    }
    for name, table in built.tables.items():
        files[f"tables/{name}.csv"] = table.csv()
        if table.columns and len(table.frame):
            files[f"latex/{name}.tex"] = latex_table(table, warning=built.warning)
    return files


def _results(findings: Findings, report: Report) -> dict[str, Any]:
    """The results as nested plain values: the confirmatory ones in full, then every table."""
    return {
        "title": report.title,
        "simulated": findings.export.simulated,
        "provenance": {row["name"]: row["value"] for row in report.tables["provenance"].records()},
        "participants": dict(findings.sample.flow()),
        "families": [
            {
                "name": family.name,
                "title": family.title,
                "correction": family.correction,
                "alpha": family.alpha,
                "closed": family.closed,
                "contrasts": [
                    {
                        "label": result.label,
                        **asdict(result.contrast),
                        "means": result.means,
                        "p_adjusted": result.p_adjusted,
                        **({"level": result.level} if family.stage else {}),
                        "rejected": family.rejected(result),
                        "sentence": result.apa(),
                        "test": asdict(result.test),
                        "sensitivity": [asdict(test) for test in result.sensitivity],
                    }
                    for result in family.contrasts
                ],
            }
            for family in findings.families
        ],
        "verdicts": {verdict.hypothesis.id: verdict.text for verdict in findings.verdicts},
        "tables": {
            name: table.records()
            for name, table in report.tables.items()
            if name not in _FILES_ONLY
        },
    }


def _check_target(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise ReportError(f"{target} is a file; give a folder to write the report to")
    if target.is_dir() and any(target.iterdir()) and not (target / "results.json").is_file():
        raise ReportError(
            f"{target} holds something that is no earlier report; nothing was written. Give an "
            "empty or a new folder"
        )
