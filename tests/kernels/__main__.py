"""`make test-kernels`: the tests of numbers, as if on other processors (`settings.py`).

The tests are those marked `kernels` (tests/conftest.py says which). Every setting is
a process of its own, since a library chooses its kernels when it is loaded.
"""

from __future__ import annotations

import subprocess
import sys
import time

from tests.kernels.settings import environment, settings

FOUND = "from tests.kernels.settings import found; print(found())"
PATIENCE = 1200  # seconds for a test: plain loops are slow


def main(side_by_side: list[str]) -> int:
    """Run under every setting, whatever the others gave; 1 when one of them is red.

    side_by_side   pytest's options for several processes, for settings of one thread: threads that
                   wait for each other on a full machine wait long
    """
    pytest = [sys.executable, "-m", "pytest", "-m", "kernels", "-q", f"--timeout={PATIENCE}"]
    red = []
    for name, setting in settings().items():
        start = time.perf_counter()
        print(f"\n{name}: {' '.join(f'{k}={v!r}' for k, v in setting.items())}", flush=True)
        subprocess.run([sys.executable, "-c", FOUND], env=environment(setting), check=True)
        more = side_by_side if setting["OMP_NUM_THREADS"] == "1" else []
        if subprocess.run([*pytest, *more], env=environment(setting), check=False).returncode:
            red.append(name)
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)
    if red:
        print(f"Red on: {'; '.join(red)}", file=sys.stderr)
    return int(bool(red))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
