"""The command line of the statistics.

    python -m analysis check    --data DIR                what is wrong with an export, row by row
    python -m analysis describe --data DIR                who took part and what they gave, no tests
    python -m analysis report   --data DIR --out DIR      the pre-registered analysis
    python -m analysis datasheet --data DIR [--out FILE]  a datasheet of the evaluation
    python -m analysis power [--n N ...] [--effect D ...] what a number of participants can show
    python -m analysis evidence --out DIR                 what shows that the statistics are right

Exit codes: 0 when all is well, 1 when data, values or the folder are refused (the reason is
printed, nothing is written), 2 for a wrong command line.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from analysis import commands
from analysis.errors import AnalysisError
from analysis.evidence.measure import QUICK, REPETITIONS, SEED, SIMULATED
from analysis.report.figure_files import FORMATS
from study_design import DesignError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        return arguments.run(arguments)
    except (AnalysisError, DesignError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m analysis",
        description="The statistics of the study, from an exported folder.",
        epilog="An export is what `python -m study_app export` writes. `COMMAND --help` says more.",
    )
    command = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _check(command)
    _describe(command)
    _report(command)
    _datasheet(command)
    _power(command)
    _evidence(command)
    return parser


def _add(
    command: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str,
    more: str = "",
) -> argparse.ArgumentParser:
    parser = command.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}. {more}".strip(),
    )
    parser.set_defaults(run=getattr(commands, name))
    return parser


def _data(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    parser.add_argument("--data", type=Path, required=required, metavar="DIR", help="the export")


def _simulated(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--simulated",
        action="store_true",
        help="the export holds simulated participants, and what is written shall say so",
    )


def _check(command: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _add(
        command,
        "check",
        "validate an export against its manifest, codebook and protocol",
        "Every problem is printed on a line of its own with file, column and row (data rows are "
        "counted from 1, below the header). Exit code 1 when there is any.",
    )
    _data(parser)


def _describe(command: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    more = "Flow, exclusions, background, balance, mean ratings, texts and deviations."
    _data(_add(command, "describe", "print the sample and the ratings, without tests", more))


def _report(command: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _add(
        command,
        "report",
        "the pre-registered analysis of an export, as a page and as files",
        "Writes index.html (self-contained, draws its figures without a network), report.md, "
        "datasheet.md, results.json, tables/*.csv and latex/*.tex, all at once or nothing.",
    )
    _data(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write")
    _simulated(parser)
    parser.add_argument(
        "--figures",
        choices=FORMATS,
        help="also write every figure to figures/ in this format; needs the package kaleido and "
        "Chrome or Chromium",
    )


def _datasheet(command: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _add(
        command,
        "datasheet",
        "a datasheet of the human evaluation and a methods paragraph, in Markdown",
        "Filled in from the protocol, and from the data where there are any; what the platform "
        "cannot know is marked for the researchers to fill in.",
    )
    source = parser.add_mutually_exclusive_group(required=True)
    _data(source, required=False)  # pyright: ignore[reportArgumentType]
    source.add_argument("--protocol", type=Path, metavar="FILE", help="a study not yet run")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: print it")
    _simulated(parser)


def _power(command: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _add(
        command,
        "power",
        "power of the paired t test, smallest effects, and participants needed",
        "Exact, from the noncentral t, two-sided. The unit is the participant: rounds and items "
        "make no more of them.",
    )
    parser.add_argument(
        "--n",
        type=int,
        nargs="+",
        default=[12, 24, 36, 48],
        metavar="N",
        help="numbers of participants; default: 12 24 36 48",
    )
    parser.add_argument(
        "--effect",
        type=float,
        nargs="+",
        default=[0.3, 0.5, 0.66, 0.8],
        metavar="D",
        help="standardised differences d_z = mean / SD; default: 0.3 0.5 0.66 0.8",
    )
    parser.add_argument("--alpha", type=float, default=0.05, help="two-sided; default: 0.05")
    parser.add_argument(
        "--power", type=float, default=0.80, help="target of the other tables; default: 0.80"
    )
    parser.add_argument(
        "--tests",
        type=_count,
        default=1,
        metavar="M",
        help="tests in a Holm family: alpha / M is its first, hardest step; default: 1",
    )
    parser.add_argument(
        "--simulate",
        type=_count,
        metavar="STUDIES",
        help="also simulate this many studies of each size and effect, with ratings on a scale "
        "from 1 to 5",
    )
    parser.add_argument(
        "--slopes",
        action="store_true",
        help="instead: power of the slope test (does a difference widen?), simulated; effects are "
        "d_z of the participants' slopes",
    )
    parser.add_argument(
        "--mixed",
        type=_count,
        default=0,
        metavar="STUDIES",
        help="with --slopes: fit the mixed model to this many of the studies too, 0.04 s each",
    )
    parser.add_argument(
        "--rounds", type=_count, default=10, help="of a simulated study; default: 10"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")


def _evidence(command: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _add(
        command,
        "evidence",
        "gold values, error rates, coverage and power, measured, as JSON and a page",
        "Writes statistics.json and statistics.md. Needs the project's tests/gold folder.",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write")
    parser.add_argument(
        "--gold",
        type=Path,
        default=Path("tests/gold"),
        metavar="DIR",
        help="data of the gold values; default: tests/gold",
    )
    parser.add_argument(
        "--repetitions",
        type=_count,
        default=REPETITIONS,
        metavar="N",
        help=f"simulated studies of every cell; default: {REPETITIONS}",
    )
    parser.add_argument("--seed", type=int, default=SEED, metavar="S", help=f"default: {SEED}")
    parser.add_argument(
        "--only",
        choices=tuple(SIMULATED),
        help="measure this anew and keep the rest that was measured before",
    )
    short = parser.add_mutually_exclusive_group()
    short.add_argument("--quick", action="store_true", help=f"{QUICK} repetitions, to try it out")
    short.add_argument(
        "--page-only", action="store_true", help="write the page anew from what was measured before"
    )


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value}: must be at least 1")
    return value


if __name__ == "__main__":
    sys.exit(main())
