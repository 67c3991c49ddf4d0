"""Training: interrupted runs end where unbroken ones do, and each part trains what it should."""

from __future__ import annotations

import copy
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from small_models import byte_tokenizer, small_gpt2
from transformers import GPT2Config, GPT2LMHeadModel

from hare.errors import InputError, SettingsError
from hare.synthesis.build import BuildSettings
from hare.synthesis.examples import Examples
from hare.synthesis.generator import ConditionedGPT2, Conditioner
from hare.synthesis.training import BASE_RATES, Trainer, TrainingSettings

STEPS = TrainingSettings(steps=5, attention_steps=3, batch=2, warmup=1, checkpoint_every=2)


class PowerCut(Exception):
    """What stops a run in these tests."""


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {**trainer.model.state_dict(), **trainer.heads.state_dict()}


def stop_after(trainer: Trainer, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the run end in a PowerCut once so many steps are done."""
    whole = trainer._joint_step

    def step(rng: np.random.Generator) -> dict[str, float]:
        if trainer.step == steps:
            raise PowerCut
        return whole(rng)

    monkeypatch.setattr(trainer, "_joint_step", step)


@pytest.mark.parametrize("stopped_after", [1, 2, 3])
def test_a_run_that_was_stopped_ends_with_the_weights_of_an_unbroken_one(
    model: ConditionedGPT2,
    examples: Examples,
    stopped_after: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unbroken = Trainer(copy.deepcopy(model), examples, STEPS)
    unbroken.train(progress=False)

    checkpoint = tmp_path / "work" / "checkpoint.pt"
    first = Trainer(copy.deepcopy(model), examples, STEPS)
    stop_after(first, stopped_after, monkeypatch)
    with pytest.raises(PowerCut):
        first.train(checkpoint, progress=False)
    assert checkpoint.exists() == (stopped_after >= STEPS.checkpoint_every)
    second = Trainer(copy.deepcopy(model), examples, STEPS)
    second.train(checkpoint, progress=False)

    assert second.step == STEPS.steps
    for name, tensor in weights(unbroken).items():
        assert torch.equal(tensor, weights(second)[name]), name
    start = model.state_dict()
    assert any(not torch.equal(start[n], t) for n, t in second.model.state_dict().items())


def test_dropout_of_a_base_model_is_resumed_too(
    model: ConditionedGPT2, examples: Examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Our own model has none; GPT-2 as published trains with 0.1.
    def trainer() -> Trainer:
        base = ConditionedGPT2(small_gpt2(context=4096, dropout=0.1), byte_tokenizer())
        assert isinstance(model.conditioner, Conditioner)
        torch.manual_seed(0)
        sizes = model.conditioner.attention.settings
        base.conditioner = Conditioner(sizes, prefix_tokens=2, width=16)
        own = copy.copy(examples)
        own._model = base
        without_notes = replace(STEPS, steps=4, shares=(0.5, 0.0, 0.5))  # bytes make notes long
        return Trainer(base, own, without_notes)

    unbroken, first, second = trainer(), trainer(), trainer()
    unbroken.train(progress=False)
    stop_after(first, 3, monkeypatch)
    with pytest.raises(PowerCut):
        first.train(tmp_path / "checkpoint.pt", progress=False)
    second.train(tmp_path / "checkpoint.pt", progress=False)
    for name, tensor in weights(unbroken).items():
        assert torch.equal(tensor, weights(second)[name]), name


def test_a_base_model_whose_context_is_too_short_is_refused_with_the_numbers(
    model: ConditionedGPT2, examples: Examples
) -> None:
    base = ConditionedGPT2(small_gpt2(context=96), byte_tokenizer(), model.conditioner)
    own = copy.copy(examples)
    own._model = base
    only_requests = replace(STEPS, attention_steps=1, shares=(0.0, 0.0, 1.0))
    with pytest.raises(InputError, match=r"of \d+ tokens does not fit .* context of 96"):
        Trainer(base, own, only_requests).train(progress=False)


def test_a_finished_run_is_not_trained_further(
    model: ConditionedGPT2, examples: Examples, tmp_path: Path
) -> None:
    settings = replace(STEPS, steps=2)
    first = Trainer(copy.deepcopy(model), examples, settings)
    first.train(tmp_path / "checkpoint.pt", progress=False)
    again = Trainer(copy.deepcopy(model), examples, settings)
    again.train(tmp_path / "checkpoint.pt", progress=False)
    assert all(torch.equal(t, weights(again)[n]) for n, t in weights(first).items())
    assert again.curve == first.curve


def test_a_checkpoint_of_other_settings_is_refused_with_its_path(
    model: ConditionedGPT2, examples: Examples, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "checkpoint.pt"
    Trainer(copy.deepcopy(model), examples, replace(STEPS, steps=2)).train(checkpoint, False)
    other = Trainer(copy.deepcopy(model), examples, replace(STEPS, steps=2, learning_rate=1e-4))
    with pytest.raises(InputError, match=r"checkpoint\.pt was written with other settings"):
        other.train(checkpoint, progress=False)


def test_the_curve_of_the_attention_is_kept(model: ConditionedGPT2, examples: Examples) -> None:
    trainer = Trainer(model, examples, replace(STEPS, steps=1))
    trainer.train(progress=False)
    assert [row["attention_step"] for row in trainer.curve] == [0, 2]
    assert all(np.isfinite(row["loss_attention"]) for row in trainer.curve)


def test_training_lowers_the_loss_of_the_attention(
    model: ConditionedGPT2, examples: Examples
) -> None:
    trainer = Trainer(model, examples, replace(STEPS, steps=1, attention_steps=40))
    trainer.train(progress=False)
    assert trainer.curve[-1]["loss_attention"] < trainer.curve[0]["loss_attention"] - 0.5


def test_a_model_without_a_conditioner_cannot_be_trained(examples: Examples) -> None:
    with pytest.raises(InputError, match="conditioner"):
        Trainer(ConditionedGPT2(small_gpt2(), byte_tokenizer()), examples, STEPS)


def test_muon_trains_the_matrices_inside_the_language_model_and_adamw_all_else(
    model: ConditionedGPT2, examples: Examples
) -> None:
    trainer = Trainer(model, examples, STEPS)
    muon, adam = trainer.optimisers
    by_muon = {id(p) for group in muon.param_groups for p in group["params"]}
    by_adam = {id(p) for group in adam.param_groups for p in group["params"]}
    assert not by_muon & by_adam
    for name, parameter in model.lm.named_parameters():
        is_table = "wte" in name or "wpe" in name
        assert (id(parameter) in by_muon) == (parameter.ndim == 2 and not is_table), name
    for part in (model.conditioner, trainer.heads):
        assert part is not None
        assert {id(p) for p in part.parameters()} <= by_adam


def test_an_output_layer_of_its_own_is_no_matrix_for_muon(
    model: ConditionedGPT2, examples: Examples
) -> None:
    config = GPT2Config(
        vocab_size=257, n_embd=16, n_layer=1, n_head=2, tie_word_embeddings=False,
        bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    base = ConditionedGPT2(GPT2LMHeadModel(config), byte_tokenizer(), model.conditioner)
    muon, adam = Trainer(base, examples, STEPS).optimisers
    output = id(cast(torch.nn.Linear, base.lm.get_output_embeddings()).weight)
    assert output not in {id(p) for group in muon.param_groups for p in group["params"]}
    assert output in {id(p) for group in adam.param_groups for p in group["params"]}


def test_rates_rise_hold_and_fall(model: ConditionedGPT2, examples: Examples) -> None:
    settings = replace(STEPS, steps=100, warmup=10, cooldown=0.5)
    trainer = Trainer(model, examples, settings)
    factors = []
    for trainer.step in range(100):
        factors.append(trainer._rate_factor())
    assert factors[:10] == pytest.approx([k / 10 for k in range(1, 11)])
    assert factors[10:51] == pytest.approx([1.0] * 41)
    assert all(a > b for a, b in pairwise(factors[50:]))
    assert factors[-1] == pytest.approx(0.02, abs=0.002)


def test_a_frozen_language_model_keeps_its_weights_while_the_prefix_learns(
    model: ConditionedGPT2, examples: Examples
) -> None:
    before = copy.deepcopy(model)
    # Prompts without a user would train nothing: every batch is a conditioned one.
    Trainer(model, examples, replace(STEPS, freeze=True, shares=(0.0, 0.5, 0.5))).train(
        progress=False
    )
    for name, tensor in before.lm.state_dict().items():
        assert torch.equal(tensor, model.lm.state_dict()[name]), name
    name = "conditioner.prefix.2.weight"
    assert not torch.equal(before.state_dict()[name], model.state_dict()[name])


def test_low_rank_adapters_train_and_merge_into_a_plain_language_model(
    model: ConditionedGPT2, examples: Examples
) -> None:
    start = copy.deepcopy(model)
    trainer = Trainer(model, examples, replace(STEPS, lora=2))
    adapted = [name for name, p in model.lm.named_parameters() if p.requires_grad]
    assert adapted
    assert all("lora" in name for name in adapted)
    trainer.train(progress=False)
    merged, old = model.lm.state_dict(), start.lm.state_dict()
    assert set(merged) == set(old)
    assert type(model.lm) is type(start.lm)
    changed = {name for name in old if not torch.equal(old[name], merged[name])}
    assert {name.split(".")[-2] for name in changed} == {"c_attn", "c_proj", "c_fc"}
    name = "transformer.h.0.mlp.c_fc.weight"
    spread = torch.linalg.svdvals(merged[name] - old[name])
    assert spread[2] < 1e-4 * spread[0]  # of rank two, up to the rounding of the sum


def test_a_run_with_adapters_that_was_stopped_ends_as_an_unbroken_one(
    model: ConditionedGPT2, examples: Examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(STEPS, lora=2)
    unbroken = Trainer(copy.deepcopy(model), examples, settings)
    unbroken.train(progress=False)
    first = Trainer(copy.deepcopy(model), examples, settings)
    stop_after(first, 3, monkeypatch)
    with pytest.raises(PowerCut):
        first.train(tmp_path / "checkpoint.pt", progress=False)
    second = Trainer(copy.deepcopy(model), examples, settings)
    second.train(tmp_path / "checkpoint.pt", progress=False)
    for name, tensor in weights(unbroken).items():
        assert torch.equal(tensor, weights(second)[name]), name


def test_weights_of_somebody_else_are_tuned_by_adamw_in_small_steps(
    model: ConditionedGPT2, examples: Examples
) -> None:
    ours, tuned = (
        Trainer(copy.deepcopy(model), examples, settings).optimisers
        for settings in (STEPS, replace(STEPS, **BASE_RATES))
    )
    assert [type(o) for o in ours] == [torch.optim.Muon, torch.optim.AdamW]
    assert [type(o) for o in tuned] == [torch.optim.AdamW]
    new, old = tuned[0].param_groups
    assert (new["lr"], old["lr"]) == (3e-3, 2e-4)
    count = sum(len(group["params"]) for o in ours for group in o.param_groups)
    assert len(old["params"]) == len(list(model.lm.parameters()))
    assert len(new["params"]) + len(old["params"]) == count  # nothing is left out


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"steps": 0}, "steps"),
        ({"matrix_rate": -0.1}, "matrix_rate = -0.1: must be >= 0"),
        ({"language_rate": float("nan")}, "language_rate = nan: must be >= 0"),
        ({"batch": 1}, "batch"),
        ({"shares": (0.5, 0.5, 0.5)}, "shares"),
        ({"shares": (1.2, -0.1, -0.1)}, "shares"),
        ({"line_dropout": 1.5}, r"line_dropout = 1.5: must be in \[0, 1\]"),
        ({"lora": -1}, "lora = -1: must be a rank >= 1"),
        ({"lora": 4, "freeze": True}, "must not both be set"),
        ({"device": "tpu"}, "device = 'tpu': must be one of cpu, cuda"),
    ],
)
def test_training_settings_outside_their_range_are_refused_by_name(
    change: dict[str, Any], named: str
) -> None:
    with pytest.raises(SettingsError, match=named):
        TrainingSettings(**change)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(SettingsError, match="device = 'cuda': must be 'cpu': torch finds no GPU"):
        TrainingSettings(device="cuda")


def test_a_prefix_without_tokens_is_refused() -> None:
    with pytest.raises(SettingsError, match="prefix_tokens = 0: must be >= 1"):
        BuildSettings(prefix_tokens=0)


def test_a_width_that_the_heads_do_not_divide_is_refused() -> None:
    with pytest.raises(SettingsError, match="width = 30: must divide by 4 heads"):
        BuildSettings(width=30, attention_heads=4)
