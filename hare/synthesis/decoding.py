"""Sampling from a causal language model: the same settings for every arm, a generator for every
row.

Nucleus sampling (Holtzman et al. 2020). Each row of a batch draws from its own generator, so what
it writes does not depend on which other rows are in the batch (up to float rounding in the
logits).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from hare.errors import InputError
from hare.synthesis.settings import Decoding
from hare.synthesis.structure import Form, Outline


@torch.inference_mode()
def sample(
    lm: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    prefix: Tensor | None,
    generators: Sequence[np.random.Generator],
    decoding: Decoding,
    end: int,
    outline: Outline | None = None,
) -> list[list[int]]:
    """Continue each prompt until the end token or the budget.

    prompts      token ids, one list a row, none empty
    prefix       (B, k, d) soft tokens before the prompts, or None
    generators   one a row
    end          id of the end token; not part of the result
    outline      the headings that are given to every text, or None where the model writes them

    Raises InputError when a prompt and the budget do not fit into the model's context.
    """
    embed = cast(nn.Embedding, lm.get_input_embeddings())
    rows = [embed(torch.tensor(list(prompt))) for prompt in prompts]
    if prefix is not None:
        rows = [torch.cat([soft, row]) for soft, row in zip(prefix, rows, strict=True)]
    lengths = [len(row) for row in rows]
    context = getattr(lm.config, "max_position_embeddings", None)
    if context is not None and max(lengths) + decoding.max_new_tokens > context:
        raise InputError(
            f"a prompt of {max(lengths)} tokens and a budget of {decoding.max_new_tokens} "
            f"do not fit into the model's context of {context}"
        )
    width = max(lengths)
    inputs = torch.stack([nn.functional.pad(r, (0, 0, width - len(r), 0)) for r in rows])
    mask = torch.tensor([[0] * (width - n) + [1] * n for n in lengths])
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
    forms = [None if outline is None else Form(outline, decoding.max_new_tokens) for _ in rows]
    texts: list[list[int]] = [[] for _ in rows]
    open_rows = [True] * len(rows)
    past = None
    for _ in range(decoding.max_new_tokens):
        out = lm(
            inputs_embeds=inputs,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=past,
            use_cache=True,
            logits_to_keep=1,
        )
        past = out.past_key_values
        logits = out.logits[:, -1].double().numpy()
        tokens = []
        for i, generator in enumerate(generators):
            draw = partial(_draw, logits[i], decoding, generator)
            form = forms[i]
            token = None
            if open_rows[i]:
                token = draw() if form is None else form.next(draw)
            if token is None or token == end:
                open_rows[i] = False
            else:
                texts[i].append(token)
            tokens.append(end if token is None else token)
        if not any(open_rows):
            break
        inputs = embed(torch.tensor(tokens)).unsqueeze(1)
        mask = torch.cat([mask, mask.new_ones(len(rows), 1)], dim=1)
        positions = positions[:, -1:] + 1
    return texts


def _draw(
    logits: np.ndarray,
    decoding: Decoding,
    generator: np.random.Generator,
    refused: np.ndarray | None = None,
) -> int:
    if refused is not None:
        logits = np.where(refused, -np.inf, logits)
    scaled = (logits - logits.max()) / decoding.temperature
    p = np.exp(scaled)
    p /= p.sum()
    order = np.argsort(-p, kind="stable")
    cumulative = np.cumsum(p[order])
    kept = int(np.searchsorted(cumulative, decoding.top_p, side="left")) + 1
    cumulative = cumulative[:kept]
    draw = int(np.searchsorted(cumulative, generator.random() * cumulative[-1], side="right"))
    return int(order[min(draw, kept - 1)])
