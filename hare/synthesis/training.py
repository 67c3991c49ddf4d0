"""Train the conditioned decoder end to end on our own corpus (or another causal LM by `base`).

Every example is a request, a simulated user and a text for them. The attention is first trained
alone to find what the user wants and what the request asks for; then attention, prefix and
language model train together. The text of an example is drawn from the domains that the attention
dwells on, so that the decoder learns to write what is attended, exploratory or not. Composed
texts are made on the fly and are not in the pool; a hand-written target is hidden from its own
attention (leave-one-out). Three forms of prompt are mixed, one a batch: conditioned (hare), with
retrieved notes (rag), request alone (gpt2). Words of requests are dropped by chance, so that a
request is read by its meaning and not by heart. Lines of the text are blanked by chance (compare
the word dropout of Bowman et al. 2016): a text gives its subject away in its first line, and
whoever reads that line needs no condition to write the next.

Matrices inside a language model of our own are trained by Muon (Jordan 2024), all else by AdamW: at
equal steps the loss was clearly lower than with AdamW alone. Weights that somebody else trained are
only tuned (`BASE_RATES`).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from hare.attention.cross_attention import Attended
from hare.errors import InputError, SettingsError
from hare.synthesis.adapters import add_adapters, merged
from hare.synthesis.examples import Examples, Mode
from hare.synthesis.generator import ConditionedGPT2, Conditioner
from hare.synthesis.likelihood import predict

DEVICES = ("cpu", "cuda")
BASE_RATES: dict[str, Any] = {"language_rate": 2e-4, "matrix_rate": 0.0}
"""Settings for a base model, or adapters in it: AdamW alone, in the small steps of fine-tuning."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How to train. The defaults are for our own model, from random weights."""

    steps: int = 5000  # joint optimisation steps
    warmup: int = 60  # steps of linear warm-up
    cooldown: float = 0.6  # share of the steps, at the end, in which the rates fall by a cosine
    attention_steps: int = 600  # steps of the attention alone, first
    batch: int = 24  # texts a step; half as many with notes, whose prompts are long
    learning_rate: float = 3e-3  # of AdamW, for attention, prefix and heads
    language_rate: float = 3e-3  # of AdamW, for what Muon leaves of the language model
    matrix_rate: float = 0.02  # of Muon, for matrices of the language model; 0: AdamW's as well
    attention_rate: float = 5e-3  # of the attention alone
    weight_decay: float = 0.01
    shares: tuple[float, float, float] = (0.6, 0.22, 0.18)  # of hare, rag, gpt2 batches
    request_noise: float = 0.05  # deviation of each component of a request's embedding
    request_dropout: float = 0.5  # of conditioned examples without request words
    word_dropout: float = 0.3  # of the words in the others
    line_dropout: float = 0.5  # share of texts of which a share, drawn evenly, of lines is blanked
    written_share: float = 0.0  # hand-written texts, where a cell has one: they take many passes
    auxiliary: float = 0.1  # weight of the domain/task/level heads on the condition
    attention_loss: float = 0.3  # weight of the attention's own loss in joint training
    level_loss: float = 0.5  # weight of the level beside the domain in it
    sharpness: float = 3.0  # exponent on attended mass when a target's domain and level are drawn
    freeze: bool = False  # train prefix and attention only
    lora: int = 0  # rank of low-rank adapters in place of the language model's weights; 0: full
    device: str = "cpu"
    seed: int = 0
    checkpoint_every: int = 100

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 2:
            raise SettingsError("steps, batch", (self.steps, self.batch), "must be >= 1 and >= 2")
        if len(self.shares) != 3 or abs(sum(self.shares) - 1) > 1e-9 or min(self.shares) < 0:
            raise SettingsError("shares", self.shares, "must be three shares that sum to 1")
        for name in ("learning_rate", "language_rate", "matrix_rate"):
            if not 0 <= getattr(self, name) < math.inf:
                raise SettingsError(name, getattr(self, name), "must be >= 0 and finite")
        if self.lora < 0:
            raise SettingsError("lora", self.lora, "must be a rank >= 1, or 0 for full training")
        if self.freeze and self.lora:
            raise SettingsError("freeze, lora", (self.freeze, self.lora), "must not both be set")
        if not 0 <= self.line_dropout <= 1:
            raise SettingsError("line_dropout", self.line_dropout, "must be in [0, 1]")
        if self.seed < 0:
            raise SettingsError("seed", self.seed, "must be >= 0")
        check_device(self.device)


def check_device(device: str) -> None:
    """Refuse a device that is not known or not here."""
    if device not in DEVICES:
        raise SettingsError("device", device, f"must be one of {', '.join(DEVICES)}")
    if device == "cuda" and not torch.cuda.is_available():
        raise SettingsError("device", device, "must be 'cpu': torch finds no GPU here")


@contextmanager
def _denormals_flushed() -> Iterator[None]:
    """Take numbers next to zero for zero: a model that is sure has many, and with them a step was
    measured to take more than twice as long on a processor."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


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
        model.lm.requires_grad_(not settings.freeze)
        self._adapters = add_adapters(model.lm, settings.lora) if settings.lora else None
        model.to(settings.device)
        self.heads.to(settings.device)
        self.optimisers = self._optimisers()
        self._rates = [[g["lr"] for g in o.param_groups] for o in self.optimisers]

    def _optimisers(self) -> list[torch.optim.Optimizer]:
        s = self.settings
        lm = self.model.lm
        # Rows of embeddings are no matrix to be orthogonalised: Muon would blow up the positions'.
        tables = [m for m in lm.modules() if isinstance(m, nn.Embedding)]
        tables.append(cast(nn.Embedding, lm.get_output_embeddings()))
        outside = {id(p) for table in tables for p in table.parameters()}
        own = [p for p in lm.parameters() if p.requires_grad]
        by_muon = s.matrix_rate > 0
        matrices = [p for p in own if by_muon and p.ndim == 2 and id(p) not in outside]
        inside = {id(p) for p in matrices}
        groups = [
            {"params": [*self.conditioner.parameters(), *self.heads.parameters()]},
            {"params": [p for p in own if id(p) not in inside], "lr": s.language_rate},
        ]
        adam = torch.optim.AdamW(
            groups, lr=s.learning_rate, betas=(0.9, 0.95), weight_decay=s.weight_decay
        )
        if not matrices:
            return [adam]
        return [torch.optim.Muon(matrices, lr=s.matrix_rate, weight_decay=s.weight_decay), adam]

    @torch.random.fork_rng(devices=[])
    @_denormals_flushed()
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
        if self._adapters is not None:
            self.model.lm = merged(self._adapters)
        self.model.eval().to("cpu")

    def attention_losses(self, rows: np.ndarray, attended: Attended, tasks: np.ndarray) -> Tensor:
        """-log of the mass on the user's wish (first half of the heads) and on the task asked."""
        half = attended.weights.shape[1] // 2
        taste, asked = attended.weights[:, :half].mean(1), attended.weights[:, half:].mean(1)
        bank, every = self.examples.bank, range(len(rows))
        liked = self.examples.kind(bank.domain[rows], bank.level[rows])
        domain = (taste @ self.examples.pool_domain).log()[every, bank.domain[rows]]
        kind = (taste @ self.examples.pool_kind).clamp(min=1e-9).log()[every, liked]
        task = (asked @ self.examples.pool_task).log()[every, tasks]
        return -(domain + self.settings.level_loss * kind + task).mean()

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
        if s.freeze:  # without a user there is nothing to train
            mode = Mode.HARE
        factor = self._rate_factor()
        for optimiser, rates in zip(self.optimisers, self._rates, strict=True):
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * factor
        if mode is Mode.HARE:
            loss, figures = self._conditioned_loss(rng)
        else:
            prompts, texts = self.examples.plain_batch(
                mode, s.batch // 2 if mode is Mode.RAG else s.batch, s.word_dropout, rng
            )
            loss = self._text_loss(prompts, texts, None, rng)
            figures = {f"loss_{mode.name.lower()}": float(loss.detach())}
        for optimiser in self.optimisers:
            optimiser.zero_grad()
        loss.backward()
        for part in (self.model.lm, self.conditioner, self.heads):
            nn.utils.clip_grad_norm_(part.parameters(), 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
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
        condition = self.conditioner.condition(
            attended.z, examples.tensor(examples.bank.mean[rows])
        )
        worded = rng.random(len(rows)) >= s.request_dropout
        prompts = [
            examples.prompt(int(request) if with_words else None, s.word_dropout, rng)
            for request, with_words in zip(requests, worded, strict=True)
        ]
        soft = self.conditioner.soft_tokens(condition)
        text = self._text_loss(prompts, targets.texts, soft, rng)
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
        self,
        prompts: Sequence[list[int]],
        texts: Sequence[list[int]],
        soft: Tensor | None,
        rng: np.random.Generator,
    ) -> Tensor:
        """Mean cross-entropy of the texts' tokens; prompts and soft tokens carry no loss."""
        blanked = [self.examples.blank(t, self.settings.line_dropout, rng) for t in texts]
        with torch.autocast(torch.device(self.settings.device).type, dtype=torch.bfloat16):
            predicted = predict(self.model, prompts, texts, soft, blanked)
        return nn.functional.cross_entropy(predicted.logits, predicted.tokens)

    def _rate_factor(self) -> float:
        s = self.settings
        if self.step < s.warmup:
            return (self.step + 1) / s.warmup
        falling = self.step - (1 - s.cooldown) * s.steps
        done = max(0.0, falling) / max(1.0, s.cooldown * s.steps)
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
                "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            },
            partial,
        )
        partial.replace(path)

    def _restore(self, path: Path) -> None:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        settings = json.dumps(asdict(self.settings), sort_keys=True)
        if saved["settings"] != settings:
            raise InputError(
                f"{path} was written with other settings ({saved['settings']}); "
                "train with those, or into another folder"
            )
        self.step, self.curve = saved["step"], saved["curve"]
        self.model.load_state_dict(saved["model"])
        self.heads.load_state_dict(saved["heads"])
        for optimiser, state in zip(self.optimisers, saved["optimisers"], strict=True):
            optimiser.load_state_dict(state)
