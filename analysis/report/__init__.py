"""The report: tables, figures and one self-contained page, written all at once or not at all."""

from analysis.report.write import write_report

__all__ = ["write_report"]
