"""What a rehearsal costs: `study_app bots` on the null protocol, by the number of participants.

    python -m tests.bench.bench_rehearsal [--sizes 3 12] [--repeats 3] [--beside CHECKOUT]

Every line is the whole command in a process of its own with a fresh database: from the start of
Python to the last round stored, the median of the repeats. `--beside` measures another checkout of
this project too (git worktree add CHECKOUT COMMIT), by turns with this one; the ratios are its
times over ours.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parents[2]
SIZES = (3, 12)
PROTOCOL = "study_design/protocols/null.yaml"
ROUNDS = 4  # of that protocol


def rows(
    checkouts: Sequence[Path], sizes: Sequence[int] = SIZES, repeats: int = 3
) -> dict[tuple[int, Path], list[tuple[float, float]]]:
    """Seconds by the wall's clock and by the processor's, of each repeat, by size and checkout."""
    found: dict[tuple[int, Path], list[tuple[float, float]]] = {}
    for size in sizes:
        for _ in range(repeats):
            for checkout in checkouts:
                found.setdefault((size, checkout), []).append(_measured(checkout, size))
    return found


def _measured(checkout: Path, participants: int) -> tuple[float, float]:
    command = [sys.executable, "-m", "study_app", "bots", "--quiet", "--protocol", PROTOCOL]
    command += ["--participants", str(participants)]
    with tempfile.TemporaryDirectory() as scratch:
        own = {"HARE_DATA_DIR": scratch, "HARE_DATABASE_URL": f"sqlite:///{scratch}/study.sqlite"}
        start, before = time.perf_counter(), _processor()
        subprocess.run(command, cwd=checkout, env=os.environ | own, check=True, capture_output=True)
        return time.perf_counter() - start, _processor() - before


def _processor() -> float:
    """Processor seconds of the child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), metavar="N")
    parser.add_argument("--repeats", type=int, default=3, metavar="K")
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT")
    options = parser.parse_args()
    checkouts = [HERE] if options.beside is None else [HERE, options.beside.resolve()]
    found = rows(checkouts, options.sizes, options.repeats)
    print("| participants | rounds | checkout | wall, s | ratio | processor, s | ratio |")
    print("|---|---|---|---|---|---|---|")
    for size in options.sizes:
        ours = _medians(found[size, HERE])
        for checkout in checkouts:
            wall, processor = _medians(found[size, checkout])
            name = "here" if checkout == HERE else _commit(checkout)
            print(
                f"| {size} | {size * ROUNDS} | {name} | {wall:.1f} | {wall / ours[0]:.1f} "
                f"| {processor:.1f} | {processor / ours[1]:.1f} |"
            )


def _medians(measured: Sequence[tuple[float, float]]) -> tuple[float, float]:
    wall, processor = zip(*measured, strict=True)
    return median(wall), median(processor)


def _commit(checkout: Path) -> str:
    command = ["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
