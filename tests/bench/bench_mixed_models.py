"""What the mixed models of a study of 24 participants, ten rounds and three arms cost.

    python -m tests.bench.bench_mixed_models

Processor seconds for all its coefficients, the median of five fits of one simulated study.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from analysis import linear_mixed, ordinal_by_arm

ARMS = ("hare", "rag", "gpt2")
REPEATS = 5
MODELS: dict[str, tuple[Callable[..., object], float]] = {  # and the seconds that each may take
    "linear (REML)": (linear_mixed, 1.0),
    "cumulative link": (ordinal_by_arm, 3.0),
}


def study(seed: int = 1) -> np.ndarray:
    """(24, 10, 3) ratings from 1 to 5 with an intercept for each participant."""
    rng = np.random.default_rng(seed)
    people = rng.normal(size=(24, 1, 3))
    return np.clip(np.rint(3 + people + rng.normal(size=(24, 10, 3))), 1, 5)


def seconds(fit: Callable[..., object]) -> float:
    """Processor seconds of a fit, the median of a few."""
    values, taken = study(), []
    for _ in range(REPEATS):
        start = time.process_time()
        fit(values, ARMS, reference="rag")
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def main() -> None:
    """Print the table."""
    print("| model | seconds | limit, s |\n|---|---|---|")
    for name, (fit, limit) in MODELS.items():
        print(f"| {name} | {seconds(fit):.2f} | {limit:.0f} |")


if __name__ == "__main__":
    main()
