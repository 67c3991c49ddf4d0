"""The command line of hare: `python -m hare train` and `python -m hare collect`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hare.errors import HareError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; 0 when all is well, 1 with a message otherwise."""
    parser = argparse.ArgumentParser(prog="python -m hare", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser(
        "train",
        help="train a conditioned decoder on the corpus",
        description="Train a conditioned decoder. The defaults made the shipped model. A run that "
        "was stopped goes on from its last checkpoint when the same command is given again.",
    )
    train.add_argument("--out", type=Path, required=True, help="folder of the model to write")
    train.add_argument("--work", type=Path, help="folder of checkpoints (default: OUT.work)")
    train.add_argument("--name", default="", help="how the model is called wherever it appears")
    train.add_argument(
        "--base", default="", help="hub id or directory of a causal LM to start from"
    )
    train.add_argument("--encoder", default="minilm", help="minilm, tfidf, an id or a directory")
    train.add_argument("--steps", type=int, help="joint optimisation steps")
    train.add_argument("--seed", type=int, default=0, help="seed of every draw")
    train.set_defaults(run=_train)
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
    arguments = parser.parse_args(argv)
    try:
        return arguments.run(arguments)
    except HareError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _train(arguments: argparse.Namespace) -> int:
    from hare.synthesis.build import BuildSettings, train_model
    from hare.synthesis.training import TrainingSettings

    training = TrainingSettings(seed=arguments.seed)
    if arguments.steps is not None:
        training = replace(training, steps=arguments.steps)
    settings = BuildSettings(base=arguments.base, encoder=arguments.encoder, training=training)
    if arguments.name or arguments.base:
        settings = replace(settings, name=arguments.name or f"hare on {arguments.base}")
    work = arguments.work or arguments.out.with_name(arguments.out.name + ".work")
    fingerprint = train_model(settings, arguments.out, work)
    print(f"Wrote {arguments.out}, fingerprint {fingerprint}.")
    print(f"Measure it: python -m hare.experiments text --model {arguments.out}")
    return 0


def _collect(arguments: argparse.Namespace) -> int:
    from hare.data.collect import check_out, collect, report, write

    check_out(arguments.out)  # before the minutes that a clone can take
    collection = collect(arguments.sources)
    write(collection, arguments.out)
    print(report(collection))
    print(f"Wrote {arguments.out}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
