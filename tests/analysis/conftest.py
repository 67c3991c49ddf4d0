"""Synthetic exports for the analysis tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.data.exports import Export, read_export
from analysis.data.synthetic import write_synthetic_export
from analysis.findings import Findings, analyse
from analysis.report.report import Report, build_report
from analysis.report.write import report_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound synthetic export of six participants that a test may break."""
    return write_synthetic_export(tmp_path / "export", participants=6, seed=4)


@pytest.fixture(scope="session")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """A sound synthetic export of twenty-four participants."""
    return read_export(write_synthetic_export(tmp_path_factory.mktemp("pilot"), seed=3))


@pytest.fixture(scope="session")
def pilot_findings(pilot: Export) -> Findings:
    """The whole analysis of `pilot`."""
    return analyse(pilot)


@pytest.fixture(scope="session")
def pilot_report(pilot_findings: Findings) -> Report:
    return build_report(pilot_findings)


@pytest.fixture(scope="session")
def pilot_files(pilot_findings: Findings, pilot_report: Report) -> dict[str, str]:
    """The text files of `pilot_report` by their path."""
    return report_files(pilot_findings, pilot_report)
