"""The commands that measure texts: what each takes, runs, prints and writes.

Nothing heavy is imported before a command runs.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from hare.synthesis.settings import Decoding, ResourceSettings

ARMS = ("hare", "rag", "gpt2", "hare_no_user", "best_existing", "linucb")


def add_text_commands(commands: Any) -> None:
    """Add the commands to a parser's sub-commands."""
    text = commands.add_parser("text", help="quality and conditioning of the written texts")
    text.add_argument("--texts", type=int, default=100, help="texts in seen and in held-out cells")
    text.add_argument("--card", type=Path, help="also write the model card to this file")
    text.add_argument("--collected", type=Path, help="skills.jsonl of `python -m hare collect`")
    text.set_defaults(run=_text)
    curve = commands.add_parser("text-curve", help="simulated ratings by arm and round")
    curve.add_argument("--raters", type=int, default=48)
    curve.add_argument("--rounds", type=int, default=10)
    curve.add_argument("--arms", nargs="+", default=list(ARMS))
    curve.set_defaults(run=_curve)
    ablations = commands.add_parser("text-ablations", help="exploration, prefix, frozen decoder")
    ablations.add_argument("--raters", type=int, default=24)
    ablations.add_argument("--rounds", type=int, default=10)
    ablations.add_argument("--steps", type=int, default=150, help="of each short training")
    ablations.add_argument("--only", choices=("exploration", "training"), help="one kind of them")
    ablations.set_defaults(run=_ablations)
    for command in (text, curve):
        command.add_argument("--alpha", type=float, help="strength of exploration, logit units")
        command.add_argument(
            "--drafts", type=int, default=Decoding().drafts, help="a text, at most"
        )
    divergence = commands.add_parser("divergence", help="do users get different texts?")
    divergence.add_argument("--texts-per", type=int, default=4, help="a user, request and arm")
    divergence.add_argument("--requests", type=int, default=10, help="each for another task")
    divergence.set_defaults(run=_divergence)
    five = commands.add_parser("five-users", help="one request, five users, side by side")
    five.add_argument("--request", default="I need help writing tests")
    five.set_defaults(run=_five_users)
    for command in (divergence, five):
        command.add_argument("--svg", type=Path, help="file for the drawing")
    for command in (text, curve, ablations, divergence, five):
        command.add_argument("--model", default="embedded", help="embedded, or a model directory")
        command.add_argument("--seed", type=int, default=1)
        command.add_argument("--json", type=Path, help="file for the figures")


def _divergence(arguments: argparse.Namespace) -> dict[str, Any]:
    from hare.experiments.divergence import measure_divergence
    from hare.experiments.divergence_report import NAMES, map_figure
    from hare.synthesis.resources import load_resources
    from hare.utils.plots import write_svg

    resources = load_resources(ResourceSettings(model=arguments.model))
    found = measure_divergence(
        resources, arguments.texts_per, arguments.requests, seed=arguments.seed
    )
    for row in found["arms"]:
        print(
            f"{NAMES[row['arm']]:6s} {row['measure']:10s} between {row['between']:.3f}  within "
            f"{row['within']:.3f}  effect {row['effect']:+.3f} [{row['ci_low']:+.3f}, "
            f"{row['ci_high']:+.3f}]  further apart {row['superiority']:.2f}  p {row['p']:.2g}"
        )
    for row in found["shares"]:
        print(
            f"{NAMES[row['arm']]:6s} {row['what']:10s} {row['share']:.2f} "
            f"[{row['ci_low']:.2f}, {row['ci_high']:.2f}]"
        )
    if arguments.svg is not None:
        write_svg(map_figure(found), arguments.svg)
    return found


def _five_users(arguments: argparse.Namespace) -> dict[str, Any]:
    from hare.experiments import demo
    from hare.experiments.five_users import measure_five_users
    from hare.experiments.five_users_report import attention_figure
    from hare.synthesis.resources import load_resources
    from hare.utils.plots import write_svg

    resources = load_resources(ResourceSettings(model=arguments.model))
    found = measure_five_users(resources, arguments.request, arguments.seed)
    demo.show(found, sys.stdout)
    if arguments.svg is not None:
        write_svg(attention_figure(found), arguments.svg)
    return found


def _text(arguments: argparse.Namespace) -> dict[str, float]:
    from hare.experiments.card import model_card
    from hare.experiments.text import measure_text
    from hare.synthesis.resources import load_resources

    resources = load_resources(_settings(arguments))
    figures = measure_text(resources, arguments.texts, arguments.seed, arguments.collected)
    for name, value in figures.items():
        print(f"{name:28s} {value:10.3f}")
    if arguments.card is not None:
        arguments.card.write_text(model_card(resources.trained, figures), "utf-8")
    return figures


def _curve(arguments: argparse.Namespace) -> dict[str, Any]:
    from hare.arms import build_arms
    from hare.experiments.text_curve import measure_text_curve

    arms = build_arms({name: name for name in arguments.arms}, _settings(arguments))
    found = measure_text_curve(arms, arguments.raters, arguments.rounds, arguments.seed)
    for row in found["points"]:
        entropy = "" if row["entropy"] is None else f"  H(A) {row['entropy']:.2f}"
        score = "" if row["bertscore"] is None else f"  BERTScore-MiniLM {row['bertscore']:.3f}"
        print(
            f"{row['arm']:14s} round {row['round']:2d}  rating {row['rating']:.2f} "
            f"[{row['rating_ci_low']:.2f}, {row['rating_ci_high']:.2f}]  "
            f"liked domain {row['liked_domain']:.2f}{entropy}{score}"
        )
    for row in found["contrasts"]:
        print(
            f"{row['treatment']} - {row['comparator']:14s} {row['what']:15s} "
            f"{row['difference']:+.3f} [{row['ci_low']:+.3f}, {row['ci_high']:+.3f}]"
        )
    for row in found["verdicts"]:
        print(f"{row['hypothesis']} {row['verdict']}: {row['reason']}")
    return found


def _ablations(arguments: argparse.Namespace) -> dict[str, Any]:
    from hare.experiments.text_ablations import ablate_exploration, ablate_training

    found: dict[str, Any] = {}
    if arguments.only != "training":
        found["exploration"] = ablate_exploration(
            arguments.model, arguments.raters, arguments.rounds, arguments.seed
        )
    if arguments.only != "exploration":
        found["training"] = ablate_training(arguments.model, arguments.steps, arguments.seed)
    for kind, rows in found.items():
        for row in rows:
            figures = "  ".join(f"{k} {v:.3f}" for k, v in row.items() if isinstance(v, float))
            print(f"{kind:12s} {row['variant']:34s} {figures}")
    return found


def _settings(arguments: argparse.Namespace) -> ResourceSettings:
    return ResourceSettings(
        model=arguments.model,
        alpha=arguments.alpha,
        decoding=replace(Decoding(), drafts=arguments.drafts),
    )
