"""Writing the report: everything into a folder beside the target, then one rename."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analysis.data.exports import read_export
from analysis.errors import ReportError
from analysis.findings import Findings, analyse
from analysis.report.figures import report_figures
from analysis.report.page import render_page, report_title
from analysis.report.result_tables import result_tables
from analysis.report.study_tables import study_tables
from analysis.report.table import Table

_FILES_ONLY = ("differences", "participant_means", "deviations")


def write_report(data: str | Path, out: str | Path, *, simulated: bool = False) -> Path:
    """Analyse the export in `data` and write index.html, results.json and tables/*.csv to `out`.

    simulated  must be True for a simulated export, and only for one

    Returns the path of index.html. An earlier report in `out` is replaced; any other content is
    left alone and refused with ReportError. ExportError when the export is not sound. Nothing is
    written unless all of it can be.
    """
    target = Path(out).absolute()
    _check_target(target)
    export = read_export(data)
    if export.simulated and not simulated:
        raise ReportError(
            f"the export in {export.folder} holds simulated participants and would be reported as "
            "a study; add --simulated to report it as what it is"
        )
    if simulated and not export.simulated:
        raise ReportError(
            f"the export in {export.folder} holds human participants; leave out --simulated"
        )
    files = report_files(analyse(export))
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as scratch:
        fresh, old = Path(scratch) / "new", Path(scratch) / "old"
        for name, content in files.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        if target.exists():
            target.rename(old)
        fresh.rename(target)
    return target / "index.html"


def report_files(findings: Findings) -> dict[str, str]:
    """The report's files by their path in its folder. The same export gives the same files."""
    tables = {table.name: table for table in [*result_tables(findings), *study_tables(findings)]}
    figures = report_figures(findings, tables)
    files = {
        "index.html": render_page(findings, tables, figures),
        "results.json": json.dumps(_results(findings, tables), indent=1, allow_nan=False) + "\n",
    }
    return files | {f"tables/{name}.csv": table.csv() for name, table in tables.items()}


def _results(findings: Findings, tables: dict[str, Table]) -> dict[str, Any]:
    """The results as nested plain values: the confirmatory ones in full, then every table."""
    return {
        "title": report_title(findings),
        "simulated": findings.export.simulated,
        "provenance": {row["name"]: row["value"] for row in tables["provenance"].records()},
        "participants": dict(findings.sample.flow()),
        "families": [
            {
                "name": family.name,
                "title": family.title,
                "correction": family.correction,
                "alpha": family.alpha,
                "contrasts": [
                    {
                        "label": result.label,
                        **asdict(result.contrast),
                        "means": result.means,
                        "p_adjusted": result.p_adjusted,
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
        "tables": {
            name: table.records() for name, table in tables.items() if name not in _FILES_ONLY
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
