"""The command line of hare: `python -m hare train`, `feedback`, `collect` and `demo`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hare.errors import HareError, SettingsError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; 0 when all is well, 1 with a message otherwise."""
    parser = argparse.ArgumentParser(prog="python -m hare", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    _add_train(commands)
    _add_feedback(commands)
    _add_collect(commands)
    _add_demo(commands)
    arguments = parser.parse_args(argv)
    try:
        return arguments.run(arguments)
    except HareError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _add_train(commands: Any) -> None:
    train = commands.add_parser(
        "train",
        help="train a conditioned decoder on the corpus",
        description="Train a conditioned decoder. The defaults take hours on a CPU, and about as "
        "many steps as the shipped model had in two runs, of which its card tells. A run that was "
        "stopped goes on from its last checkpoint when the same command is given again.",
    )
    train.add_argument("--out", type=Path, required=True, help="folder of the model to write")
    train.add_argument("--work", type=Path, help="folder of checkpoints (default: OUT.work)")
    train.add_argument("--name", default="", help="how the model is called wherever it appears")
    train.add_argument(
        "--base", default="", help="hub id or directory of a causal LM to start from"
    )
    train.add_argument(
        "--start",
        default="",
        help="embedded, or the directory of a model to train further, with its size and encoder",
    )
    train.add_argument(
        "--encoder", help="minilm (the default), tfidf, a hub id or a directory; not with --start"
    )
    train.add_argument("--steps", type=int, help="joint optimisation steps")
    train.add_argument(
        "--size",
        choices=["small", "large"],
        help="of our own model: small (the default, for a CPU), or large (12 layers of width 512, "
        "for a GPU); not with --base or --start",
    )
    train.add_argument("--prefix-tokens", type=int, help="soft tokens of the condition")
    train.add_argument(
        "--lora",
        type=int,
        default=0,
        metavar="RANK",
        help="with --base or --start: train adapters, then merge",
    )
    train.add_argument(
        "--freeze", action="store_true", help="with --base or --start: the language model stays"
    )
    _add_common(train)
    train.set_defaults(run=_train)


def _add_feedback(commands: Any) -> None:
    feedback = commands.add_parser(
        "feedback",
        help="train a model further on collected ratings",
        description="Raise the probability of texts that were rated above their rater's mean, and "
        "lower that of the others, near the model that one starts from. Offline, between studies "
        "or cohorts: the result is a new model with a fingerprint of its own.",
    )
    feedback.add_argument("--model", default="embedded", help="embedded, or a model directory")
    feedback.add_argument(
        "--ratings",
        type=Path,
        required=True,
        help="a JSONL file (see hare/data/ratings.py), or the folder of a study's export",
    )
    feedback.add_argument("--out", type=Path, required=True, help="new folder of the new model")
    feedback.add_argument("--name", default="", help="how the model is called wherever it appears")
    feedback.add_argument("--beta", type=float, help="weight of the divergence from the start")
    feedback.add_argument("--epochs", type=int, help="passes over the ratings")
    feedback.add_argument(
        "--lora", type=int, default=0, metavar="RANK", help="train adapters, then merge"
    )
    _add_common(feedback)
    feedback.set_defaults(run=_feedback)


def _add_collect(commands: Any) -> None:
    collect = commands.add_parser(
        "collect",
        help="collect published skills and prompts",
        description="Collect published skills and prompts: read, screened, without duplicates, "
        "with their provenance. The folder appears when it is complete.",
    )
    collect.add_argument(
        "--from",
        dest="sources",
        nargs="+",
        metavar="SOURCE",
        required=True,
        help="a folder, a file, an archive (zip, tar) or a git URL",
    )
    collect.add_argument("--out", type=Path, required=True, help="new folder to write")
    collect.set_defaults(run=_collect)


def _add_demo(commands: Any) -> None:
    demo = commands.add_parser(
        "demo",
        help="one request, five users, in the terminal",
        description="Write a text for five simulated users who make one request, and show what "
        "HARE attends to for each; beside it what RAG and GPT-2 write for everybody.",
    )
    demo.add_argument("--model", default="embedded", help="embedded, or a model directory")
    demo.add_argument("--request", default="I need help writing tests")
    demo.add_argument("--seed", type=int, default=1)
    demo.set_defaults(run=_demo)


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--seed", type=int, default=0, help="seed of every draw")
    command.add_argument("--device", choices=["cpu", "cuda"], default="cpu")


def _train(arguments: argparse.Namespace) -> int:
    from hare.synthesis.build import SIZES, BuildSettings, further, train_model
    from hare.synthesis.model_files import check_out
    from hare.synthesis.training import BASE_RATES, TrainingSettings

    _refuse_beside(arguments, "base", "start", "size")
    _refuse_beside(arguments, "start", "encoder", "size", "prefix_tokens")
    size = arguments.size or "small"
    training = _given(arguments, "seed", "device", "lora", "freeze", "steps")
    if arguments.start:
        settings = further(arguments.start, arguments.name, **training)
    else:
        own = f"hare on {arguments.base}" if arguments.base else f"hare-{size}"
        settings = BuildSettings(
            name=arguments.name or own,
            base=arguments.base,
            training=TrainingSettings(**(BASE_RATES if arguments.base else {}), **training),
            **SIZES[size],
            **_given(arguments, "prefix_tokens", "encoder"),
        )
    check_out(arguments.out)  # before the hours that training can take
    work = arguments.work or arguments.out.with_name(arguments.out.name + ".work")
    fingerprint = train_model(settings, arguments.out, work)
    print(f"Wrote {arguments.out}, fingerprint {fingerprint}.")
    print(f"Measure it: python -m hare.experiments text --model {arguments.out}")
    return 0


def _refuse_beside(arguments: argparse.Namespace, given: str, *others: str) -> None:
    """Refuse options that say again, or otherwise, what the model named by `given` has."""
    if not getattr(arguments, given):
        return
    for name in others:
        if getattr(arguments, name):
            option = f"--{given.replace('_', '-')}"
            rule = f"must be left out: the model named by {option} has one of its own"
            raise SettingsError(name.replace("_", "-"), getattr(arguments, name), rule)


def _feedback(arguments: argparse.Namespace) -> int:
    from hare.arms.conditions import conditions_of
    from hare.data.ratings import read_ratings
    from hare.data.study_exports import read_export
    from hare.synthesis.feedback import FeedbackSettings, card, learn_from, what_changed
    from hare.synthesis.model_files import check_out, save_model
    from hare.synthesis.resources import load_resources
    from hare.synthesis.settings import ResourceSettings

    settings = FeedbackSettings(
        lora=arguments.lora,
        device=arguments.device,
        seed=arguments.seed,
        **_given(arguments, "beta", "epochs"),
    )
    check_out(arguments.out, replace=False)
    path = arguments.ratings
    ratings = read_export(path) if path.is_dir() else read_ratings(path)
    resources = load_resources(ResourceSettings(model=arguments.model))
    new = learn_from(resources.trained, conditions_of(resources, ratings), settings)
    name = arguments.name or f"{new.config['name']}, after {len(ratings)} ratings"
    new = replace(new, config={**new.config, "name": name})
    fingerprint = save_model(new, arguments.out, card(new))
    print(f"Wrote {arguments.out}, fingerprint {fingerprint}.")
    print(what_changed(new))
    return 0


def _collect(arguments: argparse.Namespace) -> int:
    from hare.data.collect import check_out, collect, report, write

    check_out(arguments.out)  # before the minutes that a clone can take
    collection = collect(arguments.sources)
    write(collection, arguments.out)
    print(report(collection))
    print(f"Wrote {arguments.out}.")
    return 0


def _given(arguments: argparse.Namespace, *names: str) -> dict[str, Any]:
    """The options that were given; the settings' defaults stand for the others."""
    values = {name: getattr(arguments, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _demo(arguments: argparse.Namespace) -> int:
    from hare.experiments import demo
    from hare.experiments.five_users import measure_five_users
    from hare.synthesis.resources import load_resources
    from hare.synthesis.settings import ResourceSettings

    if sys.stderr.isatty():
        print("Loading and writing takes some seconds ...", file=sys.stderr)
    resources = load_resources(ResourceSettings(model=arguments.model))
    demo.show(measure_five_users(resources, arguments.request, arguments.seed), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
