"""`python -m hare.experiments COMMAND`: measure, print, and write what was measured as JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hare.errors import HareError
from hare.experiments.commands import add_commands
from hare.experiments.results import write_object, write_rows
from hare.synthesis.settings import ResourceSettings


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; 0 when all is well, 1 with a message otherwise."""
    parser = argparse.ArgumentParser(prog="python -m hare.experiments", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    text = commands.add_parser("text", help="quality and conditioning of the written texts")
    text.add_argument("--texts", type=int, default=100, help="texts in seen and in held-out cells")
    text.add_argument("--card", type=Path, help="also write the model card to this file")
    text.set_defaults(run=_text)
    curve = commands.add_parser("curve", help="simulated ratings by arm and round")
    curve.add_argument("--raters", type=int, default=48)
    curve.add_argument("--rounds", type=int, default=10)
    curve.add_argument("--arms", nargs="+", default=["hare", "rag", "gpt2"])
    curve.add_argument("--alpha", type=float, help="strength of exploration, logit units")
    curve.set_defaults(run=_curve)
    for command in (text, curve):
        command.add_argument("--model", default="embedded", help="embedded, or a model directory")
        command.add_argument("--seed", type=int, default=1)
        command.add_argument("--json", type=Path, help="file for the figures")
    add_commands(commands)
    arguments = parser.parse_args(argv)
    try:
        figures = arguments.run(arguments)
    except HareError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if arguments.json is not None and figures is not None:
        _write(arguments.json, figures)
    return 0


def _write(file: Path, figures: Any) -> None:
    if isinstance(figures, list):
        write_rows(file, figures)
    else:
        write_object(file, figures)


def _text(arguments: argparse.Namespace) -> dict[str, float]:
    from hare.experiments.card import model_card
    from hare.experiments.text import measure_text
    from hare.synthesis.resources import load_resources

    resources = load_resources(ResourceSettings(model=arguments.model))
    figures = measure_text(resources, arguments.texts, arguments.seed)
    for name, value in figures.items():
        print(f"{name:28s} {value:10.3f}")
    if arguments.card is not None:
        arguments.card.write_text(model_card(resources.trained, figures), "utf-8")
    return figures


def _curve(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    from hare.arms import build_arms
    from hare.experiments.curve import learning_curve

    settings = ResourceSettings(model=arguments.model, alpha=arguments.alpha)
    arms = build_arms({name: name for name in arguments.arms}, settings)
    points = learning_curve(arms, arguments.raters, arguments.rounds, arguments.seed)
    for point in points:
        entropy = "" if point.entropy is None else f"  H(A) {point.entropy:.2f}"
        print(
            f"{point.arm:14s} round {point.round:2d}  rating {point.rating_mean:.2f} "
            f"[{point.rating_ci_low:.2f}, {point.rating_ci_high:.2f}]  "
            f"liked domain {point.liked_domain:.2f}{entropy}"
        )
    return [asdict(point) for point in points]


if __name__ == "__main__":
    sys.exit(main())
