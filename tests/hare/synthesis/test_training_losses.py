"""What a training step may see, what its losses weigh, and how far it may go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from hare.attention.cross_attention import Attended
from hare.synthesis import feedback
from hare.synthesis.examples import Examples, Targets
from hare.synthesis.feedback import FeedbackSettings, Rated, learn_from
from hare.synthesis.generator import ConditionedGPT2
from hare.synthesis.resources import Resources
from hare.synthesis.training import Trainer, TrainingSettings

STEPS = TrainingSettings(steps=5, attention_steps=3, batch=24, warmup=1, checkpoint_every=2)


def test_the_condition_of_a_text_is_read_without_the_skill_that_is_its_target(
    model: ConditionedGPT2, examples: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = Trainer(model, examples, STEPS)
    attended: list[Attended] = []
    targets: list[Targets] = []
    conditions: list[torch.Tensor] = []
    attend, choose = examples.attend, examples.targets
    condition = trainer.conditioner.condition

    def remembered(store: list[Any], function: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            store.append(function(*arguments, **named))
            return store[-1]

        return call

    def conditioned(z: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
        conditions.append(z)
        return condition(z, mean)

    monkeypatch.setattr(examples, "attend", remembered(attended, attend))
    monkeypatch.setattr(examples, "targets", remembered(targets, choose))
    monkeypatch.setattr(trainer.conditioner, "condition", conditioned)
    trainer._conditioned_loss(np.random.default_rng(0))

    (read,) = (seen for seen in attended if seen.z is conditions[0])
    hidden = targets[0].excluded
    assert hidden.any()
    weights = read.weights.mean(dim=1)
    assert (weights[hidden] == 0).all()
    assert (weights[~hidden] > 0).all()


@pytest.mark.parametrize("weight", [0.0, 0.5, 2.0])
def test_the_level_beside_the_domain_weighs_what_was_set(
    model: ConditionedGPT2, examples: Examples, weight: float
) -> None:
    trainer = Trainer(model, examples, replace(STEPS, level_loss=weight))
    rows, requests, tasks = examples.draw_conditions(12, np.random.default_rng(1))
    with torch.no_grad():
        seen = examples.attend(trainer.conditioner, rows, requests, alpha=0.0)
        loss = float(trainer.attention_losses(rows, seen, tasks))
    heads = seen.weights.shape[1] // 2
    taste, asked = seen.weights[:, :heads].mean(1).numpy(), seen.weights[:, heads:].mean(1).numpy()
    bank, expected = examples.bank, 0.0
    for i, row in enumerate(rows):
        kind = int(examples.kind(bank.domain[row], bank.level[row]))
        expected -= np.log(taste[i] @ examples.pool_domain[:, bank.domain[row]].numpy())
        expected -= weight * np.log(max(taste[i] @ examples.pool_kind[:, kind].numpy(), 1e-9))
        expected -= np.log(asked[i] @ examples.pool_task[:, tasks[i]].numpy())
    assert loss == pytest.approx(expected / len(rows), rel=1e-4)


def test_a_steep_loss_moves_each_part_by_a_gradient_of_norm_one_at_most(
    model: ConditionedGPT2, examples: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = Trainer(model, examples, replace(STEPS, shares=(0.0, 0.0, 1.0), batch=4))
    plain = trainer._text_loss
    monkeypatch.setattr(trainer, "_text_loss", lambda *given: 1e6 * plain(*given))
    trainer._joint_step(np.random.default_rng(2))
    gradients = [p.grad for p in trainer.model.lm.parameters() if p.grad is not None]
    norm = torch.linalg.vector_norm(torch.stack([g.norm() for g in gradients]))
    assert float(norm) == pytest.approx(1.0, rel=1e-3)


def test_a_steep_loss_of_feedback_moves_the_model_by_a_gradient_of_norm_one_at_most(
    tiny_resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    norms: list[float] = []

    class Watched(torch.optim.AdamW):
        def step(self, closure: Any = None) -> Any:
            held = [p.grad for g in self.param_groups for p in g["params"] if p.grad is not None]
            norms.append(float(torch.stack([g.norm() for g in held]).norm()))
            return super().step(closure)

    monkeypatch.setattr(torch.optim, "AdamW", Watched)
    score = feedback._score

    def steep(*given: Any) -> Any:
        scores = score(*given)
        return replace(scores, log_p=1e6 * scores.log_p)

    monkeypatch.setattr(feedback, "_score", steep)
    conditioner = tiny_resources.trained.model.conditioner
    assert conditioner is not None
    sizes = conditioner.attention.settings
    z, mean = np.zeros(sizes.heads * sizes.value_size), np.zeros(sizes.user_size)
    rated = [Rated("p", "Why?", text, k, z, mean) for k, text in enumerate(("Never.", "Always."))]
    learn_from(tiny_resources.trained, rated, FeedbackSettings(epochs=1, batch=2), progress=False)
    assert norms
    assert max(norms) == pytest.approx(1.0, rel=1e-3)
