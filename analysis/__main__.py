"""The command line: `python -m analysis report --data DIR --out DIR [--simulated]`.

Exit codes: 0 when all is well, 1 when the data or the folder are refused (the reason is printed,
nothing is written), 2 for a wrong command line.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from analysis.errors import AnalysisError
from analysis.report import write_report


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        page = write_report(arguments.data, arguments.out, simulated=arguments.simulated)
    except AnalysisError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"The report is in {page}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m analysis", description="The statistics of the study."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    report = commands.add_parser(
        "report",
        help="the pre-registered analysis of an export, as a page, as JSON and as CSV tables",
    )
    report.add_argument("--data", type=Path, required=True, metavar="DIR", help="the export")
    report.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write")
    report.add_argument(
        "--simulated",
        action="store_true",
        help="the export holds simulated participants, and the report shall say so",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
