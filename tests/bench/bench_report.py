"""What a report costs: seconds and memory of `analysis report` by the number of participants.

    python -m tests.bench.bench_report [--sizes 24 1250 2500 5000]

Every line is one report of a synthetic export (the pilot's three arms, ten rounds and four items,
so 120 ratings a participant), written in a process of its own: seconds from reading the export to
the last file, by the wall's clock and by the processor's (which a busy machine stretches less), and
the process's greatest resident memory. Making the export is not timed. The ratios compare each line
with the one above it: a cost that is linear grows by no more than the participants do.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TypedDict

from analysis.data.synthetic import write_synthetic_export

SIZES = (24, 1250, 2500, 5000)
LIMITS = {24: 20.0, 5000: 60.0}  # seconds that a report may take, by participants
_CODE = """
import json, resource, sys, time
from pathlib import Path
start = time.perf_counter()
from analysis.report import write_report
ready, busy = time.perf_counter(), time.process_time()
write_report(sys.argv[1], sys.argv[2], simulated=True)
found = {"load": ready - start, "wall": time.perf_counter() - ready}
found |= {"processor": time.process_time() - busy}
status = Path("/proc/self/status")
if status.is_file():  # Linux, whose ru_maxrss begins with that of the process that forked this one
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    found |= {"peak": 1024 * int(peak.split()[1])}
else:  # macOS
    found |= {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}
print(json.dumps(found))
"""


class Row(TypedDict):
    """participants; seconds to import the package and of the report, by both clocks; MiB."""

    participants: int
    load: float
    wall: float
    processor: float
    peak: float


def rows(sizes: tuple[int, ...] = SIZES) -> list[Row]:
    """One row a size, each measured in a process of its own."""
    return [_measured(size) for size in sizes]


def _measured(size: int) -> Row:
    with tempfile.TemporaryDirectory() as scratch:
        export = write_synthetic_export(Path(scratch) / "export", participants=size, seed=1)
        command = [sys.executable, "-c", _CODE, str(export), str(Path(scratch) / "report")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    return Row(
        participants=size,
        load=found["load"],
        wall=found["wall"],
        processor=found["processor"],
        peak=found["peak"] / 1024.0**2,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), metavar="N")
    found = rows(tuple(parser.parse_args().sizes))
    print(
        "| participants | wall, s | limit, s | processor, s | ratio | peak memory, MiB | ratio |\n"
        "|---|---|---|---|---|---|---|"
    )
    for row, above in zip(found, [None, *found], strict=False):
        limit = LIMITS.get(row["participants"], "")
        ratios = ["", ""]
        if above is not None:
            people = row["participants"] / above["participants"]
            slower = row["processor"] / above["processor"]
            ratios = [f"{slower:.1f} (participants {people:.1f})"]
            ratios.append(f"{row['peak'] / above['peak']:.1f}")
        print(
            f"| {row['participants']:,} | {row['wall']:.1f} | {limit} | {row['processor']:.1f} "
            f"| {ratios[0]} | {row['peak']:.0f} | {ratios[1]} |"
        )
    print(f"\nImporting the package took {found[0]['load']:.1f} s more, once a process.")


if __name__ == "__main__":
    main()
