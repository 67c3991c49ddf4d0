"""The study's command line: python -m study_app COMMAND --help.

Exit codes: 0 all is well; 1 something is wrong, and it was said what; 2 a mistake in the command.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Sequence

from hare.errors import HareError
from study_app import commands
from study_app.errors import StudyError
from study_design import DesignError


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; expected errors become a message and exit code 1."""
    options = _parser().parse_args(argv)
    try:
        return options.command(options)
    except (StudyError, DesignError, HareError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. What was stored is complete; the same command goes on.", file=sys.stderr)
        return 1


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m study_app", description="Run and keep a study.")
    parser.set_defaults(database=None)
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, *, database: bool = True, protocol: bool = False) -> ArgumentParser:
        command = getattr(commands, name.replace("-", "_"))
        summary = (command.__doc__ or "").strip()
        sub = subparsers.add_parser(name, help=summary, description=summary)
        sub.set_defaults(command=command)
        if database:
            sub.add_argument(
                "--database", metavar="URL", help="default: HARE_DATABASE_URL or data/"
            )
        if protocol:
            sub.add_argument(
                "--protocol", metavar="FILE", help="default: HARE_PROTOCOL or pilot.yaml"
            )
        return sub

    def bots_of(sub: ArgumentParser) -> None:
        sub.add_argument("--participants", type=int, default=24, metavar="N", help="default: 24")
        sub.add_argument("--seed", type=int, default=1, metavar="S", help="default: 1")
        sub.add_argument("--quiet", action="store_true", help="no progress bar")

    add("migrate")
    add("prepare", protocol=True).add_argument("--port", type=int, default=8501)
    add("serve", protocol=True).add_argument("--port", type=int, default=8501)
    add("links")
    bots_of(add("bots", protocol=True))
    export = add("export")
    export.add_argument("--out", required=True, metavar="DIR")
    export.add_argument("--simulated", action="store_true", help="simulated participants only")
    add("verify")
    replay = add("replay")
    replay.add_argument("--regenerate", action="store_true", help="also write every text again")
    replay.add_argument(
        "--tolerance",
        type=float,
        default=0.0,
        metavar="D",
        help="how far a number may differ; default: 0, and 1e-9 suits another processor",
    )
    replay.add_argument("--quiet", action="store_true", help="no progress bar")
    dry_run = add("dry-run", database=False, protocol=True)
    dry_run.add_argument("--out", default="report", metavar="DIR", help="default: report")
    dry_run.add_argument(
        "--work", default="dry-run", metavar="DIR", help="database and export; default: dry-run"
    )
    bots_of(dry_run)
    null = add("null-studies", database=False, protocol=True)
    null.add_argument("--studies", type=int, default=500, metavar="N", help="default: 500")
    null.add_argument("--json", required=True, metavar="FILE", help="where the rates go")
    bots_of(null)
    return parser


if __name__ == "__main__":
    sys.exit(main())
