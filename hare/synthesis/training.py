"""Train the conditioned decoder end to end on our own corpus (or another causal LM by `base`).

Every example is a request, a simulated user and a text for them. The attention is first trained
alone to find what the user wants and what the request asks for; then attention, prefix and
language model train together. The text of an example is drawn from the domains that the attention
dwells on, so that the decoder learns to write what is attended, exploratory or not. Composed
texts are made on the fly and are not in the pool; a hand-written target is hidden from its own
attention (leave-one-out). Three forms of prompt are mixed, one a batch: conditioned (hare), with
retrieved notes (rag), request alone (gpt2).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from hare.attention.cross_attention import Attended
from hare.errors import InputError, SettingsError
from hare.synthesis.examples import Examples, Mode
from hare.synthesis.generator import ConditionedGPT2, Conditioner


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How to train. The defaults made the shipped model."""

    steps: int = 1800  # joint optimisation steps
    warmup: int = 100  # steps of linear warm-up before the cosine
    attention_steps: int = 400  # steps of the attention alone, first
    batch: int = 24  # texts a step; half as many with notes, whose prompts are long
    learning_rate: float = 1.5e-3
    attention_rate: float = 5e-3
    weight_decay: float = 0.01
    shares: tuple[float, float, float] = (0.6, 0.22, 0.18)  # of hare, rag, gpt2 batches
    request_noise: float = 0.05  # deviation of each component of a request's embedding
    request_dropout: float = 0.5  # of conditioned examples without request tokens
    auxiliary: float = 0.1  # weight of the domain/task/level heads on the condition
    attention_loss: float = 0.3  # weight of the attention's own loss in joint training
    sharpness: float = 3.0  # exponent on attended mass when a target's domain is drawn
    seed: int = 0
    checkpoint_every: int = 100

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 2:
            raise SettingsError("steps, batch", (self.steps, self.batch), "must be >= 1 and >= 2")
        if len(self.shares) != 3 or abs(sum(self.shares) - 1) > 1e-9 or min(self.shares) < 0:
            raise SettingsError("shares", self.shares, "must be three shares that sum to 1")


class Trainer:
    """One training run: its model, its optimisers, its place in the schedule."""

    @torch.random.fork_rng(devices=[])  # leaves the caller's global generator as it was
    def __init__(
        self, model: ConditionedGPT2, examples: Examples, settings: TrainingSettings
    ) -> None:
        if model.conditioner is None:
            raise InputError("the model needs a conditioner to train")
        self.model = model
        self.conditioner: Conditioner = model.conditioner
        self.examples = examples
        self.settings = settings
        self.step = 0
        self.curve: list[dict[str, float]] = []
        attention = self.conditioner.attention.settings
        width = attention.width + attention.user_size
        torch.manual_seed(settings.seed)
        self.heads = nn.ModuleDict(
            {name: nn.Linear(width, size) for name, size in examples.label_sizes.items()}
        )
        self.optimiser = torch.optim.AdamW(
            [
                {"params": model.lm.parameters()},
                {"params": self.conditioner.parameters()},
                {"params": self.heads.parameters()},
            ],
            lr=settings.learning_rate,
            betas=(0.9, 0.95),
            weight_decay=settings.weight_decay,
        )

    @torch.random.fork_rng(devices=[])
    def train(self, checkpoint: Path | None = None, progress: bool = True) -> None:
        """Train to the last step, resuming from `checkpoint` when it exists."""
        if checkpoint is not None and checkpoint.is_file():
            self._restore(checkpoint)
        if self.step == 0:
            self._train_attention(progress)
        self.model.lm.train()
        bar = tqdm(
            total=self.settings.steps, initial=self.step, disable=not progress, mininterval=5
        )
        started = time.monotonic()
        recent: dict[str, list[float]] = {}
        while self.step < self.settings.steps:
            # Seeded by the step, so that a resumed run sees what an unbroken one would have seen.
            rng = np.random.default_rng([self.settings.seed, self.step])
            torch.manual_seed(self.settings.seed + self.step)  # for the dropout of a base model
            for name, value in self._joint_step(rng).items():
                recent.setdefault(name, []).append(value)
            self.step += 1
            bar.update()
            if self.step % 50 == 0:
                row = {name: float(np.mean(values)) for name, values in recent.items()}
                elapsed = time.monotonic() - started
                self.curve.append({"step": self.step, "seconds": round(elapsed, 1), **row})
                bar.set_postfix({k: f"{v:.3f}" for k, v in row.items() if k.startswith("loss")})
                recent = {}
            if checkpoint is not None and self.step % self.settings.checkpoint_every == 0:
                self._save(checkpoint)
        bar.close()
        self.model.eval()

    def attention_losses(self, rows: np.ndarray, attended: Attended, tasks: np.ndarray) -> Tensor:
        """-log of the mass on the user's wish (first half of the heads) and on the task asked."""
        half = attended.weights.shape[1] // 2
        taste, asked = attended.weights[:, :half].mean(1), attended.weights[:, half:].mean(1)
        bank = self.examples.bank
        domain = (taste @ self.examples.pool_domain).log()[range(len(rows)), bank.domain[rows]]
        level = (taste @ self.examples.pool_level).log()[range(len(rows)), bank.level[rows]]
        task = (asked @ self.examples.pool_task).log()[range(len(rows)), tasks]
        return -(domain + 0.3 * level + task).mean()

    def _train_attention(self, progress: bool) -> None:
        optimiser = torch.optim.AdamW(
            self.conditioner.attention.parameters(), lr=self.settings.attention_rate
        )
        rng = np.random.default_rng([self.settings.seed, 999_983])
        for step in tqdm(
            range(self.settings.attention_steps), disable=not progress, desc="attention"
        ):
            rows, requests, tasks = self.examples.draw_conditions(64, rng)
            noise = self.examples.noise(len(rows), self.settings.request_noise, rng)
            attended = self.examples.attend(
                self.conditioner, rows, requests, alpha=0.0, noise=noise
            )
            loss = self.attention_losses(rows, attended, tasks)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if step % 50 == 0 or step == self.settings.attention_steps - 1:
                self.curve.append({"attention_step": step, "loss_attention": float(loss.detach())})

    def _joint_step(self, rng: np.random.Generator) -> dict[str, float]:
        s = self.settings
        mode = Mode(int(rng.choice(3, p=s.shares)))
        factor = self._rate_factor()
        for group in self.optimiser.param_groups:
            group["lr"] = s.learning_rate * factor
        if mode is Mode.HARE:
            loss, figures = self._conditioned_loss(rng)
        else:
            prompts, texts = self.examples.plain_batch(
                mode, s.batch // 2 if mode is Mode.RAG else s.batch, rng
            )
            loss = self._text_loss(prompts, texts, None)
            figures = {f"loss_{mode.name.lower()}": float(loss.detach())}
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.lm.parameters(), 1.0)
        nn.utils.clip_grad_norm_(self.conditioner.parameters(), 1.0)
        nn.utils.clip_grad_norm_(self.heads.parameters(), 1.0)
        self.optimiser.step()
        return figures

    def _conditioned_loss(self, rng: np.random.Generator) -> tuple[Tensor, dict[str, float]]:
        s, examples = self.settings, self.examples
        # Twice as many as needed: those whose text would fall into a held-out cell are left out.
        rows, requests, tasks = examples.draw_conditions(2 * s.batch, rng)
        alpha = rng.uniform(0.0, 2.0, len(rows)) * (rng.random(len(rows)) < 0.5)
        with torch.no_grad():
            noise = examples.noise(len(rows), s.request_noise, rng)
            seen = examples.attend(self.conditioner, rows, requests, alpha=alpha, noise=noise)
        domains, levels, allowed = examples.draw_wanted(tasks, seen.weights, s.sharpness, rng)
        kept = np.flatnonzero(allowed)[: s.batch]
        rows, requests, tasks, alpha = rows[kept], requests[kept], tasks[kept], alpha[kept]
        noise = noise[kept]
        targets = examples.targets(domains[kept], tasks, levels[kept], rng)
        attended = examples.attend(
            self.conditioner, rows, requests, alpha, excluded=targets.excluded, noise=noise
        )
        mean = torch.tensor(examples.bank.mean[rows], dtype=torch.float32)
        condition = self.conditioner.condition(attended.z, mean)
        worded = rng.random(len(rows)) >= s.request_dropout
        prompts = [
            examples.prompt(int(request) if with_words else None)
            for request, with_words in zip(requests, worded, strict=True)
        ]
        text = self._text_loss(prompts, targets.texts, self.conditioner.soft_tokens(condition))
        auxiliary = torch.stack(
            [
                nn.functional.cross_entropy(head(condition), targets.labels[name])
                for name, head in self.heads.items()
            ]
        ).sum()
        greedy = examples.attend(self.conditioner, rows, requests, alpha=0.0, noise=noise)
        own = self.attention_losses(rows, greedy, tasks)
        figures = {
            "loss_hare": float(text.detach()),
            "loss_auxiliary": float(auxiliary.detach()),
            "loss_attention": float(own.detach()),
        }
        return text + s.auxiliary * auxiliary + s.attention_loss * own, figures

    def _text_loss(
        self, prompts: Sequence[list[int]], texts: Sequence[list[int]], soft: Tensor | None
    ) -> Tensor:
        """Mean cross-entropy of the texts' tokens; prompts and soft tokens carry no loss."""
        end = self.model.end
        rows = [[*p, *t, end] for p, t in zip(prompts, texts, strict=True)]
        width = max(map(len, rows))
        length = width + (0 if soft is None else soft.shape[1])
        context = getattr(self.model.lm.config, "max_position_embeddings", length)
        if length > context:
            raise InputError(
                f"a prompt and text of {length} tokens does not fit into the base model's context "
                f"of {context}: train a model with a longer one"
            )
        ids = torch.tensor([row + [end] * (width - len(row)) for row in rows])
        labels = torch.full_like(ids, -100)
        for i, (prompt, row) in enumerate(zip(prompts, rows, strict=True)):
            labels[i, len(prompt) : len(row)] = ids[i, len(prompt) : len(row)]
        inputs = self.model.token_embedding(ids)
        if soft is not None:
            inputs = torch.cat([soft, inputs], dim=1)
            labels = nn.functional.pad(labels, (soft.shape[1], 0), value=-100)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            hidden = self.model.lm.base_model(inputs_embeds=inputs, use_cache=False)[0]
            # Only positions that predict a text token go through the vocabulary.
            predicts = (labels[:, 1:] != -100).flatten().nonzero().squeeze(1)
            chosen = hidden[:, :-1].flatten(0, 1)[predicts]
            logits = cast(nn.Module, self.model.lm.get_output_embeddings())(chosen)
        return nn.functional.cross_entropy(logits.float(), labels[:, 1:].flatten()[predicts])

    def _rate_factor(self) -> float:
        s = self.settings
        if self.step < s.warmup:
            return (self.step + 1) / s.warmup
        done = (self.step - s.warmup) / max(1, s.steps - s.warmup)
        return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

    def _save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        torch.save(
            {
                "settings": json.dumps(asdict(self.settings), sort_keys=True),
                "step": self.step,
                "curve": self.curve,
                "model": self.model.state_dict(),
                "heads": self.heads.state_dict(),
                "optimiser": self.optimiser.state_dict(),
            },
            partial,
        )
        partial.replace(path)

    def _restore(self, path: Path) -> None:
        saved = torch.load(path, weights_only=True)
        settings = json.dumps(asdict(self.settings), sort_keys=True)
        if saved["settings"] != settings:
            raise InputError(
                f"{path} was written with other settings ({saved['settings']}); "
                "train with those, or into another folder"
            )
        self.step, self.curve = saved["step"], saved["curve"]
        self.model.load_state_dict(saved["model"])
        self.heads.load_state_dict(saved["heads"])
        self.optimiser.load_state_dict(saved["optimiser"])
