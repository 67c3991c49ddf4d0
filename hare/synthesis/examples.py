"""Training examples: who asks, what for, and a text that answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from hare.attention.cross_attention import Attended
from hare.data.corpus import Corpus, compose
from hare.data.skills import LEVELS, Skill, format_skill
from hare.synthesis.generator import ConditionedGPT2, Conditioner, request_prompt
from hare.synthesis.histories import StateBank
from hare.synthesis.model_files import Pool

NOTE_STEPS = 2


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
        written_share: float = 0.0,  # of examples in a cell that has a hand-written skill
        device: str = "cpu",
    ) -> None:
        self.device = device
        self._written_share = written_share
        self.corpus, self.pool, self.bank = corpus, pool, bank
        self._model = model
        self._domains, self._tasks = list(corpus.domains), list(corpus.tasks)
        self._wordings = [text for _, text in wordings]
        self._task_of = np.array([self._tasks.index(task) for task, _ in wordings])
        self._embeddings = self.tensor(embeddings)
        self._pool = self.tensor(pool.embeddings)
        self._clusters = torch.tensor(pool.clusters, device=device)
        # Columns of the kinds: domain times level, as the user's wish is.
        kinds = [
            self.kind(self._domains.index(s.domain), LEVELS.index(s.level)) for s in pool.skills
        ]
        self.pool_kind = _membership(kinds, len(self._domains) * len(LEVELS)).to(device)
        self.pool_domain = self.pool_kind.view(len(kinds), -1, len(LEVELS)).sum(dim=2)
        tasks = [self._tasks.index(s.task) for s in pool.skills]
        self.pool_task = _membership(tasks, len(self._tasks)).to(device)
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

    def kind(self, domain: Any, level: Any) -> Any:
        """The column of a domain and level, integers or arrays of them."""
        return domain * len(LEVELS) + level

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
        return self.tensor(rng.normal(0.0, deviation, shape))

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
        strength = self.tensor(alpha)
        asked = self._embeddings[requests]
        return conditioner.attention(
            asked if noise is None else asked + noise,
            self.tensor(self.bank.mean[rows]),
            self.tensor(self.bank.covariance[rows]),
            self._pool,
            self._clusters,
            alpha=strength.view(-1, 1, 1) if strength.ndim else float(strength),
            excluded=excluded,
        )

    def tensor(self, values: ArrayLike) -> Tensor:
        """Numbers as float32 on the device of training."""
        return torch.as_tensor(values, dtype=torch.float32, device=self.device)

    def draw_wanted(
        self, tasks: np.ndarray, weights: Tensor, sharpness: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Domain and level for each text, drawn from what the attention dwells on.

        The third array says whether the cell (domain, task) may be trained on.
        """
        taste = weights[:, : weights.shape[1] // 2].mean(1)
        kinds = _draw_rows((taste @ self.pool_kind).cpu().numpy() ** sharpness, rng)
        domains, levels = np.divmod(kinds, len(LEVELS))
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
        on_device = {k: torch.tensor(v, device=self.device) for k, v in labels.items()}
        return Targets(texts, on_device, excluded.to(self.device))

    def plain_batch(
        self, mode: Mode, count: int, word_dropout: float, rng: np.random.Generator
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
            prompts.append(self.prompt(int(request), word_dropout, rng, notes))
            texts.append(self._model.encode(format_skill(skill)))
        return prompts, texts

    def prompt(
        self,
        request: int | None,
        word_dropout: float,
        rng: np.random.Generator,
        notes: Sequence[str] = (),
    ) -> list[int]:
        """Token ids of the prompt; None leaves the request's words out, dropout some of them."""
        words = [] if request is None else self._wordings[request].split()
        kept = [word for word in words if rng.random() >= word_dropout]
        return self._model.encode_prompt(request_prompt(" ".join(kept), notes))

    def blank(
        self, text: Sequence[int], share: float, rng: np.random.Generator
    ) -> NDArray[np.bool_]:
        """Which tokens (n,) of this text the model shall not read: in a share of the texts, some of
        the lines, from none to all. Line feeds stay."""
        feeds = np.isin(text, self._model.line_feeds)
        line = np.cumsum(feeds)
        rate = rng.random() if rng.random() < share else 0.0
        return (rng.random(line.max(initial=0) + 1) < rate)[line] & ~feeds

    def _text(
        self, domain: int, task: int, level: int, rng: np.random.Generator
    ) -> tuple[Skill, int | None]:
        """A text for the cell: composed, or hand-written now and then (with its pool index)."""
        cell = (self._domains[domain], self._tasks[task], LEVELS[level])
        written = self._written.get(cell, [])
        if written and rng.random() < self._written_share:
            item = written[rng.integers(len(written))]
            return self.pool.skills[item], item
        return compose(self.corpus, *cell, rng), None


def _membership(labels: list[int], count: int) -> Tensor:
    """(N, count) one-hot rows."""
    return torch.nn.functional.one_hot(torch.tensor(labels), count).float()


def _draw_rows(mass: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One column index a row, with probability proportional to the mass."""
    cumulative = np.cumsum(mass, axis=1)
    draws = rng.random(len(mass)) * cumulative[:, -1]
    return np.minimum((cumulative < draws[:, None]).sum(axis=1), mass.shape[1] - 1)
