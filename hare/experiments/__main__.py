"""`python -m hare.experiments COMMAND`: measure, print, and write what was measured as JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hare.errors import HareError
from hare.experiments.commands import add_commands
from hare.experiments.results import write_object, write_rows
from hare.experiments.text_commands import add_text_commands


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; 0 when all is well, 1 with a message otherwise."""
    parser = argparse.ArgumentParser(prog="python -m hare.experiments", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add_text_commands(commands)
    add_commands(commands)
    arguments = parser.parse_args(argv)
    try:
        figures = arguments.run(arguments)
    except HareError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if arguments.json is not None and figures is not None:
        _write(arguments.json, figures)
    return 0


def _write(file: Path, figures: Any) -> None:
    if isinstance(figures, list):
        write_rows(file, figures)
    else:
        write_object(file, figures)


if __name__ == "__main__":
    sys.exit(main())
