"""Everything that `python -m analysis evidence` measures, as one JSON file."""

from __future__ import annotations

import json
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from analysis.errors import InputError
from analysis.evidence.errors import ALPHA, EFFECT, SCENARIOS, error_rates
from analysis.evidence.gold import gold_values
from analysis.evidence.looks import look_rows
from analysis.evidence.page import MEASURED, write_page
from analysis.evidence.power import power_rows
from analysis.evidence.pseudo import pseudo_rows

REPETITIONS = 10_000
QUICK = 200
SEED = 20_261
PACKAGES = ("numpy", "scipy", "statsmodels", "krippendorff")


def evidence(
    out: Path, *, gold: Path, repetitions: int = REPETITIONS, seed: int = SEED
) -> dict[str, Any]:
    """Measure, write statistics.json and the page into `out`; gives what was measured.

    repetitions  simulated studies of every cell; the interval of d_z takes a fifth of them
    InputError for fewer than 10 repetitions or a folder without the gold values' data.
    """
    if repetitions < 10:
        raise InputError(f"repetitions = {repetitions}: must be at least 10")
    start = time.perf_counter()
    found: dict[str, Any] = {
        "gold": gold_values(gold),
        "errors": error_rates(repetitions, repetitions // 5, seed),
        "power": power_rows(repetitions, seed),
        "pseudo": pseudo_rows(repetitions, seed),
        "looks": look_rows(repetitions, seed),
        "alpha": ALPHA,
        "effect": EFFECT,
        "scenarios": {name: words for name, (words, _) in SCENARIOS.items()},
        "repetitions": repetitions,
        "seed": seed,
    }
    found["seconds"] = round(time.perf_counter() - start)
    found["versions"] = {
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    (out / MEASURED).write_text(text, encoding="utf-8")
    write_page(out)
    return found
