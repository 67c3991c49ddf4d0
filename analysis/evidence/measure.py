"""Everything that `python -m analysis evidence` measures, as one JSON file."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from analysis.errors import InputError
from analysis.evidence.errors import ALPHA, EFFECT, SCENARIOS, error_rates
from analysis.evidence.exploratory_errors import order_errors
from analysis.evidence.gates import gate_rows
from analysis.evidence.gold import gold_values
from analysis.evidence.looks import look_rows
from analysis.evidence.mixed import mixed_rows
from analysis.evidence.page import MEASURED, write_page
from analysis.evidence.power import power_rows
from analysis.evidence.pseudo import pseudo_rows

REPETITIONS = 10_000
QUICK = 200
SEED = 20_261
PACKAGES = ("numpy", "scipy", "statsmodels", "krippendorff")


Measure = Callable[[int, int], Any]  # from repetitions and a seed
SIMULATED: Mapping[str, Measure] = {
    "errors": lambda repetitions, seed: error_rates(repetitions, repetitions // 5, seed),
    "power": power_rows,
    "pseudo": pseudo_rows,
    "looks": look_rows,
    "gates": gate_rows,
    "order": lambda repetitions, seed: order_errors(max(1, repetitions // 10), seed),
    "mixed": lambda repetitions, seed: mixed_rows(max(1, repetitions // 25), seed),
}


def evidence(
    out: Path,
    *,
    gold: Path,
    repetitions: int = REPETITIONS,
    seed: int = SEED,
    only: str | None = None,
) -> dict[str, Any]:
    """Measure, write statistics.json and the page into `out`; gives what was measured.

    repetitions  simulated studies of every cell; the interval of d_z takes a fifth of them, the
                 table of order and carry-over a tenth, and the mixed models a twenty-fifth
    only         the one of SIMULATED to measure anew; the others stay as they are in `out`, where
                 they must have been measured with the same repetitions, seed and versions
    InputError for fewer than 10 repetitions or a folder without the gold values' data.
    """
    if repetitions < 10:
        raise InputError(f"repetitions = {repetitions}: must be at least 10")
    versions = {
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }
    same = {"repetitions": repetitions, "seed": seed, "versions": versions}
    kept = {} if only is None else _measured(out, only, same)
    start = time.perf_counter()
    simulated = {
        name: measure(repetitions, seed) if only in (None, name) else kept[name]
        for name, measure in SIMULATED.items()
    }
    found: dict[str, Any] = {
        "gold": gold_values(gold),
        **simulated,
        "alpha": ALPHA,
        "effect": EFFECT,
        "scenarios": {name: words for name, (words, _) in SCENARIOS.items()},
        "repetitions": repetitions,
        "seed": seed,
    }
    found["seconds"] = kept.get("seconds", 0) + round(time.perf_counter() - start)
    found["versions"] = versions
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    (out / MEASURED).write_text(text, encoding="utf-8")
    write_page(out)
    return found


def _measured(out: Path, only: str, same: Mapping[str, Any]) -> dict[str, Any]:
    """What lies in `out`, if the measures beside `only` can be kept with it."""
    file = out / MEASURED
    if only not in SIMULATED:
        raise InputError(f"only = {only!r}: must be one of {', '.join(SIMULATED)}")
    if not file.is_file():
        raise InputError(f"{file} is missing: measure everything first, without `only`")
    kept = json.loads(file.read_text(encoding="utf-8"))
    for name, value in same.items():
        if kept.get(name) != value:
            raise InputError(f"{file} has {name} {kept.get(name)}, not {value}: measure everything")
    for name in SIMULATED:
        if name != only and name not in kept:
            raise InputError(f"{file} has no {name}: measure everything first, without `only`")
    return kept
