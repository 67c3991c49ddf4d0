"""The design on the command line.

    python -m study_design check FILE [FILE ...]   validate protocols
    python -m study_design render [--check]        write the documents, or see that they are current
    python -m study_design balance                 simulate recruitments: does allocation balance?

Exit codes: 0 all is well, 1 something is not, 2 the command was not understood.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from study_design.allocation_page import allocation_page
from study_design.documents import stale_documents, write_documents
from study_design.errors import DesignError, ProtocolError
from study_design.protocol import PILOT, load_protocol
from study_design.sequences import sequence_count


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.command == "check":
            return _check(arguments.files)
        if arguments.command == "balance":
            return _balance(arguments)
        return _render(arguments.protocol, arguments.out, only_check=arguments.check)
    except (DesignError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m study_design", description="Check protocols and render their documents."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="validate protocol files")
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    render = commands.add_parser(
        "render", help="write study_design.md, consent.md and preregistration.md"
    )
    render.add_argument("--protocol", type=Path, default=PILOT, help="default: the pilot")
    render.add_argument(
        "--out", type=Path, default=Path(__file__).parent, help="folder; default: study_design/"
    )
    render.add_argument(
        "--check", action="store_true", help="write nothing; fail when a document is not current"
    )
    balance = commands.add_parser(
        "balance", help="simulate recruitments and write how balanced the slot orders come out"
    )
    balance.add_argument("--protocol", type=Path, default=PILOT, help="default: the pilot")
    balance.add_argument("--repetitions", type=int, default=100, help="recruitments a row")
    balance.add_argument("--seed", type=int, default=1)
    balance.add_argument("--out", type=Path, help="file; default: the terminal")
    return parser


def _balance(arguments: argparse.Namespace) -> int:
    protocol = load_protocol(arguments.protocol)
    page = allocation_page(protocol, repetitions=arguments.repetitions, seed=arguments.seed)
    if arguments.out is None:
        print(page, end="")
    else:
        arguments.out.write_text(page, encoding="utf-8")
        print(f"wrote {arguments.out}")
    return 0


def _check(files: Sequence[Path]) -> int:
    failed = False
    for file in files:
        try:
            protocol = load_protocol(file)
        except ProtocolError as error:
            print(error, file=sys.stderr)
            failed = True
            continue
        print(
            f"{file}: valid. Study {protocol.study.id} version {protocol.study.version}, "
            f"{len(protocol.arms)} arms, {protocol.rounds} rounds, {protocol.participants} "
            f"participants, {sequence_count(protocol)} sequences.\n  hash {protocol.hash}"
        )
        for warning in protocol.warnings():
            print(f"  before the study begins: {warning}")
    return 1 if failed else 0


def _render(protocol_file: Path, out: Path, *, only_check: bool) -> int:
    protocol = load_protocol(protocol_file)
    if not only_check:
        for path in write_documents(protocol, out):
            print(f"wrote {path}")
        return 0
    stale = stale_documents(protocol, out)
    for path in stale:
        print(
            f"{path}: differs from {protocol_file}; run python -m study_design render",
            file=sys.stderr,
        )
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
