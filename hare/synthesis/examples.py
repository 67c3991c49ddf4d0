"""Training examples: who asks, what for, and a text that answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import torch
from torch import Tensor

from hare.attention.cross_attention import Attended
from hare.data.corpus import Corpus, compose
from hare.data.skills import LEVELS, Skill, format_skill
from hare.synthesis.generator import ConditionedGPT2, Conditioner, request_prompt
from hare.synthesis.histories import StateBank
from hare.synthesis.model_files import Pool

NOTE_STEPS = 2
WRITTEN_SHARE = 0.18  # of the examples in a cell that has a hand-written skill


class Mode(Enum):
    """What conditions a text."""

    HARE = 0
    RAG = 1
    GPT2 = 2


def note_of(skill: Skill) -> str:
    """A retrieved skill as a note in a prompt: its head and first steps, to keep prompts short."""
    steps = " ".join(skill.steps[:NOTE_STEPS])
    return f"{skill.title}. {skill.description} {steps}"


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Texts for a batch. labels name -> (B,); excluded (B, N) pool items equal to the target."""

    texts: list[list[int]]
    labels: dict[str, Tensor]
    excluded: Tensor


class Examples:
    """Draws training examples from a corpus, a pool and a bank of simulated users."""

    def __init__(
        self,
        corpus: Corpus,
        pool: Pool,
        bank: StateBank,
        model: ConditionedGPT2,
        wordings: Sequence[tuple[str, str]],  # (task, request)
        embeddings: np.ndarray,  # (wordings, e)
    ) -> None:
        self.corpus, self.pool, self.bank = corpus, pool, bank
        self._model = model
        self._domains, self._tasks = list(corpus.domains), list(corpus.tasks)
        self._wordings = [text for _, text in wordings]
        self._task_of = np.array([self._tasks.index(task) for task, _ in wordings])
        self._embeddings = torch.tensor(embeddings, dtype=torch.float32)
        self._pool = torch.tensor(pool.embeddings, dtype=torch.float32)
        self._clusters = torch.tensor(pool.clusters)
        self.pool_domain = _membership([self._domains.index(s.domain) for s in pool.skills])
        self.pool_task = _membership([self._tasks.index(s.task) for s in pool.skills])
        self.pool_level = _membership([LEVELS.index(s.level) for s in pool.skills])
        self._allowed = np.array(
            [[not corpus.held_out(d, t) for d in self._domains] for t in self._tasks]
        )
        self._written: dict[tuple[str, str, str], list[int]] = {}
        for i, s in enumerate(pool.skills):
            if s.source.endswith("hand-written"):
                self._written.setdefault((s.domain, s.task, s.level), []).append(i)
        self._of_task = [
            np.array([i for i, s in enumerate(pool.skills) if s.task == t]) for t in self._tasks
        ]

    @property
    def label_sizes(self) -> dict[str, int]:
        return {"domain": len(self._domains), "task": len(self._tasks), "level": len(LEVELS)}

    def draw_conditions(
        self, count: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows of the bank, indices of wordings, and the tasks of these wordings."""
        rows = rng.integers(len(self.bank.mean), size=count)
        requests = rng.integers(len(self._wordings), size=count)
        return rows, requests, self._task_of[requests]

    def noise(self, count: int, deviation: float, rng: np.random.Generator) -> Tensor:
        """(count, e) Gaussian noise for request embeddings: other wordings lie nearby."""
        shape = (count, self._embeddings.shape[1])
        return torch.tensor(rng.normal(0.0, deviation, shape), dtype=torch.float32)

    def attend(
        self,
        conditioner: Conditioner,
        rows: np.ndarray,
        requests: np.ndarray,
        alpha: float | np.ndarray,
        excluded: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> Attended:
        """The attention of these users and requests; noise (B, e) blurs the requests."""
        strength = torch.as_tensor(alpha, dtype=torch.float32)
        asked = self._embeddings[requests]
        return conditioner.attention(
            asked if noise is None else asked + noise,
            torch.tensor(self.bank.mean[rows], dtype=torch.float32),
            torch.tensor(self.bank.covariance[rows], dtype=torch.float32),
            self._pool,
            self._clusters,
            alpha=strength.view(-1, 1, 1) if strength.ndim else float(strength),
            excluded=excluded,
        )

    def draw_wanted(
        self, tasks: np.ndarray, weights: Tensor, sharpness: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Domain and level for each text, drawn from what the attention dwells on.

        The third array says whether the cell (domain, task) may be trained on.
        """
        taste = weights[:, : weights.shape[1] // 2].mean(1)
        domains = _draw_rows((taste @ self.pool_domain).numpy() ** sharpness, rng)
        levels = _draw_rows((taste @ self.pool_level).numpy() ** sharpness, rng)
        return domains, levels, self._allowed[tasks, domains]

    def targets(
        self, domains: np.ndarray, tasks: np.ndarray, levels: np.ndarray, rng: np.random.Generator
    ) -> Targets:
        """A text for each cell and level, and the pool items that must not be seen for it."""
        texts: list[list[int]] = []
        excluded = torch.zeros(len(domains), len(self.pool.skills), dtype=torch.bool)
        for i, (domain, task, level) in enumerate(zip(domains, tasks, levels, strict=True)):
            skill, item = self._text(int(domain), int(task), int(level), rng)
            if item is not None:
                excluded[i, item] = True
            texts.append(self._model.encode(format_skill(skill)))
        labels = {"domain": domains, "task": tasks, "level": levels}
        return Targets(texts, {k: torch.tensor(v) for k, v in labels.items()}, excluded)

    def plain_batch(
        self, mode: Mode, count: int, rng: np.random.Generator
    ) -> tuple[list[list[int]], list[list[int]]]:
        """Prompts and texts without a user; with notes, the text is of one note's domain."""
        prompts, texts = [], []
        _, requests, tasks = self.draw_conditions(count, rng)
        for request, task in zip(requests, tasks, strict=True):
            notes: list[str] = []
            if mode is Mode.RAG:
                pair = rng.choice(self._of_task[task], 2, replace=False)
                notes = [note_of(self.pool.skills[i]) for i in pair]
                domain = self._domains.index(self.pool.skills[pair[rng.integers(2)]].domain)
            else:
                domain = int(rng.choice(np.flatnonzero(self._allowed[task])))
            skill, _ = self._text(domain, int(task), int(rng.integers(len(LEVELS))), rng)
            prompts.append(self.prompt(int(request), notes))
            texts.append(self._model.encode(format_skill(skill)))
        return prompts, texts

    def prompt(self, request: int | None, notes: Sequence[str] = ()) -> list[int]:
        """Token ids of the prompt; None leaves the request's words out."""
        query = "" if request is None else self._wordings[request]
        return self._model.encode(request_prompt(query, notes))

    def _text(
        self, domain: int, task: int, level: int, rng: np.random.Generator
    ) -> tuple[Skill, int | None]:
        """A text for the cell: composed, or hand-written now and then (with its pool index)."""
        cell = (self._domains[domain], self._tasks[task], LEVELS[level])
        written = self._written.get(cell, [])
        if written and rng.random() < WRITTEN_SHARE:
            item = written[rng.integers(len(written))]
            return self.pool.skills[item], item
        return compose(self.corpus, *cell, rng), None


def _membership(labels: list[int]) -> Tensor:
    """(N, labels) one-hot rows."""
    return torch.nn.functional.one_hot(torch.tensor(labels)).float()


def _draw_rows(mass: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One column index a row, with probability proportional to the mass."""
    cumulative = np.cumsum(mass, axis=1)
    draws = rng.random(len(mass)) * cumulative[:, -1]
    return np.minimum((cumulative < draws[:, None]).sum(axis=1), mass.shape[1] - 1)
