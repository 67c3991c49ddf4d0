"""One part changed at a time: how the attention explores, how long the prefix is, and whether the
language model learns with it.

Exploration is changed in the trained model, and judged by the raters of the learning curve on
common random numbers. Prefix and decoder are changed in training. Each of these trainings starts
from the language model of the measured one and from a new conditioner, and is short, so its figures
compare the variants and say nothing of a full training.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from hare.arms.hare_arm import HareArm
from hare.attention.exploration import MODES
from hare.errors import SettingsError
from hare.experiments.statistics import mean_interval, paired_difference
from hare.experiments.text_cases import draw_cases
from hare.experiments.text_curve import Played, draw_plan, play
from hare.experiments.text_nats import own_nats
from hare.synthesis.build import BuildSettings, prepare, train_model
from hare.synthesis.model_files import EMBEDDED
from hare.synthesis.resources import Resources, load_resources
from hare.synthesis.settings import Decoding, ResourceSettings
from hare.synthesis.training import BASE_RATES, TrainingSettings

ALPHAS = (0.0, 2.0)
CASES = 60  # in seen and in held-out cells, for the nats of the short trainings


def ablate_exploration(
    model: str, raters: int, rounds: int, seed: int, drafts: int | None = None
) -> list[dict[str, Any]]:
    """Mean rating over all rounds and in the last one, and the paired difference from the default.

    raters   at least 3
    drafts   of a text, at most; None for the default
    """
    if raters < 3:
        raise SettingsError("raters", raters, "must be at least 3")
    decoding = Decoding() if drafts is None else replace(Decoding(), drafts=drafts)
    base = load_resources(ResourceSettings(model=model, decoding=decoding))
    variants: dict[str, Any] = {"default": HareArm(base)}
    for alpha in ALPHAS:
        variants[f"alpha = {alpha:g}"] = HareArm(_with(base, alpha=alpha))
    for mode in MODES:
        if mode != "cubature":
            variants[f"exploration = {mode}"] = HareArm(_with(base, exploration=mode))
    variants["no doubt: P = 0, alpha = 0"] = HareArm(base, doubts=False)
    played = play(variants, draw_plan(raters, rounds, seed), seed)
    return [_row(name, own, played["default"]) for name, own in played.items()]


def _with(resources: Resources, **settings: Any) -> Resources:
    return Resources(resources.trained, resources.encoder, replace(resources.settings, **settings))


def _row(variant: str, own: Played, default: Played) -> dict[str, Any]:
    mean = mean_interval(own.rating.mean(axis=1))
    last = mean_interval(own.rating[:, -1])
    less = paired_difference(own.rating.mean(axis=1), default.rating.mean(axis=1))
    return {
        "variant": variant,
        "rating": mean.value,
        "rating_ci_low": mean.low,
        "rating_ci_high": mean.high,
        "last_round": last.value,
        "difference": less.value,
        "difference_ci_low": less.low,
        "difference_ci_high": less.high,
        "liked_domain": float(own.liked.mean()),
    }


def ablate_training(model: str, steps: int, seed: int) -> list[dict[str, Any]]:
    """Nats a document of the wanted cell after short trainings, by what was changed.

    steps   joint steps of each training, >= 1
    """
    folder = EMBEDDED if model == "embedded" else Path(model)
    base = BuildSettings(
        base=str(folder / "lm"),
        training=TrainingSettings(
            steps=steps,
            warmup=min(20, steps),
            attention_steps=300,
            shares=(1.0, 0.0, 0.0),
            seed=seed,
            **BASE_RATES,
        ),
    )
    material = prepare(base)
    variants = {
        "prefix of 6, decoder trained": base,
        "prefix of 1": replace(base, prefix_tokens=1),
        "prefix of 16": replace(base, prefix_tokens=16),
        "decoder frozen": replace(base, training=replace(base.training, freeze=True)),
        "decoder by LoRA, rank 8": replace(base, training=replace(base.training, lora=8)),
    }
    rows = []
    with tempfile.TemporaryDirectory() as work:
        for k, (name, settings) in enumerate(variants.items()):
            out = Path(work) / str(k)
            train_model(settings, out, Path(work) / f"{k}.work", progress=True, material=material)
            resources = load_resources(ResourceSettings(model=str(out)))
            arm = HareArm(resources)
            scored = own_nats(resources, arm, draw_cases(resources, arm, CASES, seed), seed)
            nats = {f"nats_{k}": cost.nats_per_document for k, cost in scored.items()}
            rows.append({"variant": name, "steps": steps, **nats})
    return rows
