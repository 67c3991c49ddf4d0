"""The commands that measure bandits: what each takes, runs, prints and writes."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hare.experiments.policies import POLICIES
from hare.experiments.runs import ALL_ENVIRONMENTS, BACKENDS, Plan
from hare.simulation.environments import ENVIRONMENTS

QUICK = {"seeds": 3, "rounds": 60, "tuning_seeds": 1}
QUICK_ENVIRONMENTS = ("linear", "nonlinear", "cold_start")
QUICK_NOTE = (
    "quick: {seeds} seeds of {rounds} rounds, {tuning_seeds} for tuning: shows that it works, "
    "says nothing about the policies"
)


def add_commands(commands: Any) -> None:
    """Add regret, ablations, entropy, hypotheses and page to a parser's sub-commands."""
    regret = commands.add_parser("regret", help="regret of every policy in every environment")
    _plan_options(regret)
    regret.add_argument("--environments", nargs="+", help=f"of {', '.join(ALL_ENVIRONMENTS)}")
    regret.add_argument("--policies", nargs="+", help=f"of {', '.join(POLICIES)}")
    regret.add_argument("--csv", type=Path, help="file for the rows as a table")
    regret.add_argument("--no-vectors", action="store_true", help="leave out synthesised vectors")
    regret.set_defaults(run=_regret)


def _plan_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--quick", action="store_true", help="few seeds, short: does it work?")
    command.add_argument("--seeds", type=int, help="reported seeds, 30 unless told")
    command.add_argument("--rounds", type=int, help="rounds a run, 1000 unless told")
    command.add_argument("--tuning-seeds", type=int, help="3 unless told")
    command.add_argument("--jobs", type=int, default=-1, help="workers; -1, the default: all cores")
    command.add_argument("--backend", default="loky", help=f"of joblib: {' or '.join(BACKENDS)}")
    command.add_argument("--json", type=Path, help="file for the rows")
    command.add_argument("--out", type=Path, help="results folder: rows, tuning, curves, figures")


def _plan(arguments: argparse.Namespace) -> Plan:
    told = {name: getattr(arguments, name) for name in ("seeds", "rounds", "tuning_seeds")}
    values = {name: value for name, value in told.items() if value is not None}
    plan = Plan(
        **{**(QUICK if arguments.quick else {}), **values},
        jobs=arguments.jobs,
        backend=arguments.backend,
    )
    if arguments.quick:
        note = QUICK_NOTE.format(**asdict(plan))
        print(note, file=sys.stderr)
    return plan


def _regret(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    from hare.experiments import results
    from hare.experiments.regret import as_json, measure_regret
    from hare.experiments.vectors import measure_vectors

    plan = _plan(arguments)
    default = QUICK_ENVIRONMENTS if arguments.quick else ALL_ENVIRONMENTS
    environments = list(dict.fromkeys(arguments.environments or default))
    policies = list(dict.fromkeys(arguments.policies or POLICIES))
    rows: list[dict[str, Any]] = []
    settings = {}
    for result in measure_regret(environments, policies, plan):
        for row in result.rows:
            print(_line(row), flush=True)
        rows += as_json(result.rows)
        settings |= {
            c.environment: c.settings for c in result.choices if c.policy == "hare"
        }  # what vectors are played with
        if arguments.out is not None:
            out: Path = arguments.out
            results.write_csv(
                out / "regret.csv", results.merge_rows(out / "regret.json", as_json(result.rows))
            )
            results.merge_rows(out / "tuning.json", as_json(result.choices))
            results.merge_rows(out / "by_seed.json", as_json(result.records))
            results.merge_curves(
                out / "curves.npz", result.environment, result.at.astype(float), result.curves
            )
    if arguments.csv is not None:
        results.write_csv(arguments.csv, rows)
    if not arguments.no_vectors and "hare" in policies:
        played = [name for name in environments if name in ENVIRONMENTS]
        vectors = as_json(measure_vectors(played, settings, plan))
        for row in vectors:
            print(
                f"{row['environment']:17s} {row['policy']:17s} vectors  regret "
                f"{row['regret_mean']:8.1f} [{row['regret_ci_low']:.1f}, "
                f"{row['regret_ci_high']:.1f}]  / best item {row['ratio_to_best_item']:.2f}"
            )
        if arguments.out is not None:
            results.merge_rows(arguments.out / "vectors.json", vectors)
    return rows


def _line(row: Any) -> str:
    ratio = (
        ""
        if row.ratio_to_linucb is None
        else f"  / LinUCB {row.ratio_to_linucb:.2f} [{row.ratio_ci_low:.2f}, "
        f"{row.ratio_ci_high:.2f}]"
    )
    return (
        f"{row.environment:17s} {row.policy:17s} regret {row.regret_mean:8.1f} "
        f"[{row.regret_ci_low:.1f}, {row.regret_ci_high:.1f}]{ratio}"
    )
