"""`python -m tests.bench [NAME ...] [--page FILE]`: every benchmark, or those named, in turn.

What they print is Markdown; `--page` writes it to a file as well, with what it was measured on.
"""

from __future__ import annotations

import argparse
import io
import platform
import sys
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path

import numpy as np
import torch

NAMES = sorted(p.stem.removeprefix("bench_") for p in Path(__file__).parent.glob("bench_*.py"))
COMMAND = "make bench"


class Both(io.StringIO):
    """Keeps what is printed, and prints it."""

    def write(self, text: str) -> int:
        if sys.__stdout__:
            sys.__stdout__.write(text)
        return super().write(text)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--page", type=Path, help="Markdown file for what is printed")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(NAMES):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    sys.argv = sys.argv[:1]
    printed = Both()
    with redirect_stdout(printed):
        print(f"# Speed, side by side\n\nOne run of `{COMMAND}`; ratios are within it. {machine()}")
        for name in arguments.names or NAMES:
            benchmark = import_module(f"tests.bench.bench_{name}")
            print(f"\n## {name}\n\n{(benchmark.__doc__ or '').splitlines()[0]}\n", flush=True)
            benchmark.main()
    if arguments.page is not None:
        arguments.page.write_text(printed.getvalue(), "utf-8")


def machine() -> str:
    """What the figures were measured on."""
    return (
        f"{platform.machine()}, {torch.get_num_threads()} threads for torch unless a table says "
        f"otherwise, Python {platform.python_version()}, numpy {np.__version__}, "
        f"torch {torch.__version__}."
    )


if __name__ == "__main__":
    main()
