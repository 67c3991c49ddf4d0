"""How well does the conditioned decoder write, and does it write what its condition says?

Users whose taste is known (many simulated ratings) ask in wordings that training has not seen.
Each text is judged by routes that are independent of the model: the grammar checker, and TF-IDF
classifiers.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from hare.arms.hare_arm import HareArm
from hare.arms.interface import Request
from hare.data.checker import Checker
from hare.data.corpus import compose, compose_many, load_corpus
from hare.data.skills import LEVELS, format_skill
from hare.simulation.raters import read
from hare.synthesis.generator import request_prompt
from hare.synthesis.histories import (
    Population,
    labels_of,
    simulate_states,
)
from hare.synthesis.resources import Resources
from hare.user_state.state import UserState

CONVERGED = 30  # ratings after which a user counts as known
BATCH = 16


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One request of one known user: the cell they want, their state, and the request's wording."""

    domain: str
    task: str
    level: str
    wording: str
    state: UserState
    seed: int
    held_out: bool


def measure_text(resources: Resources, count: int, seed: int) -> dict[str, float]:
    """Write `count` texts in seen and as many in held-out cells; shares and nats by name."""
    arm = HareArm(resources)
    cases = _cases(resources, arm, count, seed)
    start = time.perf_counter()
    texts, tokens = [], 0
    for i in tqdm(range(0, len(cases), BATCH), desc="texts", leave=False):
        batch = cases[i : i + BATCH]
        written = arm.recommend([Request(c.wording, c.state, c.seed) for c in batch])
        texts += [w.text for w in written]
        tokens += sum(w.provenance.tokens for w in written)
    seconds = time.perf_counter() - start
    checker = Checker(load_corpus())
    verdicts = [checker.check(text) for text in texts]
    figures = {
        "texts": float(len(texts)),
        "well_formed": _share([v.well_formed for v in verdicts]),
        "garbled_documents": _share([bool(v.garbled) or v.switches_topic for v in verdicts]),
        "tokens_per_second": tokens / seconds,
    }
    figures |= _accuracies(cases, texts)
    figures |= _nats(resources, arm, cases)
    return figures


def _cases(resources: Resources, arm: HareArm, count: int, seed: int) -> list[Case]:
    """Known users, half of whose requests fall into held-out cells."""
    corpus = load_corpus()
    rng = np.random.default_rng([seed, 1])
    domains = list(corpus.domains)
    shown = compose_many(corpus, 2, seed=seed + 5_000)
    embeddings = resources.encoder.encode([format_skill(s) for s in shown])
    features = resources.trained.feature_map(embeddings)
    cells = {held: list(corpus.cells(held)) for held in (False, True)}
    bank = simulate_states(
        features,
        *labels_of(shown, domains),
        model=resources.trained.rating_model,
        population=Population(second_domain=0.0),
        domain_count=len(domains),
        count=2 * count,
        rng=rng,
        longest=CONVERGED,
        shortest=CONVERGED,
    )
    cases = []
    for i in range(2 * count):
        held = i % 2 == 1
        domain = domains[bank.domain[i]]
        tasks = [t for d, t in cells[held] if d == domain]
        task = tasks[rng.integers(len(tasks))]
        wordings = corpus.tasks[task].requests["test"]
        state = arm.initial_state()
        arrays = dict(state.arrays) | {"mean": bank.mean[i], "covariance": bank.covariance[i]}
        cases.append(
            Case(
                domain=domain,
                task=task,
                level=LEVELS[bank.level[i]],
                wording=wordings[rng.integers(len(wordings))],
                state=UserState(state.kind, CONVERGED, arrays),
                seed=int(rng.integers(2**31)),
                held_out=held,
            )
        )
    return cases


def _accuracies(cases: Sequence[Case], texts: Sequence[str]) -> dict[str, float]:
    corpus = load_corpus()
    domains, tasks = list(corpus.domains), list(corpus.tasks)
    right: dict[str, list[bool]] = {}
    rotated = [*cases[2:], *cases[:2]]  # another user's wish, for the chance level
    for case, other, text in zip(cases, rotated, texts, strict=True):
        offered = read(text)
        where = "heldout" if case.held_out else "seen"
        domain = domains[int(offered.domain.argmax())]
        right.setdefault(f"domain_accuracy_{where}", []).append(domain == case.domain)
        right.setdefault("domain_accuracy_shuffled", []).append(domain == other.domain)
        task = tasks[int(offered.task.argmax())]
        right.setdefault(f"task_accuracy_{where}", []).append(task == case.task)
        level = LEVELS[int(offered.level.argmax())]
        right.setdefault(f"level_accuracy_{where}", []).append(level == case.level)
    return {name: _share(values) for name, values in sorted(right.items())}


@torch.inference_mode()
def _nats(resources: Resources, arm: HareArm, cases: Sequence[Case]) -> dict[str, float]:
    """Nats a document of the wanted cell: conditioned, request alone, with another's prefix."""
    corpus = load_corpus()
    rng = np.random.default_rng(17)
    model = resources.trained.model
    totals: dict[str, list[float]] = {"conditioned": [], "unconditioned": [], "shuffled": []}
    tokens = 0
    for i in range(0, len(cases), BATCH):
        batch = cases[i : i + BATCH]
        soft = arm.soft_tokens([Request(c.wording, c.state, c.seed) for c in batch])
        prompts = [model.encode(request_prompt(c.wording)) for c in batch]
        skills = [compose(corpus, c.domain, c.task, c.level, rng) for c in batch]
        texts = [[*model.encode(format_skill(s)), model.end] for s in skills]
        tokens += sum(map(len, texts))
        totals["conditioned"] += _document_nats(resources, prompts, texts, soft)
        totals["unconditioned"] += _document_nats(resources, prompts, texts, None)
        totals["shuffled"] += _document_nats(resources, prompts, texts, soft.roll(2, dims=0))
    figures = {f"nats_{name}": float(np.mean(values)) for name, values in totals.items()}
    figures |= {
        f"ppl_{name}": float(np.exp(np.sum(values) / tokens)) for name, values in totals.items()
    }
    return figures


def _document_nats(
    resources: Resources,
    prompts: Sequence[list[int]],
    texts: Sequence[list[int]],
    soft: Tensor | None,
) -> list[float]:
    model = resources.trained.model
    nats = []
    for i, (prompt, text) in enumerate(zip(prompts, texts, strict=True)):
        inputs = model.token_embedding(torch.tensor([[*prompt, *text]]))
        if soft is not None:
            inputs = torch.cat([soft[i : i + 1], inputs], dim=1)
        logits = model.lm(inputs_embeds=inputs, use_cache=False).logits[0]
        predicted = logits[len(logits) - len(text) - 1 : -1]
        loss = nn.functional.cross_entropy(predicted, torch.tensor(text), reduction="sum")
        nats.append(float(loss))
    return nats


def _share(values: Sequence[bool]) -> float:
    return float(np.mean(values)) if values else 0.0
