"""The commands that measure bandits and users: what each takes, runs, prints and writes.

Nothing heavy is imported before a command runs.
"""

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
    """Add the commands to a parser's sub-commands."""
    regret = commands.add_parser("regret", help="regret of every policy in every environment")
    _plan_options(regret)
    regret.add_argument("--environments", nargs="+", help=f"of {', '.join(ALL_ENVIRONMENTS)}")
    regret.add_argument("--policies", nargs="+", help=f"of {', '.join(POLICIES)}")
    regret.add_argument("--csv", type=Path, help="file for the rows as a table")
    regret.add_argument("--no-vectors", action="store_true", help="leave out synthesised vectors")
    regret.set_defaults(run=_regret)
    ablations = commands.add_parser("ablations", help="one part of HARE changed at a time")
    _plan_options(ablations)
    ablations.set_defaults(run=_ablations)
    entropy = commands.add_parser("entropy", help="attention by the user's own round")
    _plan_options(entropy)
    entropy.set_defaults(run=_entropy)
    hypotheses = commands.add_parser("hypotheses", help="verdicts on H1, H3, H4 and H5")
    _plan_options(hypotheses)
    hypotheses.add_argument(
        "--results", type=Path, help="folder with by_seed.json and trends.json; else they are made"
    )
    hypotheses.set_defaults(run=_hypotheses)
    off_policy = commands.add_parser("off-policy", help="click rates from logs, both ways")
    off_policy.add_argument(
        "--data", type=Path, required=True, help="Open Bandit Dataset, unpacked"
    )
    off_policy.add_argument("--campaign", default="men")
    off_policy.add_argument("--seed", type=int, default=1)
    off_policy.add_argument("--json", type=Path, help="file for the rows")
    off_policy.set_defaults(run=_off_policy)
    ten = commands.add_parser("ten-ratings", help="what ten ratings can do, on the model's pool")
    ten.add_argument("--model", default="embedded", help="embedded, or a model directory")
    ten.add_argument("--users", type=int, default=400)
    ten.add_argument("--tuning-users", type=int, default=200)
    ten.add_argument("--headlines", action="store_true", help="the nine variants that matter most")
    ten.add_argument("--seed", type=int, default=0)
    ten.add_argument("--jobs", type=int, default=-1, help="workers; -1, the default: all cores")
    ten.add_argument("--json", type=Path, help="file for the rows")
    ten.set_defaults(run=_ten_ratings)
    page = commands.add_parser("page", help="figures and pages from a results folder")
    page.add_argument("--results", type=Path, default=Path("docs/results"))
    page.add_argument("--only", choices=("bandits", "texts"), help="one of the two pages")
    page.add_argument("--no-figures", action="store_true", help="the pages alone")
    page.set_defaults(run=_page, json=None)


def _plan_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--quick", action="store_true", help="few seeds, short: does it work?")
    command.add_argument("--seeds", type=int, help="reported seeds, 30 unless told")
    command.add_argument("--rounds", type=int, help="rounds a run, 1000 unless told")
    command.add_argument("--tuning-seeds", type=int, help="4 unless told")
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


def _ablations(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    from hare.experiments import results
    from hare.experiments.ablations import ENVIRONMENTS as ABLATED
    from hare.experiments.ablations import measure_ablations
    from hare.experiments.regret import as_json

    measured = measure_ablations(ABLATED, _plan(arguments))
    for row in measured:
        print(
            f"{row.environment:12s} {row.variant:29s} regret {row.regret_mean:8.1f}  less default "
            f"{row.difference:+7.1f} [{row.difference_ci_low:+.1f}, {row.difference_ci_high:+.1f}]"
        )
    rows = as_json(measured)
    if arguments.out is not None:
        results.merge_rows(arguments.out / "ablations.json", rows)
    return rows


def _entropy(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    from hare.experiments import results
    from hare.experiments.entropy import measure_entropy
    from hare.experiments.regret import as_json

    points, trends = measure_entropy(_plan(arguments))
    for row in trends:
        print(
            f"{row.environment:12s} alpha {row.alpha:g}  {row.measure:19s} slope {row.slope:+.4f} "
            f"[{row.slope_ci_low:+.4f}, {row.slope_ci_high:+.4f}] an own round, p {row.p:.2g}; "
            f"first to last {row.change:+.3f}"
        )
    rows, told = as_json(points), as_json(trends)
    if arguments.out is not None:
        results.merge_rows(arguments.out / "entropy.json", rows)
        results.merge_rows(arguments.out / "trends.json", told)
    return rows


def _hypotheses(arguments: argparse.Namespace) -> dict[str, Any]:
    from hare.experiments import results
    from hare.experiments.hypotheses import POLICIES as NEEDED
    from hare.experiments.hypotheses import aims, verdicts
    from hare.experiments.regret import as_json, measure_regret

    if arguments.results is not None:
        by_seed = results.read_rows(arguments.results / "by_seed.json")
        trends = results.read_rows(arguments.results / "trends.json")
    else:
        from hare.experiments.entropy import measure_entropy

        plan = _plan(arguments)
        environments = QUICK_ENVIRONMENTS if arguments.quick else tuple(ENVIRONMENTS)
        measured = measure_regret(environments, NEEDED, plan)
        by_seed = as_json([record for result in measured for record in result.records])
        trends = as_json(measure_entropy(plan)[1])
    found = {
        "verdicts": as_json(verdicts(by_seed, trends)),
        "aims": as_json(aims(by_seed)),
    }
    for row in found["verdicts"]:
        print(f"{row['hypothesis']:15s} {row['environment']:17s} {row['verdict']:14s}", end="")
        if row["value"] is None:
            print(f"{row['statement']}")
        else:
            print(
                f"{row['measure']}: {row['value']:.3g} [{row['ci_low']:.3g}, {row['ci_high']:.3g}]"
            )
    for row in found["aims"]:
        print(
            f"{'aim met' if row['met'] else 'aim missed':15s} {row['environment']:17s} "
            f"{row['aim']}: {row['value']:.3f} [{row['ci_low']:.3f}, {row['ci_high']:.3f}]"
        )
    if arguments.out is not None:
        results.write_object(arguments.out / "hypotheses.json", found)
    return found


def _off_policy(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    from hare.experiments.off_policy import off_policy, report

    rows = off_policy(arguments.data, arguments.campaign, arguments.seed)
    print(report(rows))
    return rows


def _ten_ratings(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    from hare.experiments.ten_ratings import HEADLINES, ten_ratings
    from hare.experiments.ten_ratings_crowd import label_texts
    from hare.synthesis.resources import load_resources
    from hare.synthesis.settings import ResourceSettings

    pool = load_resources(ResourceSettings(model=arguments.model)).trained.pool
    texts = label_texts(pool.skills, pool.embeddings)
    rows = ten_ratings(
        texts,
        arguments.users,
        arguments.tuning_users,
        seed=arguments.seed,
        table=HEADLINES if arguments.headlines else None,
        jobs=arguments.jobs,
    )
    for row in rows:
        if row.round in (5, 10):
            batch = " batch" if row.batch else ""
            how = f"{row.features} {row.prior} {row.ratings} {row.choice} {row.learns}{batch}"
            print(
                f"{row.setting:34s} {how:46s} round {row.round:2d}  {row.share:.2f} "
                f"[{row.ci_low:.2f}, {row.ci_high:.2f}]"
            )
    return [asdict(row) for row in rows]


def _page(arguments: argparse.Namespace) -> None:
    from hare.experiments import figures, page, text_page

    pages = {
        "bandits": (page.write_page, figures.FIGURES),
        "texts": (text_page.write_page, text_page.FIGURES),
    }
    for name, (write, drawings) in pages.items():
        if arguments.only in (None, name):
            if not arguments.no_figures:
                for file in figures.write_figures(arguments.results, drawings):
                    print(file)
            print(write(arguments.results))


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
