"""What texts cost the language model with the right condition, without one, and with another's.

Perplexity averages over every token, most of which the context alone decides; what the condition
adds shows in nats a document. Real skills are scored too: they are no texts of the corpus's
language, and show how far the model is from one that writes freely.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from hare.arms.hare_arm import HareArm
from hare.arms.interface import Request
from hare.data.corpus import compose, load_corpus
from hare.data.records import read_records
from hare.data.skills import format_skill
from hare.errors import InputError
from hare.experiments.text_cases import Case
from hare.metrics.likelihood import Likelihood, likelihood
from hare.synthesis.generator import request_prompt
from hare.synthesis.resources import Resources

BATCH = 16
CONDITIONS = ("conditioned", "unconditioned", "shuffled")
REAL_TEXTS = 100
REAL_TOKENS = 300  # of a real skill, from its beginning
Scored = dict[str, Likelihood]


def own_nats(resources: Resources, arm: HareArm, cases: Sequence[Case], seed: int) -> Scored:
    """Composed texts of the wanted cell and level, not in the pool."""
    corpus, rng = load_corpus(), np.random.default_rng([seed, 17])
    texts = [format_skill(compose(corpus, c.domain, c.task, c.level, rng)) for c in cases]
    return _score(resources, arm, [c.request for c in cases], texts)


def real_nats(resources: Resources, arm: HareArm, collected: Path, seed: int) -> Scored:
    """Published skills that `python -m hare collect` kept, requested by their own descriptions by
    a user of whom nothing is known."""
    records = [r for r in read_records(collected) if r.description and r.instructions]
    if len(records) < 2:
        raise InputError(f"{collected}: must hold at least two skills with a description")
    rng = np.random.default_rng([seed, 18])
    chosen = rng.choice(len(records), min(REAL_TEXTS, len(records)), replace=False)
    model = resources.trained.model
    requests, texts = [], []
    for i in chosen:
        record = records[int(i)]
        requests.append(Request(record.description[:300], arm.initial_state(), 0))
        tokens = model.encode(record.instructions)[:REAL_TOKENS]
        texts.append(str(model.tokenizer.decode(tokens)))
    return _score(resources, arm, requests, texts)


@torch.inference_mode()
def _score(
    resources: Resources, arm: HareArm, requests: Sequence[Request], texts: Sequence[str]
) -> Scored:
    model = resources.trained.model
    costs: dict[str, list[np.ndarray]] = {name: [] for name in CONDITIONS}
    for start in range(0, len(texts), BATCH):
        some = slice(start, start + BATCH)
        soft = arm.soft_tokens(requests[some])
        prompts = [model.encode_prompt(request_prompt(r.query)) for r in requests[some]]
        bodies = [model.encode(text) for text in texts[some]]
        prefixes = {"conditioned": soft, "unconditioned": None, "shuffled": soft.roll(2, dims=0)}
        for name, prefix in prefixes.items():
            costs[name] += _token_nats(resources, prompts, bodies, prefix)
    return {name: likelihood(costs[name], texts) for name in CONDITIONS}


def _token_nats(
    resources: Resources,
    prompts: Sequence[list[int]],
    texts: Sequence[list[int]],
    soft: Tensor | None,
) -> list[np.ndarray]:
    """For each text (T,) values of -log p in nats."""
    model = resources.trained.model
    nats = []
    for i, (prompt, text) in enumerate(zip(prompts, texts, strict=True)):
        inputs = model.token_embedding(torch.tensor([[*prompt, *text]]))
        if soft is not None:
            inputs = torch.cat([soft[i : i + 1], inputs], dim=1)
        logits = model.lm(inputs_embeds=inputs, use_cache=False).logits[0]
        predicted = logits[len(logits) - len(text) - 1 : -1]
        loss = nn.functional.cross_entropy(predicted, torch.tensor(text), reduction="none")
        nats.append(loss.clamp(min=0).numpy())
    return nats
